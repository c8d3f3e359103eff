//! The staff, and how they sign in at the desk. Their names and passwords are sealed in the vault;
//! only the browser has a session's token. Commands decide ([`crate::commands::staff`]); the desk
//! has its own table of what each role may open.

mod password;
mod sign_in;

pub use password::{BadPassword, PASSWORD_CHARS_MIN, Passwords};
pub use sign_in::{Credentials, Denied, SESSION_HOURS_MAX, sign_in, signed_in, token_fingerprint};

use crate::{
    commands::staff::{AddStaff, ChangeStaff, NewPassword},
    ledger::{
        kernel::{fingerprint::Fingerprint, id::StaffId},
        staff::Role,
    },
    services::acting::Acting,
    store::{CommandError, Lookup, Sealed, StaffMember, Store, StoreError},
};
use secrecy::SecretString;

/// The longest name, in letters.
const NAME_CHARS_MAX: usize = 40;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    #[error("a name has 1 to 40 letters, and no line breaks")]
    BadName,
    #[error(transparent)]
    BadPassword(#[from] BadPassword),
    #[error("no member of staff is called {0}; see `lango staff list`")]
    Nobody(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// A name as it is compared: without blanks around it, and in small letters.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// By which somebody is found.
pub fn name_fingerprint(store: &Store, name: &str) -> Fingerprint {
    store.vault().fingerprint(Lookup::StaffName(&folded(name)))
}

/// Somebody who is to work at the desk.
#[derive(Debug, Clone, Copy)]
pub struct NewStaff<'a> {
    pub name: &'a str,
    pub role: Role,
    pub password: &'a SecretString,
}

/// What is to be different about somebody.
#[derive(Debug, Default)]
pub struct Change {
    pub role: Option<Role>,
    pub disabled: Option<bool>,
    pub password: Option<SecretString>,
}

impl Acting<'_> {
    /// Adds somebody.
    pub async fn add_staff(&self, new: NewStaff<'_>) -> Result<StaffId, StaffError> {
        let (store, name) = (self.store, new.name.trim());
        let length = name.chars().count();
        if length == 0 || length > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(StaffError::BadName);
        }
        let hash = password::hash(new.password, name, self.random)?;
        let staff = StaffId(self.id());
        let command = AddStaff {
            staff,
            role: new.role,
            fingerprint: name_fingerprint(store, name),
            name: store.vault().seal(&Sealed::StaffName(staff).context(), name.as_bytes()),
            password: new_password(store, staff, &hash),
        };
        self.wish(command).await?;
        Ok(staff)
    }

    /// Changes what somebody may do, or their password.
    pub async fn change_staff(&self, name: &str, change: Change) -> Result<StaffId, StaffError> {
        let store = self.store;
        let found = store.read().staff_named(&name_fingerprint(store, name)).await?;
        let staff = found.ok_or_else(|| StaffError::Nobody(name.to_owned()))?.id;
        let Change { role, disabled, password } = change;
        let hash = password.map(|password| password::hash(&password, name, self.random));
        let password = hash.transpose()?.map(|hash| new_password(store, staff, &hash));
        self.wish(ChangeStaff { staff, role, disabled, password }).await?;
        Ok(staff)
    }
}

fn new_password(store: &Store, staff: StaffId, hash: &str) -> NewPassword {
    let vault = store.vault();
    NewPassword {
        sealed: vault.seal(&Sealed::StaffPassword(staff).context(), hash.as_bytes()),
        proof: vault.password_proof(staff, hash),
    }
}

/// The name of somebody; what they did may be older than what the vault still holds.
pub async fn name(store: &Store, id: StaffId) -> Result<Option<String>, StoreError> {
    store.open_sealed(Sealed::StaffName(id)).await
}

/// All who work at the desk, or did, with their names.
pub async fn list(store: &Store) -> Result<Vec<(StaffMember, String)>, StoreError> {
    let mut list = vec![];
    for member in store.read().staff().await? {
        let name = name(store, member.id).await?.unwrap_or_default();
        list.push((member, name));
    }
    Ok(list)
}

/// Whether an owner may sign in.
pub async fn has_owner(store: &Store) -> Result<bool, StoreError> {
    let owner = |member: &StaffMember| member.staff.role == Role::Owner && !member.staff.disabled;
    Ok(store.read().staff().await?.iter().any(owner))
}
