//! Reads the master key from its file, makes one for a new ledger, and replaces it; also replaces
//! the keys under it.

use super::{machine, open_books, open_existing, public_key, there_is_a_ledger};
use crate::{
    app::config::Config,
    ledger::{
        kernel::chain::{hex, unhex},
        key::KeyPurpose,
    },
    ports::Random,
    store::{Key, Opening, Store, StoreError},
};
use anyhow::{Context as _, bail};
use std::{io::Write as _, path::Path};

/// Reads the master key, or makes one for a ledger that has none yet; tells whether it is new.
pub(super) async fn master_key(
    file: &Path,
    url: &str,
    random: &dyn Random,
) -> anyhow::Result<(Key, bool)> {
    match std::fs::read_to_string(file) {
        Ok(text) => {
            let key = parse_key(text.trim()).with_context(|| {
                format!("{} does not hold a master key of 64 hexadecimal digits", file.display())
            })?;
            Ok((key, false))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if Store::exists(url).await? {
                bail!(
                    "the master key {} is missing, and without it the codes in this ledger cannot \
                     be read; put the key from the recovery sheet there",
                    file.display()
                );
            }
            Ok((make_key(file, random)?, true))
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// The master key, which must be there: no new one opens what an old one sealed.
pub fn known_master_key(config: &Config) -> anyhow::Result<Key> {
    let file = &config.secrets.master_key_file;
    let text = std::fs::read_to_string(file).with_context(|| {
        format!(
            "cannot read the master key {}; put the key from the recovery sheet there",
            file.display()
        )
    })?;
    parse_key(text.trim()).with_context(|| {
        format!("{} does not hold a master key of 64 hexadecimal digits", file.display())
    })
}

/// The master key in a text of 64 hexadecimal digits.
pub fn parse_key(text: &str) -> Option<Key> {
    unhex(text)?.try_into().ok()
}

/// Puts the key in a file, or a new one made there, in the place of the ledger's master key. The
/// file is on the disk before anything changes: at no moment does the only key stand nowhere.
pub async fn change_master(config: &Config, file: &Path) -> anyhow::Result<()> {
    there_is_a_ledger(config).await?;
    let old = known_master_key(config)?;
    let (_, random) = machine();
    let new = key_to_be(file, random.as_ref())?;
    if new == old {
        bail!("{} already holds the key in use; name another file", file.display());
    }
    let changed = Store::change_master(config.database.url.expose(), &old, &new, random).await;
    changed.map_err(|error| wrong_key(error, config))
}

/// What opens the ledger from outside the shop.
async fn opening(config: &Config) -> anyhow::Result<Opening> {
    let store = open_existing(config).await?;
    store.close().await;
    let (clock, random) = machine();
    Ok(Opening {
        url: config.database.url.expose().to_owned(),
        master: known_master_key(config)?,
        zone: config.shop.timezone.clone(),
        clock,
        random,
    })
}

/// Changes a key of the vault for another and makes anew what must be; tells the public key of the
/// one that signs. `progress` is told how many rows were sealed anew.
pub async fn change_key(
    config: &Config,
    purpose: KeyPurpose,
    progress: impl FnMut(usize),
) -> anyhow::Result<String> {
    let opening = opening(config).await?;
    Store::change_key(&opening, purpose).await?;
    if purpose == KeyPurpose::Seal {
        Store::seal_anew(&opening, progress).await?;
    }
    let books = open_books(config).await?;
    Ok(public_key(config, &books).await?.to_string())
}

/// Writes tables that say something else than the ledger anew from it; gives their names.
pub async fn mend(config: &Config) -> anyhow::Result<Vec<&'static str>> {
    Ok(Store::mend(&opening(config).await?).await?)
}

/// Refuses what a former key made.
pub async fn retire_key(config: &Config, purpose: KeyPurpose) -> anyhow::Result<()> {
    Ok(Store::retire_key(&opening(config).await?, purpose).await?)
}

/// The key in a file, or a new one made there.
fn key_to_be(file: &Path, random: &dyn Random) -> anyhow::Result<Key> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    if !text.is_empty() {
        return parse_key(text.trim()).with_context(|| {
            format!(
                "{} exists and does not hold a key of 64 hexadecimal digits; name another file",
                file.display()
            )
        });
    }
    // What is there and empty was left by an attempt that was cut off.
    if let Err(error) = std::fs::remove_file(file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("cannot write {}", file.display()));
    }
    make_key(file, random)
}

/// Says where the right key belongs.
pub(super) fn wrong_key(error: StoreError, config: &Config) -> anyhow::Error {
    let file = config.secrets.master_key_file.display();
    let hint = if config.database.url.is_postgres() {
        "does PostgreSQL run there, and may this user make tables in the schema?"
    } else {
        "does its folder exist, and may Lango write there?"
    };
    let what = format!("cannot open the ledger {}: {hint}", config.database.url);
    match error {
        StoreError::WrongLedger(why) => {
            anyhow::anyhow!("{why}; put the key from the recovery sheet in {file}")
        }
        error => anyhow::Error::from(error).context(what),
    }
}

fn make_key(file: &Path, random: &dyn Random) -> anyhow::Result<Key> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut key = Key::default();
    random.fill(&mut key);
    let attempt = || format!("cannot write the new master key to {}", file.display());
    let mut opened = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(attempt)?;
    writeln!(opened, "{}", hex(&key)).and_then(|()| opened.sync_all()).with_context(attempt)?;
    // The name too must be on the disk before anything is sealed with it.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder =
        std::fs::File::open(folder.unwrap_or_else(|| Path::new("."))).with_context(attempt)?;
    folder.sync_all().with_context(attempt)?;
    Ok(key)
}

/// What the owner is told of a new master key.
pub fn recovery_sheet(file: &Path) -> String {
    format!(
        "\nRECOVERY SHEET\n\
         A new master key stands in {}.\n\
         Without it nobody, you included, can read the voucher codes and phone numbers of this\n\
         ledger. Copy that file to paper or to a safe place that is not this machine, now.\n",
        file.display()
    )
}
