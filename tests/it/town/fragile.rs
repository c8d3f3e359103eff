//! Parts of a shop that panic when a story says so, as a bug in them would.

use lango::ports::{
    Answer, PaymentGateway, PaymentNews, PromptRequest, Random, ReadC2b, ReadCallback,
    StatusRequest, Submitted, SystemRandom,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

/// What panics from now on.
#[derive(Clone, Default)]
pub struct Bugs {
    callbacks: Arc<Mutex<Option<String>>>,
    chance: Arc<AtomicBool>,
}

impl Bugs {
    /// Reading a callback that holds this text panics; `None` mends it.
    pub fn over_callbacks(&self, holding: Option<&str>) {
        *self.callbacks.lock().unwrap() = holding.map(str::to_owned);
    }

    /// The next page or process that needs chance panics.
    pub fn over_chance(&self) {
        self.chance.store(true, Ordering::SeqCst);
    }

    fn look_at(&self, body: &[u8]) {
        let over = self.callbacks.lock().unwrap().clone();
        let body = String::from_utf8_lossy(body);
        assert!(!over.is_some_and(|text| body.contains(&text)), "a bug in reading callbacks");
    }
}

/// A gateway with bugs.
pub struct FragileGateway {
    /// The one that works.
    pub sound: Arc<dyn PaymentGateway>,
    /// What panics.
    pub bugs: Bugs,
}

impl PaymentGateway for FragileGateway {
    fn name(&self) -> &'static str {
        self.sound.name()
    }

    fn submit(&self, request: PromptRequest) -> Answer<'_, Submitted> {
        self.sound.submit(request)
    }

    fn status(&self, request: StatusRequest) -> Answer<'_, PaymentNews> {
        self.sound.status(request)
    }

    fn read_callback(&self, body: &[u8]) -> Option<ReadCallback> {
        self.bugs.look_at(body);
        self.sound.read_callback(body)
    }

    fn read_c2b(&self, body: &[u8]) -> Option<ReadC2b> {
        self.sound.read_c2b(body)
    }

    fn callback_answer(&self) -> &'static str {
        self.sound.callback_answer()
    }

    fn validation_answer(&self) -> &'static str {
        self.sound.validation_answer()
    }
}

/// Chance with bugs.
pub struct FragileRandom(pub Bugs);

impl Random for FragileRandom {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(!self.0.chance.swap(false, Ordering::SeqCst), "a bug about chance");
        SystemRandom.fill(bytes);
    }
}
