//! Logs: one line for a person on a terminal, one JSON object for a machine elsewhere, to standard
//! error. What is in a line is the caller's duty; this module must never add a request's body or
//! headers to it.

use crate::app::config::{Format, Log};
use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// Said after every configured level: from `debug` on, the template engine logs what it renders,
/// codes and receipts among it.
const NEVER: &str = "handlebars=off";

/// Starts logging as configured; a panic is logged once, where it happens. A second start in one
/// process is refused by the library and changes nothing, so that a test's capture stays in place.
pub fn init(log: &Log) {
    let json = match log.format {
        Format::Json => true,
        Format::Text => false,
        Format::Auto => !io::stderr().is_terminal(),
    };
    let colours = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("{},{NEVER}", log.level)))
        .with_ansi(colours)
        .with_writer(io::stderr);
    let started = if json { lines.json().try_init() } else { lines.compact().try_init() };
    if started.is_err() {
        tracing::debug!("logging had been started already");
    }
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let why = panic.payload_as_str().unwrap_or("it does not say why");
        tracing::error!(at, "panicked at {at}: {why}");
    }));
}

/// Log lines kept in memory, for tests that look for what must not be there.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

/// Keeps every line of this process, from level `trace` of ours and `debug` of others on. All
/// callers share one capture, because a process has one log; searching it for a story's own
/// secrets is sound whatever else is in it.
pub fn init_captured() -> Captured {
    static CAPTURED: OnceLock<Captured> = OnceLock::new();
    let start = || {
        let captured = Captured::default();
        let lines = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(format!("debug,lango=trace,{NEVER}")))
            .with_ansi(false)
            .with_writer(captured.clone());
        lines.compact().try_init().expect("nobody else in a test process starts logging");
        captured
    };
    CAPTURED.get_or_init(start).clone()
}

impl Captured {
    /// Everything so far.
    pub fn text(&self) -> String {
        self.text_from(0)
    }

    /// Where the next line will stand.
    pub fn mark(&self) -> usize {
        self.bytes().len()
    }

    /// What came since a mark: a process that tells hundreds of stories has a log of gigabytes.
    pub fn text_from(&self, mark: usize) -> String {
        String::from_utf8_lossy(&self.bytes()[mark..]).into_owned()
    }

    /// The lines that hold `needle`; comparing letters as they are.
    pub fn lines_with(&self, needle: &str) -> Vec<String> {
        self.text().lines().filter(|line| line.contains(needle)).map(str::to_owned).collect()
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Captured {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_captured_and_found_again() {
        let captured = init_captured();
        tracing::info!(site.id = "mtaa", "a router reported from mtaa");
        tracing::trace!("quietly");
        let again = init_captured();
        assert_eq!(again.lines_with("a router reported").len(), 1);
        assert_eq!(captured.lines_with("quietly").len(), 1);
        assert!(captured.lines_with("nobody said this").is_empty());
    }

    #[test]
    fn the_template_engine_says_nothing_at_any_level() {
        let captured = init_captured();
        let mut engine = handlebars::Handlebars::new();
        engine.register_template_string("page", "{{#if code}}{{code}}{{/if}}").unwrap();
        let page = engine.render("page", &serde_json::json!({"code": "ZQ7-NOBODY"})).unwrap();
        assert_eq!(page, "ZQ7-NOBODY");
        assert!(captured.lines_with(&page).is_empty());
    }
}
