//! `/admin/money`: open exceptions, money and codes that a person must settle, and the forms that
//! settle them.

use super::{
    notice::{Notice, said},
    sale::{self, LineShown},
    staff::visitor::{Posted, Visitor},
};
use crate::{
    ledger::{
        kernel::{id::PurchaseId, money::Cents},
        settlement::Settlement,
        voucher::VoidReason,
    },
    services::{
        money::{self, Line, MoneyError, ReceiptFound},
        stock::Doomed,
    },
    store::ExceptionKind,
    web::{
        page::{Fields, Page, Result},
        state::{Shop, TheShop},
    },
};
use axum::{extract::State, response::Redirect};
use serde::Serialize;

#[derive(Serialize)]
struct MoneyPage {
    kinds: Vec<(&'static str, usize, bool)>,
    lines: Vec<LineShown>,
    may_settle: bool,
    may_match: bool,
    #[serde(flatten)]
    notice: Notice,
}

/// The sorts of things that need a person, as pages put them together.
pub const NEEDS: [&str; 7] =
    ["owed", "set_aside", "refund_due", "doubtful", "at_router", "undelivered", "stuck"];

pub fn count(lines: &[Line], need: &str) -> usize {
    lines.iter().filter(|line| is(line, need)).count()
}

fn is(line: &Line, need: &str) -> bool {
    let sort = match line.kind {
        ExceptionKind::Owed => "owed",
        ExceptionKind::SetAside | ExceptionKind::Unmatched => "set_aside",
        ExceptionKind::RefundDue => "refund_due",
        ExceptionKind::Disputed | ExceptionKind::Unresolved => "doubtful",
        ExceptionKind::Lost | ExceptionKind::UsedUnsold => "at_router",
        ExceptionKind::Undelivered | ExceptionKind::GivenUp | ExceptionKind::Unconfirmed => {
            "undelivered"
        }
        ExceptionKind::Stuck => "stuck",
    };
    sort == need
}

/// `GET /admin/money`
pub async fn show(State(shop): TheShop, visitor: Visitor, fields: Fields) -> Result<Page> {
    let lines = money::lines(&shop.context.store).await?;
    let wanted = NEEDS.into_iter().find(|need| *need == fields.get("kind"));
    let kept = lines.iter().filter(|line| wanted.is_none_or(|need| is(line, need)));
    let page = MoneyPage {
        lines: kept.map(|line| sale::shown(&shop, line)).collect(),
        kinds: NEEDS.map(|need| (need, count(&lines, need), wanted == Some(need))).into(),
        may_settle: visitor.may_send("/admin/money/settle"),
        may_match: visitor.may_send("/admin/money/match"),
        notice: Notice::of(&shop, &fields),
    };
    Ok(Page::new("money", page))
}

/// `POST /admin/money/settle`
pub async fn settle(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Redirect> {
    let Some(how) = how(&fields) else { return Ok(back(&fields, None, "refused=nothing_chosen")) };
    let named = fields.trimmed("what");
    let outcome = shop.context.acting(visitor.by()).settle(named, how).await;
    finish(&shop, &fields, "settle", outcome.map(|line| line.purchase)).await
}

/// How a person settled the money, as the form says.
fn how(fields: &Fields) -> Option<Settlement> {
    match fields.trimmed("how") {
        "mpesa" => Some(Settlement::RefundedMpesa),
        "cash" => Some(Settlement::RefundedCash),
        "hand" => Some(Settlement::ServedByHand),
        "later" => Some(Settlement::RefundPromised),
        _ => None,
    }
}

/// `POST /admin/money/refund`: the code of a sale is taken back for its money.
pub async fn refund(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Redirect> {
    let Some(how) = how(&fields) else { return Ok(back(&fields, None, "refused=nothing_chosen")) };
    let named = fields.trimmed("from");
    let outcome = shop.context.acting(visitor.by()).refund(named, how).await;
    finish(&shop, &fields, "refund", outcome.map(Some)).await
}

/// `POST /admin/money/replace`: the buyer of a sale gets another code.
pub async fn replace(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Redirect> {
    let outcome = shop.context.acting(visitor.by()).replace(fields.trimmed("from")).await;
    finish(&shop, &fields, "replace", outcome.map(Some)).await
}

/// `POST /admin/money/match`
pub async fn match_receipt(
    State(shop): TheShop,
    Posted(visitor, fields): Posted,
) -> Result<Redirect> {
    let amount = Cents::parse(fields.trimmed("amount"));
    let (number, sale) = (fields.trimmed("receipt"), fields.trimmed("sale"));
    let found = ReceiptFound { number, sale, amount };
    let outcome = shop.context.acting(visitor.by()).match_receipt(found).await;
    finish(&shop, &fields, "match", outcome.map(Some)).await
}

/// `POST /admin/money/unpaid`
pub async fn unpaid(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Redirect> {
    let outcome = shop.context.acting(visitor.by()).unpaid(fields.trimmed("what")).await;
    finish(&shop, &fields, "unpaid", outcome.map(|line| line.purchase)).await
}

/// `POST /admin/money/checked`
pub async fn checked(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Redirect> {
    let named = fields.trimmed("what");
    let outcome = shop.context.acting(visitor.by()).settle_dispute(named).await;
    finish(&shop, &fields, "checked", outcome.map(|line| line.purchase)).await
}

/// `POST /admin/money/void`: a code that somebody uses and nobody bought.
pub async fn void(State(shop): TheShop, Posted(visitor, fields): Posted) -> Result<Redirect> {
    let store = &shop.context.store;
    let named = fields.trimmed("what");
    let lines = money::lines(store).await?;
    let line =
        lines.iter().find(|line| line.kind == ExceptionKind::UsedUnsold && line.subject == named);
    let outcome = match line.and_then(|line| line.subject.parse().ok()) {
        Some(voucher) => {
            let doomed = Doomed::Voucher(voucher);
            let voided = shop.context.acting(visitor.by()).void(doomed, VoidReason::Leaked).await;
            voided.map(|_| None).map_err(MoneyError::from)
        }
        None => Err(MoneyError::NoLine(named.to_owned())),
    };
    finish(&shop, &fields, "void", outcome).await
}

/// `POST /admin/money/again`: what broke down is to be handled once more.
pub async fn again(State(shop): TheShop, Posted(_, fields): Posted) -> Result<Redirect> {
    let outcome = money::try_again(&shop.context.store, fields.trimmed("what")).await;
    finish(&shop, &fields, "again", outcome.map(|line| line.purchase)).await
}

/// Back to the page of the form, with the outcome.
async fn finish(
    shop: &Shop,
    fields: &Fields,
    what: &str,
    outcome: Result<Option<PurchaseId>, MoneyError>,
) -> Result<Redirect> {
    shop.context.tell();
    // The next page shows the outcome.
    shop.context.store.project().await?;
    match outcome {
        Ok(purchase) => Ok(back(fields, purchase, &format!("done={what}"))),
        Err(MoneyError::Command(error)) => Ok(back(fields, None, &said(what, Err(error))?)),
        Err(MoneyError::NoLine(_)) => Ok(back(fields, None, "refused=no_line")),
        Err(MoneyError::SeveralLines { .. }) => Ok(back(fields, None, "refused=several_lines")),
        Err(MoneyError::NotOneSale { .. }) => Ok(back(fields, None, "refused=not_one_sale")),
        Err(failure @ (MoneyError::Unreadable | MoneyError::Store(_))) => Err(failure.into()),
    }
}

fn back(fields: &Fields, purchase: Option<PurchaseId>, said: &str) -> Redirect {
    let path = match purchase.or_else(|| fields.get("from").parse().ok()) {
        Some(id) => sale::path(id),
        None => "/admin/money".to_owned(),
    };
    Redirect::to(&format!("{path}?{said}"))
}
