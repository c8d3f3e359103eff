//! Says of each line of an upload whether it is a voucher to sell, and if not, why.
//!
//! One line gets one verdict, the first that applies, in the order of [`Verdict`]. The order asks
//! what the owner can do about it: what is no voucher needs nothing; what is there already, in the
//! file or in stock, was answered when it was first seen (so that uploading twice says only
//! "already known"); what is used or disabled cannot be sold under any package; and only then does
//! the package matter. It must stay as it is, since owners compare the counts of two uploads.

use super::plain::CODE_BYTES_MAX;
use super::{Export, ExportLine, comment};
use crate::{
    adapters::routeros::units::{bytes, duration},
    ledger::{
        kernel::{id::Slug, time::SECOND},
        voucher::{VoucherStatus, fold},
    },
};
use serde::Serialize;
use std::collections::HashMap;

/// The owner's choices for a list, and the packages of the site.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub packages: Vec<Promise>,
    /// Keep only this package's lines (`--package`); its slug.
    pub only_package: Option<String>,
    /// Comments or groups of comments whose vouchers were printed and are not to be sold here
    /// ([`comment::belongs_to`]).
    pub set_aside_comments: Vec<String>,
    /// Groups of the list of which the same is so.
    pub set_aside_groups: Vec<GroupKey>,
}

/// What the vouchers of a group share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GroupKey {
    /// The router's user profile, if the list names one.
    pub profile: Option<String>,
    /// [`comment::group`] of the comments.
    pub comment: Option<String>,
}

impl GroupKey {
    pub fn of(line: &ExportLine) -> Self {
        let comment = line.comment.as_deref().and_then(comment::group);
        Self { profile: line.profile.clone(), comment: comment.map(str::to_owned) }
    }
}

/// A package of the site, and what its buyers are promised.
#[derive(Debug, Clone, Default)]
pub struct Promise {
    pub profile: String,
    pub package: String,
    pub validity_seconds: u64,
    /// How much data it gives, in bytes; `None` for as much as its time allows.
    pub data_bytes_max: Option<u64>,
}

impl Promise {
    /// Whether the limits of a line give less than this. One without limits gets them at its first
    /// login, from the router's job.
    fn exceeds(&self, line: &ExportLine) -> bool {
        let time = line.limit_uptime.as_deref().and_then(duration);
        let time = time.and_then(|micros| u64::try_from(micros / SECOND).ok());
        let data = line.limit_bytes_total.as_deref().and_then(bytes);
        time.is_some_and(|seconds| seconds < self.validity_seconds)
            || data.is_some_and(|bytes| self.data_bytes_max.is_none_or(|most| bytes < most))
    }
}

/// The verdicts, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The router's own row, or nothing that a buyer could type.
    NotAVoucher,
    /// An earlier line has this code, or one that differs only in case, dashes or spaces.
    DuplicateInFile,
    /// The site has this code already, or one that differs only so.
    AlreadyKnown,
    /// Another site has it, and nobody said that the two have different routers: whoever bought it
    /// there could be online with it here, so it must not be sold twice.
    KnownElsewhere,
    /// Somebody has logged in with it.
    AlreadyUsed,
    Disabled,
    /// It belongs to another package than the one asked for.
    OtherPackage,
    /// Nothing says which package it belongs to.
    NoPackage,
    /// A voucher of [`Judged::package`], to be sold unless it is [`Judged::printed`].
    Accepted,
}

impl Verdict {
    /// The stable word, as `--json` and events carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAVoucher => "not_a_voucher",
            Self::DuplicateInFile => "duplicate_in_file",
            Self::AlreadyKnown => "already_known",
            Self::KnownElsewhere => "known_elsewhere",
            Self::AlreadyUsed => "already_used",
            Self::Disabled => "disabled",
            Self::OtherPackage => "other_package",
            Self::NoPackage => "no_package",
            Self::Accepted => "accepted",
        }
    }
}

/// One line with its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The line of the file; the first is 1.
    pub number: usize,
    pub verdict: Verdict,
    /// Why, for the owner. Holds no code.
    pub reason: String,
    /// The package it belongs to, whatever the verdict; used and disabled vouchers too, so that
    /// they can be recorded.
    pub package: Option<String>,
    /// Which other site has its code, where that is the verdict.
    pub elsewhere: Option<Elsewhere>,
    /// Whether its comment is among those set aside.
    pub printed: bool,
    /// Whether it is accepted though the limits that it carries give less than is promised.
    pub gives_less: bool,
    /// All that was read; `None` when the line could not be read.
    pub line: Option<ExportLine>,
}

