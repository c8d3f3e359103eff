//! What must be true after a day, whatever happened in it: design, section 2. Most of it is what
//! every story owes; this adds what only a day's world can know.

use super::{story::short, world::Day};
use crate::town::{Ledger, checks};
use aho_corasick::AhoCorasick;
use lango::{
    ledger::{
        event::Event,
        kernel::{
            id::{PaymentId, PurchaseId, VoucherId},
            money::Cents,
            stream::Stream,
            time::{Micros, SECOND},
        },
        message::MessageEvent,
        payment::{PaymentEvent, account_reference},
        purchase::PurchaseEvent,
        receipt::ReceiptEvent,
        voucher::VoucherEvent,
    },
    simulators::daraja::BookEntry,
    store::{Sealed, Store},
};
use std::collections::{BTreeMap, BTreeSet};

/// What the world knows at the end of a day.
#[derive(Clone)]
pub struct Known {
    books: Vec<BookEntry>,
    texts: Vec<(String, String)>,
    codes: Vec<String>,
    secrets: Vec<String>,
    /// Receipts of which the ledger cannot know.
    lost: BTreeSet<String>,
    /// Whether a ledger was put back.
    went_back: bool,
}

impl Day {
    /// The evening: providers are well, what is on its way arrives, and everything ends by itself.
    pub fn comes_to_rest(&mut self) {
        self.story.tell("night", "falls: providers are well, and all comes to its end");
        let c2b = self.mpesa().faults.c2b;
        self.mpesa().faults = super::mpesa::Faults { c2b, ..super::mpesa::Faults::default() };
        while self.broken.is_none() && !(self.mpesa().post.is_empty() && self.sms().post.is_empty())
        {
            let letter = self.mpesa().post.pop();
            let Some(letter) = letter.or_else(|| self.sms().post.pop()) else { break };
            self.brings(letter);
        }
        let begun = self.now();
        for _ in 0..80 {
            self.rests();
            let due = self
                .unharmed(|context| async move { context.store.read().next_due().await.unwrap() });
            let (Some(Some(due)), None) = (due, &self.broken) else { break };
            let now = self.now();
            let step = now.until(due).max(begun.until(now) / 2) / SECOND;
            self.passes(step.max(60) + 1);
        }
        self.passes(120);
        self.rests();
    }

    fn rests(&mut self) {
        let which = self.dice.below(self.shops.len());
        self.settles_at(which);
    }

    /// Checks every promise, one after the other; the first that is broken is noted.
    pub fn keeps_promises(&mut self) {
        let books = self.mpesa().books.clone();
        let texts = self.sms().texts.clone();
        let known = Known {
            books,
            texts,
            codes: self.codes.iter().map(|(_, _, code)| code.clone()).collect(),
            secrets: self.secrets(),
            lost: self.cannot_know(),
            went_back: !self.forgotten.is_empty(),
        };
        self.asked_once();
        macro_rules! promise {
            ($($name:literal: $check:path),+ $(,)?) => {$(
                let of = known.clone();
                self.promise($name, move |store| async move { $check(&store, &of).await });
            )+};
        }
        promise! {
            "nothing is left to do": quiet,
            "chain, projections and decision tables hold": whole,
            "one code, one sale": one_sale_a_code,
            "a code is held before money moves": held_first,
            "every shilling has a place": every_shilling,
            "what needs a person is listed": listed,
            "the books balance": balance,
            "a code is told to whom it belongs": told_rightly,
            "an SMS leaves as often as the ledger says": sent_as_recorded,
            "the ledger holds no secret": no_secret,
            "the vault opens": vault_opens,
        }
    }

    fn promise<F>(&mut self, name: &str, check: impl FnOnce(Store) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.broken.is_some() {
            return;
        }
        let kept = self.unharmed(|context| check(context.store.clone()));
        if kept.is_none()
            && let Some(broken) = &mut self.broken
        {
            name.clone_into(&mut broken.promise);
        }
    }

