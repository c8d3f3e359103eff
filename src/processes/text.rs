//! What an SMS says.

use super::Context;
use crate::{
    ledger::{
        catalog::Package,
        id::{PurchaseId, VoucherId},
        purchase::{Language, PurchaseStatus},
    },
    phrases::{Parameter, PhraseError},
    store::{PurchaseView, Sealed, StoreError, VoucherCode},
};

/// Why a text could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum TextError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    #[error("purchase {0} or its package is not in the ledger")]
    Missing(PurchaseId),
}

/// The text of a purchase's message: its code, or that it is owed one.
pub(super) async fn compose(context: &Context, id: PurchaseId) -> Result<String, TextError> {
    let view = context.store.purchase(id).await?.ok_or(TextError::Missing(id))?;
    let package = package_of(context, &view).await?.ok_or(TextError::Missing(id))?;
    let language = view.purchase.language;
    let shop = ("shop", context.settings.shop_name.clone());
    let name = ("package", package.name.clone());
    let lasts = ("lasts", lasts(context, language, package.validity_seconds)?);
    let say = |key: &str, parameters: &[Parameter<'_>]| {
        context.phrases.say(language, key, parameters)
    };
    let text = match view.purchase.status {
        PurchaseStatus::Fulfilled(voucher) => {
            let code = code_of(context, voucher).await?.ok_or(TextError::Missing(id))?;
            let typed = ("code", code.code.clone());
            match code.other_password() {
                Some(password) => {
                    let password = ("password", password.to_owned());
                    say("sms.code_and_password", &[shop, typed, password, name, lasts])?
                }
                None => say("sms.code", &[shop, typed, name, lasts])?,
            }
        }
        PurchaseStatus::Owed | PurchaseStatus::Open | PurchaseStatus::Expired(_) => {
            say("sms.owed", &[shop, name])?
        }
    };
    Ok(crate_plain(&text))
}

/// One character outside the GSM alphabet would triple the price of a message.
fn crate_plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

async fn code_of(
    context: &Context,
    voucher: VoucherId,
) -> Result<Option<VoucherCode>, StoreError> {
    context.store.voucher_code(voucher).await
}

async fn package_of(
    context: &Context,
    view: &PurchaseView,
) -> Result<Option<Package>, StoreError> {
    context.store.package_version(&view.purchase.package, view.purchase.package_version).await
}

fn lasts(context: &Context, language: Language, seconds: u64) -> Result<String, PhraseError> {
    context.phrases.lasts(language, seconds)
}

/// Where a message's text is kept.
pub(super) fn kept_as(message: crate::ledger::id::MessageId) -> String {
    Sealed::MessageText(message).context()
}
