//! Vouchers: the right to a package, proved by one code. A code is sold once, ever; a code that
//! anyone has seen never returns to stock.

use crate::ledger::kernel::{
    chain::hex,
    fingerprint::Fingerprint,
    id::{BatchId, HandoutId, PackageKey, PurchaseId, Slug, VoucherId},
};
use serde::{Deserialize, Serialize};

/// What happens to a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum VoucherEvent {
    /// Its code came into the vault. Its `once` is a [`code_once`].
    #[serde(rename = "voucher_imported")]
    Imported {
        site: Slug,
        package: Slug,
        /// The upload it came with.
        batch: BatchId,
    },
    /// Known, but never sold online.
    #[serde(rename = "voucher_set_aside")]
    SetAside {
        site: Slug,
        package: Slug,
        reason: SetAside,
        /// Of a printed one that was in stock: with whose cards it left it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handout: Option<HandoutId>,
    },
    /// Held for a purchase until its payment is decided.
    #[serde(rename = "voucher_reserved")]
    Reserved { site: Slug, package: Slug, purchase: PurchaseId },
    /// Back in stock; nobody has seen it.
    #[serde(rename = "voucher_released")]
    Released { site: Slug, package: Slug, purchase: PurchaseId },
    /// Back in stock by the owner's word, after it was fenced.
    #[serde(rename = "voucher_returned")]
    Returned { site: Slug, package: Slug },
    /// Sold. Its `once` is [`sale_once`].
    #[serde(rename = "voucher_allocated")]
    Allocated { site: Slug, package: Slug, purchase: PurchaseId },
    /// The router does not show it, so it is not for sale until it does.
    #[serde(rename = "voucher_missing")]
    Missing { site: Slug, package: Slug },
    /// The router shows it: it is for sale.
    #[serde(rename = "voucher_shown")]
    Shown { site: Slug, package: Slug },
    /// Never to be sold or used.
    #[serde(rename = "voucher_voided")]
    Voided { site: Slug, package: Slug, reason: VoidReason },
}

/// Why a voucher is never to be sold or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoidReason {
    /// Somebody saw or took the codes who should not have.
    Leaked,
    /// The router does not take them, or not any more.
    NotOnRouter,
    /// They were uploaded by mistake, or for the wrong package.
    Mistaken,
    /// Printed cards were lost or spoilt.
    Lost,
    /// Its buyer got the money back, or another code.
    TakenBack,
}

impl VoidReason {
    /// Those that a person may give for codes that nobody bought.
    pub const ALL: [Self; 4] = [Self::Leaked, Self::NotOnRouter, Self::Mistaken, Self::Lost];

    /// The word in the ledger and in phrases.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Leaked => "leaked",
            Self::NotOnRouter => "not_on_router",
            Self::Mistaken => "mistaken",
            Self::Lost => "lost",
            Self::TakenBack => "taken_back",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// Why a voucher is never sold online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetAside {
    /// Printed on a card that is sold by hand.
    Printed,
    /// Already used when it was uploaded.
    Used,
    /// Perhaps sold in a time that this ledger has lost: it was restored from an older backup.
    Fenced,
}

/// Where a voucher stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoucherStatus {
    Free,
    /// In stock, but the router does not show it: not for sale.
    Missing,
    Reserved(PurchaseId),
    Allocated(PurchaseId),
    SetAside(SetAside),
    /// Never to be sold or used.
    Voided,
}

/// A voucher as its events leave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// What it gives, and where.
    pub package: PackageKey,
    pub status: VoucherStatus,
    /// To whom it was sold, also where it is void since: nobody else is ever shown its code.
    pub sold_to: Option<PurchaseId>,
}

impl Voucher {
    /// The voucher after `event`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &VoucherEvent) -> Option<Self> {
        let package = match (state, event) {
            (None, VoucherEvent::Imported { site, package, .. }) => {
                PackageKey { site: site.clone(), package: package.clone() }
            }
            (Some(voucher), _) => voucher.package.clone(),
            (None, _) => return None,
        };
        let status = VoucherStatus::after(state.map(|voucher| voucher.status), event)?;
        let sold_to = match status {
            VoucherStatus::Allocated(purchase) => Some(purchase),
            _ => state.and_then(|voucher| voucher.sold_to),
        };
        Some(Self { package, status, sold_to })
    }
}

