//! The few places where Lango meets the world: payment gateway, SMS gateway, clock, randomness.
//!
//! A gateway answers in Lango's words; the provider's own words stay in its folder. What is not
//! understood is
//! *unknown*, never *failed*: only an explicit answer changes what happens to money.

use crate::ledger::kernel::{id::PaymentId, money::Cents, phone::Phone, time::Micros};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use url::Url;

/// A future that a port's method returns; boxed so that ports can be chosen at run time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What to ask of the buyer's phone.
#[derive(Debug, Clone)]
pub struct PromptRequest {
    /// The attempt; for the gateway's logs only.
    pub payment: PaymentId,
    /// Who pays, and whose phone shows the prompt.
    pub payer: Phone,
    /// How much; M-PESA takes whole shillings.
    pub amount: Cents,
    /// Printed in the payer's own M-PESA message, and different for each attempt: at most 12
    /// letters and digits.
    pub reference: String,
    /// Shown in the prompt: at most 13 characters.
    pub description: String,
    /// The till or paybill that gets the money, where it is not the shop's own.
    pub receiver: Option<String>,
    /// Where the provider reports the outcome; unguessable. `None` when callbacks are off and any
    /// address will do.
    pub callback: Option<Url>,
}

/// The provider's own names for an attempt, kept in the vault (they contain the phone number).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProviderRefs {
    /// The id by which the attempt is asked for (Daraja: `CheckoutRequestID`).
    pub request: String,
    /// A second id that must match in a callback (Daraja: `MerchantRequestID`).
    pub merchant: String,
}

/// What came of asking for a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// The provider took it; the phone will show a prompt.
    Accepted(ProviderRefs),
    /// The provider said no and nothing will happen: safe to ask again where `again` says so.
    Refused {
        /// A word of ours: `bad_phone`, `subscriber_busy`, `configuration`, `throttled`,
        /// `provider_busy` …
        reason: &'static str,
        /// When the same request may succeed.
        again: Again,
    },
    /// Nobody knows: the call may have reached the phone. Never asked again blindly.
    Unknown {
        /// A word of ours: `no_answer`, `edge_blocked`, `unreadable` …
        reason: &'static str,
    },
}

/// When a prompt that was refused may be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    Never,
    /// When the provider itself is less busy.
    WhenProviderRests,
    /// When the payer's phone is done with something else; the provider itself is well.
    WhenPhoneIsFree,
}

/// What the provider says of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentNews {
    Paid {
        /// As reported; a status query does not say.
        amount: Option<Cents>,
        /// The provider's proof number; a status query does not say.
        receipt: Option<String>,
        /// When, by the provider's clock.
        paid_at: Option<Micros>,
    },
    /// The money did not move, and the provider says why.
    Declined(Decline),
    Pending,
    /// No answer worth anything was got.
    Unknown,
}

/// Why a payment was declined, in words that lead a buyer on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
    /// Not enough money in the account.
    InsufficientFunds,
    Cancelled,
    /// The phone did not answer: off, busy, ignored, or an old SIM (`*234#`).
    NoAnswer,
    WrongPin,
    /// Over a limit of the payer's account.
    PayerLimit,
    /// The same amount from the same phone within two minutes.
    TooSoon,
    /// Another payment of this phone is under way.
    Busy,
    /// The prompt expired or could not be sent.
    PromptFailed,
    /// The payer's account may not pay.
    PayerAccount,
    /// The provider could not be reached or was too busy; the phone showed nothing.
    Unavailable,
    /// The shop's own account or set-up: the owner must act.
    Configuration,
}

/// What is known of an attempt when asking about it.
#[derive(Debug, Clone)]
pub struct StatusRequest {
    /// The attempt; for the gateway's logs only.
    pub payment: PaymentId,
    /// The provider's names for it.
    pub refs: ProviderRefs,
    /// The till or paybill of its request: who asked is who may ask again.
    pub receiver: Option<String>,
}

/// A callback, read but not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCallback {
    /// The provider's names that it claims.
    pub refs: ProviderRefs,
    pub news: PaymentNews,
}

/// A message about money on the shop's number, whoever had asked for it; read but not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadC2b {
    pub receipt: String,
    pub amount: Cents,
    /// What the payer gave as account: free text, or our own reference where we had asked. A till
    /// has none.
    pub reference: Option<String>,
    /// When, by the provider's clock.
    pub paid_at: Option<Micros>,
}

/// A payment provider.
pub trait PaymentGateway: Send + Sync {
    /// Its name in the ledger: `mpesa`.
    fn name(&self) -> &'static str;

    /// Asks for a prompt on the payer's phone. Called once per attempt, after *submitted* is in the
    /// ledger.
    fn submit(&self, request: PromptRequest) -> Answer<'_, Submitted>;

    /// Asks what came of an attempt.
    fn status(&self, request: StatusRequest) -> Answer<'_, PaymentNews>;

    /// Reads a callback's bytes; `None` when they are no callback of this provider.
    fn read_callback(&self, body: &[u8]) -> Option<ReadCallback>;

    /// Reads the bytes of a message about money on the shop's number; `None` when they are none.
    fn read_c2b(&self, body: &[u8]) -> Option<ReadC2b>;

    /// The body to answer a callback with, so that the provider is content.
    fn callback_answer(&self) -> &'static str;

    /// The body by which a payment to the shop's number is let through, where the provider asks.
    fn validation_answer(&self) -> &'static str;
}

