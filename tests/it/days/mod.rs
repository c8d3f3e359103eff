//! Random days: one process, one seed, and everything that can happen to a shop.
//!
//! A seed decides what people do, what providers get wrong, when the shop is killed, what the clock
//! says and every id; so a seed replays to the same event. After each day every promise of design,
//! section 2, is checked ([`checks`]). A day that breaks one is made as short as it can be and
//! printed as a story, with the command that tells it again.
//!
//! `LANGO_TEST_DAYS` says how many, `LANGO_TEST_DAYS_FROM` the first seed, `LANGO_TEST_DAYS_ON`
//! which database (`sqlite` or `postgres`).

mod actors;
mod checks;
mod known;
mod luck;
mod mpesa;
mod owner;
mod post;
mod shop;
mod sms;
mod story;
mod tamper;
mod world;

use self::world::{Broken, Day, On};
use lango::ledger::kernel::{chain::hex, time::MINUTE};
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

/// How many days `make test` tells.
const DAYS: u64 = 100;

/// How much happens on a day.
const STEPS: usize = 70;

/// So many days are told side by side.
const SIDE_BY_SIDE: usize = 2;

/// Something that may happen.
type Deed = fn(&mut Day);

/// What may happen, and how often of all.
const MAY_HAPPEN: &[(usize, Deed)] = &[
    (22, Day::buys),
    (22, Day::answers_phone),
    (20, Day::post_comes),
    (24, |day| {
        let seconds = day.dice.between(1, 45);
        day.passes(seconds);
        day.settles();
    }),
    (4, |day| {
        let seconds = day.dice.between(60, 1_500);
        day.passes(seconds);
        day.settles();
    }),
    (4, Day::pays_after_all),
    (2, Day::pays_by_hand),
    (4, Day::comes_back),
    (2, Day::forges),
    (1, Day::guesses_link),
    (5, Day::uploads),
    (2, Day::changes_prices),
    (2, Day::takes_codes_out),
    (2, Day::takes_back),
    (3, Day::works_through_list),
    (1, Day::matches_receipt),
    (2, Day::minds_staff),
    (2, Day::router_reports),
    (1, Day::forgets),
    (1, Day::changes_key),
    (1, Day::backs_up),
    (1, Day::restores),
    (1, Day::releases_fenced),
    (1, clock_jumps),
    (1, |day| {
        day.closes();
        day.story.tell("shop", "is started again");
    }),
];

/// Somebody sets the clock of the machine.
fn clock_jumps(day: &mut Day) {
    let minutes = day.dice.between(-90, 90);
    day.parts.hands.turn(minutes * MINUTE);
    day.story.tell("clock", &format!("is set {minutes} minutes on"));
}

/// How a day ended.
struct Told {
    broken: Option<Broken>,
    /// The hash of the ledger's last event.
    hash: String,
    events: i64,
    story: String,
}

/// Tells a day, of so many steps at most.
fn tell(seed: u64, steps: usize, on: On) -> Told {
    let mut day = Day::begin(seed, on);
    for _ in 0..2 {
        day.uploads();
    }
    let all: usize = MAY_HAPPEN.iter().map(|(often, _)| often).sum();
    for _ in 0..steps {
        if day.broken.is_some() {
            break;
        }
        let mut place = day.dice.below(all);
        let chosen = MAY_HAPPEN.iter().find(|(often, _)| {
            let here = place < *often;
            place = place.saturating_sub(*often);
            here
        });
        let (_, happens) = chosen.unwrap();
        happens(&mut day);
        if day.dice.percent(20) {
            day.settles();
        }
    }
    if day.broken.is_none() {
        day.comes_to_rest();
        day.keeps_promises();
        day.finds_tampering();
    }
    let end = day.unharmed(|context| async move {
        let last = context.store.read().last_position().await.unwrap();
        let events = context.store.read().events_after(last - 1, 1).await.unwrap();
        events.first().map(|event| (last, hex(&event.hash)))
    });
    let (events, hash) = end.flatten().unwrap_or_default();
    day.closes();
    Told { broken: day.broken.take(), hash, events, story: day.story.end() }
}