/// Where a code is known already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// No site of this router.
    Nowhere,
    /// The site has this very code.
    Here,
    /// The site has it, or one with the same [`fold`].
    AlikeHere,
    /// Another site has it, or one with the same [`fold`].
    Elsewhere(Elsewhere),
}

/// A code of another site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    pub site: Slug,
    pub name: String,
    /// What became of the code there.
    pub status: VoucherStatus,
}

impl Elsewhere {
    fn sentence(&self) -> String {
        let Self { site, name, status } = self;
        let status = status.word();
        format!("{name} ({site}) has this code already ({status}), and may have the same router.")
    }
}

/// Judges every line, in the order of the file. `known` is asked for each code as it stands.
pub fn judge(export: &Export, rules: &Rules, known: impl Fn(&str) -> Known) -> Vec<Judged> {
    let packages = Packages { rules, list_has_profiles: export.has_profiles() };
    let mut seen: HashMap<String, &ExportLine> = HashMap::new();
    let mut judged: Vec<Judged> = Vec::with_capacity(export.lines.len() + export.unreadable.len());
    for line in &export.lines {
        let folded = fold(&line.code);
        let package = packages.of(line);
        let known = known(&line.code);
        let (verdict, reason) = verdict(line, seen.get(&folded).copied(), &package, &known);
        let elsewhere = match known {
            Known::Elsewhere(elsewhere) if verdict == Verdict::KnownElsewhere => Some(elsewhere),
            Known::Elsewhere(_) | Known::Nowhere | Known::Here | Known::AlikeHere => None,
        };
        if verdict != Verdict::NotAVoucher {
            seen.entry(folded).or_insert(line);
        }
        let comment = line.comment.as_deref().unwrap_or_default();
        let printed = rules.set_aside_comments.iter().any(|it| comment::belongs_to(comment, it))
            || rules.set_aside_groups.contains(&GroupKey::of(line));
        let reason = match (verdict, printed) {
            (Verdict::Accepted, true) => {
                format!("{reason} Its comment is set aside, so it is kept but not sold.")
            }
            _ => reason,
        };
        let (number, package) = (line.number, package.slug().map(str::to_owned));
        let promise = rules.packages.iter().find(|it| Some(&it.package) == package.as_ref());
        let gives_less = verdict == Verdict::Accepted && promise.is_some_and(|it| it.exceeds(line));
        let reason = if gives_less {
            format!("{reason} Its own limits give less than the package promises.")
        } else {
            reason
        };
        judged.push(Judged {
            number,
            verdict,
            reason,
            package,
            elsewhere,
            printed,
            gives_less,
            line: Some(line.clone()),
        });
    }
    judged.extend(export.unreadable.iter().map(|row| Judged {
        number: row.number,
        verdict: Verdict::NotAVoucher,
        reason: row.why.to_owned(),
        package: None,
        elsewhere: None,
        printed: false,
        gives_less: false,
        line: None,
    }));
    judged.sort_by_key(|it| it.number);
    judged
}

fn verdict(
    line: &ExportLine,
    earlier: Option<&ExportLine>,
    package: &Package<'_>,
    known: &Known,
) -> (Verdict, String) {
    if let Some(why) = why_no_voucher(line) {
        return (Verdict::NotAVoucher, why.to_owned());
    }
    if let Some(earlier) = earlier {
        return (Verdict::DuplicateInFile, why_duplicate(line, earlier));
    }
    match known {
        Known::Nowhere => {}
        Known::Here => {
            return (Verdict::AlreadyKnown, "The site has this code already.".to_owned());
        }
        Known::AlikeHere => {
            let reason = "The site has this code already, or one that differs only in capital \
                          letters, dashes or spaces.";
            return (Verdict::AlreadyKnown, reason.to_owned());
        }
        Known::Elsewhere(other) => return (Verdict::KnownElsewhere, other.sentence()),
    }
    if let Some(because) = line.used {
        return (Verdict::AlreadyUsed, because.sentence().to_owned());
    }
    if line.disabled {
        return (Verdict::Disabled, "The router refuses it: it is disabled there.".to_owned());
    }
    package.verdict()
}

