//! `/admin/sales/{sale}`: one sale as a timeline across all its streams, and what can be mended
//! there.

pub mod list;

use super::{
    frame::{self, Frame, Notice, Sorry},
    rights,
    visitor::{Fields, Posted, Visitor},
};
use crate::{
    commands::{by::By, message::resend_message::ResendMessage, staff::LookAtCode},
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
    store::{CommandError, PurchaseView, Sealed, StoredEvent, VoucherCode},
    web::{Shop, page::error::Failure},
};
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

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
    /// What is to be done about its money.
    lines: Vec<LineShown>,
    /// What may be done: look, resend, settle, take back, match.
    may: HashMap<&'static str, bool>,
    /// The code in clear, where somebody has just looked.
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
    pub kind: String,
    /// Of which package, where no money says so.
    pub package: Option<String>,
    /// A code that somebody uses and nobody bought, by its voucher.
    pub voucher: Option<String>,
    /// What broke down too often and may be tried again.
    pub stuck: Option<String>,
    /// Why, in a word of ours.
    pub reason: Option<String>,
    /// The money at stake.
    pub amount: Option<Cents>,
    /// Since when.
    pub since: String,
    /// By which it is named when something is done about it.
    pub name: Option<String>,
    /// The receipt's number.
    pub receipt: Option<String>,
    /// The account in M-PESA's statement.
    pub account: Option<String>,
    /// The sale's page.
    pub path: Option<String>,
    /// Whether it is money that can be settled, a doubt that can be, or a payment nobody knows of.
    pub settles: bool,
    /// Of a promise: what can still follow.
    pub promised: bool,
}

#[derive(Serialize)]
struct Day {
    day: String,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    /// The time of day; empty where it is that of the step before.
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
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Path(sale): Path<String>,
    Query(fields): Query<Fields>,
) -> Response {
    let made = async {
        let (id, view) = find(&shop, &sale).await?;
        let mut page = fill(&shop, &visitor, (id, &view)).await?;
        page.notice = Notice::of(&shop, &fields);
        Ok(page)
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "sale", made)
}

/// `POST /admin/sales/{sale}/look`
pub async fn look(
    State(shop): State<Arc<Shop>>,
    Path(sale): Path<String>,
    Posted(mut visitor, _): Posted,
) -> Response {
    let made = async {
        let (id, view) = find(&shop, &sale).await?;
        visitor.here = path(id);
        let code = look_at(&shop, &visitor, (id, &view)).await?;
        let (_, view) = find(&shop, &sale).await?;
        let mut page = fill(&shop, &visitor, (id, &view)).await?;
        page.password = code.other_password().map(str::to_owned);
        page.code = Some(code.code);
        Ok(page)
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "sale", made)
}

/// Records that the code is seen, and only then opens it.
async fn look_at(
    shop: &Shop,
    visitor: &Visitor,
    (purchase, view): (PurchaseId, &PurchaseView),
) -> Result<VoucherCode, Sorry> {
    let PurchaseStatus::Fulfilled(voucher) = view.purchase.status else {
        return Err(Sorry::NotFound);
    };
    let staff = visitor.member.id;
    let command = LookAtCode { staff, purchase, voucher };
    match shop.context.store.execute(By::Staff(staff).wish(command)).await {
        Ok(_) => {}
        Err(CommandError::Refused(Refusal::NotAllowed)) => return Err(Sorry::NotAllowed),
        Err(CommandError::Refused(_)) => return Err(Sorry::NotFound),
        Err(CommandError::Failed(failure)) => return Err(failure.into()),
    }
    let code = shop.context.store.code_of(purchase, voucher).await?;
    code.ok_or(Sorry::Failed(Failure::Missing("a code")))
}

