//! Files of codes that staff bring to the desk: kept sealed, looked at, and taken into stock when a
//! person says how. That person need not wait, and after a crash the work goes on by itself.

use crate::{
    adapters::routeros::export::{Group, groups},
    commands::{by::By, keep_beside::KeepBeside},
    ledger::{
        command::{Note, UploadWrite, VaultWrite},
        kernel::{
            id::{BatchId, Slug, StaffId},
            stream::Stream,
            time::HOUR,
        },
    },
    ports::Random,
    services::{
        acting::Acting,
        stock::import::{Import, ImportError, Report, look},
    },
    store::{CommandError, Sealed, Store, StoreError, UploadKept, Word},
};
use serde::{Deserialize, Serialize};

/// A file that nobody decided about is kept so long.
pub const KEPT_FOR: i64 = HOUR;

/// One of which nothing proves what was said is kept so long, to be looked at.
const UNPROVEN_KEPT_FOR: i64 = 7 * 24 * HOUR;

/// How to take a file in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Keep only this package's lines; lists without profiles need it.
    pub package: Option<Slug>,
    /// Which of the file's groups are printed cards, by their places in [`groups`]: these depend
    /// on the file alone.
    pub printed: Vec<usize>,
    /// Of which sites whoever chose says that their routers are others than this site's.
    #[serde(default)]
    pub other_routers: Vec<Slug>,
}

/// A file that somebody brings.
#[derive(Debug, Clone)]
pub struct NewUpload<'a> {
    pub staff: StaffId,
    pub site: Slug,
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// Keeps a file; tells what its batch will be.
pub async fn keep(
    store: &Store,
    random: &dyn Random,
    upload: NewUpload<'_>,
) -> Result<BatchId, CommandError> {
    let NewUpload { staff, site, name, bytes } = upload;
    let batch = BatchId(random.id(store.now()));
    let vault = store.vault();
    let seal = |what: Sealed, plain: &[u8]| vault.seal(&what.context(), plain);
    let name = seal(Sealed::Note(Note::Batch(batch)), name.as_bytes());
    let sealed = seal(Sealed::Upload(batch), bytes);
    let proof = vault.upload_proof(batch, &site, staff, None);
    let name = VaultWrite::Note { note: Note::Batch(batch), sealed: name };
    let file = VaultWrite::Upload(UploadWrite::Kept { batch, site, staff, sealed, proof });
    store.execute(KeepBeside::vault([name, file])).await?;
    Ok(batch)
}

/// What would come of a file, with its groups.
pub async fn preview(
    store: &Store,
    upload: &UploadKept,
    choice: &Choice,
) -> Result<(Report, Vec<Group>), ImportError> {
    let bytes = bytes(store, upload.batch).await?;
    let import = import(upload, choice, &bytes, store).await?;
    let report = look(store, &import, &bytes).await?;
    let groups = groups(&report.judged);
    Ok((report, groups))
}

/// Somebody says how a file is to be taken in, at the site that they were shown; from then on that
/// happens by itself, and under their name. Of a file that was altered it is their word that counts
/// from now on.
pub async fn choose(
    store: &Store,
    staff: StaffId,
    upload: &UploadKept,
    choice: &Choice,
) -> Result<(), CommandError> {
    let choice = serde_json::to_string(choice).expect("choices are plain data");
    decide(store, chosen(store, staff, upload, Some(choice))).await?;
    let item = upload.item();
    store.forget_breakdowns(item.kind, &item.subject).await?;
    Ok(())
}

/// What is written of a file, with what proves it.
fn chosen(
    store: &Store,
    staff: StaffId,
    upload: &UploadKept,
    choice: Option<String>,
) -> UploadWrite {
    let (batch, site) = (upload.batch, &upload.site);
    let proof = store.vault().upload_proof(batch, site, staff, choice.as_deref());
    UploadWrite::Chosen { batch, staff, choice, proof }
}

/// Whether a file about which nobody decides is still kept.
pub fn is_kept(store: &Store, upload: &UploadKept) -> bool {
    let proven = upload.word(&store.vault()) == Word::Proven;
    let kept_for = if proven { KEPT_FOR } else { UNPROVEN_KEPT_FOR };
    store.now() <= upload.received_at.plus(kept_for)
}

/// Takes in a file that somebody decided about, or drops one that nobody did in time; `false` where
/// it stays as it is.
pub async fn take(
    store: &Store,
    random: &dyn Random,
    upload: &UploadKept,
) -> Result<bool, ImportError> {
    let batch = upload.batch;
    let vault = store.vault();
    let Some(choice) = upload.choice(&vault) else {
        let over = !is_kept(store, upload);
        if over {
            decide(store, UploadWrite::Dropped(batch)).await?;
        }
        return Ok(over);
    };
    let unreadable = |_| StoreError::BadRow { table: "uploads", column: "choice" };
    let choice: Choice = serde_json::from_str(choice).map_err(unreadable)?;
    let acting = Acting { store, random, by: By::Staff(upload.staff) };
    let bytes = bytes(store, batch).await?;
    let taken = match import(upload, &choice, &bytes, store).await {
        Ok(import) => acting.import_as(batch, &import, &bytes).await,
        Err(error) => Err(error),
    };
    match taken {
        // Nothing in it was new: it became no batch.
        Ok(report) if report.taken == 0 && !is_batch(store, batch).await? => {
            decide(store, UploadWrite::Dropped(batch)).await?;
        }
        Ok(_) => decide(store, UploadWrite::Taken(batch)).await?,
        Err(error @ (ImportError::Store(_) | ImportError::Command(_))) => return Err(error),
        // The package is gone since, say: whoever brought it is asked again.
        Err(error) => {
            tracing::warn!(%batch, "a file cannot be taken in as was said: {error}");
            decide(store, chosen(store, upload.staff, upload, None)).await?;
        }
    }
    Ok(true)
}

async fn decide(store: &Store, write: UploadWrite) -> Result<(), CommandError> {
    store.execute(KeepBeside::vault([VaultWrite::Upload(write)])).await.map(drop)
}

async fn is_batch(store: &Store, batch: BatchId) -> Result<bool, StoreError> {
    Ok(!store.read().stream_events(&Stream::Batch(batch)).await?.is_empty())
}

async fn bytes(store: &Store, batch: BatchId) -> Result<Vec<u8>, StoreError> {
    let what = Sealed::Upload(batch);
    let sealed = store.read().sealed(&what).await?;
    let sealed = sealed.ok_or(StoreError::BadRow { table: "uploads", column: "sealed" })?;
    store.unseal(&what.context(), &sealed).await
}

/// The import that a choice means.
async fn import(
    upload: &UploadKept,
    choice: &Choice,
    bytes: &[u8],
    store: &Store,
) -> Result<Import, ImportError> {
    let mut import = Import {
        package: choice.package.clone(),
        other_routers: choice.other_routers.clone(),
        ..Import::to(upload.site.clone())
    };
    if !choice.printed.is_empty() {
        let groups = groups(&look(store, &import, bytes).await?.judged);
        let printed = choice.printed.iter().filter_map(|place| groups.get(*place));
        import.set_aside_groups = printed.map(|group| group.key.clone()).collect();
    }
    Ok(import)
}
