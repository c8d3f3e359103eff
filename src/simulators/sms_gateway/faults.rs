//! What can go wrong at a gateway, and what it does about it.

use super::SmsCenter;
use serde::{Deserialize, Serialize};
use std::{future, panic, time::Duration};

/// How the gateway misbehaves. The default is not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    pub slow_ms: u64,
    pub silence: Option<Silence>,
    pub answer: Option<Answer>,
    /// How many requests get `answer`; absent, all.
    pub times: Option<u32>,
    /// How many recipients the credit still pays for; absent, any number.
    pub credit: Option<u32>,
    pub reports: Reports,
    /// The Celcom family spells `response-code` as it is meant; most brands do not.
    pub celcom_spelt_well: bool,
    /// The Celcom family answers errors without `responses` around them.
    pub celcom_bare_errors: bool,
    /// The Celcom family answers errors with HTTP 402, as one brand does.
    pub celcom_402: bool,
}

/// Ways not to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// The request is read and nothing ever comes back; nothing is sent.
    Hang,
    /// The message is sent, and nothing ever comes back.
    HangAfterAccept,
    DropAfterAccept,
}

/// An answer other than "taken". Nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The recipient is refused by this code (either family's); Africa's Talking says so with 201.
    Code(u16),
    NoRecipients(String),
    WrongKey,
    Html(u16),
    /// XML, as the classic way answers those who do not ask for JSON.
    Xml,
    EmptyObject,
}

/// How delivery reports come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reports {
    #[default]
    Delivered,
    Twice,
    BeforeAnswer,
    Never,
    /// A word that is in no manual.
    UnknownWord,
    OutOfOrder,
    Failed(String),
}

/// Counts the request, waits as the faults say, and returns the answer to give instead of taking
/// the message.
pub(super) async fn before(center: &SmsCenter) -> Option<Answer> {
    let (slow, silence, answer) = {
        let mut state = center.state();
        state.requests += 1;
        let answer = take_answer(&mut state.faults);
        (state.faults.slow_ms, state.faults.silence, answer)
    };
    if silence == Some(Silence::Hang) {
        future::pending::<()>().await;
    }
    if slow > 0 {
        tokio::time::sleep(Duration::from_millis(slow)).await;
    }
    answer
}

/// Runs the faults that come between taking a message and answering.
pub(super) async fn after(center: &SmsCenter) {
    let faults = center.state().faults.clone();
    if faults.reports == Reports::BeforeAnswer {
        center.deliver_reports().await;
    }
    match faults.silence {
        Some(Silence::HangAfterAccept) => future::pending::<()>().await,
        // Unwinding ends the connection's task, which closes the socket; the hook that would print
        // is not called.
        Some(Silence::DropAfterAccept) => panic::resume_unwind(Box::new("connection dropped")),
        Some(Silence::Hang) | None => {}
    }
    if center.state().automatic && faults.reports != Reports::BeforeAnswer {
        let center = center.clone();
        tokio::spawn(async move { center.deliver_reports().await });
    }
}

/// Pays for one recipient; `false` when the credit is gone.
pub(super) fn pay(center: &SmsCenter) -> bool {
    match &mut center.state().faults.credit {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

fn take_answer(faults: &mut Faults) -> Option<Answer> {
    let answer = faults.answer.clone()?;
    match &mut faults.times {
        None => Some(answer),
        Some(0) => None,
        Some(left) => {
            *left -= 1;
            Some(answer)
        }
    }
}
