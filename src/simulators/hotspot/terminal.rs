//! The router's terminal: what scripts do to users, profiles, walled garden, files and the rest.
//! What the hotspot works with is changed there; all else is rows on a board.

use super::{
    Hotspot, HotspotSettings, LoginMethod, Version,
    device::Run,
    garden::{AddressRule, Garden, HostRule},
    rows::{date, day},
};
use crate::simulators::hotspot::console::{self, Row, Scope, ScriptError, Value};
use std::{collections::BTreeMap, net::IpAddr, time::Duration};

/// How often [`Hotspot::keep_time`] looks at the jobs.
const MINUTE: Duration = Duration::from_mins(1);

/// How many lines the log keeps.
const LOG_LINES: usize = 100;

/// Rows, files and variables.
#[derive(Debug, Default)]
pub struct Board {
    pub(super) tables: BTreeMap<&'static str, Vec<Row>>,
    /// By their whole names.
    pub files: BTreeMap<String, Vec<u8>>,
    globals: BTreeMap<String, Value>,
    made: usize,
}

/// What a run left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// What it printed.
    pub lines: Vec<String>,
    /// Why it ended early.
    pub error: Option<ScriptError>,
}

impl Transcript {
    /// As it is read at a terminal.
    pub fn text(&self) -> String {
        let error = self.error.as_ref().map(ToString::to_string);
        self.lines.iter().cloned().chain(error).collect::<Vec<_>>().join("\n")
    }
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

    /// A line of the log, which keeps the last ones.
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
}

impl Hotspot {
    /// Runs a text as a technician would paste it, or import it.
    pub async fn terminal(&self, text: &str) -> Transcript {
        let text = text.to_owned();
        self.apart(move |hotspot| hotspot.import(&text)).await
    }

    /// The same for a text that fetches nothing: whoever fetches, waits.
    pub fn import(&self, text: &str) -> Transcript {
        self.run((text, Scope::Lines), &[])
    }

    /// Runs what may wait for other servers on a thread where nobody else waits.
    async fn apart<T: Send + 'static>(&self, run: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        let hotspot = self.clone();
        let running = tokio::task::spawn_blocking(move || run(&hotspot));
        running.await.expect("the terminal does not panic")
    }

    /// A minute passes: what the scheduler has is run once.
    pub async fn minute(&self) -> Vec<Transcript> {
        self.apart(Self::run_scheduled).await
    }

    /// Minutes pass for ever, for programs whose clock moves by itself.
    pub async fn keep_time(self) {
        loop {
            tokio::time::sleep(MINUTE).await;
            for ran in self.minute().await.iter().filter(|ran| ran.error.is_some()) {
                tracing::warn!(said = ran.text(), "a job of the simulated router failed");
            }
        }
    }

    fn run_scheduled(&self) -> Vec<Transcript> {
        let jobs: Vec<String> = {
            let board = self.board();
            let jobs = board.rows("system scheduler").iter();
            let due = jobs.filter(|row| !is_yes(row, "disabled") && self.has_started(row));
            due.map(|row| text(row, "on-event")).collect()
        };
        let run = |job: &String| {
            let source = script(&self.board(), job).unwrap_or_else(|| job.clone());
            self.run((&source, Scope::Whole), &[])
        };
        jobs.iter().map(run).collect()
    }

    /// Whether a job's time has come, by the router's own clock. One without a start of its own is
    /// passed over by 7.24.0 to 7.24.4 (facts 6.6).
    fn has_started(&self, job: &Row) -> bool {
        let settings = self.settings();
        let today = date(self.now().plus(settings.clock_error), settings.version);
        let start = text(job, "start-date");
        let passed_over = Version(7, 24, 0)..Version(7, 24, 5);
        match (day(&start), day(&today)) {
            (Some(start), Some(today)) => start <= today,
            _ => !passed_over.contains(&settings.version),
        }
    }

    /// The terminal's files: name and content.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.board().files.get(name).cloned()
    }

    /// Copies a file to the router, as a technician would.
    pub fn copy_file(&self, name: &str, bytes: &[u8]) {
        self.board().files.insert(name.to_owned(), bytes.to_vec());
    }

    /// Runs what profiles have for logins that happened since.
    pub(super) fn run_hooks(&self) {
        let logins = std::mem::take(&mut self.book().logins);
        for login in logins {
            let given = [
                ("user", Value::text(login.user.clone())),
                ("username", Value::text(login.user)),
                ("address", Value::text(login.ip.to_string())),
                ("mac-address", Value::text(login.mac)),
            ];
            self.run((&login.script, Scope::Whole), &given);
        }
    }

    fn run(&self, source: (&str, Scope), given: &[(&str, Value)]) -> Transcript {
        let now = self.now();
        let mut globals = std::mem::take(&mut self.board().globals);
        {
            let mut book = self.book();
            let everyone: Vec<IpAddr> = book.clients.keys().copied().collect();
            for ip in everyone {
                book.tick(ip, now);
            }
        }
        let had_rules = self.board().has_rules();
        let mut run = Run { hotspot: self, lines: vec![] };
        let error = console::run(&mut run, &mut globals, source, given).err();
        let lines = run.lines;
        self.board().globals = globals;
        self.settle(had_rules);
        Transcript { lines, error }
    }

    /// Has the hotspot work as the rows say now.
    fn settle(&self, had_rules: bool) {
        let board = self.board();
        let garden = (had_rules || board.has_rules()).then(|| board.garden());
        let servers = board.rows("ip hotspot");
        let server = servers.iter().find(|row| !is_yes(row, "disabled"));
        let named = server.map(|server| text(server, "profile"));
        let mut profiles = board.rows("ip hotspot profile").iter();
        let profile = profiles.find(|row| Some(text(row, "name")) == named);
        self.configure(|settings| {
            if let Some(garden) = garden {
                settings.garden = garden;
            }
            if let Some(server) = server {
                settings.server_name = text(server, "name");
            }
            let Some(profile) = profile else { return };
            settings.html_directory = text(profile, "html-directory");
            let methods = text(profile, "login-by");
            if !methods.is_empty() {
                settings.login_by = methods.split(',').filter_map(LoginMethod::parse).collect();
            }
        });
    }
}

pub(super) fn text(row: &Row, name: &str) -> String {
    row.properties.get(name).map(Value::property).unwrap_or_default()
}

fn is_yes(row: &Row, name: &str) -> bool {
    text(row, name) == "yes"
}

pub(super) fn script(board: &Board, name: &str) -> Option<String> {
    let row = board.rows("system script").iter().find(|row| text(row, "name") == name)?;
    Some(text(row, "source"))
}

impl Board {
    fn has_rules(&self) -> bool {
        !self.rows("ip hotspot walled-garden").is_empty()
            || !self.rows("ip hotspot walled-garden ip").is_empty()
    }

    fn garden(&self) -> Garden {
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
