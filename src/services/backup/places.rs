//! Where backups go: a folder that keeps the latest few, or an address.

use super::{
    BackupError, Made, Seals,
    scratch::Scratch,
    send::{Address, Sent},
};
use crate::{
    ledger::kernel::chain::hex,
    store::{End, Store},
};
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where a backup goes.
#[derive(Debug, Clone)]
pub enum Place {
    Folder {
        path: PathBuf,
        /// How many copies stay; `None` for all of them.
        keep: Option<usize>,
        /// Whether the owner says that it survives this machine: a disk elsewhere on the network,
        /// or a folder that is synchronised with one.
        off_box: bool,
    },
    Server {
        address: Address,
        /// Where the file is written before it is sent.
        through: PathBuf,
    },
}

/// A backup that has arrived.
#[derive(Debug)]
pub struct Delivered {
    pub end: End,
    pub bytes: u64,
    /// The file, where it is in a folder.
    pub path: Option<PathBuf>,
    /// How sure it is, where it was sent.
    pub sent: Option<Sent>,
    local: PathBuf,
    _passing: Option<Scratch>,
}

impl Delivered {
    /// The file as it can be read here: as it lies in its folder, or as it was sent.
    pub fn local(&self) -> &Path {
        &self.local
    }
}

/// How a place is called in the store: enough to know it again, and nothing to read.
const NAME_BYTES: usize = 8;

impl Place {
    /// Its name in the store, which tells nobody where it is.
    pub fn name(&self) -> String {
        let what = match self {
            Self::Folder { path, .. } => format!("folder {}", path.display()),
            Self::Server { address, .. } => format!("server {}", address.without_query()),
        };
        hex(&Sha256::digest(what)[..NAME_BYTES])
    }

    /// Whether what is there survives this machine.
    pub const fn is_off_box(&self) -> bool {
        match self {
            Self::Folder { off_box, .. } => *off_box,
            Self::Server { .. } => true,
        }
    }

    /// Makes a backup and brings it there; `progress` is told how many rows are copied.
    pub async fn back_up(
        &self,
        store: &Store,
        seals: Seals<'_>,
        progress: impl FnMut(usize),
    ) -> Result<Delivered, BackupError> {
        match self {
            Self::Folder { path, .. } => {
                let Made { path: file, end, bytes } =
                    super::make(store, seals, path, progress).await?;
                let path = Some(file.clone());
                Ok(Delivered { end, bytes, path, sent: None, local: file, _passing: None })
            }
            Self::Server { address, through } => {
                let folder = Scratch::make(through, seals.random)?;
                let Made { path: local, end, bytes } =
                    super::make(store, seals, folder.path(), progress).await?;
                let sent = Some(address.send(&local, &end.file_name()).await?);
                Ok(Delivered { end, bytes, path: None, sent, local, _passing: Some(folder) })
            }
        }
    }

    /// Lets go of older copies, where only so many stay: never of `newest`, which has just come,
    /// nor of the last that was `proved`.
    pub fn tidy(&self, newest: &Path, proved: Option<&str>) -> Result<(), BackupError> {
        match self {
            Self::Folder { path, keep: Some(keep), .. } => {
                remove_older(path, newest, proved, *keep).map_err(super::at("tidy", path))
            }
            Self::Folder { keep: None, .. } | Self::Server { .. } => Ok(()),
        }
    }
}

/// Removes all but the latest `keep` backups in a folder; never `newest`, nor the one that was
/// proved last.
fn remove_older(folder: &Path, newest: &Path, proved: Option<&str>, keep: usize) -> io::Result<()> {
    let mut older = vec![];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_ours = name.starts_with("lango-") && name.ends_with(".backup");
        if is_ours && path != newest {
            older.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    older.sort();
    let kept = keep.saturating_sub(1);
    let gone = older.len().saturating_sub(kept);
    let is_proved = |path: &Path| proved.is_some_and(|name| path.ends_with(name));
    let mut gone = older[..gone].iter().filter(|(_, path)| !is_proved(path));
    gone.try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_the_latest_and_what_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // A ledger that was restored is shorter than before: not the position tells the age.
        let names = ["lango-9-a.backup", "lango-1-a.backup", "lango-2-a.backup"];
        for (age, name) in (0..).zip(names.iter().rev()) {
            let file = fs::File::create(path(name)).unwrap();
            let now = file.metadata().unwrap().modified().unwrap();
            file.set_modified(now - std::time::Duration::from_secs(60 * age)).unwrap();
        }
        fs::write(path("accounts.ods"), "").unwrap();
        remove_older(folder.path(), &path(names[2]), Some(names[0]), 2).unwrap();
        let there = |name: &str| path(name).exists();
        assert_eq!(names.map(there), [true, true, true], "the last that was proved stays");
        remove_older(folder.path(), &path(names[2]), Some(names[1]), 2).unwrap();
        assert_eq!(names.map(there), [false, true, true]);
        assert!(there("accounts.ods"));
        remove_older(folder.path(), &path(names[2]), None, 0).unwrap();
        assert_eq!(names.map(there), [false, false, true], "the newest stays in any case");
    }

    #[test]
    fn a_new_signature_makes_no_other_place() {
        let server = |url: &str| Place::Server {
            address: Address::new(url.parse().unwrap(), None, std::time::Duration::ZERO).unwrap(),
            through: PathBuf::new(),
        };
        let monday = server("https://s3.example/shop?X-Sig=a").name();
        assert_eq!(server("https://s3.example/shop?X-Sig=b").name(), monday);
        assert_ne!(server("https://s3.example/other?X-Sig=a").name(), monday);
    }
}
