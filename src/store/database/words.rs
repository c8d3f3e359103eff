//! Statements that differ between the two databases: each has one [`Words`].

/// The statements that differ.
pub struct Words {
    /// Begins a transaction that only reads, of one moment.
    pub begin_reading: &'static str,
    /// Begins a transaction that writes.
    pub begin_writing: &'static str,
    /// Reads the end of the ledger, and keeps it for the transaction: position, hash, time.
    pub head: &'static str,
    /// Moves the head in the statement that appends events, where it is a row of its own.
    pub move_head: Option<&'static str>,
    /// Keeps other instances from folding projections until the transaction ends.
    pub lock_projections: Option<&'static str>,
    /// Takes what was written over out of the log of changes too, where there is one beside the
    /// tables; its first value is 0 when that worked.
    pub empty_log: Option<&'static str>,
    /// The tables of the ledger's schema.
    pub tables: &'static str,
    /// Everything that the schema is made of: the table it belongs to, its kind, its name, and
    /// how it is defined.
    pub objects: &'static str,
    /// The same as the migrations make it; see `schema`.
    pub schema: &'static str,
    /// How many columns the table `$1` has, a temporary one too.
    pub count_columns: &'static str,
    /// The events after position `$1`, at most `$2`, as one value: each text preceded by its
    /// length, numbers and hash in digits. Also the last position among them.
    pub ledger_page: &'static str,
}

/// What a column of a set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    /// Bytes, in hexadecimal digits within the JSON.
    Bytes,
}

/// A column of a set: its name and what it holds.
pub type Column<'a> = (&'a str, Kind);

/// Whether anything was ever kept in a database that has tables; a restore that failed left none.
pub const WAS_USED: &str =
    "select exists (select 1 from vault_keys) or exists (select 1 from events)";
