//! What review would otherwise have to say again and again, as tests. Each check reads the tracked
//! files, and each message tells what to do. Each check also proves below that it can fail.
//!
//! The tables at the top are the rules; change them together with the design, not around it.

mod comments;
mod documents;
mod migrations;
mod rooms;
mod words;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// Time and chance have one source; elsewhere a test could not hold them still.
const CLOCKS: &[&str] =
    &["Timestamp::now", "Zoned::now", "SystemTime::now", "Uuid::now_v7", "Uuid::new_v4"];
/// Words and calls that say "not finished" or silence a lint without a reason. Written in halves,
/// so that this file is not its own first find.
const UNFINISHED: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "do it, or open an issue"),
    (concat!("FIX", "ME"), "mend it, or open an issue"),
    (concat!("X", "XX"), "say what is meant in a sentence"),
    (concat!("todo", "!("), "write it"),
    (concat!("unimplemented", "!("), "write it"),
    (concat!("dbg", "!("), "take it away"),
    (concat!("#[", "ignore"), "make the test pass or delete it"),
    (concat!("#[", "allow("), "use #[expect(lint, reason = \"…\")]"),
    (concat!("#![", "allow("), "use #[expect(lint, reason = \"…\")]"),
];
/// First folders of paths that exist on one person's machine only.
const MACHINE_FOLDERS: &[&str] = &["work", "root", "farm", "home", "Users"];
/// The widest line, in letters.
const LINE_LETTERS_MAX: usize = 100;
/// The longest file, in lines before its tests.
const FILE_LINES_MAX: usize = 500;
/// The longest opening comment of a module, in lines. `lib.rs` is the map and may be longer.
const OPENING_LINES_MAX: usize = 15;

/// A tracked text file.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is(&self, ending: &str) -> bool {
        self.path.ends_with(ending)
    }

    /// Whether the whole file is there for tests.
    fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.starts_with("tests/") || matches!(name, "tests.rs" | "testing.rs")
    }

    /// What stands before the file's tests.
    fn before_tests(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]\nmod tests {");
        &self.text[..end.unwrap_or(self.text.len())]
    }

    /// The same without comments: what the compiler sees. (An address in a string is cut short.)
    fn code(&self) -> String {
        let lines = self.before_tests().lines();
        lines.map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect()
    }

    fn problem(&self, line: usize, message: &str) -> String {
        format!("{}:{line}: {message}", self.path)
    }

    /// A problem for each line that `judge` has something to say about.
    fn judge(&self, mut judge: impl FnMut(&str) -> Option<String>) -> Vec<String> {
        let lines = self.text.lines().enumerate();
        lines.filter_map(|(i, line)| Some(self.problem(i + 1, &judge(line)?))).collect()
    }
}

/// Every text file that git tracks or would offer to track.
fn repository() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A clone that another user made is still this repository.
    let listed = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"])
        .arg("--exclude-standard")
        .current_dir(root)
        .output()
        .expect("git is installed");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let paths = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let names: BTreeSet<&str> = paths.split('\0').filter(|path| !path.is_empty()).collect();
    let read = |path: &str| {
        // Deleted but still listed, or no text: nothing to read.
        let text = fs::read_to_string(root.join(path)).ok()?;
        Some(File { path: path.to_owned(), text })
    };
    let files: Vec<File> = names.into_iter().filter_map(read).collect();
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "this is the repository");
    files
}

fn assert_tidy(check: impl Fn(&[File]) -> Vec<String>) {
    let problems = check(&repository());
    assert!(problems.is_empty(), "not tidy:\n  {}", problems.join("\n  "));
}

/// Whether `word` stands in `line` by itself and not inside a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let inner = |c: char| c.is_alphanumeric();
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !(word.starts_with(inner) && letter(before.chars().next_back())
            || word.ends_with(inner) && letter(after.chars().next()))
    })
}

