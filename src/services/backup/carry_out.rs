//! One backup from beginning to end: it is made and brought to its place, noted, proved, and noted
//! again. Only then are older ones removed, and never the last that was proved.

use super::{BackupError, Delivered, Place, Proof, Prover, is_the_one_made};
use crate::store::{BackupMade, BackupRecord, End, Store, StoreError};
use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A backup that has arrived, and whether it comes back.
#[derive(Debug)]
pub struct Outcome {
    pub delivered: Delivered,
    pub proof: Result<Proof, BackupError>,
}

/// Makes a backup, brings it to its place and proves it as it lies there, or, where it was sent
/// away, as it was sent; `progress` is told how many rows are copied.
pub async fn carry_out(
    store: &Store,
    prover: &Arc<Prover>,
    place: &Place,
    progress: impl FnMut(usize),
) -> Result<Outcome, BackupError> {
    let (name, off_box) = (place.name(), place.is_off_box());
    let delivered = match place.back_up(store, prover.seals(), progress).await {
        Ok(delivered) => delivered,
        Err(failure) => {
            store.note_backup_failure(&name, off_box, &failure.cause()).await?;
            return Err(failure);
        }
    };
    let (position, bytes) = (delivered.end.position, delivered.bytes);
    let made = BackupMade { at: store.now(), position, bytes };
    store.note_backup(&name, off_box, made, &delivered.end.file_name()).await?;
    let file = delivered.local();
    let as_made = |end: &End| {
        let same = *end == delivered.end;
        if same { Ok(()) } else { Err(BackupError::AnotherCopy(file.to_owned())) }
    };
    let proof = prove(store, prover, &name, file, as_made).await?;
    let known = store.read().backups().await?.into_iter().find(|record| record.place == name);
    let proved = known.and_then(|record| record.proved).map(|(file, _)| file);
    place.tidy(file, proved.as_deref())?;
    Ok(Outcome { delivered, proof })
}

/// Proves the last copy in a folder, where the proof of it was cut off; `None` where there is none.
pub async fn prove_again(
    store: &Store,
    prover: &Arc<Prover>,
    place: &Place,
    record: &BackupRecord,
) -> Result<Option<Result<Proof, BackupError>>, StoreError> {
    let Some(file) = in_folder(place, record.awaits_proof()) else { return Ok(None) };
    let as_made = |end: &End| is_the_one_made(record, &file, end);
    prove(store, prover, &record.place, &file, as_made).await.map(Some)
}

/// Reads the newest copy in a folder again, every piece of it; tells what is wrong with it.
pub async fn read_again(
    store: &Store,
    prover: &Arc<Prover>,
    place: &Place,
    record: &BackupRecord,
) -> Result<Option<String>, StoreError> {
    let Some(file) = in_folder(place, record.file.as_deref()) else { return Ok(None) };
    let read = prover.read_aside(&file).await;
    let wrong = match read.and_then(|end| is_the_one_made(record, &file, &end)) {
        Ok(()) => None,
        Err(BackupError::CutOff) => return Ok(None),
        Err(failure) => Some(format!("{}: {}", name_of(&file), failure.cause())),
    };
    store.note_spoiled(&record.place, wrong.clone()).await?;
    Ok(wrong)
}

/// A copy by its name, in a place that is a folder.
fn in_folder(place: &Place, name: Option<&str>) -> Option<PathBuf> {
    match (place, name) {
        (Place::Folder { path, .. }, Some(name)) => Some(path.join(name)),
        _ => None,
    }
}

fn name_of(file: &Path) -> Cow<'_, str> {
    file.file_name().unwrap_or_default().to_string_lossy()
}

/// Proves a copy and notes what came of it; of a proof that was cut off nothing is claimed.
async fn prove(
    store: &Store,
    prover: &Arc<Prover>,
    place: &str,
    file: &Path,
    as_made: impl Fn(&End) -> Result<(), BackupError>,
) -> Result<Result<Proof, BackupError>, StoreError> {
    let proof = prover.prove_aside(file).await;
    let proof = proof.and_then(|proof| as_made(&proof.end).map(|()| proof));
    let name = &name_of(file);
    match &proof {
        Ok(_) => store.note_proof(place, name).await?,
        Err(BackupError::CutOff) => {}
        Err(failure) => store.note_doubt(place, name, &failure.cause()).await?,
    }
    Ok(proof)
}
