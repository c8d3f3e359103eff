//! Money and stock over time, as the owner and the auditor see them.

use crate::town::{Clerk, Town};
use lango::ledger::staff::Role;
use reqwest::StatusCode;

const DAY: i64 = 86_400;

async fn clerk(town: &mut Town, name: &str, role: Role) -> Clerk {
    let mut clerk = town.clerk(name, role).await;
    clerk.signs_in().await;
    clerk
}

async fn sells(town: &mut Town, phone: &str, package: &str) {
    let mut buyer = town.customer("Njeri", phone);
    town.asks(&mut buyer, package).await;
    town.pays(&buyer).await;
    town.passes(30).await;
    buyer.sees("Paid. Here is your code").await;
}

/// Two codes of a day on a Sunday, three of an hour on the Tuesday after; one upload on each.
async fn two_days_of_sales() -> Town {
    let mut town = Town::open().await;
    town.stock("daily", 5).await;
    sells(&mut town, "0728 400 001", "daily").await;
    sells(&mut town, "0728 400 002", "daily").await;
    town.passes(2 * DAY).await;
    town.stock("hourly", 4).await;
    for phone in ["0728 400 003", "0728 400 004", "0728 400 005"] {
        sells(&mut town, phone, "hourly").await;
    }
    town.settle().await;
    town
}

#[tokio::test]
async fn days_add_up_and_empty_ones_are_shown() {
    let mut town = two_days_of_sales().await;
    let mut owner = clerk(&mut town, "Wanjiku wa Mtaa", Role::Owner).await;
    owner.opens("/admin/revenue?period=week").await;
    owner.reads("KSh 130 5 sales · best: 22 Nov, KSh 100");
    for row in ["22 Nov 2 KSh 100", "23 Nov 0 KSh 0", "24 Nov 3 KSh 30"] {
        owner.reads(row);
    }
    owner.reads("The daily Mtaa Wi-Fi 2 KSh 100 77 %");
    owner.reads("22 Nov 3 23 Nov 3 24 Nov 3");
    owner.reads("22 Nov 0 23 Nov 0 24 Nov 1");
    let aloud = owner.html.split("aria-label=\"").find(|text| text.contains("in all"));
    assert!(aloud.is_some_and(|text| text.contains("KSh\u{a0}130 in all, from 18 Nov to 24 Nov")));
    owner.opens("/admin/revenue?period=year").await;
    owner.reads("Nov 2026 5 KSh 130");
    owner.opens("/admin/revenue?from=2026-11-24&to=2026-11-24").await;
    owner.reads("KSh 30 3 sales");
    owner.opens("/admin/revenue?from=2026-11-24&to=2026-11-22").await;
    owner.reads("The first day is after the last one.");
    owner.opens("/admin/revenue?from=today&to=").await;
    owner.reads("Give two days");
    assert!(owner.html.contains("value=\"today\""), "what was typed stays");
    town.close().await;
}

#[tokio::test]
async fn a_spreadsheet_gets_the_same_numbers() {
    let mut town = two_days_of_sales().await;
    let mut auditor = clerk(&mut town, "Mkaguzi Mkuu", Role::Auditor).await;
    let days = "from=2026-11-22&to=2026-11-24&site=mtaa";
    auditor.opens(&format!("/admin/revenue.csv?{days}")).await;
    assert_eq!(
        auditor.html,
        "business_day,site,package,sales,sold_kes,set_aside_kes,refunded_kes\n\
         2026-11-22,mtaa,daily,2,100.00,0.00,0.00\n\
         2026-11-24,mtaa,hourly,3,30.00,0.00,0.00\n"
    );
    let disposition = auditor.headers["content-disposition"].to_str().unwrap();
    assert_eq!(disposition, "attachment; filename=\"revenue_2026-11-22_2026-11-24.csv\"");
    auditor.opens(&format!("/admin/stock.csv?{days}")).await;
    assert_eq!(
        auditor.html,
        "business_day,site,package,for_sale\n\
         2026-11-22,mtaa,daily,3\n2026-11-23,mtaa,daily,3\n2026-11-24,mtaa,daily,3\n\
         2026-11-22,mtaa,hourly,0\n2026-11-23,mtaa,hourly,0\n2026-11-24,mtaa,hourly,1\n"
    );
    auditor.opens("/admin/revenue.csv?from=2026-11-22&to=2026-11-24&site=kona").await;
    assert_eq!(auditor.html.lines().count(), 1, "another site sold nothing");
    for (name, role) in [("Otieno wa Duka", Role::Cashier), ("Fundi Barasa", Role::Technician)] {
        let mut other = clerk(&mut town, name, role).await;
        for path in ["/admin/revenue", "/admin/revenue.csv", "/admin/stock.csv"] {
            other.opens(path).await;
            assert_eq!(other.status, StatusCode::FORBIDDEN, "{name} {path}");
        }
    }
    town.close().await;
}

crate::on_postgres_too! {
    days_add_up_and_empty_ones_are_shown,
    a_spreadsheet_gets_the_same_numbers,
}
