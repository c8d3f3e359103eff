//! Reads the voucher lists that owners upload, in any shape their tools write.
//!
//! The format is recognised, never asked for. Codes and passwords are kept byte for byte, because
//! the router compares them so. No line is dropped in silence: what holds no voucher is listed in
//! [`Export::unreadable`] with the reason. Pure: bytes in, values out. Nothing here decides whether
//! a voucher may be sold; that is [`mod@judge`].

pub mod comment;
pub mod counts;
mod json;
pub mod judge;
mod plain;
mod print;
mod rows;
mod script;
mod table;
mod text;
mod words;
mod xml;

pub use counts::{Counts, Group, groups};
pub use judge::{Elsewhere, GroupKey, Judged, Known, Promise, Rules, Verdict, judge};

use std::fmt;

/// The largest upload that is read, in bytes. A voucher takes about 100 bytes in the widest format,
/// so this is more than [`LINES_MAX`] vouchers; a larger file is something else.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most lines, and the most vouchers, that one upload may hold. A router with 16 MB of flash
/// holds far fewer users; the limit bounds memory when the file is not a list of codes.
pub const LINES_MAX: usize = 200_000;

/// What an upload holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    pub format: Format,
    /// Each row that names a user, in the order of the file.
    pub lines: Vec<ExportLine>,
    /// Each row that stands where a voucher should and cannot be read.
    pub unreadable: Vec<Unreadable>,
}

impl Export {
    /// Whether the list names user profiles. A list that does not can be imported for one package
    /// only.
    pub fn has_profiles(&self) -> bool {
        let says = |line: &&ExportLine| line.profile.is_some();
        self.lines.iter().filter(says).any(judge::could_be_voucher)
    }

    /// Whether a router's list came without any password: RouterOS 7 leaves them out unless
    /// `show-sensitive` is given, so nobody knows whether they equal the codes. Worth a warning.
    pub fn passwords_hidden(&self) -> bool {
        self.format.is_router_rows()
            && !self.lines.is_empty()
            && self.lines.iter().all(|line| line.password.is_none())
    }
}

/// The shapes that are read (`docs/reference/routeros.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `/ip hotspot user export`, also terse, and User Manager's own export.
    RouterosScript,
    /// `print detail`, `print terse` or `print as-value`, copied from a terminal.
    RouterosPrint,
    /// The answer of the REST interface, or `:serialize to=json`.
    RouterosJson,
    MikhmonScript,
    /// Mikhmon's "CSV": cells are never quoted.
    MikhmonCsv,
    /// Two columns, code and password.
    UserManagerCsv,
    /// `<users><user><username>…`.
    UserManagerXml,
    /// Any other table with a heading line.
    Table,
    /// One code on each line.
    PlainCodes,
}

impl Format {
    /// The stable word for this format, as events and `--json` carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::RouterosScript => "routeros_script",
            Self::RouterosPrint => "routeros_print",
            Self::RouterosJson => "routeros_json",
            Self::MikhmonScript => "mikhmon_script",
            Self::MikhmonCsv => "mikhmon_csv",
            Self::UserManagerCsv => "user_manager_csv",
            Self::UserManagerXml => "user_manager_xml",
            Self::Table => "table",
            Self::PlainCodes => "plain_codes",
        }
    }

    /// Whether the rows are the router's own, where what is left out has its default value.
    const fn is_router_rows(self) -> bool {
        match self {
            Self::RouterosScript
            | Self::RouterosPrint
            | Self::RouterosJson
            | Self::MikhmonScript => true,
            Self::MikhmonCsv
            | Self::UserManagerCsv
            | Self::UserManagerXml
            | Self::Table
            | Self::PlainCodes => false,
        }
    }
}

/// One user row of an upload. `Debug` hides the code and the password.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportLine {
    /// The line of the file where the row begins; the first is 1.
    pub number: usize,
    /// The user name, byte for byte. Empty when the row has none.
    pub code: String,
    /// The password, byte for byte: `None` when the list carries none, empty when it is blank.
    pub password: Option<String>,
    pub profile: Option<String>,
    /// The hotspot server that the user is bound to; `all` when it says so.
    pub server: Option<String>,
    pub comment: Option<String>,
    /// The limit on usage as written, such as `1d2h`.
    pub limit_uptime: Option<String>,
    /// The limit on data as written, in bytes where the router wrote it.
    pub limit_bytes_total: Option<String>,
    pub mac_address: Option<String>,
    /// Whether the router refuses it for now.
    pub disabled: bool,
    /// Whether the router marks the row as its own (dynamic or default).
    pub router_owned: bool,
    pub used: Option<UsedBecause>,
}

impl fmt::Debug for ExportLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportLine")
            .field("number", &self.number)
            .field("profile", &self.profile)
            .field("comment", &self.comment)
            .field("disabled", &self.disabled)
            .field("router_owned", &self.router_owned)
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}

