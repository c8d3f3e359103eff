//! Tables for `docs/developer/performance.md`, a column for each run.

use crate::results::{Of, Results};

const SQLITE: &str = "SQLite";
const POSTGRES: &str = "PostgreSQL";
const MILLION: usize = 1_000_000;

/// A row: its name, figure, database, events before, number, and what is to be reached.
type Row = (&'static str, &'static str, &'static str, usize, &'static str, &'static str);

const ROWS: [Row; 29] = [
    ("whole sale, SQLite, a second", "sale", SQLITE, 0, "sales_per_second", "1,500"),
    ("with 1,000,000 events before", "sale", SQLITE, MILLION, "sales_per_second", "0.95 of it"),
    ("CPU of the shop, ms", "sale", SQLITE, 0, "shop_cpu_ms", "0.7"),
    ("context switches", "sale", SQLITE, 0, "shop_switches", ""),
    ("slowest sale, ms", "sale", SQLITE, 0, "sale_slowest_ms", ""),
    ("whole sale, PostgreSQL, a second", "sale", POSTGRES, 0, "sales_per_second", "800"),
    ("with 1,000,000 events before", "sale", POSTGRES, MILLION, "sales_per_second", ""),
    ("CPU of the shop, ms", "sale", POSTGRES, 0, "shop_cpu_ms", ""),
    ("CPU of PostgreSQL, ms", "sale", POSTGRES, 0, "postgres_cpu_ms", ""),
    ("slowest sale, ms", "sale", POSTGRES, 0, "sale_slowest_ms", ""),
    ("append / raw batched inserts, SQLite", "append", SQLITE, 0, "ratio", "0.6"),
    ("append / COPY, PostgreSQL", "append", POSTGRES, 0, "ratio", "0.5"),
    ("hold and allocate, 256 callers / COPY", "allocate", POSTGRES, 0, "of_copy_256", "0.35"),
    ("… / skip locked", "allocate", POSTGRES, 0, "of_skip_locked_256", ""),
    ("verify, SQLite, events a second", "verify", SQLITE, MILLION, EVENTS, "1,000,000"),
    ("verify, PostgreSQL", "verify", POSTGRES, MILLION, EVENTS, "500,000"),
    ("rebuild all, SQLite, events a second", "rebuild", SQLITE, MILLION, EVENTS, "150,000"),
    ("rebuild all, PostgreSQL", "rebuild", POSTGRES, MILLION, EVENTS, "60,000"),
    ("callback p95, import, SQLite, ms", IMPORT, SQLITE, 0, "callback_p95_ms", "20"),
    ("page p95, import, SQLite, ms", IMPORT, SQLITE, 0, "page_p95_ms", "20"),
    ("callback p95, import, PostgreSQL, ms", IMPORT, POSTGRES, 0, "callback_p95_ms", "20"),
    ("page p95, import, PostgreSQL, ms", IMPORT, POSTGRES, 0, "page_p95_ms", "20"),
    ("start, SQLite, ms", "sale", SQLITE, MILLION, "start_ms", "300"),
    ("start, PostgreSQL, ms", "sale", POSTGRES, MILLION, "start_ms", "300"),
    ("memory idle, SQLite, MiB", "room", SQLITE, 0, "idle_mib", "20"),
    ("after a day of load, MiB", "room", SQLITE, 0, "after_a_day_mib", "120"),
    ("after a day of load, PostgreSQL, MiB", "room", POSTGRES, 0, "after_a_day_mib", "120"),
    ("bytes a sale, SQLite", "room", SQLITE, 0, "bytes_a_sale", "half"),
    ("bytes a sale, PostgreSQL", "room", POSTGRES, 0, "bytes_a_sale", ""),
];
const EVENTS: &str = "events_per_second";
const IMPORT: &str = "trouble with an import";

/// What the goals are about, and each desk page.
pub fn print(all: &[Results]) {
    let cells = |of: Of, number: &str| -> String {
        let runs = all.iter().map(|results| results.runs(of, number));
        runs.flat_map(|runs| [" ".to_owned(), runs.text(), " |".to_owned()]).collect()
    };
    let commits = all.iter().flat_map(|results| [" ", results.commit(), " |"]);
    let commits: String = commits.collect();
    let rules = "---|".repeat(all.len());
    println!("| what |{commits} reach |\n|---|{rules}---|");
    for (what, figure, on, events, number, reach) in ROWS {
        let of = Of { figure, on, events, shop: "" };
        println!("| {what} |{} {reach} |", cells(of, number));
    }
    for on in [SQLITE, POSTGRES] {
        println!("\n| desk page on {on}, p95 in ms |{commits}\n|---|{rules}");
        let pages = all.last().map(|results| results.figures("desk: ", on)).unwrap_or_default();
        for (figure, events) in pages {
            let of = Of { figure: &figure, on, events, shop: "" };
            println!("| {} |{}", figure.trim_start_matches("desk: "), cells(of, "page_p95_ms"));
        }
    }
    for on in [SQLITE, POSTGRES] {
        println!("\n| bytes a sale on {on} |{commits}\n|---|{rules}");
        let of = Of { figure: "room", on, events: 0, shop: "" };
        let tables = all.last().map(|results| results.numbers(of, "bytes of ")).unwrap_or_default();
        for table in tables {
            println!("| {} |{}", table.trim_start_matches("bytes of "), cells(of, &table));
        }
    }
}
