//! `lango`: see [`lango::cli`].

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    lango::cli::run().await
}
