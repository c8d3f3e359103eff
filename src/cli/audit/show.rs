//! `lango audit show`

use super::as_json;
use crate::{
    app::{self, config::Config},
    cli::output,
    ledger::kernel::{id::PurchaseId, time::Micros},
    services::money::{self, Standing},
    store::{PurchaseView, Store, StoredEvent},
};
use anyhow::bail;
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;
use std::fmt::Write as _;

#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// The purchase's id or the reference on its page, a payment's reference, an M-PESA receipt, a
    /// phone number, or the last four letters of a code.
    #[arg(value_name = "SALE")]
    text: String,
    /// Print the events as JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = app::open_existing(config).await?;
        let found = store.purchases_named(&self.text).await?;
        let zone = &config.shop.timezone;
        match found[..] {
            [] => bail!(
                "nothing here matches {}; give a purchase's id or the reference on its page, an \
                 M-PESA receipt, a phone number, or the last four letters of a code",
                self.text
            ),
            [one] => {
                let events = store.events_of_sale(one).await?;
                if self.json {
                    let list = events.iter().map(as_json).collect::<Result<Vec<_>, _>>()?;
                    let view = json!({ "purchase": one, "events": list });
                    output::json(&view)?;
                } else {
                    print!("{}\n{}", heading(&store, one, zone).await?, timeline(&events, zone));
                }
            }
            _ => {
                if self.json {
                    output::json(&json!({ "purchases": found }))?;
                    return Ok(());
                }
                println!("{} sales; choose one by its id:\n", found.len());
                for id in found {
                    println!("{}", line(&store, id, zone).await?);
                }
            }
        }
        Ok(())
    }
}

async fn view(store: &Store, id: PurchaseId) -> anyhow::Result<PurchaseView> {
    match store.read().purchase(id).await? {
        Some(view) => Ok(view),
        None => bail!("purchase {id} has no beginning in this ledger; run `lango audit verify`"),
    }
}

/// A sale among others.
async fn line(store: &Store, id: PurchaseId, zone: &TimeZone) -> anyhow::Result<String> {
    let view = view(store, id).await?;
    let purchase = &view.purchase;
    Ok(format!(
        "{id}  {:<17}  {:<24} {:>8}  {}",
        purchase.started_at.local(zone),
        purchase.package.to_string(),
        purchase.price.to_string(),
        status(&view)
    ))
}

/// What a sale is about, before its events.
async fn heading(store: &Store, id: PurchaseId, zone: &TimeZone) -> anyhow::Result<String> {
    let view = view(store, id).await?;
    let purchase = &view.purchase;
    let payer = store.phone(purchase.contact).await?;
    let payer = payer.map_or_else(|| "forgotten".to_owned(), |phone| phone.masked());
    Ok(format!(
        "Purchase {id}\n{} for {}, {}, payer {payer}: {}\n",
        purchase.package,
        purchase.price,
        purchase.started_at.local(zone),
        status(&view)
    ))
}

fn status(view: &PurchaseView) -> &'static str {
    match money::standing(view) {
        Standing::Paid => "paid, and has its code",
        Standing::Owed => "paid, and a code is owed",
        Standing::Settled => "settled by hand",
        Standing::SetAside => "money is set aside",
        Standing::Waiting => "waiting for money",
        Standing::Declined => "declined",
        Standing::NotAsked => "not asked",
        Standing::Unresolved => "no answer about its payment",
    }
}

/// Events as a person reads them.
pub(in crate::cli) fn timeline(events: &[StoredEvent], zone: &TimeZone) -> String {
    let (mut text, mut last, mut day) = (String::new(), Micros::default(), "");
    for event in events {
        // A sale of one day needs no date; a code that was made before, or a debt, does.
        if event.business_day != day
            && events.iter().any(|e| e.business_day != events[0].business_day)
        {
            writeln!(text, "        {}", event.business_day).expect("a string takes every text");
        }
        day = &event.business_day;
        let clock = event.recorded_at.local_clock(zone);
        let shown = if event.recorded_at == last { String::new() } else { clock };
        last = event.recorded_at;
        let line = format!(
            "{:>6}  {shown:<8}  {:<22}  {:<26} {}",
            event.position,
            event.kind,
            event.actor,
            money::notable(event)
        );
        writeln!(text, "{}", line.trim_end()).expect("a string takes every text");
    }
    text
}
