//! Voucher lists in every format: each line has exactly one verdict, and what is sold can be typed.

use lango::{
    adapters::routeros::export::{
        Counts, Export, Format, Judged, Known, Promise, Rules, Verdict, groups, judge, read,
    },
    ledger::voucher::fold,
};
use std::collections::BTreeSet;

/// What the shop sells: a package of a day with a limit on data, and one of a week without.
fn rules(only: Option<&str>) -> Rules {
    let promise = |profile: &str, package: &str, days: u64, data_bytes_max| Promise {
        profile: profile.into(),
        package: package.into(),
        validity_seconds: days * 86_400,
        data_bytes_max,
    };
    Rules {
        packages: vec![
            promise("1-Day", "daily", 1, Some(1 << 30)),
            promise("1-Week", "weekly", 7, None),
        ],
        only_package: only.map(str::to_owned),
        set_aside_comments: vec!["vc-815".into()],
        set_aside_groups: vec![],
    }
}

/// Reads a list, and judges it.
pub fn export(bytes: &[u8]) {
    let read_once = read(bytes);
    assert_eq!(read_once, read(bytes), "it is read the same way twice");
    let Ok(export) = read_once else { return };
    let text = decoded(bytes);
    lines_stand_in_the_file(&export, &text);
    no_line_is_lost(&export, &text);
    for only in [None, Some("daily")] {
        let judged = judge(&export, &rules(only), |_| Known::Nowhere);
        one_verdict_each(&export, &judged);
        what_is_sold_can_be_typed(&judged);
        let known = judge(&export, &rules(only), |_| Known::Here);
        assert_eq!(Counts::of(&known).accepted, 0, "what is known is not taken again");
    }
}

/// The text as the reader sees it.
fn decoded(bytes: &[u8]) -> String {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => match std::str::from_utf8(rest) {
            Ok(text) => text.to_owned(),
            Err(_) => rest.iter().map(|byte| char::from(*byte)).collect(),
        },
    };
    if text.contains('\n') { text } else { text.replace('\r', "\n") }
}

fn lines_stand_in_the_file(export: &Export, text: &str) {
    let last = text.matches('\n').count() + 1;
    let numbers = export.lines.iter().map(|line| line.number);
    for number in numbers.chain(export.unreadable.iter().map(|row| row.number)) {
        assert!((1..=last).contains(&number), "line {number} of {last}");
    }
}

/// What each format says of where a row begins is counted here in another way.
fn no_line_is_lost(export: &Export, text: &str) {
    let rows = export.lines.len() + export.unreadable.len();
    let filled = |line: &&str| !line.trim_matches(['\u{1a}', '\u{feff}']).trim().is_empty();
    let told: BTreeSet<usize> = export.lines.iter().map(|line| line.number).collect();
    match export.format {
        Format::PlainCodes | Format::MikhmonCsv | Format::UserManagerCsv | Format::Table => {
            let lines = text.lines().filter(filled).count();
            // A heading is no row.
            assert!(rows == lines || rows + 1 == lines, "{rows} rows of {lines} lines");
            assert_eq!(told.len(), export.lines.len(), "a line has one row");
        }
        Format::RouterosJson => {
            let body = text.trim_matches(|it: char| it.is_whitespace() || it == '\u{1a}');
            let items = match serde_json::from_str::<Vec<serde_json::Value>>(body) {
                Ok(items) => items.len(),
                Err(_) => 1,
            };
            assert_eq!(rows, items, "an item has one row");
        }
        Format::UserManagerXml => {
            let plain = !text.contains("<!") && !text.contains("<?") && !text.contains(['"', '\'']);
            let begun = text.matches("<user>").count();
            assert!(!plain || rows >= begun, "{rows} rows of {begun} users");
        }
        Format::RouterosScript | Format::MikhmonScript => {
            let marks = ['\\', '"', ';', '#', '$', '\r', '\u{c}', '\u{1a}'];
            let Some(adds) = text.strip_prefix("/ip hotspot user\n") else { return };
            let plain = !text.contains(marks) && adds.lines().all(|line| line.starts_with("add "));
            assert!(!plain || rows == adds.lines().count(), "an `add` has one row");
        }
        Format::RouterosPrint => {}
    }
}

fn one_verdict_each(export: &Export, judged: &[Judged]) {
    let rows = export.lines.len() + export.unreadable.len();
    assert_eq!(judged.len(), rows, "a row has one verdict");
    let counts = Counts::of(judged);
    let sum = counts.accepted
        + counts.other_package
        + counts.no_package
        + counts.duplicate_in_file
        + counts.already_known
        + counts.already_used
        + counts.disabled
        + counts.not_a_voucher;
    assert_eq!(sum, rows, "the verdicts add up");
    let groups = groups(judged);
    let of_groups = |count: fn(&lango::adapters::routeros::export::Group) -> usize| -> usize {
        groups.iter().map(count).sum()
    };
    assert_eq!(of_groups(|it| it.accepted), counts.accepted, "so do the groups");
    assert_eq!(of_groups(|it| it.set_aside), counts.set_aside);
    assert_eq!(of_groups(|it| it.gives_less), counts.gives_less);
}

fn what_is_sold_can_be_typed(judged: &[Judged]) {
    let mut folds = BTreeSet::new();
    for one in judged.iter().filter(|it| it.verdict == Verdict::Accepted) {
        let line = one.line.as_ref().expect("what is accepted was read");
        assert!(one.package.is_some(), "it has a package");
        assert!(!line.code.chars().any(char::is_control), "no control characters");
        assert_eq!(line.code, line.code.trim());
        assert!((1..=64).contains(&line.code.len()));
        assert!(folds.insert(fold(&line.code)), "one code is sold once");
    }
}
