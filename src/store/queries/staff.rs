//! The staff and their sessions.

use crate::{
    commands::staff::{SIGN_IN, window_of},
    ledger::{
        command::{StaffWrite, VaultWrite},
        event::Event,
        kernel::{
            fingerprint::Fingerprint,
            id::StaffId,
            stream::Stream,
            time::{MINUTE, Micros},
        },
        staff::Staff,
    },
    store::{
        Reader, Store,
        database::sql::{Transaction, query, set_row},
        error::{Attempt, StoreError},
        writer::changes::Changes,
    },
};
use subtle::ConstantTimeEq;

/// Somebody of the staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffMember {
    pub id: StaffId,
    pub staff: Staff,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub member: StaffMember,
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

const BEGUN: &str = "insert into sessions (fingerprint, staff, began_at, seen_at, proof)
     select fingerprint, staff, began_at, began_at, proof
     from {given: fingerprint bytes, staff text, began_at bigint, proof bytes}";

impl Transaction {
    /// Writes what the vault knows of the staff, and their sessions.
    pub(in crate::store) async fn keep_staff(
        &mut self,
        writes: &[VaultWrite],
    ) -> Result<(), StoreError> {
        let (mut known, mut passwords, mut ended, mut begun) = (vec![], vec![], vec![], vec![]);
        for write in writes {
            let VaultWrite::Staff(write) = write else { continue };
            match write {
                StaffWrite::Known { staff, fingerprint, name, password } => {
                    known.push(set_row![staff, fingerprint, name, password]);
                }
                StaffWrite::Password { staff, password } => {
                    passwords.push(set_row![staff, password]);
                }
                StaffWrite::EndSessions(staff) => ended.push(set_row![staff]),
                StaffWrite::Session(row) => {
                    begun.push(set_row![&row.fingerprint, row.staff, row.began_at, &row.proof]);
                }
            }
        }
        self.run(KNOWN, known, "note somebody of the staff").await?;
        self.run(PASSWORDS, passwords, "change a password").await?;
        self.run(ENDED, ended, "end sessions").await?;
        self.run(BEGUN, begun, "begin a session").await
    }

    /// Changes what the staff may do.
    pub(in crate::store) async fn change_staff(
        &mut self,
        changes: &Changes,
    ) -> Result<(), StoreError> {
        let row = |(id, staff): (&StaffId, &Staff)| set_row![id, staff.role.word(), staff.disabled];
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

/// What the ledger last said of somebody: the whole of a stream would be every code they looked at.
const STANDING: &str = "select stream, kind, schema, data from events
     where stream in (select stream from {given: stream text}) and kind in (
       'site_registered', 'site_changed', 'package_defined', 'package_retired', 'staff_added',
       'staff_changed'
     )
     order by stream, version";

impl Reader {
    /// All who work at the desk, or did, in the order in which they came.
    pub async fn staff(&self) -> Result<Vec<StaffMember>, StoreError> {
        let rows = query("select staff from staff order by staff").all(&self.pool).await;
        let rows = rows.attempt("read the staff")?;
        let ids = rows.iter().map(|row| row.parse(0, "staff", "staff"));
        self.members(&ids.collect::<Result<Vec<_>, _>>()?).await
    }

    /// Who has a name.
    pub async fn staff_named(&self, name: &Fingerprint) -> Result<Option<StaffMember>, StoreError> {
        let row = query("select staff from staff_secrets where fingerprint = $1")
            .bind(name.as_slice())
            .first(&self.pool)
            .await
            .attempt("find somebody of the staff")?;
        let Some(row) = row else { return Ok(None) };
        Ok(self.members(&[row.parse(0, "staff_secrets", "staff")?]).await?.pop())
    }

    /// What they may do, as the ledger says and no table; nobody whom it does not know.
    async fn members(&self, ids: &[StaffId]) -> Result<Vec<StaffMember>, StoreError> {
        let streams = ids.iter().map(|id| set_row![Stream::Staff(*id).to_string()]);
        let rows = query(STANDING).given(streams.collect()).all(&self.pool).await;
        let mut members: Vec<StaffMember> = vec![];
        for row in rows.attempt("read the staff's events")? {
            let stream: Stream = row.parse(0, "events", "stream")?;
            let event = Event::decode(&stream, row.get(1), row.get(2), row.get(3))?;
            let (Stream::Staff(id), Event::Staff(event)) = (stream, event) else { continue };
            let before = members.pop_if(|member| member.id == id).map(|member| member.staff);
            let staff = Staff::evolve(before.as_ref(), &event);
            let staff = staff.ok_or(StoreError::BadRow { table: "events", column: "kind" })?;
            members.push(StaffMember { id, staff });
        }
        Ok(members)
    }
}

impl Store {
    /// The session of a token. A row that was made for somebody else, at another time or under
    /// another password is none.
    pub async fn session(&self, token: &Fingerprint) -> Result<Option<Session>, StoreError> {
        let row =
            query("select staff, began_at, seen_at, proof from sessions where fingerprint = $1")
                .bind(token.as_slice())
                .first(&self.reader.pool)
                .await
                .attempt("find a session")?;
        let Some(row) = row else { return Ok(None) };
        let (began_at, seen_at) = (Micros(row.get(1)), Micros(row.get(2)));
        let Some(member) = self.read().members(&[row.parse(0, "sessions", "staff")?]).await?.pop()
        else {
            return Ok(None);
        };
        let ended = member.staff.ended;
        let proof = self.vault().session_proof(token, member.id, began_at, ended);
        let proven: bool = proof.ct_eq(&row.get::<Vec<u8>>(3)).into();
        if !proven {
            let staff = member.id;
            tracing::error!(%staff, "a session is not theirs; run `lango audit verify`");
        }
        Ok(proven.then_some(Session { member, began_at, seen_at }))
    }

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
