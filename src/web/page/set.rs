//! Makes HTML of pages: one request, no outside host, nothing that needs script.
//!
//! Templates, stylesheet and scripts are built in and inlined; the content security policy names
//! them by their hashes, so nothing else runs even if some text slipped through. Templates are
//! strict: a missing value is an error, never an empty place. Everything is HTML-escaped but the
//! stylesheet and the scripts themselves.

use super::{
    Frame, Page,
    helpers::registry,
    policy::{Policy, SELF, hash},
};
use crate::{
    ledger::{accent::Accent, purchase::Language},
    phrases::Phrases,
};
use handlebars::{Handlebars, RenderError};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// The parts of a set of pages, each with its name.
pub struct Source {
    pub phrases: Phrases,
    pub templates: &'static [(&'static str, &'static str)],
    pub style: &'static str,
    pub scripts: &'static [(&'static str, &'static str)],
    pub policy: Policy<'static>,
}

/// Pages that belong together, ready to be drawn in every language. Made once, at the start.
pub struct Set {
    phrases: Arc<Phrases>,
    english: Handlebars<'static>,
    swahili: Handlebars<'static>,
    style: String,
    scripts: Vec<Script>,
    policy: Policy<'static>,
}

struct Script {
    name: &'static str,
    text: String,
    hash: String,
}

/// A template asks for a value that is not there. Always a mistake of ours.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw {template}")]
pub struct PageError {
    template: &'static str,
    source: Box<RenderError>,
}

#[derive(Serialize)]
struct Root<'a> {
    lang: Language,
    brand: &'a str,
    switch_link: String,
    other_lang: Language,
    refresh_seconds: Option<u32>,
    style: String,
    script: Option<&'a str>,
    #[serde(flatten)]
    around: &'a Value,
    page: &'a Value,
}

impl Set {
    pub fn new(source: Source) -> Self {
        let phrases = Arc::new(source.phrases);
        let script = |(name, text): &(&'static str, &str)| {
            let text = without_comments(text);
            Script { name, hash: hash(&text), text }
        };
        Self {
            english: registry(Language::En, &phrases, source.templates),
            swahili: registry(Language::Sw, &phrases, source.templates),
            phrases,
            style: without_comments(source.style),
            scripts: source.scripts.iter().map(script).collect(),
            policy: source.policy,
        }
    }

    pub fn draw(&self, frame: &Frame, page: &Page) -> Result<String, PageError> {
        let script = |name| self.scripts.iter().find(|script| script.name == name);
        let root = Root {
            lang: frame.lang,
            brand: &frame.brand,
            switch_link: frame.switch_link(),
            other_lang: frame.lang.other(),
            refresh_seconds: page.refresh_seconds,
            style: self.style(frame.accent),
            script: page.script.and_then(script).map(|script| script.text.as_str()),
            around: &frame.around,
            page: &page.content,
        };
        let registry = match frame.lang {
            Language::En => &self.english,
            Language::Sw => &self.swahili,
        };
        let template = page.template;
        let drawn = registry.render(template, &root);
        drawn.map_err(|source| PageError { template, source: Box::new(source) })
    }

    pub fn policy(&self, frame: &Frame, page: &Page) -> String {
        let forms_to = page.forms_to.as_deref().map(|origin| [SELF, origin]);
        let form_action = forms_to.as_ref().map_or(self.policy.form_action, |origins| &origins[..]);
        self.policy_as(frame.accent, &Policy { form_action, ..self.policy })
    }

    /// The value for a page that has another policy than its set.
    pub fn policy_as(&self, accent: Accent, policy: &Policy<'_>) -> String {
        let scripts: Vec<&str> = self.scripts.iter().map(|script| script.hash.as_str()).collect();
        policy.header(&hash(&self.style(accent)), &scripts)
    }

    pub fn knows(&self, phrase: &str) -> bool {
        self.phrases.say(Language::En, phrase, &[]).is_ok()
    }

    fn style(&self, accent: Accent) -> String {
        format!("{}\n{}", self.style, accent.css())
    }
}

/// Drops indentation, empty lines and lines that are only a comment.
fn without_comments(source: &str) -> String {
    let comment =
        |line: &str| line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
    let lines: Vec<&str> =
        source.lines().map(str::trim).filter(|line| !line.is_empty() && !comment(line)).collect();
    lines.join("\n")
}
