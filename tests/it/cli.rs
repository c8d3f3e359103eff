//! The real binary, as the owner and scripts run it: a folder of its own, a clean environment, and
//! for each slip a sentence that says what to do.

use crate::{address::free_address, serving::Serving, town::new_schema};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

/// A folder in which `lango` runs.
pub struct Place {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    /// An empty folder.
    pub fn empty() -> Self {
        let ledger = new_schema().map(|url| ("LANGO_DATABASE__URL".to_owned(), url));
        Self { folder: tempfile::tempdir().unwrap(), environment: ledger.into_iter().collect() }
    }

    /// A folder with a shop that has one site and the packages of the sample lists. It is made once
    /// and copied, byte for byte, key included.
    pub fn with_shop() -> Self {
        static SHOP: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
        let place = Self::empty();
        if !place.environment.is_empty() {
            // A schema is not copied.
            make_shop(&place);
            return place;
        }
        for (name, bytes) in SHOP.get_or_init(files_of_a_shop) {
            fs::write(place.path(name), bytes).unwrap();
        }
        place
    }

    /// The same in a schema of a cluster.
    pub fn with_shop_at(url: &str) -> Self {
        let place = Self::empty().with("LANGO_DATABASE__URL", url);
        make_shop(&place);
        place
    }

    /// The address of its ledger.
    pub fn ledger(&self) -> String {
        let file = || format!("sqlite:{}", self.path("lango.db").display());
        let given = self.environment.iter().find(|(name, _)| name == "LANGO_DATABASE__URL");
        given.map_or_else(file, |(_, url)| url.clone())
    }

    /// The same place with one more name in the environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same place with an M-PESA account that leads nowhere.
    #[must_use]
    pub fn with_account(self) -> Self {
        self.with("LANGO_MPESA__BASE_URL", "http://127.0.0.1:9")
            .with("LANGO_MPESA__CONSUMER_KEY", "a-key")
            .with("LANGO_MPESA__CONSUMER_SECRET", "a-secret")
            .with("LANGO_MPESA__SHORT_CODE", "600100")
            .with("LANGO_MPESA__PASSKEY", "a-passkey")
            .with("LANGO_MPESA__CALLBACKS", "off")
    }

    /// A file's path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `lango` with these arguments, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lango"));
        command.args(arguments).current_dir(&self.folder).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it, which must work, and returns what it printed.
    pub fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "lango {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it, which must fail with this exit code, and returns what it said of it.
    pub fn bad(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "lango {arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    /// What `--json` prints.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.good(arguments)).unwrap()
    }

    /// Starts `lango serve` and waits until it answers.
    pub async fn serve(&self, listen: SocketAddr) -> Serving {
        self.serve_with(listen, &[]).await
    }

    /// Starts `lango serve` with more arguments.
    pub async fn serve_with(&self, listen: SocketAddr, more: &[&str]) -> Serving {
        let command = self.command(&[&["serve"], more].concat());
        self.start(command, listen, "serve.log").await
    }

    /// Starts another `lango serve` on the same ledger, on an address of its own.
    pub async fn serve_beside(&self, listen: SocketAddr) -> Serving {
        let mut command = self.command(&["serve", "--listen", &listen.to_string()]);
        command.env("LANGO_ADMIN__LISTEN", free_address().to_string());
        self.start(command, listen, "beside.log").await
    }

    /// Starts `lango serve`, which may end before it answers.
    pub fn serve_briefly(&self) -> Serving {
        Serving { child: self.spawn(self.command(&["serve"]), "serve.log") }
    }

    fn spawn(&self, mut command: Command, log: &str) -> Child {
        let log = Stdio::from(fs::File::create(self.path(log)).unwrap());
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    async fn start(&self, command: Command, listen: SocketAddr, log: &str) -> Serving {
        let mut child = self.spawn(command, log);
        let client = lango::adapters::http::client(std::time::Duration::from_secs(20)).unwrap();
        for _ in 0..400 {
            if client.get(format!("http://{listen}/readyz")).send().await.is_ok() {
                return Serving { child };
            }
            assert!(child.try_wait().unwrap().is_none(), "{}", self.log());
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        let _ = child.kill();
        panic!("lango serve does not answer: {}", self.log());
    }

    /// The address for the delivery reports of the only gateway.
    pub fn report_address(&self) -> String {
        let printed = self.good(&["sms", "addresses"]);
        printed.split_whitespace().last().unwrap().to_owned()
    }

    /// What `lango serve` logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("serve.log")).unwrap_or_default()
    }
}

fn make_shop(place: &Place) {
    let login = "http://10.5.50.1/login";
    place.good(&["site", "add", "--id", "mtaa", "--name", "Mtaa Wi-Fi", "--router-login", login]);
    for (id, name, price, validity) in [
        ("daily", "Daily", "50", "1d"),
        ("weekly", "Weekly", "250", "1w"),
        ("monthly", "Monthly", "800", "4w2d"),
    ] {
        let what = ["package", "add", "--site", "mtaa", "--id", id, "--name", name];
        let how = ["--price", price, "--validity", validity, "--profile", id];
        place.good(&[&what[..], &how[..]].concat());
    }
}

fn files_of_a_shop() -> Vec<(String, Vec<u8>)> {
    let place = Place::empty();
    make_shop(&place);
    // The index of the log (`-shm`) is made anew by whoever opens it.
    let names = ["lango.key", "lango.db", "lango.db-wal"].map(str::to_owned);
    let there = names.into_iter().filter(|name| place.path(name).exists());
    there.map(|name| (name.clone(), fs::read(place.path(&name)).unwrap())).collect()
}

/// One of the sample lists.
pub fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/voucher-exports");
    folder.join(name).display().to_string()
}

