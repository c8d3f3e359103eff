//! A simulator of Safaricom's Daraja API and of the phones behind it: tokens, prompts, queries and
//! callbacks as in `docs/reference/m-pesa.md`. A method does what a payer does with a prompt.
//!
//! It keeps books of its own, so that tests can compare money. It takes time from the given clock
//! only, so a prompt that nobody answers ends when that clock says so: on the next call, or by
//! [`Daraja::tick`]. It knows nothing of Lango but the clock and the randomness.

mod admin;
mod balance;
mod business;
mod c2b;
mod callback;
mod faults;
mod http;
mod initiator;
mod payout;
mod prompt;
mod pull;
mod reversal;
mod state;
mod status;
#[cfg(test)]
mod tests;

pub use business::{OTHER_PASSKEY, OTHER_SHORT_CODE, OTHER_TILL, PASSKEY, SHORT_CODE, TILL};
pub use c2b::{PAYER_NAME, Rejected};
pub use faults::{
    BalanceItem, C2bFaults, C2bPhone, Edge, Faults, InFlight, PhoneShape, RegisterAnswer,
    RegisterFault, ResultFaults, Throttle, TokenForm,
};
pub use initiator::INITIATOR;
pub use prompt::{BookEntry, Payout, Prompt, PromptState, Registration, SHOP_NAME};

use crate::{
    adapters,
    ledger::kernel::{chain::hex, time::Micros},
    ports::{Clock, Random},
};
use axum::Router;
use prompt::{Deed, Due};
use state::State;
use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

pub const CONSUMER_KEY: &str = "demo-consumer-key";
pub const CONSUMER_SECRET: &str = "demo-consumer-secret";

/// How long the shop may take to answer a callback.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often [`Daraja::run`] looks at the clock.
const TICK: Duration = Duration::from_millis(500);

/// The buyer cannot do that: the prompt is gone, or was never there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the phone shows no such prompt")]
pub struct NotOpen;

/// A handle on the simulator; clones share everything.
#[derive(Clone)]
pub struct Daraja {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    http: reqwest::Client,
    sending: AtomicUsize,
    /// Rings whenever anything happened, for those who wait.
    happened: watch::Sender<u64>,
}

