//! Signs staff in. Each try is counted in the database before it is looked at, so that neither a
//! restart nor another instance forgets it. A wrong name and a wrong password get the same answer
//! in the same time.

use super::{Passwords, name_fingerprint};
use crate::{
    commands::staff::{CountSignIn, RefuseSignIn, SignIn, SignInTry},
    ledger::{
        command::SessionRow,
        kernel::{fingerprint::Fingerprint, time::HOUR},
        refusal::Refusal,
        staff::PasswordProof,
    },
    ports::Random,
    store::{CommandError, Lookup, Sealed, Session, StaffMember, Store, StoreError},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

/// A session that nobody uses for so long is over.
const IDLE_HOURS_MAX: i64 = 2;

/// A session is over after so long, used or not: a working day.
pub const SESSION_HOURS_MAX: i64 = 12;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// Name or password is wrong, or whoever it is may not.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Too many tries; a quarter of an hour later there are new ones.
    #[error("too many tries to sign in")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommandError> for Denied {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(Refusal::TooManyTries) => Self::TooMany,
            CommandError::Refused(_) => Self::Wrong,
            CommandError::Failed(failure) => Self::Store(failure),
        }
    }
}

/// By which a session is found.
pub fn token_fingerprint(store: &Store, token: &str) -> Fingerprint {
    store.vault().fingerprint(Lookup::Session(token))
}

/// What somebody signs in with.
pub struct Credentials<'a> {
    pub name: &'a str,
    pub password: SecretString,
    pub place: &'a str,
}

/// Signs somebody in; gives the token of their session.
pub async fn sign_in(
    store: &Store,
    random: &dyn Random,
    passwords: &Passwords,
    credentials: Credentials<'_>,
) -> Result<String, Denied> {
    let Credentials { name, password, place } = credentials;
    let given = SignInTry {
        name: name_fingerprint(store, name),
        place: store.vault().fingerprint(Lookup::Place(place)),
        at: store.now(),
    };
    store.execute(CountSignIn(given.clone())).await?;
    let found = store.read().staff_named(&given.name).await?;
    let known = match found {
        Some(member) => proven_password(store, &member).await?,
        None => None,
    };
    let (hash, proof) = known.unzip();
    let right = passwords.is_right(hash, password).await;
    let who = found.filter(|member| right && !member.staff.disabled).zip(proof);
    let Some((who, password)) = who else {
        let staff = found.map(|member| member.id);
        store.execute(RefuseSignIn { given, staff }).await?;
        return Err(Denied::Wrong);
    };
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let session = new_session(store, &token, &who);
    store.execute(SignIn { session, password }).await?;
    store.sweep_sessions(store.now().plus(-SESSION_HOURS_MAX * HOUR)).await?;
    Ok(token)
}

/// The hash of somebody's password, and by which the ledger knows it. None where the ledger knows
/// another: the row in the vault is an older one, put back behind our back.
async fn proven_password(
    store: &Store,
    member: &StaffMember,
) -> Result<Option<(String, PasswordProof)>, StoreError> {
    let hash = store.open_sealed(Sealed::StaffPassword(member.id)).await?;
    let Some(hash) = hash else { return Ok(None) };
    let proof = store.vault().password_proof(member.id, &hash);
    if member.staff.proof.is_some_and(|known| known != proof) {
        tracing::error!(staff = %member.id, "a password in the vault is not the one that the \
            ledger knows; run `lango audit verify`, and give them another");
        return Ok(None);
    }
    Ok(Some((hash, proof)))
}

fn new_session(store: &Store, token: &str, who: &StaffMember) -> SessionRow {
    let (fingerprint, began_at) = (token_fingerprint(store, token), store.now());
    let proof = store.vault().session_proof(&fingerprint, who.id, began_at, who.staff.ended);
    SessionRow { staff: who.id, fingerprint, began_at, proof }
}

/// Who is signed in with a token.
pub async fn signed_in(store: &Store, token: &str) -> Result<Option<Session>, StoreError> {
    let fingerprint = token_fingerprint(store, token);
    let now = store.now();
    let fresh = |session: &Session| {
        let over = now.0 >= session.began_at.0 + SESSION_HOURS_MAX * HOUR
            || now.0 >= session.seen_at.0 + IDLE_HOURS_MAX * HOUR;
        !over && !session.member.staff.disabled
    };
    let Some(session) = store.session(&fingerprint).await?.filter(fresh) else { return Ok(None) };
    store.touch_session(&fingerprint, &session).await?;
    Ok(Some(session))
}
