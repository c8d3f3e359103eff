//! Composes the text of an SMS.

use crate::{
    ledger::{
        kernel::{gsm, id::PurchaseId},
        purchase::PurchaseStatus,
    },
    phrases::{Parameter, PhraseError},
    processes::context::Context,
    store::{PurchaseView, StoreError},
};

/// Why a text could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum TextError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    #[error("purchase {0}, its package or its code is not in the ledger")]
    Missing(PurchaseId),
}

/// A text, ready to be sent.
pub(super) struct Text {
    pub(super) says: String,
    /// Whether that is the code.
    pub(super) tells_code: bool,
}

/// The text of a purchase's message: its code, or that it is owed one. Plain, because one character
/// outside the GSM alphabet triples the price of a message.
pub(super) async fn compose(context: &Context, view: &PurchaseView) -> Result<Text, TextError> {
    let missing = TextError::Missing;
    let (id, purchase) = (view.id, &view.purchase);
    let version = context.store.read().package_version(&purchase.package, purchase.package_version);
    let package = version.await?.ok_or(missing(id))?;
    let say = |key: &str, more: &[Parameter<'_>]| {
        let shop = ("shop", context.settings.shop_name.clone());
        let mut parameters = vec![shop, ("package", package.name_in(purchase.language).to_owned())];
        parameters.extend_from_slice(more);
        context.phrases.say(purchase.language, key, &parameters)
    };
    let PurchaseStatus::Fulfilled(voucher) = purchase.status else {
        return Ok(Text { says: gsm::plain(&say("sms.owed", &[])?), tells_code: false });
    };
    let code = context.store.code_of(id, voucher).await?.ok_or(missing(id))?;
    let lasts = context.phrases.lasts(purchase.language, package.validity_seconds)?;
    let mut parameters = vec![("code", code.code.clone()), ("lasts", lasts)];
    let key = match code.other_password() {
        Some(password) => {
            parameters.push(("password", password.to_owned()));
            "sms.code_and_password"
        }
        None => "sms.code",
    };
    Ok(Text { says: gsm::plain(&say(key, &parameters)?), tells_code: true })
}
