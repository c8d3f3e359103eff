//! The templates, stylesheet, scripts and phrases of the buyers' pages.

use crate::{
    phrases::Phrases,
    web::page::{
        policy::{Policy, SELF},
        set::{Set, Source},
    },
};

/// Pages poll us for news; forms lead to us.
pub const POLICY: Policy<'static> = Policy { connect_src: &[SELF], ..Policy::STRICT };

const TEMPLATES: [(&str, &str); 23] = [
    ("layout", include_str!("templates/layout.hbs")),
    ("carried", include_str!("templates/carried.hbs")),
    ("facts", include_str!("templates/facts.hbs")),
    ("phone_field", include_str!("templates/phone_field.hbs")),
    ("phone_words", include_str!("templates/phone_words.hbs")),
    ("steps", include_str!("templates/steps.hbs")),
    ("purchase_facts", include_str!("templates/purchase_facts.hbs")),
    ("shop", include_str!("templates/shop.hbs")),
    ("sold_out", include_str!("templates/sold_out.hbs")),
    ("purchase_waiting", include_str!("templates/purchase_waiting.hbs")),
    ("purchase_slow", include_str!("templates/purchase_slow.hbs")),
    ("purchase_checking", include_str!("templates/purchase_checking.hbs")),
    ("purchase_unanswered", include_str!("templates/purchase_unanswered.hbs")),
    ("purchase_declined", include_str!("templates/purchase_declined.hbs")),
    ("purchase_paid", include_str!("templates/purchase_paid.hbs")),
    ("purchase_locked", include_str!("templates/purchase_locked.hbs")),
    ("purchase_owed", include_str!("templates/purchase_owed.hbs")),
    ("purchase_expired", include_str!("templates/purchase_expired.hbs")),
    ("purchase_set_aside", include_str!("templates/purchase_set_aside.hbs")),
    ("purchase_settled", include_str!("templates/purchase_settled.hbs")),
    ("paid", include_str!("templates/paid.hbs")),
    ("code", include_str!("templates/code.hbs")),
    ("error", include_str!("templates/error.hbs")),
];

