//! What pages, processes and the command line read. Nothing here writes.

pub(super) mod backups;
pub(super) mod catalogue;
pub(super) mod codes;
pub(super) mod figures;
pub(super) mod lists;
pub(super) mod router;
pub(super) mod search;
pub(super) mod staff;
pub(super) mod uploads;
pub(super) mod views;

use super::{
    database::to_hash,
    error::{Attempt, StoreError},
    projections,
};
use crate::{
    ledger::{
        command::Fingerprint,
        event::Event,
        kernel::{
            chain::{Hash, Link},
            id::{ContactId, MessageId, PackageKey, PurchaseId, Slug, VoucherId},
            money::Cents,
            stream::Stream,
            time::Micros,
        },
        message::digest_once,
    },
    store::database::sql::{Param, Pool, Row, query},
};
use serde_json::{Map, Value};

/// The reading connections.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) pool: Pool,
}

/// How far a projection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionState {
    /// Its name.
    pub name: String,
    /// The last event that it has taken in.
    pub position: i64,
    /// Why it is parked; `None` while it is healthy.
    pub failure: Option<String>,
}

/// An event with the columns that its hash covers, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Place in the ledger.
    pub position: i64,
    /// Name of the stream.
    pub stream: String,
    /// Place in the stream.
    pub version: i64,
    /// Its kind.
    pub kind: String,
    /// Version of its kind.
    pub schema: i64,
    /// When.
    pub recorded_at: Micros,
    /// Local date.
    pub business_day: String,
    /// The purchase it belongs to.
    pub correlation: Option<String>,
    /// Who or what caused it.
    pub actor: String,
    /// The name that stands once.
    pub once: Option<String>,
    /// The bytes that were hashed.
    pub data: String,
    /// Its hash.
    pub hash: Hash,
    /// The copy of `data.site`.
    pub site: Option<String>,
    /// The copy of `data.package`.
    pub package: Option<String>,
    /// The copy of `data.amount_cents`.
    pub amount_cents: Option<i64>,
}

const EVENT_COLUMNS: &str = "position, stream, version, kind, schema, recorded_at, business_day, \
    correlation, actor, once, data, hash, site, package, amount_cents";

impl StoredEvent {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            position: row.get(0),
            stream: row.get(1),
            version: row.get(2),
            kind: row.get(3),
            schema: row.get(4),
            recorded_at: Micros(row.get(5)),
            business_day: row.get(6),
            correlation: row.get(7),
            actor: row.get(8),
            once: row.get(9),
            data: row.get(10),
            hash: to_hash(row.get(11))?,
            site: row.get(12),
            package: row.get(13),
            amount_cents: row.get(14),
        })
    }

    /// What its hash covers.
    pub fn link(&self) -> Link<'_> {
        Link {
            position: self.position,
            stream: &self.stream,
            version: self.version,
            kind: &self.kind,
            schema: self.schema,
            recorded_at: self.recorded_at.0,
            business_day: &self.business_day,
            correlation: self.correlation.as_deref(),
            actor: &self.actor,
            once: self.once.as_deref(),
            data: &self.data,
        }
    }

    /// Stream and event, decoded.
    pub fn decode(&self) -> Result<(Stream, Event), StoreError> {
        let unreadable = |_| StoreError::BadRow { table: "events", column: "stream" };
        let stream: Stream = self.stream.parse().map_err(unreadable)?;
        let event = Event::decode(&stream, &self.kind, self.schema, &self.data)?;
        Ok((stream, event))
    }
}

impl Reader {
    /// Events after a position, in order.
    pub async fn events_after(
        &self,
        position: i64,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let statement = format!(
            "select {EVENT_COLUMNS} from events where position > $1 order by position limit $2"
        );
        let rows = query(statement)
            .bind(position)
            .bind(limit)
            .all(&self.pool)
            .await
            .attempt("read the ledger")?;
        rows.iter().map(StoredEvent::of).collect()
    }

    /// All events of a purchase, across streams, in order.
    pub async fn events_of(&self, purchase: PurchaseId) -> Result<Vec<StoredEvent>, StoreError> {
        let statement =
            format!("select {EVENT_COLUMNS} from events where correlation = $1 order by position");
        let rows = query(statement)
            .bind(purchase.to_string())
            .all(&self.pool)
            .await
            .attempt("read a purchase")?;
        rows.iter().map(StoredEvent::of).collect()
    }

    /// All events of a stream, in order.
    pub async fn stream_events(&self, stream: &Stream) -> Result<Vec<StoredEvent>, StoreError> {
        let statement =
            format!("select {EVENT_COLUMNS} from events where stream = $1 order by version");
        let rows = query(statement)
            .bind(stream.to_string())
            .all(&self.pool)
            .await
            .attempt("read a stream")?;
        rows.iter().map(StoredEvent::of).collect()
    }

    /// The events of the latest batches, newest first.
    pub async fn latest_batches(&self, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        // Ids are in order of time, so their streams are.
        let statement = format!(
            "select {EVENT_COLUMNS} from events
             where stream >= 'batch-' and stream < 'batch.'
             order by stream desc
             limit $1"
        );
        let rows = query(statement).bind(limit).all(&self.pool).await;
        rows.attempt("read the latest batches")?.iter().map(StoredEvent::of).collect()
    }

    /// The last position.
    pub async fn last_position(&self) -> Result<i64, StoreError> {
        projections::last_position(&self.pool).await
    }

