//! People and devices, found in the vault.

use crate::{
    ledger::kernel::{fingerprint::Fingerprint, id::ContactId, phone::Phone},
    store::{Reader, Sealed, Store, StoreError, database::sql::query, error::Attempt},
};

impl Reader {
    /// The contact of a fingerprint.
    pub async fn contact(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<ContactId>, StoreError> {
        let row = query("select contact from contacts where fingerprint = $1")
            .bind(fingerprint.as_slice())
            .first(&self.pool)
            .await
            .attempt("find a contact")?;
        row.map(|row| row.parse(0, "contacts", "contact")).transpose()
    }
}

impl Store {
    /// The phone number of a contact.
    pub async fn phone(&self, id: ContactId) -> Result<Option<Phone>, StoreError> {
        let text = self.open_sealed(Sealed::Contact(id)).await?;
        Ok(text.as_deref().and_then(Phone::parse))
    }
}
