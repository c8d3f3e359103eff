//! What scripts run on: a device with menus of rows.

use super::value::Value;
use std::collections::BTreeMap;

/// A row of a menu: its id, and its properties.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// Such as `*1F`; empty for a menu that is one record.
    pub id: String,
    pub properties: BTreeMap<String, Value>,
}

/// What a command was given besides its name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments {
    pub unnamed: Vec<Value>,
    pub named: Vec<(String, Value)>,
}

impl Arguments {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.named.iter().rev().find(|(it, _)| it == name).map(|(_, value)| value)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Value::property)
    }
}

/// What the commands are run on.
pub trait Device {
    fn is_menu(&self, path: &[&str]) -> bool;
    /// Whether a menu has a command; the language's own are in the menu `:`.
    fn knows(&self, menu: &str, verb: &str) -> bool;
    fn has_property(&self, menu: &str, name: &str) -> bool;
    fn rows(&mut self, menu: &str) -> Result<Vec<Row>, String>;
    fn run(&mut self, menu: &str, verb: &str, given: &Arguments) -> Result<Value, String>;
    /// The text that `/import` or `/system script run` names.
    fn source(
        &mut self,
        menu: &str,
        verb: &str,
        given: &Arguments,
    ) -> Option<Result<String, String>>;
    fn print(&mut self, line: &str);
}

/// Why a script ended before its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why} (line {line})")]
pub struct ScriptError {
    pub line: usize,
    pub why: String,
}
