//! One sale as its events leave it, read outside the writer: for pages, processes and people.

use crate::{
    ledger::{
        event::Event,
        kernel::{
            fingerprint::Fingerprint,
            id::{MessageId, PaymentId, PurchaseId, ReceiptId, VoucherId},
            money::Cents,
            stream::Stream,
            time::Micros,
        },
        message::{Message, MessageEvent, MessageStatus},
        payment::{Payment, PaymentEvent, PaymentStatus},
        purchase::{Purchase, PurchaseEvent, PurchaseStatus},
        settlement::Settlement,
    },
    store::{Reader, Sealed, Store, StoreError, StoredEvent, database::sql::query, error::Attempt},
};
use serde::{Deserialize, Serialize};

/// A code with the rest of its line, byte for byte as uploaded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherCode {
    pub code: String,
    /// The password; `None` where the list had none.
    pub password: Option<String>,
    pub profile: Option<String>,
    /// The hotspot server it is bound to.
    pub server: Option<String>,
    pub comment: Option<String>,
    /// The line's uptime limit, as the router writes it.
    pub limit_uptime: Option<String>,
    /// The line's data limit, as the router writes it.
    pub limit_bytes_total: Option<String>,
}

impl std::fmt::Debug for VoucherCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VoucherCode(…)")
    }
}

impl VoucherCode {
    /// The password where a person must type it: it is neither the code nor blank.
    pub fn other_password(&self) -> Option<&str> {
        self.password.as_deref().filter(|password| !password.is_empty() && *password != self.code)
    }
}

/// A payment with what pages tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentView {
    pub id: PaymentId,
    /// As its events leave it.
    pub payment: Payment,
    pub submitted_at: Option<Micros>,
    /// Why it was declined or refused, in our words.
    pub reason: Option<String>,
    /// How much was set aside for a person.
    pub set_aside: Option<Cents>,
}

/// A purchase with what pages tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseView {
    pub id: PurchaseId,
    /// As its events leave it.
    pub purchase: Purchase,
    pub payments: Vec<PaymentView>,
    /// When it got its code.
    pub fulfilled_at: Option<Micros>,
    pub messages: Vec<(MessageId, Message)>,
    /// The position of its last event: grows whenever something happens to it.
    pub position: i64,
}

impl PurchaseView {
    /// The latest payment.
    pub fn last_payment(&self) -> Option<&PaymentView> {
        self.payments.last()
    }

    /// When a phone may have shown a prompt last; a refused one was never shown.
    pub fn last_prompt_at(&self) -> Option<Micros> {
        let shown = |view: &&PaymentView| view.payment.status != PaymentStatus::Refused;
        self.payments.iter().filter(shown).filter_map(|view| view.submitted_at).max()
    }

    /// Whether it is certain that no money moved for it.
    pub fn is_surely_unpaid(&self) -> bool {
        self.payments.iter().all(|view| view.payment.is_surely_unpaid())
    }

    /// The proof of the payment that paid, where it is known.
    pub fn receipt(&self) -> Option<ReceiptId> {
        self.payments.iter().filter(|view| view.payment.is_paid()).find_map(|v| v.payment.receipt)
    }

    /// How a person settled its money, and how much, if one did.
    pub fn settled(&self) -> Option<(Settlement, Cents)> {
        if let PurchaseStatus::Settled(how) = self.purchase.status {
            return Some((how, self.purchase.price));
        }
        self.payments.iter().find_map(|view| match view.payment.status {
            PaymentStatus::Settled(how) => Some((how, view.set_aside?)),
            _ => None,
        })
    }

    /// Whether an SMS is on its way or arrived.
    pub fn has_sms(&self) -> bool {
        let gone = |status| {
            matches!(
                status,
                MessageStatus::Queued
                    | MessageStatus::Submitted
                    | MessageStatus::Unconfirmed
                    | MessageStatus::Accepted
                    | MessageStatus::Delivered
            )
        };
        self.messages.iter().any(|(_, message)| gone(message.status))
    }

    fn fold(id: PurchaseId, events: &[StoredEvent]) -> Result<Option<Self>, StoreError> {
        let (mut purchase, mut fulfilled_at) = (None, None);
        let mut payments: Vec<PaymentView> = vec![];
        let mut messages: Vec<(MessageId, Message)> = vec![];
        for stored in events {
            let (stream, event) = stored.decode()?;
            match (stream, &event) {
                (Stream::Purchase(_), Event::Purchase(event)) => {
                    purchase = Purchase::evolve(purchase.as_ref(), event, stored.recorded_at);
                    if matches!(event, PurchaseEvent::Fulfilled { .. }) {
                        fulfilled_at = Some(stored.recorded_at);
                    }
                }
                (Stream::Payment(of), Event::Payment(event)) => {
                    take_payment(&mut payments, of, event, stored.recorded_at);
                }
                (Stream::Message(of), Event::Message(event)) => {
                    take_message(&mut messages, of, event);
                }
                _ => {}
            }
        }
        let position = events.last().map_or(0, |event| event.position);
        Ok(purchase.map(|purchase| Self {
            id,
            purchase,
            payments,
            fulfilled_at,
            messages,
            position,
        }))
    }
}

