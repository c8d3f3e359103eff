//! A thief with the database and no key. Nobody promises that such a one can do nothing; the
//! promise is that it is found. What is done here is done when all else was checked.

use super::world::Day;
use crate::town;
use lango::store::Store;

/// What a thief may do, each in one statement for either database.
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

impl Day {
    /// Somebody alters what stands beside the ledger; the shop finds it.
    pub fn finds_tampering(&mut self) {
        if self.broken.is_some() {
            return;
        }
        let (what, statement) = *self.dice.pick(&DEEDS).unwrap();
        let url = self.parts.url.clone();
        let altered = self.unharmed(|_| async move { town::sql(&url, statement).await.unwrap() });
        if altered.unwrap_or_default() == 0 {
            return;
        }
        self.story.tell("a thief", what);
        let found = self.unharmed(|context| async move { is_found(&context.store).await });
        if found != Some(true) {
            self.breaks("what is altered is found", what);
        }
    }
}

async fn is_found(store: &Store) -> bool {
    let verified = store.verify().await.is_ok_and(|audit| audit.is_good());
    let vault = store.vault_now().await.unwrap();
    let beside = store.verify_beside(Some(&*vault)).await;
    !verified || !beside.is_ok_and(|beside| beside.is_good())
}
