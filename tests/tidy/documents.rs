//! The documents, held to the tree and the program: links and paths lead to files that exist, and
//! the reference pages name every address, every key of the SMS gateways and every actor, and no
//! others. (The other keys, the kinds of events and the refusals are held to their pages beside the
//! code.)

use crate::File;
use std::collections::BTreeSet;

/// Folders that a tool makes and git does not track.
const MADE: &[&str] = &["fuzz/artifacts"];
/// Where the addresses are, and the page that explains them.
const ROUTES: &str = "src/web/mod.rs";
const ADDRESSES: &str = "docs/reference/http.md";
/// Where the keys are, and the settings of each kind of SMS gateway.
const KEYS: &str = "docs/reference/configuration.md";
const GATEWAYS: &[&str] = &["africas_talking", "http"];
/// The page of the events, and what an actor that is no person begins with.
const EVENTS: &str = "docs/reference/events.md";
const ACTORS: &[&str] = &["process:", "provider:"];

/// Whether a path from the root leads to a file or folder.
fn exists(files: &[File], path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    path.is_empty() || files.iter().any(|it| it.path == path || it.path.starts_with(&folder))
}

/// A problem for each line of a Markdown file, outside fenced code, that `judge` objects to.
fn judge_text(file: &File, mut judge: impl FnMut(&str) -> Option<String>) -> Vec<String> {
    let mut fenced = false;
    file.judge(|line| {
        fenced ^= line.trim_start().starts_with("```");
        if fenced { None } else { judge(line) }
    })
}

pub fn links(files: &[File]) -> Vec<String> {
    let check = |file: &File| {
        judge_text(file, |line| {
            let mut targets = link_targets(line).into_iter();
            let broken = targets.find(|to| !exists(files, &resolve(&file.path, to)))?;
            Some(format!("the link to `{broken}` leads nowhere; mend or remove it"))
        })
    };
    files.iter().filter(|file| file.is(".md")).flat_map(check).collect()
}

/// Targets of the links in a line of Markdown that lead into the repository.
fn link_targets(line: &str) -> Vec<&str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let inside = |target: &&str| !target.contains(':') && !target.starts_with('#');
    targets.filter(inside).filter_map(|target| target.split('#').next()).collect()
}

/// The path that a link in a file means, from the root of the repository.
fn resolve(from: &str, target: &str) -> String {
    let mut steps: Vec<&str> = from.split('/').collect();
    steps.pop();
    for step in target.split('/') {
        match step {
            "." | "" => {}
            ".." => drop(steps.pop()),
            name => steps.push(name),
        }
    }
    steps.join("/")
}

pub fn paths(files: &[File]) -> Vec<String> {
    let tops = files.iter().filter_map(|file| Some(file.path.split_once('/')?.0));
    let tops: BTreeSet<&str> = tops.collect();
    let leads_nowhere = |word: &&str| {
        let whole = word.trim_end_matches('/');
        let is_pattern = word.contains(['*', '<', '{', '…', ' ', ':']);
        if is_pattern || MADE.iter().any(|made| whole.starts_with(made)) {
            return false;
        }
        match word.split_once('/') {
            Some((top, _)) if tops.contains(top) => !exists(files, whole),
            // A source file may be named by the end of its path.
            _ => {
                let end = format!("/{word}");
                let is_source = word.rsplit_once('.').is_some_and(|(_, end)| end == "rs");
                is_source && !files.iter().any(|file| file.is(&end))
            }
        }
    };
    let check = |file: &File| {
        judge_text(file, |line| {
            let gone = in_backticks(line).find(leads_nowhere)?;
            Some(format!(
                "there is no `{gone}` here; name it as it is called now, and write the name of \
                 another repository in front of its paths"
            ))
        })
    };
    files.iter().filter(|file| file.is(".md")).flat_map(check).collect()
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A method and a path, parameters without their names.
type Address = (String, String);

fn address(method: &str, path: &str) -> Address {
    let path = path.split('?').next().unwrap_or_default();
    let part = |part: &str| if part.starts_with(['{', '<']) { "{}" } else { part }.to_owned();
    (method.to_owned(), path.split('/').map(part).collect::<Vec<_>>().join("/"))
}

/// The addresses that the routers serve.
fn served(code: &str) -> BTreeSet<Address> {
    let route = |rest: &str| {
        let path = rest.split('"').nth(1).expect("a route has a path").to_owned();
        let handlers = rest.split(".layer(").next().unwrap_or_default().to_owned();
        let methods = [("get(", "GET"), ("post(", "POST")];
        let named = methods.into_iter().filter(move |(call, _)| handlers.contains(call));
        named.map(move |(_, method)| address(method, &path))
    };
    code.split(".route(").skip(1).flat_map(route).collect()
}

/// The addresses in the first cells of a page's tables. A method alone belongs to the path behind
/// it, or is "to the same" as the path before it.
fn explained(page: &str) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut last = "";
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let cell = row.split(" | ").next().unwrap_or_default();
        let mut waiting = Vec::new();
        for part in cell.split("`, `") {
            let mut words = part.split(['`', ' ']).filter(|word| !word.is_empty());
            let method = words.next().unwrap_or_default();
            match words.next() {
                Some(path) if path.starts_with('/') => {
                    last = path;
                    found.extend(waiting.drain(..).map(|method: String| address(&method, path)));
                    found.insert(address(method, path));
                }
                Some(_) => drop(found.insert(address(method, last))),
                None => waiting.push(method.to_owned()),
            }
        }
    }
    found
}

