//! Turns text into values, key by key, and collects every problem on the way, so that a person
//! mends a configuration once and not five times.

use super::{
    given::Given,
    key::{Key, Kind, Origin},
    keys,
    problem::{Problem, Problems},
    show::{Row, shown},
};
use figment::value::Value;
use secrecy::SecretString;
use std::{fs, path::Path};

/// A value could not be read; the problem has been noted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported;

/// Reads keys and gathers problems and the rows of `config show`.
pub(super) struct Reader {
    given: Given,
    problems: Vec<Problem>,
    rows: Vec<Row>,
}

/// A value as text, and where it was written.
struct Written {
    text: String,
    origin: Origin,
}

impl Reader {
    /// Begins with the problems that were met while gathering.
    pub fn new(mut given: Given) -> Self {
        let problems = std::mem::take(&mut given.problems);
        Self { given, problems, rows: Vec::new() }
    }

    /// Whether a key, or its `…_file`, was written anywhere.
    pub fn is_given(&self, name: &str) -> bool {
        let entries = &self.given.entries;
        entries.contains_key(name) || entries.contains_key(&format!("{name}_file"))
    }

    /// A key that has a default.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Reported> {
        let value = self.optional(name, parse)?;
        Ok(value.expect("the key's table entry has a default"))
    }

    /// A key that may be left out.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Reported> {
        let key = keys::find(name);
        let Some(written) = self.written(key)? else {
            self.rows.push(Row { key: name.to_owned(), value: None, origin: Origin::Default });
            return Ok(None);
        };
        let Written { text, origin } = written;
        let shown = shown(&text, key.kind);
        let Some(value) = parse(&text) else {
            let what = if key.kind == Kind::Secret { "the value" } else { &format!("`{shown}`") };
            let message = format!("{what} does not fit; write {}", key.write);
            return self.refuse(name, Some(origin), message);
        };
        self.rows.push(Row { key: name.to_owned(), value: Some(shown), origin });
        Ok(Some(value))
    }

    /// A secret that may be left out. Blanks around it are a slip of copying, never part of it.
    pub fn secret(&mut self, name: &'static str) -> Result<Option<SecretString>, Reported> {
        let clean = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        self.optional(name, |text| clean(text).then(|| SecretString::from(text)))
    }

    /// The entries of a list, as they stand in the file.
    pub fn list(&mut self, name: &str) -> Result<Vec<serde_json::Value>, Reported> {
        let Some(entry) = self.given.entries.get(name) else {
            return Ok(Vec::new());
        };
        if let Ok(list) = entry.value.deserialize() {
            return Ok(list);
        }
        let origin = entry.origin.clone();
        let message = format!("is a list; write one [[{name}]] for each entry");
        self.refuse(name, Some(origin), message)
    }

    /// Adds a row to `config show` that is no key of a table.
    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Where a key was written; for an entry of a list (`sms.gateway[0]`), where the list was.
    pub fn origin(&self, name: &str) -> Option<Origin> {
        let name = name.split('[').next().unwrap_or(name);
        let entries = &self.given.entries;
        let entry = entries.get(name).or_else(|| entries.get(&format!("{name}_file")))?;
        Some(entry.origin.clone())
    }

    /// Notes a problem with a key.
    pub fn problem(&mut self, key: &str, message: String) {
        let origin = self.origin(key);
        self.problems.push(Problem { key: key.to_owned(), origin, message });
    }

    /// The rows, or the problems if there were any.
    pub fn finish(self) -> Result<Vec<Row>, Problems> {
        if self.problems.is_empty() { Ok(self.rows) } else { Err(Problems(self.problems)) }
    }

    /// What stands for a key: written, in the file its `…_file` names, or its default.
    fn written(&mut self, key: &Key) -> Result<Option<Written>, Reported> {
        let in_file = match key.file_name() {
            Some(name) => self.text(&name)?.map(|path| (name, path)),
            None => None,
        };
        match (self.text(key.name)?, in_file) {
            (Some(_), Some((name, path))) => {
                let message = format!(
                    "{} is set as well ({}); keep one of the two",
                    key.name,
                    self.origin(key.name).unwrap_or(Origin::Default)
                );
                self.refuse(&name, Some(path.origin), message)
            }
            (Some(written), None) => Ok(Some(written)),
            (None, Some((name, path))) => self.read_file(name, path).map(Some),
            (None, None) => Ok(key
                .default
                .map(|text| Written { text: text.to_owned(), origin: Origin::Default })),
        }
    }

    fn read_file(&mut self, name: String, path: Written) -> Result<Written, Reported> {
        match fs::read_to_string(&path.text) {
            Ok(text) => {
                let origin = Origin::SecretFile(Path::new(&path.text).to_owned());
                self.rows.push(Row { key: name, value: Some(path.text), origin: path.origin });
                Ok(Written { text: text.trim_end_matches(['\r', '\n']).to_owned(), origin })
            }
            Err(error) => {
                let message = format!(
                    "`{}` cannot be read ({error}); write the path of a file that Lango may read",
                    path.text
                );
                self.refuse(&name, Some(path.origin), message)
            }
        }
    }

    /// Numbers and on/off may be written bare in the file: all is read as text.
    fn text(&mut self, name: &str) -> Result<Option<Written>, Reported> {
        let Some(entry) = self.given.entries.get(name) else {
            return Ok(None);
        };
        let origin = entry.origin.clone();
        let text = match &entry.value {
            Value::String(_, text) => text.clone(),
            Value::Bool(_, true) => "on".to_owned(),
            Value::Bool(_, false) => "off".to_owned(),
            Value::Num(_, number) => match (number.to_u128(), number.to_i128()) {
                (Some(number), _) => number.to_string(),
                (None, Some(number)) => number.to_string(),
                (None, None) => {
                    number.to_f64().map(|number| number.to_string()).unwrap_or_default()
                }
            },
            Value::Char(..) | Value::Empty(..) | Value::Dict(..) | Value::Array(..) => {
                let message = "is one value, not a list or table; write it in quotes".to_owned();
                return self.refuse(name, Some(origin), message);
            }
        };
        Ok(Some(Written { text, origin }))
    }

    fn refuse<T>(
        &mut self,
        key: &str,
        origin: Option<Origin>,
        message: String,
    ) -> Result<T, Reported> {
        self.problems.push(Problem { key: key.to_owned(), origin, message });
        Err(Reported)
    }
}
