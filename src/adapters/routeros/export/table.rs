//! Tables: Mikhmon's CSV, User Manager's CSV, and whatever an owner saved from a spreadsheet.
//!
//! Mikhmon joins its cells with commas and quotes nothing, so what stands after its last column
//! belongs to the comment. Every other table is read as usual CSV, one row a line, so that a stray
//! quote can never swallow the rows below it.

use super::plain::looks_like_code;
use super::rows::{Draft, Rows};
use super::{Format, NotVouchers};

const MIKHMON_HEADING: &str = "Username,Password,Profile,Time Limit,Data Limit,Comment";

/// A table whose columns are known.
pub(super) struct Table {
    format: Format,
    delimiter: char,
    /// The router's name for each column; empty for those that do not matter.
    columns: Vec<&'static str>,
    heading: bool,
}

/// Finds the columns, from a heading line or from rows of two cells. `None` when the text is no
/// table; an error when it is one and nobody can say where its codes are.
pub(super) fn recognise(text: &str) -> Result<Option<Table>, NotVouchers> {
    let Some(first) = text.lines().find(|line| !line.trim().is_empty()) else { return Ok(None) };
    if first.trim().eq_ignore_ascii_case(MIKHMON_HEADING) {
        let columns =
            vec!["name", "password", "profile", "limit-uptime", "limit-bytes-total", "comment"];
        let format = Format::MikhmonCsv;
        return Ok(Some(Table { format, delimiter: ',', columns, heading: true }));
    }
    if let Some(table) = with_heading(first) {
        return Ok(Some(table));
    }
    without_heading(text)
}

fn with_heading(first: &str) -> Option<Table> {
    [',', ';', '\t'].into_iter().find_map(|delimiter| {
        let cells = split(first, delimiter)?;
        let columns: Vec<_> = cells.iter().map(|cell| column(cell)).collect();
        if !columns.contains(&"name") {
            return None;
        }
        let format = match columns.as_slice() {
            ["name"] => Format::PlainCodes,
            ["name", "password"] => Format::UserManagerCsv,
            _ => Format::Table,
        };
        Some(Table { format, delimiter, columns, heading: true })
    })
}

fn without_heading(text: &str) -> Result<Option<Table>, NotVouchers> {
    for delimiter in [';', ',', '\t'] {
        let (mut rows, mut pairs, mut wider) = (0_usize, 0_usize, 0_usize);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            rows += 1;
            let Some(cells) = split(line, delimiter) else { continue };
            if looks_like_code(&cells[0]) && cells.len() >= 2 {
                pairs += usize::from(cells.len() == 2);
                wider += usize::from(cells.len() > 2);
            }
        }
        if pairs * 4 >= rows * 3 {
            let (format, columns) = (Format::UserManagerCsv, vec!["name", "password"]);
            return Ok(Some(Table { format, delimiter, columns, heading: false }));
        }
        if wider * 4 >= rows * 3 {
            return Err(NotVouchers::UnknownColumns);
        }
    }
    Ok(None)
}

impl Table {
    pub fn read(&self, text: &str, rows: &mut Rows) -> Format {
        let lines = text.lines().map(|line| line.trim_end_matches(['\u{1a}', '\r'])).zip(1..);
        let filled = lines.filter(|(line, _)| !line.trim().is_empty());
        for (line, number) in filled.skip(usize::from(self.heading)) {
            match self.read_row(line, number) {
                Ok(draft) => rows.push(draft),
                Err(why) => rows.unreadable(number, why),
            }
        }
        self.format
    }

    fn read_row(&self, line: &str, number: usize) -> Result<Draft, &'static str> {
        let cells = if self.format == Format::MikhmonCsv {
            line.splitn(self.columns.len(), self.delimiter).map(str::to_owned).collect()
        } else {
            split(line, self.delimiter).ok_or("Its quotation marks do not match.")?
        };
        let extra = cells.iter().skip(self.columns.len()).any(|cell| !cell.trim().is_empty());
        if extra {
            return Err("It has more cells than the table has columns.");
        }
        if cells.len() < self.columns.len() && !self.heading {
            return Err("It has fewer cells than the other lines.");
        }
        let mut draft = Draft::new(number);
        for (column, cell) in self.columns.iter().zip(cells) {
            let identity = *column == "name" || *column == "password";
            let plain = self.format == Format::PlainCodes;
            let cell = if identity && !plain { cell } else { cell.trim().to_owned() };
            draft.set(column, cell);
        }
        Ok(draft)
    }
}

/// The cells of one line, or `None` when a quoted cell does not end on it. Quotation marks inside
/// an unquoted cell are letters like any other.
fn split(line: &str, delimiter: char) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let (cell, after) = rest.split_at(rest.find(delimiter).unwrap_or(rest.len()));
            (cell.to_owned(), after)
        };
        cells.push(cell);
        let after = after.trim_start_matches(' ');
        match after.strip_prefix(delimiter) {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(cells),
            None => return None,
        }
    }
}

/// What stands between quotation marks (doubled ones stand for one), and what follows.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = quoted;
    loop {
        let (piece, after) = rest.split_once('"')?;
        cell.push_str(piece);
        match after.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None => return Some((cell, after)),
        }
    }
}

/// The router's name for a column, from the words that tools and owners use.
fn column(heading: &str) -> &'static str {
    let words = heading.trim().to_lowercase().replace(['_', '-', '.'], " ");
    match words.split_ascii_whitespace().collect::<Vec<_>>().join(" ").as_str() {
        "username" | "user name" | "user" | "name" | "login" | "code" | "codes" | "voucher"
        | "vouchers" | "voucher code" | "voucher codes" | "kodi" | "vocha" => "name",
        "password" | "pass" | "passwd" => "password",
        "profile" | "user profile" | "group" | "actual profile" => "profile",
        "time limit" | "limit uptime" | "uptime limit" => "limit-uptime",
        "data limit" | "limit bytes total" | "transfer limit" => "limit-bytes-total",
        "comment" | "note" | "notes" | "batch" => "comment",
        "server" => "server",
        "mac address" | "mac" | "caller id" => "mac-address",
        "disabled" => "disabled",
        "uptime" | "uptime used" => "uptime",
        "bytes in" => "bytes-in",
        "bytes out" => "bytes-out",
        _ => "",
    }
}
