//! SIGKILL at random moments under load. Whatever was cut off, nothing that must always be true is
//! broken: no code sold twice, no phone prompted twice, none texted twice but where nobody knew of
//! the first, no shilling lost.
//!
//! `make test` runs the short form, `make crash` the long one (`LANGO_TEST_KILLS` says how many).

use crate::{
    outside::{Shop, msisdn},
    town::{Clerk, Ledger, PASSWORD, checks},
};
use lango::{
    app,
    ledger::{
        kernel::{id::PaymentId, time::SECOND},
        payment::{PaymentStatus, account_reference},
    },
    ports::{Clock as _, SystemClock},
    store::{Opening, Reader, Sealed, Store},
};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

const KILLS: usize = 5;
const BUYERS: usize = 6;
/// The shortest life of the shop between two kills, and by how much a long one is longer, in ms.
const LIFE_MS: usize = 20;
const LIFE_MS_MORE: usize = 680;
/// So long after the last kill M-PESA has been asked about everything, in seconds.
const SETTLED_SECONDS: i64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_loses_no_shilling_and_sells_no_code_twice() {
    let kills = kills();
    let shop = Arc::new(Shop::open().await);
    stock(&shop, 400 * kills);
    shop.daraja.set_faults(|faults| faults.pin_after_ms = Some(30));
    let crowd = Crowd::default();
    let mut buyers = crowd.come(&shop);
    for kill in 0..kills {
        let serving = shop.start().await;
        tokio::time::sleep(life(kill)).await;
        serving.kill();
    }
    let serving = shop.start().await;
    crowd.enough.store(true, Ordering::SeqCst);
    while buyers.join_next().await.is_some() {}
    let store = open(&shop).await;
    all_is_settled(&shop, &store).await;
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    check(&shop, &store, crowd.next.load(Ordering::SeqCst)).await;
}

