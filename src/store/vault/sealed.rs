//! The vault's sealed texts, each under the context of its own place.

use crate::{
    ledger::{
        command::Note,
        kernel::id::{BatchId, ContactId, MessageId, PaymentId, ReceiptId, StaffId, VoucherId},
    },
    store::{
        Reader,
        database::sql::query,
        error::{Attempt, StoreError},
    },
};

/// A sealed text of the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealed {
    /// A phone number or device.
    Contact(ContactId),
    /// A code with the rest of its line.
    Code(VoucherId),
    /// The provider's names for a payment.
    ProviderRefs(PaymentId),
    Receipt(ReceiptId),
    /// The text of a message.
    MessageText(MessageId),
    /// The name of somebody of the staff.
    StaffName(StaffId),
    /// The hash of their password.
    StaffPassword(StaffId),
    /// A text that a person wrote.
    Note(Note),
    /// A file that somebody uploaded.
    Upload(BatchId),
}

impl Sealed {
    /// The context under which it is sealed.
    pub fn context(&self) -> String {
        match self {
            Self::Contact(id) => format!("contact:{id}"),
            Self::Code(id) => format!("code:{id}"),
            Self::ProviderRefs(id) => format!("provider_refs:{id}"),
            Self::Receipt(id) => format!("receipt:{id}"),
            Self::MessageText(id) => format!("message_text:{id}"),
            Self::StaffName(id) => format!("staff_name:{id}"),
            Self::StaffPassword(id) => format!("staff_password:{id}"),
            Self::Note(note) => format!("note:{note}"),
            Self::Upload(id) => format!("upload:{id}"),
        }
    }
}

impl Reader {
    /// A sealed text of the vault.
    pub async fn sealed(&self, what: &Sealed) -> Result<Option<Vec<u8>>, StoreError> {
        let (statement, id) = match what {
            Sealed::Contact(id) => {
                ("select sealed from contacts where contact = $1", id.to_string())
            }
            Sealed::Code(id) => {
                ("select sealed from voucher_codes where voucher = $1", id.to_string())
            }
            Sealed::ProviderRefs(id) => {
                ("select sealed from provider_refs where payment = $1", id.to_string())
            }
            Sealed::Receipt(id) => {
                ("select sealed from receipt_numbers where receipt = $1", id.to_string())
            }
            Sealed::MessageText(id) => {
                ("select sealed from message_texts where message = $1", id.to_string())
            }
            Sealed::StaffName(id) => {
                ("select name from staff_secrets where staff = $1", id.to_string())
            }
            Sealed::StaffPassword(id) => {
                ("select password from staff_secrets where staff = $1", id.to_string())
            }
            Sealed::Note(note) => ("select sealed from notes where subject = $1", note.to_string()),
            Sealed::Upload(id) => ("select sealed from uploads where batch = $1", id.to_string()),
        };
        let row = query(statement).bind(id).first(&self.pool).await.attempt("read the vault")?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Whether a sealed text was there and is forgotten.
    pub async fn is_forgotten(&self, what: Sealed) -> Result<bool, StoreError> {
        Ok(self.sealed(&what).await?.is_some_and(|sealed| sealed.is_empty()))
    }
}
