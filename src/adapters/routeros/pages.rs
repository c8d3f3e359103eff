//! The pages that a site's router serves to phones: `hotspot-html/`, filled in for one site.
//!
//! Handlebars fills `{{…}}` here; the router fills `$(…)` later, so those pass untouched, and
//! no value of ours may contain one. Three kinds of place need three ways of escaping: HTML, a
//! script's string, and plain text. The set is complete: whether a router falls back file by file
//! is not known (`docs/reference/routeros.md`).

use crate::ledger::purchase::Language;
use figment::{
    Figment,
    providers::{Format as _, Toml},
};
use handlebars::Handlebars;
use serde::Serialize;
use serde_json::json;
use std::{collections::BTreeMap, sync::LazyLock};
use url::Url;

/// What differs from site to site.
#[derive(Debug, Clone)]
pub struct SitePages {
    /// The shop's address as phones at this site reach it, without a path.
    pub shop_url: Url,
    /// The site's id, as in `/s/<site>`.
    pub site: String,
    pub site_name: String,
    /// The number to call for help; empty for none.
    pub support_phone: String,
    /// The variables of its colour, as the shop's own pages have them: `--accent`, the lettering
    /// `--on-accent` upon it, and the shade `--strong` that can be read on paper.
    pub accent: String,
    /// The language shown first; the other is one tap away.
    pub language: Language,
    /// The edition of the set, for the technician who looks at a router's files.
    pub version: String,
}

/// A file for the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

const PHRASES: &str = include_str!("../../../hotspot-html/phrases.toml");
const STYLE: &str = include_str!("../../../hotspot-html/style.css");
const MD5_NAME: &str = "md5.js";
const MD5: &str = include_str!("../../../hotspot-html/md5.js");
const PARTS: [(&str, &str); 3] = [
    ("head", include_str!("../../../hotspot-html/head.html")),
    ("brand", include_str!("../../../hotspot-html/brand.html")),
    ("foot", include_str!("../../../hotspot-html/foot.html")),
];
const HTML: [(&str, &str); 7] = [
    ("alogin.html", include_str!("../../../hotspot-html/alogin.html")),
    ("error.html", include_str!("../../../hotspot-html/error.html")),
    ("login.html", include_str!("../../../hotspot-html/login.html")),
    ("logout.html", include_str!("../../../hotspot-html/logout.html")),
    ("redirect.html", include_str!("../../../hotspot-html/redirect.html")),
    ("rlogin.html", include_str!("../../../hotspot-html/rlogin.html")),
    ("status.html", include_str!("../../../hotspot-html/status.html")),
];
const TEXT: [(&str, &str); 2] = [
    ("api.json", include_str!("../../../hotspot-html/api.json")),
    ("errors.txt", include_str!("../../../hotspot-html/errors.txt")),
];

type Phrases = BTreeMap<String, String>;

// Read once: a router that is set up asks for page after page.
static HTML_PAGES: LazyLock<Handlebars<'static>> = LazyLock::new(|| registry(&HTML, html_escape));
static TEXT_PAGES: LazyLock<Handlebars<'static>> = LazyLock::new(|| registry(&TEXT, text_escape));
static LANGUAGES: LazyLock<BTreeMap<String, Phrases>> = LazyLock::new(|| {
    Figment::from(Toml::string(PHRASES))
        .extract()
        .expect("phrases.toml is part of the program and tested")
});

/// What the set consists of.
pub fn names() -> Vec<&'static str> {
    HTML.iter().chain(&TEXT).map(|(name, _)| *name).chain([MD5_NAME]).collect()
}

/// The whole set for a site, sorted by name.
///
/// `md5.js` is inlined where it is used and shipped too, for owners who write their own pages.
pub fn render(site: &SitePages) -> Vec<Page> {
    let phrases = |language: Language| {
        LANGUAGES.get(language.code()).expect("phrases.toml has each language")
    };
    let (own, other) = (phrases(site.language), phrases(site.language.other()));
    let mut pages = Vec::with_capacity(HTML.len() + TEXT.len() + 1);
    for (name, template) in HTML {
        pages.push(page(name, &HTML_PAGES, &context(site, own, other, template)));
    }
    for (name, template) in TEXT {
        pages.push(page(name, &TEXT_PAGES, &context(site, own, other, template)));
    }
    pages.push(Page { name: MD5_NAME, bytes: MD5.into() });
    pages.sort_by_key(|page| page.name);
    pages
}

fn page(name: &'static str, registry: &Handlebars, context: &serde_json::Value) -> Page {
    let bytes = registry
        .render(name, context)
        .unwrap_or_else(|error| panic!("{name} is part of the program and tested: {error}"))
        .into_bytes();
    Page { name, bytes }
}

fn registry(pages: &[(&str, &str)], escape: fn(&str) -> String) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(escape);
    let parts = PARTS.map(|(name, part)| (name, part.trim_end()));
    for (name, template) in parts.iter().chain(pages) {
        registry
            .register_template_string(name, template)
            .expect("the pages are part of the program and tested");
    }
    registry
}

