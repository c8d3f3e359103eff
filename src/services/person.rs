//! Forgets a person: finds everything that names them, counts it, and erases it. Where money or a
//! code is still to come, the person stays until then.

use crate::{
    commands::person::forget_contact::ForgetContact,
    ledger::{
        kernel::{
            id::{ContactId, PaymentId, ReceiptId},
            phone::Phone,
            stream::Stream,
        },
        payment::account_reference,
    },
    ports::ProviderRefs,
    store::{
        CommandError, Exception, ExceptionKind, Lookup, PurchaseView, RawMessage, SOURCE_PAYMENT,
        Sealed, Store, StoreError,
    },
};
use std::collections::BTreeSet;

/// How many rows of the inbox are looked at together: bounds memory.
const ROWS_AT_ONCE: i64 = 1_000;

/// Lines of the desk that need the person no more: an SMS that did not arrive is no money.
const NO_MONEY: [ExceptionKind; 2] = [ExceptionKind::Undelivered, ExceptionKind::GivenUp];

/// Why nobody was forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    #[error("no buyer has this phone number")]
    Nobody,
    /// Something may still happen by itself.
    #[error(
        "this number has a sale under way: money, a code or an SMS may still come; try again \
         when it has ended (see `lango audit show NUMBER`)"
    )]
    UnderWay,
    #[error(
        "something about this number still needs you ({0}); settle it first, see `lango money list`"
    )]
    NeedsYou(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// All that names the person with a number, ready to be forgotten.
pub async fn find(store: &Store, phone: &Phone) -> Result<ForgetContact, ForgetError> {
    while store.project().await? > 0 {}
    let fingerprint = store.vault().fingerprint(Lookup::Phone(phone));
    let contact = store.read().contact(&fingerprint).await?.ok_or(ForgetError::Nobody)?;
    let sales = sales_of(store, contact).await?;
    let payments: Vec<PaymentId> =
        sales.iter().flat_map(|sale| &sale.payments).map(|view| view.id).collect();
    let found = ForgetContact {
        contact,
        fingerprint,
        devices: own_devices(store, contact, &sales).await?,
        purchases: sales.iter().map(|sale| sale.id).collect(),
        messages: store.read().messages_to(contact).await?,
        inbox_rows: rows_naming(store, phone, &sales, &payments).await?,
        payments,
    };
    nothing_is_open(store, &found).await?;
    Ok(found)
}

async fn sales_of(store: &Store, contact: ContactId) -> Result<Vec<PurchaseView>, StoreError> {
    let mut sales = vec![];
    for id in store.read().purchases_of(contact, i64::MAX).await? {
        sales.extend(store.read().purchase(id).await?);
    }
    Ok(sales)
}

/// The devices from which nobody else has bought.
async fn own_devices(
    store: &Store,
    contact: ContactId,
    sales: &[PurchaseView],
) -> Result<Vec<ContactId>, StoreError> {
    let all: BTreeSet<ContactId> = sales.iter().filter_map(|sale| sale.purchase.device).collect();
    let mut own = vec![];
    for device in all {
        let buyers = sales_of(store, device).await?;
        if buyers.iter().all(|sale| sale.purchase.contact == contact) {
            own.push(device);
        }
    }
    Ok(own)
}

async fn nothing_is_open(store: &Store, found: &ForgetContact) -> Result<(), ForgetError> {
    let theirs = |exception: &Exception| {
        exception.purchase.is_some_and(|id| found.purchases.contains(&id))
            && !NO_MONEY.contains(&exception.kind)
    };
    let exceptions = store.read().exceptions().await?.into_iter().filter(theirs);
    let kinds: BTreeSet<String> =
        exceptions.map(|exception| exception.kind.word().replace('_', " ")).collect();
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.into_iter().collect();
        return Err(ForgetError::NeedsYou(kinds.join(", ")));
    }
    let payments = found.payments.iter().map(ToString::to_string);
    let messages = found.messages.iter().map(ToString::to_string);
    let purchases = found.purchases.iter().map(ToString::to_string);
    let subjects = purchases.chain(payments).chain(messages).collect();
    if store.read().is_work_to_do(subjects, &found.inbox_rows).await? {
        return Err(ForgetError::UnderWay);
    }
    Ok(())
}

/// The rows of the inbox that are of these payments, or in which the number, a receipt, a reference
/// or a provider's name for one of the payments stands, whoever sent them.
async fn rows_naming(
    store: &Store,
    phone: &Phone,
    sales: &[PurchaseView],
    payments: &[PaymentId],
) -> Result<Vec<i64>, StoreError> {
    let names = names(store, phone, sales, payments).await?;
    let subjects: BTreeSet<String> = payments.iter().map(ToString::to_string).collect();
    let (mut naming, mut last) = (vec![], 0);
    loop {
        let rows = store.read().inbox_after(last, ROWS_AT_ONCE).await?;
        let Some(end) = rows.last() else { return Ok(naming) };
        last = end.row;
        for row in rows.iter().filter(|row| !row.sealed.is_empty()) {
            let theirs = row.source == SOURCE_PAYMENT && subjects.contains(&row.subject);
            let context = RawMessage::context(&row.source, &row.subject);
            if theirs || says(&store.unseal(&context, &row.sealed).await?, &names)? {
                naming.push(row.row);
            }
        }
    }
}

fn says(message: &[u8], names: &[String]) -> Result<bool, StoreError> {
    let unreadable = |_| StoreError::BadRow { table: "inbox", column: "sealed" };
    let message: RawMessage = serde_json::from_slice(message).map_err(unreadable)?;
    let text = String::from_utf8_lossy(&message.body).to_ascii_uppercase();
    Ok(names.iter().any(|name| text.contains(name)))
}

/// What names the person in a message, in capitals.
async fn names(
    store: &Store,
    phone: &Phone,
    sales: &[PurchaseView],
    payments: &[PaymentId],
) -> Result<Vec<String>, StoreError> {
    // Without the country's digits: as every sender writes it.
    let mut names = vec![phone.msisdn()[3..].to_owned()];
    for payment in payments {
        names.push(account_reference(*payment));
        if let Some(refs) = store.open_sealed(Sealed::ProviderRefs(*payment)).await? {
            let unreadable = |_| StoreError::BadRow { table: "provider_refs", column: "sealed" };
            let refs: ProviderRefs = serde_json::from_str(&refs).map_err(unreadable)?;
            names.extend([refs.request, refs.merchant].map(|name| name.to_ascii_uppercase()));
        }
    }
    for sale in sales {
        for receipt in receipts(store, sale).await? {
            names.extend(store.open_sealed(Sealed::Receipt(receipt)).await?);
        }
    }
    names.retain(|name| !name.is_empty());
    Ok(names)
}

/// The receipts that stand beside a sale, of money that bought nothing too.
async fn receipts(store: &Store, sale: &PurchaseView) -> Result<BTreeSet<ReceiptId>, StoreError> {
    let mut receipts: BTreeSet<ReceiptId> =
        sale.payments.iter().filter_map(|view| view.payment.receipt).collect();
    for event in store.read().events_of(sale.id).await? {
        if let (Stream::Receipt(id), _) = event.decode()? {
            receipts.insert(id);
        }
    }
    Ok(receipts)
}

/// Forgets the person. Tells whether the bytes have left the database's files too, where this
/// database can be asked for that.
pub async fn forget(store: &Store, found: ForgetContact) -> Result<bool, ForgetError> {
    store.execute(found).await?;
    Ok(store.empty_log().await?)
}