#[test]
fn registering_for_c2b_says_what_stands_in_its_way() {
    let place = Place::with_shop();
    let said = place.bad(1, &["mpesa", "register"]);
    assert!(said.contains("no M-PESA account is configured"), "{said}");
    let place = place.with_account();
    let said = place.bad(1, &["mpesa", "register"]);
    assert!(said.contains("mpesa.callbacks is off"), "{said}");
    let place = place.with("LANGO_MPESA__CALLBACKS", "on");
    let place = place.with("LANGO_HTTP__PUBLIC_URL", "https://mpesa.example");
    let said = place.bad(1, &["mpesa", "register"]);
    assert!(said.contains("Safaricom refuses every address with \"mpesa\" in it"), "{said}");
    let place = place.with("LANGO_HTTP__PUBLIC_URL", "https://wifi.example");
    let printed = place.good(&["mpesa", "register", "--dry-run"]);
    assert!(printed.contains("https://wifi.example/hooks/c/confirmation/"), "{printed}");
    let said = place.bad(1, &["mpesa", "register"]);
    assert!(said.contains("Safaricom did not accept the addresses: unreachable"), "{said}");
}

#[test]
fn the_configuration_is_shown_with_its_origins_and_without_secrets() {
    let place = Place::empty().with("LANGO_SHOP__NAME", "Duka");
    let shown = place.good(&["config", "show"]);
    assert!(shown.contains("Duka"), "{shown}");
    assert!(shown.contains("environment LANGO_SHOP__NAME"), "{shown}");
    fs::write(place.path("lango.toml"), "[mpesa]\nconsumer_key = \"hush-hush\"\n").unwrap();
    let said = place.bad(1, &["config", "show"]);
    assert!(said.contains("mpesa.passkey: is missing, while mpesa.consumer_key is set"), "{said}");
    assert!(!said.contains("hush-hush"), "{said}");
}

/// As in `lango audit show | head`.
#[test]
fn a_command_whose_reader_has_enough_ends_without_a_word() {
    let place = Place::with_shop();
    let export = ["audit", "export", "--format", "csv"];
    for arguments in [&["config", "show"][..], &["doctor"], &["audit", "verify"], &export] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place.command(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked") && !said.contains("lango: "), "{arguments:?}: {said}");
        assert_eq!(output.status.signal(), Some(13), "{arguments:?}: SIGPIPE");
    }
}

#[test]
fn the_examples_of_the_manual_work() {
    let place = Place::empty();
    assert_eq!(place.good(&["migrate"]), "The database is up to date.\n");
    let login = "http://10.5.50.1/login";
    let site = ["site", "add", "--id", "mtaa", "--name", "Mtaa Wi-Fi", "--router-login", login];
    assert_eq!(place.good(&site), "Site mtaa added.\n");
    let package = ["package", "add", "--site", "mtaa", "--id", "daily", "--name", "Daily"];
    let rest = ["--price", "50", "--validity", "1d", "--profile", "daily"];
    let package = [&package[..], &rest[..]].concat();
    assert_eq!(place.good(&package), "Package mtaa.daily is on offer.\n");
    let sites = place.json(&["site", "list", "--json"]);
    let wanted = serde_json::json!([
        { "site": "mtaa", "name": "Mtaa Wi-Fi", "router_login": login, "reports": false }
    ]);
    assert_eq!(sites, wanted);
    let packages = place.json(&["package", "list", "--site", "mtaa", "--json"]);
    assert_eq!(packages[0]["package"]["price_cents"], 5000);
    assert_eq!(packages[0]["package"]["validity_seconds"], 86_400);
    assert_eq!(packages[0]["free"], 0);
    let said = place.bad(1, &package);
    assert!(said.contains("nothing to change: already set"), "{said}");
    let said = place.bad(1, &site);
    assert!(said.contains("--change"), "{said}");
    let mut site = [&site[..], &["--change"]].concat();
    let said = place.bad(1, &site);
    assert!(said.contains("nothing to change: already set"), "{said}");
    site[5] = "Mtaa Wi-Fi 2";
    assert_eq!(place.good(&site), "Site mtaa changed.\n");
    assert!(place.good(&["audit", "verify"]).starts_with("4 events"));
}

