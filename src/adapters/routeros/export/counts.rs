//! Sums up verdicts: how many of each, and how many in each group of profile and comment.

use super::judge::{GroupKey, Judged, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many lines got each verdict. The verdicts add up to the lines of the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// New vouchers, those set aside included.
    pub accepted: usize,
    pub other_package: usize,
    pub no_package: usize,
    pub duplicate_in_file: usize,
    pub already_known: usize,
    pub known_elsewhere: usize,
    pub already_used: usize,
    pub disabled: usize,
    pub not_a_voucher: usize,
    /// Those of `accepted` that are printed and thus not sold here.
    pub set_aside: usize,
    /// Those of `accepted` whose own limits give less than their package promises.
    pub gives_less: usize,
}

impl Counts {
    pub fn of(judged: &[Judged]) -> Self {
        let mut counts = Self::default();
        for line in judged {
            let count = match line.verdict {
                Verdict::Accepted => &mut counts.accepted,
                Verdict::OtherPackage => &mut counts.other_package,
                Verdict::NoPackage => &mut counts.no_package,
                Verdict::DuplicateInFile => &mut counts.duplicate_in_file,
                Verdict::AlreadyKnown => &mut counts.already_known,
                Verdict::KnownElsewhere => &mut counts.known_elsewhere,
                Verdict::AlreadyUsed => &mut counts.already_used,
                Verdict::Disabled => &mut counts.disabled,
                Verdict::NotAVoucher => &mut counts.not_a_voucher,
            };
            *count += 1;
            counts.set_aside += usize::from(line.verdict == Verdict::Accepted && line.printed);
            counts.gives_less += usize::from(line.gives_less);
        }
        counts
    }
}

/// The vouchers that share a profile and a comment group: what an owner recognises as one batch,
/// and what they choose from when some are to be set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    #[serde(flatten)]
    pub key: GroupKey,
    pub lines: usize,
    pub accepted: usize,
    pub set_aside: usize,
    pub gives_less: usize,
}

/// The groups of a list in alphabetical order; lines that are no vouchers are left out.
pub fn groups(judged: &[Judged]) -> Vec<Group> {
    let mut groups: BTreeMap<GroupKey, Group> = BTreeMap::new();
    for one in judged.iter().filter(|it| it.verdict != Verdict::NotAVoucher) {
        let Some(line) = &one.line else { continue };
        let key = GroupKey::of(line);
        let new = Group { key: key.clone(), lines: 0, accepted: 0, set_aside: 0, gives_less: 0 };
        let group = groups.entry(key).or_insert(new);
        let accepted = one.verdict == Verdict::Accepted;
        group.lines += 1;
        group.accepted += usize::from(accepted);
        group.set_aside += usize::from(accepted && one.printed);
        group.gives_less += usize::from(one.gives_less);
    }
    groups.into_values().collect()
}
