//! The router's own users and their profiles, and how a password is proved to it.
//!
//! Names are compared byte for byte; the manual does not say (`docs/reference/routeros.md`).

use crate::{
    ledger::kernel::{
        chain::hex,
        time::{DAY, HOUR, Micros},
    },
    simulators::hotspot::console::Value,
};
use md5::{Digest as _, Md5};
use std::{collections::BTreeMap, fmt::Write as _};

/// How long the cookies of either kind are good for, in µs (`http-cookie-lifetime`,
/// `mac-cookie-timeout`).
pub const COOKIE_LIFE: i64 = 3 * DAY;

/// A hotspot user, as in `/ip hotspot user`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    /// The password; often the code again.
    pub password: String,
    /// The name of its profile; empty for `default`.
    pub profile: String,
    /// How much time it may use in all, in µs.
    pub limit_uptime: Option<i64>,
    /// How much data it may use in all, both ways, in bytes.
    pub limit_bytes_total: Option<u64>,
    pub mac_address: Option<String>,
    pub server: Option<String>,
    pub comment: String,
    pub disabled: bool,
    /// Time used in sessions that ended, in µs.
    pub uptime: i64,
    /// Data used in sessions that ended, in bytes.
    pub bytes: u64,
}

impl User {
    /// A voucher as Mikhmon's `vc` mode makes it: the code is name and password.
    pub fn voucher(code: &str) -> Self {
        Self { name: code.into(), password: code.into(), ..Self::default() }
    }
}

/// A user profile, as in `/ip hotspot user profile`.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pub name: String,
    /// How many devices may use one user at the same time; `None` for any number.
    pub shared_users: Option<usize>,
    /// How long one session may last, in µs.
    pub session_timeout: Option<i64>,
    /// Whether a device is remembered after a login, and for how long, in µs.
    pub mac_cookie_life: i64,
    pub on_login: String,
    pub properties: BTreeMap<String, Value>,
}

impl Profile {
    /// As RouterOS makes one: a single device, no time limit.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            shared_users: Some(1),
            session_timeout: None,
            mac_cookie_life: COOKIE_LIFE,
            on_login: String::new(),
            properties: BTreeMap::new(),
        }
    }

    pub fn set(&mut self, name: &str, value: &Value) {
        let text = value.property();
        match name {
            "shared-users" => self.shared_users = text.parse().ok(),
            "session-timeout" => self.session_timeout = value.time().filter(|life| *life > 0),
            "mac-cookie-timeout" => {
                self.mac_cookie_life = value.time().unwrap_or(COOKIE_LIFE);
            }
            "on-login" => self.on_login = text,
            _ => {}
        }
        self.properties.insert(name.to_owned(), value.clone());
    }
}

/// A CHAP challenge, by which a password need not travel in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub id: u8,
    pub bytes: [u8; 16],
    pub made_at: Micros,
}

/// How long a challenge is good for, in µs.
pub const CHALLENGE_LIFE: i64 = HOUR;

impl Challenge {
    pub fn is_live(&self, now: Micros) -> bool {
        self.made_at.until(now) <= CHALLENGE_LIFE
    }

    pub fn answer(&self, password: &[u8]) -> String {
        let digest = Md5::new()
            .chain_update([self.id])
            .chain_update(password)
            .chain_update(self.bytes)
            .finalize();
        hex(&digest)
    }

    /// `chap-id` and `chap-challenge` as a page gets them: every byte a backslash and three octal
    /// digits.
    pub fn tokens(&self) -> (String, String) {
        (octal(&[self.id]), octal(&self.bytes))
    }
}

fn octal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:03o}").expect("a string takes what is written");
        text
    })
}

/// Which proofs the router takes.
#[derive(Debug, Clone, Copy)]
pub struct Proofs {
    pub chap: bool,
    /// A plain password may come: `http-pap` is on, or `https` and the connection is one.
    pub plain: bool,
}

/// Checks a password as it came in the form. With both methods on, 32 hex digits are tried as a
/// CHAP answer first and as a password next; the manual does not say.
pub fn prove(
    password: &str,
    sent: &str,
    challenge: Option<&Challenge>,
    proofs: Proofs,
) -> Result<(), &'static str> {
    let hashed = sent.len() == 32 && sent.bytes().all(|byte| byte.is_ascii_hexdigit());
    if proofs.plain && sent == password {
        return Ok(());
    }
    match challenge {
        _ if !proofs.chap || (proofs.plain && !hashed) => Err("invalid-username"),
        Some(challenge) if hashed => {
            let right = challenge.answer(password.as_bytes()) == sent;
            if right { Ok(()) } else { Err("invalid-username") }
        }
        _ => Err("chap-missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published in the forum with a wrong result (`docs/reference/routeros.md`).
    fn published() -> Challenge {
        Challenge {
            id: 0o115,
            bytes: [
                0o274, 0o013, 0o242, 0o243, 0o236, 0o226, 0o151, 0o224, 0o070, 0o023, 0o243, 0o207,
                0o252, 0o061, 0o016, 0o254,
            ],
            made_at: Micros(0),
        }
    }

    const RIGHT: &str = "d1babee1b077a32b38cac1d48400abc0";
    const DAMAGED: &str = "9d4cd928fadf971ed24c7d5d9c46cd23";
    const CHAP: Proofs = Proofs { chap: true, plain: false };
    const PAP: Proofs = Proofs { chap: false, plain: true };
    const BOTH: Proofs = Proofs { chap: true, plain: true };

    #[test]
    fn the_published_challenge_has_the_computed_answer() {
        assert_eq!(published().answer(b"123456"), RIGHT);
        assert_eq!(prove("123456", RIGHT, Some(&published()), CHAP), Ok(()));
    }

    #[test]
    fn an_answer_over_damaged_bytes_is_refused() {
        let refused = prove("123456", DAMAGED, Some(&published()), CHAP);
        assert_eq!(refused, Err("invalid-username"));
    }

    #[test]
    fn tokens_are_octal_even_where_printable() {
        let (id, bytes) = published().tokens();
        assert_eq!(id, "\\115");
        assert!(bytes.starts_with("\\274\\013\\242"));
        assert_eq!(bytes.len(), 64);
    }

    #[test]
    fn chap_alone_takes_no_plain_password() {
        assert_eq!(prove("123456", "123456", Some(&published()), CHAP), Err("chap-missing"));
        assert_eq!(prove("123456", RIGHT, None, CHAP), Err("chap-missing"));
    }

    #[test]
    fn pap_alone_takes_no_hash() {
        assert_eq!(prove("123456", "123456", None, PAP), Ok(()));
        assert_eq!(prove("123456", RIGHT, Some(&published()), PAP), Err("invalid-username"));
    }

    #[test]
    fn with_both_on_either_will_do() {
        assert_eq!(prove("123456", "123456", Some(&published()), BOTH), Ok(()));
        assert_eq!(prove("123456", RIGHT, Some(&published()), BOTH), Ok(()));
        assert_eq!(prove(RIGHT, RIGHT, None, BOTH), Ok(()));
        assert_eq!(prove("123456", "12345", Some(&published()), BOTH), Err("invalid-username"));
    }

    #[test]
    fn a_challenge_lives_an_hour() {
        assert!(published().is_live(Micros(HOUR)));
        assert!(!published().is_live(Micros(HOUR + 1)));
    }
}
