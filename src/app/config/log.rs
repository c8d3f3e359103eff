//! Section `[log]`: what is logged, and how it looks.

use super::reader::{Reader, Reported};
use tracing_subscriber::filter::LevelFilter;

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct Log {
    /// Levels, as `tracing_subscriber` reads them.
    pub level: String,
    pub format: Format,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Text,
    Json,
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let level = reader.required("log.level", level);
        let format = reader.required("log.format", |text| match text {
            "auto" => Some(Format::Auto),
            "text" => Some(Format::Text),
            "json" => Some(Format::Json),
            _ => None,
        });
        Ok(Self { level: level?, format: format? })
    }
}

/// Checked by hand: the library takes a misspelt level for the name of a module.
fn level(text: &str) -> Option<String> {
    let names_level = |part: &str| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        !level.trim().is_empty() && level.trim().parse::<LevelFilter>().is_ok()
    };
    text.split(',').all(names_level).then(|| text.to_owned())
}
