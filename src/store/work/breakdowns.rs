//! What broke down while it was handled. A thing over which the program panicked twice would do so
//! for ever: it is left alone until a person says *try again*.
//!
//! Written beside the writer, not by it: the writer's own end is one of the things to be counted.

use crate::{
    ledger::kernel::{id::PaymentId, time::Micros},
    store::{
        Store,
        database::sql::{Row, query},
        error::{Attempt, StoreError},
        queries::Reader,
    },
};

/// What broke down so often waits for a person.
pub const BREAKDOWNS_MAX: i64 = 2;

/// A thing that processes handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// A kind of work, or `owed`, `inbox` or `upload`.
    pub kind: &'static str,
    /// The work's subject, the purchase, the row of the inbox, or the batch.
    pub subject: String,
}

impl Item {
    /// A row of the inbox.
    pub fn inbox(row: i64) -> Self {
        Self { kind: "inbox", subject: row.to_string() }
    }
}

/// A thing that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// A kind of work, or `owed`, `inbox` or `upload`.
    pub kind: String,
    /// The work's subject, the purchase, the row of the inbox, or the batch.
    pub subject: String,
    /// When it broke down first.
    pub since: Micros,
    /// The payment that it is about, where it is about one.
    pub payment: Option<PaymentId>,
}

impl Store {
    /// Counts that a thing broke down, or may be about to.
    pub async fn count_breakdown(&self, item: &Item) -> Result<(), StoreError> {
        query(
            "insert into breakdowns (kind, subject, times, first_at) values ($1, $2, 1, $3)
             on conflict (kind, subject) do update set times = breakdowns.times + 1",
        )
        .bind(item.kind)
        .bind(&item.subject[..])
        .bind(self.now().0)
        .run(self.projecting.pool())
        .await
        .map(drop)
        .attempt("count what broke down")
    }

    /// From now on a thing is handled like any other; `false` when nothing was counted.
    pub async fn forget_breakdowns(&self, kind: &str, subject: &str) -> Result<bool, StoreError> {
        let gone = query("delete from breakdowns where kind = $1 and subject = $2")
            .bind(kind)
            .bind(subject)
            .run(self.projecting.pool())
            .await
            .attempt("let go of what broke down")?;
        Ok(gone > 0)
    }
}

impl Reader {
    /// What broke down too often and is still to be handled, oldest first.
    pub async fn stuck(&self) -> Result<Vec<Stuck>, StoreError> {
        let rows = query(
            "select kind, subject, first_at,
               case
                 when kind in ('submit_payment', 'settle_payment') then subject
                 when kind = 'inbox' then (
                   select told.subject from inbox as told
                   where told.source = 'payment' and cast(told.row as text) = breakdowns.subject
                 )
               end
             from breakdowns
             where times >= $1 and (
               exists (
                 select 1 from work
                 where work.kind = breakdowns.kind and work.subject = breakdowns.subject
               )
               or (kind = 'owed' and subject in (select purchase from owed))
               or (kind = 'upload' and subject in (select batch from uploads))
               or (kind = 'inbox' and subject in (
                 select cast(inbox.row as text) from inbox where outcome is null
               ))
             )
             order by first_at, kind, subject",
        )
        .bind(BREAKDOWNS_MAX)
        .all(&self.pool)
        .await
        .attempt("list what broke down")?;
        let stuck = |row: &Row| {
            let payment: Option<&str> = row.get(3);
            Ok(Stuck {
                kind: row.get(0),
                subject: row.get(1),
                since: Micros(row.get(2)),
                payment: payment.map(|_| row.parse(3, "breakdowns", "subject")).transpose()?,
            })
        };
        rows.iter().map(stuck).collect()
    }
}
