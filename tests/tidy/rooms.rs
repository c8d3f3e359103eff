//! The rooms of the crate: which may name which, that no files lead round in a circle, and where
//! each library is at home. `syn` reads the sources, so a path is seen however it is written.

use crate::File;
use petgraph::{algo::tarjan_scc, graphmap::DiGraphMap};
use std::collections::{BTreeMap, BTreeSet};
use syn::{
    Attribute, Expr, ItemMod, ItemUse, Macro, Path, Token, UseTree, VisRestricted, Visibility,
    punctuated::Punctuated,
    visit::{self, Visit},
};

/// Each room, a folder or file of `src`, with the rooms it may name besides itself. A file belongs
/// to the longest row that fits. Arrows point inward.
const MAY_NAME: &[(&str, &str)] = &[
    ("ledger/kernel", ""),
    ("ledger", ""),
    ("ports", "ledger"),
    ("phrases", "ledger"),
    ("commands", "ledger ports"),
    ("adapters/http", "ledger ports"),
    ("adapters/mpesa", "adapters/http ledger ports"),
    ("adapters/sms", "adapters/http ledger ports"),
    ("adapters/routeros", "ledger ports"),
    ("store", "commands ledger ports"),
    ("services/backup", "adapters/http ledger ports store"),
    ("services/catalogue", "ledger"),
    ("services/books", "ledger"),
    ("services", "adapters/routeros commands ledger ports store"),
    ("processes", "commands ledger phrases ports services store"),
    ("web", "adapters/routeros commands ledger phrases ports processes services store"),
    ("web/page", "ledger phrases processes services store"),
    (
        "web/portal",
        "adapters/routeros commands ledger phrases ports services store web/page web/state",
    ),
    ("web/desk", "adapters/routeros commands ledger phrases services store web/page web/state"),
    ("app/config", ""),
    ("app/telemetry", "app/config"),
];
/// The rooms that put the others together and may name them all.
const MAY_NAME_ALL: &[&str] = &["app", "cli", "simulators", "lib", "main"];
/// Where a library, or a part of one, is at home. Tests are free.
const HOMES: &[(&str, &[&str])] = &[
    ("axum", &["web", "simulators", "app"]),
    ("clap", &["cli", "main"]),
    ("getrandom", &["ports"]),
    ("reqwest", &["adapters", "services/backup", "simulators"]),
    ("sqlx", &["store"]),
    ("std::env", &["app/config"]),
    ("anyhow", &["app", "cli", "simulators"]),
];

/// `a/b` of `src/a/b/mod.rs`, `src/a/b.rs`; `lib` and `main` of themselves.
fn place(file: &File) -> Option<String> {
    let inside = file.path.strip_prefix("src/")?.strip_suffix(".rs")?;
    Some(inside.strip_suffix("/mod").unwrap_or(inside).to_owned())
}

