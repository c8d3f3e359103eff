//! The desk: what needs a person, and what the person did about it. Lines are found by what people
//! have in hand, such as a receipt; what is done about them is commands like any other.

use crate::{
    commands::{
        by::By,
        money::{
            match_receipt::MatchReceipt,
            settle::{Settle, SettleDispute, Unsettled},
            take_news::{News, TakeNews},
        },
        sale::replace_voucher::ReplaceVoucher,
    },
    ledger::{
        kernel::{
            id::{MessageId, PaymentId, PurchaseId, ReceiptId},
            money::Cents,
            time::Micros,
        },
        payment::{Learnt, PaymentStatus, account_reference},
        purchase::{Expiry, PurchaseStatus},
        refusal::Refusal,
        settlement::Settlement,
    },
    ports::{Decline, Random},
    store::{
        CommandError, Exception, ExceptionKind, PaymentView, PurchaseView, Sealed, Store,
        StoreError, StoredEvent, Stuck,
    },
};
use serde::Serialize;
use serde_json::Value;

/// Whose receipts a person types.
const PROVIDER: &str = "mpesa";

/// What needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `owed`, `set_aside`, `unmatched`, `refund_due`, `disputed`, `unresolved`, `undelivered`,
    /// `given_up`, `unconfirmed`, `lost`, `used_unsold` or `stuck`.
    pub kind: String,
    /// The purchase, payment, receipt, message or voucher that it is about; what is stuck, as
    /// `<kind>:<subject>`.
    pub subject: String,
    /// The sale beside which it stands.
    pub purchase: Option<PurchaseId>,
    /// `<site>.<package>`, where a sale is known.
    pub package: Option<String>,
    /// The money at stake.
    pub amount_cents: Option<Cents>,
    /// Why, in a word of ours.
    pub reason: Option<String>,
    /// Since when.
    pub since: Micros,
    /// The receipt's number, where one is known and not forgotten.
    pub receipt: Option<String>,
    /// The account under which M-PESA's statement shows the payment, where its receipt is to be
    /// looked for there.
    pub account: Option<String>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// No line is called so.
    #[error("nothing on the list matches {0}; see `lango money list`")]
    NoLine(String),
    /// Several lines are called so.
    #[error("{count} lines match {text}; use the receipt")]
    SeveralLines {
        /// What was typed.
        text: String,
        /// How many.
        count: usize,
    },
    /// No sale, or several.
    #[error("{count} sales match {text}; use the id of one, see `lango audit show {text}`")]
    NotOneSale {
        /// What was typed.
        text: String,
        /// How many.
        count: usize,
    },
    /// The row of a read model is not as it should be.
    #[error("the projection `exceptions` has a row that cannot be read; rebuild it")]
    Unreadable,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A command was not carried out.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Where a sale stands, as a person puts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Paid, and it has its code.
    Paid,
    /// Paid, and a code is owed.
    Owed,
    /// Its money was settled by a person.
    Settled,
    /// Its money bought nothing, and waits for a person.
    SetAside,
    /// It waits for money.
    Waiting,
    /// The payment was declined.
    Declined,
    /// The payment was never asked for.
    NotAsked,
    /// Nothing was heard of the payment.
    Unresolved,
}

impl Standing {
    /// Its name among the phrases.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Owed => "owed",
            Self::Settled => "settled",
            Self::SetAside => "set_aside",
            Self::Waiting => "waiting",
            Self::Declined => "declined",
            Self::NotAsked => "not_asked",
            Self::Unresolved => "unresolved",
        }
    }
}

/// Where a sale stands.
pub fn standing(view: &PurchaseView) -> Standing {
    let aside = view.payments.iter().any(|payment| payment.set_aside.is_some());
    match view.purchase.status {
        PurchaseStatus::Fulfilled(_) => Standing::Paid,
        PurchaseStatus::Owed => Standing::Owed,
        _ if view.settled().is_some() => Standing::Settled,
        _ if aside => Standing::SetAside,
        PurchaseStatus::Settled(_) => Standing::Settled,
        PurchaseStatus::Open => Standing::Waiting,
        PurchaseStatus::Expired(_) if !view.is_surely_unpaid() => Standing::Unresolved,
        PurchaseStatus::Expired(Expiry::Declined) => Standing::Declined,
        PurchaseStatus::Expired(Expiry::Refused) => Standing::NotAsked,
        PurchaseStatus::Expired(Expiry::Unresolved) => {
            let declined = |it: &PaymentView| it.payment.status == PaymentStatus::Declined;
            let said_no = view.payments.iter().any(declined);
            if said_no { Standing::Declined } else { Standing::NotAsked }
        }
    }
}

