//! Lists of sales, and finding a sale by what a person has in hand: a reference, a receipt, a phone
//! number, the end of a code. People ask now and then: a look at every event is good enough where
//! no index serves.

use crate::{
    ledger::{
        event::Event,
        kernel::{
            fingerprint::Fingerprint,
            id::{ContactId, MessageId, PackageKey, PurchaseId, VoucherId},
            money::Cents,
            phone::Phone,
            stream::Stream,
            time::Micros,
        },
        payment::referenced,
        purchase::PurchaseEvent,
    },
    store::{
        Lookup, Reader, Store, StoreError, StoredEvent,
        database::sql::{Param, query},
        error::Attempt,
    },
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Which sales are listed.
#[derive(Debug, Clone)]
pub struct SalesWanted {
    /// Those that began before this position.
    pub before: i64,
    pub status: Option<SaleStatus>,
    /// Begun or finished from then until then, the end not included.
    pub between: (Micros, Micros),
    pub price: Option<Cents>,
    pub limit: i64,
}

/// A sale of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListedSale {
    #[serde(rename = "purchase")]
    pub id: PurchaseId,
    #[serde(flatten)]
    pub package: PackageKey,
    pub status: SaleStatus,
    /// Why it expired, or how it was settled.
    pub reason: Option<String>,
    #[serde(rename = "amount_cents")]
    pub price: Cents,
    pub contact: ContactId,
    pub started_at: Micros,
    #[serde(rename = "first_position")]
    pub position: i64,
}

/// Where a sale stands, as lists show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleStatus {
    Open,
    /// The buyer has a code.
    Fulfilled,
    /// Paid, and no code was left.
    Owed,
    Expired,
    /// A person gave the money back, or something else for it.
    Settled,
}

impl SaleStatus {
    pub const ALL: [Self; 5] =
        [Self::Open, Self::Fulfilled, Self::Owed, Self::Expired, Self::Settled];

    /// Its word in the projection, in addresses and in phrases.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fulfilled => "fulfilled",
            Self::Owed => "owed",
            Self::Expired => "expired",
            Self::Settled => "settled",
        }
    }
}

#[derive(Deserialize)]
struct Found {
    purchase: PurchaseId,
}

/// So many purchases of one phone are found at most.
const OF_PHONE_MAX: i64 = 100;

/// How many digits of a purchase's id pages show as its reference.
const REFERENCE_DIGITS: usize = 8;

/// How many letters of a code name it among those of a site.
const LAST_LETTERS: usize = 4;

impl Store {
    /// Everything that happened to a purchase and, before that, to the code that it got.
    pub async fn events_of_sale(&self, id: PurchaseId) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = self.read().events_of(id).await?;
        let mut vouchers = BTreeSet::new();
        for event in &events {
            if let (
                _,
                Event::Purchase(
                    PurchaseEvent::Fulfilled { voucher, .. }
                    | PurchaseEvent::Replaced { voucher, .. },
                ),
            ) = event.decode()?
            {
                vouchers.insert(voucher);
            }
        }
        for voucher in vouchers {
            events.extend(self.read().stream_events(&Stream::Voucher(voucher)).await?);
            events.extend(self.read().stream_events(&Stream::Usage(voucher)).await?);
        }
        events.sort_by_key(|event| event.position);
        events.dedup_by_key(|event| event.position);
        Ok(events)
    }

    /// The purchases that a text may mean, in the order in which they began: an id or its end as
    /// pages show it, the reference of an M-PESA message, a receipt, a phone number, or the last
    /// four of a code.
    pub async fn purchases_named(&self, text: &str) -> Result<Vec<PurchaseId>, StoreError> {
        let text: String = text.split_whitespace().collect();
        let mut found = BTreeSet::new();
        if let Ok(id) = text.parse::<PurchaseId>()
            && self.read().purchase(id).await?.is_some()
        {
            found.insert(id);
        }
        if text.len() == REFERENCE_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            found.extend(self.read().purchases_ending(&text.to_ascii_lowercase()).await?);
        }
        if let Some(digits) = referenced(&text)
            && let Some(payment) = self.read().payment_of_reference(&digits).await?
            && let Some(payment) = self.read().payment(payment).await?
        {
            found.insert(payment.purchase);
        }
        if let Some(phone) = Phone::parse(&text) {
            let fingerprint = self.vault().fingerprint(Lookup::Phone(&phone));
            if let Some(contact) = self.read().contact(&fingerprint).await? {
                found.extend(self.read().purchases_of(contact, OF_PHONE_MAX).await?);
            }
        }
        found.extend(self.purchase_of_receipt(&text.to_ascii_uppercase()).await?);
        if text.chars().count() == LAST_LETTERS {
            found.extend(self.purchases_of_code_ending(&text).await?);
        }
        // Ids sort by time.
        Ok(found.into_iter().collect())
    }

    async fn purchases_of_code_ending(&self, letters: &str) -> Result<Vec<PurchaseId>, StoreError> {
        let mut found = vec![];
        for site in self.read().sites().await? {
            let letters = letters.to_ascii_uppercase();
            let fingerprint =
                self.vault().fingerprint(Lookup::LastFour(site.site.as_str(), &letters));
            for voucher in self.read().vouchers_of_last_four(&fingerprint).await? {
                let events = self.read().stream_events(&Stream::Voucher(voucher)).await?;
                let sold = events.iter().find(|event| event.kind == "voucher_allocated");
                let purchase = sold.and_then(|event| event.correlation.as_deref());
                found.extend(purchase.and_then(|id| id.parse::<PurchaseId>().ok()));
            }
        }
        Ok(found)
    }
}

