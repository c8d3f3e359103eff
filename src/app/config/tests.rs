//! Tests of the whole of `config`: what is written in, what comes out.

use super::{Account, Config, Flag, OnOff, Origin, Problems, Sources, accounts, keys};
use secrecy::ExposeSecret;
use std::{fs, path::Path};
use tempfile::TempDir;

/// Sources of a test: a file, an environment and flags of its own, never those of the process.
struct Given {
    folder: TempDir,
    sources: Sources,
}

fn given(toml: &str) -> Given {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lango.toml");
    fs::write(&path, toml).unwrap();
    Given { folder, sources: Sources { file: Some(path), ..Sources::default() } }
}

impl Given {
    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, flag: &str, key: &str, value: &str) -> Self {
        let (flag, key, value) = (flag.to_owned(), key.to_owned(), value.to_owned());
        self.sources.flags.push(Flag { flag, key, value });
        self
    }

    /// Writes a file beside the configuration and returns its path.
    fn secret(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn config(&self) -> Config {
        Config::load(&self.sources).unwrap()
    }

    fn problems(&self) -> Problems {
        Config::load(&self.sources).expect_err("a configuration with problems")
    }

    /// Text that does not depend on where the test's folder is.
    fn plain(&self, text: &str) -> String {
        let folder = format!("{}/", self.folder.path().display());
        text.replace(&folder, "")
    }

    fn problem_text(&self) -> String {
        self.plain(&self.problems().to_string())
    }
}

const SHOP: &str = r#"
    [http]
    listen = "0.0.0.0:80"
    public_url = "https://wifi.example"

    [mpesa]
    consumer_key = "sesame-key"
    consumer_secret = "sesame-secret"
    short_code = 600100
    till = "500200"
    passkey = "sesame-passkey"

    [[sms.gateway]]
    id = "at"
    kind = "africas_talking"
    username = "shop"
    api_key = "sesame-sms"

    [[sms.gateway]]
    id = "celcom"
    kind = "http"
    url = "https://sms.example/send/sesame-path?key=sesame-query"
    secrets = { apikey = "sesame-table" }
    timeout_ms = 5000
"#;

#[test]
fn nothing_needs_to_be_said() {
    let config = given("").config();
    assert_eq!(config.database.url.expose(), "sqlite:lango.db");
    assert!(!config.database.url.is_postgres());
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.secrets.master_key_file, Path::new("lango.key"));
    assert_eq!(config.shop.timezone.iana_name(), Some("Africa/Nairobi"));
    assert!(config.mpesa.is_none());
    assert!(config.sms.gateways.is_empty());
    assert_eq!(config.origin("database.url"), Origin::Default);
}

#[test]
fn flags_beat_the_environment_and_that_beats_the_file() {
    let file = "[http]\nlisten = '127.0.0.1:1'\n[shop]\nname = 'Of the file'";
    let given = given(file)
        .variable("LANGO_HTTP__LISTEN", "127.0.0.1:2")
        .variable("LANGO_ADMIN__LISTEN", "127.0.0.1:22")
        .variable("HOME", "is no business of ours")
        .flag("--listen", "http.listen", "127.0.0.1:3");
    let config = given.config();
    assert_eq!(config.http.listen.port(), 3);
    assert_eq!(config.admin.listen.port(), 22);
    assert_eq!(config.shop.name, "Of the file");
    assert_eq!(config.origin("http.listen"), Origin::Flag("--listen".to_owned()));
    assert_eq!(
        config.origin("admin.listen"),
        Origin::Environment("LANGO_ADMIN__LISTEN".to_owned())
    );
    assert_eq!(given.plain(&config.origin("shop.name").to_string()), "file lango.toml");
}

#[test]
fn an_empty_variable_is_not_set() {
    let config = given("[mpesa]").variable("LANGO_MPESA__TILL", "").config();
    assert!(config.mpesa.is_none());
    assert_eq!(config.origin("mpesa.till"), Origin::Default);
}

#[test]
fn every_environment_name_that_others_rely_on_works() {
    let config = given("")
        .variable("LANGO_DATABASE__URL", "postgres://shop@db/lango")
        .variable("LANGO_HTTP__LISTEN", "0.0.0.0:80")
        .variable("LANGO_HTTP__PUBLIC_URL", "https://wifi.example")
        .variable("LANGO_ADMIN__LISTEN", "127.0.0.1:81")
        .variable("LANGO_SECRETS__MASTER_KEY_FILE", "keys/lango.key")
        .variable("LANGO_SHOP__NAME", "Mtaa Wi-Fi")
        .variable("LANGO_SHOP__TIMEZONE", "Africa/Kampala")
        .variable("LANGO_SHOP__SUPPORT_PHONE", "0700 000 001")
        .variable("LANGO_MPESA__BASE_URL", "http://127.0.0.1:9000")
        .variable("LANGO_MPESA__CONSUMER_KEY", "key")
        .variable("LANGO_MPESA__CONSUMER_SECRET", "secret")
        .variable("LANGO_MPESA__SHORT_CODE", "600100")
        .variable("LANGO_MPESA__TILL", "500200")
        .variable("LANGO_MPESA__PASSKEY", "passkey")
        .variable("LANGO_MPESA__CALLBACKS", "off")
        .config();
    assert!(config.database.url.is_postgres());
    assert_eq!(config.shop.support_phone.as_deref(), Some("0700 000 001"));
    let mpesa = config.mpesa.unwrap();
    assert_eq!(mpesa.base_url.as_str(), "http://127.0.0.1:9000/");
    assert_eq!(mpesa.callbacks, OnOff::Off);
    assert_eq!(mpesa.own.till.as_deref(), Some("500200"));
}

