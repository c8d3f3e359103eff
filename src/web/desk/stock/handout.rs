//! `/admin/stock/handouts/{handout}`: printed cards that a person took to sell.

use super::names::Names;
use crate::{
    ledger::{
        command::Note,
        kernel::{id::HandoutId, money::Cents, time::Micros},
        voucher::VoidReason,
    },
    services::stock::{self, Doomed},
    store::{Handout, Sealed, VoucherCode},
    web::{
        desk::{
            notice::{Notice, refusal},
            staff::visitor::{Posted, Visitor},
        },
        page::{Fields, Page, Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Path, State},
    response::Redirect,
};
use serde::Serialize;

/// A handout of a list.
#[derive(Serialize)]
pub struct Line {
    path: String,
    person: String,
    package: String,
    site: String,
    when: String,
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

pub fn path(handout: HandoutId) -> String {
    format!("/admin/stock/handouts/{handout}")
}

pub async fn lines(shop: &Shop, names: &Names, limit: i64) -> Result<Vec<Line>> {
    let mut lines = vec![];
    for handout in shop.context.store.read().handouts(limit).await? {
        lines.push(line(shop, names, &handout).await?);
    }
    Ok(lines)
}

async fn line(shop: &Shop, names: &Names, handout: &Handout) -> Result<Line> {
    let person = Sealed::Note(Note::Handout(handout.id));
    Ok(Line {
        path: path(handout.id),
        person: shop.context.store.open_sealed(person).await?.unwrap_or_default(),
        package: names.package(&handout.package),
        site: names.site(handout.package.site.as_str()),
        when: began(handout.id).local(&shop.settings.zone),
        codes: handout.codes - handout.voided,
        voided: handout.voided,
    })
}

/// When it was made; the id holds the time.
fn began(handout: HandoutId) -> Micros {
    let (seconds, nanos) = handout.0.get_timestamp().map_or((0, 0), |at| at.to_unix());
    Micros(i64::try_from(seconds).unwrap_or_default() * 1_000_000 + i64::from(nanos / 1_000))
}

async fn find(shop: &Shop, handout: &str) -> Result<Handout> {
    let id: HandoutId = handout.parse().map_err(|_| Sorry::NotFound)?;
    let all = shop.context.store.read().handouts(i64::MAX).await?;
    all.into_iter().find(|known| known.id == id).ok_or(Sorry::NotFound)
}

/// `GET /admin/stock/handouts/{handout}`
pub async fn show(
    State(shop): TheShop,
    visitor: Visitor,
    Path(handout): Path<String>,
    fields: Fields,
) -> Result<Page> {
    let handout = find(&shop, &handout).await?;
    let line = line(&shop, &Names::read(&shop).await?, &handout).await?;
    let may = |path| line.codes > 0 && visitor.may_send(path);
    let page = HandoutPage {
        may_print: may("/admin/stock/handouts/{handout}/print"),
        may_void: may("/admin/stock/handouts/{handout}/void"),
        line,
        reasons: VoidReason::ALL.map(VoidReason::word),
        notice: Notice::of(&shop, &fields),
    };
    Ok(Page::new("handout", page))
}

/// `POST /admin/stock/handouts/{handout}/print`
pub async fn print(
    State(shop): TheShop,
    Path(handout): Path<String>,
    Posted(visitor, _): Posted,
) -> Result<Page> {
    let handout = find(&shop, &handout).await?;
    let store = &shop.context.store;
    let site = store.read().site(&handout.package.site).await?.ok_or(Sorry::NotFound)?;
    let package = store.read().package(&handout.package).await?.ok_or(Sorry::NotFound)?;
    let codes = stock::print(store, visitor.member.id, handout.id).await;
    let codes = codes.map_err(|error| Sorry::of(error, Sorry::NotAllowed))?;
    let card = |code: VoucherCode| Card {
        password: code.other_password().map(str::to_owned),
        code: code.code,
    };
    let page = CardsPage {
        back: path(handout.id),
        shop: shop.settings.shop_name.clone(),
        site: site.name,
        package: package.name,
        price: package.price_cents,
        validity_seconds: package.validity_seconds,
        devices: package.devices,
        support_phone: shop.settings.support_phone.clone(),
        cards: codes.into_iter().map(card).collect(),
    };
    Ok(Page::new("cards", page))
}

/// `POST /admin/stock/handouts/{handout}/void`
pub async fn void(
    State(shop): TheShop,
    Path(handout): Path<String>,
    Posted(visitor, fields): Posted,
) -> Result<Redirect> {
    let id = find(&shop, &handout).await?.id;
    void_all(&shop, &visitor, &fields, Doomed::Handout(id), &path(id)).await
}

/// Voids codes for the reason that a form gives, and goes back to the page.
pub async fn void_all(
    shop: &Shop,
    visitor: &Visitor,
    fields: &Fields,
    what: Doomed,
    path: &str,
) -> Result<Redirect> {
    let said = match VoidReason::parse(fields.get("reason")) {
        None => "refused=no_reason".to_owned(),
        Some(reason) => match shop.context.acting(visitor.by()).void(what, reason).await {
            Ok(voided) => {
                shop.context.store.project().await?;
                format!("done=void_all&codes={voided}")
            }
            Err(error) => format!("refused={}", refusal(error)?),
        },
    };
    Ok(Redirect::to(&format!("{path}?{said}")))
}
