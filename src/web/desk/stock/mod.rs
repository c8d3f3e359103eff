//! `/admin/stock`: the codes in stock, and the forms by which they come in and leave: uploads,
//! batches, printed cards.

pub mod batch;
pub mod handout;
mod lately;
mod names;
pub mod upload;

pub use lately::{is_low, sold_lately};
pub use names::Names;

use super::{
    notice::{Notice, refusal, said},
    staff::visitor::{Posted, Visitor},
};
use crate::{
    ledger::{
        kernel::{
            id::{HandoutId, PackageKey},
            money::Cents,
        },
        refusal::Refusal,
        voucher::{VoidReason, VoucherStatus},
    },
    services::stock::{self, Doomed, Handout},
    store::{CommandError, StockLine},
    web::{
        page::{Fields, Page, Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::{extract::State, response::Redirect};
use serde::Serialize;
use std::collections::HashMap;

/// How many codes can be handed out at once.
const HANDED_OUT_MAX: usize = 1_000;

/// How many batches and handouts the page shows.
const LATEST: i64 = 12;

/// The fields of the page's forms, which come back when a form is refused.
const TYPED: [&str; 4] = ["package", "count", "person", "code"];

#[derive(Serialize)]
struct StockPage {
    packages: Vec<Line>,
    handout: String,
    handouts: Vec<handout::Line>,
    waiting: Vec<upload::Waiting>,
    batches: Vec<batch::Line>,
    sites: Vec<(String, String)>,
    reasons: [&'static str; 4],
    may: HashMap<&'static str, bool>,
    typed: HashMap<&'static str, String>,
    #[serde(flatten)]
    notice: Notice,
}

#[derive(Serialize)]
struct Line {
    key: String,
    site: String,
    package: String,
    price: Option<Cents>,
    free: i64,
    days: Option<i64>,
    low: bool,
    /// The counts of the others that are not 0, each with a phrase `stock.…`.
    elsewhere: Vec<(&'static str, i64)>,
}

/// `GET /admin/stock`
pub async fn show(State(shop): TheShop, visitor: Visitor, fields: Fields) -> Result<Page> {
    let names = Names::read(&shop).await?;
    let may = |path: &str| visitor.may_send(path);
    let page = StockPage {
        packages: packages(&shop, &names).await?,
        handout: HandoutId(shop.context.id()).to_string(),
        handouts: handout::lines(&shop, &names, LATEST).await?,
        waiting: upload::waiting(&shop, &names).await?,
        batches: batch::lines(&shop, &names, LATEST).await?,
        sites: names.sites,
        reasons: VoidReason::ALL.map(VoidReason::word),
        may: HashMap::from([
            ("upload", may("/admin/stock/upload")),
            ("hand_out", may("/admin/stock/hand-out")),
            ("void", may("/admin/stock/void")),
        ]),
        typed: TYPED.map(|name| (name, fields.get(name).to_owned())).into(),
        notice: Notice::of(&shop, &fields),
    };
    Ok(Page::new("stock", page))
}

async fn packages(shop: &Shop, names: &Names) -> Result<Vec<Line>> {
    let store = &shop.context.store;
    let lasting = sold_lately(shop).await?;
    let mut lines: HashMap<PackageKey, StockLine> = HashMap::new();
    for line in store.read().stock_lines().await? {
        lines.insert(line.package.clone(), line);
    }
    let mut keys: Vec<&PackageKey> = names.keys().chain(lines.keys()).collect();
    keys.sort_by_key(|key| (&key.site, names.price(key), *key));
    keys.dedup();
    let line = |key: &PackageKey| {
        let line = lines.get(key);
        let count = |of: fn(&StockLine) -> i64| line.map_or(0, of);
        let free = count(|line| line.free);
        let days = lasting.days(key, free);
        let elsewhere = [
            ("missing", count(|line| line.missing)),
            ("held", count(|line| line.held)),
            ("owed", count(|line| line.owed)),
            ("sold", count(|line| line.sold)),
            ("printed", count(|line| line.printed)),
            ("used", count(|line| line.used)),
            ("fenced", count(|line| line.fenced)),
            ("voided", count(|line| line.voided)),
        ];
        let price = names.price(key);
        Line {
            key: key.to_string(),
            site: names.site(key.site.as_str()),
            package: names.package(key),
            price,
            free,
            days,
            // A package that is no longer sold needs no codes.
            low: price.is_some() && is_low(free, days),
            elsewhere: elsewhere.into_iter().filter(|(_, codes)| *codes > 0).collect(),
        }
    };
    Ok(keys.into_iter().map(line).collect())
}

/// `POST /admin/stock/hand-out`
pub async fn hand_out(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Redirect> {
    let key = parse_key(fields.trimmed("package"));
    let count = fields.trimmed("count").parse().ok();
    let count = count.filter(|count| (1..=HANDED_OUT_MAX).contains(count));
    let person: String = fields.trimmed("person").chars().take(60).collect();
    let (Some(key), Some(count), false) = (key, count, person.is_empty()) else {
        return Ok(again(&fields, "hand_out_incomplete"));
    };
    // The form carries the id, so that it counts once however often it is sent.
    let handout = fields.trimmed("handout").parse().map_err(|_| Sorry::FormForeign)?;
    let (store, path) = (&shop.context.store, handout::path(handout));
    let cards = Handout { id: handout, person: &person, package: &key, count };
    match shop.context.acting(visitor.by()).hand_out(cards).await {
        Ok(taken) => {
            store.project().await?;
            Ok(Redirect::to(&format!("{path}?done=hand_out&codes={taken}")))
        }
        Err(CommandError::Refused(Refusal::NothingNew)) => {
            store.project().await?;
            Ok(Redirect::to(&path))
        }
        Err(CommandError::Refused(Refusal::SoldOut)) => Ok(again(&fields, "nothing_free")),
        Err(error) => Ok(again(&fields, refusal(error)?)),
    }
}

/// `POST /admin/stock/void`: one code, as somebody typed it.
pub async fn void(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Redirect> {
    let store = &shop.context.store;
    let Some(reason) = VoidReason::parse(fields.trimmed("reason")) else {
        return Ok(again(&fields, "no_reason"));
    };
    let found = stock::find(store, fields.trimmed("site"), fields.trimmed("code")).await?;
    let [voucher] = found[..] else { return Ok(again(&fields, "no_such_code")) };
    match shop.context.acting(visitor.by()).void(Doomed::Voucher(voucher), reason).await {
        Ok(0) => {
            let status = store.read().voucher(voucher).await?.map(|voucher| voucher.status);
            let sold = matches!(status, Some(VoucherStatus::Allocated(_)));
            Ok(again(&fields, if sold { "code_sold" } else { "code_not_free" }))
        }
        outcome => {
            store.project().await?;
            Ok(Redirect::to(&format!("/admin/stock?{}", said("void", outcome.map(drop))?)))
        }
    }
}

/// `mtaa.daily`
fn parse_key(text: &str) -> Option<PackageKey> {
    let (site, package) = text.split_once('.')?;
    Some(PackageKey { site: site.parse().ok()?, package: package.parse().ok()? })
}

/// The page again, with what was typed.
fn again(fields: &Fields, refused: &str) -> Redirect {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let typed = TYPED.into_iter().filter(|name| fields.has(name));
    query.append_pair("refused", refused).extend_pairs(typed.map(|name| (name, fields.get(name))));
    Redirect::to(&format!("/admin/stock?{}", query.finish()))
}