/// The shortest day of a seed that breaks the same promise.
fn shortest(seed: u64, on: On, promise: &str) -> (usize, Told) {
    let (mut good, mut bad) = (0, STEPS);
    let mut told = tell(seed, bad, on);
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        let shorter = tell(seed, middle, on);
        if shorter.broken.as_ref().is_some_and(|broken| broken.promise == promise) {
            (bad, told) = (middle, shorter);
        } else {
            good = middle;
        }
    }
    (bad, told)
}

/// What is printed of a day that breaks a promise.
fn report(seed: u64, on: On, broken: &Broken) -> String {
    let (steps, told) = shortest(seed, on, &broken.promise);
    let Broken { promise, how } = told.broken.as_ref().unwrap_or(broken);
    let database = if on == On::Sqlite { "sqlite" } else { "postgres" };
    format!(
        "\nseed {seed} breaks a promise, in {steps} steps: {promise}\n{how}\n\n{}\n\n\
         again: LANGO_TEST_DAYS_FROM={seed} LANGO_TEST_DAYS=1 LANGO_TEST_DAYS_ON={database} \
         cargo test --locked --test it -- --nocapture days::\n",
        told.story
    )
}

/// Tells so many days, and fails with the story of the first that breaks a promise nobody knew of.
fn tell_all(from: u64, days: u64, on: On) {
    let (next, events) = (AtomicU64::new(0), AtomicU64::new(0));
    let (bad, known) = (Mutex::new(vec![]), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let day = next.fetch_add(1, Ordering::SeqCst);
                    if day >= days || bad.lock().unwrap().len() >= 3 {
                        return;
                    }
                    let told = tell(from + day, STEPS, on);
                    events.fetch_add(told.events.unsigned_abs(), Ordering::SeqCst);
                    if let Some(broken) = told.broken {
                        if let Some(item) = known::item(&broken.promise, &broken.how) {
                            known.lock().unwrap().push((from + day, item));
                        } else {
                            let report = report(from + day, on, &broken);
                            println!("{report}");
                            bad.lock().unwrap().push(report);
                        }
                    }
                    if (day + 1).is_multiple_of(100) {
                        println!("{} days on {on:?}", day + 1);
                    }
                }
            });
        }
    });
    let (bad, known) = (bad.into_inner().unwrap(), known.into_inner().unwrap());
    let events = events.into_inner();
    println!("{days} days on {on:?}, {events} events; known faults (seed, item): {known:?}");
    assert!(bad.is_empty(), "{} days break a promise: {}", bad.len(), bad.join("\n"));
}

#[expect(clippy::disallowed_methods, reason = "switches of a test, which has no config")]
fn said(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn random_days_keep_every_promise() {
    let number = |name: &str| said(name).map(|text| text.parse::<u64>().unwrap());
    let days = number("LANGO_TEST_DAYS").unwrap_or(DAYS);
    let from = number("LANGO_TEST_DAYS_FROM").unwrap_or(1);
    let on = said("LANGO_TEST_DAYS_ON").is_some_and(|on| on == "postgres");
    tell_all(from, days, if on { On::Postgres } else { On::Sqlite });
}

/// Some days there, and from one kind of database to the other.
#[test]
fn a_few_days_on_postgres() {
    tell_all(1, 6, On::Postgres);
}

#[test]
fn a_seed_tells_the_same_day_again() {
    for seed in 1..=3 {
        let (first, second) = (tell(seed, STEPS, On::Sqlite), tell(seed, STEPS, On::Sqlite));
        assert_eq!(first.story, second.story, "seed {seed}");
        assert_eq!((first.events, first.hash), (second.events, second.hash), "seed {seed}");
    }
}
