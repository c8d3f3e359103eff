//! Finds the vouchers of a code at all sites, and the sites whose routers differ. An import decides
//! by the same ([`crate::commands::stock::import_vouchers`]).

use crate::{
    ledger::{
        catalogue::SiteEvent,
        event::Event,
        kernel::{
            fingerprint::Fingerprint,
            id::{Slug, VoucherId},
            stream::Stream,
        },
        voucher::{Voucher, code_once},
    },
    store::{
        Reader, VoucherCode,
        database::{
            Database,
            sql::{Row, SetRow, query, set_row},
        },
        error::{Attempt, StoreError},
        vault::{Vault, keyring::Keyring, lookup::Lookup, sealed::Sealed},
    },
};
use std::collections::{BTreeSet, HashMap};

/// So many rows from before are filled in one commit: buyers wait no longer than for that.
const ROWS_PER_COMMIT: i64 = 2_000;

fn fingerprint(row: &Row, at: usize) -> Result<Fingerprint, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "voucher_codes", column: "shop_wide" };
    row.get::<Vec<u8>>(at).try_into().map_err(unreadable)
}

impl Reader {
    /// Where a voucher stands.
    pub async fn voucher(&self, id: VoucherId) -> Result<Option<Voucher>, StoreError> {
        Ok(self.vouchers_by_id([id]).await?.remove(&id))
    }

    /// The vouchers that have each of these codes ([`Lookup::ShopWideCode`]), by the vault and by
    /// the names in the ledger; those that nobody knows are left out.
    pub async fn holders_of_codes(
        &self,
        codes: &[Fingerprint],
    ) -> Result<HashMap<Fingerprint, Vec<Voucher>>, StoreError> {
        let mut holders: HashMap<Fingerprint, BTreeSet<VoucherId>> = HashMap::new();
        let rows = query(
            "select shop_wide, voucher from voucher_codes
             where shop_wide in (select given.shop_wide from {given: shop_wide bytes})",
        )
        .given(codes.iter().map(|code| set_row![code]).collect())
        .all(&self.pool)
        .await
        .attempt("find codes at all sites")?;
        for row in &rows {
            let voucher = row.parse(1, "voucher_codes", "voucher")?;
            holders.entry(fingerprint(row, 0)?).or_default().insert(voucher);
        }
        let mut asked = codes.to_vec();
        let mut nth = 1;
        while !asked.is_empty() {
            let named = self.named(&asked, nth).await?;
            asked = named.iter().map(|(code, _)| *code).collect();
            for (code, voucher) in named {
                holders.entry(code).or_default().insert(voucher);
            }
            nth += 1;
        }
        let ids: BTreeSet<VoucherId> = holders.values().flatten().copied().collect();
        let vouchers = self.vouchers_by_id(ids).await?;
        let known = |ids: BTreeSet<VoucherId>| -> Vec<Voucher> {
            ids.iter().filter_map(|id| vouchers.get(id).cloned()).collect()
        };
        Ok(holders.into_iter().map(|(code, ids)| (code, known(ids))).collect())
    }

    /// The vouchers with which these codes came in for the `nth` time.
    async fn named(
        &self,
        codes: &[Fingerprint],
        nth: usize,
    ) -> Result<Vec<(Fingerprint, VoucherId)>, StoreError> {
        let names: HashMap<String, Fingerprint> =
            codes.iter().map(|code| (code_once(code, nth), *code)).collect();
        let rows = query(
            "select once, stream from events
             where once is not null and once in (select once from {given: once text})",
        )
        .given(names.keys().map(|name| set_row![name]).collect())
        .all(&self.pool)
        .await
        .attempt("find codes by their names")?;
        let pair = |row: &Row| match row.parse(1, "events", "stream")? {
            Stream::Voucher(id) => Ok((names[row.get::<&str>(0)], id)),
            _ => Err(StoreError::BadRow { table: "events", column: "once" }),
        };
        rows.iter().map(pair).collect()
    }

    /// Where vouchers stand; those that there are not are left out.
    pub async fn vouchers_by_id(
        &self,
        ids: impl IntoIterator<Item = VoucherId>,
    ) -> Result<HashMap<VoucherId, Voucher>, StoreError> {
        let streams: Vec<SetRow<'_>> =
            ids.into_iter().map(|id| set_row![Stream::Voucher(id).to_string()]).collect();
        let rows = query(
            "select stream, kind, schema, data from events
             where stream in (select stream from {given: stream text})
             order by stream, version",
        )
        .given(streams)
        .all(&self.pool)
        .await
        .attempt("read vouchers")?;
        let mut vouchers: HashMap<VoucherId, Voucher> = HashMap::new();
        for row in &rows {
            let stream: Stream = row.parse(0, "events", "stream")?;
            let event = Event::decode(&stream, row.get(1), row.get(2), row.get(3))?;
            if let (Stream::Voucher(id), Event::Voucher(event)) = (stream, event)
                && let Some(next) = Voucher::evolve(vouchers.get(&id), &event)
            {
                vouchers.insert(id, next);
            }
        }
        Ok(vouchers)
    }