/// How many codes a file has that is cut off, and how often that happens.
const FILE_CODES: u64 = 8_000;
const FILE_KILLS: usize = 2;
/// A busy machine takes long to read a file; nothing is said here of how long.
const FILE_PATIENCE: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_codes_goes_in_whole_and_once_however_often_the_shop_is_killed() {
    let shop = Shop::open().await;
    let name = "Fundi Barasa";
    fs::write(shop.place.path("password"), PASSWORD).unwrap();
    let add =
        ["staff", "add", "--role", "technician", "--name", name, "--password-file", "password"];
    shop.place.good(&add);
    let staff = shop.place.json(&["staff", "list", "--json"]);
    let id = staff[0]["id"].as_str().unwrap().parse().unwrap();
    let books = Reader::open(&shop.place.ledger()).await.unwrap();
    let free = async || u64::try_from(books.on_hand().await.unwrap().len()).unwrap();
    let before = free().await;
    let mut serving = shop.start().await;
    let mut fundi = Clerk::new((name, id), shop.staff, shop.client.clone());
    fundi.signs_in().await;
    let mut list = "/ip hotspot user\n".to_owned();
    for n in 0..FILE_CODES {
        writeln!(list, "add name=KF{n:05}X password=KF{n:05}X profile=daily").unwrap();
    }
    fundi.opens("/admin/stock/upload").await;
    fundi.brings("codes.rsc", list.as_bytes()).await;
    let preview = fundi.at.clone();
    fundi.sends(&preview, &[]).await;
    let more_than = async |codes: u64| {
        let coming = async {
            while free().await - before <= codes {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let came = tokio::time::timeout(FILE_PATIENCE, coming).await;
        assert!(came.is_ok(), "no more codes came: {}", shop.place.log());
    };
    let (mut taken, mut cut_off) = (0, 0);
    for _ in 0..FILE_KILLS {
        more_than(taken).await;
        serving.kill();
        taken = (free().await - before).min(FILE_CODES - 1);
        cut_off += usize::from(taken < FILE_CODES - 1);
        serving = shop.start().await;
    }
    assert!(cut_off > 0, "no kill came in time");
    more_than(FILE_CODES - 1).await;
    assert_eq!(free().await - before, FILE_CODES, "none is there twice");
    books.close().await;
    // The file itself goes a moment later.
    let goes = async {
        fundi.opens("/admin/stock").await;
        while fundi.text().contains("Not in stock yet") {
            fundi.opens("/admin/stock").await;
        }
    };
    tokio::time::timeout(FILE_PATIENCE, goes).await.expect("the file goes");
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    assert!(shop.place.good(&["audit", "verify"]).contains("each follows"));
    assert!(shop.place.good(&["projections", "rebuild", "--compare"]).contains("equals"));
}

#[expect(clippy::disallowed_methods, reason = "the one switch of a test, which has no config")]
fn kills() -> usize {
    std::env::var("LANGO_TEST_KILLS").map_or(KILLS, |text| text.parse().unwrap())
}

/// How long the shop lives before a kill: scattered, and the same in every run. Where in its work
/// that hits it differs each time.
fn life(kill: usize) -> Duration {
    let scattered = LIFE_MS + (kill + 1) * 7_919 % LIFE_MS_MORE;
    Duration::from_millis(u64::try_from(scattered).unwrap())
}

/// Buyers who come one after the other and never stop.
#[derive(Clone, Default)]
struct Crowd {
    next: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
}

impl Crowd {
    fn come(&self, shop: &Arc<Shop>) -> JoinSet<()> {
        let mut buyers = JoinSet::new();
        for _ in 0..BUYERS {
            let (crowd, shop) = (self.clone(), Arc::clone(shop));
            buyers.spawn(async move {
                while !crowd.enough.load(Ordering::SeqCst) {
                    let number = crowd.next.fetch_add(1, Ordering::SeqCst);
                    crowd.one_buys(&shop, number).await;
                }
            });
        }
        buyers
    }

    /// Sends the same form until the shop is there to answer it.
    async fn one_buys(&self, shop: &Shop, number: usize) {
        let form = [
            ("package", "daily".to_owned()),
            ("version.daily", "1".to_owned()),
            ("phone", phone(number)),
            ("nonce", format!("crash-{number}")),
            ("mac", format!("02:00:00:{:02X}:{:02X}:00", number / 256, number % 256)),
        ];
        let to = format!("http://{}/s/mtaa/buy", shop.listen);
        while !self.enough.load(Ordering::SeqCst) {
            let answer = shop.client.post(&to).form(&form).send().await;
            if answer.is_ok_and(|answer| answer.status().as_u16() == 303) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn phone(number: usize) -> String {
    format!("07{:08}", 20_000_000 + number)
}

fn stock(shop: &Shop, codes: usize) {
    let mut list = String::new();
    for n in 0..codes {
        writeln!(list, "K{n:06}").unwrap();
    }
    fs::write(shop.place.path("codes.txt"), list).unwrap();
    shop.place.good(&["vouchers", "import", "--site", "mtaa", "--package", "daily", "codes.txt"]);
}

async fn open(shop: &Shop) -> Store {
    let (clock, random) = app::machine();
    let key = fs::read_to_string(shop.place.path("lango.key")).unwrap();
    let opening = Opening {
        url: shop.place.ledger(),
        master: app::parse_key(key.trim()).unwrap(),
        zone: app::nairobi(),
        clock,
        random,
    };
    Store::open(opening).await.unwrap()
}

/// Waits until the shop knows of all the money that it can learn of.
async fn all_is_settled(shop: &Shop, store: &Store) {
    let deadline = SystemClock.now().plus(SETTLED_SECONDS * SECOND);
    while SystemClock.now() < deadline {
        let ledger = Ledger::read(store).await;
        let mut to_be_learnt = 0;
        for payment in unknown(shop, &ledger) {
            to_be_learnt += usize::from(!is_nameless(store, payment).await);
        }
        if to_be_learnt == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The account references of all payments that are known to be paid.
fn references(ledger: &Ledger) -> BTreeSet<String> {
    ledger.confirmed().keys().map(|payment| account_reference(*payment)).collect()
}

/// Payments on M-PESA's books of which the shop does not know that they are paid.
fn unknown(shop: &Shop, ledger: &Ledger) -> Vec<PaymentId> {
    let known = references(ledger);
    let unknown: BTreeSet<_> =
        shop.daraja.books().into_iter().map(|entry| entry.reference).collect();
    let is_unknown = |payment: &PaymentId| {
        let reference = account_reference(*payment);
        unknown.contains(&reference) && !known.contains(&reference)
    };
    ledger.payment_ids().into_iter().filter(is_unknown).collect()
}

/// Whether the shop was killed between M-PESA's yes and our note of it: then M-PESA cannot be asked
/// by its own name for the payment, and only a callback tells.
async fn is_nameless(store: &Store, payment: PaymentId) -> bool {
    store.open_sealed(Sealed::ProviderRefs(payment)).await.unwrap().is_none()
}

async fn check(shop: &Shop, store: &Store, buyers: usize) {
    assert_eq!(store.verify().await.unwrap().findings, []);
    while store.project().await.unwrap() > 0 {}
    assert_eq!(store.compare_projections().await.unwrap(), []);
    assert_eq!(store.read().compare_decision_tables().await.unwrap(), []);
    let ledger = Ledger::read(store).await;
    checks::money_ended_well(&ledger);
    checks::no_code_sold_twice(&ledger);
    let mut texted_again = 0;
    for number in 0..buyers {
        let phone = msisdn(&phone(number));
        assert!(shop.daraja.prompts(&phone).len() <= 1, "{phone} was prompted twice");
        let texts = shop.sms.inbox(&phone).len();
        assert!(texts <= 2, "{phone} was texted {texts} times");
        texted_again += texts.saturating_sub(1);
    }
    // An SMS that may have left is sent once more.
    assert!(texted_again <= ledger.count("message_unconfirmed"), "texted twice without a doubt");
    let (books, known) = (shop.daraja.books(), references(&ledger));
    let on_the_books: BTreeSet<_> = books.iter().map(|entry| entry.reference.clone()).collect();
    assert!(known.is_subset(&on_the_books), "money that M-PESA knows nothing of");
    let open = unknown(shop, &ledger);
    for payment in &open {
        // Not known, and above all not called failed: it is asked about for a day, and then stands
        // in the list for a person.
        assert!(is_nameless(store, *payment).await, "payment {payment} could have been learnt");
        let status = store.read().payment(*payment).await.unwrap().unwrap().status;
        let waits = [PaymentStatus::Submitted, PaymentStatus::SubmitUnknown].contains(&status);
        assert!(waits, "payment {payment} was paid and is called {status:?}");
    }
    let sold = ledger.sales().len();
    println!("{buyers} buyers, {} paid, {sold} sold, {} not known", books.len(), open.len());
    assert!(sold > 0, "somebody bought");
}

crate::on_postgres_too! {
    a_file_of_codes_goes_in_whole_and_once_however_often_the_shop_is_killed,
    killed_again_and_again_it_loses_no_shilling_and_sells_no_code_twice,
}