fn context(site: &SitePages, own: &Phrases, other: &Phrases, template: &str) -> serde_json::Value {
    let shop_url = site.shop_url.as_str().trim_end_matches('/');
    let other_language = site.language.other();
    let swaps: Phrases = other
        .iter()
        .filter(|(key, _)| {
            let shown = template.contains(&format!("data-t=\"{key}\"")) || *key == "help";
            shown || (key.starts_with("e_") && template.contains("'e_'+"))
        })
        .map(|(key, phrase)| (key.clone(), phrase.clone()))
        .collect();
    let errors: Vec<_> = own
        .iter()
        .filter_map(|(key, text)| {
            key.strip_prefix("e_").map(|key| json!({"key": key, "text": text}))
        })
        .collect();
    let dialled = |it: &char| it.is_ascii_digit() || *it == '+';
    json!({
        "support_tel": site.support_phone.chars().filter(dialled).collect::<String>(),
        "shop_url": shop_url,
        "site": site.site,
        "site_name": site.site_name,
        "support_phone": site.support_phone,
        "version": site.version,
        "lang": site.language.code(),
        "t": own,
        "errors": errors,
        "css": format!("{}{}", STYLE.trim_end(), site.accent),
        "md5": MD5.trim_end(),
        "other_lang": other_language.code(),
        "other_name": other["name"],
        "own_name": script(&own["name"]),
        "other": script(&swaps),
        "codes": script(&[site.language.code(), other_language.code()]),
        "pixel": script(&format!("{shop_url}/pixel.gif")),
    })
}

/// A value as it may stand in an inline script: it can neither end the script nor start a token of
/// the router.
fn script(value: &impl Serialize) -> String {
    serde_json::to_string(value)
        .expect("strings and lists of strings are JSON")
        .replace('<', "\\u003c")
        .replace('$', "\\u0024")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn html_escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '$' => escaped.push_str("&#36;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Plain text and JSON strings: one line, no quotes, no token of the router.
fn text_escape(value: &str) -> String {
    value
        .chars()
        .filter(|character| !character.is_control())
        .map(|character| match character {
            '"' | '\\' => '\'',
            '$' => '＄',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mtaa(language: Language) -> SitePages {
        SitePages {
            shop_url: Url::parse("https://shop.example").unwrap(),
            site: "mtaa".into(),
            site_name: "Mtaa Wi-Fi".into(),
            support_phone: "0700 000 001".into(),
            accent: String::new(),
            language,
            version: "1".into(),
        }
    }

    fn text(pages: &[Page], name: &str) -> String {
        let page = pages.iter().find(|page| page.name == name).unwrap();
        String::from_utf8(page.bytes.clone()).unwrap()
    }

    #[test]
    fn the_set_is_complete_and_small() {
        for language in [Language::En, Language::Sw] {
            let pages = render(&mtaa(language));
            let names: Vec<_> = pages.iter().map(|page| page.name).collect();
            let wanted = "alogin.html api.json error.html errors.txt login.html logout.html \
                          md5.js redirect.html rlogin.html status.html";
            assert_eq!(names.join(" "), wanted);
            assert!(text(&pages, "login.html").len() < 15_000);
            assert!(pages.iter().map(|page| page.bytes.len()).sum::<usize>() < 60_000);
        }
    }

    #[test]
    fn both_languages_say_everything() {
        let languages: BTreeMap<String, Phrases> =
            Figment::from(Toml::string(PHRASES)).extract().unwrap();
        let english: Vec<_> = languages["en"].keys().collect();
        let swahili: Vec<_> = languages["sw"].keys().collect();
        assert_eq!(english, swahili);
        for key in english {
            let used = HTML.iter().chain(&PARTS).any(|(_, page)| page.contains(key.as_str()));
            assert!(used || key.starts_with("e_") || key == "name", "nobody says {key}");
        }
    }

    #[test]
    fn every_refusal_of_the_router_has_a_sentence() {
        let pages = render(&mtaa(Language::En));
        let errors = text(&pages, "errors.txt");
        let keys = "internal-error config-error not-logged-in ippool-empty shutting-down \
                    user-session-limit license-session-limit wrong-mac-username chap-missing \
                    invalid-username invalid-mac uptime-limit traffic-limit radius-timeout \
                    auth-in-progress radius-reply otp-already-used";
        for key in keys.split(' ') {
            let found = errors.lines().any(|line| {
                line.starts_with(&format!("{key} = ")) && line.ends_with(&format!("({key})"))
            });
            assert!(found, "no sentence for {key}");
        }
    }

    #[test]
    fn a_sites_name_can_start_neither_markup_nor_a_token_nor_a_script() {
        let mut site = mtaa(Language::Sw);
        site.site_name = "\"><script>$(evil)</script>\n".into();
        for page in render(&site) {
            let text = String::from_utf8(page.bytes).unwrap();
            assert!(!text.contains("$(evil)"), "{}", page.name);
            assert!(!text.contains("><script>"), "{}", page.name);
        }
    }

    #[test]
    fn scripts_hold_no_token_of_the_router() {
        for page in render(&mtaa(Language::En)) {
            let text = String::from_utf8(page.bytes).unwrap();
            for script in text.split("<script>").skip(1) {
                let script = script.split("</script>").next().unwrap();
                assert!(!script.contains("$("), "{}", page.name);
                assert!(!script.contains('`'), "{}", page.name);
            }
        }
    }
}
