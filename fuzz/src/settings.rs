//! The owner's configuration file.

use lango::app::config::{Config, Sources};
use std::{fs, sync::LazyLock};

static FILE: LazyLock<std::path::PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("lango-fuzz-{}.toml", std::process::id())));

/// Reads a file; a secret in it is never shown.
pub fn config(bytes: &[u8]) {
    let text = super::text(bytes);
    // A file that names another is a reader of whatever that is: a device, a pipe.
    if text.contains("_file") {
        return;
    }
    let secret = "Sesame0Sesame0Sesame0";
    fs::write(&*FILE, text.replace("SECRET", secret)).expect("a temporary file can be written");
    let sources = Sources { file: Some(FILE.clone()), ..Sources::default() };
    let said = match Config::load(&sources) {
        Ok(config) => {
            let again = Config::load(&sources).expect("it is read the same way twice");
            assert_eq!(config.show(), again.show());
            format!("{config:?}{}{}", config.show(), config.show_json())
        }
        Err(problems) => {
            let said = problems.to_string();
            assert!(!said.trim().is_empty(), "a refusal says why");
            said
        }
    };
    let _ = fs::remove_file(&*FILE);
    // Where it stands as what is no secret it may be shown.
    let hidden = ["passkey", "consumer_secret", "consumer_key", "api_key"];
    let only_there = text
        .lines()
        .filter(|line| line.contains("SECRET"))
        .all(|line| hidden.iter().any(|key| line.trim() == format!("{key} = \"SECRET\"")));
    assert!(!only_there || !said.contains(secret), "a secret is shown: {said}");
}
