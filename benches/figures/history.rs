//! A ledger with a past: as many events as wished, of sales like any other, made by the writer in
//! large commits. What is measured on it: verifying and rebuilding.

use crate::{machine::Process, place, rate};
use lango::{
    app,
    ledger::{
        command::{Command, Decision},
        event::{Event, NewEvent},
        kernel::{
            chain::GENESIS,
            id::{
                BatchId, ContactId, MessageId, PackageKey, PaymentId, PurchaseId, ReceiptId, Slug,
                VoucherId,
            },
            money::Cents,
            stream::Stream,
            time::Micros,
        },
        message::{MessageEvent, Purpose, sms_once},
        needs::Need,
        payment::{Learnt, PaymentEvent},
        purchase::{Language, PurchaseEvent, form_once},
        receipt::{ReceiptEvent, receipt_once},
        refusal::Refusal,
        voucher::{VoucherEvent, sale_once},
        world::World,
    },
};
use serde_json::{Map, Value, json};
use std::time::Instant;
use uuid::Uuid;

/// How many sales share a commit.
const SALES_AT_ONCE: usize = 200;

/// How many events a sale has.
const EVENTS_OF_A_SALE: usize = 15;

/// Sales that went well, one after another.
struct Sales {
    ids: Vec<[Uuid; 6]>,
}

fn slugs() -> (Slug, Slug) {
    let slug = |text| Slug::parse(text).expect("a short name");
    (slug("old"), slug("daily"))
}

impl Command for Sales {
    fn needs(&self, _: &World) -> Vec<Need> {
        let (site, package) = slugs();
        vec![Need::Stock(PackageKey { site, package })]
    }

    fn decide(&self, _: &World, _: Micros) -> Result<Decision, Refusal> {
        Ok(Decision::events(self.ids.iter().flat_map(sale).collect()))
    }

    fn actor(&self) -> &'static str {
        "bench"
    }
}

fn sale(ids: &[Uuid; 6]) -> Vec<NewEvent> {
    let [purchase, payment, voucher, receipt, message, contact] = *ids;
    let (purchase, payment, voucher) =
        (PurchaseId(purchase), PaymentId(payment), VoucherId(voucher));
    let (receipt, message, contact) = (ReceiptId(receipt), MessageId(message), ContactId(contact));
    let ((site, package), amount_cents) = (slugs(), Cents::from_kes(50));
    let (s, p) = (|| site.clone(), || package.clone());
    let batch = BatchId(Uuid::nil());
    let of_voucher =
        |event| NewEvent::of(purchase, Stream::Voucher(voucher), Event::Voucher(event));
    let of_purchase =
        |event| NewEvent::of(purchase, Stream::Purchase(purchase), Event::Purchase(event));
    let of_payment =
        |event| NewEvent::of(purchase, Stream::Payment(payment), Event::Payment(event));
    let of_receipt =
        |event| NewEvent::of(purchase, Stream::Receipt(receipt), Event::Receipt(event));
    let imported = VoucherEvent::Imported { site: s(), package: p(), batch };
    let events = vec![
        NewEvent::alone(Stream::Voucher(voucher), Event::Voucher(imported)),
        of_purchase(PurchaseEvent::Started {
            site: s(),
            package: p(),
            package_version: 1,
            amount_cents,
            contact,
            device: None,
            voucher,
            language: Language::En,
        })
        .once(form_once(&purchase.to_string())),
        of_voucher(VoucherEvent::Reserved { site: s(), package: p(), purchase }),
        of_payment(PaymentEvent::Requested {
            site: s(),
            package: p(),
            purchase,
            attempt: 1,
            amount_cents,
            payer: contact,
            delay_seconds: 0,
        }),
        of_payment(PaymentEvent::Submitted { provider: "mpesa".into(), receiver: None }),
        of_payment(PaymentEvent::Prompted {}),
        of_payment(PaymentEvent::Confirmed {
            site: s(),
            package: p(),
            amount_cents,
            learnt: Learnt::Callback,
            receipt: Some(receipt),
            paid_at: None,
        }),
        of_receipt(ReceiptEvent::Recorded {
            provider: "mpesa".into(),
            amount_cents,
            paid_at: None,
        })
        .once(receipt_once("mpesa", &receipt.to_string())),
        of_receipt(ReceiptEvent::Applied { payment }),
        of_voucher(VoucherEvent::Allocated { site: s(), package: p(), purchase })
            .once(sale_once(voucher)),
        of_purchase(PurchaseEvent::Fulfilled {
            site: s(),
            package: p(),
            amount_cents,
            payment,
            voucher,
        }),
    ];
    [events, told(purchase, message, contact)].concat()
}