fn is_within(place: &str, room: &str) -> bool {
    place.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a source file names: paths from the crate's root, and paths as they are written.
#[derive(Default)]
struct Names {
    /// The module whose items are looked at: that of the file, or one inside it.
    module: Vec<String>,
    /// `crate::…`, `super::…` and `self::…`, as seen from the root.
    ours: BTreeSet<Vec<String>>,
    /// Everything else.
    others: BTreeSet<Vec<String>>,
    /// What the file hands on, by name: where that is from, seen from the root.
    hands_on: BTreeMap<String, Vec<String>>,
}

impl Names {
    fn of(file: &File) -> Self {
        let path = place(file).filter(|place| !["lib", "main"].contains(&place.as_str()));
        let module = path.unwrap_or_default();
        let module = module.split('/').filter(|step| !step.is_empty()).map(str::to_owned);
        let mut names = Self { module: module.collect(), ..Self::default() };
        let parsed = syn::parse_file(&file.text);
        names.visit_file(&parsed.unwrap_or_else(|error| panic!("{}: {error}", file.path)));
        names
    }

    /// A path that begins at the crate or above, seen from the root.
    fn seen_from_root(&self, written: &[String]) -> Option<Vec<String>> {
        let mut base = self.module.clone();
        let mut rest = written;
        match written.first()?.as_str() {
            "crate" => return Some(written[1..].to_vec()),
            "self" => rest = &written[1..],
            "super" => {}
            _ => return None,
        }
        while let Some(("super", below)) = rest.split_first().map(|(step, r)| (step.as_str(), r)) {
            base.pop();
            rest = below;
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    fn add(&mut self, written: Vec<String>) {
        match self.seen_from_root(&written) {
            Some(ours) => drop(self.ours.insert(ours)),
            None => drop(self.others.insert(written)),
        }
    }

    fn add_use(&mut self, before: &[String], tree: &UseTree, public: bool) {
        let with = |name: &dyn ToString| [before, &[name.to_string()]].concat();
        let (written, name) = match tree {
            UseTree::Path(path) => return self.add_use(&with(&path.ident), &path.tree, public),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.add_use(before, item, public));
            }
            UseTree::Glob(_) => (before.to_vec(), None),
            UseTree::Name(name) if name.ident == "self" => (before.to_vec(), None),
            UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(name) => (with(&name.ident), Some(name.rename.to_string())),
        };
        if let (true, Some(name)) = (public, name) {
            let child = [self.module.clone(), written.clone()].concat();
            self.hands_on.insert(name, self.seen_from_root(&written).unwrap_or(child));
        }
        self.add(written);
    }
}

pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    let test = |of: &Attribute| of.path().is_ident("cfg") && is_test(of);
    attributes.iter().any(test)
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.parse_args::<Path>().is_ok_and(|path| path.is_ident("test"))
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.add_use(&[], &item.tree, !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            self.module.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    /// Whom a file shows its items to is no arrow.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}

    fn visit_path(&mut self, path: &'ast Path) {
        self.add(path.segments.iter().map(|step| step.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.visit_path(&item.path);
        let arguments = item.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
        arguments.unwrap_or_default().iter().for_each(|argument| self.visit_expr(argument));
    }
}

/// The source files by place, each with what it names.
fn sources(files: &[File]) -> BTreeMap<String, (&File, Names)> {
    let judged = files.iter().filter(|file| file.is(".rs") && !file.is_test());
    judged.filter_map(|file| Some((place(file)?, (file, Names::of(file))))).collect()
}

fn known(place: &str) -> bool {
    let all = MAY_NAME_ALL.iter().chain(MAY_NAME.iter().map(|(room, _)| room));
    all.copied().any(|room| is_within(place, room))
}

fn room(place: &str) -> Option<&'static (&'static str, &'static str)> {
    MAY_NAME.iter().filter(|(room, _)| is_within(place, room)).max_by_key(|(room, _)| room.len())
}

pub fn imports(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for (place, (file, names)) in sources(files) {
        let Some((room, allowed)) = room(&place) else {
            if !known(&place) && place.contains('/') | !file.text.contains("\npub mod") {
                let message = format!("`{place}` is in no room; add one to tests/tidy/rooms.rs");
                problems.push(file.problem(1, &message));
            }
            continue;
        };
        let may = |to: &str| allowed.split(' ').chain([*room]).any(|other| is_within(to, other));
        let rooms = names.ours.iter().map(|path| path.join("/")).filter(|path| known(path));
        for outward in rooms.filter(|path| !may(path)) {
            let message = format!("`{room}` must not name {outward}; arrows point inward");
            problems.push(file.problem(1, &message));
        }
    }
    problems
}

pub fn homes(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for (place, (file, names)) in sources(files) {
        for (library, homes) in HOMES {
            let steps: Vec<&str> = library.split("::").collect();
            let used = names.others.iter().any(|path| {
                path.len() > 1
                    && path.len() >= steps.len()
                    && path.iter().zip(&steps).all(|(a, b)| a == b)
            });
            if used && !homes.iter().any(|home| is_within(&place, home)) {
                let message = format!("`{library}` is at home in {homes:?} only; go through them");
                problems.push(file.problem(1, &message));
            }
        }
    }
    problems
}

/// The source file that a path from the root leads to. What a file hands on counts as its owner's;
/// a `mod.rs` may name its own children by their bare names, which are no such path.
fn leads_to<'a>(
    sources: &'a BTreeMap<String, (&File, Names)>,
    path: &[String],
    hops: u8,
) -> Option<&'a str> {
    let mut ends = (1..=path.len()).rev();
    let end = ends.find(|end| sources.contains_key(&path[..*end].join("/")))?;
    let (place, (_, names)) = sources.get_key_value(&path[..end].join("/"))?;
    match path.get(end).and_then(|name| names.hands_on.get(name)) {
        Some(on) if hops < 5 => leads_to(sources, &[on, &path[end + 1..]].concat(), hops + 1),
        _ => Some(place),
    }
}