/// What of an event's data helps a person to read it.
pub fn notable(event: &StoredEvent) -> String {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    let word = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
    let amount = event.amount_cents.map(|cents| Cents(cents).to_string());
    let words = [amount, word("reason"), word("learnt"), word("gateway"), word("how")];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The end of a sale's id, as its page shows it.
pub fn reference(purchase: PurchaseId) -> String {
    purchase.to_string()[24..].to_uppercase()
}

/// Everything that needs a person, oldest first.
pub async fn lines(store: &Store) -> Result<Vec<Line>, DeskError> {
    let mut lines = vec![];
    for exception in store.exceptions().await? {
        let mut line = line(exception);
        line.receipt = receipt_number(store, &line).await?;
        lines.push(line);
    }
    for stuck in store.stuck().await? {
        lines.push(stuck_line(store, stuck).await?);
    }
    Ok(lines)
}

/// Something over which Lango broke down twice.
async fn stuck_line(store: &Store, stuck: Stuck) -> Result<Line, StoreError> {
    let payment = match stuck.payment {
        Some(payment) => store.payment(payment).await?,
        None => None,
    };
    Ok(Line {
        subject: format!("{}:{}", stuck.kind, stuck.subject),
        kind: "stuck".into(),
        purchase: payment.map(|payment| payment.purchase),
        package: None,
        amount_cents: None,
        reason: Some(stuck.kind),
        since: stuck.since,
        receipt: None,
        account: None,
    })
}

/// Has what is stuck handled once more.
pub async fn try_again(store: &Store, subject: &str) -> Result<Line, DeskError> {
    let mut lines = lines(store).await?;
    lines.retain(|line| line.kind == "stuck" && line.subject == subject);
    let no_line = || DeskError::NoLine(subject.to_owned());
    let line = lines.pop().ok_or_else(no_line)?;
    let (kind, subject) = subject.split_once(':').ok_or_else(no_line)?;
    store.forget_breakdowns(kind, subject).await?;
    Ok(line)
}

fn line(exception: Exception) -> Line {
    let Exception { kind, subject, purchase, site, package, amount_cents, reason, since } =
        exception;
    let of_payment = matches!(kind, ExceptionKind::Unresolved | ExceptionKind::Disputed);
    let payment = of_payment.then(|| subject.parse().ok()).flatten();
    Line {
        kind: kind.word().to_owned(),
        account: payment.map(account_reference),
        package: site.zip(package).map(|(site, package)| format!("{site}.{package}")),
        subject,
        purchase,
        amount_cents,
        reason,
        since,
        receipt: None,
    }
}

/// The number of the receipt that a line is about.
async fn receipt_number(store: &Store, line: &Line) -> Result<Option<String>, StoreError> {
    let receipt = match unsettled(line) {
        Some(Unsettled::Receipt(receipt, _)) => Some(receipt),
        Some(Unsettled::Payment(payment)) => {
            store.payment(payment).await?.and_then(|payment| payment.receipt)
        }
        Some(Unsettled::Purchase(purchase, _)) => {
            store.purchase(purchase).await?.and_then(|view| view.receipt())
        }
        None => None,
    };
    match receipt {
        Some(receipt) => store.open_sealed(Sealed::Receipt(receipt)).await,
        None => Ok(None),
    }
}

/// The money that a line is about, where it is money to be settled.
fn unsettled(line: &Line) -> Option<Unsettled> {
    let sort = if line.kind == "refund_due" { line.reason.as_deref()? } else { &line.kind };
    match sort {
        "owed" | "taken_back" => {
            Some(Unsettled::Purchase(line.subject.parse().ok()?, line.amount_cents?))
        }
        "set_aside" => Some(Unsettled::Payment(line.subject.parse().ok()?)),
        "unmatched" => Some(Unsettled::Receipt(line.subject.parse().ok()?, line.purchase)),
        _ => None,
    }
}

/// The one line among those that `wanted` keeps which a receipt, or whatever else names a sale,
/// calls.
async fn named(
    store: &Store,
    text: &str,
    wanted: impl Fn(&Line) -> bool,
) -> Result<Line, DeskError> {
    let mut lines = lines(store).await?;
    lines.retain(wanted);
    let is_receipt =
        |line: &Line| line.receipt.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(text));
    if lines.iter().any(is_receipt) {
        lines.retain(is_receipt);
    } else {
        let sales = store.purchases_named(text).await?;
        lines.retain(|line| line.purchase.is_some_and(|purchase| sales.contains(&purchase)));
    }
    match <[Line; 1]>::try_from(lines) {
        Ok([line]) => Ok(line),
        Err(none) if none.is_empty() => Err(DeskError::NoLine(text.to_owned())),
        Err(several) => {
            Err(DeskError::SeveralLines { text: text.to_owned(), count: several.len() })
        }
    }
}

