//! Replaces keys. A new master key wraps the vault's keys again in one commit, so at any moment
//! exactly one of the two opens the ledger. A key of the vault is changed by a commit too, from
//! which on no writer takes what the former made; what that left behind is then made anew (seals),
//! stays good until it is retired (addresses, links), or stays as it is (signatures).

use super::keyring::{unwrap, wrapped_keys};
use crate::{
    commands::books::MindBooks,
    ledger::{
        command::Command,
        kernel::id::PurchaseId,
        key::{KeyPurpose, Succession},
        world::World,
    },
    ports::Random,
    store::{
        Opening, Reader, Store,
        database::{
            Database, Head,
            sql::{Param, Row, Transaction, query, set_row},
            words::Kind,
        },
        error::{Attempt, StoreError},
        vault::{Key, Vault},
        writer::{Terms, decide, write},
    },
};
use std::sync::Arc;

/// So many rows are made anew in one commit: buyers wait no longer than for that.
const ROWS_PER_COMMIT: i64 = 2_000;

/// So many purchases' links are written by one statement.
const PURCHASES_PER_STATEMENT: usize = 1_000;
/// So many sealed texts are opened at a time: each may be a whole file.
const ROWS_OPENED: i64 = 50;

impl Store {
    /// Wraps the keys of the ledger at `url` under the master key `new`; from then on `old` opens
    /// nothing here. Instances that run have the keys already and go on.
    pub async fn change_master(
        url: &str,
        old: &Key,
        new: &Key,
        random: Arc<dyn Random>,
    ) -> Result<(), StoreError> {
        let database = Database::open(url).await?;
        // With the end of the ledger held nobody else changes them, or makes the first ones.
        let (mut transaction, head) = database.begin().await?;
        let wrapped = wrap_anew(&mut transaction, head, old, new, random).await;
        end(&database, transaction, wrapped).await?;
        database.empty_log().await?;
        database.close().await;
        Ok(())
    }

    /// Makes another key for a purpose; every instance uses it from its next commit on. Seals are
    /// to be made anew then ([`Store::seal_anew`]); where that was cut off, nothing is changed.
    pub async fn change_key(opening: &Opening, purpose: KeyPurpose) -> Result<(), StoreError> {
        let database = Database::open(&opening.url).await?;
        let (mut transaction, head) = database.begin().await?;
        let changed = change(&mut transaction, head, opening, purpose).await;
        end(&database, transaction, changed).await?;
        database.close().await;
        Ok(())
    }

    /// Seals with the key in use all that a former one sealed, and lets go of that; `progress` is
    /// told how many rows were looked at. Cut off, it may be called again.
    pub async fn seal_anew(
        opening: &Opening,
        mut progress: impl FnMut(usize),
    ) -> Result<(), StoreError> {
        let database = Database::open(&opening.url).await?;
        for table in &SEALED {
            let mut after = table.key_of(None);
            loop {
                let (mut transaction, _) = database.begin().await?;
                let sealed = table.seal_page(&mut transaction, opening, after).await;
                let Some((last, rows)) = end(&database, transaction, sealed).await? else { break };
                progress(rows);
                after = last;
            }
        }
        let (mut transaction, _) = database.begin().await?;
        let dropped = drop_former_seal(&mut transaction, opening).await;
        end(&database, transaction, dropped).await?;
        database.empty_log().await?;
        database.close().await;
        Ok(())
    }

    /// Lets go of addresses or links that a former key made: they are refused from now on.
    pub async fn retire_key(opening: &Opening, purpose: KeyPurpose) -> Result<(), StoreError> {
        let database = Database::open(&opening.url).await?;
        let (mut transaction, _) = database.begin().await?;
        let retired = retire(&mut transaction, opening, purpose).await;
        end(&database, transaction, retired).await?;
        database.close().await;
        Ok(())
    }
}

/// Commits what was done, or takes it back.
async fn end<T>(
    database: &Database,
    transaction: Transaction,
    done: Result<T, StoreError>,
) -> Result<T, StoreError> {
    match done {
        Ok(done) => {
            transaction.commit().await.attempt("change the vault's keys")?;
            Ok(done)
        }
        Err(failure) => {
            transaction.rollback().await;
            database.close().await;
            Err(failure)
        }
    }
}