pub fn circles(files: &[File]) -> Vec<String> {
    let sources = sources(files);
    let mut arrows: DiGraphMap<&str, ()> = DiGraphMap::new();
    for (from, (_, names)) in &sources {
        for to in names.ours.iter().filter_map(|path| leads_to(&sources, path, 0)) {
            arrows.add_edge(from.as_str(), to, ());
        }
    }
    let rings = tarjan_scc(&arrows).into_iter().filter(|ring| ring.len() > 1);
    let message = |ring: Vec<&str>| {
        let ring = ring.join(" ↔ ");
        format!("{ring} lead round in a circle; move what both sides need below them")
    };
    rings.map(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::says;

    #[test]
    fn an_outward_import_is_found_in_any_form() {
        for text in [
            "use crate::web::Page;",
            "use crate::{ledger::money, web::{Page, Form}};",
            "use crate::{\n    ledger::{id, money},\n    web,\n};",
            "fn f() -> crate::web::Page {}",
            "fn f() { g(vec![crate::web::page()]) }",
            "use super::super::super::web::Page;",
            "use super::super::sms::Gateway;",
        ] {
            let said = says(imports, &[("src/adapters/mpesa/wire.rs", text)]);
            assert!(said.contains("must not name"), "{text}");
        }
        for text in [
            "use crate::{ledger::{id, web}, ports::Clock};",
            "/// See [`crate::web`].\nuse super::client::Client;",
            "use super::super::http;",
            "use super::token;\n\n#[cfg(test)]\nmod tests {\n    use crate::web::Page;\n}",
        ] {
            assert_eq!(says(imports, &[("src/adapters/mpesa/wire.rs", text)]), "", "{text}");
        }
        assert_eq!(says(imports, &[("src/app/mod.rs", "use crate::{web, adapters};")]), "");
        assert!(says(imports, &[("src/app/config/mod.rs", "use crate::web;")]).contains("web"));
        assert!(says(imports, &[("src/shelf/mod.rs", "")]).contains("no room"));
    }

    #[test]
    fn a_library_away_from_home_is_found() {
        for (path, text) in [
            ("src/web/portal/mod.rs", "fn f() { sqlx::query(\"\"); }"),
            ("src/adapters/mpesa/client.rs", "use axum::Router;"),
            ("src/ledger/time.rs", "use std::{env, fmt};"),
            ("src/store/writer.rs", "fn f() { std::env::temp_dir(); }"),
            ("src/services/staff/mod.rs", "use reqwest::Client;"),
        ] {
            assert!(says(homes, &[(path, text)]).contains(path), "{text}");
        }
        for (path, text) in [
            ("src/store/writer.rs", "use sqlx::Row;"),
            ("src/app/config/mod.rs", "fn f() { std::env::vars_os(); }"),
            ("src/services/backup/send.rs", "use reqwest::Client;"),
        ] {
            assert_eq!(says(homes, &[(path, text)]), "");
        }
    }

    #[test]
    fn a_circle_is_found_also_through_what_is_handed_on() {
        let hub = ("src/a/mod.rs", "mod b;\nmod c;\npub use b::Sum;\npub struct Hub;");
        let round = [hub, ("src/a/b.rs", "use super::c::Part;"), ("src/a/c.rs", "use super::Sum;")];
        assert!(says(circles, &round).contains("circle"));
        let down = [hub, ("src/a/b.rs", "use super::c::Part;"), ("src/a/c.rs", "use super::Hub;")];
        assert_eq!(says(circles, &down), "");
    }
}
