//! Every story is told on both databases, and whoever writes one need not think of it: this says
//! so.

use std::{fs, path::Path};

/// What a story opens a shop with.
const SHOPS: [&str; 2] = ["Town::open", "Shop::open()"];

/// Stories of a file that are told on SQLite alone.
fn told_once(text: &str) -> Vec<&str> {
    if !SHOPS.iter().any(|shop| text.contains(shop)) {
        return vec![];
    }
    let listed = text.split_once("on_postgres_too! {").map_or("", |(_, rest)| rest);
    let listed: Vec<&str> = listed.lines().map(|line| line.trim().trim_end_matches(',')).collect();
    let stories = text.split("#[tokio::test").skip(1).filter_map(|rest| {
        let name = rest.split_once("async fn ")?.1;
        name.split('(').next()
    });
    stories.filter(|story| !listed.contains(story)).collect()
}

fn look(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let once = if path.ends_with("both.rs") { vec![] } else { told_once(&text) };
        assert!(
            once.is_empty(),
            "list in `crate::on_postgres_too!` of {}: {once:?}",
            path.display()
        );
    }
}

#[test]
fn every_story_is_told_on_both_databases() {
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"));
}

#[test]
fn a_story_that_is_not_listed_is_found() {
    let story = "#[tokio::test]\nasync fn a_sale() {\n    let town = Town::open().await;\n}\n";
    assert_eq!(told_once(story), ["a_sale"]);
    let listed = format!("{story}crate::on_postgres_too! {{\n    a_sale,\n}}\n");
    assert!(told_once(&listed).is_empty());
}
