//! Seals secrets, and derives the fingerprints that look them up. Each purpose has random keys of
//! its own, wrapped by the master key, so that a new master key touches a few short rows and
//! nothing else. While a key is replaced, what the former one made is still good.

pub(super) mod keyring;
pub(super) mod keys;
pub(super) mod lookup;
pub(super) mod sealed;

use self::lookup::Lookup;
use crate::{
    ledger::{
        checkpoint::SecretKey,
        command::LinkRow,
        kernel::{
            chain::hex,
            fingerprint::Fingerprint,
            id::{BatchId, PaymentId, PurchaseId, Slug, StaffId},
            time::{Micros, SECOND},
        },
        key::KeyPurpose,
        staff::PasswordProof,
    },
    ports::Random,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};

/// A key of 32 bytes.
pub type Key = [u8; 32];

const NONCE_BYTES: usize = 24;

/// Before each sealed text stands which key sealed it.
const GENERATION_BYTES: usize = 4;

/// Counts the keys of a ledger, over all purposes, from 1; that of the first five is the same.
pub type Generation = u32;

/// Something sealed that does not open: another master key, or an altered row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed text does not open with this key")]
pub struct DoesNotOpen;

/// A key as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    pub purpose: KeyPurpose,
    /// Its number: of the keys for one purpose the one with the highest is used.
    pub generation: Generation,
    /// The key, sealed by the master key.
    pub wrapped: Vec<u8>,
}

/// The vault's keys, unwrapped. Never prints them.
pub struct Vault {
    /// For each of [`KeyPurpose::ALL`] its keys, the oldest first; never none.
    keys: [Vec<(Generation, Key)>; KeyPurpose::ALL.len()],
    signing: SecretKey,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// New keys for an empty ledger.
    pub fn create(random: Arc<dyn Random>) -> Self {
        let keys = KeyPurpose::ALL.map(|_| vec![(1, new_key(random.as_ref()))]);
        Self::of(keys, random)
    }

    /// All keys, wrapped by a master key.
    pub fn wrapped(&self, master: &Key) -> Vec<WrappedKey> {
        let all = KeyPurpose::ALL.iter().zip(&self.keys);
        all.flat_map(|(purpose, keys)| keys.iter().map(move |held| (*purpose, held)))
            .map(|(purpose, (generation, key))| WrappedKey {
                purpose,
                generation: *generation,
                wrapped: wrap(master, purpose, key, self.random.as_ref()),
            })
            .collect()
    }

    /// The keys of a ledger, from their wrapped form.
    pub fn open(
        master: &Key,
        wrapped: &[WrappedKey],
        random: Arc<dyn Random>,
    ) -> Result<Self, DoesNotOpen> {
        let mut keys = [const { vec![] }; KeyPurpose::ALL.len()];
        for WrappedKey { purpose, generation, wrapped } in wrapped {
            let plain = open_with(master, purpose.word(), wrapped)?;
            let key = plain.try_into().map_err(|_| DoesNotOpen)?;
            keys[*purpose as usize].push((*generation, key));
        }
        for keys in &mut keys {
            keys.sort_unstable_by_key(|(generation, _)| *generation);
        }
        if keys.iter().any(Vec::is_empty) {
            return Err(DoesNotOpen);
        }
        Ok(Self::of(keys, random))
    }

    fn of(keys: [Vec<(Generation, Key)>; KeyPurpose::ALL.len()], random: Arc<dyn Random>) -> Self {
        let signing = SecretKey::from_seed(&newest(&keys, KeyPurpose::Sign).1);
        Self { keys, signing, random }
    }

    /// The same keys and a new one for `purpose`, which is used from then on.
    #[must_use]
    pub fn with_new(&self, purpose: KeyPurpose) -> Self {
        let mut keys = self.keys.clone();
        let next = keys.iter().flatten().map(|(generation, _)| generation + 1).max();
        let next = next.expect("a vault has keys");
        keys[purpose as usize].push((next, new_key(self.random.as_ref())));
        Self::of(keys, Arc::clone(&self.random))
    }

    /// Which key of a purpose is used.
    pub fn generation(&self, purpose: KeyPurpose) -> Generation {
        newest(&self.keys, purpose).0
    }

    /// Whether the purpose has an older key too, of which things still stand somewhere.
    pub fn has_former(&self, purpose: KeyPurpose) -> bool {
        self.keys[purpose as usize].len() > 1
    }

