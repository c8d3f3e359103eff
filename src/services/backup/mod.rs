//! Backups: one sealed file that holds everything that cannot be made again, of either database and
//! for either. Made while the shop goes on; taken in only whole, verified event by event.
//!
//! A file is a line that names its form, 16 random bytes that name the file, and pieces: the length
//! of each in four bytes, big-endian, then its sealed JSON. A piece opens only in its own file and
//! place, and the last one says where the ledger ends, so that nothing can be cut off or mixed up.

mod carry_out;
mod nightly;
mod places;
mod prove;
mod scratch;
mod send;

pub use carry_out::{Outcome, carry_out, prove_again, read_again};
pub use nightly::Nightly;
pub use places::{Delivered, Place};
pub use prove::{Proof, Prover, continues, is_the_one_made};
pub use scratch::sweep;
pub use send::{Address, SendError, Sent};

use crate::{
    ledger::kernel::{chain::hex, time::Micros},
    ports::Random,
    store::{BackupKey, CopyError, CopyIn, End, Piece, Store, StoreError},
};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// The first line of a file.
const FORM: &[u8] = b"lango backup 1\n";

/// What names a file.
const NAME_BYTES: usize = 16;

/// No piece is longer; a longer one is no piece of ours.
const PIECE_BYTES_MAX: u32 = 256 * 1024 * 1024;

/// Why a backup was not made or not taken in.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("cannot {attempt} {path}")]
    File {
        attempt: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{0} is not a backup made by Lango")]
    NotOurs(PathBuf),
    #[error("{0} does not open: it was made with another master key, or it was changed")]
    DoesNotOpen(PathBuf),
    #[error("{0} is cut off: it was not copied completely")]
    BreaksOff(PathBuf),
    #[error("{0} is not the copy that was made there last")]
    AnotherCopy(PathBuf),
    #[error("{0} is a copy of another ledger, or of another history of this one")]
    AnotherLedger(PathBuf),
    #[error("the ledger in it does not verify ({findings} findings): run `lango audit verify`")]
    NotVerified { findings: usize },
    #[error("{closed} sealed texts in it do not open with its own keys: run `lango audit verify`")]
    Sealed { closed: u64 },
    /// A scratch database would fill the disk.
    #[error(
        "proving it needs {needed_mib} MiB for a while, and {free_mib} MiB are free: make room"
    )]
    NoRoom { needed_mib: u64, free_mib: u64 },
    #[error("it was cut off")]
    CutOff,
    /// What is sealed with the former key could not be used with the new one.
    #[error("the master key was changed since this started: start `lango serve` again")]
    KeyChanged,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Send(#[from] SendError),
}

impl BackupError {
    /// What to tell of it where no path may stand: in the store.
    pub fn cause(&self) -> String {
        match self {
            Self::File { attempt, source, .. } => format!("cannot {attempt}: {source}"),
            Self::NotOurs(_) => "it is not a backup made by Lango".to_owned(),
            Self::DoesNotOpen(_) => "it does not open: it was changed".to_owned(),
            Self::BreaksOff(_) => "it is cut off: it is not complete".to_owned(),
            Self::AnotherCopy(_) => "it is not the copy that was made".to_owned(),
            Self::AnotherLedger(_) => "it is a copy of another ledger".to_owned(),
            Self::NotVerified { .. } | Self::Sealed { .. } | Self::NoRoom { .. } => {
                self.to_string()
            }
            Self::CutOff | Self::KeyChanged => self.to_string(),
            Self::Store(failure) => failure.to_string(),
            Self::Copy(failure) => failure.to_string(),
            Self::Send(failure) => failure.to_string(),
        }
    }
}

/// What a piece of a file holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Piece(Piece),
    End(End),
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub path: PathBuf,
    pub end: End,
    pub bytes: u64,
}

impl End {
    /// What a copy that ends here is called.
    pub fn file_name(&self) -> String {
        format!("lango-{:09}-{:.8}.backup", self.position, self.hash)
    }
}

/// What seals a file.
#[derive(Clone, Copy)]
pub struct Seals<'a> {
    pub key: &'a BackupKey,
    pub random: &'a dyn Random,
}

