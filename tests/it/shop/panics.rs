//! Bugs: a command, a message, a page or the writer itself panics. Nobody else is harmed, nothing
//! is lost, and what panics again and again waits for a person.

use crate::{
    cli::Place,
    outside::{Shop, in_time},
    serving::Serving,
    town::{Customer, Plan, Town, sql},
};
use lango::{
    app,
    commands::catalogue::RegisterSite,
    ledger::{
        command::{Command, Decision},
        kernel::{id::Slug, phone::Phone, stream::Stream, time::Micros},
        needs::Need,
        purchase::Language,
        refusal::Refusal,
        staff::Role,
        world::World,
    },
    processes::{self, context::Digest},
    simulators::daraja::Throttle,
    store::{CommandError, RawMessage, Store, StoreError},
};
use std::sync::{Mutex, mpsc};

const PAID: &str = "Paid. Here is your code";

/// A command with a bug.
enum Bug {
    InItsNeeds,
    InItsDecision,
    /// One need always leads to the next.
    WithoutEnd,
    /// It looks at what it did not ask for.
    Peeping,
    /// It does not end before it is let go.
    Hanging(Mutex<mpsc::Receiver<()>>),
}

fn site(name: &str) -> Slug {
    Slug::parse(name).unwrap()
}

impl Command for Bug {
    fn needs(&self, world: &World) -> Vec<Need> {
        match self {
            Self::InItsNeeds => panic!("a bug in the needs of a command"),
            Self::WithoutEnd => {
                let need = |n: &i64| Need::Once(format!("step:{n}"));
                vec![need(&(0..1_000).find(|n| !world.has(&need(n))).unwrap())]
            }
            Self::InItsDecision | Self::Peeping | Self::Hanging(_) => vec![],
        }
    }

    fn decide(&self, world: &World, _: Micros) -> Result<Decision, Refusal> {
        match self {
            Self::InItsDecision => panic!("a bug in the decision of a command"),
            Self::Peeping => assert!(world.site(&site("mtaa")).is_none(), "a site looks absent"),
            // The writer hangs, and the thread that it is on does not keep others from going on.
            Self::Hanging(until) => {
                tokio::task::block_in_place(|| until.lock().unwrap().recv().unwrap());
            }
            Self::InItsNeeds | Self::WithoutEnd => {}
        }
        Ok(Decision::default())
    }

    fn actor(&self) -> &'static str {
        "test"
    }
}

async fn registers(store: &Store, name: &str) -> bool {
    let login = "http://10.5.50.1/login".into();
    store.execute(RegisterSite::new(site(name), name.into(), login)).await.is_ok()
}

#[tokio::test]
async fn a_command_that_panics_is_refused_alone() {
    let town = Town::open().await;
    let store = town.store();
    // Without a pause between them, so that they are decided together.
    let (first, needs, decision, second, endless, peeping, third) = tokio::join!(
        registers(store, "first"),
        store.execute(Bug::InItsNeeds),
        store.execute(Bug::InItsDecision),
        registers(store, "second"),
        store.execute(Bug::WithoutEnd),
        store.execute(Bug::Peeping),
        registers(store, "third"),
    );
    assert!(first && second && third, "their neighbours are not harmed");
    for refused in [needs, decision, endless, peeping] {
        let is_bug = matches!(refused, Err(CommandError::Failed(StoreError::Panicked)));
        assert!(is_bug, "{refused:?}");
    }
    for name in ["first", "second", "third"] {
        assert!(!store.read().stream_events(&Stream::Site(site(name))).await.unwrap().is_empty());
    }
    assert!(registers(store, "fourth").await, "the writer goes on");
    town.close().await;
}

#[tokio::test]
async fn a_writer_that_hangs_is_not_ready() {
    let town = Town::open().await;
    let ready = || async {
        let answer = reqwest::get(town.url("/readyz")).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ready().await, (200, "ok\n".into()));
    let (let_go, until) = mpsc::channel();
    let store = town.store().clone();
    let hanging = tokio::spawn(async move { store.execute(Bug::Hanging(Mutex::new(until))).await });
    let said = ready().await;
    assert_eq!(said, (503, "the writer does not answer\n".into()));
    let alive = reqwest::get(town.url("/healthz")).await.unwrap();
    assert_eq!(alive.status(), 200, "the program runs");
    let_go.send(()).unwrap();
    hanging.await.unwrap().unwrap();
    assert_eq!(ready().await.0, 200);
    town.close().await;
}

