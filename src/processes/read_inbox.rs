//! Decides about what came from outside. The bytes are in the vault already and stay there,
//! whatever happens here.

use super::{WORK_PER_LOOK, each};
use crate::{
    commands::{
        keep_inbox::IgnoreInbox,
        send_message::TakeReport,
        take_c2b::TakeC2b,
        take_news::{News, ReceiptGiven, TakeNews},
    },
    context::Context,
    ledger::{
        id::{MessageId, PaymentId, ReceiptId},
        payment::{Learnt, referenced},
        time::MINUTE,
    },
    ports::{PaymentNews, ReadCallback},
    store::{
        C2B_CONFIRMATION, CommandError, Inbox, RawMessage, SOURCE_C2B, SOURCE_PAYMENT,
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
        rows.extend(context.store.inbox_undecided(source, WORK_PER_LOOK).await?);
    }
    each(context, rows, |context, row| async move {
        match decide(&context, &row).await {
            Err(CommandError::Refused(_)) => ignore(&context, &row).await,
            Err(CommandError::Failed(failure)) => Err(failure),
            Ok(done) => Ok(done),
        }
    })
    .await
}

async fn decide(context: &Context, row: &Inbox) -> Result<bool, CommandError> {
    let opened = context.store.vault().unseal(&context_of(row), &row.sealed);
    let message = opened.map_err(StoreError::from)?;
    let unreadable = |_| StoreError::BadRow { table: "inbox", column: "sealed" };
    let message: RawMessage = serde_json::from_slice(&message).map_err(unreadable)?;
    match row.source.as_str() {
        SOURCE_PAYMENT => callback(context, row, &message).await,
        SOURCE_C2B if row.subject == C2B_CONFIRMATION => c2b(context, row, &message).await,
        // Only a question whether money may come: it was answered, and nothing has moved.
        SOURCE_C2B => ignore(context, row).await.map_err(CommandError::from),
        SOURCE_REPORT => report(context, row, &message).await,
        _ => Err(StoreError::BadRow { table: "inbox", column: "source" }.into()),
    }
}

fn context_of(row: &Inbox) -> String {
    RawMessage::context(&row.source, &row.subject)
}

async fn callback(
    context: &Context,
    row: &Inbox,
    message: &RawMessage,
) -> Result<bool, CommandError> {
    let unreadable = |_| StoreError::BadRow { table: "inbox", column: "subject" };
    let payment: PaymentId = row.subject.parse().map_err(unreadable)?;
    let read = context.payments.read_callback(&message.body);
    let Some(read) = read.filter(|read| !matches!(read.news, PaymentNews::Unknown)) else {
        tracing::warn!(%payment, inbox.row = row.row, "a callback says nothing that we understand");
        return ignore(context, row).await.map_err(CommandError::from);
    };
    let matching = names_match(context, payment, &read).await?;
    if !matching {
        tracing::warn!(%payment, inbox.row = row.row, "a callback names another attempt");
    }
    let news = match (matching, read.news) {
        (true, read) => news(context, read),
        (false, PaymentNews::Paid { .. }) => Some(News::OfAnother),
        (false, _) => None,
    };
    let Some(news) = news else {
        return ignore(context, row).await.map_err(CommandError::from);
    };
    let take = TakeNews {
        payment,
        provider: context.payments.name(),
        news,
        learnt: Learnt::Callback,
        message: MessageId(context.id()),
        inbox_row: Some(row.row),
    };
    context.store.execute(take).await.map(|_| true)
}

/// Whether the provider's names are those of this attempt. Where the submit's answer was lost there
/// is nothing to compare, and the unguessable path alone speaks for the callback.
async fn names_match(
    context: &Context,
    payment: PaymentId,
    read: &ReadCallback,
) -> Result<bool, StoreError> {
    let Some(known) = context.store.open_sealed(Sealed::ProviderRefs(payment)).await? else {
        return Ok(true);
    };
    let claimed = serde_json::to_string(&read.refs).expect("two texts are plain data");
    Ok(claimed == known)
}

fn news(context: &Context, news: PaymentNews) -> Option<News> {
    match news {
        PaymentNews::Paid { amount, receipt, paid_at } => {
            let receipt = receipt.map(|number| receipt_given(context, &number));
            Some(News::Paid { amount, receipt, paid_at })
        }
        PaymentNews::Declined(reason) => Some(News::Declined(reason)),
        PaymentNews::Pending | PaymentNews::Unknown => None,
    }
}

fn receipt_given(context: &Context, number: &str) -> ReceiptGiven {
    context.store.receipt_given(ReceiptId(context.id()), number)
}

async fn c2b(context: &Context, row: &Inbox, message: &RawMessage) -> Result<bool, CommandError> {
    let Some(read) = context.payments.read_c2b(&message.body) else {
        tracing::warn!(inbox.row = row.row, "a C2B message says nothing that we understand");
        return ignore(context, row).await.map_err(CommandError::from);
    };
    let named = match read.reference.as_deref().and_then(referenced) {
        Some(digits) => context.store.payment_of_reference(&digits).await?,
        None => None,
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
    context.store.execute(take).await.map(|_| true)
}

async fn report(
    context: &Context,
    row: &Inbox,
    message: &RawMessage,
) -> Result<bool, CommandError> {
    let gateway = context.sms.iter().find(|gateway| gateway.id() == row.subject);
    let read = gateway.and_then(|g| g.read_report(&message.content_type, &message.body));
    let Some(read) = read else { return ignore(context, row).await.map_err(CommandError::from) };
    let fingerprint = message_ref(context, &row.subject, &read.reference);
    match context.store.message_of_ref(&fingerprint).await? {
        Some(message) => {
            let report = TakeReport { message, outcome: read.outcome, inbox_row: row.row };
            context.store.execute(report).await.map(|_| true)
        }
        None if row.received_at.until(context.now()) < REPORT_WAITS => Ok(false),
        None => ignore(context, row).await.map_err(CommandError::from),
    }
}

/// The fingerprint of a gateway's name for a message.
pub(super) fn message_ref(
    context: &Context,
    gateway: &str,
    reference: &str,
) -> crate::ledger::decision::Fingerprint {
    context.store.vault().fingerprint("message_ref", format!("{gateway}:{reference}").as_bytes())
}

async fn ignore(context: &Context, row: &Inbox) -> Result<bool, StoreError> {
    match context.store.execute(IgnoreInbox { row: row.row }).await {
        Ok(_) | Err(CommandError::Refused(_)) => Ok(true),
        Err(CommandError::Failed(failure)) => Err(failure),
    }
}
