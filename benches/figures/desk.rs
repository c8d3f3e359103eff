//! The desk in a browser: its pages, and a file that is taken into stock there.

use crate::{
    browser::{Answer, Browser},
    shop::{Binary, Ledger},
    statistics::latencies,
};
use serde_json::{Map, Value};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

const PASSWORD: &str = "mvua kiti ndizi saba";
/// How often each page is opened.
const TIMES: usize = 40;
const BOUNDARY: &str = "a-line-between-parts";

/// An owner who is signed in.
pub struct Desk(Browser);

/// Adds the owner who will sign in.
pub fn add_owner(binary: &Binary, ledger: &Ledger) {
    std::fs::write(ledger.folder.join("password"), PASSWORD).expect("the folder is ours");
    let add = ["staff", "add", "--name", "Bench", "--role", "owner", "--password-file", "password"];
    binary.run(ledger, &add);
}

impl Desk {
    pub async fn sign_in(at: SocketAddr) -> Self {
        let mut browser = Browser::of(at);
        let form = format!("name=Bench&password={}", PASSWORD.replace(' ', "+"));
        let answer = browser.post("/admin/sign-in", &form).await;
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        cookie.expect("the owner is let in").clone_into(&mut browser.cookie);
        Self(browser)
    }

    async fn open(&mut self, path: &str) -> String {
        let answer = self.0.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        String::from_utf8(answer.body).expect("a page is text")
    }

    /// Has a file of codes taken into the first site's stock, and waits until all of it is.
    pub async fn import(&mut self, codes: &str) {
        let page = self.open("/admin/stock/upload").await;
        let token = between(&page, "name=\"token\" value=\"", "\"").to_owned();
        let part = |head: &str, body: &str| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
        };
        let form = [
            part("name=\"token\"", &token),
            part("name=\"site\"", "bench-0"),
            part("name=\"file\"; filename=\"codes.txt\"", codes),
            format!("--{BOUNDARY}--\r\n"),
        ];
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let sent = self.0.ask("POST", "/admin/stock/upload", &kind, form.concat().as_bytes()).await;
        let preview = location(&sent);
        let chosen = format!("token={token}&package=daily");
        let batch = location(&self.0.post(&preview, &chosen).await);
        while self.open(&batch).await.contains("http-equiv=\"refresh\"") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How long each page takes, by its name.
    pub async fn measure(&mut self) -> Vec<(&'static str, Map<String, Value>)> {
        let sales = self.open("/admin/sales").await;
        let sale = between(&sales, "href=\"/admin/sales/", "\"").to_owned();
        let digits: String = sale.chars().filter(|c| *c != '-').collect();
        let reference = &digits[digits.len() - 10..];
        let pages = [
            ("desk: home", "/admin".to_owned()),
            ("desk: sales", "/admin/sales".to_owned()),
            ("desk: sales of a rare status", "/admin/sales?status=settled".to_owned()),
            ("desk: search by reference", format!("/admin/sales?q={reference}")),
            ("desk: search by phone", "/admin/sales?q=0700000007".to_owned()),
            ("desk: a sale", format!("/admin/sales/{sale}")),
            ("desk: money", "/admin/money".to_owned()),
            ("desk: stock", "/admin/stock".to_owned()),
            ("desk: packages", "/admin/packages".to_owned()),
            ("desk: a package", "/admin/packages/bench-7/daily".to_owned()),
            ("desk: a site", "/admin/sites/bench-7".to_owned()),
            ("desk: routers", "/admin/routers".to_owned()),
            ("desk: revenue", "/admin/revenue".to_owned()),
        ];
        let mut found = vec![];
        for (name, path) in pages {
            let mut times = vec![];
            for _ in 0..TIMES {
                let begun = Instant::now();
                let answer = self.0.get(&path).await;
                times.push(begun.elapsed());
                assert!(matches!(answer.status, 200 | 303), "{path}: {}", answer.status);
            }
            found.push((name, latencies("page", times)));
        }
        found
    }
}

fn location(answer: &Answer) -> String {
    let page = String::from_utf8_lossy(&answer.body);
    answer.header("location").unwrap_or_else(|| panic!("{}: {page}", answer.status)).to_owned()
}

fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split(after).next()).expect("the page has it")
}
