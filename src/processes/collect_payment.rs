//! Asks for money, and finds out what came of it.
//!
//! A prompt is asked for once: *submitted* is recorded first, and whoever records it makes the
//! call. Then a callback usually brings the outcome; status queries on a ladder bring it when none
//! comes, and go on after a decline, because late truth wins. A decline counts when it was heard
//! twice.

use super::{
    WORK_PER_LOOK, each,
    handle::{done, handle_beside},
    release_holds::subject,
};
use crate::{
    commands::{
        keep_beside::KeepBeside,
        money::{
            submit_payment::{EndInquiry, RecordSubmit, SubmitPayment},
            take_news::{News, TakeNews},
        },
        sale::start_purchase::StartPurchase,
    },
    ledger::{
        command::{Answer, Postponed, WorkKind},
        kernel::{
            id::{MessageId, PaymentId, PurchaseId},
            money::Cents,
            phone::Phone,
            time::{Micros, SECOND},
        },
        payment::{Learnt, PaymentStatus, account_reference},
    },
    ports::{Again, PaymentNews, PromptRequest, StatusRequest, Submitted},
    processes::context::Context,
    store::{CommandError, INTERRUPTED_SECONDS, Sealed, StoreError, Work},
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// When to ask, in seconds after the prompt, where callbacks come (`docs/reference/m-pesa.md`).
const LADDER_WITH_CALLBACKS: [i64; 9] = [15, 25, 40, 60, 90, 300, 1800, 7200, 86_400];

/// When to ask where none come: a buyer waits for nothing else.
const LADDER_WITHOUT: [i64; 16] =
    [10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 90, 300, 1800, 7200, 86_400];

/// A payment whose names the provider has not told cannot be asked about. For so long a callback
/// may still tell them; then it is a person's to find in the statement.
const NAMELESS_SECONDS: i64 = 1_800;

/// After the last rung: the pause between the questions that a shop which was off has missed.
const MISSED_SECONDS: i64 = 120;

/// A decline counts when it was heard so often by queries.
const DECLINES_HEARD: i64 = 2;

/// The first and the longest pause before the store is tried once more.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Shown in the prompt; the provider takes 13 characters.
const DESCRIPTION: &str = "Wi-Fi";

/// Submits the payments that are to be asked for.
pub(super) async fn submit(context: &Arc<Context>) -> Result<usize, StoreError> {
    let due = context
        .store
        .read()
        .work_due(WorkKind::SubmitPayment, context.now(), WORK_PER_LOOK)
        .await?;
    each(context, due, |context, work| async move {
        let payment: PaymentId = subject(&work)?;
        let provider = context.payments.name();
        let receiver = receiver(&context, payment).await?;
        match context.store.execute(SubmitPayment { payment, provider, receiver }).await {
            Ok(Answer::Go) => {
                let beside = prompt(Arc::clone(&context), payment);
                Ok(context.calls.make(&format!("submit:{payment}"), beside))
            }
            outcome => done(outcome),
        }
    })
    .await
}

/// Starts a purchase, and makes the call for its money. It is the caller's no more: a browser that
/// hangs up stops neither.
pub async fn start_purchase(
    context: &Arc<Context>,
    command: StartPurchase,
    payer: Phone,
) -> Result<PurchaseId, CommandError> {
    let context = Arc::clone(context);
    let starting = tokio::spawn(async move {
        let (purchase, payment) = (command.purchase, command.payment);
        match context.store.execute(command).await? {
            Answer::Started { amount, receiver } => {
                let request = prompt_request(&context, payment, payer, amount, receiver);
                let beside = ask(Arc::clone(&context), request);
                context.calls.make(&format!("submit:{payment}"), beside);
                Ok(purchase)
            }
            Answer::StartedBefore(earlier) => Ok(earlier),
            answer => unreachable!("starting a purchase answers with it, not with {answer:?}"),
        }
    });
    starting.await.unwrap_or(Err(CommandError::Failed(StoreError::Panicked)))
}

async fn prompt(context: Arc<Context>, payment: PaymentId) {
    // Nobody but this task may make the call, and nobody else will know its outcome: it does not
    // give up while the store may come back.
    let mut patience = Patience::default();
    let request = loop {
        match request(&context, payment).await {
            Ok(request) => break request,
            Err(failure) if patience.ends_with(&failure).await => {
                tracing::error!(%payment, error = ?failure, "{payment} cannot be asked for");
                return;
            }
            Err(_) => {}
        }
    };
    ask(context, request).await;
}

/// Makes the call, and records what came of it.
async fn ask(context: Arc<Context>, request: PromptRequest) {
    let payment = request.payment;
    let outcome = context.payments.submit(request).await;
    note_health(&context, &outcome);
    let mut patience = Patience::default();
    while let Err(CommandError::Failed(failure)) = record(&context, payment, &outcome).await {
        tracing::error!(%payment, error = ?failure, "the outcome of {payment} is not on record");
        if patience.ends_with(&failure).await {
            return;
        }
    }
}

/// Waits longer each time the store fails.
#[derive(Default)]
struct Patience {
    times: u32,
}

impl Patience {
    /// Whether there is no use in waiting; waits otherwise.
    async fn ends_with(&mut self, failure: &StoreError) -> bool {
        if matches!(failure, StoreError::Stopped | StoreError::Panicked | StoreError::BadRow { .. })
        {
            return true;
        }
        tokio::time::sleep((PAUSE * 2u32.pow(self.times.min(5))).min(PAUSE_MAX)).await;
        self.times += 1;
        false
    }
}

fn note_health(context: &Context, outcome: &Submitted) {
    match outcome {
        Submitted::Accepted(_) | Submitted::Refused { again: Again::WhenPhoneIsFree, .. } => {
            context.note_provider(true);
        }
        Submitted::Unknown { .. } | Submitted::Refused { again: Again::WhenProviderRests, .. } => {
            context.note_provider(false);
        }
        Submitted::Refused { again: Again::Never, .. } => {}
    }
}

async fn record(
    context: &Context,
    payment: PaymentId,
    outcome: &Submitted,
) -> Result<Answer, CommandError> {
    let sealed_refs = match outcome {
        Submitted::Accepted(refs) => {
            let text = serde_json::to_vec(refs).expect("two texts are plain data");
            Some(context.store.vault().seal(&Sealed::ProviderRefs(payment).context(), &text))
        }
        Submitted::Refused { .. } | Submitted::Unknown { .. } => None,
    };
    let next_payment = PaymentId(context.id());
    context
        .store
        .execute(RecordSubmit { payment, outcome: outcome.clone(), sealed_refs, next_payment })
        .await
}

/// The till or paybill that a payment's site is paid at now, where it is not the shop's.
async fn receiver(context: &Context, id: PaymentId) -> Result<Option<String>, StoreError> {
    let Some(payment) = context.store.read().payment(id).await? else { return Ok(None) };
    let Some(view) = context.store.read().purchase(payment.purchase).await? else {
        return Ok(None);
    };
    let site = context.store.read().site(&view.purchase.package.site).await?;
    Ok(site.and_then(|site| site.receiver))
}

async fn request(context: &Context, id: PaymentId) -> Result<PromptRequest, StoreError> {
    let missing = || StoreError::BadRow { table: "events", column: "stream" };
    let payment = context.store.read().payment(id).await?.ok_or_else(missing)?;
    let payer = context.store.phone(payment.payer).await?.ok_or_else(missing)?;
    Ok(prompt_request(context, id, payer, payment.amount, payment.receiver))
}

fn prompt_request(
    context: &Context,
    payment: PaymentId,
    payer: Phone,
    amount: Cents,
    receiver: Option<String>,
) -> PromptRequest {
    PromptRequest {
        payment,
        payer,
        amount,
        reference: account_reference(payment),
        description: DESCRIPTION.into(),
        receiver,
        callback: context.settings.callbacks.as_ref().map(|base| callback(context, base, payment)),
    }
}

/// The address of a payment's callback. No word of the provider stands in it: some are banned
/// there.
fn callback(context: &Context, base: &Url, payment: PaymentId) -> Url {
    let secret = context.store.vault().hook_secret(payment);
    let mut address = base.clone();
    address.set_path(&format!("/hooks/p/{payment}/{secret}"));
    address
}

/// Asks what came of the payments whose time on the ladder has come.
pub(super) async fn settle(context: &Arc<Context>) -> Result<usize, StoreError> {
    let now = context.now();
    let due = context.store.read().work_due(WorkKind::SettlePayment, now, WORK_PER_LOOK).await?;
    let ladder: &'static [i64] = match context.settings.callbacks {
        Some(_) => &LADDER_WITH_CALLBACKS,
        None => &LADDER_WITHOUT,
    };
    for work in due {
        let payment: PaymentId = subject(&work)?;
        handle_beside(context, "settle", work, move |context, work| async move {
            done(inquire(&context, payment, &work, ladder).await)
        });
    }
    // What a call brings is a commit, and that is the signal to look again.
    Ok(0)
}

