//! Files that claim to be backups.

use lango::{
    ledger::kernel::chain::hex,
    ports::Random,
    services::backup::{BackupError, Opening, Part},
    store::BackupKey,
};
use std::path::Path;

/// Always the same, so that an input does the same each time.
struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

const NAME: [u8; 16] = [0xab; 16];

fn key() -> BackupKey {
    BackupKey::of(&[7; 32])
}

/// All parts of a file until it ends or breaks off; a backup of so many bytes has no more.
fn parts(file: &[u8]) -> Result<Vec<Part>, BackupError> {
    let key = key();
    let mut opening = Opening::of(file, Path::new("a.backup"), &key)?;
    let mut parts = vec![];
    loop {
        let part = opening.part()?;
        let ends = matches!(part, Part::End(_));
        parts.push(part);
        if ends {
            return Ok(parts);
        }
    }
}

/// A file of ours that holds these pieces.
fn sealed(pieces: &[&[u8]]) -> Vec<u8> {
    let mut file = b"lango backup 1\n".to_vec();
    file.extend(NAME);
    let name = hex(&NAME);
    for (number, piece) in pieces.iter().enumerate() {
        let sealed = key().seal(&format!("backup:{name}:{number}"), piece, &Fixed);
        file.extend(u32::try_from(sealed.len()).expect("a piece is short").to_be_bytes());
        file.extend(sealed);
    }
    file
}

const ROWS: &[u8] = br#"{"piece":{"table":"links","rows":[["ab","0193"]]}}"#;
const END: &[u8] = br#"{"end":{"position":7,"hash":"9f"}}"#;

/// Bytes as a file, after a true beginning, as what is sealed, and as changes of a true file.
pub fn backup(bytes: &[u8]) {
    assert!(parts(bytes).is_err(), "nobody without the key makes a backup");
    let begun = [b"lango backup 1\n".as_slice(), &NAME, bytes].concat();
    assert!(parts(&begun).is_err());
    let pieces: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').chain([END]).collect();
    if let Ok(read) = parts(&sealed(&pieces)) {
        assert!(matches!(read.last(), Some(Part::End(_))), "it is whole");
    }
    let whole = sealed(&[ROWS, END]);
    let meant = parts(&whole).expect("our own file opens");
    let mut changed = whole.clone();
    for change in bytes.chunks_exact(3).take(8) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % changed.len();
        changed[at] ^= change[2];
    }
    assert!(changed == whole || parts(&changed).is_err(), "what was changed does not open");
    let cut = bytes.first().map_or(0, |at| usize::from(*at)) % whole.len();
    assert!(parts(&whole[..cut]).is_err(), "what was cut does not open");
    assert_eq!(meant.len(), 2);
}
