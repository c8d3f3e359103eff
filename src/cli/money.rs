//! `lango money …`

use super::output;
use crate::{
    app::{self, config::Config},
    commands::money::settle::StateCharges,
    ledger::{
        kernel::{money::Cents, time::Month},
        settlement::Settlement,
    },
    services::{
        acting::Acting,
        money::{self, Line, ReceiptFound},
    },
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
    /// Say which sale a receipt paid, as on a till, where M-PESA names no sale. The buyer gets what
    /// the money bought, as if M-PESA had reported it.
    Match {
        /// The M-PESA receipt, such as TJK4ABC9XY.
        receipt: String,
        /// The sale: its id or the reference on its page, a payment's reference, or a phone number.
        sale: String,
        /// The amount in shillings, as on the M-PESA statement; needed only if M-PESA did not
        /// report this receipt to Lango.
        #[arg(long, value_parser = shillings, value_name = "KES")]
        amount: Option<Cents>,
    },
    /// Note what you did about money that bought nothing, so that it leaves the list. Lango moves
    /// no money.
    Settle {
        /// The M-PESA receipt, or the sale.
        what: String,
        /// What you did.
        #[arg(long, value_enum)]
        by: By,
    },
    /// Void the code of a sale, and note how you give the money back. Lango moves no money.
    Refund {
        /// The sale: its id or the reference on its page, its receipt, or a phone number.
        sale: String,
        /// What you did.
        #[arg(long, value_enum)]
        by: By,
    },
    /// Give the buyer of a sale another code of the same package, by SMS and on their page. The old
    /// code is void.
    Replace {
        /// The sale: its id or the reference on its page, its receipt, or a phone number.
        sale: String,
    },
    /// Note that the M-PESA statement shows no money for a sale that M-PESA did not answer about.
    Unpaid {
        /// The sale.
        sale: String,
    },
    /// Note that you have looked into a disputed payment.
    Checked {
        /// The sale.
        sale: String,
    },
    /// Note M-PESA's charges for a month, as on its statement. If you note them twice, the later
    /// amount counts.
    Charges {
        /// The month, such as 2026-11.
        month: Month,
        /// The charges in shillings.
        #[arg(value_parser = shillings, value_name = "KES")]
        amount: Cents,
    },
}

/// What was done about money.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum By {
    /// You gave the money back by M-PESA.
    Mpesa,
    /// You gave the money back in cash.
    Cash,
    /// You gave the buyer its worth by hand, such as a printed card.
    Hand,
    /// You will give the money back; until then the line stays as `refund due`.
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
        let acting = Acting::at_command_line(&store, random.as_ref());
        let zone = &config.shop.timezone;
        match self {
            Self::List { json } => return list(&store, zone, json).await,
            Self::Match { receipt, sale, amount } => {
                let found = ReceiptFound { number: &receipt, sale: &sale, amount };
                let sale = acting.match_receipt(found).await?;
                println!("Receipt {} belongs to sale {sale}.", receipt.to_ascii_uppercase());
                println!("What came of it: lango audit show {sale}");
            }
            Self::Settle { what, by } => {
                let line = acting.settle(&what, by.into()).await?;
                println!("{} {}: {}.", amount(&line), subject(&line), done(by));
            }
            Self::Refund { by: By::Hand, .. } => {
                anyhow::bail!("say how the money goes back: --by mpesa, cash or later");
            }
            Self::Refund { sale, by } => {
                let sale = acting.refund(&sale, by.into()).await?;
                println!(
                    "The code of sale {} is void; its money: {}.",
                    money::reference(sale),
                    done(by)
                );
                println!("If the router reports, it switches the code off within a minute.");
            }
            Self::Replace { sale } => {
                let sale = acting.replace(&sale).await?;
                println!("The buyer of sale {} has another code.", money::reference(sale));
                println!("If the router reports, it switches the old code off within a minute.");
            }
            Self::Unpaid { sale } => {
                let line = acting.unpaid(&sale).await?;
                println!(
                    "Nobody paid for {}. If the money still comes, it counts.",
                    subject(&line)
                );
            }
            Self::Checked { sale } => {
                let line = acting.settle_dispute(&sale).await?;
                println!("The dispute about {} is settled.", subject(&line));
            }
            Self::Charges { month, amount } => {
                let ends_at = month.period(zone).1.plus(-1);
                store.execute(StateCharges { month, amount, ends_at }).await?;
                println!("M-PESA's charges for {month} are {amount}; the journal has them.");
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
            line.kind.word().replace('_', " "),
            amount(line),
            line.receipt.as_deref().unwrap_or("-"),
            reference(line).as_deref().unwrap_or("-"),
            line.package.as_deref().unwrap_or("-"),
            line.reason.as_deref().unwrap_or_default().replace('_', " "),
        );
        let account = line.account.as_ref().map(|account| format!(" account {account}"));
        println!("{}", (words.trim_end().to_owned() + &account.unwrap_or_default()).trim_end());
    }
    println!("\nThe meaning of each line, and what to do: docs/owner/when-a-customer-complains.md");
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