/// The buyers' pages, ready to be drawn.
pub fn set() -> Set {
    Set::new(Source {
        phrases: Phrases::built_in(),
        templates: &TEMPLATES,
        style: include_str!("assets/shop.css"),
        scripts: &[
            ("shop", include_str!("assets/shop.js")),
            ("purchase", include_str!("assets/purchase.js")),
        ],
        policy: POLICY,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{accent::Accent, purchase::Language},
        web::{
            page::policy::hash,
            portal::pages::{Frame, Page, PhoneProblem, ShopProblem},
        },
    };
    use serde_json::json;
    use std::{collections::BTreeSet, sync::LazyLock};

    /// Uncompressed; compressed it is a third. One TCP first flight is some 14 KB.
    const PAGE_BYTES_MAX: usize = 14_000;

    static PAGES: LazyLock<Set> = LazyLock::new(set);
    static DRAWN: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let mut drawn = Vec::new();
        for lang in Language::ALL {
            for (name, page) in Page::samples() {
                let html = PAGES.draw(&Frame::sample(lang).around(), &page.into());
                let html = html.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                drawn.push((format!("{name}.{}", lang.code()), html));
            }
        }
        drawn
    });

    /// Name and HTML of every sample in every language.
    fn every_page() -> impl Iterator<Item = (&'static str, &'static str)> {
        DRAWN.iter().map(|(name, html)| (name.as_str(), html.as_str()))
    }

    fn between<'a>(html: &'a str, open: &str, close: &str) -> Vec<&'a str> {
        html.split(open).skip(1).filter_map(|rest| Some(rest.split_once(close)?.0)).collect()
    }

    fn markup(html: &str) -> String {
        let mut rest = html.to_owned();
        for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
            for inlined in between(html, open, close) {
                rest = rest.replace(inlined, "…");
            }
        }
        rest
    }

    fn snapshot(name: &str, text: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.to_owned(), text));
    }

    #[test]
    fn every_page_reads_as_it_did() {
        for (name, html) in every_page() {
            snapshot(name, between(html, "<main>", "</main>")[0].trim());
        }
    }

    /// For looking at them: `target/pages/*.html`, made anew by every run.
    #[test]
    fn every_page_can_be_looked_at() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, html) in every_page() {
            std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
        }
        assert!(folder.join("shop.en.html").exists());
    }

    #[test]
    fn the_frame_reads_as_it_did() {
        let (_, html) = every_page().next().expect("a page");
        snapshot("frame", &markup(html));
    }

    #[test]
    fn every_page_fits_the_first_flight() {
        for (name, html) in every_page() {
            assert!(html.len() < PAGE_BYTES_MAX, "{name} has {} bytes", html.len());
        }
    }

    #[test]
    fn nothing_is_left_unfilled() {
        for (name, html) in every_page() {
            assert!(!markup(html).contains("{{"), "{name}");
            assert!(!markup(html).contains("}}"), "{name}");
        }
    }

    #[test]
    fn every_field_a_person_fills_has_a_label() {
        for (name, html) in every_page() {
            for input in between(html, "<input ", ">") {
                if input.contains("type=\"hidden\"") {
                    continue;
                }
                let id = between(input, "id=\"", "\"")[0];
                assert!(
                    html.contains(&format!("<label for=\"{id}\""))
                        || html.contains(&format!("<label class=\"field\" for=\"{id}\"")),
                    "{name}: {id}"
                );
            }
        }
    }

    #[test]
    fn ids_stand_once_on_a_page() {
        for (name, html) in every_page() {
            let html = &markup(html);
            let ids = between(html, " id=\"", "\"");
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}: {ids:?}");
        }
    }

    #[test]
    fn no_page_needs_another_host_or_inline_handlers() {
        for (name, html) in every_page() {
            let html = &markup(html);
            for handler in
                [" onclick", " onload", " onsubmit", " onchange", " style=", "javascript:"]
            {
                assert!(!html.contains(handler), "{name}: {handler}");
            }
            assert!(between(html, " src=\"", "\"").is_empty(), "{name}");
            assert!(between(html, "<svg", ">").len() <= 1, "{name}");
            for attribute in [" href=\"", " action=\""] {
                for url in between(html, attribute, "\"") {
                    let own = url.starts_with('/') && !url.starts_with("//");
                    let router = url.starts_with("http://10.5.50.1/login?var&#x3D;");
                    assert!(
                        own || router || url.starts_with("tel:") || url == "data:,",
                        "{name}: {url}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_was_typed_comes_back_harmless() {
        let (_, html) = every_page().find(|(name, _)| *name == "paid_none.en").expect("a page");
        assert!(html.contains("value=\"TJK4&quot;&lt;b&gt;\""));
    }

    #[test]
    fn the_policy_allows_exactly_what_is_inlined() {
        let policy = PAGES.policy_as(Accent::default(), &POLICY);
        assert!(!policy.contains("unsafe"));
        for (name, html) in every_page() {
            let style = between(html, "<style>", "</style>");
            let script = between(html, "<script>", "</script>");
            assert_eq!(style.len(), 1, "{name}");
            assert!(script.len() <= 1, "{name}");
            for text in style.into_iter().chain(script) {
                assert!(policy.contains(&hash(text)), "{name}");
            }
        }
    }

    #[test]
    fn a_page_found_by_mac_shows_no_digit_of_a_phone() {
        for (name, html) in every_page() {
            if name.contains("by_mac") || name.contains("locked") {
                assert!(!html.contains("***"), "{name}");
            }
        }
    }

    #[test]
    fn waiting_never_says_failed() {
        for (name, html) in every_page() {
            let undecided = ["waiting", "slow", "checking"].iter().any(|word| name.contains(word));
            let main = between(html, "<main>", "</main>")[0].to_lowercase();
            if name.starts_with("purchase") && undecided {
                for word in ["fail", "declined", "not paid", "imeshindwa", "haijalipwa"] {
                    assert!(!main.contains(word), "{name}: {word}");
                }
            }
        }
    }

    #[test]
    fn an_error_without_a_site_still_leads_somewhere() {
        let frame = Frame { site: None, here: "/".into(), ..Frame::sample(Language::En) };
        for (name, page) in Page::samples() {
            if let Page::Error(_) = page {
                let html = PAGES.draw(&frame.around(), &page.into()).unwrap();
                assert!(html.contains("class=\"main\" href=\""), "{name}");
                assert!(!html.contains("\"/s/mtaa?"), "{name}");
            }
        }
    }

    /// `{{t "shop.pay"}}` and `(t "shop.pay")`, and the starts of keys that a value completes.
    fn asked_for() -> BTreeSet<String> {
        let mut asked = BTreeSet::new();
        for (_, template) in TEMPLATES {
            for open in ["{{t \"", "(t \"", "layout title=\""] {
                asked.extend(between(template, open, "\"").into_iter().map(str::to_owned));
            }
        }
        asked.insert("lasts.".to_owned());
        asked
    }

    #[test]
    fn every_word_of_ours_has_its_sentence() {
        use PhoneProblem as P;
        use ShopProblem as S;
        let phone = [P::Empty, P::TooShort, P::TooLong, P::NotANumber].map(|it| json!(it));
        let shop =
            [S::NothingChosen, S::PackageChanged, S::JustSoldOut, S::TooMany, S::PurchaseOpen]
                .map(|it| json!(it));
        let phone = phone.iter().map(|word| ("phone", word));
        let words = phone.chain(shop.iter().map(|word| ("shop_problem", word)));
        for (section, word) in words {
            assert!(PAGES.knows(&format!("{section}.{}", word.as_str().unwrap())), "{word}");
        }
    }

    #[test]
    fn no_phrase_is_left_over() {
        let asked = asked_for();
        // Messages are said by the process that sends them.
        for key in Phrases::built_in().keys().filter(|key| !key.starts_with("sms.")) {
            let section = &key[..=key.find('.').expect("section and name")];
            let completed = asked.contains(section)
                || asked
                    .iter()
                    .any(|start| start.ends_with('_') && key.starts_with(start.as_str()));
            assert!(asked.contains(&key) || completed, "{key} is asked for nowhere");
        }
    }
}
