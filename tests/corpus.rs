//! Every input that the fuzzer found or began with is tried again, so that what was mended stays
//! mended. `make fuzz` looks for more.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::{collections::BTreeSet, fs, path::PathBuf};
use targets::TARGETS;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(self::folder().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_kept_input_is_taken_as_promised() {
    for (name, target) in TARGETS {
        let inputs = names(&format!("corpus/{name}"));
        assert!(inputs.len() >= 2, "keep inputs for {name} to begin with");
        for input in inputs {
            let path = folder().join("corpus").join(name).join(&input);
            // Its name is the first thing that whoever mends it wants to know.
            println!("{}", path.display());
            target(&fs::read(&path).unwrap());
        }
        target(b"");
    }
}

#[test]
fn every_target_has_its_program_and_its_inputs() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("corpus"), targets);
    let programs: BTreeSet<String> = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names("fuzz_targets"), programs);
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}

/// How many small changes of each input are tried where nobody says otherwise.
const CHANGES: u64 = 20;

#[expect(clippy::disallowed_methods, reason = "the one switch of a test, which has no config")]
fn changes() -> u64 {
    std::env::var("LANGO_TEST_CHANGES").map_or(CHANGES, |text| text.parse().unwrap())
}

/// A change of an input, the same in every run: bytes from here or from a list, left out or
/// doubled.
fn changed(input: &[u8], number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |most: usize| {
        // Xorshift: quick, and good enough to scatter.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % most.max(1)
    };
    let mut bytes = input.to_vec();
    for _ in 0..=next(3) {
        let (from, to) = (next(bytes.len()), next(bytes.len()));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
        let piece = bytes[from..to].to_vec();
        let at = next(bytes.len() + 1);
        match next(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(from..to)),
            2 => drop(bytes.splice(at..at, piece)),
            3 => drop(bytes.splice(at..at, PIECES[next(PIECES.len())].bytes())),
            4 => bytes.insert(at, u8::try_from(next(256)).unwrap()),
            _ if at < bytes.len() => bytes[at] ^= 1 << next(8),
            _ => {}
        }
    }
    bytes
}

/// What means something in one format or another.
const PIECES: [&str; 30] = [
    "\n",
    "\r",
    "\"",
    "\\",
    "\\\n    ",
    "\\C2",
    ";",
    ",",
    "=",
    "$",
    "{",
    "[",
    "(",
    "#",
    "<user>",
    "</user>",
    "&amp;",
    " add ",
    "name=",
    "\u{0}",
    "\u{85}",
    "\u{feff}",
    "99999999999999999999",
    "-1",
    "0",
    ".",
    "%00",
    "\u{1a}",
    "\\u0000",
    " 0 X ",
];

#[test]
fn small_changes_of_kept_inputs_are_taken_as_promised_too() {
    for (name, target) in TARGETS.into_iter().filter(|(name, _)| *name != "form") {
        for input in names(&format!("corpus/{name}")) {
            let kept = fs::read(folder().join("corpus").join(name).join(&input)).unwrap();
            for number in 0..changes() {
                let changed = changed(&kept, number);
                println!("{name}/{input} {number}: {:?}", String::from_utf8_lossy(&changed));
                target(&changed);
            }
        }
    }
}
