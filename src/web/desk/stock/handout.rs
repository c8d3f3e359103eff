//! `/admin/stock/handouts/{handout}`: printed cards that somebody took.

use super::{Names, go};
use crate::{
    commands::by::By,
    ledger::{
        command::Note,
        kernel::{id::HandoutId, money::Cents, time::Micros},
        voucher::VoidReason,
    },
    services::stock::{self, Doomed},
    store::{CommandError, Sealed},
    web::{
        Shop,
        desk::{
            frame::{self, Notice, Sorry},
            rights,
            visitor::{Fields, Posted, Visitor},
        },
    },
};
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Serialize;
use std::sync::Arc;

/// Printed cards of a list.
#[derive(Serialize)]
pub struct Line {
    path: String,
    person: String,
    package: String,
    site: String,
    when: String,
    /// How many are not void.
    codes: i64,
    voided: i64,
}

#[derive(Serialize)]
struct HandoutPage {
    #[serde(flatten)]
    line: Line,
    may_print: bool,
    may_void: bool,
    reasons: [&'static str; 4],
    #[serde(flatten)]
    notice: Notice,
}

#[derive(Serialize)]
struct CardsPage {
    back: String,
    shop: String,
    site: String,
    package: String,
    price: Cents,
    validity_seconds: u64,
    devices: u32,
    support_phone: Option<String>,
    cards: Vec<Card>,
}

#[derive(Serialize)]
struct Card {
    code: String,
    password: Option<String>,
}

/// Where it is.
pub fn path(handout: HandoutId) -> String {
    format!("/admin/stock/handouts/{handout}")
}

/// The latest of them.
pub async fn lines(shop: &Shop, names: &Names, limit: i64) -> Result<Vec<Line>, Sorry> {
    let store = &shop.context.store;
    let mut lines = vec![];
    for handout in store.handouts(limit).await? {
        let person = store.open_sealed(Sealed::Note(Note::Handout(handout.id))).await?;
        lines.push(Line {
            path: path(handout.id),
            person: person.unwrap_or_default(),
            package: names.package(&handout.package),
            site: names.site(handout.package.site.as_str()),
            when: began(handout.id).local(&shop.settings.zone),
            codes: handout.codes - handout.voided,
            voided: handout.voided,
        });
    }
    Ok(lines)
}

/// When it was made; its id says so.
fn began(handout: HandoutId) -> Micros {
    let (seconds, nanos) = handout.0.get_timestamp().map_or((0, 0), |at| at.to_unix());
    Micros(i64::try_from(seconds).unwrap_or_default() * 1_000_000 + i64::from(nanos / 1_000))
}

async fn find(shop: &Shop, handout: &str) -> Result<(HandoutId, crate::store::Handout), Sorry> {
    let id: HandoutId = handout.parse().map_err(|_| Sorry::NotFound)?;
    let all = shop.context.store.handouts(i64::MAX).await?;
    let found = all.into_iter().find(|known| known.id == id).ok_or(Sorry::NotFound)?;
    Ok((id, found))
}

/// `GET /admin/stock/handouts/{handout}`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Path(handout): Path<String>,
    Query(fields): Query<Fields>,
) -> Response {
    let made = async {
        let (id, _) = find(&shop, &handout).await?;
        let names = Names::read(&shop).await?;
        let lines = lines(&shop, &names, i64::MAX).await?;
        let path = path(id);
        let line = lines.into_iter().find(|line| line.path == path).ok_or(Sorry::NotFound)?;
        let role = visitor.member.staff.role;
        let unvoided = line.codes > 0;
        Ok(HandoutPage {
            may_print: unvoided
                && rights::may(role, "POST", "/admin/stock/handouts/{handout}/print"),
            may_void: unvoided && rights::may(role, "POST", "/admin/stock/handouts/{handout}/void"),
            line,
            reasons: VoidReason::ALL.map(VoidReason::word),
            notice: Notice::of(&shop, &fields),
        })
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "handout", made)
}

/// `POST /admin/stock/handouts/{handout}/print`
pub async fn print(
    State(shop): State<Arc<Shop>>,
    Path(handout): Path<String>,
    Posted(mut visitor, _): Posted,
) -> Response {
    let made = async {
        let (id, known) = find(&shop, &handout).await?;
        visitor.here = path(id);
        let store = &shop.context.store;
        let site = store.site(&known.package.site).await?.ok_or(Sorry::NotFound)?;
        let package = store.package(&known.package).await?;
        let package = package.ok_or(Sorry::NotFound)?;
        let codes = match stock::print(store, visitor.member.id, id).await {
            Ok(codes) => codes,
            Err(CommandError::Refused(_)) => return Err(Sorry::NotAllowed),
            Err(CommandError::Failed(failure)) => return Err(failure.into()),
        };
        let card = |code: crate::store::VoucherCode| Card {
            password: code.other_password().map(str::to_owned),
            code: code.code,
        };
        Ok(CardsPage {
            back: path(id),
            shop: shop.settings.shop_name.clone(),
            site: site.name,
            package: package.name,
            price: package.price_cents,
            validity_seconds: package.validity_seconds,
            devices: package.devices,
            support_phone: shop.settings.support_phone.clone(),
            cards: codes.into_iter().map(card).collect(),
        })
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "cards", made)
}

/// `POST /admin/stock/handouts/{handout}/void`
pub async fn void(
    State(shop): State<Arc<Shop>>,
    Path(handout): Path<String>,
    Posted(visitor, fields): Posted,
) -> Response {
    let done = async {
        let (id, _) = find(&shop, &handout).await?;
        void_all(&shop, &visitor, &fields, Doomed::Handout(id), &path(id)).await
    };
    let done = done.await;
    go(&shop, &visitor, done)
}

/// Voids what a form says, and goes back to its page.
pub async fn void_all(
    shop: &Shop,
    visitor: &Visitor,
    fields: &Fields,
    what: Doomed,
    path: &str,
) -> Result<String, Sorry> {
    let word = fields.get("reason").map_or("", String::as_str);
    let Some(reason) = VoidReason::parse(word) else {
        return Ok(format!("{path}?refused=no_reason"));
    };
    let store = &shop.context.store;
    match shop.context.acting(By::Staff(visitor.member.id)).void(what, reason).await {
        Ok(voided) => {
            store.project().await?;
            Ok(format!("{path}?done=void_all&codes={voided}"))
        }
        Err(CommandError::Refused(refusal)) => Ok(format!("{path}?refused={}", refusal.code())),
        Err(CommandError::Failed(failure)) => Err(failure.into()),
    }
}