/// What came of handing over an SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsSubmitted {
    Accepted {
        /// The gateway's id, by which a delivery report speaks of it.
        reference: Option<String>,
    },
    /// Not taken. `retry` tells what may help.
    Refused {
        /// A word of ours: `bad_number`, `no_credit`, `blocked`, `configuration`, `gateway_error` …
        reason: &'static str,
        retry: SmsRetry,
    },
    /// It may have been sent.
    Unknown {
        /// A word of ours: `no_answer`, `unreadable` …
        reason: &'static str,
    },
}

/// What may help after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsRetry {
    /// Nothing: the number itself is bad.
    Never,
    OtherGateway,
    Later,
}

/// A delivery report, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReport {
    /// The gateway's id for the message.
    pub reference: String,
    pub outcome: Delivery,
}

/// What became of an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// On its way; tells nothing new.
    Underway,
    Delivered,
    /// It will not arrive; a word of ours says why.
    Failed(&'static str),
}

/// An SMS gateway.
pub trait SmsGateway: Send + Sync {
    /// Its id from the configuration; stands in the ledger.
    fn id(&self) -> &str;

    /// Hands over one message.
    fn send<'a>(&'a self, to: &'a Phone, text: &'a str) -> Answer<'a, SmsSubmitted>;

    /// Reads a delivery report's bytes with its content type; `None` when they are none of this
    /// gateway's.
    fn read_report(&self, content_type: &str, body: &[u8]) -> Option<ReadReport>;
}

/// Where all instances of a shop find what one of them was given.
pub trait Shelf: Send + Sync {
    /// The secret of that name, and until when it may be used; `None` when there is none or the
    /// shelf is out of reach.
    fn look<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(String, Micros)>>;

    /// Puts a secret there in place of an older one. Whether that worked changes nothing for
    /// whoever has it.
    fn put<'a>(&'a self, name: &'a str, secret: &'a str, until: Micros) -> Answer<'a, ()>;
}

/// The only source of time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Micros;
}

/// The only source of randomness and of ids.
pub trait Random: Send + Sync {
    /// Fills `bytes` so that nobody can guess them.
    fn fill(&self, bytes: &mut [u8]);

    /// A new id, later ones sorting after earlier ones.
    fn id(&self, now: Micros) -> uuid::Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(now.0 / 1000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock's one home")]
    fn now(&self) -> Micros {
        Micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that never goes back and never stands still, for what is due later must not wait until
/// a corrected clock has caught up: a box that starts without a network takes its time from a dead
/// battery and is set right hours later. Where the clock behind it was set back, this one goes on
/// from where it was at half its speed until the two meet.
pub struct SteadyClock {
    clock: Arc<dyn Clock>,
    state: Mutex<Steady>,
}

#[derive(Default)]
struct Steady {
    /// What the clock behind said last.
    seen: Micros,
    /// How far this one is ahead of it, in µs.
    ahead: i64,
}

impl SteadyClock {
    /// A steady clock over `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let state = Steady { seen: clock.now(), ahead: 0 };
        Self { clock, state: Mutex::new(state) }
    }

    /// Two numbers that are right one by one: a panic while they are held spoils nothing, and a
    /// clock that nobody can read any more would end the shop.
    fn state(&self) -> MutexGuard<'_, Steady> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on from `moment` where that is later than now: another instance's clock is ahead.
    pub fn not_before(&self, moment: Micros) {
        let mut state = self.state();
        state.ahead = state.ahead.max(state.seen.until(moment));
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Micros {
        let mut state = self.state();
        let wall = self.clock.now();
        let passed = state.seen.until(wall);
        state.ahead -= if passed < 0 { passed } else { state.ahead.min(passed / 2) };
        state.seen = wall;
        wall.plus(state.ahead)
    }
}

/// The machine's randomness.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is randomness' one home")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Micros {
            Micros(self.0.load(Ordering::SeqCst))
        }
    }

    #[test]
    fn a_clock_set_back_goes_on_more_slowly_until_it_is_right_again() {
        let hands = Arc::new(Hands(AtomicI64::new(1_000)));
        let steady = SteadyClock::new(Arc::clone(&hands) as Arc<dyn Clock>);
        let at = |wall| {
            hands.0.store(wall, Ordering::SeqCst);
            steady.now().0
        };
        assert_eq!(at(1_000), 1_000);
        assert_eq!(at(400), 1_000, "set back");
        assert_eq!(at(500), 1_050);
        assert_eq!(at(700), 1_150);
        assert_eq!(at(2_000), 2_000, "caught up");
        assert_eq!(at(2_010), 2_010);
    }

    /// Panics the first time it is asked.
    struct Broken(AtomicI64);

    impl Clock for Broken {
        fn now(&self) -> Micros {
            let asked = self.0.fetch_add(1, Ordering::SeqCst);
            assert_ne!(asked, 1, "the first question after it was wound up");
            Micros(asked)
        }
    }

    #[test]
    fn a_clock_that_somebody_panicked_over_still_goes() {
        let steady = SteadyClock::new(Arc::new(Broken(AtomicI64::new(0))));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| steady.now())).unwrap_err();
        assert_eq!(steady.now(), Micros(2));
    }

    #[test]
    fn a_moment_that_stands_in_the_ledger_is_not_passed_again() {
        let hands = Arc::new(Hands(AtomicI64::new(1_000)));
        let steady = SteadyClock::new(Arc::clone(&hands) as Arc<dyn Clock>);
        steady.not_before(Micros(1_500));
        assert_eq!(steady.now().0, 1_500);
        steady.not_before(Micros(1_200));
        assert_eq!(steady.now().0, 1_500);
    }
}
