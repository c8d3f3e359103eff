//! What is known of the ledger outside it: a small signed file that says how far it has come. A
//! database that was put back from an older copy knows nothing of what was sold since; this file
//! does. It is no backup and holds no secret, and must never be put back with the database.

use crate::ledger::checkpoint::{Kept, SignedCheckpoint};
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

/// The mark in a file; `None` where there is none yet.
pub fn read(path: &Path) -> io::Result<Option<SignedCheckpoint>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match text.parse() {
        Ok(Kept::Signed(signed)) => Ok(Some(signed)),
        Ok(Kept::Short { .. }) | Err(_) => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "it is no mark of a ledger"))
        }
    }
}

/// Writes a mark in place of an older one: the one or the other is there, whatever happens.
pub fn write(path: &Path, mark: &SignedCheckpoint) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let mut file = File::create(&partial)?;
    writeln!(file, "{mark}")?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{checkpoint::SecretKey, time::Micros};

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lango.mark");
        assert_eq!(read(&path).unwrap(), None);
        for position in [1, 2] {
            let mark = SecretKey::from_seed(&[7; 32]).sign(position, [9; 32], Micros(0));
            write(&path, &mark).unwrap();
            assert_eq!(read(&path).unwrap(), Some(mark));
        }
        fs::write(&path, "").unwrap();
        assert!(read(&path).is_err());
    }
}
