//! `/admin/sales/{sale}`: one sale as a timeline across all its streams, and what can be mended
//! there.

pub mod list;

use super::{
    notice::{Notice, said},
    staff::visitor::{Posted, Visitor},
};
use crate::{
    commands::{message::resend_message::ResendMessage, staff::LookAtCode},
    ledger::{
        kernel::{
            id::{MessageId, PurchaseId, StaffId},
            money::Cents,
            time::Micros,
        },
        purchase::PurchaseStatus,
        refusal::Refusal,
    },
    services::{
        money::{self, Line, Standing},
        staff,
    },
    store::{CommandError, ExceptionKind as Kind, PurchaseView, Sealed, StoredEvent, VoucherCode},
    web::{
        page::{Failure, Fields, Page, Result, Sorry},
        state::{Shop, TheShop},
    },
};
use axum::{
    extract::{Path, State},
    response::Redirect,
};
use serde::Serialize;
use std::collections::HashMap;

#[derive(Serialize)]
struct SalePage {
    path: String,
    id: String,
    reference: String,
    package: String,
    price: Cents,
    when: String,
    payer: Option<String>,
    receipt: Option<String>,
    standing: &'static str,
    lines: Vec<LineShown>,
    may: HashMap<&'static str, bool>,
    /// The code in clear, after somebody looked.
    code: Option<String>,
    password: Option<String>,
    #[serde(flatten)]
    notice: Notice,
    days: Vec<Day>,
    told: Vec<Told>,
}

/// Something about the sale that needs a person.
#[derive(Serialize)]
pub struct LineShown {
    /// A phrase `need.…`.
    kind: &'static str,
    /// The package of a code without money.
    package: Option<String>,
    /// A code that somebody uses and nobody bought, by its voucher.
    voucher: Option<String>,
    /// The work that broke down too often and may be tried again.
    stuck: Option<String>,
    reason: Option<String>,
    amount: Option<Cents>,
    since: String,
    /// The name by which forms settle it.
    name: Option<String>,
    receipt: Option<String>,
    /// The account in M-PESA's statement.
    account: Option<String>,
    path: Option<String>,
    settles: bool,
    promised: bool,
}

#[derive(Serialize)]
struct Day {
    day: String,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    /// The time of day; empty if the step before has the same.
    at: String,
    /// A phrase `event.…`.
    kind: String,
    notable: String,
    /// A phrase `actor.…`, or somebody's name.
    actor: Option<&'static str>,
    person: Option<String>,
    position: i64,
}

#[derive(Serialize)]
struct Told {
    when: String,
    body: String,
}

/// `GET /admin/sales/{sale}`
pub async fn show(
    State(shop): TheShop,
    visitor: Visitor,
    Path(sale): Path<String>,
    fields: Fields,
) -> Result<Page> {
    let view = find(&shop, &sale).await?;
    let page = fill(&shop, &visitor, &view).await?;
    Ok(Page::new("sale", SalePage { notice: Notice::of(&shop, &fields), ..page }))
}

/// `POST /admin/sales/{sale}/look`
pub async fn look(
    State(shop): TheShop,
    Path(sale): Path<String>,
    Posted(visitor, _): Posted,
) -> Result<Page> {
    let code = look_at(&shop, &visitor, &find(&shop, &sale).await?).await?;
    // That somebody looked stands on the page too.
    let page = fill(&shop, &visitor, &find(&shop, &sale).await?).await?;
    let password = code.other_password().map(str::to_owned);
    Ok(Page::new("sale", SalePage { password, code: Some(code.code), ..page }))
}

/// Records that somebody looks, and only then opens the code.
async fn look_at(shop: &Shop, visitor: &Visitor, view: &PurchaseView) -> Result<VoucherCode> {
    let PurchaseStatus::Fulfilled(voucher) = view.purchase.status else {
        return Err(Sorry::NotFound);
    };
    let (staff, purchase) = (visitor.member.id, view.id);
    let command = visitor.by().wish(LookAtCode { staff, purchase, voucher });
    match shop.context.store.execute(command).await {
        Ok(_) => {}
        Err(CommandError::Refused(Refusal::NotAllowed)) => return Err(Sorry::NotAllowed),
        Err(error) => return Err(Sorry::of(error, Sorry::NotFound)),
    }
    let code = shop.context.store.code_of(purchase, voucher).await?;
    code.ok_or(Sorry::Failed(Failure::Missing("a code")))
}

/// `POST /admin/sales/{sale}/resend`
pub async fn resend(
    State(shop): TheShop,
    Path(sale): Path<String>,
    Posted(visitor, _): Posted,
) -> Result<Redirect> {
    let purchase = find(&shop, &sale).await?.id;
    let message = MessageId(shop.context.id());
    let command = visitor.by().wish(ResendMessage { purchase, message });
    let outcome = shop.context.store.execute(command).await;
    let said = said("resend", outcome.map(drop))?;
    shop.context.tell();
    Ok(Redirect::to(&format!("{}?{said}", path(purchase))))
}

pub fn path(id: PurchaseId) -> String {
    format!("/admin/sales/{id}")
}

