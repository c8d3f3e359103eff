//! `lango audit export`

use super::event_json;
use crate::{
    app::{self, config::Config},
    store::StoredEvent,
};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use std::{
    io::{BufWriter, Write},
    process::ExitCode,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// How: a table for spreadsheets, or a JSON object a line.
    #[arg(long, value_enum)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

impl Export {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let books = app::open_books(config).await?;
        let out = BufWriter::new(std::io::stdout().lock());
        let mut writer = match self.format {
            Format::Csv => Writer::Csv(Box::new(csv::Writer::from_writer(out))),
            Format::Jsonl => Writer::Jsonl(out),
        };
        writer.begin().context("cannot write the history")?;
        let mut after = 0;
        while let Some(page) = books.ledger_page(after).await? {
            for event in page.events() {
                writer.write(&event?.to_stored()).context("cannot write the history")?;
            }
            after = page.last;
        }
        writer.end().context("cannot write the history")?;
        Ok(ExitCode::SUCCESS)
    }
}

enum Writer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

/// The columns, in the order in which their values are written.
const COLUMNS: [&str; 13] = [
    "position",
    "time",
    "recorded_at",
    "business_day",
    "stream",
    "version",
    "kind",
    "schema",
    "correlation",
    "actor",
    "once",
    "data",
    "hash",
];

impl<W: Write> Writer<W> {
    fn begin(&mut self) -> anyhow::Result<()> {
        if let Self::Csv(out) = self {
            out.write_record(COLUMNS)?;
        }
        Ok(())
    }

    fn write(&mut self, event: &StoredEvent) -> anyhow::Result<()> {
        match self {
            Self::Csv(out) => out.write_record(values(event))?,
            Self::Jsonl(out) => writeln!(out, "{}", serde_json::to_string(&event_json(event)?)?)?,
        }
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Csv(out) => out.flush()?,
            Self::Jsonl(out) => out.flush()?,
        }
        Ok(())
    }
}

fn values(event: &StoredEvent) -> [String; 13] {
    [
        event.position.to_string(),
        event.recorded_at.rfc3339(),
        event.recorded_at.0.to_string(),
        event.business_day.clone(),
        event.stream.clone(),
        event.version.to_string(),
        event.kind.clone(),
        event.schema.to_string(),
        event.correlation.clone().unwrap_or_default(),
        event.actor.clone(),
        event.once.clone().unwrap_or_default(),
        event.data.clone(),
        crate::ledger::kernel::chain::hex(&event.hash),
    ]
}
