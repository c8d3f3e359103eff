//! Checks that sales and codes agree: a purchase has a code because the code's own events say that
//! it was sold to that purchase, and the other way round. Both stand in one commit; an event of one
//! without the other was written by somebody else than Lango.

use super::astray::{Astray, Wrong};
use crate::ledger::{
    event::Event,
    kernel::{
        id::{PurchaseId, VoucherId},
        stream::Stream,
    },
    purchase::PurchaseEvent,
    voucher::VoucherEvent,
};
use std::collections::BTreeSet;

/// What one side has said so far and the other has not.
#[derive(Debug, Default)]
pub(in crate::store) struct Handed {
    /// Codes that say that they were sold.
    sold: BTreeSet<(PurchaseId, VoucherId)>,
    /// Purchases that say that they got a code.
    got: BTreeSet<(PurchaseId, VoucherId)>,
}

impl Handed {
    /// Takes in an event.
    pub(in crate::store) fn take(&mut self, stream: &Stream, event: &Event) {
        match (stream, event) {
            (
                Stream::Voucher(voucher),
                Event::Voucher(VoucherEvent::Allocated { purchase, .. }),
            ) => meet((*purchase, *voucher), &mut self.sold, &mut self.got),
            (
                Stream::Purchase(purchase),
                Event::Purchase(
                    PurchaseEvent::Fulfilled { voucher, .. }
                    | PurchaseEvent::Replaced { voucher, .. },
                ),
            ) => meet((*purchase, *voucher), &mut self.got, &mut self.sold),
            _ => {}
        }
    }

    /// What only one side said.
    pub(in crate::store) fn astray(&self) -> impl Iterator<Item = Astray> {
        let found = |id, wrong| Astray { table: "events", id, wrong };
        let got = self.got.iter().map(move |(purchase, voucher)| {
            let code = voucher.to_string();
            found(Stream::Purchase(*purchase).to_string(), Wrong::CodeNotSold { code })
        });
        let sold = self.sold.iter().map(move |(purchase, voucher)| {
            let to = purchase.to_string();
            found(Stream::Voucher(*voucher).to_string(), Wrong::SaleUnsaid { to })
        });
        got.chain(sold)
    }
}

/// A word of one side, which meets the same of the other or waits for it.
fn meet(
    pair: (PurchaseId, VoucherId),
    ours: &mut BTreeSet<(PurchaseId, VoucherId)>,
    theirs: &mut BTreeSet<(PurchaseId, VoucherId)>,
) {
    if !theirs.remove(&pair) {
        ours.insert(pair);
    }
}
