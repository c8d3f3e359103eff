//! Proves that a copy comes back: restores it into a scratch database, follows its chain, checks
//! what was signed, and opens every sealed text with the keys in it. Takes nothing from the shop: a
//! database of its own, one piece in memory at a time, and at night a thread that gives way.

use super::{BackupError, Opening, Part, Seals, at, scratch::Scratch, take_in};
use crate::{
    ledger::kernel::chain::hex,
    ports::Random,
    store::{BackupKey, BackupRecord, CopyIn, End, Key, Outside, Reader},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{runtime, sync::oneshot};

/// A scratch database needs no more than so many times the bytes of its copy, in which bytes stand
/// as digits, and so many bytes besides.
const ROOM_PER_BYTE: u64 = 2;
const ROOM_BESIDES: u64 = 64 * 1024 * 1024;

/// How far a thread gives way to all others; 19 is the farthest.
const NICENESS: i32 = 15;

/// What is needed to open copies, and where they are tried out.
pub struct Prover {
    key: BackupKey,
    master: Key,
    within: PathBuf,
    random: Arc<dyn Random>,
}

/// What was proved of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub end: End,
    /// Its tables and how many rows each has, in the order of the copy.
    pub tables: Vec<(String, usize)>,
    /// Up to which event everything is signed.
    pub signed_to: i64,
    /// How many sealed texts open.
    pub seals: u64,
}

/// Whether to go on; asked between pieces.
pub type GoOn<'a> = &'a (dyn Fn() -> bool + Send + Sync);

impl Prover {
    /// With the key of the copies, in scratch folders in `within`.
    pub fn new(master: Key, within: PathBuf, random: Arc<dyn Random>) -> Self {
        Self { key: BackupKey::of(&master), master, within, random }
    }

    /// What seals the copies.
    pub fn seals(&self) -> Seals<'_> {
        Seals { key: &self.key, random: self.random.as_ref() }
    }

    /// Proves a copy on a thread of its own, which gives way to the shop and ends soon after this
    /// is dropped.
    pub async fn prove_aside(self: &Arc<Self>, file: &Path) -> Result<Proof, BackupError> {
        let (prover, file) = (Arc::clone(self), file.to_owned());
        aside(move |go_on| {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(at("prove", &file))?;
            runtime.block_on(prover.prove(&file, go_on, |_| {}))
        })
        .await
    }

    /// Proves a copy; `progress` is told how many rows are taken in.
    pub async fn prove(
        &self,
        file: &Path,
        go_on: GoOn<'_>,
        mut progress: impl FnMut(usize),
    ) -> Result<Proof, BackupError> {
        let opening = Opening::begin(file, &self.key)?;
        self.room_for(file)?;
        let scratch = Scratch::make(&self.within, self.random.as_ref())?;
        let mut copy = CopyIn::try_out(&scratch.path().join("proof.db")).await?;
        let mut tables: Vec<(String, usize)> = vec![];
        let mut rows = 0;
        let end = take_in(opening, &mut copy, |table, count| {
            match tables.last_mut().filter(|(name, _)| name == table) {
                Some((_, counted)) => *counted += count,
                None => tables.push((table.to_owned(), count)),
            }
            rows += count;
            progress(rows);
            if go_on() { Ok(()) } else { Err(BackupError::CutOff) }
        })
        .await?;
        let books = copy.into_reader().await?;
        let held = self.holds(&books, go_on).await;
        books.close().await;
        let (signed_to, seals) = held?;
        Ok(Proof { end, tables, signed_to, seals })
    }

    /// Whether what came back verifies and opens: up to where it is signed, and how many sealed
    /// texts there are.
    async fn holds(&self, books: &Reader, go_on: GoOn<'_>) -> Result<(i64, u64), BackupError> {
        let vault = books.open_vault(&self.master, Arc::clone(&self.random)).await?;
        let audit =
            books.verify_with(vault.signing_key().public(), &Outside::default(), |_| {}).await?;
        if !audit.is_good() {
            return Err(BackupError::NotVerified { findings: audit.findings.len() });
        }
        let seals = books.open_every_seal(&vault, go_on).await?;
        if !go_on() {
            return Err(BackupError::CutOff);
        }
        if seals.closed > 0 {
            return Err(BackupError::Sealed { closed: seals.closed });
        }
        let signed_to = audit.signed_to.map_or(0, |checkpoint| checkpoint.position);
        Ok((signed_to, seals.opened))
    }

    /// Reads a copy again, from its first piece to its last, on a thread of its own.
    pub async fn read_aside(self: &Arc<Self>, file: &Path) -> Result<End, BackupError> {
        let (prover, file) = (Arc::clone(self), file.to_owned());
        aside(move |go_on| prover.read(&file, go_on)).await
    }

    /// Reads a copy from its first piece to its last; all of them must open.
    pub fn read(&self, file: &Path, go_on: GoOn<'_>) -> Result<End, BackupError> {
        let mut opening = Opening::begin(file, &self.key)?;
        while go_on() {
            if let Part::End(end) = opening.part()? {
                return Ok(end);
            }
        }
        Err(BackupError::CutOff)
    }

    fn room_for(&self, file: &Path) -> Result<(), BackupError> {
        fs::create_dir_all(&self.within).map_err(at("make the folder", &self.within))?;
        let bytes = fs::metadata(file).map_err(at("look at", file))?.len();
        let needed = bytes.saturating_mul(ROOM_PER_BYTE).saturating_add(ROOM_BESIDES);
        let disk = rustix::fs::statvfs(&self.within)
            .map_err(|failure| at("look at", &self.within)(failure.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed {
            let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
            return Err(BackupError::NoRoom { needed_mib: mib(needed), free_mib: mib(free) });
        }
        Ok(())
    }
}

/// Whether a copy is the one that was made: it ends where the store says.
pub fn is_the_one_made(record: &BackupRecord, file: &Path, end: &End) -> Result<(), BackupError> {
    let named = end.file_name();
    let same = record.made.is_some_and(|made| made.position == end.position)
        && record.file.as_deref().is_none_or(|file| file == named);
    if same { Ok(()) } else { Err(BackupError::AnotherCopy(file.to_owned())) }
}

/// Whether a ledger goes on from where a copy ends; one that ends before says nothing.
pub async fn continues(books: &Reader, file: &Path, end: &End) -> Result<(), BackupError> {
    let event = books.events_after(end.position - 1, 1).await?;
    let event = event.first().filter(|event| event.position == end.position);
    if event.is_some_and(|event| hex(&event.hash) != end.hash) {
        return Err(BackupError::AnotherLedger(file.to_owned()));
    }
    Ok(())
}

/// Tells the work on another thread to end, when nobody waits for it any more.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Does work on a thread of its own that gives way to all others.
async fn aside<T: Send + 'static>(
    work: impl FnOnce(GoOn<'_>) -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let waited_for = Arc::new(AtomicBool::new(true));
    let _waiting = Waiting(Arc::clone(&waited_for));
    let (tell, told) = oneshot::channel();
    let begun = std::thread::Builder::new().name("proof".into()).spawn(move || {
        // Where the machine does not let it, it is as fast as the others.
        let _ = rustix::process::setpriority_process(None, NICENESS);
        // Nobody listens any more where the shop closed meanwhile.
        let _ = tell.send(work(&|| waited_for.load(Ordering::Relaxed)));
    });
    begun.map_err(at("begin a thread for", Path::new("a proof")))?;
    told.await.unwrap_or(Err(BackupError::CutOff))
}
