//! Holds the database's own schema to what the migrations make: tables, indexes, triggers, views,
//! and on PostgreSQL functions, rules and whatever else comes between a statement and a row.
//! Whoever can write the database can add a trigger that swallows callbacks, or a view that hides a
//! sale, and no row is then any different from what the ledger says.
//!
//! What the migrations make stands in `migrations/*/schema.txt`, because a customer's role may not
//! be allowed to make a second schema to compare with.

use crate::store::{
    database::sql::{Pool, Row, query},
    error::{Attempt, StoreError},
    projections::{folder::ALL, made_by},
    queries::Reader,
};
use std::collections::BTreeMap;

/// What every object in a list begins with.
const HEADER: &str = "== ";

/// sqlx's own table, which tells which migrations have run. sqlx makes it, not they.
const MIGRATIONS: &str = "_sqlx_migrations";

/// One object of the schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Object {
    table: String,
    kind: String,
    name: String,
}

/// Objects, each with its definition.
type Objects = BTreeMap<Object, String>;

/// An object of the schema that is not what the migrations make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFinding {
    /// `table`, `trigger`, `view` …
    pub kind: String,
    pub name: String,
    /// The table it belongs to, unless it is one or stands alone.
    pub table: Option<String>,
    /// What is wrong with it.
    pub wrong: SchemaFault,
}

/// What is wrong with an object of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaFault {
    /// The migrations make it, and it is not there.
    Missing,
    /// It is there, and no migration makes it.
    Surplus,
    /// It is defined otherwise, or switched off.
    Different,
}

impl Reader {
    /// Compares the schema with what this version's migrations make; empty where all is well.
    pub async fn verify_schema(&self) -> Result<Vec<SchemaFinding>, StoreError> {
        let mut live = objects(&self.pool).await?;
        let mut found = vec![];
        for (object, definition) in listed(self.pool.words().schema) {
            match live.remove(&object) {
                None => found.push(object.found(SchemaFault::Missing)),
                Some(live) if live != definition => {
                    found.push(object.found(SchemaFault::Different));
                }
                Some(_) => {}
            }
        }
        found.extend(live.into_keys().map(|object| object.found(SchemaFault::Surplus)));
        Ok(found)
    }
}

impl Object {
    fn found(self, wrong: SchemaFault) -> SchemaFinding {
        let table = Some(self.table).filter(|it| !it.is_empty() && *it != self.name);
        SchemaFinding { kind: self.kind, name: self.name, table, wrong }
    }

    /// Whether it comes and goes with a projection, or is sqlx's. A trigger on such a table is
    /// nobody's.
    fn has_another_maker(&self) -> bool {
        let made = ["table", "index", "constraint"].contains(&&*self.kind);
        made && (self.table == MIGRATIONS || made_by(ALL, &self.table))
    }
}

/// What the schema is made of now.
async fn objects(pool: &Pool) -> Result<Objects, StoreError> {
    let rows = query(pool.words().objects).all(pool).await.attempt("read the schema")?;
    let object = |row: &Row| {
        let object = Object { table: row.get(0), kind: row.get(1), name: row.get(2) };
        (object, row.get::<Option<String>>(3).unwrap_or_default().trim_end().to_owned())
    };
    Ok(rows.iter().map(object).filter(|(object, _)| !object.has_another_maker()).collect())
}

/// The objects in a list: a line `== kind name on table` before each definition.
fn listed(text: &str) -> Objects {
    let object = |block: &str| {
        let (header, definition) = block.split_once('\n').unwrap_or((block, ""));
        let (object, table) = header.split_once(" on ").unwrap_or((header, ""));
        let (kind, name) = object.split_once(' ').expect("an object has a kind and a name");
        let [table, kind, name] = [table, kind, name].map(str::to_owned);
        (Object { table, kind, name }, definition.trim_end().to_owned())
    };
    let text = format!("\n{text}");
    text.split(&format!("\n{HEADER}")).skip(1).map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Database, cluster::cluster};
    use std::{fs, path::Path};

    fn written(objects: &Objects) -> String {
        let block = |(object, definition): (&Object, &String)| {
            let Object { table, kind, name } = object;
            let on = if table.is_empty() { String::new() } else { format!(" on {table}") };
            format!("{HEADER}{kind} {name}{on}\n{definition}\n")
        };
        objects.iter().map(block).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn the_lists_are_what_the_migrations_make() {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("lango.db").display());
        let schema = cluster().url(&cluster().new_schema());
        for (url, name) in [(file, "sqlite"), (schema, "postgres")] {
            let pool = Database::open(&url).await.unwrap().into_pool();
            let made = objects(&pool).await.unwrap();
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
            let path = path.join("schema.txt");
            // As `make bless` does with every other list.
            if std::env::var_os("INSTA_FORCE_PASS").is_some() {
                fs::write(&path, written(&made)).unwrap();
            }
            let text = fs::read_to_string(&path).unwrap();
            assert!(written(&made) == text, "{}: `make bless`, then read it", path.display());
            assert_eq!(listed(&text), made, "it is read as it was written");
            pool.close().await;
        }
    }
}