    /// Receipts of which the ledger cannot know: it was put back, or nobody was asked and what
    /// M-PESA told never came.
    fn cannot_know(&self) -> BTreeSet<String> {
        let told = |receipt: &String| self.heard.iter().any(|body| body.contains(receipt.as_str()));
        let by_hand = self.mpesa().by_hand.clone();
        by_hand.into_iter().filter(|it| !told(it)).chain(self.lost_books.clone()).collect()
    }

    /// No phone was asked twice about one attempt, unless the ledger went back to before it.
    fn asked_once(&mut self) {
        let twice = {
            let mpesa = self.mpesa();
            let mut asked = mpesa.asked.iter();
            asked.find(|(id, times)| **times > 1 && !self.forgotten.contains(*id)).map(|it| *it.0)
        };
        if let Some(payment) = twice {
            self.breaks(
                "a phone is asked once",
                format!("payment {} was asked for twice", short(payment)),
            );
        }
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets: Vec<String> = self.codes.iter().map(|(_, _, code)| code.clone()).collect();
        for buyer in &self.buyers {
            secrets.extend([buyer.phone[1..].to_owned(), buyer.mac.clone()]);
            secrets.extend(buyer.links.iter().map(|(link, _)| link.clone()));
        }
        let mpesa = self.mpesa();
        secrets.extend(mpesa.books.iter().map(|entry| entry.receipt.clone()));
        secrets.extend(mpesa.prompts.iter().filter_map(|it| Some(it.callback.as_ref()?.1.clone())));
        secrets
    }
}

async fn quiet(store: &Store, _: &Known) {
    assert_eq!(store.read().next_due().await.unwrap(), None::<Micros>, "work is due for ever");
}

async fn whole(store: &Store, _: &Known) {
    checks::ledger_is_whole(store).await;
}

/// By its text, at whichever site it was uploaded: that is what the router knows.
async fn one_sale_a_code(store: &Store, _: &Known) {
    let ledger = Ledger::read(store).await;
    checks::no_code_sold_twice(&ledger);
    let mut sold: BTreeMap<String, PurchaseId> = BTreeMap::new();
    for (purchase, voucher) in ledger.sales().into_iter().chain(ledger.replacements()) {
        let code = store.voucher_code(voucher).await.unwrap().unwrap().code;
        if let Some(first) = sold.insert(code, purchase) {
            panic!("purchases {} and {} have the same code", short(first), short(purchase));
        }
    }
}

/// When money is asked for, a code is held for it.
async fn held_first(store: &Store, _: &Known) {
    let ledger = Ledger::read(store).await;
    let mut held: BTreeMap<PurchaseId, VoucherId> = BTreeMap::new();
    let mut of: BTreeMap<PaymentId, PurchaseId> = BTreeMap::new();
    for (_, stream, event) in &ledger.events {
        match (stream, event) {
            (Stream::Voucher(id), Event::Voucher(VoucherEvent::Reserved { purchase, .. })) => {
                held.insert(*purchase, *id);
            }
            (Stream::Voucher(_), Event::Voucher(VoucherEvent::Released { purchase, .. })) => {
                held.remove(purchase);
            }
            (Stream::Voucher(id), Event::Voucher(VoucherEvent::SetAside { .. })) => {
                held.retain(|_, voucher| voucher != id);
            }
            (Stream::Payment(id), Event::Payment(PaymentEvent::Requested { purchase, .. })) => {
                of.insert(*id, *purchase);
            }
            (Stream::Payment(id), Event::Payment(PaymentEvent::Submitted { .. })) => {
                let holds = held.contains_key(&of[id]);
                assert!(holds, "payment {} is asked for, and no code is held", short(id));
            }
            _ => {}
        }
    }
}