/// The SMS of a sale.
fn told(purchase: PurchaseId, message: MessageId, contact: ContactId) -> Vec<NewEvent> {
    let of = |event| NewEvent::of(purchase, Stream::Message(message), Event::Message(event));
    let gateway = || "first".to_owned();
    let queued = MessageEvent::Queued { purchase: Some(purchase), contact, purpose: Purpose::Code };
    vec![
        of(queued).once(sms_once(purchase, 1)),
        of(MessageEvent::Submitted { gateway: gateway() }),
        of(MessageEvent::Accepted { gateway: gateway() }),
        of(MessageEvent::Delivered {}),
    ]
}

/// Adds about so many events to a ledger.
pub async fn grow(url: &str, key: [u8; 32], events: usize) {
    if events == 0 {
        return;
    }
    let store = place::open(url, key).await;
    let (clock, random) = app::machine();
    for _ in 0..events.div_ceil(EVENTS_OF_A_SALE * SALES_AT_ONCE) {
        let ids = || std::array::from_fn(|_| random.id(clock.now()));
        let ids = (0..SALES_AT_ONCE).map(|_| ids()).collect();
        store.execute(Sales { ids }).await.expect("sales are recorded");
    }
    while Box::pin(store.project()).await.expect("projections are folded") > 0 {}
    store.close().await;
}

/// Events a second that are read and verified; beside it hashing alone, in memory.
pub async fn verify(url: &str, key: [u8; 32]) -> Value {
    let store = place::open(url, key).await;
    let begun = Instant::now();
    let audit = store.verify().await.expect("the ledger is read");
    let verified = rate(usize::try_from(audit.events).expect("a count"), begun);
    assert!(audit.is_good(), "{:?}", audit.findings);
    let events = store.read().events_after(0, 10_000).await.expect("the ledger is read");
    let (begun, mut hash, rounds) = (Instant::now(), GENESIS, 20);
    for _ in 0..rounds {
        hash = events.iter().fold(hash, |hash, event| event.link().hash(&hash));
    }
    let hashed = rate(events.len() * rounds, begun);
    store.close().await;
    json!({ "events_per_second": verified, "of_sha_256_alone": verified / hashed })
}

/// Events a second in which what stands beside the ledger is held to it, and how many MiB that
/// takes at most.
pub async fn verify_beside(url: &str, key: [u8; 32]) -> Value {
    let store = place::open(url, key).await;
    let events = usize::try_from(store.read().last_position().await.expect("it is read"));
    Process::this().forget_peak();
    let (before, begun) = (Process::this().mib("VmRSS:"), Instant::now());
    let (books, vault) = (store.read(), store.vault());
    Box::pin(books.verify_beside(Some(&*vault))).await.expect("all of it is read");
    let rate = rate(events.expect("a count"), begun);
    store.close().await;
    json!({ "events_per_second": rate, "mib": Process::this().mib("VmHWM:") - before })
}

/// What a rebuild made of all events: events a second of all projections together, and of each.
pub async fn rebuild(url: &str, key: [u8; 32]) -> Value {
    let store = place::open(url, key).await;
    let events = usize::try_from(store.read().last_position().await.expect("it is read"));
    let events = events.expect("a count");
    let (begun, mut found) = (Instant::now(), Map::new());
    let mut since = begun;
    let told = store.rebuild_projections(|step| {
        if step.position == step.head {
            found.insert(step.projection.to_owned(), rate(events, since).into());
            since = Instant::now();
        }
    });
    Box::pin(told).await.expect("projections are rebuilt");
    found.insert("events_per_second".to_owned(), rate(events, begun).into());
    store.close().await;
    Value::Object(found)
}