async fn inquire(
    context: &Context,
    id: PaymentId,
    work: &Work,
    ladder: &[i64],
) -> Result<(), CommandError> {
    let Some(payment) = context.store.read().payment(id).await? else { return Ok(()) };
    let now = context.now();
    let mut seen = work.seen;
    if work.since.until(now) / SECOND < ladder[0] {
        return postpone(context, work, ladder, now, seen).await;
    }
    let refs = refs(context, id).await?;
    let rungs = rungs(ladder, refs.is_some());
    match refs {
        Some(refs) => {
            context.query_limit.until_ready().await;
            let receiver = payment.receiver;
            let request = StatusRequest { payment: id, refs, receiver };
            let news = context.payments.status(request).await;
            if let PaymentNews::Declined(_) = news {
                seen += 1;
            }
            if let Some(news) = believed(&news, seen) {
                take(context, id, news).await?;
            }
        }
        None if payment.status == PaymentStatus::Submitted
            && work.since.until(now) / SECOND >= INTERRUPTED_SECONDS =>
        {
            // Whoever made the call did not live to record its outcome.
            record(context, id, &Submitted::Unknown { reason: "interrupted" }).await?;
        }
        None => {}
    }
    if is_asked_out(work, rungs, now) {
        let end = EndInquiry { payment: id, status: payment.status };
        return context.store.execute(end).await.map(drop);
    }
    postpone(context, work, ladder, now, seen).await
}

