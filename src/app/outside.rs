//! The mark that remembers the ledger outside the database: compared before anything is sold, and
//! kept up to date.

use crate::{
    app::config::Config,
    ledger::{checkpoint::Kept, history::Witness},
    processes,
    services::books::mark::{self, Mark},
    store::Store,
};
use anyhow::{Context as _, bail};

/// Compares the ledger with what is known of it outside, before anything is sold. When it is older,
/// what was sold since is not in it: all codes on hand are fenced. When it is another, the shop
/// finishes what is under way and begins nothing, until the owner decides.
pub async fn guard(config: &Config, store: &Store, known: Option<Kept>) -> anyhow::Result<()> {
    let path = &config.secrets.mark_file;
    let mark = read_mark(config)?;
    let signers = store.signers().await?;
    if let Some(mark) = mark.filter(|mark| !signers.signed(&mark.head)) {
        bail!(
            "{file} is of another ledger; is database.url right? If this ledger is new, delete \
             {file}. If this database is a copy from before its keys were changed, delete {file} \
             and start once with `lango serve --known-checkpoint {}`",
            mark.head.checkpoint.short(),
            file = path.display(),
        );
    }
    let mut lost = compare_with_mark(config, store).await?;
    if let Some(known) = known {
        lost = lost.max(store.compare_with(Witness::Person, &known).await?);
    }
    if lost > 0 {
        let fenced = store.fence_stock().await?;
        tracing::error!(
            lost,
            fenced,
            "this database is an older copy: at least {lost} events are missing. {fenced} codes \
             may have been sold since and are not for sale until `lango vouchers release`"
        );
    }
    if store.history_doubt().is_some() {
        return Ok(());
    }
    match write_mark(config, store, mark).await {
        // Found just now: what is under way is finished all the same.
        Err(_) if store.history_doubt().is_some() => Ok(()),
        written => written,
    }
}

/// Compares the ledger with the mark outside it, if there is one: a difference is a doubt of the
/// store's. Tells how many events are missing.
pub(super) async fn compare_with_mark(config: &Config, store: &Store) -> anyhow::Result<i64> {
    let Some(mark) = read_mark(config)? else { return Ok(0) };
    let missing = mark.checkpoints - store.read().checkpoint_count().await?;
    if missing > 0 {
        tracing::error!(
            missing,
            "{missing} checkpoints that stood beside the ledger are gone; run `lango audit verify`"
        );
    }
    Ok(store.compare_with(Witness::Mark, &Kept::Signed(mark.head)).await?)
}

/// What is known of the ledger outside it.
pub fn read_mark(config: &Config) -> anyhow::Result<Option<Mark>> {
    let path = &config.secrets.mark_file;
    let cannot = || format!("cannot read how far the ledger had come in {}", path.display());
    mark::read(path).with_context(cannot)
}

/// Notes outside the database how far its ledger has come, on the owner's word: whatever was known
/// before is settled.
pub async fn keep_mark(config: &Config, store: &Store) -> anyhow::Result<()> {
    write_mark(config, store, None).await
}

async fn write_mark(config: &Config, store: &Store, before: Option<Mark>) -> anyhow::Result<()> {
    let path = &config.secrets.mark_file;
    let Some(mark) = processes::note_mark(store).await? else { return Ok(()) };
    let written = mark::write(path, &mark.counting(before));
    written.with_context(|| format!("cannot write {}", path.display()))
}