    /// Whether these are the keys that stand in those rows: a new one has a number that none had,
    /// and where one has gone there are fewer.
    pub fn is_of(&self, wrapped: &[WrappedKey]) -> bool {
        let ours = self.keys.iter().flatten().map(|(generation, _)| *generation);
        let theirs = wrapped.iter().map(|key| key.generation);
        ours.clone().max() == theirs.max() && ours.count() == wrapped.len()
    }

    fn key(&self, purpose: KeyPurpose) -> &Key {
        &newest(&self.keys, purpose).1
    }

    /// The key that signs checkpoints.
    pub const fn signing_key(&self) -> &SecretKey {
        &self.signing
    }

    /// Seals `plain`; it opens only under the same `context`, such as `contact:0193…`, so that a
    /// row cannot be moved to another place.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let (generation, key) = newest(&self.keys, KeyPurpose::Seal);
        let sealed = seal_with(key, context, plain, self.random.as_ref());
        [generation.to_be_bytes().as_slice(), &sealed].concat()
    }

    /// Opens what was sealed under `context`.
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        let (by, sealed) = sealed.split_first_chunk::<GENERATION_BYTES>().ok_or(DoesNotOpen)?;
        let by = Generation::from_be_bytes(*by);
        let keys = &self.keys[KeyPurpose::Seal as usize];
        let (_, key) = keys.iter().find(|(generation, _)| *generation == by).ok_or(DoesNotOpen)?;
        open_with(key, context, sealed)
    }

    /// Whether something was sealed with the key in use, or is forgotten and so not sealed at all.
    pub fn is_of_today(&self, sealed: &[u8]) -> bool {
        let now = self.generation(KeyPurpose::Seal).to_be_bytes();
        sealed.is_empty() || sealed.starts_with(&now)
    }

    /// The fingerprint by which something is found again.
    pub fn fingerprint(&self, what: Lookup<'_>) -> Fingerprint {
        mac(self.key(KeyPurpose::Fingerprint), what.sort(), &what.value())
    }

    /// The fingerprint of a receipt number, as text for its `once` name.
    pub fn receipt_fingerprint(&self, number: &str) -> String {
        let fingerprint = self.fingerprint(Lookup::Receipt(number));
        uuid::Builder::from_slice(&fingerprint[..16])
            .expect("sixteen bytes are an id")
            .into_uuid()
            .simple()
            .to_string()
    }

    /// The secret of a purchase's link: whoever has it sees the code. 128 bits, made from the id,
    /// so that it is never stored.
    pub fn link_token(&self, purchase: PurchaseId) -> String {
        purchase_link(self.key(KeyPurpose::Link), purchase)
    }

    /// Whether `token` is the link of the purchase, by the key in use or by a former one that is
    /// not retired: whatever a row says, a link opens what it was made for and nothing else.
    pub fn is_link_of(&self, purchase: PurchaseId, token: &str) -> bool {
        self.is_made(KeyPurpose::Link, token, |key| purchase_link(key, purchase))
    }

    /// Everything by which a purchase's links may be found.
    pub fn link_fingerprints(&self, purchase: PurchaseId) -> Vec<Fingerprint> {
        let keys = self.keys[KeyPurpose::Link as usize].iter();
        keys.map(|(_, key)| self.link_fingerprint(&purchase_link(key, purchase))).collect()
    }

    /// A purchase's link as it is kept, to be found again.
    pub fn link(&self, purchase: PurchaseId) -> LinkRow {
        let fingerprint = self.link_fingerprint(&self.link_token(purchase));
        LinkRow { purchase, fingerprint, generation: self.generation(KeyPurpose::Link) }
    }

    /// The fingerprint by which a link's purchase is found.
    pub fn link_fingerprint(&self, token: &str) -> Fingerprint {
        self.fingerprint(Lookup::Link(token))
    }

    /// The secret in the path of a payment's callback.
    pub fn hook_secret(&self, payment: PaymentId) -> String {
        payment_hook(self.key(KeyPurpose::Hook), payment)
    }

    /// Whether `secret` is that of the payment's callback. Takes as long for a wrong one as for a
    /// right one, and looks nothing of the payment up, so that a forger learns nothing, not even
    /// whether it exists.
    pub fn is_hook_secret(&self, payment: PaymentId, secret: &str) -> bool {
        self.is_hook(secret, |key| payment_hook(key, payment))
    }

    /// The secret in the path of C2B messages of a sort.
    pub fn c2b_secret(&self, sort: &str) -> String {
        c2b_hook(self.key(KeyPurpose::Hook), sort)
    }

    /// Whether `secret` is that of C2B messages of the sort.
    pub fn is_c2b_secret(&self, sort: &str, secret: &str) -> bool {
        self.is_hook(secret, |key| c2b_hook(key, sort))
    }

    /// The secret in the path of an SMS gateway's delivery reports.
    pub fn report_secret(&self, gateway: &str) -> String {
        report_hook(self.key(KeyPurpose::Hook), gateway)
    }

    /// Whether `secret` is that of the gateway's delivery reports.
    pub fn is_report_secret(&self, gateway: &str, secret: &str) -> bool {
        self.is_hook(secret, |key| report_hook(key, gateway))
    }

    /// The key by which a site's router says who it is.
    pub fn router_key(&self, site: &Slug) -> String {
        router_hook(self.key(KeyPurpose::Hook), site)
    }

    /// Whether `secret` is that key.
    pub fn is_router_key(&self, site: &Slug, secret: &str) -> bool {
        self.is_hook(secret, |key| router_hook(key, site))
    }

    /// A pass with which a technician fetches a site's scripts, good until a moment.
    pub fn router_pass(&self, site: &Slug, until: Micros) -> String {
        pass(self.key(KeyPurpose::Hook), site, &format!("{:x}", until.0 / SECOND))
    }

    /// Whether `text` is such a pass and still good.
    pub fn is_router_pass(&self, site: &Slug, text: &str, now: Micros) -> bool {
        let Some((until, _)) = text.split_once('-') else { return false };
        let good = i64::from_str_radix(until, 16).is_ok_and(|until| now.0 / SECOND < until);
        good && self.is_hook(text, |key| pass(key, site, until))
    }

    /// What stands beside a session: whose it is, since when, and after how many endings of all
    /// their sessions it began.
    pub fn session_proof(
        &self,
        token: &Fingerprint,
        staff: StaffId,
        began_at: Micros,
        ended: u32,
    ) -> Fingerprint {
        let text = format!("{}:{staff}:{}:{ended}", hex(token), began_at.0);
        self.fingerprint(Lookup::SessionOf(&text))
    }

    /// What stands beside a file of codes: for which site it is, who brought it or said how to take
    /// it in, and how.
    pub fn upload_proof(
        &self,
        batch: BatchId,
        site: &Slug,
        staff: StaffId,
        choice: Option<&str>,
    ) -> Fingerprint {
        let text = json!([batch, site, staff, choice]).to_string();
        self.fingerprint(Lookup::UploadOf(&text))
    }

    /// By which the ledger knows the hash of somebody's password again.
    pub fn password_proof(&self, staff: StaffId, hash: &str) -> PasswordProof {
        PasswordProof(self.fingerprint(Lookup::StaffPassword(&format!("{staff}:{hash}"))))
    }

    fn is_hook(&self, secret: &str, made: impl Fn(&Key) -> String) -> bool {
        self.is_made(KeyPurpose::Hook, secret, made)
    }

    /// Compares with what every key gives: an address or link given out before is good until the
    /// key that made it is retired.
    fn is_made(&self, purpose: KeyPurpose, secret: &str, made: impl Fn(&Key) -> String) -> bool {
        let keys = self.keys[purpose as usize].iter();
        let right = keys.map(|(_, key)| made(key).as_bytes().ct_eq(secret.as_bytes()));
        right.fold(Choice::from(0), |any, this| any | this).into()
    }
}

