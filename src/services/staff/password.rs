//! Passwords: argon2id with OWASP's parameters (19 MiB, two passes, one lane; Password Storage
//! Cheat Sheet), which are the library's own defaults.

use crate::ports::Random;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// The shortest password, in letters: long beats odd.
pub const PASSWORD_CHARS_MIN: usize = 10;

/// The longest that is read: nobody shall make us hash a book.
const PASSWORD_CHARS_MAX: usize = 200;

const SALT_BYTES: usize = 16;

/// How many passwords are checked at once: each takes 19 MiB and a core for some 50 ms, and the
/// shop goes on selling beside it.
const CHECKS_MAX: usize = 2;

/// Checked where nobody has the name, so that it takes as long. Opens for no password.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
                       $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a password has at least {PASSWORD_CHARS_MIN} letters and is not the name; four words that \
     have nothing to do with each other are good"
)]
pub struct BadPassword;

/// The hash of a password, with salt and parameters, as text.
pub(super) fn hash(
    password: &SecretString,
    name: &str,
    random: &dyn Random,
) -> Result<String, BadPassword> {
    let text = password.expose_secret();
    let length = text.chars().count();
    let letters: std::collections::BTreeSet<char> = text.chars().collect();
    let easy = letters.len() < 4 || text.eq_ignore_ascii_case(name);
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) || easy {
        return Err(BadPassword);
    }
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let hash = Argon2::default().hash_password_with_salt(text.as_bytes(), &salt);
    Ok(hash.expect("a salt of sixteen bytes is long enough").to_string())
}

/// Checks passwords, a few at a time and beside the runtime.
#[derive(Debug)]
pub struct Passwords(Semaphore);

impl Default for Passwords {
    fn default() -> Self {
        Self(Semaphore::new(CHECKS_MAX))
    }
}

impl Passwords {
    /// Whether `given` is the password of `hash`; takes as long where there is none.
    pub async fn is_right(&self, hash: Option<String>, given: SecretString) -> bool {
        let _slot = self.0.acquire().await.expect("the slots are never closed");
        let known = hash.is_some();
        let check = move || {
            let hash = hash.as_deref().unwrap_or(NOBODYS);
            let text = given.expose_secret();
            let short = text.len() <= 4 * PASSWORD_CHARS_MAX;
            short && Argon2::default().verify_password(text.as_bytes(), hash).is_ok()
        };
        let right = tokio::task::spawn_blocking(check).await;
        known && right.expect("the check does not panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SystemRandom;

    fn hashed(text: &str) -> Result<String, BadPassword> {
        hash(&text.to_owned().into(), "Wanjiku Kamau", &SystemRandom)
    }

    #[test]
    fn short_and_easy_passwords_are_refused() {
        for bad in ["", "short", "aaaaaaaaaaaa", "abababababab", "wanjiku kamau"] {
            assert_eq!(hashed(bad), Err(BadPassword), "{bad}");
        }
        assert_eq!(hashed(&"x1y2z3".repeat(40)), Err(BadPassword), "too long");
    }

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let hash = hashed("mvua kiti ndizi saba").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let passwords = Passwords::default();
        let is = |hash: Option<&str>, text: &str| {
            passwords.is_right(hash.map(str::to_owned), text.to_owned().into())
        };
        assert!(is(Some(&hash), "mvua kiti ndizi saba").await);
        assert!(!is(Some(&hash), "mvua kiti ndizi nane").await);
        assert!(!is(None, "mvua kiti ndizi saba").await);
        assert_ne!(hash, hashed("mvua kiti ndizi saba").unwrap(), "each has its own salt");
    }

    #[test]
    fn nobodys_hash_is_one_so_that_checking_it_takes_as_long() {
        let wrong = Argon2::default().verify_password(b"x", NOBODYS).unwrap_err();
        assert_eq!(wrong, argon2::password_hash::Error::PasswordInvalid);
    }
}
