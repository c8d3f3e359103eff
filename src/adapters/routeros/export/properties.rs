//! What holds for every upload: what the router writes is read back, no line is lost, and no bytes
//! make the reader panic.

use super::tests::{read_str, rules};
use super::*;
use proptest::prelude::*;

/// Writes users as the router does: properties in alphabetical order, values quoted where needed,
/// lines wrapped before column 80, also in the middle of a value.
fn write_script(users: &[(String, String, String)]) -> String {
    let mut script = "/ip hotspot user\r\nadd name=admin password=x\r\n".to_owned();
    for (name, password, comment) in users {
        let mut line = "add".to_owned();
        let mut column = line.len();
        for (key, value) in [("comment", comment), ("name", name), ("password", password)] {
            if value.is_empty() {
                continue;
            }
            put(&mut line, &mut column, " ", false);
            put(&mut line, &mut column, key, false);
            put(&mut line, &mut column, "=", false);
            let is_plain = |it: char| it.is_ascii_alphanumeric() || "-._:/".contains(it);
            let quoted = !value.chars().all(is_plain);
            if quoted {
                put(&mut line, &mut column, "\"", false);
            }
            for byte in value.bytes() {
                put(&mut line, &mut column, &escaped(byte), quoted);
            }
            if quoted {
                put(&mut line, &mut column, "\"", false);
            }
        }
        script.push_str(&line);
        script.push_str("\r\n");
    }
    script
}

fn put(line: &mut String, column: &mut usize, atom: &str, quoted: bool) {
    let mut atom = atom;
    if *column + atom.len() >= 79 {
        line.push_str("\\\r\n    ");
        *column = 4;
        if quoted && atom == " " {
            atom = "\\_";
        }
    }
    // A blank between properties stays before the backslash, where it still parts them.
    line.push_str(atom);
    *column += atom.len();
}

fn escaped(byte: u8) -> String {
    match byte {
        b'"' | b'\\' | b'$' | b'?' => format!("\\{}", char::from(byte)),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        0x20..=0x7e => char::from(byte).to_string(),
        _ => format!("\\{byte:02X}"),
    }
}

proptest! {
    #[test]
    fn what_the_router_writes_is_read_back(
        users in prop::collection::vec(("\\PC{1,40}", "\\PC{0,90}", "[\\PC\n\r\t]{0,120}"), 1..8)
    ) {
        let export = read_str(&write_script(&users));
        prop_assert!(export.unreadable.is_empty());
        let read: Vec<_> = export.lines[1..]
            .iter()
            .map(|it| {
                let password = it.password.clone().expect("passwords are shown");
                (it.code.clone(), password, it.comment.clone().unwrap_or_default())
            })
            .collect();
        prop_assert_eq!(read, users);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_jumble_of_the_formats_makes_the_reader_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "/ip hotspot user\n", "add ", "name=", "password=\"", "\"", "\\", "\\\n    ", "\\C",
                "\n", "\r\n", " 0 X ", ";;; ", ";", ",", ".id=*1;", "Flags: ", "<user>", "</user>",
                "<username>", "</username>", "&amp;", "[{\"name\":", "\"A1\"", "}]", "A1", " ", "é",
                "Username,Password\n", "[", "]", "{", "=", "#", "$", "\u{1a}", "\t",
            ]),
            0..30,
        )
    ) {
        if let Ok(export) = read(pieces.concat().as_bytes()) {
            let judged = judge(&export, &rules(Some("daily")), |_| Known::Nowhere);
            prop_assert_eq!(judged.len(), export.lines.len() + export.unreadable.len());
        }
    }

    #[test]
    fn a_plain_list_loses_no_line(lines in prop::collection::vec("[A-Z0-9 -]{0,9}", 0..40)) {
        let filled = lines.iter().filter(|it| !it.trim().is_empty()).count();
        if let Ok(export) = read(lines.join("\r\n").as_bytes()) {
            prop_assert_eq!(export.lines.len() + export.unreadable.len(), filled);
        }
    }
}
