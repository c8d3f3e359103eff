//! Makes HTML of pages: one request, no outside host, nothing that needs script.
//!
//! Templates, stylesheet and scripts are built in and inlined; the content security policy names
//! them by their hashes, so nothing else runs even if some text slipped through. Templates are
//! strict: a missing value is an error, never an empty place. Everything is HTML-escaped but the
//! stylesheet and the scripts themselves.

use crate::{
    ledger::{accent::Accent, kernel::money::Cents, purchase::Language},
    phrases::{Parameter, PhraseError, Phrases},
    web::portal::pages::{Frame, Links, Page},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, PathAndJson, RenderContext, RenderError,
    RenderErrorReason, ScopedJson,
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const TEMPLATES: [(&str, &str); 23] = [
    ("layout", include_str!("../portal/templates/layout.hbs")),
    ("carried", include_str!("../portal/templates/carried.hbs")),
    ("facts", include_str!("../portal/templates/facts.hbs")),
    ("phone_field", include_str!("../portal/templates/phone_field.hbs")),
    ("phone_words", include_str!("../portal/templates/phone_words.hbs")),
    ("steps", include_str!("../portal/templates/steps.hbs")),
    ("purchase_facts", include_str!("../portal/templates/purchase_facts.hbs")),
    ("shop", include_str!("../portal/templates/shop.hbs")),
    ("sold_out", include_str!("../portal/templates/sold_out.hbs")),
    ("purchase_waiting", include_str!("../portal/templates/purchase_waiting.hbs")),
    ("purchase_slow", include_str!("../portal/templates/purchase_slow.hbs")),
    ("purchase_checking", include_str!("../portal/templates/purchase_checking.hbs")),
    ("purchase_unanswered", include_str!("../portal/templates/purchase_unanswered.hbs")),
    ("purchase_declined", include_str!("../portal/templates/purchase_declined.hbs")),
    ("purchase_paid", include_str!("../portal/templates/purchase_paid.hbs")),
    ("purchase_locked", include_str!("../portal/templates/purchase_locked.hbs")),
    ("purchase_owed", include_str!("../portal/templates/purchase_owed.hbs")),
    ("purchase_expired", include_str!("../portal/templates/purchase_expired.hbs")),
    ("purchase_set_aside", include_str!("../portal/templates/purchase_set_aside.hbs")),
    ("purchase_settled", include_str!("../portal/templates/purchase_settled.hbs")),
    ("paid", include_str!("../portal/templates/paid.hbs")),
    ("code", include_str!("../portal/templates/code.hbs")),
    ("error", include_str!("../portal/templates/error.hbs")),
];

/// The shop's pages, ready to be drawn in every language. Made once, at the start.
pub struct Pages {
    phrases: Arc<Phrases>,
    english: Handlebars<'static>,
    swahili: Handlebars<'static>,
    style: String,
    shop_script: String,
    purchase_script: String,
}

/// Why a page could not be drawn: a mistake in a template or a page for a site without a site.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The template asked for something that is not there.
    #[error("cannot draw {template}")]
    Template {
        /// The template.
        template: &'static str,
        /// What was missing, and where.
        #[source]
        source: Box<RenderError>,
    },
    /// The page's title is no phrase.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
}

#[derive(Serialize)]
struct Root<'a> {
    lang: Language,
    title: String,
    site_name: &'a str,
    support_phone: Option<&'a str>,
    links: Option<Links>,
    switch_link: String,
    other_lang: Language,
    mac: &'a str,
    dst: &'a str,
    refresh_seconds: Option<u32>,
    style: String,
    script: Option<&'a str>,
    page: &'a Page,
}

impl Default for Pages {
    /// Reads the built-in phrases and templates.
    fn default() -> Self {
        let phrases = Arc::new(Phrases::built_in());
        let style = without_comments(include_str!("../portal/assets/shop.css"));
        let shop_script = without_comments(include_str!("../portal/assets/shop.js"));
        let purchase_script = without_comments(include_str!("../portal/assets/purchase.js"));
        let english = registry(Language::En, &phrases, &TEMPLATES);
        let swahili = registry(Language::Sw, &phrases, &TEMPLATES);
        Self { phrases, english, swahili, style, shop_script, purchase_script }
    }
}

impl Pages {
    /// The stylesheet in a colour.
    fn style(&self, accent: Accent) -> String {
        format!("{}\n{}", self.style, accent.css())
    }

