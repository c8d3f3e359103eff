//! What providers tell the shop, and how it comes in: as the web does it, without the web.

use lango::{
    ledger::kernel::id::PaymentId,
    processes::{self, context::Context},
    store::{
        C2B_CONFIRMATION, CommandError, RawMessage, SOURCE_C2B, SOURCE_PAYMENT, SOURCE_REPORT,
    },
};

/// A message on its way to the shop.
#[derive(Debug, Clone)]
pub enum Letter {
    /// What became of a prompt.
    Payment { whose: String, secret: String, body: String },
    /// Money came on the shop's number.
    C2b { body: String },
    /// What became of an SMS.
    Report { gateway: String, body: String },
}

impl Letter {
    /// What it says.
    pub fn body(&self) -> &str {
        match self {
            Self::Payment { body, .. } | Self::C2b { body } | Self::Report { body, .. } => body,
        }
    }
}

/// Takes a letter in; tells whether the sender may think that it arrived.
pub async fn take_in(context: &Context, letter: &Letter) -> Result<bool, CommandError> {
    let (source, subject, body) = match letter {
        Letter::Payment { whose, secret, body } => {
            let Ok(payment) = whose.parse::<PaymentId>() else { return Ok(false) };
            if !context.store.vault_now().await?.is_hook_secret(payment, secret) {
                return Ok(false);
            }
            (SOURCE_PAYMENT, whose.clone(), body)
        }
        Letter::C2b { body } => (SOURCE_C2B, C2B_CONFIRMATION.to_owned(), body),
        Letter::Report { gateway, body } => (SOURCE_REPORT, gateway.clone(), body),
    };
    let message = RawMessage {
        content_type: "application/json".into(),
        from: "203.0.113.7".into(),
        body: body.as_bytes().to_vec(),
    };
    processes::take_in(context, source, &subject, &message).await?;
    Ok(true)
}
