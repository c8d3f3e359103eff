//! Reads file, environment and flags, lays them over each other, and refuses unknown names. Values
//! are still text here.

use super::{
    DEFAULT_FILE, Sources,
    key::{self, Origin},
    keys,
    problem::Problem,
};
use figment::{
    Figment, Metadata, Profile, Provider, Source,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};
use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The list of accounts.
pub(super) const ACCOUNTS: &str = "mpesa.account";
/// The list of SMS gateways.
pub(super) const GATEWAYS: &str = "sms.gateway";
/// The lists, which only the file can hold.
const LISTS: [&str; 2] = [GATEWAYS, ACCOUNTS];

/// What was written.
#[derive(Default)]
pub(super) struct Given {
    pub entries: BTreeMap<String, Entry>,
    pub problems: Vec<Problem>,
}

/// One value that was written.
pub(super) struct Entry {
    pub value: Value,
    pub origin: Origin,
}

impl Given {
    /// Lays the sources over each other.
    pub fn gather(sources: &Sources) -> Self {
        let mut given = Self::default();
        let mut merged = Figment::new();
        if let Some(layer) = given.file(sources.file.as_deref()) {
            merged = merged.merge(layer);
        }
        for layer in given.environment(&sources.environment) {
            merged = merged.merge(layer);
        }
        for layer in given.flags(sources) {
            merged = merged.merge(layer);
        }
        given.flatten(&merged);
        given
    }

    fn file(&mut self, named: Option<&Path>) -> Option<Layer> {
        let path = named.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_owned);
        let shown = path.display().to_string();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => return None,
            Err(error) => {
                self.refuse(&shown, None, format!("the file cannot be read: {error}"));
                return None;
            }
        };
        match Toml::from_str::<Dict>(&text) {
            Ok(values) => Some(Layer { kind: "file", name: shown, values }),
            Err(error) => {
                self.refuse(&shown, None, without_excerpt(&error.to_string()));
                None
            }
        }
    }

    /// One layer for each variable, so that its name is known afterwards. An empty one counts as
    /// not set: that is how service files and containers say so.
    fn environment(&mut self, environment: &[(String, String)]) -> Vec<Layer> {
        let known = keys::names();
        let mut layers = Vec::new();
        for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("LANGO_")) {
            let key = known.iter().find(|key| key::environment_name(key) == *name);
            match key {
                Some(_) if value.is_empty() => {}
                Some(key) => layers.push(Layer::one("environment", name, key, value)),
                None => self.unknown_variable(name, &known),
            }
        }
        layers
    }

    fn unknown_variable(&mut self, name: &str, known: &[String]) {
        let names: Vec<String> = known.iter().map(|key| key::environment_name(key)).collect();
        let of_list = |list: &&str| name.starts_with(&key::environment_name(list));
        let message = if let Some(list) = LISTS.into_iter().find(of_list) {
            format!("belongs to a list, which only the file can hold; write [[{list}]] there")
        } else {
            unknown(key::nearest(name, &names))
        };
        self.refuse(name, Some(Origin::Environment(name.to_owned())), message);
    }

    fn flags(&mut self, sources: &Sources) -> Vec<Layer> {
        let known = keys::names();
        let mut layers = Vec::new();
        for flag in &sources.flags {
            if known.contains(&flag.key) {
                layers.push(Layer::one("flag", &flag.flag, &flag.key, &flag.value));
            } else {
                let origin = Origin::Flag(flag.flag.clone());
                self.refuse(&flag.key, Some(origin), unknown(key::nearest(&flag.key, &known)));
            }
        }
        layers
    }

    /// Turns sections of values into keys, refusing those that no table knows.
    fn flatten(&mut self, merged: &Figment) {
        let known = keys::names();
        let sections = merged.data().unwrap_or_default().into_values().flatten();
        for (section, value) in sections {
            let origin = origin(merged, &value);
            let Value::Dict(_, values) = value else {
                let message = "is in no section; write it under a heading such as [http]";
                self.refuse(&section, origin, message.to_owned());
                continue;
            };
            let prefix = format!("{section}.");
            if section != "sms" && !known.iter().any(|key| key.starts_with(&prefix)) {
                self.refuse(&format!("[{section}]"), None, unknown_section(&section, &known));
                continue;
            }
            for (name, value) in values {
                self.entry(format!("{prefix}{name}"), value, merged, &known);
            }
        }
    }

    fn entry(&mut self, key: String, value: Value, merged: &Figment, known: &[String]) {
        let origin = origin(merged, &value);
        if LISTS.contains(&key.as_str()) || known.contains(&key) {
            let origin = origin.unwrap_or(Origin::Default);
            self.entries.insert(key, Entry { value, origin });
        } else {
            let message = unknown(key::nearest(&key, known));
            self.refuse(&key, origin, message);
        }
    }

    fn refuse(&mut self, key: &str, origin: Option<Origin>, message: String) {
        self.problems.push(Problem { key: key.to_owned(), origin, message });
    }
}

/// Values from one place, with its name.
struct Layer {
    kind: &'static str,
    name: String,
    values: Dict,
}

impl Layer {
    fn one(kind: &'static str, name: &str, key: &str, value: &str) -> Self {
        let (section, key) = key.split_once('.').expect("every key has a section");
        let inner = Dict::from([(key.to_owned(), Value::from(value))]);
        let values = Dict::from([(section.to_owned(), Value::from(inner))]);
        Self { kind, name: name.to_owned(), values }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::from(self.name.clone(), Source::Custom(self.kind.to_owned()))
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn origin(merged: &Figment, value: &Value) -> Option<Origin> {
    let metadata = merged.get_metadata(value.tag())?;
    let name = metadata.name.to_string();
    Some(match metadata.source.as_ref().and_then(Source::custom) {
        Some("environment") => Origin::Environment(name),
        Some("flag") => Origin::Flag(name),
        _ => Origin::File(name),
    })
}

fn unknown(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("is not a key of Lango; did you mean {name}?"),
        None => "is not a key of Lango; docs/reference/configuration.md lists them".to_owned(),
    }
}

fn unknown_section(section: &str, known: &[String]) -> String {
    let sections: Vec<String> = known
        .iter()
        .filter_map(|key| key.split_once('.').map(|(section, _)| section.to_owned()))
        .collect();
    match key::nearest(section, &sections) {
        Some(name) => format!("is not a section of Lango; did you mean [{name}]?"),
        None => "is not a section of Lango; docs/reference/configuration.md lists them".to_owned(),
    }
}

/// A parser's message without the line it quotes, which may hold a secret.
fn without_excerpt(message: &str) -> String {
    let quotes =
        |line: &str| line.trim_start().starts_with(|c: char| c == '|' || c.is_ascii_digit());
    let lines: Vec<&str> = message.lines().filter(|line| !quotes(line)).collect();
    lines.join(": ")
}