/// What shows that somebody has used a voucher already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedBecause {
    /// The router counted time or bytes.
    Counters,
    /// The comment holds an expiry date, which Mikhmon writes there at the first login.
    ExpiryInComment,
    /// It is bound to one device, which Mikhmon's "lock" does at the first login.
    BoundToDevice,
    /// Its time is limited to one second, which is how Mikhmon marks an expired voucher.
    Expired,
}

impl UsedBecause {
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Counters => "The router has counted time or data on it.",
            Self::ExpiryInComment => "Its comment holds an expiry date, so it was logged in once.",
            Self::BoundToDevice => "It is bound to one device, so nobody else can use it.",
            Self::Expired => "Its time limit is one second, which marks an expired voucher.",
        }
    }
}

/// A row that stands where a voucher should and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The line of the file; the first is 1.
    pub number: usize,
    pub why: &'static str,
}

/// Why an upload is no voucher list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotVouchers {
    #[error("the file is empty")]
    Empty,
    #[error("the file is too large for a list of codes")]
    TooLarge,
    /// A spreadsheet, a PDF, a router backup, a picture.
    #[error("the file is not text")]
    NotText,
    /// A page, such as a printed voucher sheet saved from a browser.
    #[error("the file is a web page")]
    WebPage,
    /// Starts as JSON or XML and cannot be parsed.
    #[error("the file is cut off or damaged")]
    Damaged,
    #[error("the script adds no hotspot users")]
    ScriptWithoutUsers,
    /// The short `print`, which shows no passwords and cuts long names.
    #[error("the listing is a short print, which cuts names and hides passwords")]
    ShortPrint,
    #[error("the table does not say which column holds the codes")]
    UnknownColumns,
    #[error("the file is not a list of codes")]
    OtherText,
}

impl NotVouchers {
    /// The stable word for `--json`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::NotText => "not_text",
            Self::WebPage => "web_page",
            Self::Damaged => "damaged",
            Self::ScriptWithoutUsers => "script_without_users",
            Self::ShortPrint => "short_print",
            Self::UnknownColumns => "unknown_columns",
            Self::OtherText => "other_text",
        }
    }

    /// What is wrong and what to upload instead, for the owner.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Empty => {
                "This file is empty. Upload what `/ip hotspot user export show-sensitive` writes."
            }
            Self::TooLarge => {
                "This file is larger than any list of codes (16 MiB or 200,000 lines). Upload only \
                 the hotspot users, in parts if need be."
            }
            Self::NotText => {
                "This is not a text file. If it is a spreadsheet, save it as CSV; if it is a \
                 router backup, upload what `/ip hotspot user export show-sensitive` writes."
            }
            Self::WebPage => {
                "This is a web page. In Mikhmon, open the user list and download it as Script or \
                 CSV; on the router, use `/ip hotspot user export show-sensitive`."
            }
            Self::Damaged => {
                "This file is cut off or damaged. Download it again and upload the whole file."
            }
            Self::ScriptWithoutUsers => {
                "This script adds no hotspot users. Upload what `/ip hotspot user export \
                 show-sensitive` writes; a script that makes codes must run on the router first."
            }
            Self::ShortPrint => {
                "This listing cuts long names and hides passwords. Upload what `/ip hotspot user \
                 export show-sensitive` writes instead."
            }
            Self::UnknownColumns => {
                "This table does not say which column holds the codes. Give it a first line such \
                 as Username,Password,Profile."
            }
            Self::OtherText => {
                "This is not a list of codes. Upload what `/ip hotspot user export show-sensitive` \
                 writes, a Mikhmon or User Manager export, or a file with one code on each line."
            }
        }
    }
}

pub fn read(bytes: &[u8]) -> Result<Export, NotVouchers> {
    if bytes.len() > BYTES_MAX {
        return Err(NotVouchers::TooLarge);
    }
    let decoded = text::decode(bytes)?;
    if decoded.text.trim().is_empty() {
        return Err(NotVouchers::Empty);
    }
    if decoded.text.lines().count() > LINES_MAX {
        return Err(NotVouchers::TooLarge);
    }
    let mut rows = rows::Rows::default();
    let format = read_text(&decoded.text, &mut rows)?;
    rows.finish(format, decoded.guessed)
}

/// Tries the formats, those with the clearest marks first.
fn read_text(text: &str, rows: &mut rows::Rows) -> Result<Format, NotVouchers> {
    if text.trim_start().starts_with('<') {
        return xml::read(text, rows);
    }
    if json::looks_like(text) {
        return json::read(text, rows);
    }
    if let Some(format) = script::looks_like(text) {
        script::read(text, format, rows)?;
        return Ok(format);
    }
    if print::looks_like(text) {
        return print::read(text, rows);
    }
    if let Some(table) = table::recognise(text)? {
        return Ok(table.read(text, rows));
    }
    plain::read(text, rows)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