impl VoucherStatus {
    /// The stable word, as the projection `stock` counts them.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Missing => "missing",
            Self::Reserved(_) => "held",
            Self::Allocated(_) => "sold",
            Self::SetAside(SetAside::Printed) => "printed",
            Self::SetAside(SetAside::Used) => "used",
            Self::SetAside(SetAside::Fenced) => "fenced",
            Self::Voided => "voided",
        }
    }

    /// The transition table; `None` is an illegal step.
    fn after(from: Option<Self>, event: &VoucherEvent) -> Option<Self> {
        use VoucherEvent as E;
        use VoucherStatus as S;
        match (from, event) {
            (None, E::Imported { .. })
            | (Some(S::SetAside(SetAside::Fenced)), E::Returned { .. })
            | (Some(S::Missing), E::Shown { .. }) => Some(S::Free),
            (Some(S::Free), E::Missing { .. }) => Some(S::Missing),
            // Of one that is held: somebody else uses it already, so the buyer gets another.
            (
                Some(S::Reserved(_) | S::SetAside(SetAside::Fenced)),
                E::SetAside { reason: SetAside::Used, .. },
            ) => Some(S::SetAside(SetAside::Used)),
            (Some(S::Free | S::Missing), E::SetAside { reason, .. }) => Some(S::SetAside(*reason)),
            (Some(S::Free), E::Reserved { purchase, .. }) => Some(S::Reserved(*purchase)),
            (Some(S::Free), E::Allocated { purchase, .. }) => Some(S::Allocated(*purchase)),
            (Some(S::Reserved(holder)), E::Released { purchase, .. }) if holder == *purchase => {
                Some(S::Free)
            }
            (Some(S::Reserved(holder)), E::Allocated { purchase, .. }) if holder == *purchase => {
                Some(S::Allocated(holder))
            }
            (
                Some(S::Free | S::Missing | S::Reserved(_) | S::Allocated(_) | S::SetAside(_)),
                E::Voided { .. },
            ) => Some(S::Voided),
            _ => None,
        }
    }
}

/// The name under which printed cards stand in the ledger, so that a form sent twice takes codes
/// once.
pub fn handout_once(handout: HandoutId) -> String {
    format!("handout:{handout}")
}

/// A code as a hurried person sees it: capital ASCII letters, no blanks, no dashes. Whether the
/// router minds case is not documented, and buyers drop dashes, so two codes with one fold are
/// never both sold. Two codes of nothing but dashes have an empty fold and are no vouchers.
pub fn fold(code: &str) -> String {
    let is_dash = |it: &char| matches!(it, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    let letters = code.chars().filter(|it| !it.is_whitespace() && !is_dash(it));
    letters.map(|it| it.to_ascii_uppercase()).collect()
}

/// The name under which a code comes in for the `nth` time, from 1, by the keyed fingerprint of its
/// [`fold`]. The first name is free once in a ledger, whatever the vault beside it says. The others
/// are for sites of which a person said that their routers are others.
pub fn code_once(shop_wide: &Fingerprint, nth: usize) -> String {
    let name = format!("code:{}", hex(&shop_wide[..16]));
    if nth == 1 { name } else { format!("{name}:{nth}") }
}

/// The name under which a voucher's one sale stands in the ledger.
pub fn sale_once(voucher: VoucherId) -> String {
    format!("sale:{voucher}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn purchase(n: u128) -> PurchaseId {
        PurchaseId(Uuid::from_u128(n))
    }

    fn events() -> Vec<VoucherEvent> {
        let (site, package) = (Slug::parse("mtaa").unwrap(), Slug::parse("daily").unwrap());
        let (s, p) = (|| site.clone(), || package.clone());
        vec![
            VoucherEvent::Imported { site: s(), package: p(), batch: BatchId(Uuid::nil()) },
            VoucherEvent::SetAside {
                site: s(),
                package: p(),
                reason: SetAside::Printed,
                handout: None,
            },
            VoucherEvent::Reserved { site: s(), package: p(), purchase: purchase(1) },
            VoucherEvent::Released { site: s(), package: p(), purchase: purchase(1) },
            VoucherEvent::Allocated { site: s(), package: p(), purchase: purchase(1) },
            VoucherEvent::Voided { site: s(), package: p(), reason: VoidReason::Leaked },
            VoucherEvent::Returned { site: s(), package: p() },
            VoucherEvent::Missing { site: s(), package: p() },
            VoucherEvent::Shown { site: s(), package: p() },
            VoucherEvent::SetAside {
                site: s(),
                package: p(),
                reason: SetAside::Used,
                handout: None,
            },
        ]
    }

    /// Rows are states, columns the events above; `-` is illegal.
    #[test]
    fn every_cell_of_the_transition_table() {
        use VoucherStatus as S;
        let table: [(Option<S>, &str); 9] = [
            (None, "free - - - - - - - - -"),
            (Some(S::Free), "- aside held - sold void - missing - aside"),
            (Some(S::Missing), "- aside - - - void - - free aside"),
            (Some(S::Reserved(purchase(1))), "- - - free sold void - - - aside"),
            (Some(S::Reserved(purchase(2))), "- - - - - void - - - aside"),
            (Some(S::Allocated(purchase(1))), "- - - - - void - - - -"),
            (Some(S::SetAside(SetAside::Used)), "- - - - - void - - - -"),
            (Some(S::SetAside(SetAside::Fenced)), "- - - - - void free - - aside"),
            (Some(S::Voided), "- - - - - - - - - -"),
        ];
        for (from, row) in table {
            let words: Vec<&str> = events()
                .iter()
                .map(|event| match S::after(from, event) {
                    None => "-",
                    Some(S::Free) => "free",
                    Some(S::Missing) => "missing",
                    Some(S::Reserved(_)) => "held",
                    Some(S::Allocated(_)) => "sold",
                    Some(S::SetAside(_)) => "aside",
                    Some(S::Voided) => "void",
                })
                .collect();
            assert_eq!(words.join(" "), row, "from {from:?}");
        }
    }
}
