//! `lango money …`

use super::output;
use crate::{
    app::{self, config::Config},
    commands::{by::By::CommandLine, money::settle::StateCharges},
    ledger::{
        kernel::{money::Cents, time::Month},
        settlement::Settlement,
    },
    services::money::{self, Line},
    store::Store,
};
use clap::{Subcommand, ValueEnum};
use jiff::tz::TimeZone;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print everything that needs you, oldest first.
    List {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say whose money a receipt is, as on a till, where M-PESA names no sale. The buyer gets what
    /// the money bought, as if M-PESA had told it.
    Match {
        /// The M-PESA receipt, such as TJK4ABC9XY.
        receipt: String,
        /// The sale: its id or the reference on its page, a payment's reference, or a phone number.
        sale: String,
        /// For how many shillings, as the M-PESA statement says; needed only where M-PESA told
        /// Lango nothing of this receipt.
        #[arg(long, value_parser = shillings, value_name = "KES")]
        amount: Option<Cents>,
    },
    /// Note what you did about money that bought nothing, so that it leaves the list. It moves no
    /// money.
    Settle {
        /// The M-PESA receipt, or the sale that it stands beside.
        what: String,
        /// What you did.
        #[arg(long, value_enum)]
        by: By,
    },
    /// Take the code of a sale back and note how its money goes back. The code is void; the money
    /// is moved by you.
    Refund {
        /// The sale: its id or the reference on its page, its receipt, or a phone number.
        sale: String,
        /// What you did.
        #[arg(long, value_enum)]
        by: By,
    },
    /// Give the buyer of a sale another code of the same package, by SMS and on their page. Theirs
    /// is void.
    Replace {
        /// The sale: its id or the reference on its page, its receipt, or a phone number.
        sale: String,
    },
    /// Note that the M-PESA statement shows no money for a sale of which nothing was heard.
    Unpaid {
        /// The sale.
        sale: String,
    },
    /// Note that you looked into a disputed payment, and it needs nobody any more.
    Checked {
        /// The sale.
        sale: String,
    },
    /// Note what M-PESA took for itself in a month, as its statement says. Said again, the later
    /// word counts.
    Charges {
        /// The month, such as 2026-11.
        month: Month,
        /// How many shillings.
        #[arg(value_parser = shillings, value_name = "KES")]
        amount: Cents,
    },
}

/// What was done about money.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum By {
    /// The money went back by M-PESA.
    Mpesa,
    /// The money went back in cash.
    Cash,
    /// The buyer got what it is worth by hand, such as a printed card.
    Hand,
    /// The money will go back; until then the line stays as `refund due`.
    Later,
}

impl From<By> for Settlement {
    fn from(by: By) -> Self {
        match by {
            By::Mpesa => Self::RefundedMpesa,
            By::Cash => Self::RefundedCash,
            By::Hand => Self::ServedByHand,
            By::Later => Self::RefundPromised,
        }
    }
}

fn shillings(text: &str) -> Result<Cents, String> {
    let amount = Cents::parse(text).filter(|amount| *amount >= Cents(0));
    amount.ok_or_else(|| "write shillings like 50 or 1234.50".to_owned())
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        let (_, random) = app::machine();
        let zone = &config.shop.timezone;
        match self {
            Self::List { json } => return list(&store, zone, json).await,
            Self::Match { receipt, sale, amount } => {
                let named = (receipt.as_str(), sale.as_str());
                let sale =
                    money::match_receipt(&store, random.as_ref(), CommandLine, named, amount)
                        .await?;
                println!("Receipt {} belongs to sale {sale}.", receipt.to_ascii_uppercase());
                println!("What came of it: lango audit show {sale}");
            }
            Self::Settle { what, by } => {
                let line = money::settle(&store, CommandLine, &what, by.into()).await?;
                println!("{} {}: {}.", amount(&line), subject(&line), done(by));
            }
            Self::Refund { by: By::Hand, .. } => {
                anyhow::bail!("say how the money goes back: --by mpesa, cash or later");
            }
            Self::Refund { sale, by } => {
                let sale = money::refund(&store, CommandLine, &sale, by.into()).await?;
                println!(
                    "The code of sale {} is void; its money: {}.",
                    money::reference(sale),
                    done(by)
                );
                println!("Where the router reports, it switches the code off within a minute.");
            }
            Self::Replace { sale } => {
                let sale = money::replace(&store, random.as_ref(), CommandLine, &sale).await?;
                println!("The buyer of sale {} has another code.", money::reference(sale));
                println!("Where the router reports, it switches the former off within a minute.");
            }
            Self::Unpaid { sale } => {
                let line = money::unpaid(&store, random.as_ref(), CommandLine, &sale).await?;
                println!(
                    "Nobody paid for {}. Should the money come yet, it counts.",
                    subject(&line)
                );
            }
            Self::Checked { sale } => {
                let line = money::settle_dispute(&store, CommandLine, &sale).await?;
                println!("The dispute about {} is settled.", subject(&line));
            }
            Self::Charges { month, amount } => {
                let ends_at = month.period(zone).1.plus(-1);
                store.execute(StateCharges { month, amount, ends_at }).await?;
                println!("M-PESA took {amount} for itself in {month}; the journal has it.");
            }
        }
        Ok(())
    }
}

async fn list(store: &Store, zone: &TimeZone, json: bool) -> anyhow::Result<()> {
    // What an older Lango built may still have to be built anew.
    while store.project().await? > 0 {}
    let lines = money::lines(store).await?;
    if json {
        return output::json(&lines);
    }
    if lines.is_empty() {
        println!("Nothing needs you.");
        return Ok(());
    }
    for line in &lines {
        let words = format!(
            "{:<17}  {:<12} {:>12}  {:<10}  {:<8}  {:<22} {}",
            line.since.local(zone),
            line.kind.replace('_', " "),
            amount(line),
            line.receipt.as_deref().unwrap_or("-"),
            reference(line).as_deref().unwrap_or("-"),
            line.package.as_deref().unwrap_or("-"),
            line.reason.as_deref().unwrap_or_default().replace('_', " "),
        );
        let account = line.account.as_ref().map(|account| format!(" account {account}"));
        println!("{}", (words.trim_end().to_owned() + &account.unwrap_or_default()).trim_end());
    }
    println!("\nWhat each means, and what to do: docs/owner/when-a-customer-complains.md");
    Ok(())
}

fn amount(line: &Line) -> String {
    line.amount_cents.map_or_else(|| "-".to_owned(), |amount| amount.to_string())
}

/// The end of the sale's id, as its page shows it.
fn reference(line: &Line) -> Option<String> {
    line.purchase.map(money::reference)
}

fn subject(line: &Line) -> String {
    match (&line.receipt, reference(line)) {
        (Some(receipt), _) => format!("of receipt {receipt}"),
        (None, Some(reference)) => format!("sale {reference}"),
        (None, None) => line.subject.clone(),
    }
}

const fn done(by: By) -> &'static str {
    match by {
        By::Mpesa => "given back by M-PESA",
        By::Cash => "given back in cash",
        By::Hand => "served by hand",
        By::Later => "to be given back; the line stays as `refund due` until it is",
    }
}
