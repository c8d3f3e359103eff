//! Open exceptions: money, codes and messages that a person must settle, and the actions that
//! settle them. A person names one by what they have in hand, such as a receipt.

use crate::{
    commands::{
        money::{
            match_receipt::MatchReceipt,
            settle::{Settle, SettleDispute, Unsettled},
            take_news::{News, TakeNews},
        },
        sale::replace_voucher::ReplaceVoucher,
    },
    ledger::{
        kernel::{
            id::{MessageId, PurchaseId, ReceiptId},
            money::Cents,
            time::Micros,
        },
        payment::{Learnt, PaymentStatus, account_reference},
        purchase::{Expiry, PurchaseStatus},
        refusal::Refusal,
        settlement::Settlement,
    },
    ports::Decline,
    services::acting::Acting,
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
    pub kind: ExceptionKind,
    /// The purchase, payment, receipt, message or voucher that it is about; what is stuck, as
    /// `<kind>:<subject>`.
    pub subject: String,
    /// The sale beside which it stands.
    pub purchase: Option<PurchaseId>,
    /// `<site>.<package>`, where a sale is known.
    pub package: Option<String>,
    pub amount_cents: Option<Cents>,
    pub reason: Option<String>,
    pub since: Micros,
    /// The receipt's number, where one is known and not forgotten.
    pub receipt: Option<String>,
    /// The account under which M-PESA's statement shows the payment, where its receipt is to be
    /// looked for there.
    pub account: Option<String>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum MoneyError {
    #[error("nothing on the list matches {0}; see `lango money list`")]
    NoLine(String),
    #[error("{count} lines match {text}; use the receipt")]
    SeveralLines { text: String, count: usize },
    #[error("{count} sales match {text}; use the id of one, see `lango audit show {text}`")]
    NotOneSale { text: String, count: usize },
    /// The row of a read model is not as it should be.
    #[error("the projection `exceptions` has a row that cannot be read; rebuild it")]
    Unreadable,
    #[error(transparent)]
    Store(#[from] StoreError),
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
    Waiting,
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
pub async fn lines(store: &Store) -> Result<Vec<Line>, MoneyError> {
    let mut lines = vec![];
    for exception in store.read().exceptions().await? {
        let mut line = line(exception);
        line.receipt = receipt_number(store, &line).await?;
        lines.push(line);
    }
    for stuck in store.read().stuck().await? {
        lines.push(stuck_line(store, stuck).await?);
    }
    Ok(lines)
}

/// Something over which Lango broke down twice.
async fn stuck_line(store: &Store, stuck: Stuck) -> Result<Line, StoreError> {
    let payment = match stuck.payment {
        Some(payment) => store.read().payment(payment).await?,
        None => None,
    };
    Ok(Line {
        subject: format!("{}:{}", stuck.kind, stuck.subject),
        kind: ExceptionKind::Stuck,
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
pub async fn try_again(store: &Store, subject: &str) -> Result<Line, MoneyError> {
    let mut lines = lines(store).await?;
    lines.retain(|line| line.kind == ExceptionKind::Stuck && line.subject == subject);
    let no_line = || MoneyError::NoLine(subject.to_owned());
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
        kind,
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
            store.read().payment(payment).await?.and_then(|payment| payment.receipt)
        }
        Some(Unsettled::Purchase(purchase, _) | Unsettled::Code(purchase)) => {
            store.read().purchase(purchase).await?.and_then(|view| view.receipt())
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
    let promised = line.kind == ExceptionKind::RefundDue;
    match if promised { line.reason.as_deref()? } else { line.kind.word() } {
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
) -> Result<Line, MoneyError> {
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
        Err(none) if none.is_empty() => Err(MoneyError::NoLine(text.to_owned())),
        Err(several) => {
            Err(MoneyError::SeveralLines { text: text.to_owned(), count: several.len() })
        }
    }
}

/// A receipt that a person found, and the sale whose money it is.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptFound<'a> {
    pub number: &'a str,
    pub sale: &'a str,
    /// How much it is for, where M-PESA has not told it.
    pub amount: Option<Cents>,
}

impl Acting<'_> {
    /// Settles the money that a receipt or sale names.
    pub async fn settle(&self, text: &str, how: Settlement) -> Result<Line, MoneyError> {
        let line = named(self.store, text, |line| unsettled(line).is_some()).await?;
        let what = unsettled(&line).ok_or(MoneyError::Unreadable)?;
        self.wish(Settle { what, how }).await?;
        Ok(line)
    }

    /// Takes the code of a sale back: the money goes back to its buyer, and the code is void.
    pub async fn refund(&self, sale: &str, how: Settlement) -> Result<PurchaseId, MoneyError> {
        let sale = one_sale(self.store, sale).await?.id;
        self.wish(Settle { what: Unsettled::Code(sale), how }).await?;
        Ok(sale)
    }

    /// Gives the buyer of a sale another code for theirs, which is void from now on.
    pub async fn replace(&self, sale: &str) -> Result<PurchaseId, MoneyError> {
        let view = one_sale(self.store, sale).await?;
        let PurchaseStatus::Fulfilled(former) = view.purchase.status else {
            return Err(CommandError::Refused(Refusal::NotDue).into());
        };
        // By the code that was looked up: a wish that is sent twice replaces it once.
        self.wish(ReplaceVoucher { former, message: MessageId(self.id()) }).await?;
        Ok(view.id)
    }

    /// Notes that a person has looked into a payment that cannot be right.
    pub async fn settle_dispute(&self, text: &str) -> Result<Line, MoneyError> {
        let line = named(self.store, text, |line| line.kind == ExceptionKind::Disputed).await?;
        let payment = line.subject.parse().map_err(|_| MoneyError::Unreadable)?;
        self.wish(SettleDispute { payment }).await?;
        Ok(line)
    }

    /// Notes that the provider's statement shows no money for a payment of which nothing was heard.
    pub async fn unpaid(&self, text: &str) -> Result<Line, MoneyError> {
        let line = named(self.store, text, |line| line.kind == ExceptionKind::Unresolved).await?;
        let news = TakeNews {
            payment: line.subject.parse().map_err(|_| MoneyError::Unreadable)?,
            provider: PROVIDER,
            news: News::Declined(Decline::PromptFailed),
            learnt: Learnt::Person,
            names: None,
            message: MessageId(self.id()),
        };
        self.wish(news).await?;
        Ok(line)
    }

    /// Says whose money a receipt is; what follows is as if the provider had told it.
    pub async fn match_receipt(&self, found: ReceiptFound<'_>) -> Result<PurchaseId, MoneyError> {
        let view = one_sale(self.store, found.sale).await?;
        let number = found.number.trim().to_ascii_uppercase();
        let command = MatchReceipt {
            payments: view.payments.iter().map(|payment| payment.id).collect(),
            provider: PROVIDER,
            receipt: self.store.receipt_given(ReceiptId(self.id()), &number),
            amount: found.amount,
            message: MessageId(self.id()),
        };
        self.wish(command).await?;
        Ok(view.id)
    }
}

async fn one_sale(store: &Store, text: &str) -> Result<PurchaseView, MoneyError> {
    let found = store.purchases_named(text).await?;
    let [id] = found[..] else {
        return Err(MoneyError::NotOneSale { text: text.to_owned(), count: found.len() });
    };
    store.read().purchase(id).await?.ok_or(MoneyError::Unreadable)
}
