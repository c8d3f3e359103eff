//! The projections: read models as plain SQL, a folder each under `projections/`, and what a runner
//! needs to know of them. Knows no database; `store` runs the SQL.
//!
//! The rules of a folder: `table.sql` makes tables named `shown_<projection>` or
//! `shown_<projection>_…` and no named index (a `unique` constraint serves a look-up), and may fill
//! one with rules that `fold.sql` only reads. `fold.sql` takes the events in `($1, $2]` into them
//! and gives the same rows however the ledger is cut into ranges. A statement ends with `;` at the
//! end of a line. The text is the same for every database.

mod all;

pub use all::ALL;

use crate::ledger::kernel::chain::hex;
use sha2::{Digest, Sha256};

/// What the names of live tables begin with. Tables that are built beside them get another prefix
/// in its place, in a copy of the text.
pub const LIVE: &str = "shown_";

/// A folder of SQL.
#[derive(Debug, Clone, Copy)]
pub struct Projection {
    /// Its name, which is its folder's.
    pub name: &'static str,
    /// `table.sql`.
    pub tables: &'static str,
    /// `fold.sql`.
    pub fold: &'static str,
    pub queries: &'static [Query],
    /// `example.json`: given events, expected rows.
    pub example: &'static str,
}

/// A question that pages and the command line ask of a projection.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// Its name, which is its file's without `.sql`.
    pub name: &'static str,
    pub sql: &'static str,
}

/// The projection of that name.
pub fn find(name: &str) -> Option<&'static Projection> {
    ALL.iter().find(|projection| projection.name == name)
}

impl Projection {
    /// SHA-256 in hex over what its rows depend on: the tables and the fold. Another one means that
    /// it must be rebuilt. A query may change without that.
    pub fn fingerprint(&self) -> String {
        let mut sha = Sha256::new();
        for text in [self.tables, self.fold] {
            // Preceded by its length, so that no text can slide from one file to the next.
            sha.update(u64::try_from(text.len()).expect("a file's length").to_be_bytes());
            sha.update(text);
        }
        hex(&sha.finalize())
    }

    /// The query of that name.
    pub fn query(&self, name: &str) -> Option<&'static Query> {
        self.queries.iter().find(|query| query.name == name)
    }

    /// The names of its tables, without their prefix, in the order in which they are made.
    pub fn table_names(&self) -> Vec<&'static str> {
        let made = self.tables.lines().filter_map(|line| line.strip_prefix("create table "));
        made.filter_map(|rest| rest.split([' ', '(']).next()?.strip_prefix(LIVE)).collect()
    }

    /// Whether a table, its name given without the prefix, is of this projection: also one that an
    /// older `table.sql` made.
    pub fn owns_table(&self, name: &str) -> bool {
        name.strip_prefix(self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    }

    /// The statements that make its tables under `prefix`.
    pub fn table_statements(&self, prefix: &str) -> Vec<String> {
        statements(&self.tables.replace(LIVE, prefix))
    }

    /// The statements that fold events into its tables under `prefix`.
    pub fn fold_statements(&self, prefix: &str) -> Vec<String> {
        statements(&self.fold.replace(LIVE, prefix))
    }
}

/// Cuts a text into statements: each ends with `;` at the end of a line. Lines of comment are left
/// out.
pub fn statements(sql: &str) -> Vec<String> {
    let (mut whole, mut statement) = (vec![], String::new());
    let lines = sql.lines().map(str::trim_end);
    for line in lines.filter(|line| !line.is_empty() && !line.trim_start().starts_with("--")) {
        statement.push_str(line);
        statement.push('\n');
        if line.ends_with(';') {
            whole.push(std::mem::take(&mut statement));
        }
    }
    if !statement.is_empty() {
        whole.push(statement);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_with_a_semicolon_at_the_end_of_a_line() {
        let sql = "-- first; not this;\nselect ';' as a\nfrom b;\n\n  -- second\nselect 2;  \nrest";
        assert_eq!(statements(sql), ["select ';' as a\nfrom b;\n", "select 2;\n", "rest\n"]);
    }

    #[test]
    fn every_folder_is_listed_and_every_query_in_it() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("projections");
        let listing = |path: &std::path::Path| {
            let entries = std::fs::read_dir(path).unwrap();
            let mut names: Vec<String> =
                entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let mut listed: Vec<&str> = ALL.iter().map(|projection| projection.name).collect();
        listed.sort_unstable();
        assert_eq!(listing(&root), listed);
        for projection in ALL {
            let folder = root.join(projection.name);
            assert_eq!(listing(&folder), ["example.json", "fold.sql", "queries", "table.sql"]);
            let mut queries: Vec<String> =
                projection.queries.iter().map(|query| format!("{}.sql", query.name)).collect();
            queries.sort();
            assert_eq!(listing(&folder.join("queries")), queries, "{}", projection.name);
        }
    }

    #[test]
    fn a_folder_keeps_to_its_own_tables_and_makes_no_named_index() {
        for projection in ALL {
            let names = projection.table_names();
            assert!(!names.is_empty(), "{}", projection.name);
            for other in ALL {
                let owned = names.iter().all(|name| other.owns_table(name));
                assert_eq!(owned, other.name == projection.name, "{names:?}, {}", other.name);
            }
            let made = statements(projection.tables);
            let own = ["create table shown_", "insert into shown_"];
            let begins = |sql: &String| own.iter().any(|start| sql.starts_with(start));
            assert!(made.iter().all(begins), "{made:?}");
            let words = projection.fold.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for table in words.filter_map(|word| word.strip_prefix(LIVE)) {
                assert!(names.contains(&table), "{} names {table}", projection.name);
            }
        }
    }

    #[test]
    fn every_text_opens_with_a_comment_and_every_statement_ends() {
        for projection in ALL {
            let queries = projection.queries.iter().map(|query| query.sql);
            for sql in [projection.tables, projection.fold].into_iter().chain(queries) {
                assert!(sql.starts_with("-- "), "{sql}");
                assert!(sql.lines().all(|line| line.len() <= 100), "{sql}");
            }
            for sql in [projection.tables, projection.fold] {
                assert!(sql.trim_end().ends_with(';'), "{sql}");
            }
        }
    }

    #[test]
    fn an_edited_fold_has_another_fingerprint() {
        let stock = find("stock").unwrap();
        let edited = Projection { fold: "delete from shown_stock;", ..*stock };
        assert_ne!(edited.fingerprint(), stock.fingerprint());
        assert_eq!(stock.fingerprint().len(), 64);
    }
}
