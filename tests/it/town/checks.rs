//! What every story owes when it ends, whatever went wrong in it.

use super::{Ledger, Town};
use aho_corasick::AhoCorasick;
use lango::{
    ledger::{
        kernel::{id::PurchaseId, money::Cents},
        payment::account_reference,
    },
    simulators::daraja::BookEntry,
    store::{C2B_CONFIRMATION, C2B_VALIDATION, Param, Sealed, Store},
};
use std::collections::{BTreeMap, BTreeSet};

/// All that can be checked while the shop runs. Returns what must not be found on its disk either.
pub async fn run(town: &Town) -> Vec<String> {
    quiet(town).await;
    let store = town.store();
    ledger_is_whole(store).await;
    assert_eq!(store.read().stuck().await.unwrap(), [], "nothing broke down");
    let ledger = Ledger::read(store).await;
    money_ended_well(&ledger);
    no_code_sold_twice(&ledger);
    let books = town.mpesa.books();
    let agreed = mpesa_books_agree(store, &ledger, &books, town.callbacks_lie).await;
    assert_eq!(agreed.unknown, [], "as much money in M-PESA's books as in ours");
    let collected: i64 = books.iter().map(|entry| entry.amount_kes).sum();
    let more = agreed.told_twice.0 - ledger.taken_out().0;
    let mpesa = (!town.callbacks_lie).then(|| Cents(Cents::from_kes(collected).0 + more));
    journal_balances(store, mpesa).await;
    let texts = town.sms.iter().flat_map(lango::simulators::sms_gateway::SmsCenter::all_texts);
    let texts: Vec<_> = texts.map(|(to, text)| (to, text.text)).collect();
    sms_books_agree(store, &ledger, &town.codes, &texts).await;
    let secrets = secrets(town, &ledger);
    no_secret_in_the_log(town, &secrets);
    secrets
}

/// Nothing is left to do now, and nothing is under way.
async fn quiet(town: &Town) {
    let before = town.store().read().last_position().await.unwrap();
    town.settle().await;
    assert_eq!(
        town.store().read().last_position().await.unwrap(),
        before,
        "the processes are quiet"
    );
}

/// The chain holds, and all that was made from it is what it would be made again.
pub async fn ledger_is_whole(store: &Store) {
    assert_eq!(store.verify().await.unwrap().findings, []);
    assert_eq!(store.compare_projections().await.unwrap(), [], "projections rebuilt from event 1");
    let differences = store.read().compare_decision_tables().await.unwrap();
    assert_eq!(differences, [], "decision tables rebuilt from event 1");
    let beside =
        store.read().verify_beside(Some(&*store.vault_now().await.unwrap())).await.unwrap();
    assert_eq!(beside.findings, [], "every row of the vault opens and is found by its own name");
}

/// Every payment that came is a code, the promise of one, or on a desk.
pub fn money_ended_well(ledger: &Ledger) {
    let ended = ledger.ended_well();
    for payment in ledger.confirmed().keys() {
        assert!(ended.contains(payment), "payment {payment} is no code, no debt, on no desk");
    }
}

/// Every code has one buyer.
pub fn no_code_sold_twice(ledger: &Ledger) {
    let sales = ledger.sales();
    let replacements = ledger.replacements();
    let given = sales.iter().chain(&replacements);
    let codes: BTreeSet<_> = given.map(|(_, voucher)| voucher).collect();
    let buyers: BTreeSet<_> = sales.iter().map(|(purchase, _)| purchase).collect();
    let wanted = (sales.len() + replacements.len(), sales.len());
    assert_eq!((codes.len(), buyers.len()), wanted, "one code, one sale");
}

/// How M-PESA's own books compare with the ledger.
pub struct Agreed {
    /// The money that is there twice: found by asking, and told without a name, so that only a
    /// person can tell that it is the same.
    pub told_twice: Cents,
    /// What the ledger knows nothing of.
    pub unknown: Vec<BookEntry>,
}

/// M-PESA's own books hold all money that the ledger holds: each payment, and all that is with a
/// person.
pub async fn mpesa_books_agree(
    store: &Store,
    ledger: &Ledger,
    books: &[BookEntry],
    lie: bool,
) -> Agreed {
    let (mut seen, mut told_twice) = (BTreeSet::new(), Cents(0));
    let found = |receipt: &String| books.iter().find(|entry| entry.receipt == *receipt);
    for (id, payment) in ledger.confirmed() {
        let number = match payment.receipt {
            Some(receipt) => store.open_sealed(Sealed::Receipt(receipt)).await.unwrap(),
            None => None,
        };
        let reference = account_reference(id);
        let entry = if let Some(number) = &number {
            found(number)
        } else {
            // Somebody may have paid another amount by hand and named the same.
            let named = || books.iter().filter(|entry| entry.reference == reference);
            let fits = |entry: &&BookEntry| Cents::from_kes(entry.amount_kes) == payment.amount;
            named().find(fits).or_else(|| named().next())
        };
        let entry = entry.unwrap_or_else(|| panic!("M-PESA knows nothing of payment {id}"));
        if !payment.by_person {
            assert_eq!(entry.reference.trim().to_uppercase(), reference, "payment {id}");
        }
        if !lie {
            assert_eq!(Cents::from_kes(entry.amount_kes), payment.amount, "payment {id}");
        }
        assert!(seen.insert(entry.receipt.clone()), "two payments of the same money");
    }
    for (receipt, amount) in ledger.unmatched() {
        let number = store.open_sealed(Sealed::Receipt(receipt)).await.unwrap().unwrap();
        let Some(entry) = found(&number) else {
            assert!(lie, "M-PESA knows no such receipt");
            continue;
        };
        if !lie {
            assert_eq!(Cents::from_kes(entry.amount_kes), amount, "receipt {receipt}");
        }
        if !seen.insert(number) {
            told_twice.0 += amount.0;
        }
    }
    let unknown = books.iter().filter(|entry| !seen.contains(&entry.receipt)).cloned().collect();
    Agreed { told_twice, unknown }
}

