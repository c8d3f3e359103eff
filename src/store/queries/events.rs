//! The ledger itself: its events as they are stored, and how far projections are.

use crate::{
    ledger::{
        event::Event,
        kernel::{
            chain::{Hash, Link},
            id::PurchaseId,
            stream::Stream,
            time::Micros,
        },
    },
    store::{
        Reader, StoreError,
        database::{
            sql::{Query, Row, query},
            to_hash,
        },
        error::Attempt,
        projections,
    },
};

/// How far a projection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionState {
    pub name: String,
    /// The last event that it has taken in.
    pub position: i64,
    /// Why it is parked; `None` while it is healthy.
    pub failure: Option<String>,
}

/// An event with the columns that its hash covers, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub position: i64,
    pub stream: String,
    pub version: i64,
    pub kind: String,
    pub schema: i64,
    pub recorded_at: Micros,
    pub business_day: String,
    /// The purchase it belongs to.
    pub correlation: Option<String>,
    /// Who or what caused it.
    pub actor: String,
    /// The name that stands once.
    pub once: Option<String>,
    /// The bytes that were hashed.
    pub data: String,
    pub hash: Hash,
    /// The copy of `data.site`.
    pub site: Option<String>,
    /// The copy of `data.package`.
    pub package: Option<String>,
    /// The copy of `data.amount_cents`.
    pub amount_cents: Option<i64>,
}

/// A statement that reads whole events.
macro_rules! events {
    ($rest:literal) => {
        concat!(
            "select position, stream, version, kind, schema, recorded_at, business_day,
               correlation, actor, once, data, hash, site, package, amount_cents
             from events ",
            $rest
        )
    };
}

impl StoredEvent {
    async fn all(
        reader: &Reader,
        asked: Query<'_>,
        attempted: &'static str,
    ) -> Result<Vec<Self>, StoreError> {
        let rows = asked.all(&reader.pool).await.attempt(attempted)?;
        rows.iter().map(Self::of).collect()
    }

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
        let asked = query(events!("where position > $1 order by position limit $2"));
        StoredEvent::all(self, asked.bind(position).bind(limit), "read the ledger").await
    }

    /// All events of a purchase, across streams, in order.
    pub async fn events_of(&self, purchase: PurchaseId) -> Result<Vec<StoredEvent>, StoreError> {
        let asked = query(events!("where correlation = $1 order by position"));
        StoredEvent::all(self, asked.bind(purchase), "read a purchase").await
    }

    /// All events of the purchase to which a stream belongs.
    pub(super) async fn events_beside(
        &self,
        stream: &Stream,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let asked = query(events!(
            "where correlation = (
               select correlation from events where stream = $1 and version = 1
             )
             order by position"
        ));
        StoredEvent::all(self, asked.bind(stream.to_string()), "read a purchase").await
    }

    /// All events of a stream, in order.
    pub async fn stream_events(&self, stream: &Stream) -> Result<Vec<StoredEvent>, StoreError> {
        let asked = query(events!("where stream = $1 order by version"));
        StoredEvent::all(self, asked.bind(stream.to_string()), "read a stream").await
    }

    /// The events of the latest batches, newest first.
    pub async fn latest_batches(&self, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        // Ids are in order of time, so their streams are.
        let asked = query(events!(
            "where stream >= 'batch-' and stream < 'batch.'
             order by stream desc
             limit $1"
        ));
        StoredEvent::all(self, asked.bind(limit), "read the latest batches").await
    }

    /// The last position.
    pub async fn last_position(&self) -> Result<i64, StoreError> {
        projections::last_position(&self.pool).await
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

    /// What the events of a stream leave.
    pub(super) async fn folded<S>(
        &self,
        stream: Stream,
        fold: impl Fn(Option<S>, &Event) -> Option<S>,
    ) -> Result<Option<S>, StoreError> {
        let mut state = None;
        for stored in self.stream_events(&stream).await? {
            state = fold(state, &stored.decode()?.1);
        }
        Ok(state)
    }

    /// The last position at a time.
    pub async fn position_at(&self, at: Micros) -> Result<i64, StoreError> {
        query("select coalesce(max(position), 0) from events where recorded_at <= $1")
            .bind(at.0)
            .one(&self.pool)
            .await
            .map(|row| row.get(0))
            .attempt("find the end of the ledger at a time")
    }
}
