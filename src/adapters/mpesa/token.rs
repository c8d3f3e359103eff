//! The bearer token: one for the whole shop, since Daraja's manual says that each new one kills the
//! one before (`docs/reference/m-pesa.md`). A caller that needs a token while another fetches it
//! waits, and shares the outcome, good or bad. Other instances find it on the shelf.

use super::classify::Refusal;
use crate::{
    ledger::kernel::time::{Micros, SECOND},
    ports::{Clock, Shelf},
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Mutex;

/// How long before its end a token is renewed, in seconds.
const RENEW_BEFORE_SECONDS: i64 = 60;
/// The lifetime taken when an answer does not say, in seconds.
const LIFETIME_SECONDS: i64 = 3599;
/// The longest lifetime believed, in seconds.
const LIFETIME_SECONDS_MAX: i64 = 24 * 3600;

/// A token as the provider gave it.
pub struct Fresh {
    pub secret: SecretString,
    /// Its lifetime in seconds, in the provider's own text.
    pub expires_in: Option<String>,
}

struct Held {
    secret: SecretString,
    renew_at: Micros,
}

enum State {
    /// None in hand. One that was refused is not taken from the shelf again.
    Empty {
        refused: Option<SecretString>,
    },
    Held(Held),
    Failed(Refusal),
}

/// The cache.
pub struct Tokens {
    state: Mutex<State>,
    /// How many fetches have ended; tells a waiter that one ended while it waited.
    fetches: AtomicU64,
    /// The shelf, and the token's name there.
    shelf: Option<(Arc<dyn Shelf>, String)>,
}

impl Tokens {
    pub const fn new() -> Self {
        Self {
            state: Mutex::const_new(State::Empty { refused: None }),
            fetches: AtomicU64::new(0),
            shelf: None,
        }
    }

    pub fn share(&mut self, shelf: Arc<dyn Shelf>, name: String) {
        self.shelf = Some((shelf, name));
    }

    /// The token in hand, or the one that `fetch` gets. One fetch at a time.
    pub async fn get<F>(&self, clock: &dyn Clock, fetch: F) -> Result<SecretString, Refusal>
    where
        F: Future<Output = Result<Fresh, Refusal>>,
    {
        let fetches_before = self.fetches.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        match &*state {
            State::Held(held) if clock.now() < held.renew_at => return Ok(held.secret.clone()),
            // A fetch failed while this caller waited. Trying again for each of hundreds of
            // waiters, one after the other, would keep them all for minutes.
            State::Failed(refusal) if self.fetches.load(Ordering::SeqCst) != fetches_before => {
                return Err(*refusal);
            }
            _ => {}
        }
        if let Some(held) = self.on_shelf(&state, clock.now()).await {
            let secret = held.secret.clone();
            *state = State::Held(held);
            return Ok(secret);
        }
        let asked_at = clock.now();
        let fetched = fetch.await;
        self.fetches.fetch_add(1, Ordering::SeqCst);
        match fetched {
            Ok(fresh) => {
                let renew_at = asked_at.plus(keep_seconds(fresh.expires_in.as_deref()) * SECOND);
                *state = State::Held(Held { secret: fresh.secret.clone(), renew_at });
                if let Some((shelf, name)) = &self.shelf {
                    shelf.put(name, fresh.secret.expose_secret(), renew_at).await;
                }
                Ok(fresh.secret)
            }
            Err(refusal) => {
                *state = State::Failed(refusal);
                Err(refusal)
            }
        }
    }

    /// What another instance has put on the shelf, unless it is what was in hand before.
    async fn on_shelf(&self, state: &State, now: Micros) -> Option<Held> {
        let (shelf, name) = self.shelf.as_ref()?;
        let (found, renew_at) = shelf.look(name).await?;
        let before = match state {
            State::Empty { refused } => refused.as_ref(),
            State::Held(held) => Some(&held.secret),
            State::Failed(_) => None,
        };
        let known = before.is_some_and(|before| before.expose_secret() == found);
        (!known && now < renew_at).then(|| Held { secret: found.into(), renew_at })
    }

    /// Drops `refused` from the cache, unless a newer token has taken its place.
    pub async fn drop_refused(&self, refused: &SecretString) {
        let mut state = self.state.lock().await;
        let same = matches!(&*state, State::Held(held)
            if held.secret.expose_secret() == refused.expose_secret());
        if same {
            *state = State::Empty { refused: Some(refused.clone()) };
        }
    }
}

fn keep_seconds(expires_in: Option<&str>) -> i64 {
    let lifetime = expires_in.and_then(|text| text.parse().ok()).unwrap_or(LIFETIME_SECONDS);
    (lifetime.clamp(0, LIFETIME_SECONDS_MAX) - RENEW_BEFORE_SECONDS).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, atomic::AtomicI64};

    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Micros {
            Micros(self.0.load(Ordering::SeqCst))
        }
    }

    fn fresh(secret: &str) -> Fresh {
        Fresh { secret: secret.to_owned().into(), expires_in: Some("3599".to_owned()) }
    }

    async fn got(tokens: &Tokens, clock: &Hands, offered: &str) -> String {
        let token = tokens.get(clock, async { Ok(fresh(offered)) }).await.unwrap();
        token.expose_secret().to_owned()
    }

    #[tokio::test]
    async fn a_token_is_renewed_a_minute_before_its_end() {
        let (tokens, clock) = (Tokens::new(), Hands(AtomicI64::new(0)));
        assert_eq!(got(&tokens, &clock, "one").await, "one");
        clock.0.store(3538 * SECOND, Ordering::SeqCst);
        assert_eq!(got(&tokens, &clock, "two").await, "one");
        clock.0.store(3539 * SECOND, Ordering::SeqCst);
        assert_eq!(got(&tokens, &clock, "two").await, "two");
    }

    #[tokio::test]
    async fn only_the_refused_token_is_dropped() {
        let (tokens, clock) = (Tokens::new(), Hands(AtomicI64::new(0)));
        assert_eq!(got(&tokens, &clock, "one").await, "one");
        tokens.drop_refused(&"older".to_owned().into()).await;
        assert_eq!(got(&tokens, &clock, "two").await, "one");
        tokens.drop_refused(&"one".to_owned().into()).await;
        assert_eq!(got(&tokens, &clock, "two").await, "two");
    }

    #[tokio::test]
    async fn those_who_wait_share_one_failure() {
        let tokens = Arc::new(Tokens::new());
        let clock = Arc::new(Hands(AtomicI64::new(0)));
        let fetches = Arc::new(AtomicU64::new(0));
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let callers: Vec<_> = (0..20)
            .map(|_| {
                let (tokens, clock) = (tokens.clone(), clock.clone());
                let (fetches, gate) = (fetches.clone(), gate.clone());
                tokio::spawn(async move {
                    let fetch = async {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        let _open = gate.acquire().await.expect("an open gate");
                        Err(Refusal {
                            reason: "unreachable",
                            again: crate::ports::Again::WhenProviderRests,
                        })
                    };
                    tokens.get(&*clock, fetch).await.is_err()
                })
            })
            .collect();
        for _ in 0..40 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(20);
        for caller in callers {
            assert!(caller.await.unwrap());
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        // The next one to come tries for itself.
        assert_eq!(got(&tokens, &clock, "one").await, "one");
    }

    #[derive(Default)]
    struct Board(std::sync::Mutex<Option<(String, Micros)>>);

    impl Shelf for Board {
        fn look<'a>(&'a self, _: &'a str) -> crate::ports::Answer<'a, Option<(String, Micros)>> {
            Box::pin(async { self.0.lock().unwrap().clone() })
        }

        fn put<'a>(
            &'a self,
            _: &'a str,
            secret: &'a str,
            until: Micros,
        ) -> crate::ports::Answer<'a, ()> {
            Box::pin(async move { *self.0.lock().unwrap() = Some((secret.to_owned(), until)) })
        }
    }

    #[tokio::test]
    async fn two_instances_use_one_token_and_replace_a_refused_one_together() {
        let (board, clock) = (Arc::new(Board::default()), Hands(AtomicI64::new(0)));
        let [one, other] = [(), ()].map(|()| {
            let mut tokens = Tokens::new();
            tokens.share(board.clone(), "mpesa".into());
            tokens
        });
        assert_eq!(got(&one, &clock, "first").await, "first");
        assert_eq!(got(&other, &clock, "second").await, "first");
        other.drop_refused(&"first".to_owned().into()).await;
        assert_eq!(got(&other, &clock, "second").await, "second");
        one.drop_refused(&"first".to_owned().into()).await;
        assert_eq!(got(&one, &clock, "third").await, "second");
        clock.0.store(3539 * SECOND, Ordering::SeqCst);
        assert_eq!(got(&one, &clock, "third").await, "third");
        assert_eq!(got(&other, &clock, "fourth").await, "third");
    }

    #[test]
    fn odd_lifetimes_are_survived() {
        assert_eq!(keep_seconds(Some("3599")), 3539);
        assert_eq!(keep_seconds(None), 3539);
        assert_eq!(keep_seconds(Some("soon")), 3539);
        assert_eq!(keep_seconds(Some("-5")), 0);
        assert_eq!(keep_seconds(Some("30")), 0);
        assert_eq!(keep_seconds(Some("99999999999")), 24 * 3600 - 60);
    }
}