impl Daraja {
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let mut seed = [0; 8];
        random.fill(&mut seed);
        let inner = Inner {
            state: Mutex::new(State::new(u64::from_le_bytes(seed) >> 16)),
            clock,
            random,
            http: adapters::http::client(ANSWER_WITHIN).expect("TLS can be set up"),
            sending: AtomicUsize::new(0),
            happened: watch::Sender::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The HTTP side, to be served anywhere: Daraja's own paths, and `/_sim/…` for people.
    pub fn router(&self) -> Router {
        let requests = [&status::API, &reversal::API, &payout::API, &balance::API];
        let parts = [c2b::routes(), initiator::routes(requests), pull::routes(), admin::routes()];
        parts.into_iter().fold(http::routes(), Router::merge).with_state(self.clone())
    }

    pub fn set_faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state().faults);
        self.settle();
    }

    pub fn faults(&self) -> Faults {
        self.state().faults.clone()
    }

    pub fn prompts(&self, msisdn: &str) -> Vec<Prompt> {
        self.settle();
        self.state().prompts_of(msisdn)
    }

    pub fn recent_prompts(&self) -> Vec<Prompt> {
        let state = self.state();
        state.prompts.iter().rev().take(admin::PROMPTS_MAX).cloned().collect()
    }

    pub fn prompt(&self, id: u64) -> Option<Prompt> {
        self.state().prompt(id).cloned()
    }

    pub fn books(&self) -> Vec<BookEntry> {
        self.state().books.clone()
    }

    pub fn tokens_issued(&self) -> u32 {
        self.state().tokens_issued
    }

    pub async fn wait_for_prompt(&self, msisdn: &str) -> Prompt {
        self.wait_until(|state| {
            let prompts = state.prompts_of(msisdn);
            prompts.into_iter().rev().find(|prompt| prompt.state == PromptState::Waiting)
        })
        .await
    }

    /// The buyer enters the PIN. Needs a tokio runtime, as all deeds do: the callback is sent in
    /// its own task.
    pub fn enter_pin(&self, prompt: u64) -> Result<(), NotOpen> {
        self.act(prompt, Deed::Pin)
    }

    pub fn enter_wrong_pin(&self, prompt: u64) -> Result<(), NotOpen> {
        self.act(prompt, Deed::WrongPin)
    }

    pub fn cancel(&self, prompt: u64) -> Result<(), NotOpen> {
        self.act(prompt, Deed::Cancel)
    }

    /// The prompt passes unanswered (1037), at once.
    pub fn ignore(&self, prompt: u64) -> Result<(), NotOpen> {
        self.act(prompt, Deed::Ignore)
    }

    /// The buyer enters the PIN of an account with too little in it (1).
    pub fn has_no_money(&self, prompt: u64) -> Result<(), NotOpen> {
        self.act(prompt, Deed::NoMoney)
    }

    /// Looks at the clock: ends prompts that nobody answered and sends the callbacks that are due.
    pub fn tick(&self) {
        self.settle();
    }

    /// Ticks for ever, for programs whose clock moves by itself.
    pub async fn run(self) {
        loop {
            tokio::time::sleep(TICK).await;
            self.tick();
        }
    }

    /// Sends every callback that waits, held and delayed ones too, one after the other; how many.
    pub async fn deliver_callbacks(&self) -> usize {
        let due: Vec<Due> = std::mem::take(&mut self.state().due).into_values().collect();
        let count = due.len();
        for due in due {
            self.deliver(due).await;
        }
        count
    }

    pub async fn idle(&self) {
        let inner = self.inner.clone();
        self.wait_until(move |_| (inner.sending.load(Ordering::SeqCst) == 0).then_some(())).await;
    }

    fn act(&self, prompt: u64, deed: Deed) -> Result<(), NotOpen> {
        let now = self.now();
        let acted = {
            let mut state = self.state();
            state.expire(now);
            state.act(prompt, deed, now)
        };
        self.settle();
        if acted { Ok(()) } else { Err(NotOpen) }
    }

    /// Lets time do its work, and tells those who wait.
    fn settle(&self) {
        let now = self.now();
        let due: Vec<Due> = {
            let mut state = self.state();
            state.expire(now);
            if state.faults.hold_callbacks { Vec::new() } else { state.take_due(now) }
        };
        for due in due {
            let daraja = self.clone();
            self.beside(async move { daraja.deliver(due).await });
        }
        self.ring();
    }

    /// Runs a deed beside the caller, known to [`Daraja::idle`].
    fn beside(&self, deed: impl Future<Output = ()> + Send + 'static) {
        self.inner.sending.fetch_add(1, Ordering::SeqCst);
        let daraja = self.clone();
        tokio::spawn(async move {
            deed.await;
            daraja.inner.sending.fetch_sub(1, Ordering::SeqCst);
            daraja.ring();
        });
    }

    fn ring(&self) {
        self.inner.happened.send_modify(|count| *count = count.wrapping_add(1));
    }

    async fn wait_until<T>(&self, mut look: impl FnMut(&State) -> Option<T>) -> T {
        let mut happened = self.inner.happened.subscribe();
        loop {
            let found = look(&self.state());
            if let Some(found) = found {
                return found;
            }
            happened.changed().await.expect("the sender lives as long as this handle");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Micros {
        self.inner.clock.now()
    }

    /// Random lower-case hex digits, two for each of `bytes`.
    fn hex(&self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        self.inner.random.fill(&mut random);
        hex(&random)
    }

    /// Groups of random hex digits with dashes between them, as Daraja's ids have.
    fn groups(&self, bytes: &[usize]) -> String {
        bytes.iter().map(|bytes| self.hex(*bytes)).collect::<Vec<_>>().join("-")
    }

    fn percent(&self) -> u8 {
        let mut random = [0; 2];
        self.inner.random.fill(&mut random);
        u8::try_from(u16::from_le_bytes(random) % 100).unwrap_or_default()
    }
}