async fn wrap_anew(
    transaction: &mut Transaction,
    head: Head,
    old: &Key,
    new: &Key,
    random: Arc<dyn Random>,
) -> Result<(), StoreError> {
    let vault = unwrap(&wrapped_keys(&mut *transaction).await?, old, random)?;
    for key in vault.wrapped(new) {
        transaction.keep_key(&key, head.recorded_at).await?;
    }
    // The copies that there are open with the former key alone: nobody tries them with the new one.
    let let_be = query("update backups set file = null").run(transaction).await;
    let_be.map(drop).attempt("let the copies of the former key be")
}

pub(in crate::store) async fn vault_of(
    transaction: &mut Transaction,
    opening: &Opening,
) -> Result<Vault, StoreError> {
    let wrapped = wrapped_keys(transaction).await?;
    unwrap(&wrapped, &opening.master, Arc::clone(&opening.random))
}

async fn change(
    transaction: &mut Transaction,
    head: Head,
    opening: &Opening,
    purpose: KeyPurpose,
) -> Result<(), StoreError> {
    assert!(purpose != KeyPurpose::Fingerprint, "events hold fingerprints; they never change");
    let former = vault_of(transaction, opening).await?;
    if purpose == KeyPurpose::Seal && former.has_former(purpose) {
        return Ok(());
    }
    let vault = former.with_new(purpose);
    let succession = (purpose == KeyPurpose::Sign)
        .then(|| Succession::of(former.signing_key(), vault.signing_key()));
    let command: Arc<dyn Command> = Arc::new(MindBooks::ChangeKey { purpose, succession });
    let now = opening.clock.now().max(head.recorded_at);
    let terms = Terms { now, zone: &opening.zone, vault: None };
    let (batch, _) = decide(transaction, &[command], (World::default(), head), terms).await?;
    write(transaction, &batch.whole()?, now).await?;
    let generation = vault.generation(purpose);
    let new = vault.wrapped(&opening.master).into_iter().find(|key| key.generation == generation);
    transaction.keep_key(&new.expect("the new key is among all"), now).await?;
    match purpose {
        KeyPurpose::Sign => transaction.drop_keys(purpose, generation).await,
        // The former key stays until it is retired: it proves whose the links are that it made.
        KeyPurpose::Link => link_anew(transaction, &vault).await,
        // They are fetched again.
        KeyPurpose::Seal => query("delete from shared_secrets")
            .run(transaction)
            .await
            .map(drop)
            .attempt("let go of shared secrets"),
        KeyPurpose::Hook | KeyPurpose::Fingerprint => Ok(()),
    }
}

/// A row of `links`.
struct LinkedRow {
    fingerprint: Vec<u8>,
    purchase: PurchaseId,
}

async fn links_after(
    transaction: &mut Transaction,
    after: &[u8],
) -> Result<Vec<LinkedRow>, StoreError> {
    let rows = query(
        "select fingerprint, purchase from links where fingerprint > $1
         order by fingerprint
         limit $2",
    )
    .bind(after)
    .bind(ROWS_PER_COMMIT)
    .all(transaction)
    .await
    .attempt("read links")?;
    let linked = |row: &Row| {
        let purchase = row.parse(1, "links", "purchase")?;
        Ok(LinkedRow { fingerprint: row.get(0), purchase })
    };
    rows.iter().map(linked).collect()
}

/// Gives every purchase the link that the new key makes, beside the one it has.
async fn link_anew(transaction: &mut Transaction, vault: &Vault) -> Result<(), StoreError> {
    let mut after = vec![];
    loop {
        let page = links_after(transaction, &after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.fingerprint);
        let links = page.iter().map(|row| {
            let link = vault.link(row.purchase);
            set_row![link.fingerprint, row.purchase]
        });
        query(
            "insert into links (fingerprint, purchase)
             select fingerprint, purchase from {given: fingerprint bytes, purchase text}
             where true
             on conflict (fingerprint) do nothing",
        )
        .given(links.collect())
        .run(&mut *transaction)
        .await
        .attempt("make links anew")?;
    }
}

async fn retire(
    transaction: &mut Transaction,
    opening: &Opening,
    purpose: KeyPurpose,
) -> Result<(), StoreError> {
    let vault = vault_of(transaction, opening).await?;
    assert!(
        matches!(purpose, KeyPurpose::Hook | KeyPurpose::Link),
        "nothing else is retired by hand"
    );
    if purpose == KeyPurpose::Link {
        let of_today =
            |row: &LinkedRow| vault.link(row.purchase).fingerprint[..] == row.fingerprint;
        forget_links(transaction, of_today).await?;
    }
    transaction.drop_keys(purpose, vault.generation(purpose)).await
}

