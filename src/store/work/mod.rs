//! What processes have to do.

pub(super) mod breakdowns;
pub(super) mod inbox;
pub(super) mod instances;

use super::{
    error::{Attempt, StoreError},
    queries::Reader,
};
use crate::{
    ledger::{
        command::WorkKind,
        kernel::{
            id::{PaymentId, PurchaseId},
            time::Micros,
        },
    },
    store::{
        database::sql::{Row, query, set_row},
        work::breakdowns::{BREAKDOWNS_MAX, Item},
    },
};

/// A piece of work that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    pub kind: WorkKind,
    pub subject: String,
    pub since: Micros,
    /// How often it was put off.
    pub attempt: i64,
    pub seen: i64,
    /// Whether it broke down before.
    pub suspect: bool,
}

/// A purchase that is owed a code which is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub purchase: PurchaseId,
    /// Whether serving it broke down before.
    pub suspect: bool,
}

/// A message from outside that nothing was decided about yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    pub row: i64,
    /// `payment`, `c2b` or `report`.
    pub source: String,
    /// The payment's id, the sort of C2B message, or the gateway's id.
    pub subject: String,
    pub sealed: Vec<u8>,
    pub received_at: Micros,
    /// Whether reading it broke down before.
    pub suspect: bool,
}

impl Inbox {
    pub(super) fn of(row: &Row) -> Self {
        Self {
            row: row.get(0),
            source: row.get(1),
            subject: row.get(2),
            sealed: row.get(3),
            received_at: Micros(row.get(4)),
            suspect: false,
        }
    }
}

impl Work {
    /// Itself, as its breakdowns are counted.
    pub fn item(&self) -> Item {
        Item { kind: self.kind.word(), subject: self.subject.clone() }
    }
}

impl Owed {
    /// Itself, as its breakdowns are counted.
    pub fn item(&self) -> Item {
        Item { kind: "owed", subject: self.purchase.to_string() }
    }
}

impl Inbox {
    /// Itself, as its breakdowns are counted.
    pub fn item(&self) -> Item {
        Item::inbox(self.row)
    }
}

/// What came from outside with the same bytes, and what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// `payment`, `c2b` or `report`.
    pub source: String,
    /// The payment's id, the sort of C2B message, or the gateway's id.
    pub subject: String,
    pub times: i64,
    /// `taken` or `ignored`; `None` until decided.
    pub outcome: Option<String>,
}

impl Reader {
    /// The latest payment whose account reference shows these digits.
    pub async fn payment_of_reference(
        &self,
        digits: &str,
    ) -> Result<Option<PaymentId>, StoreError> {
        let row = query(
            "select substr(stream, 9) from events
             where kind = 'payment_requested' and substr(stream, 31) = $1
             order by stream desc
             limit 1",
        )
        .bind(digits)
        .first(&self.pool)
        .await
        .attempt("find a payment by its reference")?;
        row.map(|row| row.parse(0, "events", "stream")).transpose()
    }

    /// Everything that came from outside, oldest first, without what it said.
    pub async fn inbox_kept(&self) -> Result<Vec<Kept>, StoreError> {
        let rows = query("select source, subject, times, outcome from inbox order by row")
            .all(&self.pool)
            .await
            .attempt("list the inbox")?;
        let kept = |row: &Row| Kept {
            source: row.get(0),
            subject: row.get(1),
            times: row.get(2),
            outcome: row.get(3),
        };
        Ok(rows.iter().map(kept).collect())
    }

    /// Work that is due at `now`: the longest due first, but of payments to settle the latest.
    pub async fn work_due(
        &self,
        kind: WorkKind,
        now: Micros,
        limit: i64,
    ) -> Result<Vec<Work>, StoreError> {
        // A buyer who has just paid looks at the page now; what is asked again after hours can
        // wait.
        let statement = match kind {
            WorkKind::SettlePayment => {
                "select subject, since, attempt, seen, times from work
                 left join breakdowns using (kind, subject)
                 where kind = $1 and due_at <= $2 and coalesce(times, 0) < $4
                 order by since desc
                 limit $3"
            }
            WorkKind::SubmitPayment | WorkKind::ExpirePurchase | WorkKind::SendMessage => {
                "select subject, since, attempt, seen, times from work
                 left join breakdowns using (kind, subject)
                 where kind = $1 and due_at <= $2 and coalesce(times, 0) < $4
                 order by due_at
                 limit $3"
            }
        };
        let rows = query(statement)
            .bind(kind.word())
            .bind(now.0)
            .bind(limit)
            .bind(BREAKDOWNS_MAX)
            .all(&self.pool)
            .await
            .attempt("look for work")?;
        let work = |row: &Row| Work {
            kind,
            subject: row.get(0),
            since: Micros(row.get(1)),
            attempt: row.get(2),
            seen: row.get(3),
            suspect: row.get::<Option<i64>>(4).is_some(),
        };
        Ok(rows.iter().map(work).collect())
    }

