//! Tests every order in which a provider's answers to one payment may come, lost ones among them.
//! In each, the money has a place in the end: it bought something, the provider said no, somebody
//! is still asked, or a person finds it in the list.

use super::{
    submit_payment::{EndInquiry, RecordSubmit},
    take_c2b::TakeC2b,
    take_news::{News, TakeNews},
};
use crate::{
    commands::{
        sale::expire_purchase::ExpirePurchase,
        testing::{given, message, payment, purchase, receipt, submitted},
    },
    ledger::{
        command::{Command, VaultWrite},
        event::{Event, NewEvent},
        kernel::{money::Cents, stream::Stream},
        payment::{Dispute, Learnt, Payment, PaymentEvent, PaymentStatus},
        receipt::ReceiptEvent,
    },
    ports::{Again, Decline, ProviderRefs, Submitted},
};

/// The names that M-PESA has for the payment, and those that it has for another.
const OURS: u8 = 1;
const ANOTHERS: u8 = 2;

/// A shop that is off hears none of the callbacks of that time; so that is no case of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    Nothing,
    Paid(u128),
    Declined,
    Unclear,
    PaidOfAnother,
    DeclinedOfAnother,
}

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum When {
    BeforeTheAnswer,
    AfterIt,
    AfterTheLastQuestion,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Accepted,
    Refused,
    Busy,
    Lost,
    /// SIGKILL between *submitted* and its outcome.
    Killed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    /// Pending, unreachable, an error: all say nothing.
    Unknown,
    Declined,
    Paid,
    DeclinedThenPaid,
}

impl Asked {
    fn pays(self) -> bool {
        matches!(self, Self::Paid | Self::DeclinedThenPaid)
    }
}

#[derive(Debug, Clone, Copy)]
struct Case {
    call: Call,
    first: (Told, When),
    second: (Told, When),
    asked: Asked,
    c2b: bool,
}

impl Case {
    /// In order, and not another case told again.
    fn is_one(&self) -> bool {
        let told = |it: (Told, When)| it.0 != Told::Nothing || it.1 == When::AfterTheLastQuestion;
        let ordered = self.first.1 <= self.second.1 || self.second.0 == Told::Nothing;
        let needs_c2b = !self.c2b || self.asked == Asked::Unknown;
        ordered && needs_c2b && told(self.first) && told(self.second)
    }
}

fn cases() -> Vec<Case> {
    use Told as T;
    use When as W;
    let calls = [Call::Accepted, Call::Refused, Call::Busy, Call::Lost, Call::Killed];
    let whens = [W::BeforeTheAnswer, W::AfterIt, W::AfterTheLastQuestion];
    let firsts =
        [T::Nothing, T::Paid(1), T::Declined, T::Unclear, T::PaidOfAnother, T::DeclinedOfAnother];
    let seconds = [T::Nothing, T::Paid(1), T::Paid(2), T::Declined, T::Unclear];
    let asked = [Asked::Unknown, Asked::Declined, Asked::Paid, Asked::DeclinedThenPaid];
    let mut cases = vec![];
    for call in calls {
        for first in firsts.into_iter().flat_map(|told| whens.map(|when| (told, when))) {
            for second in seconds.into_iter().flat_map(|told| whens.map(|when| (told, when))) {
                for asked in asked {
                    let ends = [false, true].map(|c2b| Case { call, first, second, asked, c2b });
                    cases.extend(ends.into_iter().filter(Case::is_one));
                }
            }
        }
    }
    cases
}

/// The shop as far as one payment is concerned.
struct Shop {
    history: Vec<NewEvent>,
    names: Option<u8>,
}

impl Shop {
    fn does(&mut self, command: &dyn Command) {
        let Ok(decision) = given(self.history.clone()).when(command).then_either() else { return };
        self.history.extend(decision.events);
        for write in decision.vault {
            match write {
                VaultWrite::ProviderRefs { sealed, .. } => self.names = Some(sealed[0]),
                VaultWrite::NamesHeard { sealed, .. } => {
                    self.names.get_or_insert(sealed[0]);
                }
                _ => {}
            }
        }
    }

    fn payment(&self) -> Payment {
        let events = self.own_events().fold(None, |payment, event| {
            Some(Payment::evolve(payment.as_ref(), event).expect("a legal step"))
        });
        events.expect("it was requested")
    }

    fn own_events(&self) -> impl Iterator<Item = &PaymentEvent> {
        self.history.iter().filter_map(|new| match (&new.stream, &new.event) {
            (Stream::Payment(id), Event::Payment(event)) if *id == payment(1) => Some(event),
            _ => None,
        })
    }

    fn has(&self, wanted: fn(&PaymentEvent) -> bool) -> bool {
        self.own_events().any(wanted)
    }

    fn is_recorded(&self, number: u128) -> bool {
        self.history.iter().any(|new| {
            matches!(&new.event, Event::Receipt(ReceiptEvent::Recorded { .. }))
                && new.stream == Stream::Receipt(receipt(number).new_id)
        })
    }

    /// Whether the projection `exceptions` shows the payment.
    fn is_listed(&self) -> bool {
        let unresolved = self.has(|event| matches!(event, PaymentEvent::InquiryEnded {}))
            && !self.has(|event| matches!(event, PaymentEvent::Declined { .. }))
            && !self.payment().is_paid();
        unresolved || self.payment().dispute == Dispute::Open
    }

    fn takes(&mut self, news: News, learnt: Learnt, names: Option<u8>) {
        self.does(&TakeNews {
            payment: payment(1),
            provider: "mpesa",
            news,
            learnt,
            names: names.map(|names| vec![names]),
            message: message(1),
        });
    }