/// All money in M-PESA's books is a payment, or with a person, or on the list.
async fn every_shilling(store: &Store, known: &Known) {
    let ledger = Ledger::read(store).await;
    checks::money_ended_well(&ledger);
    let agreed = checks::mpesa_books_agree(store, &ledger, &known.books, false).await;
    let listed = lines(store).await;
    let payments = ledger.payment_ids();
    for entry in agreed.unknown.iter().filter(|entry| !known.lost.contains(&entry.receipt)) {
        let of = payments.iter().find(|id| account_reference(**id) == entry.reference);
        let Some(payment) = of else { continue };
        // Or stood there, and a person has looked into it.
        let disputed = ledger.events.iter().any(|(_, stream, event)| {
            let whose = Stream::Payment(*payment) == *stream;
            whose && matches!(event, Event::Payment(PaymentEvent::Disputed { .. }))
        });
        let on_list = disputed || listed.contains(&("unresolved".to_owned(), payment.to_string()));
        let status = store.read().payment(*payment).await.unwrap().unwrap().status;
        let (kes, id) = (entry.amount_kes, short(payment));
        assert!(on_list, "KSh {kes} of payment {id} is nowhere: it is {status:?}, and on no list");
    }
}

async fn lines(store: &Store) -> BTreeSet<(String, String)> {
    while store.project().await.unwrap() > 0 {}
    let rows = store.read().exceptions().await.unwrap();
    rows.into_iter().map(|line| (line.kind.word().to_owned(), line.subject)).collect()
}

/// What came up and was settled by nobody stands on the list.
async fn listed(store: &Store, _: &Known) {
    let ledger = Ledger::read(store).await;
    let mut open: BTreeSet<(&str, String)> = BTreeSet::new();
    let mut may_have_left = BTreeSet::new();
    for (_, stream, event) in &ledger.events {
        let id = stream.to_string().split_once('-').map_or(String::new(), |(_, id)| id.to_owned());
        match event {
            Event::Purchase(PurchaseEvent::Owed { .. }) => {
                open.insert(("owed", id));
            }
            Event::Purchase(PurchaseEvent::Fulfilled { .. } | PurchaseEvent::Settled { .. }) => {
                open.remove(&("owed", id));
            }
            Event::Payment(PaymentEvent::SetAside { .. }) => {
                open.insert(("set_aside", id));
            }
            Event::Payment(PaymentEvent::Settled { .. }) => {
                open.remove(&("set_aside", id));
            }
            Event::Payment(PaymentEvent::Disputed { .. }) => {
                open.insert(("disputed", id));
            }
            Event::Payment(PaymentEvent::DisputeSettled { .. }) => {
                open.remove(&("disputed", id));
            }
            Event::Receipt(ReceiptEvent::Unmatched { .. }) => {
                open.insert(("unmatched", id));
            }
            Event::Receipt(
                ReceiptEvent::Applied { .. }
                | ReceiptEvent::Settled { .. }
                | ReceiptEvent::Reversed { .. },
            ) => {
                open.remove(&("unmatched", id));
            }
            Event::Message(MessageEvent::Unconfirmed { .. }) => {
                may_have_left.insert(id);
            }
            Event::Message(MessageEvent::GivenUp { .. }) => {
                let kind = if may_have_left.contains(&id) { "unconfirmed" } else { "given_up" };
                open.insert((kind, id));
            }
            Event::Message(MessageEvent::Delivered { .. }) => {
                open.remove(&("given_up", id.clone()));
                open.remove(&("unconfirmed", id));
            }
            _ => {}
        }
    }
    let lines = lines(store).await;
    for (kind, id) in open {
        let on_list = lines.contains(&(kind.to_owned(), id.clone()));
        assert!(on_list, "{kind} {} is on no list", short(id));
    }
}

/// The journal balances, and says of M-PESA what M-PESA says.
async fn balance(store: &Store, known: &Known) {
    let ledger = Ledger::read(store).await;
    let agreed = checks::mpesa_books_agree(store, &ledger, &known.books, false).await;
    let sum = |books: &[BookEntry]| books.iter().map(|entry| entry.amount_kes).sum::<i64>();
    let of_ours = Cents::from_kes(sum(&known.books) - sum(&agreed.unknown));
    let mpesa = Cents(of_ours.0 + agreed.told_twice.0 - ledger.taken_out().0);
    checks::journal_balances(store, Some(mpesa)).await;
}

