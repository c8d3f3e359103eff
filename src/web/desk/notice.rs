//! Notices: a form's answer is a redirect whose query says how the form went, and the next page
//! shows it. A page shows only phrases of ours.

use crate::{
    store::CommandError,
    web::{
        page::{Fields, Result},
        state::Shop,
    },
};
use serde::Serialize;

/// The outcome of the last form.
#[derive(Debug, Default, Serialize)]
pub struct Notice {
    /// A phrase `done.…`, or `done_count.…` where it counts.
    done: Option<String>,
    refused: Option<String>,
    count: Option<usize>,
}

impl Notice {
    pub fn of(shop: &Shop, fields: &Fields) -> Self {
        let word = |name: &str| {
            let word = fields.get(name);
            shop.desk.knows(&format!("{name}.{word}")).then(|| word.to_owned())
        };
        let count = fields.get("codes").parse().ok();
        Self { done: word("done"), refused: word("refused"), count }
    }
}

/// The outcome of a command, for the query of the next page.
pub fn said(what: &str, outcome: Result<(), CommandError>) -> Result<String> {
    match outcome {
        Ok(()) => Ok(format!("done={what}")),
        Err(error) => Ok(format!("refused={}", refusal(error)?)),
    }
}

/// The refusal of a command as a phrase `refused.…`; failures go on.
pub fn refusal(error: CommandError) -> Result<&'static str> {
    match error {
        CommandError::Refused(refusal) => Ok(refusal.code()),
        CommandError::Failed(failure) => Err(failure.into()),
    }
}
