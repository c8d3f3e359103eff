//! The vault's keys: what is sealed, and by what it is found again. One random key per purpose,
//! each wrapped by the master key, so that a new master key touches five short rows and nothing
//! else.

use crate::{
    ledger::{
        checkpoint::SecretKey,
        decision::Fingerprint,
        id::{PaymentId, PurchaseId},
    },
    ports::Random,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A key of 32 bytes.
pub type Key = [u8; 32];

const NONCE_BYTES: usize = 24;

/// What a key is for. The words stand in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sealing texts.
    Seal,
    /// Finding sealed texts again.
    Fingerprint,
    /// The secret part of a callback's path.
    Hook,
    /// The secret that is a purchase's link.
    Link,
    /// Signing checkpoints.
    Sign,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Seal, Self::Fingerprint, Self::Hook, Self::Link, Self::Sign];

    /// The word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Fingerprint => "fingerprint",
            Self::Hook => "hook",
            Self::Link => "link",
            Self::Sign => "sign",
        }
    }
}

/// Something sealed that does not open: another master key, or an altered row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed text does not open with this key")]
pub struct DoesNotOpen;

/// The vault's keys, unwrapped. Never prints them.
pub struct Vault {
    seal: Key,
    fingerprint: Key,
    hook: Key,
    link: Key,
    sign: Key,
    signing: SecretKey,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// New keys for an empty ledger, and their wrapped form in the order of [`Purpose::ALL`].
    pub fn create(master: &Key, random: Arc<dyn Random>) -> (Self, Vec<Vec<u8>>) {
        let keys = Purpose::ALL.map(|_| {
            let mut key = Key::default();
            random.fill(&mut key);
            key
        });
        let vault = Self::from_keys(keys, random);
        let wrapped = vault.wrapped(master);
        (vault, wrapped)
    }

    /// The keys wrapped by a master key, in the order of [`Purpose::ALL`].
    pub fn wrapped(&self, master: &Key) -> Vec<Vec<u8>> {
        let keys = [&self.seal, &self.fingerprint, &self.hook, &self.link, &self.sign];
        let wrap = |(purpose, key): (&Purpose, &Key)| {
            seal_with(master, purpose.word(), key, self.random.as_ref())
        };
        Purpose::ALL.iter().zip(keys).map(wrap).collect()
    }

    /// The keys of a ledger, from their wrapped form in the order of [`Purpose::ALL`].
    pub fn open(
        master: &Key,
        wrapped: &[Vec<u8>],
        random: Arc<dyn Random>,
    ) -> Result<Self, DoesNotOpen> {
        let mut keys = [Key::default(); 5];
        if wrapped.len() != keys.len() {
            return Err(DoesNotOpen);
        }
        for ((purpose, key), sealed) in Purpose::ALL.iter().zip(&mut keys).zip(wrapped) {
            let plain = open_with(master, purpose.word(), sealed)?;
            *key = plain.try_into().map_err(|_| DoesNotOpen)?;
        }
        Ok(Self::from_keys(keys, random))
    }

    fn from_keys(keys: [Key; 5], random: Arc<dyn Random>) -> Self {
        let [seal, fingerprint, hook, link, sign] = keys;
        let signing = SecretKey::from_seed(&sign);
        Self { seal, fingerprint, hook, link, sign, signing, random }
    }

    /// The key that signs checkpoints.
    pub const fn signing_key(&self) -> &SecretKey {
        &self.signing
    }

    /// Seals `plain`; it opens only under the same `context`, such as `contact:0193…`, so that a
    /// row cannot be moved to another place.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        seal_with(&self.seal, context, plain, self.random.as_ref())
    }

    /// Opens what was sealed under `context`.
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        open_with(&self.seal, context, sealed)
    }

    /// Opens a text that was sealed under `context`.
    pub fn unseal_text(&self, context: &str, sealed: &[u8]) -> Result<String, DoesNotOpen> {
        String::from_utf8(self.unseal(context, sealed)?).map_err(|_| DoesNotOpen)
    }

    /// The fingerprint of `value` among all things called `what`.
    pub fn fingerprint(&self, what: &str, value: &[u8]) -> Fingerprint {
        mac(&self.fingerprint, what, value)
    }

    /// The fingerprint of a receipt number, as text for its `once` name.
    pub fn receipt_fingerprint(&self, number: &str) -> String {
        let fingerprint = self.fingerprint("receipt", number.as_bytes());
        uuid::Builder::from_slice(&fingerprint[..16])
            .expect("sixteen bytes are an id")
            .into_uuid()
            .simple()
            .to_string()
    }

    /// The secret of a purchase's link: whoever has it sees the code. 128 bits, made from the id,
    /// so that it is never stored.
    pub fn link_token(&self, purchase: PurchaseId) -> String {
        URL_SAFE_NO_PAD.encode(&mac(&self.link, "purchase", purchase.0.as_bytes())[..16])
    }

    /// The fingerprint by which a link's purchase is found.
    pub fn link_fingerprint(&self, token: &str) -> Fingerprint {
        self.fingerprint("link", token.as_bytes())
    }

    /// The secret in the path of a payment's callback.
    pub fn hook_secret(&self, payment: PaymentId) -> String {
        URL_SAFE_NO_PAD.encode(&mac(&self.hook, "payment", payment.0.as_bytes())[..16])
    }

    /// Whether `secret` is that of the payment's callback. Takes as long for a wrong one as for a
    /// right one, and looks nothing up, so that a forger learns nothing, not even whether the
    /// payment exists.
    pub fn is_hook_secret(&self, payment: PaymentId, secret: &str) -> bool {
        self.hook_secret(payment).as_bytes().ct_eq(secret.as_bytes()).into()
    }

    /// The secret in the path of C2B messages of a sort. In hexadecimal, because Safaricom refuses
    /// addresses in which `exe`, `cmd` or `sql` stand, as they may by chance in base64.
    pub fn c2b_secret(&self, sort: &str) -> String {
        crate::ledger::chain::hex(&mac(&self.hook, "c2b", sort.as_bytes())[..16])
    }

    /// Whether `secret` is that of C2B messages of the sort.
    pub fn is_c2b_secret(&self, sort: &str, secret: &str) -> bool {
        self.c2b_secret(sort).as_bytes().ct_eq(secret.as_bytes()).into()
    }

    /// The secret in the path of an SMS gateway's delivery reports.
    pub fn report_secret(&self, gateway: &str) -> String {
        URL_SAFE_NO_PAD.encode(&mac(&self.hook, "report", gateway.as_bytes())[..16])
    }

    /// Whether `secret` is that of the gateway's delivery reports.
    pub fn is_report_secret(&self, gateway: &str, secret: &str) -> bool {
        self.report_secret(gateway).as_bytes().ct_eq(secret.as_bytes()).into()
    }
}