    /// The packages that a site ever had.
    pub(super) async fn package_keys(&self, site: &Slug) -> Result<Vec<PackageKey>, StoreError> {
        // `/` follows `.` in ASCII: all streams that begin with `package-<site>.`
        let rows = query(
            "select distinct stream from events where stream >= $1 and stream < $2 order by stream",
        )
        .bind(format!("package-{site}."))
        .bind(format!("package-{site}/"))
        .all(&self.pool)
        .await
        .attempt("list packages")?;
        let key = |row: &Row| match row.parse(0, "events", "stream")? {
            Stream::Package(key) => Ok(key),
            _ => Err(StoreError::BadRow { table: "events", column: "stream" }),
        };
        rows.iter().map(key).collect()
    }

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

    /// The contact of a fingerprint.
    pub async fn contact(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<ContactId>, StoreError> {
        let row = query("select contact from contacts where fingerprint = $1")
            .bind(fingerprint.as_slice())
            .first(&self.pool)
            .await
            .attempt("find a contact")?;
        row.map(|row| row.parse(0, "contacts", "contact")).transpose()
    }

    /// The purchases of a phone or device, latest first.
    pub async fn purchases_of(
        &self,
        contact: ContactId,
        limit: i64,
    ) -> Result<Vec<PurchaseId>, StoreError> {
        let purchases = projection("purchases");
        let id = contact.to_string();
        let wanted = || vec![Param::from(id.as_str()), Param::Number(limit)];
        let mut found = projections::ask(&self.pool, purchases, "by_contact", wanted()).await?;
        if found.is_empty() {
            found = projections::ask(&self.pool, purchases, "by_device", wanted()).await?;
        }
        let unreadable = || StoreError::BadRow { table: "shown_purchases", column: "purchase" };
        let purchase =
            |row: Map<String, Value>| row.get("purchase")?.as_str()?.parse::<PurchaseId>().ok();
        found.into_iter().map(|row| purchase(row).ok_or_else(unreadable)).collect()
    }

    /// Every code that is in stock or held.
    pub async fn on_hand(&self) -> Result<Vec<VoucherId>, StoreError> {
        let rows = query("select voucher from stock").all(&self.pool).await;
        let rows = rows.attempt("list the stock")?;
        rows.iter().map(|row| row.parse(0, "stock", "voucher")).collect()
    }

    /// The codes of a site that are fenced, oldest first.
    pub async fn fenced(
        &self,
        site: &Slug,
        package: Option<&Slug>,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let rows = query(
            "select id, package from facts as fence
             where kind = 'voucher_set_aside' and site = $1 and data ->> 'reason' = 'fenced'
               and not exists (
                 select 1 from events
                 where events.stream = fence.stream and events.version > fence.version
               )
             order by position",
        )
        .bind(site.as_str())
        .all(&self.pool)
        .await
        .attempt("list fenced codes")?;
        let wanted =
            |row: &&Row| package.is_none_or(|package| row.get::<&str>(1) == package.as_str());
        rows.iter().filter(wanted).map(|row| row.parse(0, "events", "stream")).collect()
    }

    /// What a person should look at, by column; oldest first.
    pub async fn exceptions(&self) -> Result<Vec<Map<String, Value>>, StoreError> {
        projections::ask(&self.pool, projection("exceptions"), "all", vec![]).await
    }

    /// How far each projection is.
    pub async fn projection_states(&self) -> Result<Vec<ProjectionState>, StoreError> {
        let rows = query(
            "select projection, position, failure from bookmarks
             where projection not like 'rebuilt_%'
             order by projection",
        )
        .all(&self.pool)
        .await
        .attempt("read the bookmarks")?;
        let state = |row: &Row| ProjectionState {
            name: row.get(0),
            position: row.get(1),
            failure: row.get(2),
        };
        Ok(rows.iter().map(state).collect())
    }

    /// How much was sold on a business day, and for how much.
    pub async fn earned_on(&self, day: &str) -> Result<(i64, Cents), StoreError> {
        let bounds = [day, day].map(Param::from).into();
        let rows = projections::ask(&self.pool, projection("revenue"), "days", bounds).await?;
        let sum = |key: &str| rows.iter().filter_map(|row| row.get(key)?.as_i64()).sum();
        Ok((sum("sales"), Cents(sum("sold_cents"))))
    }

    /// Whether the digest of a business day was queued.
    pub async fn has_digest(&self, day: &str) -> Result<bool, StoreError> {
        let row = query("select 1 from events where once = $1")
            .bind(digest_once(day))
            .first(&self.pool)
            .await
            .attempt("look for a digest")?;
        Ok(row.is_some())
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

    /// The message that a gateway's reference names.
    pub async fn message_of_ref(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<MessageId>, StoreError> {
        let row = query("select message from message_refs where fingerprint = $1")
            .bind(fingerprint.as_slice())
            .first(&self.pool)
            .await
            .attempt("find a message")?;
        row.map(|row| row.parse(0, "message_refs", "message")).transpose()
    }

    /// The vouchers whose code reads the same to a person.
    pub async fn vouchers_of_folded(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Vec<VoucherId>, StoreError> {
        let rows = query("select voucher from voucher_codes where folded = $1")
            .bind(fingerprint.as_slice())
            .all(&self.pool)
            .await
            .attempt("find a code")?;
        rows.iter().map(|row| row.parse(0, "voucher_codes", "voucher")).collect()
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn projection(name: &str) -> &'static projections::folder::Projection {
    projections::folder::find(name).expect("the projections that pages ask are built in")
}
