//! A shop under test: real store, real processes, on a runtime of its own that one thread drives.
//!
//! Nothing that happens depends on when: whatever the store asks of its database is waited for on
//! the spot ([`Turnstile`]), so the tasks of a shop run in the same order each time. At any such
//! step the shop can be killed: before it is done, or after it was done and before anybody heard.

use super::{
    luck::{Hands, Luck},
    mpesa::{self, Mpesa},
    post::{self, Letter},
    sms::{self, GATEWAYS, Sms},
};
use governor::{Quota, RateLimiter};
use lango::{
    app,
    ledger::kernel::phone::Phone,
    ports::{
        Answer, Clock, PaymentGateway, PaymentNews, PromptRequest, ReadC2b, ReadCallback,
        ReadReport, SmsGateway, SmsSubmitted, StatusRequest, Submitted,
    },
    processes::context::{Context, Settings},
    store::{Deed, Gate, Key, Opening, Store, guard_this_thread},
};
use std::{
    cell::{Cell, RefCell},
    num::NonZeroU32,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Poll, Wake, Waker},
    thread::Thread,
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::Notify,
};
use tracing::subscriber::NoSubscriber;

/// After how many steps a shop is killed, and on which side of the last one.
#[derive(Debug, Clone, Copy)]
pub struct Kill {
    pub steps: u32,
    pub after: bool,
}

/// What became of something that a shop was asked to do.
pub enum Heard<T> {
    Done(T),
    Killed,
    Broken(String),
}

/// Stands between a shop and its database, and lets one step through at a time.
pub struct Turnstile {
    left: AtomicU32,
    after: AtomicBool,
    dead: AtomicBool,
    died: Notify,
}

/// Where connections live that a thread waits for: their sockets and timers are served elsewhere.
fn helper() -> &'static Handle {
    static HELPER: OnceLock<Runtime> = OnceLock::new();
    let start = || Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    HELPER.get_or_init(start).handle()
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Turnstile {
    fn new(kill: Option<Kill>) -> Self {
        let turnstile = Self {
            left: AtomicU32::new(0),
            after: AtomicBool::new(false),
            dead: AtomicBool::new(false),
            died: Notify::new(),
        };
        turnstile.arm(kill);
        turnstile
    }

    fn arm(&self, kill: Option<Kill>) {
        self.left.store(kill.map_or(0, |kill| kill.steps), Ordering::SeqCst);
        self.after.store(kill.is_some_and(|kill| kill.after), Ordering::SeqCst);
    }

    fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_one();
    }

    /// Counts a step; tells whether it is done, and whether anybody hears of it.
    fn step(&self) -> (bool, bool) {
        if self.dead.load(Ordering::SeqCst) {
            return (false, false);
        }
        let left = self.left.load(Ordering::SeqCst);
        self.left.store(left.saturating_sub(1), Ordering::SeqCst);
        if left != 1 {
            return (true, true);
        }
        self.die();
        (self.after.load(Ordering::SeqCst), false)
    }

    /// The same for a call to a provider, which is a step too.
    async fn call<T>(&self, call: impl FnOnce() -> T) -> T {
        let (done, heard) = self.step();
        let answer = done.then(call);
        match answer.filter(|_| heard) {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

impl Gate for Turnstile {
    fn pass(&self, _: Deed, work: Pin<&mut dyn Future<Output = ()>>) -> bool {
        let (done, heard) = self.step();
        if done {
            let _beside = helper().enter();
            let mut work = std::pin::pin!(tokio::task::unconstrained(work));
            let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
            let mut context = std::task::Context::from_waker(&waker);
            while work.as_mut().poll(&mut context) == Poll::Pending {
                std::thread::park();
            }
        }
        heard
    }
}

/// What a shop is made of.
#[derive(Clone)]
pub struct Parts {
    pub url: String,
    pub master: Key,
    pub hands: Arc<Hands>,
    pub luck: Arc<Luck>,
    pub mpesa: Arc<Mutex<Mpesa>>,
    pub sms: Arc<Mutex<Sms>>,
    pub callbacks: bool,
}

impl Parts {
    /// How the store is opened.
    pub fn opening(&self) -> Opening {
        Opening {
            url: self.url.clone(),
            master: self.master,
            zone: app::nairobi(),
            clock: Arc::clone(&self.hands) as Arc<dyn Clock>,
            random: Arc::clone(&self.luck) as _,
        }
    }
}

/// A running shop.
pub struct Shop {
    runtime: Option<Runtime>,
    context: Option<Arc<Context>>,
    turnstile: Arc<Turnstile>,
}

thread_local! {
    /// What broke on this thread since somebody looked.
    static BROKEN: RefCell<Vec<String>> = const { RefCell::new(vec![]) };
    static LISTENS: Cell<bool> = const { Cell::new(false) };
}

/// What panics within a shop on this thread is kept instead of printed.
fn listen(listens: bool) {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if LISTENS.get() {
                BROKEN.with_borrow_mut(|broken| broken.push(panic.to_string()));
            } else {
                before(panic);
            }
        }));
    });
    LISTENS.set(listens);
}

/// What broke on this thread since the last look.
fn what_broke() -> Option<String> {
    BROKEN.with_borrow_mut(|broken| (!broken.is_empty()).then(|| broken.drain(..).collect()))
}

