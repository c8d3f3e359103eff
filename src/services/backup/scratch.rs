//! Folders for a short time: for a copy on its way to a server, or a database that proves one.
//! Nobody else may look into them. They go when they are dropped, and the next start removes those
//! that a crash left behind.

use super::{BackupError, at};
use crate::{ledger::kernel::chain::hex, ports::Random};
use std::{
    fs::{self, DirBuilder, File},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

/// By which ours are known among others.
const PREFIX: &str = "lango-scratch-";

/// Random bytes in a name: nobody can take it before us.
const NAME_BYTES: usize = 8;

/// A folder that goes with this.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// Locked for as long as somebody uses the folder, in whichever process.
    _in_use: File,
}

impl Scratch {
    /// Makes a folder in `within`.
    pub fn make(within: &Path, random: &dyn Random) -> Result<Self, BackupError> {
        let mut name = [0; NAME_BYTES];
        random.fill(&mut name);
        let path = within.join(format!("{PREFIX}{}", hex(&name)));
        let failed = || at("make the folder", &path);
        fs::create_dir_all(within).map_err(failed())?;
        DirBuilder::new().mode(0o700).create(&path).map_err(failed())?;
        let in_use = File::open(&path).map_err(failed())?;
        in_use.try_lock().map_err(|refused| failed()(refused.into()))?;
        Ok(Self { path, _in_use: in_use })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept away by the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders in `within` that nobody uses any more.
pub fn sweep(within: &Path) {
    let Ok(entries) = fs::read_dir(within) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let Some(folder) = (is_ours && is_folder).then(|| File::open(entry.path()).ok()).flatten()
        else {
            continue;
        };
        if folder.try_lock().is_ok() {
            // One that belongs to another user of the machine stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SystemRandom;

    #[test]
    fn what_a_crash_left_behind_is_swept_away_and_what_is_in_use_stays() {
        let within = tempfile::tempdir().unwrap();
        let used = Scratch::make(within.path(), &SystemRandom).unwrap();
        let left = within.path().join(format!("{PREFIX}0123456789abcdef"));
        fs::create_dir(&left).unwrap();
        fs::write(left.join("proof.db"), "what was being tried out").unwrap();
        let file = within.path().join(format!("{PREFIX}of-somebody"));
        fs::write(&file, "").unwrap();
        fs::create_dir(within.path().join("accounts")).unwrap();
        sweep(within.path());
        assert!(used.path().is_dir() && !left.exists() && file.exists());
        assert!(within.path().join("accounts").is_dir());
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
    }
}