    /// The page as HTML.
    pub fn draw(&self, frame: &Frame, page: &Page) -> Result<String, PageError> {
        let root = Root {
            lang: frame.lang,
            title: self.phrases.say(frame.lang, page.title(), &[])?,
            site_name: &frame.site_name,
            support_phone: frame.support_phone.as_deref(),
            links: frame.links(),
            switch_link: frame.switch_link(),
            other_lang: frame.lang.other(),
            mac: &frame.mac,
            dst: frame.carried_dst(),
            refresh_seconds: page.refresh_seconds(),
            style: self.style(frame.accent),
            script: self.script(page),
            page,
        };
        let registry = match frame.lang {
            Language::En => &self.english,
            Language::Sw => &self.swahili,
        };
        let template = page.template();
        registry
            .render(template, &root)
            .map_err(|source| PageError::Template { template, source: Box::new(source) })
    }

    fn script(&self, page: &Page) -> Option<&str> {
        match page {
            Page::Shop(_) => Some(&self.shop_script),
            Page::Purchase(_) => Some(&self.purchase_script),
            Page::SoldOut(_) | Page::Paid(_) | Page::Code(_) | Page::Error(_) => None,
        }
    }

    /// The value of `Content-Security-Policy` for every page: our own style and scripts by hash,
    /// forms and polls to ourselves, nothing else.
    pub fn content_security_policy(&self, accent: Accent) -> String {
        policy(&self.style(accent), &[&self.shop_script, &self.purchase_script])
    }

    /// The phrases, for texts outside pages.
    pub fn phrases(&self) -> &Phrases {
        &self.phrases
    }
}

pub(in crate::web) fn policy(style: &str, scripts: &[&str]) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let scripts: Vec<String> = scripts.iter().map(|script| hash(script)).collect();
    format!(
        "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        hash(style),
        scripts.join(" ")
    )
}

/// Drops indentation, empty lines and lines that are only a comment.
pub(in crate::web) fn without_comments(source: &str) -> String {
    let comment =
        |line: &str| line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
    let lines: Vec<&str> =
        source.lines().map(str::trim).filter(|line| !line.is_empty() && !comment(line)).collect();
    lines.join("\n")
}

/// Templates and the words that they may use, in a language.
pub(in crate::web) fn registry(
    lang: Language,
    phrases: &Arc<Phrases>,
    templates: &[(&'static str, &'static str)],
) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.set_prevent_indent(true);
    for (name, text) in templates {
        registry.register_template_string(name, text).expect("a built-in template parses");
    }
    let words: [(&str, Speak); 8] = [
        ("t", phrase),
        ("ksh", shillings),
        ("lasts", lasts),
        ("speed", speed),
        ("data", data),
        ("groups", groups),
        ("dial", dial),
        ("clock", clock),
    ];
    for (name, word) in words {
        let tongue = Tongue { lang, phrases: Arc::clone(phrases) };
        registry.register_helper(name, Box::new(Speaker { tongue, word }));
    }
    registry
}

