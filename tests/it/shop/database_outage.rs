//! PostgreSQL goes away and comes back, as it does for a minute each time Debian updates it:
//! nothing acknowledged is lost, nothing is done twice, and the shop goes on by itself.

use crate::{
    address::free_address,
    cli::Place,
    cluster::{Cluster, cluster},
};
use lango::{
    app,
    commands::catalogue::{OpenShop, RegisterSite},
    ledger::{catalogue::LedgerPurpose, kernel::id::Slug},
    store::{CommandError, Opening, Store},
};
use reqwest::Client;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(30);

async fn status(client: &Client, url: &str) -> (u16, String) {
    let answer = client.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_say_try_again_until_postgresql_is_back() {
    let cluster = Cluster::start();
    let listen = free_address();
    let place = Place::with_shop_at(&cluster.url(&cluster.new_schema()))
        .with("LANGO_HTTP__LISTEN", &listen.to_string())
        .with("LANGO_ADMIN__LISTEN", &free_address().to_string())
        .with_account();
    let serving = place.serve(listen).await;
    let client = lango::adapters::http::client(PATIENCE).unwrap();
    let (ready, shop) = (format!("http://{listen}/readyz"), format!("http://{listen}/s/mtaa"));
    assert_eq!(status(&client, &ready).await.0, 200);
    assert_eq!(status(&client, &shop).await.0, 200);
    cluster.obeys("crash");
    let (code, said) = status(&client, &ready).await;
    assert_eq!((code, said.as_str()), (503, "the database does not answer\n"));
    let (code, page) = status(&client, &shop).await;
    assert_eq!(code, 500);
    assert!(page.contains("Try again"), "{page}");
    cluster.obeys("start");
    assert_eq!(status(&client, &ready).await.0, 200, "{}", place.log());
    assert_eq!(status(&client, &shop).await.0, 200, "{}", place.log());
    assert_eq!(serving.terminate(), Some(0), "{}", place.log());
    assert!(place.good(&["audit", "verify"]).contains("each follows"));
}

#[tokio::test]
async fn a_postgresql_that_may_forget_is_refused() {
    let url = cluster().url(&cluster().new_schema());
    let (clock, random) = app::machine();
    let url = format!("{url}&options[synchronous_commit]=off");
    let opening = Opening { url, master: [7; 32], zone: app::nairobi(), clock, random };
    let refused = Store::open(opening).await.err().expect("it is refused");
    assert!(refused.to_string().contains("synchronous_commit is off"), "{refused}");
}

/// Registers one site after the other; returns those of which the ledger said that it has them.
async fn register(store: Store, name: String, enough: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = vec![];
    for number in 0.. {
        if enough.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("{name}-{number}");
        let site = Slug::parse(&id).unwrap();
        let router_login = "http://10.5.50.1/login".into();
        let register = RegisterSite::new(site, id.clone(), router_login);
        match store.execute(register).await {
            Ok(_) => acknowledged.push(id),
            Err(CommandError::Failed(failure)) => {
                assert!(failure.retryable(), "{failure}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(CommandError::Refused(refusal)) => panic!("{refusal}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_however_often_postgresql_crashes() {
    let cluster = Cluster::start();
    let (clock, random) = app::machine();
    let opening = Opening {
        url: cluster.url(&cluster.new_schema()),
        master: [7; 32],
        zone: app::nairobi(),
        clock,
        random,
    };
    let store = Store::open(opening).await.unwrap();
    let open = OpenShop { purpose: LedgerPurpose::Shop, timezone: "Africa/Nairobi".into() };
    store.execute(open).await.unwrap();
    let enough = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        writers.spawn(register(store.clone(), format!("w{writer}"), Arc::clone(&enough)));
    }
    for _ in 0..3 {
        // Crashes hit the writer wherever it stands, commits included.
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::task::block_in_place(|| {
            cluster.obeys("crash");
            cluster.obeys("start");
        });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    enough.store(true, Ordering::SeqCst);
    let acknowledged: Vec<String> = writers.join_all().await.concat();
    assert!(acknowledged.len() > 8, "they got on");
    for id in acknowledged {
        let site = store.read().site(&Slug::parse(&id).unwrap()).await.unwrap();
        assert!(site.is_some(), "{id} was acknowledged and is gone");
    }
    assert_eq!(store.verify().await.unwrap().findings, []);
    assert_eq!(store.read().compare_decision_tables().await.unwrap(), []);
    while store.project().await.unwrap() > 0 {}
    assert_eq!(store.compare_projections().await.unwrap(), []);
}
