//! Templates for requests: text with `{{to|json}}`, `{{text|url}}`, `{{secret.name|form}}`.
//!
//! The filter is mandatory and must be one that the place allows: what a person typed can never end
//! a string, add a field or begin a header.

use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// A template, read and checked.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Literal(String),
    Value(Source, Filter),
}

#[derive(Debug, Clone)]
enum Source {
    To,
    Text,
    Secret(SecretString),
}

/// How a value is written so that it stays a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    Json,
    /// Percent-encoded, a space as `%20`.
    Url,
    /// Percent-encoded, a space as `+`.
    Form,
    /// As it is; the header refuses what would end it.
    Header,
}

/// What is filled in.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    pub to: &'a str,
    pub text: &'a str,
}

/// Why a template does not read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TemplateError {
    /// `{{` without `}}`.
    #[error("{{{{ is not closed")]
    Unclosed,
    #[error("there is no {name} to fill in")]
    UnknownName { name: String },
    /// Nothing is filled in as it is.
    #[error("{name} needs a filter, as in {{{{{name}|json}}}}")]
    FilterMissing { name: String },
    #[error("filter {filter} does not belong here")]
    Filter { filter: String },
}

impl Template {
    /// Reads a template whose values may pass the given filters only.
    pub fn parse(
        written: &str,
        allowed: &[Filter],
        secrets: &BTreeMap<String, SecretString>,
    ) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = written;
        while let Some((literal, from)) = rest.split_once("{{") {
            let (inside, after) = from.split_once("}}").ok_or(TemplateError::Unclosed)?;
            pieces.push(Piece::Literal(literal.to_owned()));
            pieces.push(placeholder(inside, allowed, secrets)?);
            rest = after;
        }
        pieces.push(Piece::Literal(rest.to_owned()));
        Ok(Self { pieces })
    }

    pub fn render(&self, values: Values<'_>) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => out.push_str(literal),
                Piece::Value(source, filter) => {
                    let value = match source {
                        Source::To => values.to,
                        Source::Text => values.text,
                        Source::Secret(secret) => secret.expose_secret(),
                    };
                    out.push_str(&filter.apply(value));
                }
            }
        }
        out
    }

    /// What stands before the first placeholder.
    pub fn head(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal(literal)) => literal,
            Some(Piece::Value(..)) | None => "",
        }
    }

    pub fn has_to(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Value(Source::To, _)))
    }

    pub fn has_text(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Value(Source::Text, _)))
    }
}

impl Filter {
    fn apply(self, value: &str) -> String {
        let encoded = || url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
        match self {
            Self::Json => serde_json::Value::from(value).to_string(),
            Self::Form => encoded(),
            // A plus sign of the value itself is `%2B` by now.
            Self::Url => encoded().replace('+', "%20"),
            Self::Header => value.to_owned(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "url" => Self::Url,
            "form" => Self::Form,
            "header" => Self::Header,
            _ => return None,
        })
    }
}

fn placeholder(
    inside: &str,
    allowed: &[Filter],
    secrets: &BTreeMap<String, SecretString>,
) -> Result<Piece, TemplateError> {
    let (name, filter) = match inside.split_once('|') {
        Some((name, filter)) => (name.trim(), Some(filter.trim())),
        None => (inside.trim(), None),
    };
    let source = match name {
        "to" => Some(Source::To),
        "text" => Some(Source::Text),
        _ => name
            .strip_prefix("secret.")
            .and_then(|name| secrets.get(name))
            .cloned()
            .map(Source::Secret),
    };
    let source = source.ok_or_else(|| TemplateError::UnknownName { name: name.to_owned() })?;
    let written = filter.ok_or_else(|| TemplateError::FilterMissing { name: name.to_owned() })?;
    let filter = Filter::named(written).filter(|filter| allowed.contains(filter));
    let filter = filter.ok_or_else(|| TemplateError::Filter { filter: written.to_owned() })?;
    Ok(Piece::Value(source, filter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secrets() -> BTreeMap<String, SecretString> {
        BTreeMap::from([("key".to_owned(), SecretString::from("k&\"y"))])
    }

    fn parse(written: &str, allowed: &[Filter]) -> Result<Template, TemplateError> {
        Template::parse(written, allowed, &secrets())
    }

    #[test]
    fn values_are_filled_in_escaped() {
        let template =
            parse(r#"{"a":{"to":{{to|json}}},"k":{{ secret.key | json }}}"#, &[Filter::Json])
                .unwrap();
        let filled = template.render(Values { to: "0712", text: "" });
        assert_eq!(filled, r#"{"a":{"to":"0712"},"k":"k&\"y"}"#);
        let query = parse("t={{text|url}}&f={{text|form}}", &[Filter::Url, Filter::Form]).unwrap();
        assert_eq!(query.render(Values { to: "", text: "a b+&" }), "t=a%20b%2B%26&f=a+b%2B%26");
    }

    #[test]
    fn a_filter_is_mandatory_and_fits_its_place() {
        let error = |written| parse(written, &[Filter::Json]).unwrap_err();
        assert_eq!(error("{{text}}"), TemplateError::FilterMissing { name: "text".into() });
        assert_eq!(error("{{text|url}}"), TemplateError::Filter { filter: "url".into() });
        assert_eq!(error("{{text|raw}}"), TemplateError::Filter { filter: "raw".into() });
        assert_eq!(error("{{text|json"), TemplateError::Unclosed);
        assert_eq!(error("{{code|json}}"), TemplateError::UnknownName { name: "code".into() });
        let other = error("{{secret.other|json}}");
        assert_eq!(other, TemplateError::UnknownName { name: "secret.other".into() });
    }

    #[test]
    fn a_template_does_not_print_its_secrets() {
        let template = parse("{{secret.key|json}}", &[Filter::Json]).unwrap();
        assert!(!format!("{template:?}").contains("k&"));
    }

    proptest! {
        #[test]
        fn what_is_typed_stays_one_json_value(text in any::<String>()) {
            let template = parse(r#"{"m":{{text|json}},"n":1}"#, &[Filter::Json]).unwrap();
            let filled = template.render(Values { to: "", text: &text });
            let read: serde_json::Value = serde_json::from_str(&filled).unwrap();
            prop_assert_eq!(read, serde_json::json!({"m": text, "n": 1}));
        }

        #[test]
        fn what_is_typed_stays_one_field(text in any::<String>()) {
            for filter in ["url", "form"] {
                let written = format!("m={{{{text|{filter}}}}}&n=1");
                let template = parse(&written, &[Filter::Url, Filter::Form]).unwrap();
                let filled = template.render(Values { to: "", text: &text });
                let read: Vec<_> = url::form_urlencoded::parse(filled.as_bytes()).collect();
                let meant = [("m".into(), text.as_str().into()), ("n".into(), "1".into())];
                prop_assert_eq!(&read, &meant);
            }
        }

        #[test]
        fn reading_a_template_never_panics(written in "[{}|a-z. ]{0,40}") {
            let _ = parse(&written, &[Filter::Json]);
        }
    }
}