/// Makes a backup in `folder`; `progress` is told how many rows are written. The file has its name
/// only when it is whole and on the disk.
pub async fn make(
    store: &Store,
    seals: Seals<'_>,
    folder: &Path,
    mut progress: impl FnMut(usize),
) -> Result<Made, BackupError> {
    if !store.has_its_master_key().await? {
        return Err(BackupError::KeyChanged);
    }
    let mut copy = store.read().copy_out().await?;
    let end = copy.end().clone();
    let name = end.file_name();
    let (path, partial) = (folder.join(&name), Partial(folder.join(format!("{name}.partial"))));
    let failed = |attempt| at(attempt, &partial.0);
    fs::create_dir_all(folder).map_err(at("make the folder", folder))?;
    let file = File::create(&partial.0).map_err(failed("write"))?;
    let mut sealing = Sealing::begin(file, seals).map_err(failed("write"))?;
    let mut rows = 0;
    while let Some(piece) = copy.next().await? {
        rows += piece.rows.len();
        sealing.add(&Part::Piece(piece)).map_err(failed("write"))?;
        progress(rows);
    }
    drop(copy);
    sealing.add(&Part::End(end.clone())).map_err(failed("write"))?;
    let file = sealing.into_file().map_err(failed("write"))?;
    // A disk may take seconds over a large file, and buyers' pages are made on this thread too.
    let (to, folder) = (path.clone(), folder.to_owned());
    let settled = tokio::task::spawn_blocking(move || settle(&file, &partial.0, &to, &folder));
    let bytes = settled.await.expect("writing a file does not panic")?;
    Ok(Made { path, end, bytes })
}

/// Brings a written file to the disk, and only then gives it its name; tells its size.
fn settle(file: &File, partial: &Path, path: &Path, folder: &Path) -> Result<u64, BackupError> {
    file.sync_all().map_err(at("write", partial))?;
    fs::rename(partial, path).map_err(at("rename", partial))?;
    // The name is on the disk only when its folder is.
    let folder_synced = File::open(folder).and_then(|folder| folder.sync_all());
    folder_synced.map_err(at("write the folder", folder))?;
    Ok(file.metadata().map_err(at("look at", path))?.len())
}

/// A file that is not whole yet; it goes when it never becomes so.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // It has its name by now, or what is left behind says what it is.
        let _ = fs::remove_file(&self.0);
    }
}

/// A backup that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub end: End,
    /// How many codes are kept out of sale, because they may have been sold since.
    pub fenced: usize,
}

/// Takes a backup into the empty database at `url`; `progress` is told how many rows are taken in.
/// With `fence`, the time and the shop's time zone, the codes that it says are for sale are not.
pub async fn restore(
    path: &Path,
    key: &BackupKey,
    url: &str,
    fence: Option<(Micros, &TimeZone)>,
    mut progress: impl FnMut(usize),
) -> Result<Restored, BackupError> {
    let opening = Opening::begin(path, key)?;
    let mut copy = CopyIn::begin(url).await?;
    let mut rows = 0;
    let end = take_in(opening, &mut copy, |_, count| {
        rows += count;
        progress(rows);
        Ok(())
    })
    .await?;
    let fenced = match fence {
        Some((now, zone)) => copy.fence(now, zone).await?,
        None => 0,
    };
    copy.finish().await?;
    Ok(Restored { end, fenced })
}

/// Takes all pieces in, to the end; `each` is told the table of each and how many rows it had.
async fn take_in(
    mut opening: Opening<'_, BufReader<File>>,
    copy: &mut CopyIn,
    mut each: impl FnMut(&str, usize) -> Result<(), BackupError>,
) -> Result<End, BackupError> {
    loop {
        match opening.part()? {
            Part::Piece(piece) => {
                let (table, rows) = (piece.table.clone(), piece.rows.len());
                copy.take(piece).await?;
                each(&table, rows)?;
            }
            Part::End(end) => {
                copy.ends(&end)?;
                return Ok(end);
            }
        }
    }
}

fn at(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::File { attempt, path, source }
}

/// The place of a piece: of which file, and which.
fn place(file: &[u8], number: u64) -> String {
    format!("backup:{}:{number}", hex(file))
}

struct Sealing<'a> {
    file: BufWriter<File>,
    seals: Seals<'a>,
    name: [u8; NAME_BYTES],
    number: u64,
}

