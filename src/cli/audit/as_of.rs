//! `lango audit as-of`

use crate::{
    app::{self, config::Config},
    cli::output,
    ledger::kernel::{
        money::Cents,
        time::{Micros, PointInTime},
    },
    store::Param,
};
use clap::Args;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Args)]
pub(in crate::cli) struct AsOf {
    /// When: 2026-11-22 (the end of that day), "2026-11-22 18:05", or 2026-11-22T18:05:00Z.
    #[arg(value_name = "TIME")]
    time: PointInTime,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

/// Money and sales of one package, over all days.
#[derive(Default)]
struct Total {
    sales: i64,
    sold: i64,
    set_aside: i64,
    refunded: i64,
}

impl AsOf {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let books = app::open_books(config).await?;
        let zone = app::zone_of(config, &books).await?;
        let at = self.time.at(&zone);
        let position = books.position_at(at).await?;
        let mut past = books.past(&["stock", "revenue"], position).await?;
        let stock = past.ask("stock", "all", vec![]).await?;
        let days = ["0000-00-00", "9999-99-99"].map(Param::from);
        let revenue = past.ask("revenue", "days", days.into()).await?;
        if self.json {
            let json = json!({
                "at": at.rfc3339(), "position": position, "stock": stock, "revenue": revenue,
            });
            return output::json(&json);
        }
        println!("As it stood on {}, after event {position}", written(at, &zone));
        print_stock(&stock);
        print_revenue(&revenue);
        Ok(())
    }
}

fn written(at: Micros, zone: &jiff::tz::TimeZone) -> String {
    format!("{}:{}", at.local(zone), &at.local_clock(zone)[6..])
}

fn print_stock(stock: &[Map<String, Value>]) {
    println!(
        "\nStock         {:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "imported", "free", "held", "sold", "aside", "owed"
    );
    for row in stock {
        let number = |key: &str| row[key].as_i64().unwrap_or_default();
        println!(
            "  {:<32} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            name(row),
            number("imported"),
            number("free"),
            number("held"),
            number("sold"),
            number("set_aside") + number("voided"),
            number("owed")
        );
    }
    if stock.is_empty() {
        println!("  no codes yet");
    }
}

fn print_revenue(revenue: &[Map<String, Value>]) {
    let mut totals: BTreeMap<String, Total> = BTreeMap::new();
    for row in revenue {
        let number = |key: &str| row[key].as_i64().unwrap_or_default();
        let total = totals.entry(name(row)).or_default();
        total.sales += number("sales");
        total.sold += number("sold_cents");
        total.set_aside += number("set_aside_cents");
        total.refunded += number("refunded_cents");
    }
    println!(
        "\nRevenue       {:<20} {:>8} {:>13} {:>13} {:>13}",
        "", "sales", "sold", "set aside", "given back"
    );
    let sum = totals.values().fold(Total::default(), |sum, total| Total {
        sales: sum.sales + total.sales,
        sold: sum.sold + total.sold,
        set_aside: sum.set_aside + total.set_aside,
        refunded: sum.refunded + total.refunded,
    });
    for (name, total) in totals.iter().chain([(&"all".to_owned(), &sum)]) {
        let money = [total.sold, total.set_aside, total.refunded].map(|it| Cents(it).to_string());
        let [sold, aside, back] = money;
        println!("  {name:<32} {:>8} {sold:>13} {aside:>13} {back:>13}", total.sales);
    }
}

fn name(row: &Map<String, Value>) -> String {
    let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    format!("{}.{}", word("site"), word("package"))
}
