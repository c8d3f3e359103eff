//! The same figures as files for spreadsheets (RFC 4180). Headings are the same in every language,
//! so that a sheet made once goes on working.

use super::Asked;
use crate::{
    ledger::kernel::money::Cents,
    store::Earned,
    web::{
        page::{Fields, Result},
        state::TheShop,
    },
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

const EARNED: [&str; 7] =
    ["business_day", "site", "package", "sales", "sold_kes", "set_aside_kes", "refunded_kes"];

const ON_SHELF: [&str; 4] = ["business_day", "site", "package", "for_sale"];

/// `GET /admin/revenue.csv`: a row for each package and day on which money moved.
pub async fn revenue(State(shop): TheShop, fields: Fields) -> Result<Response> {
    let asked = Asked::of(&shop, &fields);
    let row = |line: &Earned| {
        let key = &line.package;
        [
            line.day.clone(),
            key.site.to_string(),
            key.package.to_string(),
            line.sales.to_string(),
            kes(line.sold),
            kes(line.set_aside),
            kes(line.refunded),
        ]
    };
    let rows: Vec<_> = asked.earned(&shop).await?.iter().map(row).collect();
    Ok(file("revenue", &asked, EARNED, &rows))
}

/// `GET /admin/stock.csv`: a row for each package and step with the codes for sale at its end.
pub async fn stock(State(shop): TheShop, fields: Fields) -> Result<Response> {
    let asked = Asked::of(&shop, &fields);
    let steps = asked.period.steps();
    let mut rows = vec![];
    for (key, codes) in asked.shelves(&shop).await? {
        for (step, codes) in steps.iter().zip(codes) {
            let (site, package) = (key.site.to_string(), key.package.to_string());
            rows.push([step.key.clone(), site, package, codes.to_string()]);
        }
    }
    Ok(file("stock", &asked, ON_SHELF, &rows))
}

/// Shillings with their cents: `450.00`.
fn kes(cents: Cents) -> String {
    let sign = if cents.0 < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.0.unsigned_abs() / 100, cents.0.unsigned_abs() % 100)
}

fn file<const N: usize>(
    name: &str,
    asked: &Asked,
    headings: [&str; N],
    rows: &[[String; N]],
) -> Response {
    let mut writer = csv::Writer::from_writer(vec![]);
    let written = writer
        .write_record(headings)
        .and_then(|()| rows.iter().try_for_each(|row| writer.write_record(row)));
    written.expect("a list in memory takes every row");
    let bytes = writer.into_inner().expect("a list in memory is never full");
    let (from, to) = asked.period.days();
    let disposition = format!("attachment; filename=\"{name}_{from}_{to}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, bytes).into_response()
}
