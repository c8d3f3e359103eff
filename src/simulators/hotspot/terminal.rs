//! The router's terminal: runs scripts, and then sets the hotspot up as the board's rows say.

use super::{
    Hotspot, LoginMethod, Version,
    board::{is_yes, script, text},
    device::Run,
    rows::{date, day},
};
use crate::simulators::hotspot::console::{self, Row, Scope, ScriptError, Value};
use std::time::Duration;

/// How often [`Hotspot::keep_time`] looks at the jobs.
const MINUTE: Duration = Duration::from_mins(1);

/// What a run printed, and why it ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    pub lines: Vec<String>,
    pub error: Option<ScriptError>,
}

impl Transcript {
    /// As it is read at a terminal.
    pub fn text(&self) -> String {
        let error = self.error.as_ref().map(ToString::to_string);
        self.lines.iter().cloned().chain(error).collect::<Vec<_>>().join("\n")
    }
}

impl Hotspot {
    /// Runs a text as a technician would paste it, or import it.
    pub async fn terminal(&self, text: &str) -> Transcript {
        let text = text.to_owned();
        self.apart(move |hotspot| hotspot.import(&text)).await
    }

    /// The same for a text that fetches nothing; a fetch would block the caller.
    pub fn import(&self, text: &str) -> Transcript {
        self.run(text, Scope::Lines, &[])
    }

    /// Runs on a thread of its own, because a fetch waits for another server.
    async fn apart<T: Send + 'static>(&self, run: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        let hotspot = self.clone();
        let running = tokio::task::spawn_blocking(move || run(&hotspot));
        running.await.expect("the terminal does not panic")
    }

    /// Runs the scheduler's jobs once, as when a minute has passed.
    pub async fn minute(&self) -> Vec<Transcript> {
        self.apart(Self::run_scheduled).await
    }

    /// Runs the jobs every minute, for programs whose clock moves by itself.
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
            self.run(&source, Scope::Whole, &[])
        };
        jobs.iter().map(run).collect()
    }

    /// Whether a job's time has come, by the router's own clock. 7.24.0 to 7.24.4 pass over a job
    /// without a start of its own.
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

    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.board().files.get(name).cloned()
    }

    /// Copies a file to the router, as a technician would.
    pub fn copy_file(&self, name: &str, bytes: &[u8]) {
        self.board().files.insert(name.to_owned(), bytes.to_vec());
    }

    /// Runs the `on-login` scripts of logins since the last call.
    pub(super) fn run_hooks(&self) {
        let logins = std::mem::take(&mut self.book().logins);
        for login in logins {
            let given = [
                ("user", Value::text(login.user.clone())),
                ("username", Value::text(login.user)),
                ("address", Value::text(login.ip.to_string())),
                ("mac-address", Value::text(login.mac)),
            ];
            self.run(&login.script, Scope::Whole, &given);
        }
    }

    fn run(&self, source: &str, scope: Scope, given: &[(&str, Value)]) -> Transcript {
        let mut globals = std::mem::take(&mut self.board().globals);
        self.book().tick_all(self.now());
        let had_rules = self.board().has_rules();
        let mut run = Run { hotspot: self, lines: vec![] };
        let error = console::run(&mut run, &mut globals, source, scope, given).err();
        let lines = run.lines;
        self.board().globals = globals;
        self.settle(had_rules);
        Transcript { lines, error }
    }

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
