//! The businesses that take money, each with the passkey that signs for it.

/// The shop's paybill (or store) number.
pub const SHORT_CODE: &str = "600100";
/// The till of the same shop.
pub const TILL: &str = "500200";
/// Another till under the same store number.
pub const OTHER_TILL: &str = "500300";
pub const PASSKEY: &str = "demo-passkey";
/// A paybill of its own, of the same Daraja app.
pub const OTHER_SHORT_CODE: &str = "700300";
pub const OTHER_PASSKEY: &str = "demo-other-passkey";

#[derive(Debug)]
pub(super) struct Business {
    pub short_code: &'static str,
    pub passkey: &'static str,
    pub tills: &'static [&'static str],
}

const BUSINESSES: [Business; 2] = [
    Business { short_code: SHORT_CODE, passkey: PASSKEY, tills: &[TILL, OTHER_TILL] },
    Business { short_code: OTHER_SHORT_CODE, passkey: OTHER_PASSKEY, tills: &[] },
];

impl Business {
    pub fn signing_as(short_code: &str) -> Option<&'static Self> {
        BUSINESSES.iter().find(|business| business.short_code == short_code)
    }

    /// The one that gets what is paid to a till or paybill.
    pub fn paid_at(receiver: &str) -> Option<&'static Self> {
        let gets = |business: &&Business| {
            business.short_code == receiver || business.tills.contains(&receiver)
        };
        BUSINESSES.iter().find(gets)
    }
}

pub(super) fn is_till(receiver: &str) -> bool {
    Business::paid_at(receiver).is_some_and(|business| business.tills.contains(&receiver))
}
