//! Faults that are known and not mended yet: a day that shows one of them is counted and does not
//! fail. **Take an entry away with the change that mends it.**

/// The promise that is broken, a word of how, and the item of issue 14.
pub const KNOWN: &[(&str, &str, u8)] = &[];

/// The item under which a broken promise is known.
pub fn item(promise: &str, how: &str) -> Option<u8> {
    let known = KNOWN.iter().find(|(broken, word, _)| *broken == promise && how.contains(word));
    known.map(|(.., item)| *item)
}
