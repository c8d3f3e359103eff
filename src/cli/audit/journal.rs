//! `lango audit journal`

use crate::{
    app::{self, config::Config},
    cli::output,
    ledger::kernel::{
        money::Cents,
        time::{Micros, Month},
    },
    store::{Param, Past},
};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use std::io::{BufWriter, Write};

#[derive(Debug, Args)]
pub(in crate::cli) struct Journal {
    /// Write every entry as this program reads it, instead of the balances.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only this month, such as 2026-11, by M-PESA's own time. Entries that were recorded after the
    /// month come last.
    #[arg(long)]
    month: Option<Month>,
    /// Print the balances as JSON.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// hledger, and ledger too.
    Hledger,
    Beancount,
}

/// How many lines are read at a time: an even number, so that no entry is cut in two.
const LINES_PER_PAGE: i64 = 10_000;

const CURRENCY: &str = "KES";

/// From and before when.
type Period = (Micros, Micros);

impl Journal {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let books = app::open_books(config).await?;
        let zone = app::zone_of(config, &books).await?;
        let period =
            self.month.map_or((Micros(i64::MIN), Micros(i64::MAX)), |month| month.period(&zone));
        let head = books.last_position().await?;
        let mut past = books.past(&["journal"], head).await?;
        let (from, before) = period;
        let bounds = [from.0, before.0].map(Param::from).into();
        let balances = past.ask("journal", "trial_balance", bounds).await?;
        let Some(format) = self.format else {
            return print_balances(&balances, self.json);
        };
        let mut out = BufWriter::new(std::io::stdout().lock());
        let about = match self.month {
            Some(month) => format!("{month}, up to event {head}, days in {}", name(&zone)),
            None => format!("up to event {head}, days in {}", name(&zone)),
        };
        write_head(&mut out, format, &about, &balances).context("cannot write the journal")?;
        let mut pages = Pages { past: &mut past, period };
        pages.write(&mut out, format, &zone, false).await?;
        if self.month.is_some() {
            pages.write(&mut out, format, &zone, true).await?;
        }
        out.flush().context("cannot write the journal")
    }
}

fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

fn print_balances(balances: &[Map<String, Value>], as_json: bool) -> anyhow::Result<()> {
    let number = |row: &Map<String, Value>, key: &str| row[key].as_i64().unwrap_or_default();
    let sum: i64 = balances.iter().map(|row| number(row, "balance_cents")).sum();
    if as_json {
        let json = json!({ "accounts": balances, "sum_cents": sum });
        return output::json(&json);
    }
    println!("{:<44} {:>16} {:>16}", "Account", "debit", "credit");
    for row in balances {
        let (debit, credit) = (number(row, "debit_cents"), number(row, "credit_cents"));
        let (debit, credit) = (Cents(debit).to_string(), Cents(credit).to_string());
        println!("{:<44} {debit:>16} {credit:>16}", account(row));
    }
    println!("\nAll debits and credits together: {}", Cents(sum));
    println!("M-PESA's charges are not known until a statement says.");
    Ok(())
}

/// What a program must know before the entries.
fn write_head(
    out: &mut impl Write,
    format: Format,
    about: &str,
    balances: &[Map<String, Value>],
) -> std::io::Result<()> {
    writeln!(out, "; Lango's journal: {about}.")?;
    writeln!(out, "; M-PESA's charges are not in it: not known until a statement says.")?;
    match format {
        Format::Hledger => {
            writeln!(out, "\ncommodity {CURRENCY}\n    format {CURRENCY} 1,000.00\n")?;
        }
        Format::Beancount => writeln!(out, "\noption \"operating_currency\" \"{CURRENCY}\"\n")?,
    }
    for row in balances {
        match format {
            Format::Hledger => writeln!(out, "account {}", account(row))?,
            Format::Beancount => writeln!(out, "1970-01-01 open {} {CURRENCY}", account(row))?,
        }
    }
    Ok(())
}

/// The entries of a period, read a page at a time.
struct Pages<'a> {
    past: &'a mut Past,
    period: Period,
}