/// Lets go of links that are not to be kept; tells how many.
async fn forget_links(
    transaction: &mut Transaction,
    keep: impl Fn(&LinkedRow) -> bool,
) -> Result<u64, StoreError> {
    let (mut after, mut gone) = (vec![], 0);
    loop {
        let page = links_after(transaction, &after).await?;
        let Some(last) = page.last() else { return Ok(gone) };
        after.clone_from(&last.fingerprint);
        let former = page.iter().filter(|row| !keep(row));
        gone += query(
            "delete from links
             where fingerprint in (select fingerprint from {given: fingerprint bytes})",
        )
        .given(former.map(|row| set_row![&row.fingerprint]).collect())
        .run(&mut *transaction)
        .await
        .attempt("let go of links")?;
    }
}

/// Gives every purchase the row of each of its links, and takes away those that name another than
/// their link was made for; tells whether there was anything to do.
pub(in crate::store) async fn mend_links(
    transaction: &mut Transaction,
    vault: &Vault,
    world: &World,
) -> Result<bool, StoreError> {
    let mut changed = 0;
    let mut purchases = world.purchases().peekable();
    while purchases.peek().is_some() {
        let page: Vec<PurchaseId> = purchases.by_ref().take(PURCHASES_PER_STATEMENT).collect();
        let of = |purchase: &PurchaseId| {
            let (links, purchase) = (vault.link_fingerprints(*purchase), *purchase);
            links.into_iter().map(move |link| set_row![link, purchase])
        };
        changed += query(
            "update links set purchase = given.whose
             from {given: link bytes, whose text}
             where links.fingerprint = given.link and links.purchase <> given.whose",
        )
        .given(page.iter().flat_map(of).collect())
        .run(&mut *transaction)
        .await
        .attempt("mend links")?;
        changed += query(
            "insert into links (fingerprint, purchase)
             select fingerprint, purchase from {given: fingerprint bytes, purchase text}
             where true
             on conflict (fingerprint) do nothing",
        )
        .given(page.iter().map(|id| set_row![vault.link(*id).fingerprint, id]).collect())
        .run(&mut *transaction)
        .await
        .attempt("mend links")?;
    }
    changed += forget_links(transaction, |row| {
        let theirs = vault.link_fingerprints(row.purchase);
        let own = theirs.iter().any(|fingerprint| fingerprint[..] == row.fingerprint);
        own && world.purchase(row.purchase).is_some()
    })
    .await?;
    Ok(changed > 0)
}

/// A table with sealed texts: how they are read, each with its key and the context under which it
/// was sealed ([`Sealed::context`], [`RawMessage::context`]), and how they are written back.
///
/// [`Sealed::context`]: crate::store::Sealed::context
/// [`RawMessage::context`]: crate::store::RawMessage::context
struct SealedTable {
    key: Kind,
    page: &'static str,
    update: &'static str,
}

macro_rules! sealed_by_id {
    ($table:literal, $id:literal, $context:literal) => {
        sealed_by_id!($table, $id, "sealed", $context)
    };
    ($table:literal, $id:literal, $column:literal, $context:literal) => {
        SealedTable {
            key: Kind::Text,
            page: concat!(
                "select ",
                $id,
                ", '",
                $context,
                ":' || ",
                $id,
                ", ",
                $column,
                " from ",
                $table,
                " where ",
                $id,
                " > $1 order by ",
                $id,
                " limit $2"
            ),
            update: concat!(
                "update ",
                $table,
                " set ",
                $column,
                " = given.sealed
                 from {given: id text, sealed bytes} where ",
                $table,
                ".",
                $id,
                " = given.id"
            ),
        }
    };
}

const SEALED: [SealedTable; 10] = [
    sealed_by_id!("contacts", "contact", "contact"),
    sealed_by_id!("voucher_codes", "voucher", "code"),
    sealed_by_id!("provider_refs", "payment", "provider_refs"),
    sealed_by_id!("receipt_numbers", "receipt", "receipt"),
    sealed_by_id!("message_texts", "message", "message_text"),
    sealed_by_id!("staff_secrets", "staff", "name", "staff_name"),
    sealed_by_id!("staff_secrets", "staff", "password", "staff_password"),
    sealed_by_id!("notes", "subject", "note"),
    sealed_by_id!("uploads", "batch", "upload"),
    SealedTable {
        key: Kind::Number,
        page: "select row, 'inbox:' || source || ':' || subject, sealed from inbox
               where row > $1
               order by row
               limit $2",
        update: "update inbox set sealed = given.sealed
                 from {given: kept bigint, sealed bytes}
                 where inbox.row = given.kept",
    },
];

