//! User Manager's XML: `<users><user><username>…</username><password>…</password></user>…`.

use super::json::Lines;
use super::rows::{Draft, Rows};
use super::{Format, NotVouchers};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

/// Reads every `<user>`; a page of HTML is told apart so that its owner gets the right advice.
pub(super) fn read(text: &str, rows: &mut Rows) -> Result<Format, NotVouchers> {
    if !text.contains("<user>") && !text.contains("<user ") {
        return Err(NotVouchers::WebPage);
    }
    let mut reader = Reader::from_str(text);
    let mut lines = Lines { text, at: 0, number: 1 };
    let mut user: Option<(usize, Draft)> = None;
    let mut field: Option<(String, String)> = None;
    loop {
        match reader.read_event().map_err(|_| NotVouchers::Damaged)? {
            Event::Start(tag) if tag.local_name().as_ref() == "user" => {
                let number = lines.number_at(place(&reader, text));
                if let Some((broken, _)) = user.replace((number, Draft::new(number))) {
                    rows.unreadable(broken, "Another user begins before it ends.");
                }
                field = None;
            }
            Event::Empty(tag) if tag.local_name().as_ref() == "user" => {
                rows.unreadable(lines.number_at(place(&reader, text)), "It has no name.");
            }
            Event::Start(tag) => {
                field = Some((tag.local_name().as_ref().to_owned(), String::new()));
            }
            Event::Empty(tag) => set(&mut user, tag.local_name().as_ref(), String::new()),
            Event::Text(piece) => append(&mut field, &piece.xml10_content()),
            Event::CData(piece) => append(&mut field, &piece.xml10_content()),
            Event::GeneralRef(entity) => append(&mut field, &resolve(&entity)?),
            Event::End(tag) if tag.local_name().as_ref() == "user" => {
                if let Some((_, user)) = user.take() {
                    rows.push(user);
                }
            }
            Event::End(_) => {
                if let Some((key, value)) = field.take() {
                    set(&mut user, &key, value);
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if user.is_some() || rows.len() == 0 {
        return Err(NotVouchers::Damaged);
    }
    Ok(Format::UserManagerXml)
}

/// How far the text has been read.
fn place(reader: &Reader<&[u8]>, text: &str) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(text.len()).min(text.len())
}

fn append(field: &mut Option<(String, String)>, piece: &str) {
    if let Some((_, value)) = field {
        value.push_str(piece);
    }
}

/// Blanks around a value are kept unless they are line breaks, which are layout.
fn set(user: &mut Option<(usize, Draft)>, key: &str, value: String) {
    let Some((_, user)) = user else { return };
    let value = if value.contains('\n') { value.trim().to_owned() } else { value };
    user.set(key, value);
}

fn resolve(entity: &BytesRef<'_>) -> Result<String, NotVouchers> {
    if let Some(letter) = entity.resolve_char_ref().map_err(|_| NotVouchers::Damaged)? {
        return Ok(letter.to_string());
    }
    let name = entity.xml10_content();
    resolve_predefined_entity(&name).map(str::to_owned).ok_or(NotVouchers::Damaged)
}