async fn told_rightly(store: &Store, known: &Known) {
    let ledger = Ledger::read(store).await;
    if !known.went_back {
        checks::sms_books_agree(store, &ledger, &known.codes, &known.texts).await;
    }
    // Across ledgers that were put back: who was told a code keeps it.
    let mut told: BTreeMap<&String, &String> = BTreeMap::new();
    for (to, text) in &known.texts {
        for code in known.codes.iter().filter(|code| text.contains(code.as_str())) {
            let before = told.insert(code, to);
            assert!(before.is_none_or(|before| before == to), "two phones were told the same code");
        }
    }
}

/// A text that leaves was recorded before, each time; none leaves again that a gateway took, and
/// once more at most where the answer was lost.
async fn sent_as_recorded(store: &Store, known: &Known) {
    let ledger = Ledger::read(store).await;
    let mut of: BTreeMap<String, PurchaseId> = BTreeMap::new();
    let mut may_leave: BTreeMap<PurchaseId, usize> = BTreeMap::new();
    let (mut taken, mut lost) = (BTreeSet::new(), BTreeMap::new());
    for (_, stream, event) in &ledger.events {
        let (Event::Message(event), id) = (event, stream.to_string()) else { continue };
        match event {
            MessageEvent::Queued { purchase: Some(purchase), .. } => {
                of.insert(id, *purchase);
            }
            MessageEvent::Submitted { .. } => {
                assert!(!taken.contains(&id), "message {id} was taken, and is sent again");
                let times: usize = lost.get(&id).copied().unwrap_or_default();
                assert!(times <= 1, "message {id} is sent again though two answers were lost");
                if let Some(purchase) = of.get(&id) {
                    *may_leave.entry(*purchase).or_default() += 1;
                }
            }
            MessageEvent::Accepted { .. } => {
                taken.insert(id);
            }
            MessageEvent::Unconfirmed { .. } => *lost.entry(id).or_default() += 1,
            _ => {}
        }
    }
    if known.went_back {
        return;
    }
    for (purchase, voucher) in ledger.sales() {
        let code = store.voucher_code(voucher).await.unwrap().unwrap().code;
        let left = known.texts.iter().filter(|(_, text)| text.contains(&code)).count();
        let recorded = may_leave.get(&purchase).copied().unwrap_or_default();
        assert!(left <= recorded, "{left} texts of {}, {recorded} recorded", short(purchase));
    }
}

async fn no_secret(store: &Store, known: &Known) {
    let any = AhoCorasick::new(&known.secrets).unwrap();
    for (stored, ..) in Ledger::read(store).await.events {
        let once = stored.once.unwrap_or_default();
        let text = format!("{} {once} {} {}", stored.data, stored.stream, stored.actor);
        let found = any.find(&text).map(|found| text[found.range()].to_owned());
        assert_eq!(found, None, "event {} ({})", stored.position, stored.kind);
    }
}

/// Everything that was sealed opens again, with the keys that there are now.
async fn vault_opens(store: &Store, _: &Known) {
    let ledger = Ledger::read(store).await;
    for (_, stream, event) in &ledger.events {
        match (stream, event) {
            (Stream::Voucher(id), Event::Voucher(VoucherEvent::Imported { .. })) => {
                assert!(store.voucher_code(*id).await.unwrap().is_some(), "code {}", short(id));
            }
            (
                Stream::Purchase(_),
                Event::Purchase(PurchaseEvent::Started { contact, device, .. }),
            ) => {
                for contact in [Some(*contact), *device].into_iter().flatten() {
                    store.open_sealed(Sealed::Contact(contact)).await.unwrap();
                }
            }
            (Stream::Payment(id), Event::Payment(PaymentEvent::Prompted { .. })) => {
                store.open_sealed(Sealed::ProviderRefs(*id)).await.unwrap();
            }
            (Stream::Receipt(id), Event::Receipt(ReceiptEvent::Recorded { .. })) => {
                store.open_sealed(Sealed::Receipt(*id)).await.unwrap();
            }
            (Stream::Message(id), Event::Message(MessageEvent::Submitted { .. })) => {
                store.open_sealed(Sealed::MessageText(*id)).await.unwrap();
            }
            _ => {}
        }
    }
}
