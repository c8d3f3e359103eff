//! The shop that every handler works with: context, settings, limits and pages.

use super::{desk, limits::Limits, page, portal, pulse::Pulse};
use crate::{
    commands::sale::start_purchase::StartPurchase,
    ledger::{
        accent::Accent,
        catalogue::Site,
        kernel::{id::PurchaseId, phone::Phone},
    },
    processes::{self, context::Context},
    services::{catalogue::Receivers, router::kit::KitSettings, staff::Passwords},
    store::CommandError,
};
use axum::extract::State;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use page::{error::Sorry, set::Set};
use std::sync::Arc;
use tokio::sync::Semaphore;
use url::Url;

/// The owner's settings for pages.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// The address at which buyers reach the shop.
    pub public_url: Url,
    /// The name M-PESA shows for the shop.
    pub shop_name: String,
    pub support_phone: Option<String>,
    pub zone: TimeZone,
    pub receivers: Receivers,
    pub accent: Accent,
    pub desk: DeskSettings,
}

/// The ways to reach the desk.
#[derive(Debug, Clone, Default)]
pub struct DeskSettings {
    /// Networks besides the machine itself from which staff may sign in over plain http.
    pub networks: Vec<IpNet>,
    /// Where a proxy in front serves the desk over https.
    pub public_url: Option<Url>,
}

/// The shop, as a handler is given it.
pub type TheShop = State<Arc<Shop>>;

/// How many requests are aside at once: more would only wait for the database together.
const ASIDE_MAX: usize = 8;

/// Everything that handlers work with.
pub struct Shop {
    /// Store, clock and the processes' signal.
    pub context: Arc<Context>,
    pub settings: WebSettings,
    pub(super) limits: Limits,
    pub(super) pulse: Pulse,
    pub(super) passwords: Passwords,
    pub(super) portal: Set,
    pub(super) desk: Set,
    /// Room for requests whose work is done aside ([`super::aside`]).
    pub(super) asides: Semaphore,
}

impl Shop {
    /// Starts a purchase, and has the phone asked for the money beside the page.
    pub async fn start_purchase(
        &self,
        command: StartPurchase,
        payer: Phone,
    ) -> Result<PurchaseId, CommandError> {
        processes::start_purchase(&self.context, command, payer).await
    }

    pub fn new(context: Arc<Context>, settings: WebSettings) -> Self {
        Self {
            context,
            settings,
            limits: Limits::default(),
            pulse: Pulse::default(),
            passwords: Passwords::default(),
            portal: portal::templates::set(),
            desk: desk::templates::set(),
            asides: Semaphore::new(ASIDE_MAX),
        }
    }

    pub fn accent_of(&self, site: &Site) -> Accent {
        site.accent.as_deref().and_then(Accent::parse).unwrap_or(self.settings.accent)
    }

    /// The shop's details in the files for routers.
    pub(super) fn kit_settings(&self) -> KitSettings {
        KitSettings {
            shop_url: self.settings.public_url.clone(),
            support_phone: self.settings.support_phone.clone(),
            accent: self.settings.accent,
        }
    }

    /// A text that nobody can guess, for a form.
    pub(super) fn nonce(&self) -> String {
        let mut bytes = [0; 16];
        self.context.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Logs a failure under a reference that the page shows too. Other reasons have none.
    pub(super) fn reference(&self, sorry: &Sorry) -> Option<String> {
        let Sorry::Failed(failure) = sorry else { return None };
        let reference = self.nonce()[..8].to_owned();
        tracing::error!(reference, error = ?failure, "a page failed: {failure}");
        Some(reference)
    }
}
