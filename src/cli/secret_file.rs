//! Files that hold codes or keys: nobody but their owner reads them.

use anyhow::Context as _;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Nobody else may read it.
const OWNER_ONLY: u32 = 0o600;

/// Makes a file that is not there yet.
pub(super) fn new(path: &Path) -> anyhow::Result<File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path);
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            anyhow::anyhow!("{} exists already; name another file", path.display())
        }
        _ => anyhow::Error::from(error).context(format!("cannot make {}", path.display())),
    })
}

/// Fills it, durably.
pub(super) fn fill(mut file: File, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Writes it in the place of whatever was there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let attempt = || format!("cannot write {}", path.display());
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(attempt);
        }
        _ => {}
    }
    fill(new(path)?, path, bytes)
}