#[tokio::test]
async fn a_callback_that_cannot_be_read_waits_for_a_person_and_the_next_is_taken() {
    let mut town = Town::open().await;
    town.stock("daily", 2).await;
    let mut njeri = town.customer("Njeri", "0716 000 001");
    let mut otieno = town.customer("Otieno", "0716 000 002");
    town.asks(&mut njeri, "daily").await;
    town.asks(&mut otieno, "daily").await;
    town.bugs().over_callbacks(Some("254716000001"));
    town.pays(&njeri).await;
    town.pays(&otieno).await;
    otieno.sees(PAID).await;
    njeri.does_not_see(PAID).await;
    let stuck = town.store().read().stuck().await.unwrap();
    assert_eq!((stuck.len(), stuck[0].kind.as_str()), (1, "inbox"));

    let mut owner = town.clerk("Amina", Role::Owner).await;
    owner.signs_in().await;
    owner.opens("/admin/money?kind=stuck").await;
    owner.reads("Lango failed at this twice");
    let what = format!("inbox:{}", stuck[0].subject);
    owner.sends("/admin/money/again", &[("what", &what)]).await;
    town.settle().await;
    assert_eq!(town.store().read().stuck().await.unwrap().len(), 1, "the bug is still there");
    njeri.does_not_see(PAID).await;

    town.bugs().over_callbacks(None);
    town.settle().await;
    njeri.does_not_see(PAID).await;
    assert_eq!(comes_again(&town, &njeri).await, 200);
    njeri.does_not_see(PAID).await;
    let times = town.callbacks().await;
    assert!(times.contains(&(2, String::new())), "a repetition is counted: {times:?}");
    owner.sends("/admin/money/again", &[("what", &what)]).await;
    owner.reads("Lango is trying again.");
    town.settle().await;
    njeri.sees(PAID).await;
    owner.sends("/admin/money/again", &[("what", &what)]).await;
    owner.does_not_read("Lango is trying again.");
    town.close().await;
}

/// The provider sends somebody's callback once more, byte for byte; the status of the answer.
async fn comes_again(town: &Town, payer: &Customer) -> u16 {
    let payment = town.view_of(payer).await.payments[0].id.to_string();
    let rows = town.store().read().inbox_after(0, 99).await.unwrap();
    let row = rows.iter().find(|row| row.subject == payment).unwrap();
    let context = RawMessage::context("payment", &row.subject);
    let plain = town.store().unseal(&context, &row.sealed).await.unwrap();
    let message: RawMessage = serde_json::from_slice(&plain).unwrap();
    let body = String::from_utf8(message.body).unwrap();
    town.posts(&payer.prompts()[0].callback_url, &body).await.0
}

#[tokio::test]
async fn a_message_that_broke_down_before_a_restart_is_not_tried_for_ever() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    let mut njeri = town.customer("Njeri", "0716 000 003");
    town.asks(&mut njeri, "daily").await;
    town.bugs().over_callbacks(Some("254716000003"));
    njeri.enters_pin();
    town.mpesa.idle().await;
    // Whoever handled it first did not live to say so twice.
    let row = town.store().read().inbox_undecided("payment", 1).await.unwrap().remove(0);
    town.store().count_breakdown(&row.item()).await.unwrap();
    town.restart().await;
    let suspect = town.store().read().inbox_undecided("payment", 1).await.unwrap();
    assert!(suspect[0].suspect);
    town.settle().await;
    assert_eq!(
        town.store().read().stuck().await.unwrap().len(),
        1,
        "once after the start was enough"
    );
    town.bugs().over_callbacks(None);
    lango::services::money::try_again(town.store(), &format!("inbox:{}", row.row)).await.unwrap();
    town.settle().await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_page_that_panics_says_sorry_and_leads_on() {
    let mut town = Town::open().await;
    town.stock("daily", 1).await;
    town.bugs().over_chance();
    let answer = reqwest::get(town.url("/s/mtaa")).await.expect("the shop answers");
    assert_eq!(answer.status(), 500);
    let page = answer.text().await.unwrap();
    assert!(page.contains("href=\"/s/mtaa\""), "there is a way on: {page}");
    let mut njeri = town.customer("Njeri", "0716 000 004");
    town.asks(&mut njeri, "daily").await;
    town.pays(&njeri).await;
    njeri.sees(PAID).await;
    town.close().await;
}

