//! Reading the whole ledger fast. `sqlx` hands SQLite's rows over one by one through a channel,
//! which costs more than hashing them. So the database writes thousands of events into one value
//! here, each text preceded by its length, and we take it apart.

use super::{
    sql::{On, Transaction, query},
    words::Words,
};
use crate::{
    ledger::kernel::{
        chain::{GENESIS, Hash, Link},
        time::Micros,
    },
    store::{
        Reader, StoredEvent,
        database::{Head, to_hash},
        error::{Attempt, StoreError},
    },
};

/// How many events one value holds at most.
const EVENTS_PER_PAGE: i64 = 4_096;

/// Thousands of events, as they stand.
pub struct LedgerPage {
    bytes: Vec<u8>,
    /// The position of the last one.
    pub last: i64,
}

/// An event in a page, as it stands: what its hash covers, the hash, and the copies beside it.
#[derive(Debug, Clone, Copy)]
pub struct PageEvent<'a> {
    /// What its hash should cover.
    pub link: Link<'a>,
    /// Its hash, whether or not it is right.
    pub hash: Hash,
    /// The copy of `data.site`.
    pub site: Option<&'a str>,
    /// The copy of `data.package`.
    pub package: Option<&'a str>,
    /// The copy of `data.amount_cents`.
    pub amount_cents: Option<i64>,
}

impl Reader {
    /// Events after a position, as many as a page holds; `None` after the last.
    pub async fn ledger_page(&self, after: i64) -> Result<Option<LedgerPage>, StoreError> {
        page(self.pool.words(), &self.pool, after).await
    }

    /// The end of the ledger.
    pub async fn head(&self) -> Result<Head, StoreError> {
        let row =
            query("select position, hash, recorded_at from events order by position desc limit 1")
                .first(&self.pool)
                .await
                .attempt("read the end of the ledger")?;
        let Some(row) = row else {
            return Ok(Head { position: 0, hash: GENESIS, recorded_at: Micros::default() });
        };
        let (hash, recorded_at) = (to_hash(row.get(1))?, Micros(row.get(2)));
        Ok(Head { position: row.get(0), hash, recorded_at })
    }
}

impl Transaction {
    /// The same, of the moment at which the transaction reads.
    pub(in crate::store) async fn ledger_page(
        &mut self,
        after: i64,
    ) -> Result<Option<LedgerPage>, StoreError> {
        page(self.words(), self, after).await
    }
}

async fn page(
    words: &Words,
    on: impl Into<On<'_>>,
    after: i64,
) -> Result<Option<LedgerPage>, StoreError> {
    let asked = query(words.ledger_page).bind(after).bind(EVENTS_PER_PAGE);
    let row = asked.one(on).await.attempt("read the ledger")?;
    let Some(last) = row.get(0) else { return Ok(None) };
    Ok(Some(LedgerPage { bytes: row.get(1), last }))
}

impl LedgerPage {
    /// The events, in order; an error where the bytes are not what the database wrote.
    pub fn events(&self) -> impl Iterator<Item = Result<PageEvent<'_>, StoreError>> {
        let mut rest = Cursor(&self.bytes);
        std::iter::from_fn(move || {
            if rest.0.is_empty() {
                return None;
            }
            let event = rest.event();
            if event.is_none() {
                rest.0 = &[];
            }
            Some(event.ok_or(StoreError::BadRow { table: "events", column: "data" }))
        })
    }
}

/// What is left of a page.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn event(&mut self) -> Option<PageEvent<'a>> {
        let [position, version, schema, recorded_at] =
            [self.number()?, self.number()?, self.number()?, self.number()?];
        let amount_cents = match self.until(b',')? {
            "" => None,
            number => Some(number.parse().ok()?),
        };
        let link = Link {
            position,
            version,
            schema,
            recorded_at,
            stream: self.text()??,
            kind: self.text()??,
            business_day: self.text()??,
            correlation: self.text()?,
            actor: self.text()??,
            once: self.text()?,
            data: self.text()??,
        };
        let (site, package) = (self.text()?, self.text()?);
        Some(PageEvent { link, hash: self.hash()?, site, package, amount_cents })
    }

    fn until(&mut self, end: u8) -> Option<&'a str> {
        let at = self.0.iter().position(|byte| *byte == end)?;
        let (head, tail) = self.0.split_at(at);
        self.0 = &tail[1..];
        std::str::from_utf8(head).ok()
    }

    fn number(&mut self) -> Option<i64> {
        self.until(b',')?.parse().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    /// A text that may be null; the outer `None` is a page that does not read.
    #[expect(clippy::option_option, reason = "null and unreadable are two things")]
    fn text(&mut self) -> Option<Option<&'a str>> {
        match self.until(b':')? {
            "-" => Some(None),
            length => {
                let bytes = self.take(length.parse().ok()?)?;
                Some(Some(std::str::from_utf8(bytes).ok()?))
            }
        }
    }

    fn hash(&mut self) -> Option<Hash> {
        let length: usize = self.until(b':')?.parse().ok()?;
        let digits = self.take(length * 2)?;
        let mut hash = Hash::default();
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        // A hash of another length is nobody's: it will not be the right one.
        Some(if length == hash.len() { hash } else { GENESIS })
    }
}

fn digit(letter: u8) -> Option<u8> {
    (letter as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl<'a> PageEvent<'a> {
    /// The same of an event that was read by itself.
    pub fn of(event: &'a StoredEvent) -> Self {
        Self {
            link: event.link(),
            hash: event.hash,
            site: event.site.as_deref(),
            package: event.package.as_deref(),
            amount_cents: event.amount_cents,
        }
    }

    /// A copy that outlives its page.
    pub fn to_stored(self) -> StoredEvent {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        StoredEvent {
            position: self.link.position,
            stream: self.link.stream.to_owned(),
            version: self.link.version,
            kind: self.link.kind.to_owned(),
            schema: self.link.schema,
            recorded_at: Micros(self.link.recorded_at),
            business_day: self.link.business_day.to_owned(),
            correlation: owned(self.link.correlation),
            actor: self.link.actor.to_owned(),
            once: owned(self.link.once),
            data: self.link.data.to_owned(),
            hash: self.hash,
            site: owned(self.site),
            package: owned(self.package),
            amount_cents: self.amount_cents,
        }
    }
}