#[test]
fn the_first_start_prints_a_recovery_sheet_and_later_ones_do_not() {
    let place = Place::empty();
    let first = String::from_utf8(place.run(&["migrate"]).stderr).unwrap();
    assert!(first.contains("RECOVERY SHEET"), "{first}");
    let key = fs::read_to_string(place.path("lango.key")).unwrap();
    assert!(!first.contains(key.trim()), "the key itself is not printed");
    assert_eq!(String::from_utf8(place.run(&["migrate"]).stderr).unwrap(), "");
    assert_eq!(fs::read_to_string(place.path("lango.key")).unwrap(), key);
}

#[test]
fn the_wrong_key_or_none_stops_the_start_and_loses_nothing() {
    let place = Place::with_shop();
    let before = place.good(&["audit", "verify"]);
    let key = fs::read_to_string(place.path("lango.key")).unwrap();
    fs::remove_file(place.path("lango.key")).unwrap();
    let said = place.bad(1, &["site", "list"]);
    assert!(said.contains("recovery sheet"), "{said}");
    assert!(!place.path("lango.key").exists(), "no new key is made for an old ledger");
    fs::write(place.path("lango.key"), "0".repeat(64)).unwrap();
    let said = place.bad(1, &["site", "list"]);
    assert!(said.contains("recovery sheet in lango.key"), "{said}");
    fs::write(place.path("lango.key"), "not a key").unwrap();
    let said = place.bad(1, &["site", "list"]);
    assert!(said.contains("64 hexadecimal digits"), "{said}");
    fs::write(place.path("lango.key"), key).unwrap();
    assert_eq!(place.good(&["audit", "verify"]), before);
}

#[test]
fn a_ledger_is_not_opened_as_what_it_is_not() {
    let place = Place::with_shop().with("LANGO_DATABASE__URL", "sqlite:lango.db");
    let before = place.good(&["audit", "verify"]);
    let said = place.bad(1, &["demo", "--walk"]);
    assert!(said.contains("this ledger is a shop's"), "{said}");
    assert_eq!(place.good(&["audit", "verify"]), before);
    let demo = "sqlite:demo.db";
    assert!(place.good(&["--database", demo, "demo", "--walk"]).contains("Online. Sold once."));
    let place = place.with_account();
    let said = place.bad(1, &["--database", demo, "serve"]);
    assert!(said.contains("this ledger is a demo's"), "{said}");
    let place = place.with("LANGO_SHOP__TIMEZONE", "Europe/Paris");
    let said = place.bad(1, &["site", "list"]);
    assert!(said.contains("Africa/Nairobi; set shop.timezone to that again"), "{said}");
}

#[test]
fn a_new_database_can_still_become_a_demo() {
    let place = Place::empty().with("LANGO_DATABASE__URL", "sqlite:lango.db");
    place.good(&["migrate"]);
    for _ in 0..2 {
        assert!(place.good(&["demo", "--walk"]).contains("Online. Sold once."));
    }
    assert!(place.good(&["audit", "verify"]).contains("each follows from the one before"));
    assert!(place.good(&["projections", "rebuild", "--compare"]).contains("equals"));
}

#[test]
fn who_only_looks_makes_no_ledger_in_a_wrong_folder() {
    let place = Place::empty();
    fs::write(place.path("list.txt"), "abcd1234\n").unwrap();
    for arguments in [
        &["site", "list"][..],
        &["package", "list", "--site", "mtaa"],
        &[
            "package",
            "add",
            "--site",
            "mtaa",
            "--id",
            "daily",
            "--name",
            "Daily",
            "--price",
            "50",
            "--validity",
            "1d",
            "--profile",
            "daily",
        ],
        &["vouchers", "import", "--site", "mtaa", "list.txt"],
        &["audit", "verify"],
        &["audit", "checkpoint"],
        &["audit", "show", "0193a1b2c3d47e8f90a1b2c3d4e5f607"],
        &["audit", "as-of", "2026-11-22"],
        &["audit", "export", "--format", "csv"],
        &["audit", "journal"],
        &["projections", "rebuild"],
        &["sms", "addresses"],
    ] {
        let said = place.bad(1, arguments);
        assert!(said.contains("there is no ledger sqlite:lango.db"), "{arguments:?}: {said}");
        assert!(said.contains("--database"), "{arguments:?}: {said}");
        assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 1, "{arguments:?}");
    }
}