    /// The sites of which a person said that their routers are others than this one's.
    pub async fn sites_of_other_routers(&self, site: &Slug) -> Result<BTreeSet<Slug>, StoreError> {
        // `.` follows `-` in ASCII: all streams that begin with `site-`.
        let rows = query(
            "select stream, kind, schema, data from events
             where stream >= 'site-' and stream < 'site.' and kind = 'site_router_differs'",
        )
        .all(&self.pool)
        .await
        .attempt("read whose routers are told apart")?;
        let mut others = BTreeSet::new();
        for row in &rows {
            let stream: Stream = row.parse(0, "events", "stream")?;
            let event = Event::decode(&stream, row.get(1), row.get(2), row.get(3))?;
            if let Event::Site(SiteEvent::RouterDiffers { site: one, other }) = event {
                if one == *site {
                    others.insert(other);
                } else if other == *site {
                    others.insert(one);
                }
            }
        }
        Ok(others)
    }

    /// Codes in stock that another site has too, though nobody said that their routers differ: they
    /// came in before an import looked there. Where they are, who else has them, and how many.
    pub async fn stocked_twice(&self) -> Result<Vec<(Slug, Slug, i64)>, StoreError> {
        let rows = query(
            "select stock.site, origin.site, count(*)
             from stock
             join voucher_codes as here on here.voucher = stock.voucher
             join voucher_codes as there
               on there.shop_wide = here.shop_wide and there.voucher <> here.voucher
             join events as origin
               on origin.stream = 'voucher-' || there.voucher and origin.version = 1
             where origin.site <> stock.site
             group by stock.site, origin.site
             order by stock.site, origin.site",
        )
        .all(&self.pool)
        .await
        .attempt("look for codes at two sites")?;
        let mut twice = vec![];
        for row in &rows {
            let site: Slug = row.parse(0, "stock", "site")?;
            let other: Slug = row.parse(1, "events", "site")?;
            if !self.sites_of_other_routers(&site).await?.contains(&other) {
                twice.push((site, other, row.get(2)));
            }
        }
        Ok(twice)
    }

    /// Whether there are codes from before they were found at all sites.
    async fn has_unfilled(&self) -> Result<bool, StoreError> {
        let row = query("select 1 from voucher_codes where shop_wide is null limit 1")
            .first(&self.pool)
            .await
            .attempt("look for codes from before")?;
        Ok(row.is_some())
    }

    /// Has codes from before found at all sites. Cut off, the next opening goes on.
    pub(in crate::store) async fn fill_shop_wide(
        &self,
        database: &Database,
        keyring: &Keyring,
    ) -> Result<(), StoreError> {
        let mut filled = 0;
        while self.has_unfilled().await? {
            filled += fill_page(database, keyring).await?;
        }
        if filled > 0 {
            tracing::info!(filled, "{filled} codes from before are found at all sites now");
        }
        Ok(())
    }
}

async fn fill_page(database: &Database, keyring: &Keyring) -> Result<usize, StoreError> {
    let (mut transaction, _) = database.begin().await?;
    let vault = keyring.as_of(&mut transaction).await?;
    let rows = query(
        "select voucher, sealed, fingerprint from voucher_codes where shop_wide is null limit $1",
    )
    .bind(ROWS_PER_COMMIT)
    .all(&mut transaction)
    .await
    .attempt("read codes from before")?;
    let mut filled = vec![];
    for row in &rows {
        let voucher: VoucherId = row.parse(0, "voucher_codes", "voucher")?;
        let shop_wide = shop_wide(&vault, voucher, &row.get::<Vec<u8>>(1));
        if shop_wide.is_none() {
            tracing::error!(%voucher, "the code of voucher {voucher} does not open");
        }
        // A row that does not open must not keep the shop shut: it is found at its own site only.
        let found_by = shop_wide.map_or_else(|| row.get::<Vec<u8>>(2), |found| found.to_vec());
        filled.push(set_row![voucher, found_by]);
    }
    let count = filled.len();
    query(
        "update voucher_codes set shop_wide = given.shop_wide
         from {given: filled text, shop_wide bytes}
         where voucher_codes.voucher = given.filled",
    )
    .given(filled)
    .run(&mut transaction)
    .await
    .attempt("fill codes from before")?;
    transaction.commit().await.attempt("fill codes from before")?;
    Ok(count)
}

fn shop_wide(vault: &Vault, voucher: VoucherId, sealed: &[u8]) -> Option<Fingerprint> {
    let plain = vault.unseal(&Sealed::Code(voucher).context(), sealed).ok()?;
    let code: VoucherCode = serde_json::from_slice(&plain).ok()?;
    Some(vault.fingerprint(Lookup::ShopWideCode(&code.code)))
}