/// Settles the money that a receipt or sale names.
pub async fn settle(store: &Store, by: By, text: &str, how: Settlement) -> Result<Line, DeskError> {
    let line = named(store, text, |line| unsettled(line).is_some()).await?;
    let what = unsettled(&line).ok_or(DeskError::Unreadable)?;
    store.execute(by.wish(Settle { what, how })).await?;
    Ok(line)
}

/// Takes the code of a sale back: the money goes back to its buyer, and the code is void.
pub async fn refund(
    store: &Store,
    by: By,
    sale: &str,
    how: Settlement,
) -> Result<PurchaseId, DeskError> {
    let (id, view) = one_sale(store, sale).await?;
    // What is owed has no code to take back: `settle` is for that.
    if view.purchase.status == PurchaseStatus::Owed {
        return Err(CommandError::Refused(Refusal::NotDue).into());
    }
    let what = Unsettled::Purchase(id, view.purchase.price);
    store.execute(by.wish(Settle { what, how })).await?;
    Ok(id)
}

/// Gives the buyer of a sale another code for theirs, which is void from now on.
pub async fn replace(
    store: &Store,
    random: &dyn Random,
    by: By,
    sale: &str,
) -> Result<PurchaseId, DeskError> {
    let (id, view) = one_sale(store, sale).await?;
    let PurchaseStatus::Fulfilled(former) = view.purchase.status else {
        return Err(CommandError::Refused(Refusal::NotDue).into());
    };
    let message = MessageId(random.id(store.now()));
    store.execute(by.wish(ReplaceVoucher { former, message, by_person: true })).await?;
    Ok(id)
}

async fn one_sale(store: &Store, text: &str) -> Result<(PurchaseId, PurchaseView), DeskError> {
    let found = store.purchases_named(text).await?;
    let [id] = found[..] else {
        return Err(DeskError::NotOneSale { text: text.to_owned(), count: found.len() });
    };
    Ok((id, store.purchase(id).await?.ok_or(DeskError::Unreadable)?))
}

/// Notes that a person has looked into a payment that cannot be right.
pub async fn settle_dispute(store: &Store, by: By, text: &str) -> Result<Line, DeskError> {
    let line = named(store, text, |line| line.kind == "disputed").await?;
    let payment = line.subject.parse().map_err(|_| DeskError::Unreadable)?;
    store.execute(by.wish(SettleDispute { payment })).await?;
    Ok(line)
}

/// Notes that the provider's statement shows no money for a payment of which nothing was heard.
pub async fn unpaid(
    store: &Store,
    random: &dyn Random,
    by: By,
    text: &str,
) -> Result<Line, DeskError> {
    let line = named(store, text, |line| line.kind == "unresolved").await?;
    let news = TakeNews {
        payment: line.subject.parse().map_err(|_| DeskError::Unreadable)?,
        provider: PROVIDER,
        news: News::Declined(Decline::PromptFailed),
        learnt: Learnt::Person,
        names: None,
        message: MessageId(random.id(store.now())),
        inbox_row: None,
    };
    store.execute(by.wish(news)).await?;
    Ok(line)
}

/// Says whose money a receipt is; what follows is as if the provider had told it.
pub async fn match_receipt(
    store: &Store,
    random: &dyn Random,
    by: By,
    (number, sale): (&str, &str),
    amount: Option<Cents>,
) -> Result<PurchaseId, DeskError> {
    let (purchase, view) = one_sale(store, sale).await?;
    let payment = payment_to_match(&view)?;
    let id = || random.id(store.now());
    let receipt = store.receipt_given(ReceiptId(id()), &number.trim().to_ascii_uppercase());
    let message = MessageId(id());
    let command = MatchReceipt { payment, provider: PROVIDER, receipt, amount, message };
    store.execute(by.wish(command)).await?;
    Ok(purchase)
}

/// The payment of a sale that still lacks its receipt, the paid one first; otherwise its last.
fn payment_to_match(view: &PurchaseView) -> Result<PaymentId, DeskError> {
    let bare = |paid: bool| {
        let wanted = |it: &&PaymentView| {
            let asked = it.payment.status != PaymentStatus::Requested;
            asked && it.payment.receipt.is_none() && it.payment.is_paid() == paid
        };
        view.payments.iter().rev().find(wanted)
    };
    let chosen = bare(true).or_else(|| bare(false)).or_else(|| view.last_payment());
    chosen.map(|payment| payment.id).ok_or(DeskError::Unreadable)
}
