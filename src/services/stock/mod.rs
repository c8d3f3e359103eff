//! What people do with codes in stock: hand them out on printed cards, and void them. A little at
//! a time, so that buyers go on buying meanwhile.

pub mod import;
pub mod uploads;

use crate::{
    commands::{
        by::By,
        stock::leave_stock::{CODES_PER_COMMIT, HandOut, PrintCodes, VoidVouchers},
    },
    ledger::{
        command::{Answer, Note},
        kernel::id::{BatchId, HandoutId, PackageKey, StaffId, VoucherId},
        refusal::Refusal,
        voucher::{VoidReason, fold},
    },
    store::{CommandError, Sealed, Store, StoreError, VoucherCode},
};

/// What is voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doomed {
    /// What nobody bought of an upload.
    Batch(BatchId),
    /// Printed cards that somebody took.
    Handout(HandoutId),
    /// One code.
    Voucher(VoucherId),
}

/// Voids what nobody bought; tells how many codes that were.
pub async fn void(
    store: &Store,
    by: By,
    what: Doomed,
    reason: VoidReason,
) -> Result<usize, CommandError> {
    store.project().await?;
    let vouchers = match what {
        Doomed::Batch(batch) => store.unsold_of_batch(batch).await?,
        Doomed::Handout(handout) => store.vouchers_of_handout(handout).await?,
        Doomed::Voucher(voucher) => vec![voucher],
    };
    let mut voided = 0;
    for piece in vouchers.chunks(CODES_PER_COMMIT) {
        let command = VoidVouchers { vouchers: piece.to_vec(), reason };
        voided += codes(store.execute(by.wish(command)).await?);
    }
    Ok(voided)
}

/// Takes so many free codes out of online stock for a person to sell on printed cards; fewer where
/// there are fewer. Tells how many. `handout` is a new id; wished for again under the same one,
/// nothing more is taken.
///
/// # Errors
///
/// [`Refusal::SoldOut`] where no code is free, [`Refusal::NothingNew`] where these cards were
/// taken.
pub async fn hand_out(
    store: &Store,
    by: By,
    (handout, person): (HandoutId, &str),
    (key, count): (&PackageKey, usize),
) -> Result<usize, CommandError> {
    let context = Sealed::Note(Note::Handout(handout)).context();
    let mut taken = 0;
    while taken < count {
        let vouchers = store.free_of(key, (count - taken).min(CODES_PER_COMMIT)).await?;
        let person = store.vault().seal(&context, person.as_bytes());
        let command = HandOut { handout, vouchers, person, first: taken == 0 };
        match store.execute(by.wish(command)).await {
            Ok(answer) => taken += codes(answer),
            Err(CommandError::Refused(Refusal::SoldOut)) if taken > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
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
    for voucher in store.vouchers_of_handout(handout).await? {
        codes.extend(store.voucher_code(voucher).await?);
    }
    Ok(codes)
}

/// The vouchers of a site whose code is this, but for capital letters, dashes and blanks.
pub async fn find(store: &Store, site: &str, typed: &str) -> Result<Vec<VoucherId>, StoreError> {
    let name = format!("{site}:{}", fold(typed));
    store.vouchers_of_folded(&store.vault().fingerprint("code_folded", name.as_bytes())).await
}

fn codes(answer: Answer) -> usize {
    match answer {
        Answer::Codes(codes) => codes,
        answer => unreachable!("stock is answered with a count, not with {answer:?}"),
    }
}