impl SealedTable {
    /// A key of the table; the one before all others without a row.
    fn key_of(&self, row: Option<&Row>) -> Param<'static> {
        match self.key {
            Kind::Number => Param::Number(row.map_or(0, |row| row.get(0))),
            Kind::Text | Kind::Bytes => row.map_or_else(String::new, |row| row.get(0)).into(),
        }
    }

    /// Seals a page of rows anew; tells where it ends and how many rows it had, `None` behind the
    /// last.
    async fn seal_page(
        &self,
        transaction: &mut Transaction,
        opening: &Opening,
        after: Param<'static>,
    ) -> Result<Option<(Param<'static>, usize)>, StoreError> {
        let vault = vault_of(transaction, opening).await?;
        let page = query(self.page).bind(after).bind(ROWS_PER_COMMIT).all(&mut *transaction).await;
        let page = page.attempt("read sealed texts")?;
        let Some(last) = page.last() else { return Ok(None) };
        let mut anew = vec![];
        for row in &page {
            let (context, sealed): (&str, Vec<u8>) = (row.get(1), row.get(2));
            if !vault.is_of_today(&sealed) {
                let sealed = vault.seal(context, &vault.unseal(context, &sealed)?);
                anew.push(vec![self.key_of(Some(row)), sealed.into()]);
            }
        }
        if !anew.is_empty() {
            let written = query(self.update).given(anew).run(transaction).await;
            written.attempt("seal texts anew")?;
        }
        Ok(Some((self.key_of(Some(last)), page.len())))
    }
}

/// What opening every sealed text came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SealsOpened {
    pub opened: u64,
    /// How many do not: they were changed, or stand in another's place.
    pub closed: u64,
}

