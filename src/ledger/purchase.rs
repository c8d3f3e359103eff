//! Purchases: a buyer's wish to buy one package. Late truth wins: an expired purchase that turns
//! out to be paid is fulfilled or owed, never lost.

use super::settlement::Settlement;
use crate::ledger::kernel::{
    id::{ContactId, PackageKey, PaymentId, PurchaseId, Slug, VoucherId},
    money::Cents,
    time::Micros,
};
use serde::{Deserialize, Serialize};

/// What happens to a purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum PurchaseEvent {
    /// A buyer chose a package and gave a phone number; a code is held.
    #[serde(rename = "purchase_started")]
    Started {
        site: Slug,
        package: Slug,
        /// The version of the package that the buyer saw, and is bound by.
        package_version: u32,
        amount_cents: Cents,
        /// Who pays and gets the SMS.
        contact: ContactId,
        /// The device that asked, where the router told.
        device: Option<ContactId>,
        /// The code held, by its voucher.
        voucher: VoucherId,
        /// The language of the page, for the SMS.
        language: Language,
    },
    /// Paid, and the buyer has a code.
    #[serde(rename = "purchase_fulfilled")]
    Fulfilled {
        site: Slug,
        package: Slug,
        amount_cents: Cents,
        payment: PaymentId,
        voucher: VoucherId,
    },
    /// Paid, but there was no free code.
    #[serde(rename = "purchase_owed")]
    Owed { site: Slug, package: Slug, amount_cents: Cents, payment: PaymentId },
    /// The router does not know the code that the buyer got, or a person says so: they have another
    /// instead.
    #[serde(rename = "purchase_replaced")]
    Replaced {
        site: Slug,
        package: Slug,
        /// The code that is void now.
        former: VoucherId,
        voucher: VoucherId,
    },
    /// Given up waiting; the hold is gone. Money may still come.
    #[serde(rename = "purchase_expired")]
    Expired { site: Slug, package: Slug, reason: Expiry },
    /// A person settled what was owed, or took the code back: no code comes any more.
    #[serde(rename = "purchase_settled")]
    Settled { site: Slug, package: Slug, amount_cents: Cents, how: Settlement },
}

/// The buyer's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    En,
    Sw,
}

impl Language {
    /// Every language, in the order of the switch.
    pub const ALL: [Self; 2] = [Self::En, Self::Sw];

    /// As its readers call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Sw => "Kiswahili",
        }
    }

    /// Whether nothing needs to be said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// `en` or `sw`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Sw => "sw",
        }
    }

    /// Reads `?lang=`, a cookie or the start of an `Accept-Language` (`sw-KE,en;q=0.8`).
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "sw" => Some(Self::Sw),
            _ => None,
        }
    }

    /// The language that the switch offers.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::En => Self::Sw,
            Self::Sw => Self::En,
        }
    }
}

/// Why a purchase is waited for no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    Declined,
    /// The provider refused to ask.
    Refused,
    /// Nothing was heard in time.
    Unresolved,
}

/// Where a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PurchaseStatus {
    /// Waiting for money, a code held.
    Open,
    /// The buyer has a code.
    Fulfilled(VoucherId),
    /// The buyer is owed a code.
    Owed,
    Expired(Expiry),
    /// A person has settled it.
    Settled(Settlement),
}

/// A purchase as its events leave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// What is bought, and where.
    pub package: PackageKey,
    /// The version of the package seen.
    pub package_version: u32,
    pub price: Cents,
    pub contact: ContactId,
    pub device: Option<ContactId>,
    /// The code held at the start.
    pub held: VoucherId,
    pub language: Language,
    pub started_at: Micros,
    pub status: PurchaseStatus,
    /// By which payment, and how much, it was paid when no code was there.
    pub owed_for: Option<(PaymentId, Cents)>,
}

impl Purchase {
    /// The purchase after `event`, recorded at `at`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &PurchaseEvent, at: Micros) -> Option<Self> {
        if let (None, PurchaseEvent::Started { .. }) = (state, event) {
            return Self::started(event, at);
        }
        let purchase = state?;
        let status = purchase.status.after(event)?;
        let owed_for = match event {
            PurchaseEvent::Owed { payment, amount_cents, .. } => Some((*payment, *amount_cents)),
            _ => purchase.owed_for,
        };
        Some(Self { status, owed_for, ..purchase.clone() })
    }

    fn started(event: &PurchaseEvent, at: Micros) -> Option<Self> {
        let PurchaseEvent::Started {
            site,
            package,
            package_version,
            amount_cents,
            contact,
            device,
            voucher,
            language,
        } = event
        else {
            return None;
        };
        Some(Self {
            package: PackageKey { site: site.clone(), package: package.clone() },
            package_version: *package_version,
            price: *amount_cents,
            contact: *contact,
            device: *device,
            held: *voucher,
            language: *language,
            started_at: at,
            status: PurchaseStatus::Open,
            owed_for: None,
        })
    }
}

