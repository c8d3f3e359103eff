//! A thief with the database and no key. Nobody promises that such a one can do nothing; the
//! promise is that it is found. What is done here is done when all else was checked.

use super::world::Day;
use crate::{
    books::altered_history::{rehash, tamper},
    town,
};
use lango::store::Store;

/// What a thief may do beside the ledger, each in one statement for either database.
const DEEDS: [(&str, &str); 5] = [
    (
        "two links swapped",
        "update links set purchase = (
           select max(other.purchase) from links as other where other.purchase <> links.purchase
         )
         where purchase = (select min(purchase) from links)
           and exists (select 1 from links as other where other.purchase <> links.purchase)",
    ),
    ("a role raised", "update staff set role = 'owner' where role <> 'owner'"),
    (
        "a code put into stock again",
        "insert into stock (voucher, site, package, since, holder, away)
         select substr(stream, 9), site, package, 0, null, 0 from events
         where kind = 'voucher_allocated' order by position limit 1",
    ),
    ("a count of codes changed", "update stock_counts set free = free + 1"),
    ("a debt taken away", "delete from owed"),
];

/// The price that somebody was asked, as if it had been lower.
const LOWER: &str =
    "update events set data = replace(data, '\"price_cents\":', '\"price_cents\":-')
    where position = (select max(position) from events where data like '%\"price_cents\":%')";

impl Day {
    /// Somebody alters the past, or what stands beside the ledger; the shop finds it.
    pub fn finds_tampering(&mut self) {
        if self.broken.is_some() {
            return;
        }
        if self.dice.percent(30) {
            return self.finds_another_past();
        }
        let (what, statement) = *self.dice.pick(&DEEDS).unwrap();
        let url = self.parts.url.clone();
        let altered = self.unharmed(|_| async move { town::sql(&url, statement).await.unwrap() });
        if altered.unwrap_or_default() == 0 {
            return;
        }
        let found = self.unharmed(|context| async move { is_found(&context.store).await });
        self.was_found(what, found);
    }

    /// Under a shop that runs nobody need leave the checkpoints; before one that is started again
    /// they are what tells.
    fn finds_another_past(&mut self) {
        let (url, runs) = (self.parts.url.clone(), self.dice.percent(50));
        let what = if runs { "another past, and no checkpoint" } else { "another past" };
        let signed = self.unharmed(move |context| async move {
            context.store.take_checkpoint().await.unwrap();
            tamper(&url, LOWER).await;
            rehash(&url, 1).await;
            if runs {
                tamper(&url, "delete from checkpoints").await;
                return context.store.take_checkpoint().await.is_ok();
            }
            false
        });
        if !runs {
            self.closes();
        }
        let found = signed.map(|signed| !signed);
        let found = found.filter(|_| runs).or_else(|| {
            self.unharmed(|context| async move {
                context.store.history_doubt().is_some() && is_found(&context.store).await
            })
        });
        self.was_found(what, found);
    }

    fn was_found(&mut self, what: &str, found: Option<bool>) {
        self.story.tell("a thief", what);
        if found != Some(true) {
            self.breaks("what is altered is found", what);
        }
    }
}

async fn is_found(store: &Store) -> bool {
    let verified = store.verify().await.is_ok_and(|audit| audit.is_good());
    let vault = store.vault_now().await.unwrap();
    let beside = store.read().verify_beside(Some(&*vault)).await;
    !verified || !beside.is_ok_and(|beside| beside.is_good())
}