fn newest(keys: &[Vec<(Generation, Key)>], purpose: KeyPurpose) -> &(Generation, Key) {
    keys[purpose as usize].last().expect("each purpose has a key")
}

fn new_key(random: &dyn Random) -> Key {
    let mut key = Key::default();
    random.fill(&mut key);
    key
}

fn purchase_link(key: &Key, purchase: PurchaseId) -> String {
    secret(key, "purchase", purchase.0.as_bytes())
}

fn payment_hook(key: &Key, payment: PaymentId) -> String {
    secret(key, "payment", payment.0.as_bytes())
}

/// In hexadecimal, because Safaricom refuses addresses in which `exe`, `cmd` or `sql` stand, as
/// they may by chance in base64.
fn c2b_hook(key: &Key, sort: &str) -> String {
    hex(&mac(key, "c2b", sort.as_bytes())[..16])
}

fn report_hook(key: &Key, gateway: &str) -> String {
    secret(key, "report", gateway.as_bytes())
}

/// In hexadecimal, so that it stands in a script as it is.
fn router_hook(key: &Key, site: &Slug) -> String {
    hex(&mac(key, "router", site.as_str().as_bytes())[..16])
}

fn pass(key: &Key, site: &Slug, until: &str) -> String {
    let secret = mac(key, "router_pass", format!("{site}:{until}").as_bytes());
    format!("{until}-{}", hex(&secret[..16]))
}

