//! What a technician takes to the router: the real binary writes it, and `routeros-lsp` reads it
//! with the commands of RouterOS.

use crate::cli::Place;
use std::{fs, path::Path, process::Command};

/// What the router holds of ours at most (`hotspot-html/README.md`).
const PAGES_BYTES_MAX: usize = 60 * 1024;

fn at(url: &str) -> Place {
    Place::with_shop().with("LANGO_HTTP__PUBLIC_URL", url)
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Every finding is a failure.
fn reads_well(scripts: &Path) {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/routeros-lsp");
    let checked = Command::new("python3")
        .args(["-m", "routeros_lsp", "check", "--strict"])
        .arg(scripts)
        .env("PYTHONPATH", library)
        .output()
        .expect("python3 is there (`make tools`)");
    let said = String::from_utf8_lossy(&checked.stdout);
    let problem = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}{problem}");
    assert!(said.contains("no findings") || problem.contains("no findings"), "{said}{problem}");
}

#[test]
fn a_bundle_holds_whole_pages_and_scripts_that_the_router_reads() {
    for url in ["https://wifi.example", "http://10.5.51.2", "http://shop.mtaa.example:8080"] {
        let place = at(url);
        let change = ["--name", "Kona \"Baa\" $Wi-Fi", "--router-login", "http://10.5.50.1/login"];
        place.good(&[&["site", "add", "--id", "mtaa", "--change"], &change[..]].concat());
        let bundle = ["router", "bundle", "--site", "mtaa", "--out", "for-the-router"];
        let said = place.good(&bundle);
        assert!(said.contains(url), "{said}");
        let folder = place.path("for-the-router");
        let pages = files(&folder.join("lango"));
        assert_eq!(pages.len(), 10, "the whole set");
        let bytes: usize = pages.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(bytes <= PAGES_BYTES_MAX, "{bytes} bytes");
        let login = pages.iter().find(|(name, _)| name == "login.html").unwrap();
        let login = String::from_utf8(login.1.clone()).unwrap();
        assert!(login.contains(url) && login.contains("Kona"), "{login}");
        for (name, bytes) in pages.iter().chain(&files(&folder)) {
            assert!(!String::from_utf8_lossy(bytes).contains("{{"), "{name}");
        }
        reads_well(&folder);
        let before = files(&folder);
        place.good(&bundle);
        assert_eq!(files(&folder), before, "written again, it is the same");
    }
}

#[test]
fn every_script_has_its_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let index = fs::read_to_string(root.join("docs/technician/scripts/README.md")).unwrap();
    let mut scripts = 0;
    for entry in fs::read_dir(root.join("router-scripts")).unwrap() {
        let path = entry.unwrap().path();
        let Some("rsc") = path.extension().and_then(|end| end.to_str()) else { continue };
        let name = path.file_stem().unwrap().to_str().unwrap();
        let page = root.join(format!("docs/technician/scripts/{name}.md"));
        let page = fs::read_to_string(&page).unwrap_or_else(|_| panic!("{name} has no page"));
        let heads: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        let wanted =
            ["## What it does", "## Needs", "## Steps", "## Settings", "## What can go wrong"];
        assert_eq!(heads, wanted, "{name}");
        assert!(index.contains(&format!("({name}.md)")), "{name} is not in the index");
        scripts += 1;
    }
    assert_eq!(scripts, 13);
}

#[test]
fn the_pages_begin_with_the_sites_language() {
    let place = at("https://wifi.example");
    let site = ["site", "add", "--id", "mtaa", "--name", "Mtaa", "--change"];
    let site = [&site[..], &["--router-login", "http://10.5.50.1/login", "--language"]].concat();
    let said = place.bad(2, &[&site[..], &["fr"]].concat());
    assert!(said.contains("write en or sw"), "{said}");
    place.good(&[&site[..], &["sw"]].concat());
    place.good(&["router", "bundle", "--site", "mtaa", "--out", "out"]);
    let login = fs::read_to_string(place.path("out/lango/login.html")).unwrap();
    assert!(login.contains("<html lang=\"sw\">"), "{login}");
}

#[test]
fn what_cannot_be_written_is_said() {
    let place = at("https://wifi.example");
    let said = place.bad(1, &["router", "bundle", "--site", "kona", "--out", "out"]);
    assert!(said.contains("there is no site kona"), "{said}");
    let said = place.bad(1, &["router", "bundle", "--site", "mtaa", "--out", "lango.db"]);
    assert!(said.contains("cannot make the folder"), "{said}");
    let place = at("http://[fd00::1]");
    let said = place.bad(1, &["router", "bundle", "--site", "mtaa", "--out", "out"]);
    assert!(said.contains("hotspots know no IPv6"), "{said}");
}

#[test]
fn codes_that_the_shop_makes_are_in_stock_and_in_a_script_that_the_router_reads() {
    let place = at("https://wifi.example");
    let make = ["vouchers", "make", "--site", "mtaa", "--package", "daily", "--count", "40"];
    place.good(&[&make[..], &["--out", "codes.rsc"]].concat());
    let script = fs::read_to_string(place.path("codes.rsc")).unwrap();
    let names: Vec<&str> = script.split("add name=\"").skip(1).map(|rest| &rest[..8]).collect();
    assert_eq!(names.len(), 40);
    assert!(names.iter().all(|name| !name.contains(['0', '1', 'I', 'L', 'O'])), "{names:?}");
    reads_well(&place.path("codes.rsc"));
    let list = place.json(&["package", "list", "--site", "mtaa", "--json"]);
    assert_eq!(list[0]["free"], 40);
    let said = place.bad(1, &[&make[..], &["--out", "codes.rsc"]].concat());
    assert!(said.contains("codes.rsc exists already"), "nothing is written over: {said}");
    let restore = ["router", "restore", "--site", "nowhere", "--out", "all.rsc"];
    assert!(place.bad(1, &restore).contains("there is no site nowhere; see"));
    let restore = ["router", "restore", "--site", "mtaa", "--out", "all.rsc"];
    assert!(place.good(&restore).contains("40 codes are in all.rsc"));
    reads_well(&place.path("all.rsc"));
    let line = place.good(&["router", "line", "--site", "mtaa"]);
    assert!(line.starts_with("/tool fetch url=\"https://wifi.example/router/mtaa/"), "{line}");
    assert!(!line.contains('?'), "a terminal would take it for a call for help");
    let said = place.good(&["router", "forget", "--site", "mtaa"]);
    assert!(said.contains("does not report"), "{said}");
}