fn mac(key: &Key, what: &str, value: &[u8]) -> Fingerprint {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any length is a key");
    mac.update(&u32::try_from(what.len()).expect("a short word").to_be_bytes());
    mac.update(what.as_bytes());
    mac.update(value);
    mac.finalize().into_bytes().into()
}

/// Seals copies of the whole ledger. Comes from the master key, which is never in a copy: whoever
/// finds one can do nothing with it.
pub struct BackupKey(Key);

impl BackupKey {
    /// The key that belongs to a master key.
    pub fn of(master: &Key) -> Self {
        Self(mac(master, "backup", b""))
    }

    /// Seals a piece; it opens only in its own place.
    pub fn seal(&self, place: &str, plain: &[u8], random: &dyn Random) -> Vec<u8> {
        seal_with(&self.0, place, plain, random)
    }

    /// Opens a piece.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        open_with(&self.0, place, sealed)
    }
}

fn seal_with(key: &Key, context: &str, plain: &[u8], random: &dyn Random) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    random.fill(&mut nonce);
    let payload = Payload { msg: plain, aad: context.as_bytes() };
    let sealed = XChaCha20Poly1305::new(&(*key).into())
        .encrypt(&XNonce::from(nonce), payload)
        .expect("a text in memory is never too long to seal");
    [nonce.as_slice(), &sealed].concat()
}

fn open_with(key: &Key, context: &str, sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
    let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(DoesNotOpen)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| DoesNotOpen)?;
    let payload = Payload { msg: text, aad: context.as_bytes() };
    XChaCha20Poly1305::new(&(*key).into())
        .decrypt(&XNonce::from(nonce), payload)
        .map_err(|_| DoesNotOpen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SystemRandom;
    use uuid::Uuid;

    fn vault() -> (Vault, Vec<Vec<u8>>) {
        Vault::create(&[7; 32], Arc::new(SystemRandom))
    }

    #[test]
    fn only_the_right_master_key_opens_a_vault() {
        let (vault, wrapped) = vault();
        let again = Vault::open(&[7; 32], &wrapped, Arc::new(SystemRandom)).unwrap();
        assert_eq!(again.fingerprint("code", b"A"), vault.fingerprint("code", b"A"));
        let wrong = Vault::open(&[8; 32], &wrapped, Arc::new(SystemRandom));
        assert_eq!(wrong.err(), Some(DoesNotOpen));
    }

    #[test]
    fn another_master_key_opens_the_same_keys_and_the_old_one_nothing() {
        let (vault, _) = vault();
        let sealed = vault.seal("code:1", b"K7QX");
        let wrapped = vault.wrapped(&[8; 32]);
        let again = Vault::open(&[8; 32], &wrapped, Arc::new(SystemRandom)).unwrap();
        assert_eq!(again.unseal("code:1", &sealed).unwrap(), b"K7QX");
        assert_eq!(again.signing_key().public(), vault.signing_key().public());
        let old = Vault::open(&[7; 32], &wrapped, Arc::new(SystemRandom));
        assert_eq!(old.err(), Some(DoesNotOpen));
    }

    #[test]
    fn a_sealed_row_opens_only_in_its_place() {
        let (vault, _) = vault();
        let sealed = vault.seal("code:1", b"K7QX");
        assert_eq!(vault.unseal("code:1", &sealed).unwrap(), b"K7QX");
        assert_eq!(vault.unseal("code:2", &sealed), Err(DoesNotOpen));
        let mut altered = sealed.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(vault.unseal("code:1", &altered), Err(DoesNotOpen));
        assert_eq!(vault.unseal("code:1", &[]), Err(DoesNotOpen));
    }

    #[test]
    fn secrets_of_two_payments_differ() {
        let (vault, _) = vault();
        let [one, two] = [1, 2].map(|n| PaymentId(Uuid::from_u128(n)));
        assert!(vault.is_hook_secret(one, &vault.hook_secret(one)));
        assert!(!vault.is_hook_secret(two, &vault.hook_secret(one)));
        assert!(!vault.is_hook_secret(one, ""));
        assert_eq!(vault.link_token(PurchaseId(Uuid::nil())).len(), 22);
    }
}
