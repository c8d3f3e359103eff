//! What the owner sets up: the shop, its sites, their packages, and the batches of codes that came
//! in.

use super::{
    history::Acceptance,
    key::{KeyPurpose, Succession},
    purchase::Language,
};
use crate::ledger::kernel::{
    id::{PackageKey, Slug},
    money::Cents,
    time::{Micros, Month},
};
use serde::{Deserialize, Serialize};

/// What happens to the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum ShopEvent {
    /// The first event of every ledger: what it is.
    #[serde(rename = "shop_opened")]
    Opened {
        /// A real shop or a demo.
        purpose: LedgerPurpose,
        /// Its IANA time zone, by which business days go.
        timezone: String,
        currency: String,
    },
    /// What the payment provider took for itself in a month, from its statement. Said again, the
    /// later word counts.
    #[serde(rename = "charges_stated")]
    ChargesStated {
        month: Month,
        amount_cents: Cents,
        /// Its last moment in the shop's time zone, at which the journal books it.
        ends_at: Micros,
    },
    /// One of the vault's keys was changed for another.
    #[serde(rename = "key_changed")]
    KeyChanged {
        purpose: KeyPurpose,
        /// Of the key that signs: which follows which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        succession: Option<Succession>,
    },
    /// The history was found to be another than the remembered one, and the owner decided to go on
    /// with it.
    #[serde(rename = "history_accepted")]
    HistoryAccepted(Acceptance),
    /// Tables beside the ledger said something else than it, and were written anew from it.
    #[serde(rename = "tables_mended")]
    TablesMended { tables: Vec<String> },
}

/// What a ledger is for. A demo's is never served as a shop's, nor the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerPurpose {
    Shop,
    Demo,
}

/// What happens to a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum SiteEvent {
    #[serde(rename = "site_registered")]
    Registered {
        site: Slug,
        name: String,
        /// The router's login page: the only address to which a code is ever handed.
        router_login: String,
        /// Its colour, such as `#0b6e4f`, where it is not the shop's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accent: Option<String>,
        /// The till or paybill that its buyers pay, where it is not the shop's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<String>,
        /// The language that its pages show first.
        #[serde(default, skip_serializing_if = "Language::is_default")]
        language: Language,
    },
    /// Renamed, its router moved, or it looks or is helped otherwise.
    #[serde(rename = "site_changed")]
    Changed {
        site: Slug,
        name: String,
        router_login: String,
        /// Its colour, where it is not the shop's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accent: Option<String>,
        /// The till or paybill that its buyers pay, where it is not the shop's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<String>,
        /// The language that its pages show first.
        #[serde(default, skip_serializing_if = "Language::is_default")]
        language: Language,
    },
    /// Its router has told of all codes that it knows, for the first time: from now on only those
    /// that it shows are sold.
    #[serde(rename = "site_router_reported")]
    RouterReported { site: Slug },
    /// Its router reports no longer: all codes in stock are sold again.
    #[serde(rename = "site_router_left")]
    RouterLeft { site: Slug },
    /// Somebody took its codes in clear, to put them on a router that was replaced.
    #[serde(rename = "site_codes_written")]
    CodesWritten { site: Slug, codes: u32 },
    /// A person said that its router is not the one of another site, so that a code may stand at
    /// both. The other site's router is then not this one's either.
    #[serde(rename = "site_router_differs")]
    RouterDiffers { site: Slug, other: Slug },
}

/// A site as its events leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub site: Slug,
    pub name: String,
    pub router_login: String,
    /// Its colour, where it is not the shop's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// The till or paybill that its buyers pay, where it is not the shop's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// The language that its pages show first; phones that ask for another get that.
    #[serde(skip_serializing_if = "Language::is_default")]
    pub language: Language,
    /// Whether its router tells which codes it knows.
    pub reports: bool,
}

impl Site {
    /// The site after `event`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &SiteEvent) -> Option<Self> {
        match (state, event) {
            (
                None,
                SiteEvent::Registered { site, name, router_login, accent, receiver, language },
            )
            | (
                Some(_),
                SiteEvent::Changed { site, name, router_login, accent, receiver, language },
            ) => Some(Self {
                site: site.clone(),
                name: name.clone(),
                router_login: router_login.clone(),
                accent: accent.clone(),
                receiver: receiver.clone(),
                language: *language,
                reports: state.is_some_and(|site| site.reports),
            }),
            (Some(site), SiteEvent::RouterReported { .. }) if !site.reports => {
                Some(Self { reports: true, ..site.clone() })
            }
            (Some(site), SiteEvent::RouterLeft { .. }) if site.reports => {
                Some(Self { reports: false, ..site.clone() })
            }
            (Some(site), SiteEvent::CodesWritten { .. } | SiteEvent::RouterDiffers { .. }) => {
                Some(site.clone())
            }
            _ => None,
        }
    }
}

/// What happens to a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum PackageEvent {
    /// Offered for the first time, or in a new version: a purchase keeps the version it saw.
    #[serde(rename = "package_defined")]
    Defined(Package),
    #[serde(rename = "package_retired")]
    Retired { site: Slug, package: Slug },
}

/// A package: what is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub site: Slug,
    pub package: Slug,
    /// 1, 2, 3 …; a new price is a new version.
    pub version: u32,
    pub name: String,
    /// What those call it who read Swahili, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_sw: Option<String>,
    /// Its place on the page, 1 before 2; those without one follow, the cheapest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    pub price_cents: Cents,
    /// How long it lasts from the first login, in seconds.
    pub validity_seconds: u64,
    /// The RouterOS user profile whose codes it sells.
    pub profile: String,
    /// How many devices may use one code at a time.
    pub devices: u32,
    /// Download speed, where it is limited.
    pub rate_kbps_down: Option<u32>,
    /// Upload speed, where it is limited.
    pub rate_kbps_up: Option<u32>,
    /// Data, both directions together, where it is limited.
    pub data_bytes_max: Option<u64>,
    /// Whether it is sold no longer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

impl Package {
    /// Its key.
    pub fn key(&self) -> PackageKey {
        PackageKey { site: self.site.clone(), package: self.package.clone() }
    }

    /// What buyers call it in their language.
    pub fn name_in(&self, language: Language) -> &str {
        match (language, &self.name_sw) {
            (Language::Sw, Some(name)) => name,
            _ => &self.name,
        }
    }

    /// The package after `event`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &PackageEvent) -> Option<Self> {
        match (state, event) {
            (None, PackageEvent::Defined(new)) if new.version == 1 => Some(new.clone()),
            (Some(old), PackageEvent::Defined(new)) if new.version == old.version + 1 => {
                Some(new.clone())
            }
            (Some(old), PackageEvent::Retired { .. }) if !old.retired => {
                Some(Self { retired: true, ..old.clone() })
            }
            _ => None,
        }
    }
}

/// What happens to a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum BatchEvent {
    /// A file of codes was read and its lines judged.
    #[serde(rename = "batch_imported")]
    Imported {
        /// Where its codes are valid.
        site: Slug,
        /// The format it was recognised as.
        format: String,
        /// The keyed fingerprint of its bytes.
        file: String,
        /// How many lines were taken into stock.
        accepted: u32,
        /// How many were taken but are not sold online: printed, used or disabled.
        set_aside: u32,
        /// How many lines were left out.
        left_out: u32,
    },
}