impl PurchaseStatus {
    /// The transition table; `None` is an illegal step.
    fn after(self, event: &PurchaseEvent) -> Option<Self> {
        use PurchaseEvent as E;
        match (self, event) {
            (Self::Open | Self::Expired(_) | Self::Owed, E::Fulfilled { voucher, .. }) => {
                Some(Self::Fulfilled(*voucher))
            }
            (Self::Fulfilled(had), E::Replaced { former, voucher, .. }) if had == *former => {
                Some(Self::Fulfilled(*voucher))
            }
            (Self::Open | Self::Expired(_), E::Owed { .. }) => Some(Self::Owed),
            (Self::Open, E::Expired { reason, .. }) => Some(Self::Expired(*reason)),
            (Self::Owed, E::Settled { how, .. }) => Some(Self::Settled(*how)),
            (Self::Fulfilled(_), E::Settled { how, .. }) => {
                how.is_refund().then_some(Self::Settled(*how))
            }
            (Self::Settled(before), E::Settled { how, .. }) => {
                how.may_follow(before).then_some(Self::Settled(*how))
            }
            _ => None,
        }
    }
}

/// The name under which one filled-in form stands in the ledger.
pub fn form_once(nonce: &str) -> String {
    format!("form:{nonce}")
}

/// The correlation of a purchase's events: its id.
pub fn correlation(purchase: PurchaseId) -> String {
    purchase.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn events() -> Vec<PurchaseEvent> {
        let (site, package) = (Slug::parse("mtaa").unwrap(), Slug::parse("daily").unwrap());
        let (s, p) = (|| site.clone(), || package.clone());
        let (amount_cents, payment) = (Cents(5000), PaymentId(Uuid::nil()));
        let voucher = VoucherId(Uuid::nil());
        let settled = |how| PurchaseEvent::Settled { site: s(), package: p(), amount_cents, how };
        vec![
            PurchaseEvent::Started {
                site: s(),
                package: p(),
                package_version: 1,
                amount_cents,
                contact: ContactId(Uuid::nil()),
                device: None,
                voucher,
                language: Language::En,
            },
            PurchaseEvent::Fulfilled { site: s(), package: p(), amount_cents, payment, voucher },
            PurchaseEvent::Owed { site: s(), package: p(), amount_cents, payment },
            PurchaseEvent::Expired { site: s(), package: p(), reason: Expiry::Declined },
            settled(Settlement::RefundPromised),
            settled(Settlement::RefundedMpesa),
            settled(Settlement::ServedByHand),
            PurchaseEvent::Replaced { site: s(), package: p(), former: voucher, voucher },
        ]
    }

    /// Rows are the events that led there, columns the events above; `-` is illegal.
    #[test]
    fn every_cell_of_the_transition_table() {
        let table: [(&[usize], &str); 7] = [
            (&[], "open - - - - - - -"),
            (&[0], "- done owed expired - - - -"),
            (&[0, 1], "- - - - settled settled - done"),
            (&[0, 2], "- done - - settled settled settled -"),
            (&[0, 3], "- done owed - - - - -"),
            (&[0, 2, 4], "- - - - - settled - -"),
            (&[0, 2, 5], "- - - - - - - -"),
        ];
        for (path, row) in table {
            let state = path.iter().fold(None, |state: Option<Purchase>, i| {
                Purchase::evolve(state.as_ref(), &events()[*i], Micros(0))
            });
            let words: Vec<&str> = events()
                .iter()
                .map(|event| {
                    match Purchase::evolve(state.as_ref(), event, Micros(0)).map(|p| p.status) {
                        None => "-",
                        Some(PurchaseStatus::Open) => "open",
                        Some(PurchaseStatus::Fulfilled(_)) => "done",
                        Some(PurchaseStatus::Owed) => "owed",
                        Some(PurchaseStatus::Expired(_)) => "expired",
                        Some(PurchaseStatus::Settled(_)) => "settled",
                    }
                })
                .collect();
            assert_eq!(words.join(" "), row, "after {path:?}");
        }
    }
}
