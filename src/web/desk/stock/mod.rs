//! `/admin/stock`: where the codes stand, and how they come in and leave: uploads, batches, printed
//! cards.

pub mod batch;
pub mod handout;
pub mod upload;

use super::{
    frame::{self, Frame, Notice, Sorry},
    home, rights,
    sale::said,
    visitor::{Fields, Posted, Visitor},
};
use crate::{
    commands::by::By,
    ledger::{
        kernel::{
            id::{HandoutId, PackageKey},
            money::Cents,
        },
        refusal::Refusal,
        voucher::{VoidReason, VoucherStatus},
    },
    services::stock::{self, Doomed, Handout},
    store::{CommandError, Sealed, StockLine},
    web::Shop,
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

/// How many codes can be handed out at once.
const HANDED_OUT_MAX: usize = 1_000;

/// How many batches and handouts the page shows.
const LATEST: i64 = 12;

#[derive(Serialize)]
struct StockPage {
    packages: Vec<Line>,
    /// For the next cards that are handed out.
    handout: String,
    handouts: Vec<handout::Line>,
    waiting: Vec<upload::Waiting>,
    batches: Vec<batch::Line>,
    sites: Vec<(String, String)>,
    reasons: [&'static str; 4],
    /// What may be done: upload, `hand_out`, void.
    may: HashMap<&'static str, bool>,
    typed: HashMap<&'static str, String>,
    #[serde(flatten)]
    notice: Notice,
}

/// The stock of a package.
#[derive(Serialize)]
struct Line {
    key: String,
    site: String,
    package: String,
    price: Option<Cents>,
    free: i64,
    days: Option<i64>,
    low: bool,
    /// How many stand elsewhere, with phrases `stock.…`; none that are 0.
    elsewhere: Vec<(&'static str, i64)>,
}

/// What packages and sites are called.
pub struct Names {
    sites: Vec<(String, String)>,
    packages: HashMap<PackageKey, (String, Cents)>,
}

impl Names {
    /// As the catalogue has them now.
    pub async fn read(shop: &Shop) -> Result<Self, Sorry> {
        let store = &shop.context.store;
        let mut names = Self { sites: vec![], packages: HashMap::new() };
        for site in store.sites().await? {
            for offer in store.offers(&site.site).await? {
                let (key, package) = (offer.key(), offer.package);
                names.packages.insert(key, (package.name, package.price_cents));
            }
            names.sites.push((site.site.to_string(), site.name));
        }
        Ok(names)
    }

    /// The sites: short name and name.
    pub fn sites(&self) -> &[(String, String)] {
        &self.sites
    }

    /// A site's name.
    pub fn site(&self, slug: &str) -> String {
        let known = self.sites.iter().find(|(site, _)| site == slug);
        known.map_or_else(|| slug.to_owned(), |(_, name)| name.clone())
    }

    /// A package's name; of one that is sold no longer its short name.
    pub fn package(&self, key: &PackageKey) -> String {
        self.packages.get(key).map_or_else(|| key.package.to_string(), |(name, _)| name.clone())
    }
}

/// `GET /admin/stock`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Response {
    let made = fill(&shop, &visitor, &fields).await;
    frame::answer(&shop, &visitor, "stock", made)
}

async fn fill(shop: &Shop, visitor: &Visitor, fields: &Fields) -> Result<StockPage, Sorry> {
    let names = Names::read(shop).await?;
    let role = visitor.member.staff.role;
    let may = |path: &str| rights::may(role, "POST", path);
    let word = |name: &'static str| (name, fields.get(name).cloned().unwrap_or_default());
    Ok(StockPage {
        packages: packages(shop, &names).await?,
        handout: HandoutId(shop.context.random.id(shop.context.store.now())).to_string(),
        handouts: handout::lines(shop, &names, LATEST).await?,
        waiting: upload::waiting(shop, &names).await?,
        batches: batch::lines(shop, &names, LATEST).await?,
        sites: names.sites,
        reasons: VoidReason::ALL.map(VoidReason::word),
        may: HashMap::from([
            ("upload", may("/admin/stock/upload")),
            ("hand_out", may("/admin/stock/hand-out")),
            ("void", may("/admin/stock/void")),
        ]),
        typed: HashMap::from(["package", "count", "person", "code"].map(word)),
        notice: Notice::of(shop, fields),
    })
}

async fn packages(shop: &Shop, names: &Names) -> Result<Vec<Line>, Sorry> {
    let store = &shop.context.store;
    let lasting = home::sold_lately(shop).await?;
    let mut lines: HashMap<PackageKey, StockLine> = HashMap::new();
    for line in store.stock_lines().await? {
        lines.insert(line.package.clone(), line);
    }
    let mut keys: Vec<&PackageKey> = names.packages.keys().chain(lines.keys()).collect();
    keys.sort_by_key(|key| (&key.site, names.packages.get(key).map(|(_, price)| price), *key));
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
        let known = names.packages.get(key);
        Line {
            key: key.to_string(),
            site: names.site(key.site.as_str()),
            package: names.package(key),
            price: known.map(|(_, price)| *price),
            free,
            days,
            // What is sold no longer needs no codes.
            low: known.is_some() && home::is_low(free, days),
            elsewhere: elsewhere.into_iter().filter(|(_, codes)| *codes > 0).collect(),
        }
    };
    Ok(keys.into_iter().map(line).collect())
}

/// `POST /admin/stock/hand-out`
pub async fn hand_out(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let done = async {
        let text = |name: &str| fields.get(name).map_or("", |text| text.trim());
        let key = parse_key(text("package"));
        let count = text("count").parse().ok().filter(|n| (1..=HANDED_OUT_MAX).contains(n));
        let person: String = text("person").chars().take(60).collect();
        let (Some(key), Some(count), false) = (key, count, person.is_empty()) else {
            return Ok(again(&fields, "hand_out_incomplete"));
        };
        // The form has it, so that it counts once however often it is sent.
        let Ok(handout) = text("handout").parse() else { return Err(Sorry::FormExpired) };
        let store = &shop.context.store;
        let by = By::Staff(visitor.member.id);
        let cards = Handout { id: handout, person: &person, package: &key, count };
        match shop.context.acting(by).hand_out(cards).await {
            Ok(taken) => {
                store.project().await?;
                Ok(format!("{}?done=hand_out&codes={taken}", handout::path(handout)))
            }
            Err(CommandError::Refused(Refusal::NothingNew)) => {
                store.project().await?;
                Ok(handout::path(handout))
            }
            Err(CommandError::Refused(Refusal::SoldOut)) => Ok(again(&fields, "nothing_free")),
            Err(CommandError::Refused(refusal)) => Ok(again(&fields, refusal.code())),
            Err(CommandError::Failed(failure)) => Err(failure.into()),
        }
    };
    go(&shop, &visitor, done.await)
}

/// `POST /admin/stock/void`: one code, as somebody typed it.
pub async fn void(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let done = async {
        let text = |name: &str| fields.get(name).map_or("", |text| text.trim());
        let store = &shop.context.store;
        let Some(reason) = VoidReason::parse(text("reason")) else {
            return Ok(again(&fields, "no_reason"));
        };
        let found = stock::find(store, text("site"), text("code")).await?;
        let [voucher] = found.as_slice() else { return Ok(again(&fields, "no_such_code")) };
        let by = By::Staff(visitor.member.id);
        match shop.context.acting(by).void(Doomed::Voucher(*voucher), reason).await {
            Ok(0) => {
                let voucher = store.voucher(*voucher).await?;
                let sold = voucher
                    .is_some_and(|voucher| matches!(voucher.status, VoucherStatus::Allocated(_)));
                Ok(again(&fields, if sold { "code_sold" } else { "code_not_free" }))
            }
            outcome => {
                store.project().await?;
                Ok(format!("/admin/stock?{}", said("void", outcome.map(drop))?))
            }
        }
    };
    go(&shop, &visitor, done.await)
}

/// `mtaa.daily`
fn parse_key(text: &str) -> Option<PackageKey> {
    let (site, package) = text.split_once('.')?;
    Some(PackageKey { site: site.parse().ok()?, package: package.parse().ok()? })
}

/// The page again, with what was typed.
fn again(fields: &Fields, refused: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("refused", refused);
    for name in ["package", "count", "person", "code"] {
        if let Some(text) = fields.get(name) {
            query.append_pair(name, text);
        }
    }
    format!("/admin/stock?{}", query.finish())
}

/// To the page that follows, or the page for what went wrong.
fn go(shop: &Shop, visitor: &Visitor, done: Result<String, Sorry>) -> Response {
    match done {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(problem) => frame::sorry(shop, &Frame::of(shop, visitor), problem),
    }
}

/// Who did something at the desk: a name, or the command line.
async fn who(shop: &Shop, actor: &str) -> Result<Option<String>, Sorry> {
    let Some(id) = actor.strip_prefix("staff:") else { return Ok(None) };
    let Ok(id) = id.parse() else { return Ok(None) };
    Ok(shop.context.store.open_sealed(Sealed::StaffName(id)).await?)
}
