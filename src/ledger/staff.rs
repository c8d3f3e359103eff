//! Staff: the people at the desk, by id alone. Names and passwords are in the vault.

use super::checkpoint::bytes;
use crate::ledger::kernel::{
    chain::hex,
    id::{HandoutId, VoucherId},
};
use serde::{Deserialize, Serialize};

/// What happens to a member of the staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
pub enum StaffEvent {
    /// Somebody may sign in. Its `once` is [`staff_once`].
    #[serde(rename = "staff_added")]
    Added {
        role: Role,
        /// Which password they were given; those added by older programs have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<PasswordProof>,
    },
    /// They may do something else, may no longer sign in, or have another password. Their
    /// sessions end where one of the latter two is so.
    #[serde(rename = "staff_changed")]
    Changed {
        /// What they may do from now on.
        role: Role,
        /// Whether they may sign in no longer.
        disabled: bool,
        /// Whether their password is another.
        password: bool,
        /// Which it is; without one, and without another password, the former proof counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<PasswordProof>,
    },
    #[serde(rename = "staff_signed_in")]
    SignedIn {},
    /// Somebody gave their name and a wrong password: the first time in a while, or so often that
    /// nobody may try on. What lies between is not recorded.
    #[serde(rename = "staff_refused")]
    Refused {
        /// How often in this while, from the same place.
        tries: u32,
    },
    /// They saw a code in clear.
    #[serde(rename = "staff_looked_at_code")]
    LookedAtCode { voucher: VoucherId },
    /// They had codes in clear to print them on cards.
    #[serde(rename = "staff_printed_codes")]
    PrintedCodes { handout: HandoutId },
}

/// Which password is somebody's: the keyed fingerprint of its hash, so that an older one put back
/// into the vault is known as such. 64 hexadecimal digits in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordProof(pub [u8; 32]);

impl From<PasswordProof> for String {
    fn from(proof: PasswordProof) -> Self {
        hex(&proof.0)
    }
}

impl TryFrom<String> for PasswordProof {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        bytes(&text).map(Self).ok_or("the proof of a password is 64 hexadecimal digits")
    }
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    /// Helps buyers: looks for sales and mends them.
    Cashier,
    /// Brings codes and looks after the router.
    Technician,
    /// Sees all that is no secret, and changes nothing.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Cashier, Self::Technician, Self::Auditor];

    /// The word in the ledger, in phrases and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Cashier => "cashier",
            Self::Technician => "technician",
            Self::Auditor => "auditor",
        }
    }

    /// Whether a code may be seen in clear.
    pub const fn may_look_at_codes(self) -> bool {
        matches!(self, Self::Owner | Self::Cashier)
    }
}

/// A word that names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write owner, cashier, technician or auditor")]
pub struct BadRole;

impl std::str::FromStr for Role {
    type Err = BadRole;
    fn from_str(text: &str) -> Result<Self, BadRole> {
        Self::ALL.into_iter().find(|role| role.word() == text).ok_or(BadRole)
    }
}

/// A member of the staff as their events leave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staff {
    pub role: Role,
    /// Whether they may sign in no longer.
    pub disabled: bool,
    /// Which password is theirs; `None` where the ledger does not know yet.
    pub proof: Option<PasswordProof>,
    /// How often all their sessions have ended: one that began before is over.
    pub ended: u32,
}

impl Staff {
    /// The member after `event`; `None` where the event cannot follow.
    pub fn evolve(state: Option<&Self>, event: &StaffEvent) -> Option<Self> {
        match (state, event) {
            (None, StaffEvent::Added { role, proof }) => {
                Some(Self { role: *role, disabled: false, proof: *proof, ended: 0 })
            }
            (Some(staff), StaffEvent::Changed { role, disabled, password, proof }) => Some(Self {
                role: *role,
                disabled: *disabled,
                proof: if *password { *proof } else { proof.or(staff.proof) },
                ended: staff.ended + u32::from(*password || *disabled),
            }),
            (Some(staff), StaffEvent::SignedIn {}) => (!staff.disabled).then_some(*staff),
            (Some(staff), StaffEvent::LookedAtCode { .. }) => {
                (!staff.disabled && staff.role.may_look_at_codes()).then_some(*staff)
            }
            (Some(staff), StaffEvent::PrintedCodes { .. }) => {
                (!staff.disabled && staff.role == Role::Owner).then_some(*staff)
            }
            (Some(staff), StaffEvent::Refused { .. }) => Some(*staff),
            (Some(_), StaffEvent::Added { .. }) | (None, _) => None,
        }
    }
}

/// The name under which the adding of somebody stands in the ledger: by the keyed fingerprint of
/// their name, in hexadecimal digits. So a name means one person for ever.
pub fn staff_once(fingerprint: &str) -> String {
    format!("staff:{fingerprint}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn each_event_follows_only_where_it_can() {
        let who = |role, disabled| Staff { role, disabled, proof: None, ended: 0 };
        let (cashier, auditor) = (who(Role::Cashier, false), who(Role::Auditor, false));
        let gone = who(Role::Cashier, true);
        let looked = StaffEvent::LookedAtCode { voucher: VoucherId(Uuid::nil()) };
        let changed = StaffEvent::Changed {
            role: Role::Cashier,
            disabled: true,
            password: false,
            proof: None,
        };
        let added = StaffEvent::Added { role: Role::Cashier, proof: None };
        let table = [
            (added, [true, false, false, false]),
            (changed, [false, true, true, true]),
            (StaffEvent::SignedIn {}, [false, true, true, false]),
            (StaffEvent::Refused { tries: 1 }, [false, true, true, true]),
            (looked, [false, true, false, false]),
        ];
        for (event, legal) in table {
            let states = [None, Some(&cashier), Some(&auditor), Some(&gone)];
            let follows = states.map(|state| Staff::evolve(state, &event).is_some());
            assert_eq!(follows, legal, "{event:?}");
        }
    }

    #[test]
    fn the_last_password_that_was_set_is_the_proven_one() {
        let proof = |n| Some(PasswordProof([n; 32]));
        let changed = |password, proof| StaffEvent::Changed {
            role: Role::Owner,
            disabled: false,
            password,
            proof,
        };
        let mut staff = None;
        for (event, proven, ended) in [
            (StaffEvent::Added { role: Role::Owner, proof: None }, None, 0),
            (changed(false, proof(1)), proof(1), 0),
            (changed(false, None), proof(1), 0),
            (changed(true, proof(2)), proof(2), 1),
            // By an older program, which proves nothing.
            (changed(true, None), None, 2),
        ] {
            let after = Staff::evolve(staff.as_ref(), &event).unwrap();
            assert_eq!((after.proof, after.ended), (proven, ended), "{event:?}");
            staff = Some(after);
        }
        let text = serde_json::to_string(&proof(7)).unwrap();
        assert_eq!(serde_json::from_str::<Option<PasswordProof>>(&text).unwrap(), proof(7));
        assert!(serde_json::from_str::<PasswordProof>("\"07\"").is_err());
    }

    #[test]
    fn roles_are_written_one_way() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
        }
        assert_eq!("boss".parse::<Role>(), Err(BadRole));
    }
}
