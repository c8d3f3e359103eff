//! People hand codes in stock out on printed cards, and void them. This happens a little at a time,
//! so that buyers go on buying meanwhile.

pub mod import;
pub mod uploads;

use crate::{
    commands::{
        by::By,
        stock::leave_stock::{CODES_PER_COMMIT, HandOut, PrintCodes, VoidVouchers},
    },
    ledger::{
        command::Note,
        kernel::id::{BatchId, HandoutId, PackageKey, StaffId, VoucherId},
        refusal::Refusal,
        voucher::VoidReason,
    },
    services::acting::Acting,
    store::{CommandError, Lookup, Sealed, Store, StoreError, VoucherCode},
};

/// What is voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doomed {
    /// What nobody bought of an upload.
    Batch(BatchId),
    /// Printed cards that somebody took.
    Handout(HandoutId),
    Voucher(VoucherId),
}

/// Codes for a person to sell on printed cards.
#[derive(Debug, Clone, Copy)]
pub struct Handout<'a> {
    /// A new id; under one that was used, nothing more is taken.
    pub id: HandoutId,
    pub person: &'a str,
    pub package: &'a PackageKey,
    pub count: usize,
}

impl Acting<'_> {
    /// Voids what nobody bought; tells how many codes that were.
    pub async fn void(&self, what: Doomed, reason: VoidReason) -> Result<usize, CommandError> {
        let store = self.store;
        store.project().await?;
        let vouchers = match what {
            Doomed::Batch(batch) => store.read().unsold_of_batch(batch).await?,
            Doomed::Handout(handout) => store.read().vouchers_of_handout(handout).await?,
            Doomed::Voucher(voucher) => vec![voucher],
        };
        self.in_pieces(&vouchers, |vouchers| VoidVouchers { vouchers, reason }).await
    }

    /// Takes free codes out of online stock, fewer where there are fewer; tells how many.
    ///
    /// # Errors
    ///
    /// [`Refusal::SoldOut`] where no code is free, [`Refusal::NothingNew`] where these cards were
    /// taken.
    pub async fn hand_out(&self, handout: Handout<'_>) -> Result<usize, CommandError> {
        let Handout { id, person, package, count } = handout;
        let context = Sealed::Note(Note::Handout(id)).context();
        let mut taken = 0;
        while taken < count {
            let wanted = (count - taken).min(CODES_PER_COMMIT);
            let vouchers = self.store.read().free_of(package, wanted).await?;
            let person = self.store.vault().seal(&context, person.as_bytes());
            let command = HandOut { handout: id, vouchers, person, first: taken == 0 };
            match self.count(command).await {
                Ok(codes) => taken += codes,
                Err(CommandError::Refused(Refusal::SoldOut)) if taken > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }
}

/// The codes of printed cards in clear; that somebody had them is recorded first. What was voided
/// is left out.
pub async fn print(
    store: &Store,
    staff: StaffId,
    handout: HandoutId,
) -> Result<Vec<VoucherCode>, CommandError> {
    store.execute(By::Staff(staff).wish(PrintCodes { staff, handout })).await?;
    store.project().await?;
    let mut codes = vec![];
    for voucher in store.read().vouchers_of_handout(handout).await? {
        codes.extend(store.voucher_code(voucher).await?);
    }
    Ok(codes)
}

/// The vouchers of a site whose code is this, but for capital letters, dashes and blanks.
pub async fn find(store: &Store, site: &str, typed: &str) -> Result<Vec<VoucherId>, StoreError> {
    let code = store.vault().fingerprint(Lookup::FoldedCode(site, typed));
    store.read().vouchers_of_folded(&code).await
}