pub fn addresses(files: &[File]) -> Vec<String> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| &*file.text);
    let served = served(text(ROUTES).unwrap_or_default());
    let explained = explained(text(ADDRESSES).unwrap_or_default());
    let said = |(method, path): &Address| format!("`{method} {path}`");
    let missing = served.difference(&explained);
    let missing = missing.map(|it| format!("{ADDRESSES}: explain {}, which is served", said(it)));
    let surplus = explained.difference(&served);
    missing.chain(surplus.map(|it| format!("{ADDRESSES}: nothing serves {}", said(it)))).collect()
}

/// The fields of the struct `Settings` of a source file, without those that need no row: the `id`,
/// and `…_file`, which goes with its key.
fn settings(code: &str) -> BTreeSet<String> {
    let file = syn::parse_file(code).expect("it compiles");
    let found = file.items.into_iter().find_map(|item| match item {
        syn::Item::Struct(it) if it.ident == "Settings" => Some(it.fields),
        _ => None,
    });
    let names = found.into_iter().flatten().filter_map(|field| Some(field.ident?.to_string()));
    let names: BTreeSet<String> = names.collect();
    let has_row = |name: &&String| *name != "id" && !name.ends_with("_file");
    names.iter().filter(has_row).cloned().collect()
}

pub fn gateways(files: &[File]) -> Vec<String> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| &*file.text);
    let page = text(KEYS).unwrap_or_default();
    let mut problems = Vec::new();
    for kind in GATEWAYS {
        let known = settings(text(&format!("src/adapters/sms/{kind}/settings.rs")).unwrap_or(""));
        let part = page.split(&format!("### `kind = \"{kind}\"`\n")).nth(1).unwrap_or_default();
        let rows = part.split("\n#").next().unwrap_or_default().lines();
        let cells = rows.filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
        let named: BTreeSet<&str> = cells.flat_map(in_backticks).collect();
        let missing = known.iter().filter(|key| !named.contains(&***key));
        problems.extend(missing.map(|key| format!("{KEYS}: `{kind}` lacks a row for `{key}`")));
        let surplus = named.iter().map(|key| key.trim_end_matches("_file"));
        let surplus = surplus.filter(|key| !known.contains(*key));
        problems.extend(surplus.map(|key| format!("{KEYS}: `{kind}` has no key `{key}`")));
    }
    problems
}

/// The actors among the words between such quotes.
fn actors_in(text: &str, quote: char) -> impl Iterator<Item = &str> {
    let plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let parts = text.split(quote);
    parts.filter(move |word| {
        let mut names = ACTORS.iter().filter_map(|kind| word.strip_prefix(kind));
        names.any(|name| !name.is_empty() && plain(&name))
    })
}

