//! Events: what was decided or learnt, in the past tense. The names of kinds are written out by
//! hand where the events are defined: renaming a Rust type must never rename history.

use super::{
    contact::ContactEvent, message::MessageEvent, payment::PaymentEvent, purchase::PurchaseEvent,
    receipt::ReceiptEvent, staff::StaffEvent, upcast, usage::UsageEvent, voucher::VoucherEvent,
};
use crate::ledger::{
    catalogue::{BatchEvent, PackageEvent, ShopEvent, SiteEvent},
    kernel::{
        chain::Hash,
        id::PurchaseId,
        stream::{BadStream, Stream},
        time::Micros,
    },
};
use serde::Serialize;
use serde_json::Value;

/// Any event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Event {
    Shop(ShopEvent),
    Site(SiteEvent),
    Package(PackageEvent),
    Batch(BatchEvent),
    Voucher(VoucherEvent),
    Usage(UsageEvent),
    Purchase(PurchaseEvent),
    Payment(PaymentEvent),
    Receipt(ReceiptEvent),
    Message(MessageEvent),
    /// Of a person or device.
    Contact(ContactEvent),
    /// Of a member of the staff.
    Staff(StaffEvent),
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Its kind, such as `voucher_allocated`.
    pub kind: String,
    /// The version of that kind.
    pub schema: i64,
    /// Compact JSON; these very bytes are hashed.
    pub data: String,
    /// A copy of `data.site`, for grouping.
    pub site: Option<String>,
    /// A copy of `data.package`.
    pub package: Option<String>,
    /// A copy of `data.amount_cents`.
    pub amount_cents: Option<i64>,
}

/// The typed columns that stand beside `data`: its own `site`, `package` and `amount_cents`.
pub fn typed_columns(data: &Value) -> (Option<String>, Option<String>, Option<i64>) {
    let text = |key| data.get(key).and_then(Value::as_str).map(str::to_owned);
    (text("site"), text("package"), data.get("amount_cents").and_then(Value::as_i64))
}

/// An event that this program cannot read. It stops the reader: no event is ever skipped.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    /// The stream's name is not one of ours.
    #[error(transparent)]
    Stream(#[from] BadStream),
    /// The data do not fit the kind.
    #[error("a {kind} of schema {schema} on {stream} cannot be read")]
    Data {
        stream: String,
        kind: String,
        schema: i64,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl Event {
    /// To what is stored.
    pub fn encode(&self) -> Encoded {
        let whole = serde_json::to_value(self).expect("events are plain data");
        let Value::Object(mut whole) = whole else { unreachable!("events are tagged objects") };
        let kind = whole.remove("kind").and_then(|k| k.as_str().map(str::to_owned));
        let kind = kind.expect("every event has a kind");
        let data = whole.remove("data").unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let (site, package, amount_cents) = typed_columns(&data);
        Encoded {
            schema: upcast::current(&kind),
            kind,
            data: data.to_string(),
            site,
            package,
            amount_cents,
        }
    }

    /// From what is stored, under whatever schema it was.
    pub fn decode(
        stream: &Stream,
        kind: &str,
        schema: i64,
        data: &str,
    ) -> Result<Self, Undecodable> {
        let read = || {
            let unknown = || serde::de::Error::custom("this Lango does not know the schema");
            let data = serde_json::from_str(data)?;
            let data = upcast::upcast(kind, schema, data).ok_or_else(unknown)?;
            let whole = serde_json::json!({ "kind": kind, "data": data });
            Ok(match stream {
                Stream::Shop => Self::Shop(serde_json::from_value(whole)?),
                Stream::Site(_) => Self::Site(serde_json::from_value(whole)?),
                Stream::Package(_) => Self::Package(serde_json::from_value(whole)?),
                Stream::Batch(_) => Self::Batch(serde_json::from_value(whole)?),
                Stream::Voucher(_) => Self::Voucher(serde_json::from_value(whole)?),
                Stream::Usage(_) => Self::Usage(serde_json::from_value(whole)?),
                Stream::Purchase(_) => Self::Purchase(serde_json::from_value(whole)?),
                Stream::Payment(_) => Self::Payment(serde_json::from_value(whole)?),
                Stream::Receipt(_) => Self::Receipt(serde_json::from_value(whole)?),
                Stream::Message(_) => Self::Message(serde_json::from_value(whole)?),
                Stream::Contact(_) => Self::Contact(serde_json::from_value(whole)?),
                Stream::Staff(_) => Self::Staff(serde_json::from_value(whole)?),
            })
        };
        read().map_err(|source| Undecodable::Data {
            stream: stream.to_string(),
            kind: kind.to_owned(),
            schema,
            source,
        })
    }
}

/// An event to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub stream: Stream,
    pub event: Event,
    /// The purchase it belongs to.
    pub correlation: Option<PurchaseId>,
    /// The name that may stand only once in the whole ledger.
    pub once: Option<String>,
}

impl NewEvent {
    /// An event of a purchase.
    pub fn of(purchase: PurchaseId, stream: Stream, event: Event) -> Self {
        Self { stream, event, correlation: Some(purchase), once: None }
    }

    /// An event of no purchase.
    pub fn alone(stream: Stream, event: Event) -> Self {
        Self { stream, event, correlation: None, once: None }
    }

    /// The same, under a name that may stand only once.
    #[must_use]
    pub fn once(self, name: String) -> Self {
        Self { once: Some(name), ..self }
    }
}

/// An event as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Place in the ledger, from 1, without gaps.
    pub position: i64,
    pub stream: Stream,
    /// Place in the stream, from 1.
    pub version: i64,
    pub recorded_at: Micros,
    pub business_day: String,
    /// The purchase it belongs to.
    pub correlation: Option<String>,
    /// Who or what caused it.
    pub actor: String,
    /// The name that stands once.
    pub once: Option<String>,
    pub event: Event,
    /// Its link of the chain.
    pub hash: Hash,
}