/// 128 bits for an address.
fn secret(key: &Key, what: &str, value: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(&mac(key, what, value)[..16])
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

fn wrap(master: &Key, purpose: KeyPurpose, key: &Key, random: &dyn Random) -> Vec<u8> {
    seal_with(master, purpose.word(), key, random)
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

    fn vault() -> Vault {
        Vault::create(Arc::new(SystemRandom))
    }

    fn again(vault: &Vault, wrapped_by: Key, opened_by: Key) -> Result<Vault, DoesNotOpen> {
        Vault::open(&opened_by, &vault.wrapped(&wrapped_by), Arc::new(SystemRandom))
    }

    #[test]
    fn only_the_right_master_key_opens_a_vault() {
        let vault = vault();
        let same = again(&vault, [7; 32], [7; 32]).unwrap();
        let code = Lookup::Form("A");
        assert_eq!(same.fingerprint(code), vault.fingerprint(code));
        assert!(same.is_of(&vault.wrapped(&[7; 32])));
        assert_eq!(again(&vault, [7; 32], [8; 32]).err(), Some(DoesNotOpen));
        let mut four = vault.wrapped(&[7; 32]);
        four.pop();
        assert!(Vault::open(&[7; 32], &four, Arc::new(SystemRandom)).is_err(), "one is missing");
    }

    #[test]
    fn another_master_key_opens_the_same_keys_and_the_old_one_nothing() {
        let vault = vault();
        let sealed = vault.seal("code:1", b"K7QX");
        let same = again(&vault, [8; 32], [8; 32]).unwrap();
        assert_eq!(same.unseal("code:1", &sealed).unwrap(), b"K7QX");
        assert_eq!(same.signing_key().public(), vault.signing_key().public());
        assert_eq!(again(&vault, [8; 32], [7; 32]).err(), Some(DoesNotOpen));
    }

    #[test]
    fn a_pass_is_good_for_its_site_until_its_moment() {
        let (vault, site) = (vault(), Slug::parse("mtaa").unwrap());
        let pass = vault.router_pass(&site, Micros(90 * SECOND));
        assert!(vault.is_router_pass(&site, &pass, Micros(89 * SECOND)));
        assert!(!vault.is_router_pass(&site, &pass, Micros(90 * SECOND)), "too late");
        let other = Slug::parse("kona").unwrap();
        assert!(!vault.is_router_pass(&other, &pass, Micros(0)), "another site's");
        let longer = format!("ffffff-{}", pass.split_once('-').unwrap().1);
        assert!(!vault.is_router_pass(&site, &longer, Micros(0)), "a later moment");
        assert!(!vault.is_router_pass(&site, &vault.router_key(&site), Micros(0)));
        assert!(vault.is_router_key(&site, &vault.router_key(&site)));
        assert!(!vault.is_router_key(&site, &vault.router_key(&other)));
    }

    #[test]
    fn what_a_former_key_made_is_good_beside_the_new_one() {
        let (former, payment) = (vault(), PaymentId(Uuid::nil()));
        let sealed = former.seal("code:1", b"K7QX");
        let sealing = former.with_new(KeyPurpose::Seal);
        assert_eq!(sealing.unseal("code:1", &sealed).unwrap(), b"K7QX");
        assert!(former.is_of_today(&sealed) && !sealing.is_of_today(&sealed));
        let anew = sealing.seal("code:1", b"K7QX");
        assert!(sealing.is_of_today(&anew));
        assert_eq!(former.unseal("code:1", &anew), Err(DoesNotOpen));
        let hooking = former.with_new(KeyPurpose::Hook);
        assert_ne!(hooking.hook_secret(payment), former.hook_secret(payment));
        assert!(hooking.is_hook_secret(payment, &former.hook_secret(payment)));
        assert!(hooking.is_hook_secret(payment, &hooking.hook_secret(payment)));
        assert!(!former.is_hook_secret(payment, &hooking.hook_secret(payment)));
        let rows =
            [&former, &sealing, &sealing.with_new(KeyPurpose::Hook)].map(|v| v.wrapped(&[7; 32]));
        assert_eq!(rows.each_ref().map(|rows| sealing.is_of(rows)), [false, true, false]);
        assert!(!sealing.is_of(&rows[1][1..]), "one has gone");
    }

    #[test]
    fn a_sealed_row_opens_only_in_its_place() {
        let vault = vault();
        let sealed = vault.seal("code:1", b"K7QX");
        assert_eq!(vault.unseal("code:1", &sealed).unwrap(), b"K7QX");
        assert_eq!(vault.unseal("code:2", &sealed), Err(DoesNotOpen));
        let mut altered = sealed.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(vault.unseal("code:1", &altered), Err(DoesNotOpen));
        assert_eq!(vault.unseal("code:1", &[]), Err(DoesNotOpen));
    }

    #[test]
    fn a_link_is_that_of_its_purchase_until_its_key_is_retired() {
        let (former, [one, two]) = (vault(), [1, 2].map(|n| PurchaseId(Uuid::from_u128(n))));
        let link = former.link_token(one);
        assert!(former.is_link_of(one, &link) && !former.is_link_of(two, &link));
        assert!(!former.is_link_of(one, ""));
        let linking = former.with_new(KeyPurpose::Link);
        assert!(
            linking.is_link_of(one, &link) && linking.is_link_of(one, &linking.link_token(one))
        );
        assert!(!linking.is_link_of(two, &link));
        assert_eq!(linking.link_fingerprints(one).len(), 2);
        let [kept] = linking.keys[KeyPurpose::Link as usize][1..] else { panic!("two keys") };
        let mut retired = linking.with_new(KeyPurpose::Hook);
        retired.keys[KeyPurpose::Link as usize] = vec![kept];
        assert!(!retired.is_link_of(one, &link));
    }

    #[test]
    fn a_session_is_proven_for_one_person_one_beginning_and_one_password() {
        let (vault, [one, two]) = (vault(), [1, 2].map(|n| StaffId(Uuid::from_u128(n))));
        let proof = vault.session_proof(&[7; 32], one, Micros(1), 0);
        for other in [
            vault.session_proof(&[8; 32], one, Micros(1), 0),
            vault.session_proof(&[7; 32], two, Micros(1), 0),
            vault.session_proof(&[7; 32], one, Micros(2), 0),
            vault.session_proof(&[7; 32], one, Micros(1), 1),
        ] {
            assert_ne!(proof, other);
        }
        assert_ne!(vault.password_proof(one, "a"), vault.password_proof(two, "a"));
    }

    #[test]
    fn an_upload_is_proven_for_one_file_one_site_one_person_and_one_choice() {
        let (vault, [one, two]) = (vault(), [1, 2].map(Uuid::from_u128));
        let [mtaa, kona] = ["mtaa", "kona"].map(|site| Slug::parse(site).unwrap());
        let proof = vault.upload_proof(BatchId(one), &mtaa, StaffId(one), Some("{}"));
        for other in [
            vault.upload_proof(BatchId(two), &mtaa, StaffId(one), Some("{}")),
            vault.upload_proof(BatchId(one), &kona, StaffId(one), Some("{}")),
            vault.upload_proof(BatchId(one), &mtaa, StaffId(two), Some("{}")),
            vault.upload_proof(BatchId(one), &mtaa, StaffId(one), Some("{ }")),
            vault.upload_proof(BatchId(one), &mtaa, StaffId(one), Some("null")),
            vault.upload_proof(BatchId(one), &mtaa, StaffId(one), None),
        ] {
            assert_ne!(proof, other);
        }
    }

    #[test]
    fn secrets_of_two_payments_differ() {
        let vault = vault();
        let [one, two] = [1, 2].map(|n| PaymentId(Uuid::from_u128(n)));
        assert!(vault.is_hook_secret(one, &vault.hook_secret(one)));
        assert!(!vault.is_hook_secret(two, &vault.hook_secret(one)));
        assert!(!vault.is_hook_secret(one, ""));
        assert_eq!(vault.link_token(PurchaseId(Uuid::nil())).len(), 22);
    }
}
