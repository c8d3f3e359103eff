//! The sorts of values that the vault looks up by fingerprint, without keeping them in clear. There
//! is no other list. Each sort has fingerprints of its own, so a phone number never meets a code.

use crate::ledger::{kernel::phone::Phone, voucher::fold};
use std::borrow::Cow;

/// Something with a fingerprint.
#[derive(Clone, Copy)]
pub enum Lookup<'a> {
    Phone(&'a Phone),
    /// A device, by its MAC address.
    Device(&'a str),
    /// A code as it stands on a site's router.
    Code(&'a str, &'a str),
    /// A code of a site as people type it.
    FoldedCode(&'a str, &'a str),
    /// The last four of a site's code, folded already.
    LastFour(&'a str, &'a str),
    /// A code as people type it, at whichever site.
    ShopWideCode(&'a str),
    Receipt(&'a str),
    /// The token of a purchase's link.
    Link(&'a str),
    /// The number that a form carries, so that sending it twice is one purchase.
    Form(&'a str),
    /// A message from outside, byte for byte.
    Inbox(&'a [u8]),
    /// A gateway's own name for an SMS.
    MessageRef(&'a str, &'a str),
    /// A file of codes.
    File(&'a [u8]),
    /// The name of a member of the staff, folded already.
    StaffName(&'a str),
    /// The token of a session.
    Session(&'a str),
    /// The session for which the desk drew a form.
    DeskForm(&'a str),
    /// Where somebody signs in from.
    Place(&'a str),
    /// What stands beside a session, an upload, a password.
    SessionOf(&'a str),
    UploadOf(&'a str),
    StaffPassword(&'a str),
}

impl Lookup<'_> {
    /// The sort. These words are in every fingerprint that was ever made: they never change.
    pub(super) const fn sort(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::Device(_) => "device",
            Self::Code(..) => "code",
            Self::FoldedCode(..) => "code_folded",
            Self::LastFour(..) => "code_last_four",
            Self::ShopWideCode(_) => "code_shop_wide",
            Self::Receipt(_) => "receipt",
            Self::Link(_) => "link",
            Self::Form(_) => "form",
            Self::Inbox(_) => "inbox",
            Self::MessageRef(..) => "message_ref",
            Self::File(_) => "file",
            Self::StaffName(_) => "staff_name",
            Self::Session(_) => "session",
            Self::DeskForm(_) => "desk_form",
            Self::Place(_) => "place",
            Self::SessionOf(_) => "session_of",
            Self::UploadOf(_) => "upload_of",
            Self::StaffPassword(_) => "staff_password",
        }
    }

    pub(super) fn value(&self) -> Cow<'_, [u8]> {
        let both = |one: &str, other: &str| Cow::Owned(format!("{one}:{other}").into_bytes());
        match self {
            Self::Phone(phone) => Cow::Borrowed(phone.msisdn().as_bytes()),
            Self::FoldedCode(site, code) => both(site, &fold(code)),
            Self::Code(one, other) | Self::LastFour(one, other) | Self::MessageRef(one, other) => {
                both(one, other)
            }
            Self::ShopWideCode(code) => Cow::Owned(fold(code).into_bytes()),
            Self::Inbox(bytes) | Self::File(bytes) => Cow::Borrowed(bytes),
            Self::Device(text)
            | Self::Receipt(text)
            | Self::Link(text)
            | Self::Form(text)
            | Self::StaffName(text)
            | Self::Session(text)
            | Self::DeskForm(text)
            | Self::Place(text)
            | Self::SessionOf(text)
            | Self::UploadOf(text)
            | Self::StaffPassword(text) => Cow::Borrowed(text.as_bytes()),
        }
    }
}