impl Shop {
    /// One that is not open.
    pub fn closed() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let turnstile = Arc::new(Turnstile::new(None));
        Self { runtime: Some(runtime), context: None, turnstile }
    }

    /// Opens a shop; nothing of it runs by itself.
    pub fn open(parts: &Parts, kill: Option<Kill>) -> Heard<Self> {
        let mut shop = Self::closed();
        let own = Arc::clone(&shop.turnstile);
        let of = parts.clone();
        let opened = shop.run(kill, async move { context(&of, own).await });
        match opened {
            Heard::Done(Ok(context)) => {
                shop.context = Some(context);
                Heard::Done(shop)
            }
            Heard::Done(Err(failure)) => Heard::Broken(failure),
            Heard::Killed => Heard::Killed,
            Heard::Broken(panic) => Heard::Broken(panic),
        }
    }

    /// What it works with.
    pub fn context(&self) -> Arc<Context> {
        Arc::clone(self.context.as_ref().expect("the shop is open"))
    }

    /// Has the shop do something, and is back when it is done or the shop was killed.
    pub fn run<T: Send + 'static>(
        &mut self,
        kill: Option<Kill>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Heard<T> {
        let runtime = self.runtime.as_ref().expect("it was not killed");
        let turnstile = Arc::clone(&self.turnstile);
        turnstile.arm(kill);
        guard_this_thread(Some(Arc::clone(&turnstile) as _));
        listen(true);
        let day = async {
            let work = tokio::spawn(work);
            tokio::select! {
                biased;
                () = turnstile.died.notified() => Heard::Killed,
                done = work => match done {
                    Ok(done) => Heard::Done(done),
                    Err(panic) => Heard::Broken(panic.to_string()),
                },
            }
        };
        // Nobody reads the log of a day, and stories beside it keep all that is logged.
        let nobody = NoSubscriber::default();
        let heard = tracing::subscriber::with_default(nobody, || runtime.block_on(day));
        turnstile.arm(None);
        guard_this_thread(None);
        listen(false);
        match (heard, what_broke()) {
            (Heard::Killed, None) => {
                self.kill();
                Heard::Killed
            }
            (heard, None) => heard,
            (_, Some(panics)) => Heard::Broken(panics),
        }
    }

    /// Ends it, all tasks at once.
    pub fn kill(&mut self) {
        self.turnstile.die();
        // Connections that are let go of end beside.
        let _beside = helper().enter();
        self.context = None;
        drop(self.runtime.take());
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn context(parts: &Parts, turnstile: Arc<Turnstile>) -> Result<Arc<Context>, String> {
    let store = Store::open(parts.opening()).await.map_err(|failure| format!("{failure:?}"))?;
    let settings = Settings {
        callbacks: parts.callbacks.then(|| "http://shop.example".parse().unwrap()),
        shop_name: "Mtaa Wi-Fi".into(),
        digest: None,
        nightly: None,
        mark: None,
    };
    let line = Arc::new(Line {
        mpesa: Arc::clone(&parts.mpesa),
        hands: Arc::clone(&parts.hands),
        turnstile: Arc::clone(&turnstile),
        shop: OnceLock::new(),
    });
    let gateway = |id: &'static str| -> Arc<dyn SmsGateway> {
        let (sms, turnstile) = (Arc::clone(&parts.sms), Arc::clone(&turnstile));
        Arc::new(Gateway { id, sms, turnstile })
    };
    let gateways = GATEWAYS.map(gateway).into();
    let payments = Arc::clone(&line) as Arc<dyn PaymentGateway>;
    let mut context =
        Context::new(store, payments, gateways, Arc::clone(&parts.luck) as _, settings);
    // The real limit waits by a clock that nobody can move.
    context.query_limit = RateLimiter::direct(Quota::per_second(NonZeroU32::MAX));
    let context = Arc::new(context);
    let _ = line.shop.set(Arc::downgrade(&context));
    Ok(context)
}

/// A shop's line to M-PESA.
struct Line {
    mpesa: Arc<Mutex<Mpesa>>,
    hands: Arc<Hands>,
    turnstile: Arc<Turnstile>,
    shop: OnceLock<Weak<Context>>,
}

impl Line {
    async fn brings(&self, letter: &Letter) {
        if let Some(context) = self.shop.get().and_then(Weak::upgrade) {
            // What is lost is told by no one again.
            let _ = post::take_in(&context, letter).await;
        }
    }
}

impl PaymentGateway for Line {
    fn name(&self) -> &'static str {
        "mpesa"
    }

    fn submit(&self, request: PromptRequest) -> Answer<'_, Submitted> {
        Box::pin(async move {
            let call = || self.mpesa.lock().unwrap().submit(&request, self.hands.now());
            let outcome = self.turnstile.call(call).await;
            if let Some(letter) = &outcome.first {
                self.brings(letter).await;
            }
            outcome.answer
        })
    }

    fn status(&self, request: StatusRequest) -> Answer<'_, PaymentNews> {
        Box::pin(async move {
            let call = || self.mpesa.lock().unwrap().status(&request.refs);
            self.turnstile.call(call).await
        })
    }

    fn read_callback(&self, body: &[u8]) -> Option<ReadCallback> {
        mpesa::read_callback(body)
    }

    fn read_c2b(&self, body: &[u8]) -> Option<ReadC2b> {
        mpesa::read_c2b(body)
    }

    fn callback_answer(&self) -> &'static str {
        "{}"
    }

    fn validation_answer(&self) -> &'static str {
        "{}"
    }
}

/// A shop's line to an SMS gateway.
struct Gateway {
    id: &'static str,
    sms: Arc<Mutex<Sms>>,
    turnstile: Arc<Turnstile>,
}

impl SmsGateway for Gateway {
    fn id(&self) -> &str {
        self.id
    }

    fn send<'a>(&'a self, to: &'a Phone, text: &'a str) -> Answer<'a, SmsSubmitted> {
        Box::pin(async move {
            let call = || self.sms.lock().unwrap().send(self.id, to.msisdn(), text);
            self.turnstile.call(call).await
        })
    }

    fn read_report(&self, _: &str, body: &[u8]) -> Option<ReadReport> {
        sms::read_report(body)
    }
}