#[test]
fn each_slip_gets_a_sentence_and_changes_nothing() {
    let place = Place::with_shop();
    fs::write(place.path("empty.txt"), "").unwrap();
    let before = place.good(&["audit", "verify"]);
    let (plain, no_list) = (sample("plain-codes.txt"), sample("not-vouchers.txt"));
    let import = |site: &'static str, file: &str| {
        ["vouchers", "import", "--site", site, file].map(str::to_owned).to_vec()
    };
    let with_package =
        |package: &str| [import("mtaa", &plain), vec!["--package".into(), package.into()]].concat();
    for (arguments, sentence) in [
        (import("nope", &plain), "there is no site nope; add it with `lango site add`"),
        (with_package("nope"), "has no package nope; see `lango package list --site mtaa`"),
        (import("mtaa", &plain), "say with --package"),
        (import("mtaa", &no_list), "This is not a text file."),
        (import("mtaa", "empty.txt"), "This file is empty."),
        (import("mtaa", "."), "cannot read ."),
        (import("mtaa", "gone.txt"), "cannot read gone.txt: No such file"),
        (["package", "list", "--site", "nope"].map(str::to_owned).to_vec(), "no site nope"),
        (["vouchers", "release", "--site", "nope"].map(str::to_owned).to_vec(), "no site nope"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = place.bad(1, &arguments);
        assert!(said.contains(sentence), "{arguments:?}: {said}");
    }
    assert_eq!(place.good(&["audit", "verify"]), before);
    let login = "http://10.5.50.1/login";
    for arguments in [
        vec!["frobnicate"],
        vec!["vouchers", "import", "--site", "Mtaa", &plain],
        vec!["site", "add", "--id", "b", "--name", " ", "--router-login", login],
        vec!["site", "add", "--id", "b", "--name", "B", "--router-login", "10.5.50.1/login"],
        vec!["audit", "as-of", "then"],
    ] {
        let said = place.bad(2, &arguments);
        assert!(said.contains("--help"), "{said}");
    }
    assert_eq!(place.good(&["audit", "verify"]), before);
}

#[test]
fn a_misspelt_setting_is_refused_with_the_name_that_was_meant() {
    let place = Place::empty().with("LANGO_HTPP__LISTEN", "127.0.0.1:8080");
    let said = place.bad(1, &["migrate"]);
    assert!(said.contains("did you mean LANGO_HTTP__LISTEN?"), "{said}");
    assert!(!place.path("lango.db").exists());
}

#[test]
fn serve_does_not_start_half() {
    let place = Place::empty();
    assert!(place.bad(1, &["serve"]).contains("no M-PESA account is configured"));
    assert!(!place.path("lango.db").exists(), "nothing is made for a shop that cannot open");
    let place = place.with("LANGO_MPESA__CONSUMER_KEY", "a-key");
    assert!(place.bad(1, &["serve"]).contains("the configuration has 3 problems"));
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let place = place
        .with("LANGO_MPESA__CONSUMER_SECRET", "a-secret")
        .with("LANGO_MPESA__SHORT_CODE", "600100")
        .with("LANGO_MPESA__PASSKEY", "a-passkey")
        .with("LANGO_MPESA__CALLBACKS", "off")
        .with("LANGO_ADMIN__LISTEN", "127.0.0.1:0");
    let said = place.bad(1, &["serve", "--listen", &taken]);
    assert!(said.contains("choose another http.listen"), "{said}");
}

#[test]
fn the_walk_reads_like_this() {
    let place = Place::empty();
    let walk = place.good(&["demo", "--walk"]);
    let (story, ledger) = walk.split_once("● What the ledger says of it\n").unwrap();
    insta::assert_snapshot!(redacted(story));
    assert!(!place.path("lango.db").exists(), "a walk without a configured ledger leaves nothing");
    // A callback may overtake the answer to the prompt, so of the order only the backbone is fixed.
    let kinds =
        ledger.lines().filter_map(|line| line.split_whitespace().find(|it| it.contains('_')));
    let backbone = [
        "purchase_started",
        "voucher_reserved",
        "payment_requested",
        "payment_submitted",
        "payment_confirmed",
        "receipt_recorded",
        "voucher_allocated",
        "purchase_fulfilled",
        "message_queued",
        "message_submitted",
    ];
    assert_eq!(kinds.filter(|kind| backbone.contains(kind)).collect::<Vec<_>>(), backbone);
    assert!(ledger.contains("each follows from the one before"), "{ledger}");
    assert!(ledger.ends_with("Online. Sold once.\n"), "{ledger}");
}

/// What differs from walk to walk, replaced by a word.
fn redacted(walk: &str) -> String {
    let mut text = walk.to_owned();
    for (before, after, word) in
        [("Account no.", "?", "<reference>"), ("SMS: ", " is your", "<code>")]
    {
        let from = text.find(before).unwrap() + before.len();
        let to = from + text[from..].find(after).unwrap();
        text.replace_range(from..to, word);
    }
    text
}
