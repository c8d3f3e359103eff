//! M-PESA and an SMS gateway, simulated in this process. A sale ends when its text arrives here,
//! because the code stands in it.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    middleware::{Next, from_fn},
};
use lango::{
    app,
    simulators::{
        daraja::{self, Daraja},
        sms_gateway::{self, Family, SmsCenter},
    },
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
use url::Url;

/// Both, and the arrivals of texts; they end when this is dropped.
pub struct Providers {
    pub daraja: Daraja,
    pub sms: SmsCenter,
    pub arrivals: Arc<Arrivals>,
    mpesa_at: SocketAddr,
    sms_at: SocketAddr,
    _serving: JoinSet<()>,
}

/// When the text of each sale came.
pub struct Arrivals {
    begun: Instant,
    /// By the number of the sale: microseconds after the beginning, or 0; and who waits for it.
    at: Vec<(AtomicU64, Notify)>,
}

impl Arrivals {
    fn of(sales: usize) -> Self {
        let at = (0..sales).map(|_| (AtomicU64::new(0), Notify::new())).collect();
        Self { begun: Instant::now(), at }
    }

    pub fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// When the text of a sale came, if it did.
    pub fn of_sale(&self, sale: usize) -> Option<Duration> {
        let micros = self.at[sale].0.load(Ordering::Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }

    pub async fn wait_for(&self, sale: usize) {
        self.at[sale].1.notified().await;
    }

    fn note(&self, body: &[u8]) {
        // The number of the sale is that of the phone: `to=%2B2547` and eight digits.
        let Some(at) = body.windows(7).position(|part| part == b"%2B2547") else { return };
        let digits = body.get(at + 7..at + 15).and_then(|part| std::str::from_utf8(part).ok());
        let sale = digits.and_then(|digits| digits.parse::<usize>().ok());
        let Some((at, waiting)) = sale.and_then(|sale| self.at.get(sale)) else { return };
        let now = u64::try_from(self.now().as_micros()).expect("a short time");
        at.store(now, Ordering::Relaxed);
        waiting.notify_one();
    }
}

impl Providers {
    /// Starts them, for so many sales; every PIN is entered at once.
    pub async fn start(sales: usize) -> Self {
        let (clock, random) = app::machine();
        let daraja = Daraja::new(Arc::clone(&clock), Arc::clone(&random));
        daraja.set_faults(|faults| faults.pin_after_ms = Some(0));
        let sms = SmsCenter::new(clock, random);
        sms.report_automatically(true);
        let arrivals = Arc::new(Arrivals::of(sales));
        let noted = Arc::clone(&arrivals);
        let texts = sms.router().layer(from_fn(move |request: Request, next: Next| {
            let noted = Arc::clone(&noted);
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, 64 * 1_024).await.expect("the shop sends all of it");
                noted.note(&body);
                next.run(Request::from_parts(head, Body::from(body))).await
            }
        }));
        let mut serving = JoinSet::new();
        let mpesa_at = serve(&mut serving, daraja.router()).await;
        let sms_at = serve(&mut serving, texts).await;
        serving.spawn(daraja.clone().run());
        Self { daraja, sms, arrivals, mpesa_at, sms_at, _serving: serving }
    }

    /// Where delivery reports go.
    pub fn report_to(&self, address: Url) {
        self.sms.report_to(Family::AfricasTalking, address);
    }

    /// `lango.toml` of a shop that knows no other providers.
    pub fn configuration(&self, shop: SocketAddr, desk: SocketAddr) -> String {
        format!(
            r#"[http]
listen = "{shop}"
public_url = "http://{shop}"
[admin]
listen = "{desk}"
[mpesa]
base_url = "http://{mpesa}"
consumer_key = "{key}"
consumer_secret = "{secret}"
short_code = "{code}"
passkey = "{passkey}"
[[sms.gateway]]
id = "at"
kind = "africas_talking"
username = "{user}"
api_key = "{api_key}"
base_url = "http://{sms}"
"#,
            mpesa = self.mpesa_at,
            sms = self.sms_at,
            key = daraja::CONSUMER_KEY,
            secret = daraja::CONSUMER_SECRET,
            code = daraja::SHORT_CODE,
            passkey = daraja::PASSKEY,
            user = sms_gateway::USERNAME,
            api_key = sms_gateway::API_KEY,
        )
    }
}

async fn serve(tasks: &mut JoinSet<()>, router: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    let at = listener.local_addr().expect("it listens");
    tasks.spawn(async move { axum::serve(listener, router).await.expect("a simulator serves") });
    at
}
