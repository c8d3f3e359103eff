//! Decides about messages from outside. Their bytes are in the vault already and stay there,
//! whatever happens here.

use super::{WORK_PER_LOOK, each, handle::done};
use crate::{
    commands::{
        keep_beside::KeepBeside,
        message::send_message::TakeReport,
        money::{
            take_c2b::TakeC2b,
            take_news::{News, ReceiptGiven, TakeNews},
        },
        take_in::{FromOutside, TakeIn},
    },
    ledger::{
        command::{Command, InboxRow},
        kernel::{
            fingerprint::Fingerprint,
            id::{MessageId, PaymentId, ReceiptId},
            time::{MINUTE, Micros},
        },
        payment::{Learnt, referenced},
    },
    ports::{PaymentNews, ProviderRefs},
    processes::{caught::caught, context::Context},
    store::{
        C2B_CONFIRMATION, Chore, CommandError, Inbox, Item, Lookup, RawMessage, Referenced,
        SOURCE_C2B, SOURCE_PAYMENT, SOURCE_REPORT, Sealed, StoreError,
    },
};
use std::sync::Arc;

/// A report may come before the gateway's own answer told us its name for the message; for so long
/// it waits for that.
const REPORT_WAITS: i64 = 10 * MINUTE;

/// A message that is decided about.
struct Letter<'a> {
    source: &'a str,
    subject: &'a str,
    message: &'a RawMessage,
    received_at: Micros,
    kept: FromOutside,
}

/// Takes in a message that has just come: its bytes are committed when this returns, and what it
/// leads to in the same commit where that is clear at once. Anything else is the process's.
pub async fn take_in(
    context: &Context,
    source: &'static str,
    subject: &str,
    message: &RawMessage,
) -> Result<(), CommandError> {
    let row = sealed(context, source, subject, message);
    let kept = FromOutside::New(row.clone());
    let letter = Letter { source, subject, message, received_at: context.now(), kept };
    // What came before is decided about once: a repetition is counted. It may be what nobody can
    // decide about without breaking down.
    if let Ok(false) = context.store.read().is_kept(&row).await
        && let Ok(Ok(true)) = caught(decide(context, &letter)).await
    {
        return Ok(());
    }
    // Its sender does not send it again: it is kept, whatever is wrong with deciding about it.
    let kept = match context.store.execute(KeepBeside::inbox(row.clone())).await {
        Err(CommandError::Failed(StoreError::KeysChanged)) => {
            let row = sealed(context, source, subject, message);
            context.store.execute(KeepBeside::inbox(row)).await.map(drop)
        }
        Err(CommandError::Failed(StoreError::Stopped)) => {
            let item = Item::inbox(context.store.keep_without_writer(row).await?);
            Ok(context.store.count_breakdown(&item).await?)
        }
        kept => kept.map(drop),
    };
    context.store.stir(Chore::ReadInbox);
    kept
}

fn sealed(
    context: &Context,
    source: &'static str,
    subject: &str,
    message: &RawMessage,
) -> InboxRow {
    let vault = context.store.vault();
    let fingerprint = vault.fingerprint(Lookup::Inbox(&message.body));
    let plain = serde_json::to_vec(message).expect("texts and bytes are plain data");
    let sealed = vault.seal(&RawMessage::context(source, subject), &plain);
    InboxRow { source, subject: subject.to_owned(), fingerprint, sealed, outcome: None }
}

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    if !context.store.read().is_inbox_undecided().await? {
        return Ok(0);
    }
    // Apart, so that reports which wait for their gateway's answer never stand before a callback.
    let mut rows = vec![];
    for source in [SOURCE_PAYMENT, SOURCE_C2B, SOURCE_REPORT] {
        rows.extend(context.store.read().inbox_undecided(source, WORK_PER_LOOK).await?);
    }
    each(context, rows, |context, row| async move { decide_kept(&context, &row).await }).await
}

async fn decide_kept(context: &Context, row: &Inbox) -> Result<bool, StoreError> {
    let place = RawMessage::context(&row.source, &row.subject);
    let message = context.store.unseal(&place, &row.sealed).await?;
    let unreadable = |_| StoreError::BadRow { table: "inbox", column: "sealed" };
    let message: RawMessage = serde_json::from_slice(&message).map_err(unreadable)?;
    let letter = Letter {
        source: &row.source,
        subject: &row.subject,
        message: &message,
        received_at: row.received_at,
        kept: FromOutside::Kept(row.row),
    };
    decide(context, &letter).await
}

/// Decides about a message; `false` where it cannot be decided about yet.
async fn decide(context: &Context, letter: &Letter<'_>) -> Result<bool, StoreError> {
    match letter.source {
        SOURCE_PAYMENT => callback(context, letter).await,
        SOURCE_C2B if letter.subject == C2B_CONFIRMATION => c2b(context, letter).await,
        // Only a question whether money may come: it was answered, and nothing has moved.
        SOURCE_C2B => ignore(context, letter, false).await,
        SOURCE_REPORT => report(context, letter).await,
        _ => Err(StoreError::BadRow { table: "inbox", column: "source" }),
    }
}