async fn find(shop: &Shop, sale: &str) -> Result<PurchaseView> {
    let id: PurchaseId = sale.parse().map_err(|_| Sorry::NotFound)?;
    shop.context.store.read().purchase(id).await?.ok_or(Sorry::NotFound)
}

async fn fill(shop: &Shop, visitor: &Visitor, view: &PurchaseView) -> Result<SalePage> {
    let (store, id) = (&shop.context.store, view.id);
    let may = |path: &str| visitor.may_send(path);
    let standing = money::standing(view);
    let has_code = standing == Standing::Paid;
    let lines = money::lines(store).await?;
    let lines = lines.iter().filter(|line| line.purchase == Some(id));
    let receipt = match view.receipt() {
        Some(receipt) => store.open_sealed(Sealed::Receipt(receipt)).await?,
        None => None,
    };
    let payer = store.phone(view.purchase.contact).await?;
    let unproved = view.payments.iter().any(|payment| payment.payment.receipt.is_none());
    Ok(SalePage {
        path: path(id),
        id: id.to_string(),
        reference: money::reference(id),
        package: view.purchase.package.to_string(),
        price: view.purchase.price,
        when: view.purchase.started_at.local(&shop.settings.zone),
        payer: payer.map(|phone| phone.masked()),
        receipt,
        standing: standing.word(),
        lines: lines.map(|line| shown(shop, line)).collect(),
        may: HashMap::from([
            ("look", has_code && may("/admin/sales/{sale}/look")),
            ("resend", has_code && may("/admin/sales/{sale}/resend")),
            ("settle", may("/admin/money/settle")),
            ("take_back", has_code && may("/admin/money/refund")),
            ("match", unproved && may("/admin/money/match")),
        ]),
        code: None,
        password: None,
        notice: Notice::default(),
        days: timeline(shop, &store.events_of_sale(id).await?).await?,
        told: told(shop, visitor, view).await?,
    })
}

pub fn shown(shop: &Shop, line: &Line) -> LineShown {
    let promised = line.kind == Kind::RefundDue;
    let of_code = matches!(line.kind, Kind::Lost | Kind::UsedUnsold);
    LineShown {
        kind: line.kind.word(),
        package: line.package.clone().filter(|_| of_code),
        voucher: (line.kind == Kind::UsedUnsold).then(|| line.subject.clone()),
        stuck: (line.kind == Kind::Stuck).then(|| line.subject.clone()),
        reason: line.reason.as_deref().map(|reason| reason.replace('_', " ")),
        amount: line.amount_cents,
        since: line.since.local(&shop.settings.zone),
        name: line.receipt.clone().or_else(|| line.purchase.map(|id| id.to_string())),
        receipt: line.receipt.clone(),
        account: line.account.clone(),
        path: line.purchase.map(path),
        settles: promised || matches!(line.kind, Kind::Owed | Kind::SetAside | Kind::Unmatched),
        promised,
    }
}

async fn timeline(shop: &Shop, events: &[StoredEvent]) -> Result<Vec<Day>> {
    let mut names: HashMap<StaffId, Option<String>> = HashMap::new();
    let mut days: Vec<Day> = vec![];
    let mut last = Micros::default();
    for event in events {
        let staff = event.actor.strip_prefix("staff:").and_then(|id| id.parse().ok());
        if let Some(id) = staff
            && !names.contains_key(&id)
        {
            names.insert(id, staff::name(&shop.context.store, id).await?);
        }
        let person = staff.and_then(|id| names.get(&id).cloned().flatten());
        if days.last().is_none_or(|day| day.day != event.business_day) {
            days.push(Day { day: event.business_day.clone(), steps: vec![] });
            last = Micros::default();
        }
        let clock = event.recorded_at.local_clock(&shop.settings.zone);
        let step = Step {
            at: if event.recorded_at == last { String::new() } else { clock },
            kind: event.kind.clone(),
            notable: money::notable(event).replace('_', " "),
            actor: actor(&event.actor),
            person,
            position: event.position,
        };
        last = event.recorded_at;
        days.last_mut().expect("a day was just begun").steps.push(step);
    }
    Ok(days)
}

/// The phrase for the cause of an event; `None` for a person.
fn actor(actor: &str) -> Option<&'static str> {
    match actor.split(':').next().unwrap_or_default() {
        "staff" => None,
        "buyer" => Some("buyer"),
        "provider" => Some("provider"),
        "cli" => Some("cli"),
        _ => Some("lango"),
    }
}

/// The provider's messages, for roles that may see a buyer's number in them.
async fn told(shop: &Shop, visitor: &Visitor, view: &PurchaseView) -> Result<Vec<Told>> {
    if !visitor.role().may_look_at_codes() {
        return Ok(vec![]);
    }
    let payments: Vec<_> = view.payments.iter().map(|payment| payment.id).collect();
    let told = shop.context.store.told_of(&payments).await?.into_iter();
    Ok(told
        .map(|(at, raw)| Told {
            when: at.local(&shop.settings.zone),
            body: String::from_utf8_lossy(&raw.body).into_owned(),
        })
        .collect())
}