impl Reader {
    /// Sales, newest first.
    pub async fn listed_sales(&self, wanted: SalesWanted) -> Result<Vec<ListedSale>, StoreError> {
        let params = vec![
            Param::Number(wanted.before),
            wanted.status.map_or("", SaleStatus::word).into(),
            Param::Number(wanted.between.0.0),
            Param::Number(wanted.between.1.0),
            Param::Number(wanted.price.map_or(0, |price| price.0)),
            Param::Number(wanted.limit),
        ];
        self.ask("purchases", "listed", params).await
    }

    /// How many purchases wait for money.
    pub async fn waiting_count(&self) -> Result<i64, StoreError> {
        let row = query("select count(distinct purchase) from open_purchases")
            .one(&self.pool)
            .await
            .attempt("count purchases that wait")?;
        Ok(row.get(0))
    }

    /// The purchases of a phone or device, latest first.
    pub async fn purchases_of(
        &self,
        contact: ContactId,
        limit: i64,
    ) -> Result<Vec<PurchaseId>, StoreError> {
        let id = contact.to_string();
        let wanted = || vec![Param::from(id.as_str()), Param::Number(limit)];
        let mut found: Vec<Found> = self.ask("purchases", "by_contact", wanted()).await?;
        if found.is_empty() {
            found = self.ask("purchases", "by_device", wanted()).await?;
        }
        Ok(found.into_iter().map(|row| row.purchase).collect())
    }

    /// The purchases whose id ends like this.
    pub async fn purchases_ending(&self, digits: &str) -> Result<Vec<PurchaseId>, StoreError> {
        let rows = query(
            "select correlation from events
             where kind = 'purchase_started' and correlation like '%' || $1
             order by position",
        )
        .bind(digits)
        .all(&self.pool)
        .await
        .attempt("find purchases by the end of their ids")?;
        rows.iter().map(|row| row.parse(0, "events", "correlation")).collect()
    }

    /// The vouchers whose code has this fingerprint of its last four.
    pub async fn vouchers_of_last_four(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let rows = query("select voucher from voucher_codes where last_four = $1")
            .bind(fingerprint.as_slice())
            .all(&self.pool)
            .await
            .attempt("find codes")?;
        rows.iter().map(|row| row.parse(0, "voucher_codes", "voucher")).collect()
    }

    /// The messages to a phone, oldest first.
    pub async fn messages_to(&self, contact: ContactId) -> Result<Vec<MessageId>, StoreError> {
        let rows = query(
            "select id from facts
             where kind = 'message_queued' and data ->> 'contact' = $1
             order by position",
        )
        .bind(contact.to_string())
        .all(&self.pool)
        .await
        .attempt("find the messages to a phone")?;
        rows.iter().map(|row| row.parse(0, "events", "stream")).collect()
    }
}