async fn callback(context: &Context, letter: &Letter<'_>) -> Result<bool, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "inbox", column: "subject" };
    let payment: PaymentId = letter.subject.parse().map_err(unreadable)?;
    let known = context.store.read().sealed(&Sealed::ProviderRefs(payment)).await?;
    let forgotten = known.as_ref().is_some_and(Vec::is_empty);
    let Some(read) = context.payments.read_callback(&letter.message.body) else {
        tracing::warn!(%payment, "a callback cannot be understood");
        return ignore(context, letter, forgotten).await;
    };
    let known = known.filter(|_| !forgotten);
    let (names, news) = match names(context, payment, known, &read.refs).await? {
        Names::Known => (None, news(context, read.news)),
        Names::First(sealed) => (Some(sealed), news(context, read.news)),
        Names::OfAnother => {
            tracing::warn!(%payment, "a callback names another attempt");
            let PaymentNews::Paid { .. } = read.news else {
                return ignore(context, letter, forgotten).await;
            };
            (None, News::OfAnother)
        }
    };
    let unclear = news == News::Unclear;
    if unclear {
        tracing::warn!(%payment, "a callback does not say what came of it");
    }
    let take = TakeNews {
        payment,
        provider: context.payments.name(),
        news,
        learnt: Learnt::Callback,
        names,
        message: MessageId(context.id()),
    };
    execute(context, letter, take, Fate { ignored: unclear, erased: forgotten }).await
}

/// Whose the provider's names in a callback are.
enum Names {
    Known,
    /// The first that are heard, sealed. The submit's answer was lost, or is yet to come: the
    /// unguessable path alone speaks for the callback.
    First(Vec<u8>),
    OfAnother,
}

async fn names(
    context: &Context,
    payment: PaymentId,
    known: Option<Vec<u8>>,
    claimed: &ProviderRefs,
) -> Result<Names, StoreError> {
    let claimed = serde_json::to_string(claimed).expect("two texts are plain data");
    let place = Sealed::ProviderRefs(payment).context();
    let Some(known) = known else {
        return Ok(Names::First(context.store.vault().seal(&place, claimed.as_bytes())));
    };
    let same = context.store.unseal_text(&place, &known).await? == claimed;
    Ok(if same { Names::Known } else { Names::OfAnother })
}

fn news(context: &Context, news: PaymentNews) -> News {
    match news {
        PaymentNews::Paid { amount, receipt, paid_at } => {
            let receipt = receipt.map(|number| receipt_given(context, &number));
            News::Paid { amount, receipt, paid_at }
        }
        PaymentNews::Declined(reason) => News::Declined(reason),
        PaymentNews::Pending | PaymentNews::Unknown => News::Unclear,
    }
}

fn receipt_given(context: &Context, number: &str) -> ReceiptGiven {
    context.store.receipt_given(ReceiptId(context.id()), number)
}

async fn c2b(context: &Context, letter: &Letter<'_>) -> Result<bool, StoreError> {
    let Some(read) = context.payments.read_c2b(&letter.message.body) else {
        tracing::warn!("a C2B message cannot be understood");
        return ignore(context, letter, false).await;
    };
    let named = match read.reference.as_deref().and_then(referenced) {
        Some(digits) => context.store.read().payment_of_reference(&digits).await?,
        None => None,
    };
    let payment = match named {
        Some(payment) => Some(payment),
        None => paid_by(context, &read.receipt).await?,
    };
    let take = TakeC2b {
        provider: context.payments.name(),
        receipt: receipt_given(context, &read.receipt),
        amount: read.amount,
        paid_at: read.paid_at,
        named,
        message: MessageId(context.id()),
    };
    let erased = match payment {
        Some(payment) => context.store.read().is_forgotten(Sealed::ProviderRefs(payment)).await?,
        None => false,
    };
    execute(context, letter, take, Fate { ignored: false, erased }).await
}

/// A payment of the sale that a receipt is known to belong to.
async fn paid_by(context: &Context, receipt: &str) -> Result<Option<PaymentId>, StoreError> {
    let Some(purchase) = context.store.purchase_of_receipt(receipt).await? else { return Ok(None) };
    let view = context.store.read().purchase(purchase).await?;
    Ok(view.and_then(|view| view.last_payment().map(|payment| payment.id)))
}

async fn report(context: &Context, letter: &Letter<'_>) -> Result<bool, StoreError> {
    let gateway = context.sms.iter().find(|gateway| gateway.id() == letter.subject);
    let RawMessage { content_type, body, .. } = letter.message;
    let read = gateway.and_then(|gateway| gateway.read_report(content_type, body));
    let Some(read) = read else { return ignore(context, letter, false).await };
    let fingerprint = message_ref(context, letter.subject, &read.reference);
    match context.store.read().message_of_ref(&fingerprint).await? {
        Some(Referenced { message, forgotten }) => {
            let report = TakeReport { message, outcome: read.outcome };
            execute(context, letter, report, Fate { ignored: false, erased: forgotten }).await
        }
        None if letter.received_at.until(context.now()) < REPORT_WAITS => Ok(false),
        None => ignore(context, letter, false).await,
    }
}

/// The fingerprint of a gateway's name for a message.
pub(super) fn message_ref(context: &Context, gateway: &str, reference: &str) -> Fingerprint {
    context.store.vault().fingerprint(Lookup::MessageRef(gateway, reference))
}

async fn ignore(context: &Context, letter: &Letter<'_>, erased: bool) -> Result<bool, StoreError> {
    execute(context, letter, KeepBeside::default(), Fate { ignored: true, erased }).await
}

/// What becomes of a message, whatever is decided.
struct Fate {
    /// It leads to nothing.
    ignored: bool,
    /// What the vault keeps of the same sale is forgotten, so its bytes are not kept either.
    erased: bool,
}

/// Decides about a message.
async fn execute(
    context: &Context,
    letter: &Letter<'_>,
    command: impl Command + 'static,
    Fate { ignored, erased }: Fate,
) -> Result<bool, StoreError> {
    if erased && matches!(letter.kept, FromOutside::New(_)) {
        return Ok(false);
    }
    let take_in = TakeIn { message: letter.kept.clone(), command, ignored, erased };
    done(context.store.execute(take_in).await)
}