fn take_payment(views: &mut Vec<PaymentView>, id: PaymentId, event: &PaymentEvent, at: Micros) {
    let found = views.iter().position(|view| view.id == id);
    let before = found.map(|at| views[at].payment.clone());
    let Some(payment) = Payment::evolve(before.as_ref(), event) else { return };
    let place = found.unwrap_or_else(|| {
        let payment = payment.clone();
        views.push(PaymentView { id, payment, submitted_at: None, reason: None, set_aside: None });
        views.len() - 1
    });
    let view = &mut views[place];
    view.payment = payment;
    match event {
        PaymentEvent::Submitted { .. } => view.submitted_at = Some(at),
        PaymentEvent::Declined { reason, .. } | PaymentEvent::Refused { reason } => {
            view.reason = Some(reason.clone());
        }
        PaymentEvent::SetAside { amount_cents, .. } => view.set_aside = Some(*amount_cents),
        _ => {}
    }
}

fn take_message(views: &mut Vec<(MessageId, Message)>, id: MessageId, event: &MessageEvent) {
    let found = views.iter().position(|(known, _)| *known == id);
    let before = found.map(|at| views[at].1.clone());
    let Some(message) = Message::evolve(before.as_ref(), event) else { return };
    match found {
        Some(at) => views[at].1 = message,
        None => views.push((id, message)),
    }
}

impl Reader {
    /// The purchase that a row names for a link.
    pub(super) async fn linked_to(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<PurchaseId>, StoreError> {
        let row = query("select purchase from links where fingerprint = $1")
            .bind(fingerprint.as_slice())
            .first(&self.pool)
            .await
            .attempt("find a link")?;
        row.map(|row| row.parse(0, "links", "purchase")).transpose()
    }

    /// How often somebody guessed at the code of a purchase.
    pub async fn tries_at_code(&self, purchase: PurchaseId) -> Result<i64, StoreError> {
        let row = query("select times from tries where subject = $1")
            .bind(crate::commands::sale::count_try::subject(purchase))
            .first(&self.pool)
            .await
            .attempt("count tries")?;
        Ok(row.map_or(0, |row| row.get(0)))
    }

    /// The purchase to which a stream belongs; `None` where it belongs to none.
    pub async fn purchase_with(&self, stream: &Stream) -> Result<Option<PurchaseView>, StoreError> {
        let events = self.events_beside(stream).await?;
        let Some(id) = events.first().and_then(|event| event.correlation.as_deref()) else {
            return Ok(None);
        };
        let unreadable = |_| StoreError::BadRow { table: "events", column: "correlation" };
        PurchaseView::fold(id.parse().map_err(unreadable)?, &events)
    }

    /// A purchase.
    pub async fn purchase(&self, id: PurchaseId) -> Result<Option<PurchaseView>, StoreError> {
        PurchaseView::fold(id, &self.events_of(id).await?)
    }
}

impl Store {
    /// The code that a purchase got, in clear: what the buyer's page, the SMS and the desk show.
    /// That the purchase names the voucher is not enough, for whoever can write an event could
    /// name anybody's: the voucher must have been sold to that very purchase.
    pub async fn code_of(
        &self,
        purchase: PurchaseId,
        voucher: VoucherId,
    ) -> Result<Option<VoucherCode>, StoreError> {
        let sold_to = self.read().voucher(voucher).await?.and_then(|voucher| voucher.sold_to);
        if sold_to != Some(purchase) {
            tracing::error!(%purchase, %voucher, "purchase {purchase} names a code that was not \
                sold to it, so nobody is shown the code; run `lango audit verify`");
            return Ok(None);
        }
        self.voucher_code(voucher).await
    }

    /// The code of a voucher, in clear: for what is not a purchase, as printed cards and routers.
    pub async fn voucher_code(&self, id: VoucherId) -> Result<Option<VoucherCode>, StoreError> {
        let Some(text) = self.open_sealed(Sealed::Code(id)).await? else { return Ok(None) };
        let unreadable = |_| StoreError::BadRow { table: "voucher_codes", column: "sealed" };
        serde_json::from_str(&text).map(Some).map_err(unreadable)
    }

    /// The purchase whose link this is. A row leads to it and proves nothing: the link must have
    /// been made for that very purchase.
    pub async fn purchase_of_link(&self, token: &str) -> Result<Option<PurchaseId>, StoreError> {
        let fingerprint = self.vault().link_fingerprint(token);
        let Some(purchase) = self.read().linked_to(&fingerprint).await? else { return Ok(None) };
        let proven = self.vault().is_link_of(purchase, token)
            // Another instance may have made it with a key that we have not seen.
            || self.vault_now().await?.is_link_of(purchase, token);
        if !proven {
            tracing::error!(%purchase, "a link was made for another purchase than the table \
                `links` says; run `lango audit verify`");
        }
        Ok(proven.then_some(purchase))
    }
}