    fn hears(&mut self, told: Told) {
        let claimed = match told {
            Told::Nothing => return,
            Told::PaidOfAnother | Told::DeclinedOfAnother => ANOTHERS,
            Told::Paid(_) | Told::Declined | Told::Unclear => OURS,
        };
        let matching = self.names.is_none_or(|known| known == claimed);
        let first = self.names.is_none().then_some(claimed);
        let news = match told {
            Told::Paid(_) | Told::PaidOfAnother if !matching => News::OfAnother,
            _ if !matching => return,
            Told::Paid(number) => paid(number),
            Told::PaidOfAnother => paid(3),
            Told::Declined | Told::DeclinedOfAnother => News::Declined(Decline::Cancelled),
            Told::Unclear | Told::Nothing => News::Unclear,
        };
        self.takes(news, Learnt::Callback, first);
    }

    fn call_ends(&mut self, call: Call) {
        let refused = |again| Submitted::Refused { reason: "provider_busy", again };
        let refs = ProviderRefs { request: "ws".into(), merchant: "m".into() };
        let outcome = match call {
            Call::Accepted => Submitted::Accepted(refs),
            Call::Refused => refused(Again::Never),
            Call::Busy => refused(Again::WhenProviderRests),
            Call::Lost => Submitted::Unknown { reason: "no_answer" },
            Call::Killed => return,
        };
        self.ends_as(outcome);
    }

    fn ends_as(&mut self, outcome: Submitted) {
        let sealed_refs = matches!(outcome, Submitted::Accepted(_)).then(|| vec![OURS]);
        let next_payment = payment(2);
        self.does(&RecordSubmit { payment: payment(1), outcome, sealed_refs, next_payment });
    }

    /// Climbs the ladder to its end.
    fn is_asked(&mut self, asked: Asked) {
        let mut rung = 0;
        while self.payment().is_being_asked_about() {
            let before = self.payment().status;
            if self.names.is_none() && before == PaymentStatus::Submitted {
                self.ends_as(Submitted::Unknown { reason: "interrupted" });
            }
            let knows = self.names == Some(OURS);
            rung += 1;
            match asked {
                _ if !knows => {}
                Asked::Paid => self.takes(unproven(), Learnt::Query, None),
                Asked::DeclinedThenPaid if rung > 3 => self.takes(unproven(), Learnt::Query, None),
                // Believed when it was heard twice.
                Asked::Declined | Asked::DeclinedThenPaid if rung > 1 => {
                    self.takes(News::Declined(Decline::NoAnswer), Learnt::Query, None);
                }
                Asked::Declined | Asked::DeclinedThenPaid | Asked::Unknown => {}
            }
            if rung >= 5 {
                self.does(&EndInquiry { payment: payment(1), status: before });
            }
            assert!(rung < 10, "asking ends");
        }
    }
}

fn paid(number: u128) -> News {
    let amount = Some(Cents::from_kes(50));
    News::Paid { amount, receipt: Some(receipt(number)), paid_at: None }
}

fn unproven() -> News {
    News::Paid { amount: None, receipt: None, paid_at: None }
}

fn play(case: Case) -> Shop {
    let mut shop = Shop { history: submitted(1), names: None };
    let told = |shop: &mut Shop, when: When| {
        for (told, _) in [case.first, case.second].into_iter().filter(|it| it.1 == when) {
            shop.hears(told);
        }
    };
    told(&mut shop, When::BeforeTheAnswer);
    shop.call_ends(case.call);
    told(&mut shop, When::AfterIt);
    shop.does(&ExpirePurchase { purchase: purchase(1) });
    shop.is_asked(case.asked);
    told(&mut shop, When::AfterTheLastQuestion);
    shop.is_asked(case.asked);
    if case.c2b {
        shop.does(&TakeC2b {
            provider: "mpesa",
            receipt: receipt(1),
            amount: Cents::from_kes(50),
            paid_at: None,
            named: Some(payment(1)),
            message: message(1),
        });
    }
    shop
}

#[test]
fn the_money_of_a_payment_has_a_place_whatever_was_answered_in_whatever_order() {
    let cases = cases();
    assert!(cases.len() > 2_000, "{} cases", cases.len());
    for case in cases {
        let shop = play(case);
        has_a_place(case, &shop);
        is_found(case, &shop);
    }
}

fn has_a_place(case: Case, shop: &Shop) {
    let (payment, listed) = (shop.payment(), shop.is_listed());
    let unpaid = payment.is_surely_unpaid();
    assert!(payment.is_paid() || unpaid || listed, "{case:?} is in no place: {payment:?}");
    assert!(!(listed && unpaid), "{case:?} is a person's, and its page says \"nothing was paid\"");
    let said_no = shop
        .has(|event| matches!(event, PaymentEvent::Declined { .. } | PaymentEvent::Refused { .. }));
    assert!(said_no || !unpaid, "{case:?} is called unpaid, and nobody said so");
}

/// Money that M-PESA tells, or would tell if it were asked, is known.
fn is_found(case: Case, shop: &Shop) {
    let (found, named) = (shop.payment().is_paid(), shop.names == Some(OURS));
    assert!(found || !named || !case.asked.pays(), "{case:?}: M-PESA would say yes");
    assert!(found || !case.c2b, "{case:?}: the money came by C2B");
    for (told, _) in [case.first, case.second] {
        let Told::Paid(number) = told else { continue };
        let placed = shop.is_recorded(number) || shop.payment().dispute == Dispute::Open;
        assert!(placed, "{case:?}: receipt {number} is nowhere");
    }
}