impl<'a> Sealing<'a> {
    fn begin(file: File, seals: Seals<'a>) -> io::Result<Self> {
        let mut name = [0; NAME_BYTES];
        seals.random.fill(&mut name);
        let mut file = BufWriter::new(file);
        file.write_all(FORM)?;
        file.write_all(&name)?;
        Ok(Self { file, seals, name, number: 0 })
    }

    fn add(&mut self, part: &Part) -> io::Result<()> {
        let plain = serde_json::to_vec(part).expect("rows are plain data");
        let Seals { key, random } = self.seals;
        let sealed = key.seal(&place(&self.name, self.number), &plain, random);
        let length = u32::try_from(sealed.len()).expect("a piece is of a thousand rows");
        self.file.write_all(&length.to_be_bytes())?;
        self.number += 1;
        self.file.write_all(&sealed)
    }

    fn into_file(self) -> io::Result<File> {
        self.file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Opens a backup piece by piece; a file of an attacker's makes it neither wait nor take memory.
pub struct Opening<'a, R> {
    path: PathBuf,
    source: R,
    key: &'a BackupKey,
    name: [u8; NAME_BYTES],
    number: u64,
}

impl<'a> Opening<'a, BufReader<File>> {
    fn begin(path: &Path, key: &'a BackupKey) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(at("read", path))?;
        Self::of(BufReader::new(file), path, key)
    }
}

impl<'a, R: io::Read> Opening<'a, R> {
    /// Opens what comes from `source`; `path` is what it is called.
    pub fn of(source: R, path: &Path, key: &'a BackupKey) -> Result<Self, BackupError> {
        let path = path.to_owned();
        let (mut form, name) = ([0; FORM.len()], [0; NAME_BYTES]);
        let mut opening = Self { path, source, key, name, number: 0 };
        opening.read(&mut form).map_err(|_| BackupError::NotOurs(opening.path.clone()))?;
        if form != FORM {
            return Err(BackupError::NotOurs(opening.path));
        }
        let mut name = name;
        opening.read(&mut name)?;
        opening.name = name;
        Ok(opening)
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.source.read_exact(bytes).map_err(|failure| match failure.kind() {
            io::ErrorKind::UnexpectedEof => BackupError::BreaksOff(self.path.clone()),
            _ => at("read", &self.path)(failure),
        })
    }

    /// The next piece, or where the ledger ends.
    pub fn part(&mut self) -> Result<Part, BackupError> {
        let mut length = [0; 4];
        self.read(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > PIECE_BYTES_MAX {
            return Err(BackupError::DoesNotOpen(self.path.clone()));
        }
        // Room for what is there, not for what four bytes claim.
        let (mut sealed, most) = (vec![], u64::from(length));
        let source = &mut self.source;
        let read = source.take(most).read_to_end(&mut sealed).map_err(at("read", &self.path))?;
        if u64::try_from(read).is_ok_and(|read| read < most) {
            return Err(BackupError::BreaksOff(self.path.clone()));
        }
        let opened = self.key.open(&place(&self.name, self.number), &sealed);
        let does_not_open = || BackupError::DoesNotOpen(self.path.clone());
        let part = serde_json::from_slice(&opened.map_err(|_| does_not_open())?);
        self.number += 1;
        part.map_err(|_| does_not_open())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of few bytes that notes how much room was made for it at a time.
    struct Meter<'a> {
        file: &'a [u8],
        most: usize,
    }

    impl io::Read for &mut Meter<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.most = self.most.max(room.len());
            self.file.read(room)
        }
    }

    #[test]
    fn four_bytes_that_claim_much_make_room_for_little() {
        let claim = PIECE_BYTES_MAX.to_be_bytes();
        let file = [FORM, &[7; NAME_BYTES], &claim, b"and no more"].concat();
        let mut meter = Meter { file: &file, most: 0 };
        let key = BackupKey::of(&[7; 32]);
        let mut opening = Opening::of(&mut meter, Path::new("a.backup"), &key).unwrap();
        assert!(matches!(opening.part(), Err(BackupError::BreaksOff(_))));
        assert!(meter.most < 1_000_000, "{} bytes", meter.most);
    }
}
