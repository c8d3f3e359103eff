//! Money: payments, earnings, and exceptions that need a person.

use crate::{
    commands::money::take_news::ReceiptGiven,
    ledger::{
        event::Event,
        kernel::{
            id::{PackageKey, PaymentId, PurchaseId, ReceiptId, Slug},
            money::Cents,
            stream::Stream,
            time::Micros,
        },
        payment::Payment,
        receipt::receipt_once,
    },
    store::{
        Reader, Sealed, Store, StoreError,
        database::sql::{query, set_row},
        error::Attempt,
        work::{
            Inbox,
            inbox::{RawMessage, SOURCE_PAYMENT},
        },
    },
};
use serde::{Deserialize, Serialize};

/// What a package earned on a business day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Earned {
    /// The day, as `2026-11-22`.
    #[serde(rename = "business_day")]
    pub day: String,
    #[serde(flatten)]
    pub package: PackageKey,
    pub sales: i64,
    #[serde(rename = "sold_cents")]
    pub sold: Cents,
    /// Money that was no sale.
    #[serde(rename = "set_aside_cents")]
    pub set_aside: Cents,
    /// Money that went back, or is promised to.
    #[serde(rename = "refunded_cents")]
    pub refunded: Cents,
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Exception {
    pub kind: ExceptionKind,
    /// What it is about: a purchase, a payment, a receipt, a message or a voucher.
    pub subject: String,
    /// `None` for money that names no purchase.
    pub purchase: Option<PurchaseId>,
    pub site: Option<Slug>,
    pub package: Option<Slug>,
    /// The money at stake; `None` for a message.
    pub amount_cents: Option<Cents>,
    /// A word of ours, where one was given.
    pub reason: Option<String>,
    pub since: Micros,
}

/// Why something needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// Paid, and no code yet.
    Owed,
    /// Money that bought nothing: surplus, or a wrong amount.
    SetAside,
    /// A proof of payment that cannot be right.
    Disputed,
    /// Money on the shop's number that is no payment of ours.
    Unmatched,
    /// Nobody knows whether the money moved.
    Unresolved,
    /// Money that a person promised to give back.
    RefundDue,
    /// An SMS that did not arrive.
    Undelivered,
    /// An SMS that no gateway would take.
    GivenUp,
    /// An SMS that may have left.
    Unconfirmed,
    /// A code that is sold or printed, and that the router does not show.
    Lost,
    /// Somebody uses a code that nobody bought.
    UsedUnsold,
    /// Lango broke down over it twice; this one is not in the projection.
    Stuck,
}

impl ExceptionKind {
    /// Its word in the projection, in lists and in phrases.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::SetAside => "set_aside",
            Self::Disputed => "disputed",
            Self::Unmatched => "unmatched",
            Self::Unresolved => "unresolved",
            Self::RefundDue => "refund_due",
            Self::Undelivered => "undelivered",
            Self::GivenUp => "given_up",
            Self::Unconfirmed => "unconfirmed",
            Self::Lost => "lost",
            Self::UsedUnsold => "used_unsold",
            Self::Stuck => "stuck",
        }
    }
}

impl Reader {
    /// A payment.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        let fold = |payment: Option<Payment>, event: &Event| match event {
            Event::Payment(event) => Payment::evolve(payment.as_ref(), event),
            _ => payment,
        };
        self.folded(Stream::Payment(id), fold).await
    }

    /// The purchase to which the stream with a name that stands once belongs, or came to belong.
    pub async fn purchase_of_once(&self, name: &str) -> Result<Option<PurchaseId>, StoreError> {
        let row = query(
            "select correlation from events
             where stream = (select stream from events where once = $1)
               and correlation is not null
             order by version desc
             limit 1",
        )
        .bind(name)
        .first(&self.pool)
        .await
        .attempt("find a purchase")?;
        row.map(|row| row.parse(0, "events", "correlation")).transpose()
    }

    /// What each package earned on each business day from one to another, both included.
    pub async fn earned_between(&self, days: (&str, &str)) -> Result<Vec<Earned>, StoreError> {
        let params = vec![days.0.into(), days.1.into()];
        self.ask("revenue", "days", params).await
    }

    /// What needs a person, oldest first.
    pub async fn exceptions(&self) -> Result<Vec<Exception>, StoreError> {
        self.ask("exceptions", "all", vec![]).await
    }

    /// How much was sold on a business day, and for how much.
    pub async fn earned_on(&self, day: &str) -> Result<(i64, Cents), StoreError> {
        let earned = self.earned_between((day, day)).await?;
        let sold = earned.iter().map(|package| package.sold.0).sum();
        Ok((earned.iter().map(|package| package.sales).sum(), Cents(sold)))
    }
}

impl Store {
    /// The purchase that a receipt number paid.
    pub async fn purchase_of_receipt(
        &self,
        number: &str,
    ) -> Result<Option<PurchaseId>, StoreError> {
        let fingerprint = self.vault().receipt_fingerprint(number);
        self.read().purchase_of_once(&receipt_once("mpesa", &fingerprint)).await
    }

    /// A receipt's number as commands take it; `new_id` is its id if nobody has seen it.
    pub fn receipt_given(&self, new_id: ReceiptId, number: &str) -> ReceiptGiven {
        let vault = self.vault();
        let fingerprint = vault.receipt_fingerprint(number);
        let sealed = vault.seal(&Sealed::Receipt(new_id).context(), number.as_bytes());
        ReceiptGiven { new_id, fingerprint, sealed }
    }

    /// What the provider told of payments, as it came, oldest first; of a forgotten person nothing.
    pub async fn told_of(
        &self,
        payments: &[PaymentId],
    ) -> Result<Vec<(Micros, RawMessage)>, StoreError> {
        let rows = query(
            "select row, source, subject, sealed, received_at from inbox
             where (source, subject) in (
               select source, subject from {given: source text, subject text}
             )",
        )
        .given(payments.iter().map(|payment| set_row![SOURCE_PAYMENT, payment]).collect())
        .all(&self.read().pool)
        .await
        .attempt("read what was told of payments")?;
        let mut rows: Vec<Inbox> = rows.iter().map(Inbox::of).collect();
        rows.sort_unstable_by_key(|row| row.row);
        let mut told = vec![];
        for Inbox { source, subject, sealed, received_at, .. } in rows {
            if !sealed.is_empty() {
                let context = RawMessage::context(&source, &subject);
                let plain = self.unseal(&context, &sealed).await?;
                let unreadable = |_| StoreError::BadRow { table: "inbox", column: "sealed" };
                told.push((received_at, serde_json::from_slice(&plain).map_err(unreadable)?));
            }
        }
        Ok(told)
    }
}