impl Pages<'_> {
    /// Writes the entries recorded within the period, or those that came late.
    async fn write(
        &mut self,
        out: &mut impl Write,
        format: Format,
        zone: &TimeZone,
        late: bool,
    ) -> anyhow::Result<()> {
        let (from, before) = self.period;
        let mut after = 0;
        loop {
            let params = [from.0, before.0, i64::from(late), after, LINES_PER_PAGE];
            let lines = self.past.ask("journal", "entries", params.map(Param::from).into()).await?;
            let Some(last) = lines.last() else { return Ok(()) };
            if late && after == 0 {
                writeln!(out, "\n; Late entries: recorded after the month had ended.")?;
            }
            after = last["position"].as_i64().context("a line of the journal has a position")?;
            for entry in lines.chunks(2) {
                write_entry(out, format, zone, entry, late).context("cannot write the journal")?;
            }
        }
    }
}

fn write_entry(
    out: &mut impl Write,
    format: Format,
    zone: &TimeZone,
    lines: &[Map<String, Value>],
    late: bool,
) -> std::io::Result<()> {
    let first = &lines[0];
    let word = |key: &str| first[key].as_str().unwrap_or_default();
    let at = Micros(first["occurred_at"].as_i64().unwrap_or_default());
    let (day, position) = (at.business_day(zone), first["position"].as_i64().unwrap_or_default());
    let what = description(word("entry"));
    match format {
        Format::Hledger => {
            writeln!(out, "\n{day} ({position}) {what}")?;
            for key in ["purchase", "payment"].into_iter().filter(|key| !word(key).is_empty()) {
                writeln!(out, "    ; {key}: {}", word(key))?;
            }
            if late {
                writeln!(out, "    ; late: {}", recorded(first, zone))?;
            }
        }
        Format::Beancount => {
            writeln!(out, "\n{day} * \"{what}\"\n  event: {position}")?;
            for key in ["purchase", "payment"].into_iter().filter(|key| !word(key).is_empty()) {
                writeln!(out, "  {key}: \"{}\"", word(key))?;
            }
            if late {
                writeln!(out, "  late: {}", recorded(first, zone))?;
            }
        }
    }
    for line in lines {
        let amount = amount(line["amount_cents"].as_i64().unwrap_or_default());
        match format {
            Format::Hledger => writeln!(out, "    {:<44}  {CURRENCY} {amount}", account(line))?,
            Format::Beancount => writeln!(out, "  {:<44}  {amount} {CURRENCY}", account(line))?,
        }
    }
    Ok(())
}

/// The day on which an entry was recorded.
fn recorded(line: &Map<String, Value>, zone: &TimeZone) -> String {
    Micros(line["recorded_at"].as_i64().unwrap_or_default()).business_day(zone).to_string()
}

/// What happened, for a person.
fn description(entry: &str) -> &'static str {
    match entry {
        "payment" => "Payment",
        "sale" => "Sale",
        "owed" => "Paid, code owed",
        "delivered" => "Owed code delivered",
        "set_aside" => "Set aside for a person",
        "unmatched" => "Money without a payment",
        "matched" => "Money found to be a payment's",
        "refund_promised" => "To be given back",
        "refunded_mpesa" => "Given back by M-PESA",
        "refunded_cash" => "Given back in cash",
        "served_by_hand" => "Served by hand",
        "charges" => "Charges by statement",
        _ => "Taken back by M-PESA",
    }
}

/// The account with site and package, where it has them; each part begins with a capital letter, as
/// beancount wants it.
fn account(line: &Map<String, Value>) -> String {
    let mut account = line["account"].as_str().unwrap_or_default().to_owned();
    if account == "Income:Sales" {
        for part in ["site", "package"].into_iter().filter_map(|key| line[key].as_str()) {
            let (first, rest) = part.split_at(1);
            account.push(':');
            account.push_str(&first.to_ascii_uppercase());
            account.push_str(rest);
        }
    }
    account
}

/// Shillings with two places, as bookkeeping programs read them.
fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_accounts_are_written_as_the_programs_read_them() {
        assert_eq!(amount(-5005), "-50.05");
        assert_eq!(amount(7), "0.07");
        let line = json!({ "account": "Income:Sales", "site": "mtaa", "package": "day-1" });
        assert_eq!(account(line.as_object().unwrap()), "Income:Sales:Mtaa:Day-1");
        let line = json!({ "account": "Assets:Mpesa", "site": "mtaa", "package": "day-1" });
        assert_eq!(account(line.as_object().unwrap()), "Assets:Mpesa");
    }
}
