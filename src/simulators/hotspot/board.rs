//! The router's board: its files, the variables of its scripts, and the rows of all menus that the
//! hotspot does not hold itself.

use super::{
    HotspotSettings,
    garden::{AddressRule, Garden, HostRule},
};
use crate::simulators::hotspot::console::{Row, Value};
use std::collections::BTreeMap;

const LOG_LINES: usize = 100;

/// Rows, files and variables.
#[derive(Debug, Default)]
pub struct Board {
    pub(super) tables: BTreeMap<&'static str, Vec<Row>>,
    pub files: BTreeMap<String, Vec<u8>>,
    pub(super) globals: BTreeMap<String, Value>,
    made: usize,
}

impl Board {
    /// A board as a router has it whose hotspot was set up by `/ip hotspot setup`.
    pub fn new(settings: &HotspotSettings, files: Vec<(String, Vec<u8>)>) -> Self {
        let mut board = Self::default();
        let folder = &settings.html_directory;
        let whole = |(name, bytes)| (format!("{folder}/{name}"), bytes);
        board.files = files.into_iter().map(whole).collect();
        board.add("interface", &[("name", "bridge"), ("type", "bridge")]);
        let profile = [("name", "hsprof1"), ("html-directory", folder.as_str())];
        board.add("ip hotspot profile", &[("name", "default"), ("html-directory", "hotspot")]);
        board.add("ip hotspot profile", &profile);
        let server = [
            ("name", settings.server_name.as_str()),
            ("interface", "bridge"),
            ("profile", "hsprof1"),
            ("disabled", "no"),
            ("invalid", "no"),
        ];
        board.add("ip hotspot", &server);
        let address = settings.address.split(':').next().unwrap_or_default();
        let address = format!("{address}/24");
        board.add("ip address", &[("address", address.as_str()), ("interface", "bridge")]);
        board
    }

    fn add(&mut self, menu: &'static str, properties: &[(&str, &str)]) {
        let of = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::of_property(text));
        let properties = properties.iter().map(of).collect();
        self.put(menu, properties);
    }

    pub(super) fn put(
        &mut self,
        menu: &'static str,
        properties: BTreeMap<String, Value>,
    ) -> String {
        self.made += 1;
        let id = format!("*{:X}", self.made);
        self.tables.entry(menu).or_default().push(Row { id: id.clone(), properties });
        id
    }

    pub(super) fn note(&mut self, line: BTreeMap<String, Value>) {
        self.put("log", line);
        let log = self.tables.entry("log").or_default();
        let old = log.len().saturating_sub(LOG_LINES);
        log.drain(..old);
    }

    /// The id of a record's row, which is made when it is first changed.
    pub(super) fn only(&mut self, menu: &'static str) -> String {
        match self.rows(menu).first() {
            Some(row) => row.id.clone(),
            None => self.put(menu, BTreeMap::new()),
        }
    }

    pub(super) fn rows(&self, menu: &str) -> &[Row] {
        self.tables.get(menu).map_or(&[], Vec::as_slice)
    }

    /// The files of a folder, by their names in it.
    pub fn folder(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let inside = |(name, bytes): (&String, &Vec<u8>)| {
            let name = name.strip_prefix(folder)?.strip_prefix('/')?;
            Some((name.to_owned(), bytes.clone()))
        };
        self.files.iter().filter_map(inside).collect()
    }

    pub(super) fn has_rules(&self) -> bool {
        !self.rows("ip hotspot walled-garden").is_empty()
            || !self.rows("ip hotspot walled-garden ip").is_empty()
    }

    pub(super) fn garden(&self) -> Garden {
        let on = |row: &&Row| !is_yes(row, "disabled");
        let port = |row: &Row| text(row, "dst-port").parse().ok();
        let host = |row: &Row| HostRule {
            allow: text(row, "action") != "deny",
            dst_host: text(row, "dst-host"),
            path: Some(text(row, "path")).filter(|path| !path.is_empty()),
            dst_port: port(row),
        };
        let address = |row: &Row| AddressRule {
            accept: text(row, "action") == "accept",
            dst_host: text(row, "dst-host") + &text(row, "dst-address"),
            dst_port: port(row),
        };
        Garden {
            hosts: self.rows("ip hotspot walled-garden").iter().filter(on).map(host).collect(),
            addresses: self
                .rows("ip hotspot walled-garden ip")
                .iter()
                .filter(on)
                .map(address)
                .collect(),
        }
    }
}

pub(super) fn text(row: &Row, name: &str) -> String {
    row.properties.get(name).map(Value::property).unwrap_or_default()
}

pub(super) fn is_yes(row: &Row, name: &str) -> bool {
    text(row, name) == "yes"
}

pub(super) fn script(board: &Board, name: &str) -> Option<String> {
    let row = board.rows("system script").iter().find(|row| text(row, "name") == name)?;
    Some(text(row, "source"))
}