/// The rungs on which a payment is looked at: all of them where it can be asked about.
fn rungs(ladder: &[i64], is_named: bool) -> &[i64] {
    let nameless = ladder.iter().filter(|rung| **rung <= NAMELESS_SECONDS).count();
    if is_named { ladder } else { &ladder[..nameless] }
}

/// Whether the last question was asked. Time alone does not say so: a shop that was off, or whose
/// clock was put right, has asked nobody meanwhile.
fn is_asked_out(work: &Work, ladder: &[i64], now: Micros) -> bool {
    let (elapsed, rungs) = (work.since.until(now) / SECOND, ladder.len());
    let climbed = usize::try_from(work.attempt).is_ok_and(|attempt| attempt + 1 >= rungs);
    climbed && ladder.iter().all(|rung| elapsed >= *rung)
}

async fn refs(
    context: &Context,
    payment: PaymentId,
) -> Result<Option<crate::ports::ProviderRefs>, StoreError> {
    let Some(text) = context.store.open_sealed(Sealed::ProviderRefs(payment)).await? else {
        return Ok(None);
    };
    let unreadable = |_| StoreError::BadRow { table: "provider_refs", column: "sealed" };
    serde_json::from_str(&text).map(Some).map_err(unreadable)
}

fn believed(news: &PaymentNews, declines: i64) -> Option<News> {
    match *news {
        PaymentNews::Paid { amount, paid_at, .. } => {
            Some(News::Paid { amount, receipt: None, paid_at })
        }
        PaymentNews::Declined(reason) if declines >= DECLINES_HEARD => Some(News::Declined(reason)),
        PaymentNews::Declined(_) | PaymentNews::Pending | PaymentNews::Unknown => None,
    }
}

async fn take(context: &Context, payment: PaymentId, news: News) -> Result<(), CommandError> {
    let message = MessageId(context.id());
    let provider = context.payments.name();
    let learnt = Learnt::Query;
    let take = TakeNews { payment, provider, news, learnt, names: None, message };
    context.store.execute(take).await.map(|_| ())
}

async fn postpone(
    context: &Context,
    work: &Work,
    ladder: &[i64],
    now: Micros,
    seen: i64,
) -> Result<(), CommandError> {
    let elapsed = work.since.until(now) / SECOND;
    let next = ladder.iter().find(|rung| **rung > elapsed);
    let missed = || now.plus(MISSED_SECONDS * SECOND);
    let due_at = next.map_or_else(missed, |rung| work.since.plus(rung * SECOND));
    let kind = WorkKind::SettlePayment;
    let later = Postponed { kind, subject: work.subject.clone(), due_at, seen };
    context.store.execute(KeepBeside::postponed(later)).await.map(drop)
}