impl Reader {
    /// Opens every sealed text with the vault's keys, each in its own place; those that were
    /// forgotten are empty. `go_on` is asked between pages.
    pub async fn open_every_seal(
        &self,
        vault: &Vault,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<SealsOpened, StoreError> {
        let mut seals = SealsOpened::default();
        for table in &SEALED {
            let mut after = table.key_of(None);
            while go_on() {
                let page = query(table.page).bind(after).bind(ROWS_OPENED).all(&self.pool).await;
                let page = page.attempt("read sealed texts")?;
                let Some(last) = page.last() else { break };
                for row in &page {
                    let (context, sealed): (&str, &[u8]) = (row.get(1), row.get(2));
                    match vault.unseal(context, sealed) {
                        _ if sealed.is_empty() => {}
                        Ok(_) => seals.opened += 1,
                        Err(_) => seals.closed += 1,
                    }
                }
                after = table.key_of(Some(last));
            }
        }
        Ok(seals)
    }
}

/// Nothing that a former key sealed is left: whatever was written since the change was sealed with
/// the key in use, or the writer refused it.
async fn drop_former_seal(
    transaction: &mut Transaction,
    opening: &Opening,
) -> Result<(), StoreError> {
    let vault = vault_of(transaction, opening).await?;
    transaction.drop_keys(KeyPurpose::Seal, vault.generation(KeyPurpose::Seal)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::{machine, nairobi},
        commands::{
            catalogue::OpenShop,
            keep_beside::KeepBeside,
            staff::{AddStaff, NewPassword},
        },
        ledger::{
            catalogue::LedgerPurpose,
            command::{InboxRow, Note, UploadWrite, VaultWrite},
            kernel::id::{BatchId, Slug, StaffId},
            staff::{PasswordProof, Role},
        },
        store::{CommandError, Lookup, RawMessage, SOURCE_REPORT, Sealed, cluster::cluster},
    };

    fn openings(folder: &std::path::Path) -> [Opening; 2] {
        let file = format!("sqlite:{}", folder.join("lango.db").display());
        let schema = cluster().url(&cluster().new_schema());
        [file, schema].map(|url| {
            let (clock, random) = machine();
            Opening { url, master: [7; 32], zone: nairobi(), clock, random }
        })
    }

    fn report(vault: &Vault, body: &[u8]) -> KeepBeside {
        let sealed = vault.seal(&RawMessage::context(SOURCE_REPORT, "at"), body);
        let fingerprint = vault.fingerprint(Lookup::Inbox(body));
        let subject = "at".into();
        let row = InboxRow { source: SOURCE_REPORT, subject, fingerprint, sealed, outcome: None };
        KeepBeside::inbox(row)
    }

    #[tokio::test]
    async fn what_a_former_key_sealed_is_not_written_after_the_change() {
        let folder = tempfile::tempdir().unwrap();
        for opening in openings(folder.path()) {
            let store = Store::open(again(&opening)).await.unwrap();
            let timezone = "Africa/Nairobi".to_owned();
            store.execute(OpenShop { purpose: LedgerPurpose::Shop, timezone }).await.unwrap();
            store.execute(report(&store.vault(), b"before")).await.unwrap();
            let late = report(&store.vault(), b"late");
            Store::change_key(&opening, KeyPurpose::Seal).await.unwrap();
            let refused = store.execute(late).await;
            assert!(matches!(refused, Err(CommandError::Failed(StoreError::KeysChanged))));
            store.execute(report(&store.vault(), b"late")).await.unwrap();
            Store::seal_anew(&opening, |_| {}).await.unwrap();
            let vault = store.vault_now().await.unwrap();
            assert!(!vault.has_former(KeyPurpose::Seal));
            let kept = store.read().inbox_after(0, 10).await.unwrap();
            let context = RawMessage::context(SOURCE_REPORT, "at");
            let said = kept.iter().map(|row| vault.unseal(&context, &row.sealed).unwrap());
            assert_eq!(said.collect::<Vec<_>>(), [b"before".to_vec(), b"late".to_vec()]);
            store.close().await;
        }
    }

    #[tokio::test]
    async fn a_file_its_name_and_the_staff_are_sealed_anew() {
        let folder = tempfile::tempdir().unwrap();
        for opening in openings(folder.path()) {
            let store = Store::open(again(&opening)).await.unwrap();
            let timezone = "Africa/Nairobi".to_owned();
            store.execute(OpenShop { purpose: LedgerPurpose::Shop, timezone }).await.unwrap();
            let (batch, staff) = (BatchId(uuid::Uuid::nil()), StaffId(uuid::Uuid::nil()));
            let texts = [
                Sealed::Note(Note::Batch(batch)),
                Sealed::Upload(batch),
                Sealed::StaffName(staff),
                Sealed::StaffPassword(staff),
            ];
            let seal = |what: &Sealed| {
                let context = what.context();
                store.vault().seal(&context, context.as_bytes())
            };
            let [name, sealed, who, password] = texts.each_ref().map(seal);
            let site = Slug::parse("mtaa").unwrap();
            let proof = [1; 32];
            let name = VaultWrite::Note { note: Note::Batch(batch), sealed: name };
            let file = UploadWrite::Kept { batch, site, staff, sealed, proof };
            let file = KeepBeside::vault([name, VaultWrite::Upload(file)]);
            store.execute(file).await.unwrap();
            let role = Role::Owner;
            let password = NewPassword { sealed: password, proof: PasswordProof([1; 32]) };
            let add = AddStaff { staff, role, fingerprint: [1; 32], name: who, password };
            store.execute(add).await.unwrap();
            Store::change_key(&opening, KeyPurpose::Seal).await.unwrap();
            Store::seal_anew(&opening, |_| {}).await.unwrap();
            assert!(!store.vault_now().await.unwrap().has_former(KeyPurpose::Seal));
            for what in texts {
                let text = store.open_sealed(what.clone()).await.unwrap();
                assert_eq!(text, Some(what.context()), "{what:?}");
            }
            store.close().await;
        }
    }

    #[tokio::test]
    async fn sealing_anew_that_was_cut_off_goes_on_with_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        for opening in openings(folder.path()) {
            let store = Store::open(again(&opening)).await.unwrap();
            let timezone = "Africa/Nairobi".to_owned();
            store.execute(OpenShop { purpose: LedgerPurpose::Shop, timezone }).await.unwrap();
            Store::change_key(&opening, KeyPurpose::Seal).await.unwrap();
            let once = store.vault_now().await.unwrap().generation(KeyPurpose::Seal);
            Store::change_key(&opening, KeyPurpose::Seal).await.unwrap();
            let twice = store.vault_now().await.unwrap().generation(KeyPurpose::Seal);
            assert_eq!(once, twice);
            store.close().await;
        }
    }

    fn again(opening: &Opening) -> Opening {
        Opening {
            url: opening.url.clone(),
            zone: opening.zone.clone(),
            clock: Arc::clone(&opening.clock),
            random: Arc::clone(&opening.random),
            ..*opening
        }
    }
}
