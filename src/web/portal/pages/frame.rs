//! The frame of the buyers' pages, and the addresses that it links to.

use crate::{
    ledger::{accent::Accent, kernel::id::Slug, purchase::Language},
    web::page,
};
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded::Serializer;

/// A longer destination is forgotten: it stands several times in a page that must stay small, and
/// the phone's own captive check, which is what most are, is short.
const DST_BYTES_MAX: usize = 200;

/// The site, the language and what the router told us of the phone.
#[derive(Debug, Clone)]
pub struct Frame {
    pub lang: Language,
    /// The site; `None` only on an error page that belongs to none: the others link to it and do
    /// not draw without.
    pub site: Option<Slug>,
    /// The name over the page: the site's, or the shop's where there is no site.
    pub site_name: String,
    /// The number to call, as its owner writes it.
    pub support_phone: Option<String>,
    pub accent: Accent,
    pub here: String,
    /// The device, as the router sent it; empty when unknown. Carried along, never trusted.
    pub mac: String,
    /// Where the buyer wanted to go, as the router sent it; empty when unknown. Carried along,
    /// never followed.
    pub dst: String,
}

/// The addresses of the frame, with language and device carried along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Links {
    pub shop: String,
    pub buy: String,
    /// "I have a code": GET shows the form, POST reads it.
    pub code: String,
    /// "Already paid?": GET shows the form, POST searches.
    pub paid: String,
}

impl Frame {
    pub fn links(&self) -> Option<Links> {
        let site = self.site.as_ref()?;
        let query = self.query();
        Some(Links {
            shop: format!("/s/{site}?{query}"),
            buy: format!("/s/{site}/buy"),
            code: format!("/s/{site}/code?{query}"),
            paid: format!("/s/{site}/paid?{query}"),
        })
    }

    /// The frame as every set has one.
    pub fn around(&self) -> page::Frame {
        page::Frame {
            lang: self.lang,
            brand: self.site_name.clone(),
            here: self.here.clone(),
            accent: self.accent,
            around: json!({
                "links": self.links(),
                "support_phone": self.support_phone,
                "mac": self.mac,
                "dst": self.carried_dst(),
            }),
        }
    }

    /// The destination, unless it is too long to carry.
    fn carried_dst(&self) -> &str {
        if self.dst.len() <= DST_BYTES_MAX { &self.dst } else { "" }
    }

    fn query(&self) -> String {
        let mut pairs = Serializer::new(String::new());
        pairs.append_pair("lang", self.lang.code());
        for (name, value) in [("mac", self.mac.as_str()), ("dst", self.carried_dst())] {
            if !value.is_empty() {
                pairs.append_pair(name, value);
            }
        }
        pairs.finish()
    }

    pub fn sample(lang: Language) -> Self {
        Self {
            lang,
            site: Slug::parse("mtaa").ok(),
            site_name: "Mtaa Wi-Fi".into(),
            support_phone: Some("0700 000 111".into()),
            accent: Accent::default(),
            here: format!("/s/mtaa?lang={}&mac=02%3A00%3A00%3A00%3A00%3A01", lang.code()),
            mac: "02:00:00:00:00:01".into(),
            dst: "http://example.com/?a=1&b=2".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_the_device_and_the_destination() {
        let links = Frame::sample(Language::Sw).links().unwrap();
        assert_eq!(
            links.paid,
            "/s/mtaa/paid?lang=sw&mac=02%3A00%3A00%3A00%3A00%3A01\
             &dst=http%3A%2F%2Fexample.com%2F%3Fa%3D1%26b%3D2"
        );
    }

    #[test]
    fn a_destination_too_long_is_forgotten() {
        let dst = format!("http://example.com/{}", "x".repeat(DST_BYTES_MAX));
        let frame = Frame { dst, ..Frame::sample(Language::En) };
        assert!(!frame.links().unwrap().shop.contains("dst="));
    }

    #[test]
    fn without_a_site_there_are_no_links() {
        assert_eq!(Frame { site: None, ..Frame::sample(Language::En) }.links(), None);
    }
}