/// Every entry of the journal balances, nothing stays undecided, and the journal says that M-PESA
/// holds so much, where that is known: its own books, what is told twice, less what a person says
/// went out.
pub async fn journal_balances(store: &Store, mpesa: Option<Cents>) {
    let head = store.read().last_position().await.unwrap();
    let mut past = store.read().past(&["journal"], head).await.unwrap();
    let unbalanced = past.ask("journal", "unbalanced", vec![]).await.unwrap();
    assert_eq!(unbalanced, [], "the trial balance is zero at every position");
    let always = [i64::MIN, i64::MAX].map(Param::from).into();
    let accounts = past.ask("journal", "trial_balance", always).await.unwrap();
    let balance = |account: &str| -> i64 {
        let of = accounts.iter().filter(|row| row["account"] == account);
        of.map(|row| row["balance_cents"].as_i64().unwrap()).sum()
    };
    assert_eq!(balance("Liabilities:Deposits"), 0, "all that came is decided about");
    if let Some(mpesa) = mpesa {
        assert_eq!(balance("Assets:Mpesa"), mpesa.0, "M-PESA's own sum");
    }
}

/// Every code on a phone is that of a purchase which this phone paid, and told to no other phone.
/// Texts are a number and what it was told.
pub async fn sms_books_agree(
    store: &Store,
    ledger: &Ledger,
    codes: &[String],
    texts: &[(String, String)],
) {
    let mut bought: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (purchase, voucher) in ledger.sales().into_iter().chain(ledger.replacements()) {
        let code = store.voucher_code(voucher).await.unwrap().unwrap().code;
        bought.insert(code, payer(store, purchase).await);
    }
    for (to, text) in texts {
        for code in codes.iter().filter(|code| text.contains(code.as_str())) {
            let buyer = bought.get(code).expect("a code that was told is sold");
            let theirs = buyer.as_ref().is_none_or(|buyer| buyer == to);
            assert!(theirs, "a code went to whom it does not belong");
        }
    }
}

/// The number that paid; `None` where it is forgotten.
async fn payer(store: &Store, purchase: PurchaseId) -> Option<String> {
    let view = store.read().purchase(purchase).await.unwrap().unwrap();
    let phone = store.phone(view.purchase.contact).await.unwrap();
    phone.map(|phone| phone.msisdn().to_owned())
}

/// All that must not stand anywhere in clear: codes, numbers and devices in every form, receipts,
/// links, the secret parts of addresses, and keys.
fn secrets(town: &Town, ledger: &Ledger) -> Vec<String> {
    let keys = [
        lango::simulators::daraja::CONSUMER_KEY,
        lango::simulators::daraja::CONSUMER_SECRET,
        lango::simulators::daraja::PASSKEY,
        lango::simulators::sms_gateway::API_KEY,
    ];
    let vault = town.store().vault();
    let mut secrets = [town.codes.clone(), town.secrets.clone()].concat();
    secrets.extend(keys.map(str::to_owned));
    secrets.extend(town.mpesa.books().into_iter().map(|entry| entry.receipt));
    secrets.extend(ledger.purchase_ids().into_iter().map(|id| vault.link_token(id)));
    secrets.extend(ledger.payment_ids().into_iter().map(|id| vault.hook_secret(id)));
    secrets.extend(super::GATEWAYS.map(|id| vault.report_secret(id)));
    secrets.extend([C2B_CONFIRMATION, C2B_VALIDATION].map(|sort| vault.c2b_secret(sort)));
    secrets.push(lango::simulators::daraja::PAYER_NAME.to_owned());
    secrets
}

impl Town {
    /// How often a line of the log says this since the story began.
    pub fn times_logged(&self, words: &str) -> usize {
        self.log.text_from(self.log_from).matches(words).count()
    }
}

fn no_secret_in_the_log(town: &Town, secrets: &[String]) {
    let told = &town.log.text_from(town.log_from);
    assert!(!told.is_empty(), "the log is listened to");
    if let Some(found) = any_of(secrets).find(told) {
        let line = told.lines().find(|line| line.contains(&told[found.range()]));
        panic!("a secret stands in the log: {line:?}");
    }
}

/// The disk itself, byte by byte: every table, the vault too, and what was deleted from them.
pub fn no_secret_on_disk(town: &Town, secrets: &[String]) {
    let any = any_of(secrets);
    for bytes in town.home.bytes() {
        assert!(!any.is_match(&bytes), "a secret stands in the database in clear");
    }
}

fn any_of(secrets: &[String]) -> AhoCorasick {
    AhoCorasick::new(secrets).unwrap()
}