fn clocks(files: &[File]) -> Vec<String> {
    let judged = files.iter().filter(|file| file.is(".rs") && !file.is_test());
    let find = |file: &File| {
        let code = file.code();
        let clock = CLOCKS.iter().find(|clock| has_word(&code, clock))?;
        let message = format!("`{clock}`: time and chance come from ports::Clock and Random");
        Some(file.problem(1, &message))
    };
    judged.filter(|file| file.path != "src/ports.rs").filter_map(find).collect()
}

fn width(files: &[File]) -> Vec<String> {
    let wide = |line: &str| {
        let letters = line.chars().count();
        let message = format!("{letters} letters wide; break the line before {LINE_LETTERS_MAX}");
        (letters > LINE_LETTERS_MAX).then_some(message)
    };
    files.iter().filter(|file| file.is(".rs")).flat_map(|file| file.judge(wide)).collect()
}

fn length(files: &[File]) -> Vec<String> {
    let long = |file: &File| {
        let lines = file.before_tests().lines().count();
        let message = format!("{lines} lines before its tests; split it at {FILE_LINES_MAX}");
        (lines > FILE_LINES_MAX).then(|| file.problem(1, &message))
    };
    files.iter().filter(|file| file.is(".rs")).filter_map(long).collect()
}

fn openings(files: &[File]) -> Vec<String> {
    let bare = |file: &File| {
        let lines = file.text.lines().take_while(|line| line.starts_with("//!")).count();
        if lines == 0 {
            return Some(file.problem(1, "open with `//!`: what it is for and must never do"));
        }
        let long = lines > OPENING_LINES_MAX && file.path != "src/lib.rs";
        long.then(|| file.problem(1, "the opening comment is longer than 15 lines; shorten it"))
    };
    files.iter().filter(|file| file.is(".rs")).filter_map(bare).collect()
}

fn unfinished(files: &[File]) -> Vec<String> {
    let code = [".rs", ".sql", ".rsc", ".html", ".hbs", ".css", ".js", ".sh", ".toml", "Makefile"];
    let judged = files.iter().filter(|file| code.iter().any(|ending| file.is(ending)));
    let find = |line: &str| {
        let (word, fix) = UNFINISHED.iter().find(|(word, _)| has_word(line, word))?;
        Some(format!("`{word}`: {fix}"))
    };
    judged.flat_map(|file| file.judge(find)).collect()
}

fn machine_paths(files: &[File]) -> Vec<String> {
    let needles: Vec<String> = MACHINE_FOLDERS.iter().map(|name| format!("/{name}/")).collect();
    let find = |line: &str| {
        let starts = |at: usize| !line[..at].ends_with(|c: char| c.is_ascii_lowercase());
        let stands = |needle: &&String| line.match_indices(*needle).any(|(at, _)| starts(at));
        let needle = needles.iter().find(stands)?;
        Some(format!("`{needle}` is a path of one machine; write one that holds anywhere"))
    };
    let judged = files.iter().filter(|file| file.path != "Cargo.lock");
    judged.flat_map(|file| file.judge(find)).collect()
}

fn reasons(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.is("Cargo.toml")) {
        let (mut listed, mut open) = (false, 0);
        problems.extend(file.judge(|line| {
            if line.starts_with('[') {
                listed = line.trim_end().ends_with("dependencies]");
            }
            let starts = open == 0 && line.starts_with(|c: char| c.is_alphanumeric());
            open += line.matches('[').count() + line.matches('{').count();
            open -= (line.matches(']').count() + line.matches('}').count()).min(open);
            let bare = listed && starts && !line.contains(" # ");
            bare.then(|| "say at the end of the line what the library is for: # …".to_owned())
        }));
    }
    problems
}

fn sql(files: &[File]) -> Vec<String> {
    let bare = |file: &&File| !file.text.starts_with("-- ");
    let message = "open with a comment: when it runs and what it promises";
    let judged = files.iter().filter(|file| file.is(".sql")).filter(bare);
    judged.map(|file| file.problem(1, message)).collect()
}