    /// When the next piece of work is due.
    pub async fn next_due(&self) -> Result<Option<Micros>, StoreError> {
        let row = query("select min(due_at) from work")
            .one(&self.pool)
            .await
            .attempt("look for the next work")?;
        Ok(row.get::<Option<i64>>(0).map(Micros))
    }

    /// Purchases that are owed a code and can be served, longest owed first.
    pub async fn owed_and_in_stock(&self) -> Result<Vec<Owed>, StoreError> {
        let rows = query(
            "select purchase, times from owed
             join stock_counts using (site, package)
             left join breakdowns on kind = 'owed' and subject = purchase
             where free > 0 and coalesce(times, 0) < $1
             order by since",
        )
        .bind(BREAKDOWNS_MAX)
        .all(&self.pool)
        .await
        .attempt("look for what is owed")?;
        let owed = |row: &Row| {
            let purchase = row.parse(0, "owed", "purchase")?;
            Ok(Owed { purchase, suspect: row.get::<Option<i64>>(1).is_some() })
        };
        rows.iter().map(owed).collect()
    }

    /// Whether there is work on any of these subjects, or one of these rows of the inbox is to be
    /// decided about.
    pub async fn is_work_to_do(
        &self,
        subjects: Vec<String>,
        inbox_rows: &[i64],
    ) -> Result<bool, StoreError> {
        let subjects = subjects.into_iter().map(|subject| set_row![subject]).collect();
        let work = query(
            "select subject from work where subject in (select subject from {given: subject text})",
        );
        let rows = inbox_rows.iter().map(|row| set_row![row]).collect();
        let inbox = query(
            "select row from inbox
             where outcome is null and row in (select asked from {given: asked bigint})",
        );
        for (query, given) in [(work, subjects), (inbox, rows)] {
            let found = query.given(given).first(&self.pool).await;
            if found.attempt("look for work on a sale")?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Messages from outside after a row, decided about or not, in the order they came.
    pub async fn inbox_after(&self, row: i64, limit: i64) -> Result<Vec<Inbox>, StoreError> {
        let rows = query(
            "select row, source, subject, sealed, received_at from inbox
             where row > $1
             order by row
             limit $2",
        )
        .bind(row)
        .bind(limit)
        .all(&self.pool)
        .await
        .attempt("read the inbox")?;
        Ok(rows.iter().map(Inbox::of).collect())
    }

    /// Whether there are messages from outside that nothing was decided about yet.
    pub async fn is_inbox_undecided(&self) -> Result<bool, StoreError> {
        let row = query("select 1 from inbox where outcome is null limit 1").first(&self.pool);
        Ok(row.await.attempt("look for messages")?.is_some())
    }

    /// Messages from outside that nothing was decided about yet, in the order they came.
    pub async fn inbox_undecided(
        &self,
        source: &'static str,
        limit: i64,
    ) -> Result<Vec<Inbox>, StoreError> {
        let rows = query(
            "select row, source, inbox.subject, sealed, received_at, breakdowns.times from inbox
             left join breakdowns
                on breakdowns.kind = 'inbox' and breakdowns.subject = cast(inbox.row as text)
             where outcome is null and source = $1 and coalesce(breakdowns.times, 0) < $3
             order by row
             limit $2",
        )
        .bind(source)
        .bind(limit)
        .bind(BREAKDOWNS_MAX)
        .all(&self.pool)
        .await
        .attempt("read the inbox")?;
        let inbox =
            |row: &Row| Inbox { suspect: row.get::<Option<i64>>(5).is_some(), ..Inbox::of(row) };
        Ok(rows.iter().map(inbox).collect())
    }
}
