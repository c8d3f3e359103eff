//! `lango audit export`

use super::{as_json, as_row};
use crate::app::{self, config::Config};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use std::io::{BufWriter, Write as _};

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// A table for spreadsheets, or one JSON object a line.
    #[arg(long, value_enum)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

impl Export {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        const ATTEMPT: &str = "cannot write the history";
        let books = app::open_books(config).await?;
        let mut out = csv::Writer::from_writer(BufWriter::new(std::io::stdout().lock()));
        let mut lines = BufWriter::new(std::io::stdout().lock());
        let mut after = 0;
        while let Some(page) = books.ledger_page(after).await? {
            for event in page.events() {
                let event = event?.to_stored();
                match self.format {
                    Format::Csv => out.serialize(as_row(&event)).context(ATTEMPT)?,
                    Format::Jsonl => {
                        let line = serde_json::to_string(&as_json(&event)?)?;
                        writeln!(lines, "{line}").context(ATTEMPT)?;
                    }
                }
            }
            after = page.last;
        }
        out.flush().and_then(|()| lines.flush()).context(ATTEMPT)
    }
}