#[test]
fn all_problems_are_reported_at_once() {
    let given = given(
        r#"
        name = "in no section"
        [http]
        listen = "here"
        lisen = "127.0.0.1:1"
        [shop]
        timezone = "Nairobi"
        name = ["a", "list"]
        support_phone = "call me"
        [mpessa]
        till = 1
        [mpesa]
        short_code = "6001OO"
        callbacks = "yes"
        passkey = "sesame with blanks"
        base_url = "https://user:sesame@daraja.example"
        [log]
        level = "inof"
        [[sms.gateway]]
        id = "at"
        [[sms.gateway]]
        id = "at"
        kind = "http"
        [[sms.gateway]]
        id = "at"
        kind = "http"
    "#,
    )
    .variable("LANGO_DATABASE__URL", "mysql://u:sesame@db/lango")
    .variable("LANGO_ADMIN_LISTEN", "127.0.0.1:8081")
    .variable("LANGO_SMS__GATEWAY", "at")
    .flag("--listen", "admin.port", "1");
    let text = given.problem_text();
    assert!(!text.contains("sesame"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_file_that_is_no_toml_is_reported_without_quoting_it() {
    let given = given("[mpesa]\npasskey = \"sesame\n").variable("LANGO_COLOUR", "red");
    let text = given.problem_text();
    assert!(!text.contains("sesame"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_named_file_must_exist() {
    let sources = Sources { file: Some("nowhere/lango.toml".into()), ..Sources::default() };
    let problems = Config::load(&sources).expect_err("no such file");
    insta::assert_snapshot!(problems);
}

#[test]
fn a_half_configured_account_is_refused() {
    let text = given("[mpesa]\nconsumer_key = 'sesame'\ntill = '500200'\n").problem_text();
    insta::assert_snapshot!(text);
}

#[test]
fn callbacks_need_an_address() {
    let shop = SHOP.replace("public_url = \"https://wifi.example\"", "");
    insta::assert_snapshot!(given(&shop).problem_text());
    let local = shop.replace("[mpesa]", "[mpesa]\ncallbacks = false");
    assert_eq!(given(&local).config().mpesa.unwrap().callbacks, OnOff::Off);
}

#[test]
fn buyers_and_staff_do_not_share_a_port() {
    let file = "[http]\nlisten = '0.0.0.0:8081'";
    insta::assert_snapshot!(given(file).problem_text());
    given("[http]\nlisten = '127.0.0.1:0'\n[admin]\nlisten = '127.0.0.1:0'").config();
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let mut given = given(SHOP.replace("passkey = \"sesame-passkey\"", "").as_str());
    let path = given.secret("passkey", "sesame-file\n");
    given = given.variable("LANGO_MPESA__PASSKEY_FILE", &path);
    let config = given.config();
    let text = given.plain(&config.show());
    assert_eq!(config.mpesa.unwrap().own.passkey.expose_secret(), "sesame-file");
    assert!(text.contains("secret file passkey"), "{text}");
    assert!(!text.contains("sesame"), "{text}");
}

const BESIDE: &str = r#"
    [[mpesa.account]]
    short_code = 700300
    passkey = "sesame-kona"

    [[mpesa.account]]
    short_code = "700400"
    till = "800400"
    consumer_key = "sesame-app"
    consumer_secret = "sesame-of-app"
    passkey_file = "PASSKEY"
"#;

#[test]
fn a_paybill_beside_the_shops_is_of_the_shops_app_unless_it_names_another() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "sesame-file\n").unwrap();
    let beside = BESIDE.replace("PASSKEY", &file.path().display().to_string());
    let given = given(&format!("{SHOP}{beside}"));
    let config = given.config();
    let mpesa = config.mpesa.as_ref().unwrap();
    let keys: Vec<&str> = mpesa.others.iter().map(|a| a.consumer_key.expose_secret()).collect();
    assert_eq!(keys, ["sesame-key", "sesame-app"]);
    let passkeys: Vec<&str> = mpesa.others.iter().map(|a| a.passkey.expose_secret()).collect();
    assert_eq!(passkeys, ["sesame-kona", "sesame-file"]);
    let receivers: Vec<&str> = mpesa.others.iter().map(Account::receiver).collect();
    assert_eq!(receivers, ["700300", "800400"]);
    let shown = given.plain(&format!("{}{config:?}", config.show()));
    assert!(!shown.contains("sesame"), "{shown}");
    assert!(shown.contains("mpesa.account.800400.till"), "{shown}");
}

#[test]
fn an_account_beside_the_shops_that_cannot_work_is_refused() {
    let entries = [
        "short_code = '700300'",
        "short_code = 'none'\npasskey = 'sesame'",
        "short_code = '600500'\ntill = '500200'\npasskey = 'sesame'",
        "short_code = '700300'\npasskey = 'sesame'\nconsumer_key = 'sesame'",
        "short_code = '700300'\npasskey = 'sesame'\npasskey_file = 'nowhere'",
        "short_code = '700300'\npasskey_file = 'nowhere'",
        "short_code = '700300'\npass_key = 'sesame'",
        "passkey = 'sesame sesame'\nshort_code = '700300'",
    ];
    let list: String = entries.map(|entry| format!("[[mpesa.account]]\n{entry}\n")).concat();
    let text = given(&format!("{SHOP}\n{list}")).problem_text();
    assert!(!text.contains("sesame"), "{text}");
    insta::assert_snapshot!(text);
    let alone = given(&format!("[http]\npublic_url = 'https://a.example'\n{list}"));
    let text = alone.variable("LANGO_MPESA__ACCOUNT", "700300").problem_text();
    assert!(text.contains("mpesa.passkey: is missing, while mpesa.account is set"), "{text}");
    assert!(text.contains("write [[mpesa.account]] there"), "{text}");
}

#[test]
fn a_secret_in_two_places_or_in_a_missing_file_is_refused() {
    let given = given(SHOP)
        .variable("LANGO_MPESA__PASSKEY_FILE", "passkey")
        .variable("LANGO_DATABASE__URL_FILE", "nowhere/url");
    insta::assert_snapshot!(given.problem_text());
}

#[test]
fn what_is_shown_hides_every_secret() {
    let given = given(SHOP).variable("LANGO_DATABASE__URL", "postgres://shop:sesame@db/lango");
    let config = given.config();
    let json = given.plain(&config.show_json().to_string());
    for text in [&config.show(), &json, &format!("{config:?}")] {
        assert!(!text.contains("sesame"), "{text}");
    }
    assert!(json.contains(r#""http.listen":{"origin":"file lango.toml","value":"0.0.0.0:80"}"#));
    insta::assert_snapshot!(given.plain(&config.show()));
}

#[test]
fn gateways_reach_the_adapter_as_they_were_written() {
    let config = given(SHOP).config();
    let ids: Vec<_> = config.sms.gateways.iter().map(|gateway| gateway.id.as_str()).collect();
    assert_eq!(ids, ["at", "celcom"]);
    let entry = &config.sms.gateways[1].entry;
    assert_eq!(entry["kind"], "http");
    assert_eq!(entry["timeout_ms"], 5000);
    assert_eq!(entry["secrets"]["apikey"], "sesame-table");
}

fn repository_file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

#[test]
fn every_key_is_documented() {
    let page = repository_file("docs/reference/configuration.md");
    let example = repository_file("lango.example.toml");
    for key in keys::KEYS {
        let (section, name) = key.name.split_once('.').unwrap();
        let heading = format!("`{}`", key.name);
        assert!(
            page.contains(&heading),
            "docs/reference/configuration.md says nothing of {heading}"
        );
        if let Some(default) = key.default {
            let row = page.lines().find(|line| line.starts_with(&format!("| {heading}"))).unwrap();
            assert!(row.contains(&format!("`{default}`")), "write the default `{default}`: {row}");
        }
        let part = example.split(&format!("[{section}]\n")).nth(1).unwrap_or_default();
        let part = part.split("\n[").next().unwrap_or_default();
        let line = format!("{name} = ");
        let written = part.lines().any(|l| l.trim_start_matches(['#', ' ']).starts_with(&line));
        assert!(written, "lango.example.toml says nothing of {}", key.name);
    }
}

#[test]
fn the_documents_name_no_key_that_is_not_there() {
    let page = repository_file("docs/reference/configuration.md");
    let known = keys::names();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let keys: Vec<_> = rows.filter(|key| key.contains('.')).collect();
    assert!(keys.len() > 10, "the page's tables begin with the key");
    for key in keys {
        assert!(known.iter().any(|name| name == key), "{key} is on the page and nowhere else");
    }
}

#[test]
fn the_page_explains_every_key_of_an_account_and_no_other() {
    let page = repository_file("docs/reference/configuration.md");
    let part = page.split("## `[[mpesa.account]]`").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = part.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let mut named: Vec<&str> = cells.flat_map(|cell| cell.split('`').step_by(2)).collect();
    let mut known = [&accounts::PLAIN[..], &accounts::SECRET].concat();
    named.retain(|key| !key.is_empty());
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known);
}

#[test]
fn the_example_works_as_it_stands_and_with_every_comment_taken_away() {
    let example = repository_file("lango.example.toml");
    given(&example).config();
    let all: Vec<_> = example.lines().map(|line| line.strip_prefix("#").unwrap_or(line)).collect();
    let keys = all.iter().filter(|line| !line.starts_with(' '));
    let text = keys.copied().collect::<Vec<_>>().join("\n");
    let config = given(&text).config();
    assert!(config.mpesa.is_some());
    assert!(!config.sms.gateways.is_empty());
}