/// `POST /admin/sales/{sale}/resend`
pub async fn resend(
    State(shop): State<Arc<Shop>>,
    Path(sale): Path<String>,
    Posted(visitor, _): Posted,
) -> Response {
    let done = async {
        let (id, _) = find(&shop, &sale).await?;
        let store = &shop.context.store;
        let message = MessageId(shop.context.random.id(store.now()));
        let command = ResendMessage { purchase: id, message };
        let outcome = store.execute(By::Staff(visitor.member.id).wish(command)).await;
        let said = said("resend", outcome.map(drop))?;
        shop.context.tell();
        Ok(format!("{}?{said}", path(id)))
    };
    match done.await {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(problem) => frame::sorry(&shop, &Frame::of(&shop, &visitor), problem),
    }
}

/// What came of a command, for the query of the page that tells it.
pub fn said(what: &str, outcome: Result<(), CommandError>) -> Result<String, Sorry> {
    match outcome {
        Ok(()) => Ok(format!("done={what}")),
        Err(CommandError::Refused(refusal)) => Ok(format!("refused={}", refusal.code())),
        Err(CommandError::Failed(failure)) => Err(failure.into()),
    }
}

/// Where a sale is.
pub fn path(id: PurchaseId) -> String {
    format!("/admin/sales/{id}")
}

async fn find(shop: &Shop, sale: &str) -> Result<(PurchaseId, PurchaseView), Sorry> {
    let id: PurchaseId = sale.parse().map_err(|_| Sorry::NotFound)?;
    let view = shop.context.store.purchase(id).await?.ok_or(Sorry::NotFound)?;
    Ok((id, view))
}

async fn fill(
    shop: &Shop,
    visitor: &Visitor,
    (id, view): (PurchaseId, &PurchaseView),
) -> Result<SalePage, Sorry> {
    let store = &shop.context.store;
    let role = visitor.member.staff.role;
    let may = |path: &str| rights::may(role, "POST", path);
    let standing = money::standing(view);
    let has_code = standing == Standing::Paid;
    let lines = money::lines(store).await.map_err(Failure::from)?;
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

/// A line as a page shows it.
pub fn shown(shop: &Shop, line: &Line) -> LineShown {
    let promised = line.kind == "refund_due";
    let of_code = ["lost", "used_unsold"].contains(&line.kind.as_str());
    LineShown {
        kind: line.kind.clone(),
        package: line.package.clone().filter(|_| of_code),
        voucher: (line.kind == "used_unsold").then(|| line.subject.clone()),
        stuck: (line.kind == "stuck").then(|| line.subject.clone()),
        reason: line.reason.as_deref().map(|reason| reason.replace('_', " ")),
        amount: line.amount_cents,
        since: line.since.local(&shop.settings.zone),
        name: line.receipt.clone().or_else(|| line.purchase.map(|id| id.to_string())),
        receipt: line.receipt.clone(),
        account: line.account.clone(),
        path: line.purchase.map(path),
        settles: promised || ["owed", "set_aside", "unmatched"].contains(&line.kind.as_str()),
        promised,
    }
}

async fn timeline(shop: &Shop, events: &[StoredEvent]) -> Result<Vec<Day>, Sorry> {
    let mut names: HashMap<String, Option<String>> = HashMap::new();
    let mut days: Vec<Day> = vec![];
    let mut last = Micros::default();
    for event in events {
        let person = match event.actor.strip_prefix("staff:") {
            Some(id) if names.contains_key(id) => names[id].clone(),
            Some(id) => {
                let staff: Option<StaffId> = id.parse().ok();
                let name = match staff {
                    Some(staff) => staff::name(&shop.context.store, staff).await?,
                    None => None,
                };
                names.insert(id.to_owned(), name.clone());
                name
            }
            None => None,
        };
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

/// The phrase for who or what caused an event; none for a person.
fn actor(actor: &str) -> Option<&'static str> {
    match actor.split(':').next().unwrap_or_default() {
        "staff" => None,
        "buyer" => Some("buyer"),
        "provider" => Some("provider"),
        "cli" => Some("cli"),
        _ => Some("lango"),
    }
}

/// What the provider sent, for those who may see a buyer's number in it.
async fn told(shop: &Shop, visitor: &Visitor, view: &PurchaseView) -> Result<Vec<Told>, Sorry> {
    if !visitor.member.staff.role.may_look_at_codes() {
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
