//! `lango config show`

use crate::app::config::Config;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print each value and where it came from; secrets are not shown.
    Show {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(super) fn run(&self, config: &Config) {
        match self {
            Self::Show { json: false } => print!("{}", config.show()),
            Self::Show { json: true } => println!("{}", config.show_json()),
        }
    }
}
