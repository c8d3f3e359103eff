//! `/admin/money`: what needs a person, and what a person did about it.

use super::{
    frame::{self, Frame, Notice, Sorry},
    home::{self, NEEDS},
    rights,
    sale::{self, LineShown},
    visitor::{Fields, Posted, Visitor},
};
use crate::{
    commands::by::By,
    ledger::{
        kernel::{id::PurchaseId, money::Cents},
        settlement::Settlement,
        voucher::VoidReason,
    },
    services::{
        money::{self, Line, MoneyError, ReceiptFound},
        stock::Doomed,
    },
    web::{Shop, page::error::Failure},
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct MoneyPage {
    kinds: Vec<(&'static str, usize, bool)>,
    lines: Vec<LineShown>,
    may_settle: bool,
    may_match: bool,
    #[serde(flatten)]
    notice: Notice,
}

/// `GET /admin/money`
pub async fn show(
    State(shop): State<Arc<Shop>>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Response {
    let made = async {
        let lines = money::lines(&shop.context.store).await.map_err(Failure::from)?;
        let wanted = fields.get("kind").map_or("", String::as_str);
        let wanted = NEEDS.into_iter().find(|need| *need == wanted);
        let count = |need| lines.iter().filter(|line| home::is(line, need)).count();
        let kinds = NEEDS.map(|need| (need, count(need), wanted == Some(need)));
        let kept = lines.iter().filter(|line| wanted.is_none_or(|need| home::is(line, need)));
        let role = visitor.member.staff.role;
        Ok(MoneyPage {
            lines: kept.map(|line| sale::shown(&shop, line)).collect(),
            kinds: kinds.into(),
            may_settle: rights::may(role, "POST", "/admin/money/settle"),
            may_match: rights::may(role, "POST", "/admin/money/match"),
            notice: Notice::of(&shop, &fields),
        })
    };
    let made = made.await;
    frame::answer(&shop, &visitor, "money", made)
}

/// `POST /admin/money/settle`
pub async fn settle(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let acting = shop.context.acting(By::Staff(visitor.member.id));
    let outcome = match how(&fields) {
        Some(how) => acting.settle(field(&fields, "what"), how).await.map(of_line),
        None => return back(&shop, &visitor, &fields, Ok(("refused=nothing_chosen".into(), None))),
    };
    finish(&shop, &visitor, &fields, ("settle", outcome)).await
}

/// What a person has done about money, as the form says.
fn how(fields: &Fields) -> Option<Settlement> {
    match field(fields, "how") {
        "mpesa" => Some(Settlement::RefundedMpesa),
        "cash" => Some(Settlement::RefundedCash),
        "hand" => Some(Settlement::ServedByHand),
        "later" => Some(Settlement::RefundPromised),
        _ => None,
    }
}

/// `POST /admin/money/refund`: the code of a sale is taken back for its money.
pub async fn refund(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let by = By::Staff(visitor.member.id);
    let Some(how) = how(&fields) else {
        return back(&shop, &visitor, &fields, Ok(("refused=nothing_chosen".into(), None)));
    };
    let outcome = shop.context.acting(by).refund(field(&fields, "from"), how).await;
    finish(&shop, &visitor, &fields, ("refund", outcome.map(Some))).await
}

/// `POST /admin/money/replace`: the buyer of a sale gets another code.
pub async fn replace(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let by = By::Staff(visitor.member.id);
    let outcome = shop.context.acting(by).replace(field(&fields, "from")).await;
    finish(&shop, &visitor, &fields, ("replace", outcome.map(Some))).await
}

/// `POST /admin/money/match`
pub async fn match_receipt(
    State(shop): State<Arc<Shop>>,
    Posted(visitor, fields): Posted,
) -> Response {
    let amount = field(&fields, "amount");
    let amount = if amount.is_empty() { None } else { Cents::parse(amount) };
    let (number, sale) = (field(&fields, "receipt"), field(&fields, "sale"));
    let by = By::Staff(visitor.member.id);
    let found = ReceiptFound { number, sale, amount };
    let outcome = shop.context.acting(by).match_receipt(found).await.map(Some);
    finish(&shop, &visitor, &fields, ("match", outcome)).await
}

/// `POST /admin/money/unpaid`
pub async fn unpaid(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let by = By::Staff(visitor.member.id);
    let outcome = shop.context.acting(by).unpaid(field(&fields, "what")).await.map(of_line);
    finish(&shop, &visitor, &fields, ("unpaid", outcome)).await
}

/// `POST /admin/money/checked`
pub async fn checked(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let by = By::Staff(visitor.member.id);
    let outcome = shop.context.acting(by).settle_dispute(field(&fields, "what")).await;
    finish(&shop, &visitor, &fields, ("checked", outcome.map(of_line))).await
}

/// `POST /admin/money/void`: a code that somebody uses and nobody bought.
pub async fn void(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let store = &shop.context.store;
    let by = By::Staff(visitor.member.id);
    let what = field(&fields, "what");
    let outcome = async {
        let lines = money::lines(store).await?;
        let line = lines.into_iter().find(|it| it.kind == "used_unsold" && it.subject == what);
        let voucher = line.and_then(|line| line.subject.parse().ok());
        let voucher = voucher.ok_or_else(|| MoneyError::NoLine(what.to_owned()))?;
        shop.context.acting(by).void(Doomed::Voucher(voucher), VoidReason::Leaked).await?;
        Ok(None)
    };
    let outcome = outcome.await;
    finish(&shop, &visitor, &fields, ("void", outcome)).await
}

/// `POST /admin/money/again`: what broke down is to be handled once more.
pub async fn again(State(shop): State<Arc<Shop>>, Posted(visitor, fields): Posted) -> Response {
    let outcome = money::try_again(&shop.context.store, field(&fields, "what")).await;
    finish(&shop, &visitor, &fields, ("again", outcome.map(of_line))).await
}

#[expect(clippy::needless_pass_by_value, reason = "it is a step of a chain")]
fn of_line(line: Line) -> Option<PurchaseId> {
    line.purchase
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", |text| text.trim())
}

async fn finish(
    shop: &Shop,
    visitor: &Visitor,
    fields: &Fields,
    (what, outcome): (&str, Result<Option<PurchaseId>, MoneyError>),
) -> Response {
    shop.context.tell();
    // The page that follows shows what was done.
    if let Err(failure) = shop.context.store.project().await {
        return frame::sorry(shop, &Frame::of(shop, visitor), failure.into());
    }
    let told = match outcome {
        Ok(purchase) => Ok((format!("done={what}"), purchase)),
        Err(MoneyError::Command(error)) => sale::said(what, Err(error)).map(|said| (said, None)),
        Err(MoneyError::NoLine(_)) => Ok(("refused=no_line".into(), None)),
        Err(MoneyError::SeveralLines { .. }) => Ok(("refused=several_lines".into(), None)),
        Err(MoneyError::NotOneSale { .. }) => Ok(("refused=not_one_sale".into(), None)),
        Err(failure @ (MoneyError::Unreadable | MoneyError::Store(_))) => {
            Err(Sorry::Failed(Failure::from(failure)))
        }
    };
    back(shop, visitor, fields, told)
}

/// Back to the sale, or to the list.
fn back(
    shop: &Shop,
    visitor: &Visitor,
    fields: &Fields,
    told: Result<(String, Option<PurchaseId>), Sorry>,
) -> Response {
    match told {
        Ok((said, purchase)) => {
            let from = fields.get("from").and_then(|sale| sale.parse().ok());
            let path = match purchase.or(from) {
                Some(id) => sale::path(id),
                None => "/admin/money".to_owned(),
            };
            Redirect::to(&format!("{path}?{said}")).into_response()
        }
        Err(problem) => frame::sorry(shop, &Frame::of(shop, visitor), problem),
    }
}