/// Source files that no `mod` line names: the compiler never sees them.
fn dead(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    let roots = ["src/lib.rs", "src/main.rs", "tests/it/main.rs", "tests/tidy/main.rs"];
    let folders = ["src/", "tests/it/", "tests/tidy/"];
    let inside = |file: &&File| folders.iter().any(|folder| file.path.starts_with(folder));
    for file in files.iter().filter(|file| file.is(".rs")).filter(inside) {
        if roots.contains(&file.path.as_str()) {
            continue;
        }
        let path = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let (folder, name) = path.rsplit_once('/').expect("it stands in a folder");
        let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| format!("{folder}/{parent}"));
        let line = format!("mod {name};");
        let named = |parent: &File| parents.contains(&parent.path) && has_word(&parent.text, &line);
        if !files.iter().any(named) {
            problems.push(file.problem(1, &format!("dead: write `{line}` in its parent")));
        }
    }
    problems
}

/// Snapshots whose test file is gone, and proposals nobody decided about.
fn snapshots(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        if file.is(".snap.new") || file.is(".pending-snap") {
            problems.push(file.problem(1, "a proposal; run `make bless` or delete it"));
        }
        let source = file.text.lines().find_map(|line| line.strip_prefix("source: "));
        if let (true, Some(source)) = (file.is(".snap"), source)
            && !files.iter().any(|file| file.path == source)
        {
            problems.push(file.problem(1, "the test that it belongs to is gone; delete it"));
        }
    }
    problems
}

#[test]
fn imports_point_inward() {
    assert_tidy(rooms::imports);
}

#[test]
fn no_files_lead_round_in_a_circle() {
    assert_tidy(rooms::circles);
}

#[test]
fn libraries_stay_at_home() {
    assert_tidy(rooms::homes);
}

#[test]
fn time_and_chance_have_one_source() {
    assert_tidy(clocks);
}

#[test]
fn lines_fit_the_screen() {
    assert_tidy(width);
}

#[test]
fn files_stay_short() {
    assert_tidy(length);
}

#[test]
fn every_file_says_what_it_is_for() {
    assert_tidy(openings);
}

#[test]
fn nothing_is_left_unfinished() {
    assert_tidy(unfinished);
}

#[test]
fn no_path_of_a_machine_is_written_down() {
    assert_tidy(machine_paths);
}

#[test]
fn links_lead_somewhere() {
    assert_tidy(documents::links);
}

#[test]
fn documents_name_files_that_exist() {
    assert_tidy(documents::paths);
}

#[test]
fn the_reference_explains_every_address_and_no_other() {
    assert_tidy(documents::addresses);
}

#[test]
fn the_reference_explains_every_key_of_a_gateway_and_no_other() {
    assert_tidy(documents::gateways);
}

#[test]
fn the_reference_names_every_actor_and_no_other() {
    assert_tidy(documents::actors);
}

#[test]
fn public_types_and_the_rules_say_what_they_are() {
    assert_tidy(comments::missing);
}

#[test]
fn every_dependency_has_a_reason() {
    assert_tidy(reasons);
}

#[test]
fn every_sql_file_says_when_it_runs() {
    assert_tidy(sql);
}

#[test]
fn every_database_has_every_migration() {
    assert_tidy(migrations::of_every_database);
}

#[test]
fn a_frozen_migration_is_not_edited() {
    assert_tidy(migrations::frozen);
}

#[test]
fn no_source_file_is_dead() {
    assert_tidy(dead);
}

#[test]
fn no_snapshot_is_left_over() {
    assert_tidy(snapshots);
}

