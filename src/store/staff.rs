//! The staff, and who of them is signed in.

use super::{
    Reader, Store,
    changes::Changes,
    error::{Attempt, StoreError},
    read::parse,
    sql::{Row, Transaction, query},
};
use crate::{
    commands::staff::{SIGN_IN, window_of},
    ledger::{
        chain::hex,
        decision::{Fingerprint, StaffWrite, VaultWrite},
        id::StaffId,
        staff::Staff,
        time::{MINUTE, Micros},
    },
};
use serde_json::{Value, json};

/// Somebody of the staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffMember {
    /// Who.
    pub id: StaffId,
    /// What they may do.
    pub staff: Staff,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub member: StaffMember,
    /// Since when.
    pub began_at: Micros,
    /// When it was last used, to the minute.
    pub seen_at: Micros,
}

const KNOWN: &str = "insert into staff_secrets (staff, fingerprint, name, password)
     select staff, fingerprint, name, password
     from {given: staff text, fingerprint bytes, name bytes, password bytes}";

const PASSWORDS: &str = "update staff_secrets set password = given.password
     from {given: whose text, password bytes}
     where staff_secrets.staff = given.whose";

const ENDED: &str = "delete from sessions where staff in (select staff from {given: staff text})";

const BEGUN: &str = "insert into sessions (fingerprint, staff, began_at, seen_at)
     select fingerprint, staff, began_at, began_at
     from {given: fingerprint bytes, staff text, began_at bigint}";

impl Transaction {
    /// Writes what the vault knows of the staff, and their sessions.
    pub(super) async fn keep_staff(
        &mut self,
        writes: &[VaultWrite],
        now: Micros,
    ) -> Result<(), StoreError> {
        let (mut known, mut passwords, mut ended, mut begun) = (vec![], vec![], vec![], vec![]);
        for write in writes {
            let VaultWrite::Staff(write) = write else { continue };
            match write {
                StaffWrite::Known { staff, fingerprint, name, password } => {
                    known.push(json!([staff, hex(fingerprint), hex(name), hex(password)]));
                }
                StaffWrite::Password { staff, password } => {
                    passwords.push(json!([staff, hex(password)]));
                }
                StaffWrite::EndSessions(staff) => ended.push(json!([staff])),
                StaffWrite::Session { staff, fingerprint } => {
                    begun.push(json!([hex(fingerprint), staff, now]));
                }
            }
        }
        self.run(KNOWN, known, "note somebody of the staff").await?;
        self.run(PASSWORDS, passwords, "change a password").await?;
        self.run(ENDED, ended, "end sessions").await?;
        self.run(BEGUN, begun, "begin a session").await
    }

    /// Changes what the staff may do.
    pub(super) async fn change_staff(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let row = |(id, staff): (&StaffId, &Staff)| -> Value {
            json!([id, staff.role.word(), i64::from(staff.disabled)])
        };
        self.run(
            "insert into staff (staff, role, disabled)
             select staff, role, disabled from {given: staff text, role text, disabled bigint}
             where true
             on conflict (staff) do update
             set role = excluded.role, disabled = excluded.disabled",
            changes.staff.iter().map(row).collect(),
            "change the staff",
        )
        .await
    }
}

fn member(row: &Row) -> Result<StaffMember, StoreError> {
    let staff = Staff { role: parse(row, 1, "staff", "role")?, disabled: row.get::<i64>(2) != 0 };
    Ok(StaffMember { id: parse(row, 0, "staff", "staff")?, staff })
}

impl Reader {
    /// All who work at the desk, or did, in the order in which they came.
    pub async fn staff(&self) -> Result<Vec<StaffMember>, StoreError> {
        let rows = query("select staff, role, disabled from staff order by staff")
            .all(&self.pool)
            .await
            .attempt("read the staff")?;
        rows.iter().map(member).collect()
    }

    /// Who has a name.
    pub async fn staff_named(&self, name: &Fingerprint) -> Result<Option<StaffMember>, StoreError> {
        let row = query(
            "select staff.staff, role, disabled from staff_secrets
             join staff on staff.staff = staff_secrets.staff
             where fingerprint = $1",
        )
        .bind(name.as_slice())
        .first(&self.pool)
        .await
        .attempt("find somebody of the staff")?;
        row.as_ref().map(member).transpose()
    }

    /// The session of a token.
    pub async fn session(&self, token: &Fingerprint) -> Result<Option<Session>, StoreError> {
        let row = query(
            "select staff.staff, role, disabled, began_at, seen_at from sessions
             join staff on staff.staff = sessions.staff
             where fingerprint = $1",
        )
        .bind(token.as_slice())
        .first(&self.pool)
        .await
        .attempt("find a session")?;
        row.map(|row| {
            let (began_at, seen_at) = (Micros(row.get(3)), Micros(row.get(4)));
            Ok(Session { member: member(&row)?, began_at, seen_at })
        })
        .transpose()
    }
}

impl Store {
    /// Notes that a session is used, at most once a minute.
    pub async fn touch_session(
        &self,
        token: &Fingerprint,
        session: &Session,
    ) -> Result<(), StoreError> {
        let now = self.now();
        if now.0 < session.seen_at.0 + MINUTE {
            return Ok(());
        }
        query("update sessions set seen_at = $2 where fingerprint = $1")
            .bind(token.as_slice())
            .bind(now.0)
            .run(self.projecting.pool())
            .await
            .map(drop)
            .attempt("note that a session is used")
    }

    /// Ends a session.
    pub async fn end_session(&self, token: &Fingerprint) -> Result<(), StoreError> {
        query("delete from sessions where fingerprint = $1")
            .bind(token.as_slice())
            .run(self.projecting.pool())
            .await
            .map(drop)
            .attempt("end a session")
    }

    /// Forgets sessions that began before `since`, and tries at signing in that count no more.
    pub async fn sweep_sessions(&self, since: Micros) -> Result<(), StoreError> {
        query("delete from sessions where began_at < $1")
            .bind(since.0)
            .run(self.projecting.pool())
            .await
            .attempt("forget old sessions")?;
        query("delete from tries where subject like $1 || '%' and subject not like $2 || '%'")
            .bind(SIGN_IN)
            .bind(window_of(self.now()).as_str())
            .run(self.projecting.pool())
            .await
            .map(drop)
            .attempt("forget old tries")
    }
}
