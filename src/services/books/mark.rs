//! The mark: a small signed file outside the database that says how far the ledger has come, and
//! how many checkpoints stood beside it. A database that was put back from an older copy does not
//! know the sales since, and one that was rewritten may lack checkpoints; this file shows both. It
//! is not a backup, holds no secret, and must never be put back with the database.

use crate::ledger::checkpoint::{Kept, SignedCheckpoint};
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub head: SignedCheckpoint,
    /// How many checkpoints stood beside the ledger; 0 in a file from before they were counted.
    pub checkpoints: i64,
}

impl Mark {
    /// The same, with the checkpoints that an earlier mark counted: some may have been deleted.
    #[must_use]
    pub fn counting(self, before: Option<Self>) -> Self {
        let counted = before.map_or(0, |before| before.checkpoints);
        Self { checkpoints: self.checkpoints.max(counted), ..self }
    }
}

/// The mark in a file; `None` where there is none yet.
pub fn read(path: &Path) -> io::Result<Option<Mark>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    parse(&text).map_or_else(
        || Err(io::Error::new(io::ErrorKind::InvalidData, "it is not the mark of a ledger")),
        |mark| Ok(Some(mark)),
    )
}

fn parse(text: &str) -> Option<Mark> {
    let mut lines = text.lines();
    let Ok(Kept::Signed(head)) = lines.next()?.parse() else { return None };
    let checkpoints = match lines.next() {
        Some(line) => line.strip_suffix(" checkpoints")?.parse().ok()?,
        None => 0,
    };
    Some(Mark { head, checkpoints })
}

/// Writes a mark in place of an older one: the one or the other is there, whatever happens.
pub fn write(path: &Path, mark: &Mark) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let mut file = File::create(&partial)?;
    writeln!(file, "{}\n{} checkpoints", mark.head, mark.checkpoints)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{checkpoint::SecretKey, kernel::time::Micros};

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lango.mark");
        assert_eq!(read(&path).unwrap(), None);
        for position in [1, 2] {
            let head = SecretKey::from_seed(&[7; 32]).sign(position, [9; 32], Micros(0));
            let mark = Mark { head, checkpoints: 3 };
            write(&path, &mark).unwrap();
            assert_eq!(read(&path).unwrap(), Some(mark));
            fs::write(&path, format!("{head}\n")).unwrap();
            let older = Mark { checkpoints: 0, ..mark };
            assert_eq!(read(&path).unwrap(), Some(older), "as it was before they were counted");
        }
        fs::write(&path, "").unwrap();
        assert!(read(&path).is_err());
    }
}
