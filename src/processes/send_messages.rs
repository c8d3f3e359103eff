//! Hands messages to SMS gateways: to the first one, and on a refusal to the next. A message whose
//! answer was lost may have left. It is sent once more: a second one harms nobody, and without any
//! a buyer whose browser is gone has no code.

use super::{
    WORK_PER_LOOK,
    compose_text::{TextError, compose},
    handle::{done, handle_beside},
    read_inbox::message_ref,
    release_holds::subject,
    tell_owner,
};
use crate::{
    commands::{
        keep_beside::KeepBeside,
        message::send_message::{GiveUpMessage, RecordSend, SubmitMessage, UNCONFIRMED_MAX},
    },
    ledger::{
        command::{Postponed, WorkKind},
        kernel::{id::MessageId, stream::Stream, time::SECOND},
        message::{Message, MessageStatus},
    },
    ports::{SmsGateway, SmsRetry, SmsSubmitted},
    processes::context::Context,
    store::{Chore, CommandError, Sealed, StoreError, Work},
};
use std::sync::Arc;

/// How often each gateway is tried.
const ROUNDS: usize = 2;

/// The pause before the second round.
const ROUND_PAUSE_SECONDS: i64 = 60;

pub(super) async fn look(context: &Arc<Context>) -> Result<usize, StoreError> {
    let due =
        context.store.read().work_due(WorkKind::SendMessage, context.now(), WORK_PER_LOOK).await?;
    for work in due {
        let message: MessageId = subject(&work)?;
        handle_beside(context, "send", work, |context, work| async move {
            done(send(&context, message, &work).await)
        });
    }
    // What a call brings is a commit, and that is the signal to look again.
    Ok(0)
}

async fn send(context: &Context, id: MessageId, work: &Work) -> Result<(), CommandError> {
    let view = context.store.read().purchase_with(&Stream::Message(id)).await?;
    let message = match &view {
        Some(view) => view.messages.iter().find(|(of, _)| *of == id).map(|(_, it)| it.clone()),
        None => context.store.read().message(id).await?,
    };
    let Some(message) = message else { return Ok(()) };
    if message.status == MessageStatus::Submitted {
        // Whoever made the call did not live to record its outcome.
        let gateway = message.tried.last().cloned().unwrap_or_default();
        let lost = SmsSubmitted::Unknown { reason: "interrupted" };
        return record(context, id, gateway, lost).await;
    }
    let Some(gateway) = next_gateway(&context.sms, &message) else {
        return give_up(context, id).await;
    };
    let round_over = !message.tried.is_empty() && message.tried.len() == context.sms.len();
    if round_over && work.seen == 0 {
        return pause(context, work).await;
    }
    let to = context.store.phone(message.contact).await?;
    let text = match (&view, &context.settings.digest) {
        (Some(view), _) => compose(context, view).await,
        (None, Some(digest)) => tell_owner::compose(context, digest).await,
        // The owner wishes for none any more.
        (None, None) => return give_up(context, id).await,
    };
    let (to, text) = match (to, text) {
        (Some(to), Ok(text)) => (to, text),
        (_, Err(TextError::Store(failure))) => return Err(failure.into()),
        (None, _) => {
            tracing::info!(message = %id, "message {id} is to nobody any more: forgotten");
            return give_up(context, id).await;
        }
        (_, failed) => {
            tracing::error!(message = %id, error = ?failed.err(), "message {id} has no text");
            return give_up(context, id).await;
        }
    };
    let context_of_text = Sealed::MessageText(id).context();
    let sealed_text = context.store.vault().seal(&context_of_text, text.says.as_bytes());
    let by = gateway.id().to_owned();
    let tells_code = text.tells_code;
    let submit = SubmitMessage { message: id, gateway: by.clone(), sealed_text, tells_code };
    context.store.execute(submit).await?;
    let outcome = gateway.send(&to, &text.says).await;
    let bad_number = matches!(outcome, SmsSubmitted::Refused { retry: SmsRetry::Never, .. });
    record(context, id, by, outcome).await?;
    if bad_number {
        give_up(context, id).await?;
    }
    Ok(())
}

async fn give_up(context: &Context, message: MessageId) -> Result<(), CommandError> {
    context.store.execute(GiveUpMessage { message }).await.map(drop)
}

async fn record(
    context: &Context,
    message: MessageId,
    gateway: String,
    outcome: SmsSubmitted,
) -> Result<(), CommandError> {
    let reference = match &outcome {
        SmsSubmitted::Accepted { reference: Some(name) } => {
            Some(message_ref(context, &gateway, name))
        }
        SmsSubmitted::Accepted { reference: None }
        | SmsSubmitted::Refused { .. }
        | SmsSubmitted::Unknown { .. } => None,
    };
    context.store.execute(RecordSend { message, gateway, outcome, reference }).await?;
    // A report that overtook this answer waits in the inbox for the name.
    context.store.stir(Chore::ReadInbox);
    Ok(())
}

/// The next gateway to try, each in turn, or none when all were tried often enough.
fn next_gateway<'a>(
    gateways: &'a [Arc<dyn SmsGateway>],
    message: &Message,
) -> Option<&'a Arc<dyn SmsGateway>> {
    let tries = message.tried.len();
    let enough = tries >= gateways.len() * ROUNDS;
    if gateways.is_empty() || enough || message.unconfirmed_times >= UNCONFIRMED_MAX {
        return None;
    }
    gateways.get(tries % gateways.len())
}

async fn pause(context: &Context, work: &Work) -> Result<(), CommandError> {
    let due_at = context.now().plus(ROUND_PAUSE_SECONDS * SECOND);
    let (kind, subject) = (WorkKind::SendMessage, work.subject.clone());
    let work = Postponed { kind, subject, due_at, seen: work.seen + 1 };
    context.store.execute(KeepBeside::postponed(work)).await.map(drop)
}
