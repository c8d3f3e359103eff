//! Holding and allocating a code on PostgreSQL: our way, one writer that decides in memory, beside
//! the usual way, a row locked in each transaction.

use crate::{append::again_and_again, place};
use lango::{
    app,
    ledger::{
        command::{Command, Decision},
        event::{Event, NewEvent},
        kernel::{
            id::{PackageKey, PurchaseId, Slug, VoucherId},
            stream::Stream,
            time::Micros,
        },
        needs::Need,
        refusal::Refusal,
        voucher::{VoucherEvent, sale_once},
        world::World,
    },
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// More codes than are sold while it is measured.
const CODES: i64 = 400_000;

fn key() -> PackageKey {
    let slug = |text| Slug::parse(text).expect("a short name");
    PackageKey { site: slug("mtaa"), package: slug("daily") }
}

/// Holds a code and sells it, in one decision.
struct HoldAndAllocate {
    purchase: PurchaseId,
}

impl Command for HoldAndAllocate {
    fn needs(&self, world: &World) -> Vec<Need> {
        let mut needs = vec![Need::Stock(key())];
        let free = world.first_free(&key());
        needs.extend(free.map(|voucher| Need::Stream(Stream::Voucher(voucher))));
        needs
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        let voucher = world.first_free(&key()).ok_or(Refusal::SoldOut)?;
        let PackageKey { site, package } = key();
        let (purchase, (s, p)) = (self.purchase, (site.clone(), package.clone()));
        let of = |event| NewEvent::of(purchase, Stream::Voucher(voucher), Event::Voucher(event));
        let held = of(VoucherEvent::Reserved { site: s, package: p, purchase });
        let sold = of(VoucherEvent::Allocated { site, package, purchase });
        Ok(Decision::events(vec![held, sold.once(sale_once(voucher))]))
    }

    fn actor(&self) -> &'static str {
        "bench"
    }
}

/// Brings codes into stock, many in a commit.
struct Stock {
    vouchers: Vec<VoucherId>,
    batch: lango::ledger::kernel::id::BatchId,
}

impl Command for Stock {
    fn needs(&self, _: &World) -> Vec<Need> {
        vec![Need::Stock(key())]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        let imported = |voucher: &VoucherId| {
            let PackageKey { site, package } = key();
            let event = VoucherEvent::Imported { site, package, batch: self.batch };
            NewEvent::alone(Stream::Voucher(*voucher), Event::Voucher(event))
        };
        Ok(Decision::events(self.vouchers.iter().map(imported).collect()))
    }

    fn actor(&self) -> &'static str {
        "bench"
    }
}

/// Codes a second through the writer, each sold once.
pub async fn ours(url: &str, callers: usize) -> f64 {
    let store = place::open(url, place::KEY).await;
    let (clock, random) = app::machine();
    for _ in 0..CODES / 5_000 {
        let id = || random.id(clock.now());
        let vouchers = (0..5_000).map(|_| VoucherId(id())).collect();
        let stock = Stock { vouchers, batch: lango::ledger::kernel::id::BatchId(id()) };
        store.execute(stock).await.expect("codes come in");
    }
    let ((clock, random), writer) = (app::machine(), store.clone());
    let found = again_and_again(callers, move || {
        let command = HoldAndAllocate { purchase: PurchaseId(random.id(clock.now())) };
        let writer = writer.clone();
        async move {
            writer.execute(command).await.expect("a code is sold");
        }
    })
    .await;
    let free = store.read().offers(&key().site).await.expect("stock is read");
    assert!(free.is_empty(), "no package is defined here");
    store.close().await;
    found
}

/// Codes a second by `for update skip locked`, one transaction each.
pub async fn skip_locked(url: &str, callers: usize) -> f64 {
    let options: PgConnectOptions = url.parse().expect("an address");
    let connections = u32::try_from(callers).expect("a count");
    let pool = PgPoolOptions::new().max_connections(connections).connect_with(options).await;
    let pool = pool.expect("it opens");
    for sql in [
        "create table codes (id bigint primary key, state text not null, purchase text)",
        "create index free_codes on codes (id) where state = 'free'",
        "insert into codes select n, 'free', null from generate_series(1, 400000) as n",
        "analyze codes",
    ] {
        sqlx::query(sql).execute(&pool).await.expect("it is made");
    }
    let ((clock, random), codes) = (app::machine(), pool.clone());
    let found = again_and_again(callers, move || {
        let (codes, purchase) = (codes.clone(), random.id(clock.now()).to_string());
        async move {
            sqlx::query(
                "update codes set state = 'sold', purchase = $1
                 where id = (
                   select id from codes where state = 'free'
                   order by id limit 1 for update skip locked
                 )",
            )
            .bind(purchase)
            .execute(&codes)
            .await
            .expect("a code is sold");
        }
    })
    .await;
    pool.close().await;
    found
}

/// One of the two events that sell a code, for [`crate::append::copy`].
pub fn event() -> (&'static str, String) {
    let (PackageKey { site, package }, purchase) = (key(), PurchaseId(uuid::Uuid::nil()));
    let event = VoucherEvent::Allocated { site, package, purchase };
    ("voucher_allocated", serde_json::to_string(&event).expect("plain data"))
}
