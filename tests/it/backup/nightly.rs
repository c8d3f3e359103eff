//! Copies that leave the machine by themselves: to a server that takes them, or does not, or says
//! that it did and has not.

use crate::{
    cli::{self, sample},
    outside::{Shop, in_time},
    town::{MASTER, Plan, Town},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use lango::{
    ports::SystemRandom,
    services::backup::{Address, Place},
    store::Store,
};
use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};
use tokio::{io::AsyncReadExt as _, net::TcpListener, sync::watch};

/// What a server does with what it is sent.
#[derive(Clone, Copy, Default)]
enum Manner {
    /// Takes it, and lets one look.
    #[default]
    Good,
    /// Takes it, and lets nobody look.
    Blind,
    /// Answers this and takes nothing.
    Answers(u16),
    /// Keeps half of it and says that all is well.
    Half,
    /// Never answers.
    Hangs,
}

/// A server that takes files by PUT.
#[derive(Clone, Default)]
struct Server(Arc<Inner>);

#[derive(Default)]
struct Inner {
    manner: Mutex<Manner>,
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    authorization: Mutex<Option<String>>,
    puts: watch::Sender<usize>,
}

impl Server {
    async fn open() -> (Self, SocketAddr) {
        let server = Self::default();
        let router = Router::new().route("/{*name}", any(take)).with_state(server.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (server, address)
    }

    fn is(&self, manner: Manner) {
        *self.0.manner.lock().unwrap() = manner;
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        self.0.files.lock().unwrap().clone().into_iter().collect()
    }

    fn puts(&self) -> usize {
        *self.0.puts.borrow()
    }
}

async fn take(
    State(Server(server)): State<Server>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let manner = *server.manner.lock().unwrap();
    if method == Method::HEAD {
        let files = server.files.lock().unwrap();
        return match (manner, files.get(&name)) {
            (Manner::Blind, _) => StatusCode::FORBIDDEN.into_response(),
            (_, Some(bytes)) => bytes.clone().into_response(),
            (_, None) => StatusCode::NOT_FOUND.into_response(),
        };
    }
    let authorization = headers.get("authorization").map(|text| text.to_str().unwrap().to_owned());
    *server.authorization.lock().unwrap() = authorization;
    let mut bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    server.puts.send_modify(|puts| *puts += 1);
    match manner {
        Manner::Answers(code) => return StatusCode::from_u16(code).unwrap().into_response(),
        Manner::Hangs => std::future::pending::<()>().await,
        Manner::Half => bytes.truncate(bytes.len() / 2),
        Manner::Good | Manner::Blind => {}
    }
    server.files.lock().unwrap().insert(name, bytes);
    StatusCode::CREATED.into_response()
}

fn shop() -> cli::Place {
    let place = cli::Place::with_shop();
    let file = sample("hotspot-user-export-terse.rsc");
    place.good(&["vouchers", "import", "--site", "mtaa", &file]);
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_sent_whole_and_comes_back() {
    let (server, at) = Server::open().await;
    let place = shop().with("LANGO_BACKUP__AUTHORIZATION", "Basic sesame");
    let said = place.good(&["backup", "--to", &format!("http://{at}/lango/")]);
    assert!(said.contains("are at 127.0.0.1") && said.contains("has all of them"), "{said}");
    assert_eq!(server.0.authorization.lock().unwrap().as_deref(), Some("Basic sesame"));
    let files = server.files();
    let [(name, bytes)] = &files[..] else { panic!("one file was sent") };
    assert!(name.starts_with("lango/lango-0") && name.ends_with(".backup"), "{name}");
    let other = cli::Place::empty();
    fs::write(other.path("copy.backup"), bytes).unwrap();
    fs::copy(place.path("lango.key"), other.path("lango.key")).unwrap();
    other.good(&["restore", "copy.backup", "--nothing-sold-since"]);
    let hash = |place: &cli::Place| place.json(&["audit", "verify", "--json"])["hash"].clone();
    assert_eq!(hash(&other), hash(&place));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_address_is_used_as_it_is_and_shown_to_nobody() {
    let (server, at) = Server::open().await;
    server.is(Manner::Blind);
    let address = format!("http://{at}/bucket/copy?X-Signature=sesame");
    let place = shop().with("LANGO_BACKUP__ADDRESS", &address);
    let said = place.good(&["backup"]);
    assert!(said.contains("does not let Lango look") && !said.contains("sesame"), "{said}");
    assert_eq!(server.files()[0].0, "bucket/copy");
    assert!(!place.good(&["config", "show"]).contains("sesame"));
    server.is(Manner::Answers(403));
    let said = place.bad(1, &["backup"]);
    assert!(said.contains("refused us (403)") && !said.contains("bucket"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_in_a_sentence_and_counts_for_nothing() {
    let (server, at) = Server::open().await;
    let address = format!("http://{at}/lango/");
    let place = shop().with("LANGO_BACKUP__TIMEOUT_MS", "2000");
    for (manner, sentence) in [
        (Manner::Answers(401), "the server refused us (401)"),
        (Manner::Answers(507), "the server has no room for it (507)"),
        (Manner::Answers(409), "the server has no such folder (409)"),
        (Manner::Answers(500), "the server did not accept the backup; it answered 500"),
        (Manner::Half, "the server confirmed the backup, but has "),
        (Manner::Hangs, "the server was too slow"),
    ] {
        server.is(manner);
        let said = place.bad(1, &["backup", "--to", &address]);
        assert!(said.contains(sentence), "{said}");
    }
    let broken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to_broken = format!("http://{}/lango/", broken.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut caller, _) = broken.accept().await.unwrap();
        caller.read_exact(&mut [0; 1_000]).await.unwrap();
    });
    let said = place.bad(1, &["backup", "--to", &to_broken]);
    assert!(said.contains("the connection broke"), "{said}");
    let said = place.bad(1, &["backup", "--to", "http://127.0.0.1:9/"]);
    assert!(said.contains("cannot be reached"), "{said}");
    let said = place.bad(1, &["backup", "--to", "http://192.0.2.1/"]);
    assert!(said.contains("must be called by https"), "{said}");
    // None of it is in the way of the next.
    server.is(Manner::Good);
    place.good(&["backup", "--to", &address]);
}

fn to_server(at: SocketAddr, through: &std::path::Path) -> Place {
    let url = format!("http://{at}/lango/").parse().unwrap();
    let address = Address::new(url, None, Duration::from_secs(10)).unwrap();
    Place::Server { address, through: through.to_owned() }
}

/// An answer of each story's own: all stories share one log.
static ANSWER: AtomicU16 = AtomicU16::new(510);

const NIGHT: i64 = 24 * 3_600;

#[tokio::test(flavor = "multi_thread")]
async fn every_night_has_its_copy_and_the_oldest_go() {
    let copies = tempfile::tempdir().unwrap();
    let path = copies.path().to_owned();
    let folder = Place::Folder { path, keep: Some(2), off_box: true };
    let mut town = Town::open_as(Plan { backups: vec![folder], ..Plan::default() }).await;
    let names = || {
        let entries = fs::read_dir(copies.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    town.settle().await;
    let first = names();
    assert_eq!(first.len(), 1, "the first at once");
    town.settle().await;
    assert_eq!(names(), first, "and no other today");
    for night in 1..4 {
        town.stock("hourly", 1).await;
        town.passes(NIGHT).await;
        let made = town.store().read().backups().await.unwrap()[0].made.unwrap();
        let at = made.at.local(&lango::app::nairobi());
        assert!(at.starts_with(&format!("{} Nov 2026 03:", 22 + night)), "{at}");
        assert_eq!(names().len(), 2);
    }
    assert!(!names().contains(&first[0]));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_copy_is_made_between_two_master_keys() {
    let copies = tempfile::tempdir().unwrap();
    let path = copies.path().to_owned();
    let folder = Place::Folder { path, keep: None, off_box: true };
    let mut town = Town::open_as(Plan { backups: vec![folder], ..Plan::default() }).await;
    town.settle().await;
    let url = town.ledger();
    let key = async |old: [u8; 32], new: [u8; 32]| {
        Store::change_master(&url, &old, &new, Arc::new(SystemRandom)).await.unwrap();
    };
    key(MASTER, [1; 32]).await;
    town.stock("daily", 1).await;
    town.passes(NIGHT).await;
    let record = town.store().read().backups().await.unwrap().remove(0);
    assert!(record.cause.unwrap().contains("the master key was changed"));
    assert_eq!(fs::read_dir(copies.path()).unwrap().count(), 1, "the first, of before");
    // The shop was started with the right key again.
    key([1; 32], MASTER).await;
    town.passes(NIGHT).await;
    assert_eq!(fs::read_dir(copies.path()).unwrap().count(), 2);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_night_is_tried_again_and_told_once() {
    let (server, at) = Server::open().await;
    let answer = ANSWER.fetch_add(1, Ordering::Relaxed);
    server.is(Manner::Answers(answer));
    let through = tempfile::tempdir().unwrap();
    let places = vec![to_server(at, through.path())];
    let mut town = Town::open_as(Plan { backups: places, ..Plan::default() }).await;
    town.stock("hourly", 2).await;
    town.settle().await;
    assert_eq!(server.puts(), 1);
    town.passes(3_600).await;
    // After 1, 2, 4, 8, 16 minutes and so on: not with every look.
    assert!((5..=7).contains(&server.puts()), "{} tries", server.puts());
    let told =
        format!("is tried again: the server did not accept the backup; it answered {answer}");
    assert_eq!(town.times_logged(&told), 1);
    let known = &town.store().read().backups().await.unwrap()[0];
    assert!(known.made.is_none() && known.failures >= 5, "{known:?}");
    // Sales know nothing of it.
    let mut buyer = town.customer("Njeri", "0712 000 001");
    town.asks(&mut buyer, "hourly").await;
    town.pays(&buyer).await;
    server.is(Manner::Good);
    town.passes(3_700).await;
    let known = &town.store().read().backups().await.unwrap()[0];
    assert!(known.made.is_some() && known.failures == 0 && known.cause.is_none(), "{known:?}");
    assert_eq!(server.files().len(), 1);
    assert_eq!(fs::read_dir(through.path()).unwrap().count(), 0, "nothing is left on the way");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_one_makes_it() {
    let (server, at) = Server::open().await;
    let mut shop = Shop::open().await;
    shop.place = shop.place.with("LANGO_BACKUP__ADDRESS", &format!("http://{at}/lango/"));
    let mut puts = server.0.puts.subscribe();
    let serving = shop.start().await;
    let beside = shop.place.serve_beside(crate::address::free_address()).await;
    in_time(puts.wait_for(|puts| *puts > 0)).await.unwrap();
    // Whoever takes over finds it noted.
    assert_eq!(serving.terminate(), Some(0), "{}", shop.place.log());
    assert_eq!(beside.terminate(), Some(0));
    assert_eq!(server.puts(), 1);
}

crate::on_postgres_too! {
    a_backup_is_sent_whole_and_comes_back,
    a_signed_address_is_used_as_it_is_and_shown_to_nobody,
    what_goes_wrong_is_told_in_a_sentence_and_counts_for_nothing,
    every_night_has_its_copy_and_the_oldest_go,
    no_copy_is_made_between_two_master_keys,
    a_failed_night_is_tried_again_and_told_once,
    of_two_instances_one_makes_it,
}