#[test]
fn one_word_stands_for_one_thing() {
    assert_tidy(words::words);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a check on a made-up repository and returns what it says.
    pub fn says(check: impl Fn(&[File]) -> Vec<String>, files: &[(&str, &str)]) -> String {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        check(&files.iter().map(file).collect::<Vec<_>>()).join("\n")
    }

    #[test]
    fn a_clock_away_from_home_is_found() {
        let text = "fn now() { jiff::Timestamp::now() }";
        assert!(says(clocks, &[("src/web/portal.rs", text)]).contains("src/web/portal.rs"));
        assert_eq!(says(clocks, &[("src/ports.rs", text)]), "");
    }

    #[test]
    fn wide_lines_and_long_files_are_found() {
        let wide = format!("\n{}", "é".repeat(101));
        assert!(says(width, &[("src/a.rs", &wide)]).starts_with("src/a.rs:2:"));
        assert_eq!(says(width, &[("src/a.rs", &"é".repeat(100))]), "");
        assert!(says(length, &[("src/a.rs", &"\n".repeat(501))]).contains("501 lines"));
        let tests = format!("{}#[cfg(test)]\nmod tests {{{}}}", "\n".repeat(500), "\n".repeat(99));
        assert_eq!(says(length, &[("src/a.rs", &tests)]), "");
    }

    #[test]
    fn a_file_without_an_opening_is_found() {
        assert!(says(openings, &[("src/a.rs", "fn a() {}")]).contains("what it is for"));
        let long = "//! and on\n".repeat(16);
        assert!(says(openings, &[("src/a.rs", &long)]).contains("shorten"));
        assert_eq!(says(openings, &[("src/lib.rs", &long)]), "");
    }

    #[test]
    fn unfinished_work_is_found() {
        for (word, _) in UNFINISHED {
            let text = format!("fn a() {{ {word} }}");
            assert!(says(unfinished, &[("src/a.rs", &text)]).contains(word), "{word}");
        }
        let number = format!("/// 2547{}", "X".repeat(8));
        assert_eq!(says(unfinished, &[("src/a.rs", &number)]), "");
    }

    #[test]
    fn a_path_of_a_machine_is_found() {
        for folder in MACHINE_FOLDERS {
            let text = format!("see /{folder}/notes");
            assert!(says(machine_paths, &[("docs/a.md", &text)]).contains(folder));
        }
        let address = format!("https://wifi.example/{}/page", MACHINE_FOLDERS[0]);
        assert_eq!(says(machine_paths, &[("docs/a.md", &address)]), "");
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let bare = "[dependencies]\naxum = \"1\" # pages\nserde = { version = \"1\" }\n";
        assert!(says(reasons, &[("Cargo.toml", bare)]).starts_with("Cargo.toml:3:"));
        let fine = "[package]\nname = \"a\"\n\
                    [dev-dependencies]\na = { features = [ # why\n  \"b\",\n] }\n";
        assert_eq!(says(reasons, &[("Cargo.toml", fine)]), "");
    }

    #[test]
    fn bare_sql_is_found() {
        assert!(says(sql, &[("migrations/a/1.sql", "create table a;")]).contains("comment"));
        assert_eq!(says(sql, &[("migrations/a/1.sql", "-- Runs once.\n")]), "");
    }

    #[test]
    fn a_dead_file_is_found() {
        let files = |lib| [("src/lib.rs", lib), ("src/a/mod.rs", "mod b;"), ("src/a/b.rs", "")];
        assert_eq!(says(dead, &files("pub mod a;")), "");
        assert!(says(dead, &files("pub mod ab;")).starts_with("src/a/mod.rs:1: dead"));
    }

    #[test]
    fn a_left_over_snapshot_is_found() {
        let snapshot = ("src/snapshots/a.snap", "---\nsource: src/a.rs\n---\n");
        assert!(says(snapshots, &[snapshot]).contains("gone"));
        assert_eq!(says(snapshots, &[snapshot, ("src/a.rs", "")]), "");
        assert!(says(snapshots, &[("src/.a.rs.pending-snap", "{}")]).contains("bless"));
    }
}