#[tokio::test]
async fn a_process_that_panics_looks_again() {
    let digest = Digest {
        phone: Phone::parse("0716 000 009").unwrap(),
        at: jiff::civil::time(17, 0, 0, 0),
        language: Language::En,
        zone: app::nairobi(),
    };
    let town = Town::open_as(Plan { digest: Some(digest), ..Plan::default() }).await;
    town.bugs().over_chance();
    let mut committed = town.store().position();
    let mut running = processes::start(&town.shop().context(), "test");
    in_time(async {
        while town.count("message_queued").await == 0 {
            committed.changed().await.unwrap();
        }
    })
    .await;
    running.shutdown().await;
    town.close().await;
}

/// As a bug in the writer's own hands would: the next look at free codes finds what cannot be.
async fn spoil(place: &Place) {
    let spoilt = "alter table stock rename to sound_stock;
        create view stock as
            select 1 as voucher, 'mtaa' as site, 'daily' as package, null as holder, 0 as away,
                1 as since;";
    sql(&place.ledger(), spoilt).await.unwrap();
}

async fn mend(place: &Place) {
    let mended = "drop view stock; alter table sound_stock rename to stock;";
    sql(&place.ledger(), mended).await.unwrap();
}

async fn broke_down(shop: &Shop, serving: Serving) {
    assert_eq!(in_time(serving.ends()).await, Some(1), "{}", shop.place.log());
    let log = shop.place.log();
    assert!(log.contains("panicked at") && log.contains("the writer broke down"), "{log}");
    let free = "update leases set holder = null where name = 'processes' and holder is null";
    assert_eq!(sql(&shop.place.ledger(), free).await, Ok(1), "another may have the lease at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_ends_takes_the_shop_with_it_but_not_for_ever() {
    let shop = Shop::open().await;
    let number = "0712 000 110";
    let serving = shop.start().await;
    let path = shop.buy(number).await;
    let prompt = shop.prompt(number).await;
    // Only the callback tells of the money.
    shop.daraja.set_faults(|faults| faults.throttle = Some(Throttle::SpikeArrest));
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    spoil(&shop.place).await;

    let serving = shop.start().await;
    shop.daraja.enter_pin(prompt).unwrap();
    broke_down(&shop, serving).await;
    let again = shop.place.serve_briefly();
    broke_down(&shop, again).await;

    let serving = shop.start().await;
    let ready = shop.client.get(format!("http://{}/readyz", shop.listen)).send().await.unwrap();
    assert_eq!(ready.status(), 200, "{}", shop.place.log());
    let list = shop.place.json(&["money", "list", "--json"]);
    assert_eq!(list[0]["kind"], "stuck", "{list}");
    assert_eq!(list[0]["reason"], "inbox", "{list}");
    let sick = String::from_utf8(shop.place.run(&["doctor"]).stdout).unwrap();
    assert!(sick.contains("FAIL  stuck"), "{sick}");
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());

    mend(&shop.place).await;
    let gone = "delete from breakdowns where times = 2";
    assert_eq!(
        sql(&shop.place.ledger(), gone).await,
        Ok(1),
        "only the message is left to a person"
    );
    shop.daraja.set_faults(|faults| faults.throttle = None);
    let serving = shop.start().await;
    let code = shop.code(&path).await;
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    shop.check(number, &code);
}

crate::on_postgres_too! {
    a_command_that_panics_is_refused_alone,
    a_writer_that_hangs_is_not_ready,
    a_callback_that_cannot_be_read_waits_for_a_person_and_the_next_is_taken,
    a_message_that_broke_down_before_a_restart_is_not_tried_for_ever,
    a_page_that_panics_says_sorry_and_leads_on,
    a_process_that_panics_looks_again,
    a_writer_that_ends_takes_the_shop_with_it_but_not_for_ever,
}