pub(super) fn could_be_voucher(line: &ExportLine) -> bool {
    why_no_voucher(line).is_none()
}

/// Names the router makes for itself, and names nobody could log in with.
fn why_no_voucher(line: &ExportLine) -> Option<&'static str> {
    let code = line.code.as_str();
    if line.router_owned || code == "default-trial" {
        return Some("The router made this row itself.");
    }
    if code == "admin" {
        return Some("It is the router's own admin user.");
    }
    if fold(code).is_empty() {
        return Some("It has no code.");
    }
    if code.strip_prefix("T-").is_some_and(is_mac) {
        return Some("It is a trial user, which the router made itself.");
    }
    if is_mac(code) {
        return Some("It is a device's address, which the router takes from that device only.");
    }
    if code.len() > CODE_BYTES_MAX {
        return Some("It is longer than 64 letters, which nobody can type.");
    }
    if code.chars().any(char::is_control) || code.trim() != code {
        return Some("It begins or ends with a space, or has a letter that cannot be typed.");
    }
    None
}

/// `AA:BB:CC:DD:EE:FF`, with colons or dashes. Twelve digits without marks are left alone: they
/// are a code far more often than a device.
fn is_mac(name: &str) -> bool {
    [':', '-'].into_iter().any(|mark| {
        let pairs: Vec<&str> = name.split(mark).collect();
        let is_pair = |it: &&str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_hexdigit());
        pairs.len() == 6 && pairs.iter().all(is_pair)
    })
}

fn why_duplicate(line: &ExportLine, earlier: &ExportLine) -> String {
    let number = earlier.number;
    if line.code == earlier.code && line.password == earlier.password {
        format!("Line {number} has the same code.")
    } else if line.code == earlier.code {
        format!("Line {number} has the same code with another password.")
    } else if line.code.eq_ignore_ascii_case(&earlier.code) {
        format!("Line {number} has the same code except for capital letters.")
    } else {
        format!("Line {number} has the same code except for dashes, spaces or capital letters.")
    }
}

struct Packages<'a> {
    rules: &'a Rules,
    list_has_profiles: bool,
}

/// Where a line belongs.
enum Package<'a> {
    Wanted { slug: &'a str },
    Other { slug: Option<&'a str>, profile: String },
    Unknown { profile: String },
    Several { profile: String },
    NoProfiles,
}

impl<'a> Packages<'a> {
    fn of(&self, line: &ExportLine) -> Package<'a> {
        let only = self.rules.only_package.as_deref();
        if !self.list_has_profiles {
            return only.map_or(Package::NoProfiles, |slug| Package::Wanted { slug });
        }
        // The router leaves out the profile where it is this one.
        let profile = line.profile.as_deref().unwrap_or("default").to_owned();
        let named: Vec<&str> = self
            .rules
            .packages
            .iter()
            .filter(|promise| promise.profile == profile)
            .map(|promise| promise.package.as_str())
            .collect();
        match (only, named.as_slice()) {
            (Some(slug), _) if named.contains(&slug) => Package::Wanted { slug },
            (Some(_), [slug]) => Package::Other { slug: Some(slug), profile },
            (Some(_), _) => Package::Other { slug: None, profile },
            (None, [slug]) => Package::Wanted { slug },
            (None, []) => Package::Unknown { profile },
            (None, _) => Package::Several { profile },
        }
    }
}

impl<'a> Package<'a> {
    fn slug(&self) -> Option<&'a str> {
        match self {
            Self::Wanted { slug } => Some(slug),
            Self::Other { slug, .. } => *slug,
            Self::Unknown { .. } | Self::Several { .. } | Self::NoProfiles => None,
        }
    }

    fn verdict(&self) -> (Verdict, String) {
        match self {
            Self::Wanted { slug } => {
                (Verdict::Accepted, format!("A voucher of the package {slug}."))
            }
            Self::Other { profile, .. } => {
                (Verdict::OtherPackage, format!("Its profile {profile} is another package's."))
            }
            Self::Unknown { profile } => {
                (Verdict::NoPackage, format!("No package of this site has the profile {profile}."))
            }
            Self::Several { profile } => (
                Verdict::NoPackage,
                format!("Several packages have the profile {profile}; name one with --package."),
            ),
            Self::NoProfiles => (
                Verdict::NoPackage,
                "The list names no profiles; say with --package which package its codes belong to."
                    .to_owned(),
            ),
        }
    }
}