type Word = Result<Value, RenderError>;
type Speak = fn(&Tongue, &Helper<'_>) -> Word;

struct Tongue {
    lang: Language,
    phrases: Arc<Phrases>,
}

impl Tongue {
    fn say(&self, key: &str, parameters: &[Parameter<'_>]) -> Result<String, RenderError> {
        self.phrases
            .say(self.lang, key, parameters)
            .map_err(|error| RenderErrorReason::NestedError(Box::new(error)).into())
    }
}

/// A helper that gives a value: in `{{…}}` it is escaped, in `(…)` it is passed on as it is.
struct Speaker {
    tongue: Tongue,
    word: Speak,
}

impl HelperDef for Speaker {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        (self.word)(&self.tongue, helper).map(ScopedJson::Derived)
    }
}

/// `{{t "section." name count=3}}`: the phrase whose key is the arguments joined.
fn phrase(tongue: &Tongue, helper: &Helper<'_>) -> Word {
    let key: String = helper.params().iter().map(|part| plain(part.value())).collect();
    let parameters: Vec<Parameter<'_>> =
        helper.hash().iter().map(|(name, part)| (*name, plain(part.value()))).collect();
    tongue.say(&key, &parameters).map(Value::String)
}

/// `{{ksh cents}}`: `KSh 1,500`, never broken over two lines.
fn shillings(_: &Tongue, helper: &Helper<'_>) -> Word {
    let cents = Cents(argument(helper)?.as_i64().ok_or_else(|| wrong(helper))?);
    let plain = cents.to_string().replace(' ', "\u{a0}");
    let whole = plain.find('.').unwrap_or(plain.len());
    let first_digit = plain.find(|letter: char| letter.is_ascii_digit()).unwrap_or(whole);
    let mut text = String::with_capacity(plain.len() + 4);
    for (at, letter) in plain.char_indices() {
        if at > first_digit && at < whole && (whole - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(letter);
    }
    Ok(Value::String(text))
}

/// `{{lasts seconds}}`: `1 day`, `saa 3`; the largest unit that fits without a rest.
fn lasts(tongue: &Tongue, helper: &Helper<'_>) -> Word {
    tongue
        .phrases
        .lasts(tongue.lang, number(helper)?)
        .map(Value::String)
        .map_err(|error| RenderErrorReason::NestedError(Box::new(error)).into())
}

/// `{{speed kbps}}`: `5 Mbps`.
fn speed(_: &Tongue, helper: &Helper<'_>) -> Word {
    let kbps = number(helper)?;
    let text = if kbps < 1000 { format!("{kbps}\u{a0}kbps") } else { tenths(kbps, 1000, "Mbps") };
    Ok(Value::String(text))
}

/// `{{data bytes}}`: `2 GB`. Routers count in powers of two, people in tens: a round number of
/// either is shown as such.
fn data(_: &Tongue, helper: &Helper<'_>) -> Word {
    let bytes = number(helper)?;
    let text = if bytes > 0 && bytes % (1 << 30) == 0 {
        format!("{}\u{a0}GB", bytes >> 30)
    } else if bytes > 0 && bytes % (1 << 20) == 0 {
        format!("{}\u{a0}MB", bytes >> 20)
    } else if bytes < 1_000_000_000 {
        tenths(bytes, 1_000_000, "MB")
    } else {
        tenths(bytes, 1_000_000_000, "GB")
    };
    Ok(Value::String(text))
}

/// At most one decimal, rounded down: never promise more than there is.
fn tenths(amount: u64, unit: u64, name: &str) -> String {
    match amount % unit / (unit / 10) {
        0 => format!("{}\u{a0}{name}", amount / unit),
        tenth => format!("{}.{tenth}\u{a0}{name}", amount / unit),
    }
}

/// `(groups code)`: plain letters and digits in groups that are easy to read off; anything else
/// in one piece. Nothing is put between groups, so that what is copied is the code.
fn groups(_: &Tongue, helper: &Helper<'_>) -> Word {
    let code = text(helper)?;
    if !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(Value::from(vec![code]));
    }
    let size = match code.len() {
        0..=5 | 10 => 5,
        6 | 9 => 3,
        _ => 4,
    };
    let pieces: Vec<&str> =
        (0..code.len()).step_by(size).map(|at| &code[at..code.len().min(at + size)]).collect();
    Ok(Value::from(pieces))
}

/// `{{dial phone}}`: a phone number for a `tel:` link.
fn dial(_: &Tongue, helper: &Helper<'_>) -> Word {
    let kept = |letter: &char| letter.is_ascii_digit() || *letter == '+';
    Ok(Value::String(text(helper)?.chars().filter(kept).collect()))
}

/// `{{clock seconds}}`: `1:35`.
fn clock(_: &Tongue, helper: &Helper<'_>) -> Word {
    let seconds = number(helper)?;
    Ok(Value::String(format!("{}:{:02}", seconds / 60, seconds % 60)))
}

fn argument<'a>(helper: &'a Helper<'_>) -> Result<&'a Value, RenderError> {
    helper.param(0).map(PathAndJson::value).ok_or_else(|| wrong(helper))
}

fn number(helper: &Helper<'_>) -> Result<u64, RenderError> {
    argument(helper)?.as_u64().ok_or_else(|| wrong(helper))
}

fn text<'a>(helper: &'a Helper<'_>) -> Result<&'a str, RenderError> {
    argument(helper)?.as_str().ok_or_else(|| wrong(helper))
}

fn wrong(helper: &Helper<'_>) -> RenderError {
    RenderErrorReason::Other(format!("{} was given something else", helper.name())).into()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::{collections::BTreeSet, sync::LazyLock};

    /// Uncompressed; compressed it is a third. One TCP first flight is some 14 KB.
    const PAGE_BYTES_MAX: usize = 14_000;

    static PAGES: LazyLock<Pages> = LazyLock::new(Pages::default);
    static DRAWN: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let mut drawn = Vec::new();
        for lang in Language::ALL {
            for (name, page) in Page::samples() {
                let html = PAGES.draw(&Frame::sample(lang), &page);
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
        settings.set_snapshot_path("../portal/snapshots");
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
        let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        for (name, html) in every_page() {
            let style = between(html, "<style>", "</style>");
            let script = between(html, "<script>", "</script>");
            assert_eq!(style.len(), 1, "{name}");
            assert!(script.len() <= 1, "{name}");
            assert!(
                PAGES.content_security_policy(Accent::default()).contains(&hash(style[0])),
                "{name}"
            );
            for script in script {
                assert!(
                    PAGES.content_security_policy(Accent::default()).contains(&hash(script)),
                    "{name}"
                );
            }
        }
        assert!(!PAGES.content_security_policy(Accent::default()).contains("unsafe"));
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
                let html = PAGES.draw(&frame, &page).unwrap();
                assert!(html.contains("class=\"main\" href=\""), "{name}");
                assert!(!html.contains("\"/s/mtaa?"), "{name}");
            }
        }
    }

    /// `{{t "shop.pay"}}` and `(t "shop.pay")`, and the starts of keys that a value completes.
    fn asked_for() -> BTreeSet<String> {
        let mut asked = BTreeSet::new();
        for (_, template) in TEMPLATES {
            for open in ["{{t \"", "(t \""] {
                asked.extend(between(template, open, "\"").into_iter().map(str::to_owned));
            }
        }
        asked.extend(Page::samples().iter().map(|(_, page)| page.title().to_owned()));
        asked.insert("lasts.".to_owned());
        asked
    }

    #[test]
    fn every_word_of_ours_has_its_sentence() {
        use crate::web::portal::pages::{PhoneProblem as P, ShopProblem as S};
        let phone = [P::Empty, P::TooShort, P::TooLong, P::NotANumber].map(|p| json!(p));
        let shop =
            [S::NothingChosen, S::PackageChanged, S::JustSoldOut, S::TooMany, S::PurchaseOpen]
                .map(|p| json!(p));
        for lang in Language::ALL {
            for problem in &phone {
                word(lang, "{{t \"phone.\" this}}", problem);
            }
            for problem in &shop {
                word(lang, "{{t \"shop_problem.\" this}}", problem);
            }
        }
    }

    #[test]
    fn no_phrase_is_left_over() {
        let asked = asked_for();
        // Messages are said by the process that sends them.
        for key in PAGES.phrases().keys().filter(|key| !key.starts_with("sms.")) {
            let section = &key[..=key.find('.').expect("section and name")];
            let completed = asked.contains(section)
                || asked
                    .iter()
                    .any(|start| start.ends_with('_') && key.starts_with(start.as_str()));
            assert!(asked.contains(&key) || completed, "{key} is asked for nowhere");
        }
    }

    fn word(lang: Language, template: &str, value: &Value) -> String {
        let registry = if lang == Language::En { &PAGES.english } else { &PAGES.swahili };
        registry.render_template(template, value).unwrap()
    }

    #[test]
    fn money_reads_as_people_write_it() {
        let ksh = |cents: i64| word(Language::En, "{{ksh this}}", &cents.into());
        assert_eq!(ksh(5000), "KSh\u{a0}50");
        assert_eq!(ksh(150_000), "KSh\u{a0}1,500");
        assert_eq!(ksh(123_456_750), "KSh\u{a0}1,234,567.50");
        assert_eq!(ksh(-150_000), "-KSh\u{a0}1,500");
    }

    #[test]
    fn times_and_limits_read_as_people_say_them() {
        let lasts = |lang, seconds: u64| word(lang, "{{lasts this}}", &seconds.into());
        assert_eq!(lasts(Language::En, 86_400), "1 day");
        assert_eq!(lasts(Language::Sw, 86_400), "siku 1");
        assert_eq!(lasts(Language::En, 30 * 86_400), "30 days");
        assert_eq!(lasts(Language::Sw, 7 * 86_400), "wiki 1");
        assert_eq!(lasts(Language::En, 5400), "90 minutes");
        assert_eq!(lasts(Language::Sw, 3 * 3600), "saa 3");
        assert_eq!(lasts(Language::En, 0), "0 minutes");
        let data = |bytes: u64| word(Language::En, "{{data this}}", &bytes.into());
        assert_eq!(data(2 << 30), "2\u{a0}GB");
        assert_eq!(data(1_500_000_000), "1.5\u{a0}GB");
        assert_eq!(data(500 << 20), "500\u{a0}MB");
        assert_eq!(word(Language::En, "{{speed this}}", &10_500.into()), "10.5\u{a0}Mbps");
        assert_eq!(word(Language::En, "{{speed this}}", &512.into()), "512\u{a0}kbps");
        assert_eq!(word(Language::En, "{{clock this}}", &95.into()), "1:35");
    }

    #[test]
    fn a_code_in_groups_is_still_the_code() {
        let groups = |code: &str| {
            word(Language::En, "{{#each (groups this)}}[{{this}}]{{/each}}", &code.into())
        };
        assert_eq!(groups("k7qf2mxd"), "[k7qf][2mxd]");
        assert_eq!(groups("123456"), "[123][456]");
        assert_eq!(groups("12345"), "[12345]");
        assert_eq!(groups("1234567"), "[1234][567]");
        assert_eq!(groups("ab-cd ef"), "[ab-cd ef]");
    }
}
