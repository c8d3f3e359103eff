//! Every sentence a buyer reads, in English and Swahili, from `phrases.toml`.
//!
//! A phrase has both languages or the file does not load. Parameters stand in braces (`{phone}`);
//! a phrase that counts has two forms, `one` and `other`, chosen by its parameter `count`. A
//! phrase is plain text: whoever puts it into a page escapes it.

use crate::ledger::purchase::Language;
use figment::{
    Figment,
    providers::{Format, Toml},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Why a phrase could not be said. Always a mistake of ours; tests render every page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    #[error("phrase {0} is not in phrases.toml")]
    Unknown(String),
    /// The phrase has a brace that nobody filled.
    #[error("phrase {key} wants the parameter {name}")]
    Missing { key: String, name: String },
}

/// A value put into a phrase: its name and its text.
pub type Parameter<'a> = (&'a str, String);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrase {
    en: Wording,
    sw: Wording,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Wording {
    Plain(String),
    Counted { one: String, other: String },
}

/// All phrases by section and name.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Phrases(BTreeMap<String, BTreeMap<String, Phrase>>);

impl Phrases {
    /// Reads the phrases that are built into the program.
    pub fn built_in() -> Self {
        Figment::from(Toml::string(include_str!("phrases.toml")))
            .extract()
            .expect("phrases.toml is read by the tests, both languages in every phrase")
    }

    /// The same with those of the desk, which only staff read.
    pub fn of_the_desk() -> Self {
        Figment::from(Toml::string(include_str!("phrases.toml")))
            .merge(Toml::string(include_str!("phrases_desk.toml")))
            .extract()
            .expect("phrases_desk.toml is read by the tests, both languages in every phrase")
    }

    /// The keys of all phrases.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(section, phrases)| {
            phrases.keys().map(move |name| format!("{section}.{name}"))
        })
    }

    /// The phrase `section.name` in `lang`, its braces filled from `parameters`.
    pub fn say(
        &self,
        lang: Language,
        key: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<String, PhraseError> {
        let phrase = key
            .split_once('.')
            .and_then(|(section, name)| self.0.get(section)?.get(name))
            .ok_or_else(|| PhraseError::Unknown(key.to_owned()))?;
        let wording = match lang {
            Language::En => &phrase.en,
            Language::Sw => &phrase.sw,
        };
        let text = match wording {
            Wording::Plain(text) => text,
            Wording::Counted { one, other } => {
                let count = find(parameters, "count").ok_or_else(|| missing(key, "count"))?;
                if count == "1" { one } else { other }
            }
        };
        fill(key, text, parameters)
    }

    /// A span of time as people say it: the largest unit that fits without a rest.
    pub fn lasts(&self, lang: Language, seconds: u64) -> Result<String, PhraseError> {
        let units = [("weeks", 604_800), ("days", 86_400), ("hours", 3600)];
        let fits = units.into_iter().find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit));
        let (unit, count) = match fits {
            Some((name, unit)) => (name, seconds / unit),
            None => ("minutes", seconds.div_ceil(60)),
        };
        self.say(lang, &format!("lasts.{unit}"), &[("count", count.to_string())])
    }
}

fn find<'a>(parameters: &'a [Parameter<'_>], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn missing(key: &str, name: &str) -> PhraseError {
    PhraseError::Missing { key: key.to_owned(), name: name.to_owned() }
}

/// One pass, so that a brace inside a value stays as it is.
fn fill(key: &str, text: &str, parameters: &[Parameter<'_>]) -> Result<String, PhraseError> {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| missing(key, "}"))?;
        filled.push_str(before);
        filled.push_str(find(parameters, name).ok_or_else(|| missing(key, name))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn braces(wording: &Wording) -> BTreeSet<String> {
        let of = |text: &str| -> BTreeSet<String> {
            text.split('{')
                .skip(1)
                .map(|rest| rest.split_once('}').expect("a closed brace").0.to_owned())
                .collect()
        };
        match wording {
            Wording::Plain(text) => of(text),
            Wording::Counted { one, other } => {
                let mut names = of(other);
                names.extend(of(one));
                names.insert("count".to_owned());
                names
            }
        }
    }

    fn texts(wording: &Wording) -> Vec<&str> {
        match wording {
            Wording::Plain(text) => vec![text],
            Wording::Counted { one, other } => vec![one, other],
        }
    }

    #[test]
    fn both_languages_say_the_same_things() {
        for (section, phrases) in &Phrases::of_the_desk().0 {
            for (name, phrase) in phrases {
                assert_eq!(braces(&phrase.en), braces(&phrase.sw), "{section}.{name}");
                for text in [texts(&phrase.en), texts(&phrase.sw)].concat() {
                    assert!(!text.trim().is_empty(), "{section}.{name} is empty");
                    assert_eq!(text.trim(), text, "{section}.{name} has stray spaces");
                }
            }
        }
    }

    #[test]
    fn a_swahili_phrase_is_not_english_left_over() {
        for (section, phrases) in &Phrases::of_the_desk().0 {
            for (name, phrase) in phrases {
                assert_ne!(texts(&phrase.en), texts(&phrase.sw), "{section}.{name}");
            }
        }
    }

    #[test]
    fn one_thing_and_many_things_read_well() {
        let phrases = Phrases::built_in();
        let days = |lang, count: &str| {
            phrases.say(lang, "lasts.days", &[("count", count.to_owned())]).unwrap()
        };
        assert_eq!(days(Language::En, "1"), "1 day");
        assert_eq!(days(Language::En, "3"), "3 days");
        assert_eq!(days(Language::Sw, "1"), "siku 1");
        assert_eq!(days(Language::Sw, "3"), "siku 3");
    }

    #[test]
    fn a_brace_nobody_filled_is_an_error() {
        let phrases = Phrases::built_in();
        assert_eq!(
            phrases.say(Language::En, "lasts.days", &[]),
            Err(PhraseError::Missing { key: "lasts.days".into(), name: "count".into() })
        );
        assert_eq!(
            phrases.say(Language::En, "lasts.ages", &[]),
            Err(PhraseError::Unknown("lasts.ages".into()))
        );
    }

    #[test]
    fn a_brace_inside_a_value_stays() {
        let filled = fill("k", "to {who}, {who}", &[("who", "{x}".into())]);
        assert_eq!(filled.as_deref(), Ok("to {x}, {x}"));
    }

    #[test]
    fn a_language_is_read_from_where_it_stands() {
        assert_eq!(Language::parse("sw-KE,en;q=0.8"), Some(Language::Sw));
        assert_eq!(Language::parse("EN"), Some(Language::En));
        for other in ["", "s", "fr", "ßw"] {
            assert_eq!(Language::parse(other), None, "{other}");
        }
    }
}
