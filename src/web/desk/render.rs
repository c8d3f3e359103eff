//! Makes HTML of the desk's pages: as the shop's are made ([`crate::web::page::render`]), with
//! templates, phrases and a stylesheet of their own, and no script at all.

use super::frame::Frame;
use crate::{
    ledger::{accent::Accent, purchase::Language},
    phrases::{PhraseError, Phrases},
    web::page::render::{PageError, policy, registry, without_comments},
};
use handlebars::Handlebars;
use serde::Serialize;
use std::sync::Arc;

const TEMPLATES: [(&str, &str); 24] = [
    ("layout", include_str!("templates/layout.hbs")),
    ("token", include_str!("templates/token.hbs")),
    ("sales_table", include_str!("templates/sales_table.hbs")),
    ("line", include_str!("templates/line.hbs")),
    ("sign_in", include_str!("templates/sign_in.hbs")),
    ("home", include_str!("templates/home.hbs")),
    ("sales", include_str!("templates/sales.hbs")),
    ("sale", include_str!("templates/sale.hbs")),
    ("money", include_str!("templates/money.hbs")),
    ("sorry", include_str!("templates/sorry.hbs")),
    ("notice", include_str!("templates/notice.hbs")),
    ("void", include_str!("templates/void.hbs")),
    ("stock", include_str!("templates/stock.hbs")),
    ("upload", include_str!("templates/upload.hbs")),
    ("preview", include_str!("templates/preview.hbs")),
    ("batch", include_str!("templates/batch.hbs")),
    ("handout", include_str!("templates/handout.hbs")),
    ("cards", include_str!("templates/cards.hbs")),
    ("revenue", include_str!("templates/revenue.hbs")),
    ("wrong", include_str!("templates/wrong.hbs")),
    ("packages", include_str!("templates/packages.hbs")),
    ("package", include_str!("templates/package.hbs")),
    ("site", include_str!("templates/site.hbs")),
    ("routers", include_str!("templates/routers.hbs")),
];

/// The desk's pages, ready to be drawn in every language. Made once, at the start.
pub struct Desk {
    phrases: Arc<Phrases>,
    english: Handlebars<'static>,
    swahili: Handlebars<'static>,
    style: String,
    policy: String,
}

#[derive(Serialize)]
struct Root<'a, P> {
    title: String,
    frame: &'a Frame,
    lang: Language,
    other_lang: Language,
    switch_link: String,
    style: &'a str,
    page: P,
}

impl Desk {
    /// Reads the built-in phrases and templates; the desk wears the shop's colour.
    pub fn new(accent: Accent) -> Self {
        let phrases = Arc::new(Phrases::of_the_desk());
        let style = without_comments(include_str!("desk.css"));
        let style = format!("{style}\n{}", accent.css());
        // No script: the browser refuses any, whatever slipped through.
        let policy =
            policy(&style, &[]).replace("script-src ; connect-src 'self'; ", "frame-src 'self'; ");
        let english = registry(Language::En, &phrases, &TEMPLATES);
        let swahili = registry(Language::Sw, &phrases, &TEMPLATES);
        Self { phrases, english, swahili, style, policy }
    }

    /// A page as HTML. Its title is the phrase `<template>.title`.
    pub fn draw(
        &self,
        frame: &Frame,
        template: &'static str,
        page: impl Serialize,
    ) -> Result<String, PageError> {
        let title = self.say(frame.lang, &format!("{template}.title"))?;
        let (lang, other_lang) = (frame.lang, frame.lang.other());
        let joint = if frame.here.contains('?') { '&' } else { '?' };
        let switch_link = format!("{}{joint}lang={}", frame.here, other_lang.code());
        let style = self.style.as_str();
        let root = Root { title, frame, lang, other_lang, switch_link, style, page };
        let registry = match lang {
            Language::En => &self.english,
            Language::Sw => &self.swahili,
        };
        registry
            .render(template, &root)
            .map_err(|source| PageError::Template { template, source: Box::new(source) })
    }

    /// A phrase without parameters.
    pub fn say(&self, lang: Language, key: &str) -> Result<String, PhraseError> {
        self.phrases.say(lang, key, &[])
    }

    /// Whether there is such a phrase.
    pub fn knows(&self, key: &str) -> bool {
        self.phrases.say(Language::En, key, &[]).is_ok()
    }

    /// The value of `Content-Security-Policy` for every page of the desk.
    pub fn content_security_policy(&self) -> &str {
        &self.policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_that_a_sale_can_have_is_told_in_words() {
        let desk = Desk::new(Accent::default());
        let of_a_sale = ["voucher", "purchase", "payment", "receipt", "message"];
        let golden = std::fs::read_dir("tests/golden/events").unwrap();
        let mut told = 0;
        for file in golden {
            let name = file.unwrap().file_name().into_string().unwrap();
            let kind = name.split('.').next().unwrap();
            let of_sale = of_a_sale.iter().any(|word| kind.starts_with(word));
            if of_sale || kind == "staff_looked_at_code" {
                assert!(desk.knows(&format!("event.{kind}")), "phrases_desk.toml: {kind}");
                told += 1;
            }
        }
        assert!(told > 30, "the kinds are found");
    }

    #[test]
    fn the_desk_and_the_shop_have_no_phrase_twice() {
        let sections = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect()
        };
        let shop = sections(include_str!("../../phrases.toml"));
        for section in sections(include_str!("../../phrases_desk.toml")) {
            assert!(!shop.contains(&section), "{section} is the shop's");
        }
    }
}
