//! What every handler works with.

use super::{health::Pulse, limits::Limits};
use crate::{
    ledger::{accent::Accent, catalogue::Site},
    processes::context::Context,
    services::{catalogue::Receivers, router::kit::KitSettings, staff::Passwords},
    web::{desk::Desk, page::render::Pages},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use std::sync::Arc;
use url::Url;

/// What the owner decided about pages.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// The address at which buyers reach the shop.
    pub public_url: Url,
    /// The name M-PESA shows for the shop.
    pub shop_name: String,
    /// The number that buyers may call.
    pub support_phone: Option<String>,
    /// The shop's time zone.
    pub zone: TimeZone,
    /// The numbers that a site's buyers may pay.
    pub receivers: Receivers,
    /// The owner's colour.
    pub accent: Accent,
    /// Who reaches the desk.
    pub desk: DeskSettings,
}

/// Who reaches the desk, and how.
#[derive(Debug, Clone, Default)]
pub struct DeskSettings {
    /// Networks besides the machine itself from which staff may sign in over plain http.
    pub networks: Vec<IpNet>,
    /// Where a proxy in front serves the desk over https.
    pub public_url: Option<Url>,
}

/// What every handler works with.
pub struct Shop {
    /// Store, clock and the processes' signal.
    pub context: Arc<Context>,
    /// The pages.
    pub pages: Pages,
    /// What the owner decided.
    pub settings: WebSettings,
    pub(super) limits: Limits,
    pub(super) pulse: Pulse,
    pub(super) passwords: Passwords,
    pub(super) desk: Desk,
}

impl Shop {
    /// A shop; it serves nobody yet.
    pub fn new(context: Arc<Context>, settings: WebSettings) -> Self {
        let pages = Pages::default();
        let desk = Desk::new(settings.accent);
        let (limits, passwords) = (Limits::default(), Passwords::default());
        Self { context, pages, settings, limits, pulse: Pulse::default(), passwords, desk }
    }

    /// The colour of a site's pages.
    pub fn accent_of(&self, site: &Site) -> Accent {
        site.accent.as_deref().and_then(Accent::parse).unwrap_or(self.settings.accent)
    }

    /// What the files for routers say of the shop.
    pub(super) fn kit_settings(&self) -> KitSettings {
        KitSettings {
            shop_url: self.settings.public_url.clone(),
            support_phone: self.settings.support_phone.clone(),
            accent: self.settings.accent,
        }
    }

    /// A text nobody can guess, for a form.
    pub(super) fn nonce(&self) -> String {
        let mut bytes = [0; 16];
        self.context.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}
