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
        person::forget_contact::ThenErase,
    },
    ledger::{
        command::Command,
        kernel::{
            id::{MessageId, PaymentId, ReceiptId},
            time::MINUTE,
        },
        payment::{Learnt, referenced},
    },
    ports::{PaymentNews, ProviderRefs},
    processes::context::Context,
    store::{
        C2B_CONFIRMATION, CommandError, Inbox, Lookup, RawMessage, SOURCE_C2B, SOURCE_PAYMENT,
        SOURCE_REPORT, Sealed, StoreError,
    },
};
use std::sync::Arc;

/// A report may come before the gateway's own answer told us its name for the message; for so long
/// it waits for that.
const REPORT_WAITS: i64 = 10 * MINUTE;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    // Apart, so that reports which wait for their gateway's answer never stand before a callback.
    let mut rows = vec![];
    for source in [SOURCE_PAYMENT, SOURCE_C2B, SOURCE_REPORT] {
        rows.extend(context.store.read().inbox_undecided(source, WORK_PER_LOOK).await?);
    }
    each(context, rows, |context, row| async move { decide(&context, &row).await }).await
}

async fn decide(context: &Context, row: &Inbox) -> Result<bool, StoreError> {
    let message = context.store.unseal(&context_of(row), &row.sealed).await?;
    let unreadable = |_| StoreError::BadRow { table: "inbox", column: "sealed" };
    let message: RawMessage = serde_json::from_slice(&message).map_err(unreadable)?;
    match row.source.as_str() {
        SOURCE_PAYMENT => callback(context, row, &message).await,
        SOURCE_C2B if row.subject == C2B_CONFIRMATION => c2b(context, row, &message).await,
        // Only a question whether money may come: it was answered, and nothing has moved.
        SOURCE_C2B => ignore(context, row, None).await,
        SOURCE_REPORT => report(context, row, &message).await,
        _ => Err(StoreError::BadRow { table: "inbox", column: "source" }),
    }
}

fn context_of(row: &Inbox) -> String {
    RawMessage::context(&row.source, &row.subject)
}

async fn callback(
    context: &Context,
    row: &Inbox,
    message: &RawMessage,
) -> Result<bool, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "inbox", column: "subject" };
    let payment: PaymentId = row.subject.parse().map_err(unreadable)?;
    let whose = Sealed::ProviderRefs(payment);
    let Some(read) = context.payments.read_callback(&message.body) else {
        tracing::warn!(%payment, inbox.row = row.row, "a callback cannot be understood");
        return ignore(context, row, Some(whose)).await;
    };
    let (names, news) = match names(context, payment, &read.refs).await? {
        Names::Known => (None, news(context, read.news)),
        Names::First(sealed) => (Some(sealed), news(context, read.news)),
        Names::OfAnother => {
            tracing::warn!(%payment, inbox.row = row.row, "a callback names another attempt");
            let PaymentNews::Paid { .. } = read.news else {
                return ignore(context, row, Some(whose)).await;
            };
            (None, News::OfAnother)
        }
    };
    if news == News::Unclear {
        tracing::warn!(%payment, inbox.row = row.row, "a callback does not say what came of it");
    }
    let take = TakeNews {
        payment,
        provider: context.payments.name(),
        news,
        learnt: Learnt::Callback,
        names,
        message: MessageId(context.id()),
        inbox_row: Some(row.row),
    };
    execute(context, row, take, Some(whose)).await
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
    claimed: &ProviderRefs,
) -> Result<Names, StoreError> {
    let whose = Sealed::ProviderRefs(payment);
    let claimed = serde_json::to_string(claimed).expect("two texts are plain data");
    let place = whose.context();
    Ok(match context.store.open_sealed(whose).await? {
        None => Names::First(context.store.vault().seal(&place, claimed.as_bytes())),
        Some(known) if known == claimed => Names::Known,
        Some(_) => Names::OfAnother,
    })
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

async fn c2b(context: &Context, row: &Inbox, message: &RawMessage) -> Result<bool, StoreError> {
    let Some(read) = context.payments.read_c2b(&message.body) else {
        tracing::warn!(inbox.row = row.row, "a C2B message cannot be understood");
        return ignore(context, row, None).await;
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
        inbox_row: row.row,
    };
    execute(context, row, take, payment.map(Sealed::ProviderRefs)).await
}

/// A payment of the sale that a receipt is known to belong to.
async fn paid_by(context: &Context, receipt: &str) -> Result<Option<PaymentId>, StoreError> {
    let Some(purchase) = context.store.purchase_of_receipt(receipt).await? else { return Ok(None) };
    let view = context.store.read().purchase(purchase).await?;
    Ok(view.and_then(|view| view.last_payment().map(|payment| payment.id)))
}

async fn report(context: &Context, row: &Inbox, message: &RawMessage) -> Result<bool, StoreError> {
    let gateway = context.sms.iter().find(|gateway| gateway.id() == row.subject);
    let read = gateway.and_then(|g| g.read_report(&message.content_type, &message.body));
    let Some(read) = read else { return ignore(context, row, None).await };
    let fingerprint = message_ref(context, &row.subject, &read.reference);
    match context.store.read().message_of_ref(&fingerprint).await? {
        Some(message) => {
            let whose = Sealed::MessageText(message);
            let report = TakeReport { message, outcome: read.outcome, inbox_row: row.row };
            execute(context, row, report, Some(whose)).await
        }
        None if row.received_at.until(context.now()) < REPORT_WAITS => Ok(false),
        None => ignore(context, row, None).await,
    }
}

/// The fingerprint of a gateway's name for a message.
pub(super) fn message_ref(
    context: &Context,
    gateway: &str,
    reference: &str,
) -> crate::ledger::kernel::fingerprint::Fingerprint {
    context.store.vault().fingerprint(Lookup::MessageRef(gateway, reference))
}

async fn ignore(context: &Context, row: &Inbox, whose: Option<Sealed>) -> Result<bool, StoreError> {
    execute(context, row, KeepBeside::ignored(row.row), whose).await
}

/// Decides about a row; what is refused leads to nothing. Where what the vault keeps of the same
/// sale is forgotten, the row's bytes are not kept either.
async fn execute(
    context: &Context,
    row: &Inbox,
    command: impl Command + 'static,
    whose: Option<Sealed>,
) -> Result<bool, StoreError> {
    let forgotten = match whose {
        Some(whose) => context.store.read().is_forgotten(whose).await?,
        None => false,
    };
    if !done(carry_out(context, row, command, forgotten).await)? {
        done(carry_out(context, row, KeepBeside::ignored(row.row), forgotten).await)?;
    }
    Ok(true)
}

async fn carry_out(
    context: &Context,
    row: &Inbox,
    command: impl Command + 'static,
    forgotten: bool,
) -> Result<(), CommandError> {
    let done = if forgotten {
        context.store.execute(ThenErase { command, inbox_row: row.row }).await
    } else {
        context.store.execute(command).await
    };
    done.map(drop)
}