pub fn actors(files: &[File]) -> Vec<String> {
    let code = files.iter().filter(|it| it.path.starts_with("src/") && it.is(".rs"));
    let written: BTreeSet<String> = code
        .flat_map(|file| {
            let text = file.code();
            actors_in(&text, '"').map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let page = files.iter().find(|file| file.path == EVENTS).map_or("", |file| &file.text);
    let named: BTreeSet<String> = actors_in(page, '`').map(str::to_owned).collect();
    let missing = written.difference(&named).map(|it| format!("{EVENTS}: name the actor `{it}`"));
    let surplus = named.difference(&written);
    missing.chain(surplus.map(|it| format!("{EVENTS}: nobody writes as `{it}`"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::says;

    #[test]
    fn a_broken_link_is_found() {
        let files = |text| [("docs/owner/day.md", text), (ADDRESSES, "")];
        assert!(says(links, &files("a [page](../gone.md)")).contains("../gone.md"));
        let fine = "[a](../reference/http.md#x), [b](#here), [c](https://a.example)\n\
                    [d](../owner/)\n```\n[e](gone.md)\n```";
        assert_eq!(says(links, &files(fine)), "");
    }

    #[test]
    fn a_path_that_is_not_there_is_found() {
        let files = |text| [("docs/a.md", text), ("src/web/page/mod.rs", "")];
        for gone in ["`src/web/pages/`", "x `src/shelf` y", "`page/render.rs`", "`docs/b.md`"] {
            assert!(says(paths, &files(gone)).contains("there is no"), "{gone}");
        }
        let fine = "`src/web/page`, `src/web/`, `page/mod.rs`, `src/*.rs`, `src/<name>.rs`\n\
                    `/var/lib/lango`, `a/b`, `text/html`, `web::page`\n```\n`src/gone`\n```";
        assert_eq!(says(paths, &files(fine)), "");
    }

    #[test]
    fn an_address_that_is_not_explained_is_found_and_so_is_one_that_is_not_served() {
        let code = ".route(\"/a/{site}\", get(x::show).post(x::send)).route(\"/b\", post(y))\n\
                    .route_layer(z)";
        let files = |page| [(ROUTES, code), (ADDRESSES, page)];
        for fine in [
            "| `GET /a/<id>?q=…`, `POST` to the same | x |\n| `POST /b` | x |",
            "| `POST`, `GET /a/<id>` | x |\n| `POST /b` | x |",
            "| `GET /a/<id>` | x |\n| `POST` to the same | x |\n| `POST /b` | x |",
        ] {
            assert_eq!(says(addresses, &files(fine)), "", "{fine}");
        }
        let said = says(addresses, &files("| `GET /a/<id>` | x |\n| `GET /b` | x |"));
        assert!(said.contains("explain `POST /a/{}`") && said.contains("explain `POST /b`"));
        assert!(said.contains("nothing serves `GET /b`"), "{said}");
    }

    #[test]
    fn a_key_of_a_gateway_without_a_row_is_found_and_so_is_a_row_without_a_key() {
        let code = "pub struct Settings { id: u8, url: u8, key: u8, key_file: u8 }";
        let files = |rows: &str| {
            let page =
                ["africas_talking", "http"].map(|it| format!("### `kind = \"{it}\"`\n{rows}"));
            let page = page.join("\n### Next\n");
            let file = |kind| format!("src/adapters/sms/{kind}/settings.rs");
            says(
                gateways,
                &[(KEYS, &page), (&file("http"), code), (&file("africas_talking"), code)],
            )
        };
        assert_eq!(files("| `url` | x |\n| `key`, `key_file` | x |"), "");
        assert!(files("| `url` | x |").contains("`http` lacks a row for `key`"));
        assert!(files("| `url`, `key`, `pin` | x |").contains("`http` has no key `pin`"));
    }

    #[test]
    fn an_actor_that_is_not_named_is_found_and_so_is_one_that_nobody_is() {
        let code = ("src/commands/sell.rs", "fn actor() { \"process:sell\" }");
        assert_eq!(says(actors, &[code, (EVENTS, "`process:sell`, `process:…`")]), "");
        let said = says(actors, &[code, (EVENTS, "`provider:c2b`")]);
        assert!(said.contains("name the actor `process:sell`"), "{said}");
        assert!(said.contains("nobody writes as `provider:c2b`"), "{said}");
    }
}
