//! Given these events, when this command, then those events, nothing, or a refusal.
//!
//! The history is kept whole; what a command sees of it is read need by need, as the writer does,
//! so a command that looks at more than it asked for fails its test.

use crate::{
    commands::{
        money::{submit_payment::SubmitPayment, take_news::ReceiptGiven},
        sale::{
            serve_owed::ServeOwed,
            start_purchase::{ContactGiven, StartPurchase},
        },
        stock::import_vouchers::Line,
    },
    ledger::{
        catalogue::{Package, PackageEvent, SiteEvent},
        command::{Answer, CodeRow, Command, Decision, LinkRow, Postponed, VaultWrite},
        event::{Event, NewEvent},
        kernel::{
            id::{
                BatchId, ContactId, MessageId, PackageKey, PaymentId, PurchaseId, ReceiptId, Slug,
                VoucherId,
            },
            money::Cents,
            stream::Stream,
            time::{HOUR, Micros},
        },
        message::{MessageEvent, Purpose},
        needs::Need,
        payment::PaymentEvent,
        purchase::{Expiry, Language, PurchaseEvent},
        refusal::Refusal,
        usage::UsageEvent,
        voucher::{SetAside, VoucherEvent},
        world::World,
    },
};
use std::collections::HashMap;
use uuid::Uuid;

/// A moment, `micros` from the tests' noon.
pub fn at(micros: i64) -> Micros {
    Micros(1_800_000_000_000_000 + micros)
}

/// So often needs may lead to further needs; the writer allows no more.
const READINGS_MAX: usize = 8;

pub struct Given {
    history: Vec<(Micros, NewEvent)>,
    whole: World,
    tries: HashMap<String, i64>,
}

/// Events of an hour ago.
pub fn given(history: impl IntoIterator<Item = NewEvent>) -> Given {
    let given = Given { history: vec![], whole: World::whole(), tries: HashMap::new() };
    given.and_at(at(-HOUR), history)
}

impl Given {
    /// Events of another time.
    pub fn and_at(mut self, at: Micros, events: impl IntoIterator<Item = NewEvent>) -> Self {
        for event in events {
            self.whole.apply(&event, at).expect("the given history is legal");
            self.history.push((at, event));
        }
        self
    }

    /// The phone and device of an earlier purchase are in the vault.
    pub fn knowing(mut self, earlier: &StartPurchase) -> Self {
        for contact in [Some(&earlier.phone), earlier.device.as_ref()].into_iter().flatten() {
            self.whole.put_contact(contact.fingerprint, contact.new_id);
        }
        self
    }

    /// The codes of earlier lines are in the vault.
    pub fn knowing_codes(mut self, lines: &[Line]) -> Self {
        for line in lines {
            self.whole.put_code(line.code.shop_wide, line.code.voucher);
        }
        self
    }

    /// So often something was guessed at.
    pub fn having_tried(mut self, subject: &str, times: i64) -> Self {
        self.tries.insert(subject.to_owned(), times);
        self
    }

    pub fn when(self, command: &dyn Command) -> Then {
        let mut seen = World::default();
        for _ in 0..READINGS_MAX {
            let unread = seen.unread(command);
            if unread.is_empty() {
                return Then { outcome: self.decide(seen, command) };
            }
            for need in unread {
                self.read(need, &mut seen);
            }
        }
        panic!("the needs of a command settle");
    }

    /// The writer records what was decided, and for that too it needs what was asked for.
    fn decide(&self, mut seen: World, command: &dyn Command) -> Result<Decision, Refusal> {
        let decision = command.decide(&seen, at(0))?;
        for event in &decision.events {
            let (stream, known) = (&event.stream, seen.holds(&event.stream));
            assert!(known || !self.whole.holds(stream), "{stream} goes on, and was not asked for");
            seen.apply(event, at(0)).expect("what is decided is legal");
        }
        for write in &decision.vault {
            if let VaultWrite::Try { subject } = write {
                seen.tries(subject);
            }
        }
        Ok(decision)
    }

    fn read(&self, need: Need, seen: &mut World) {
        let whole = &self.whole;
        match &need {
            Need::Stream(stream) => self.read_stream(stream, seen),
            Need::Once(name) => {
                if let Some(stream) = whole.once(name) {
                    seen.put_once(name.clone(), stream.clone());
                }
            }
            Need::Stock(key) => {
                seen.put_stock(key.clone(), whole.stock(key).clone());
            }
            Need::Open(contact) => {
                if let Some(purchase) = whole.open_purchase(*contact) {
                    seen.put_open(*contact, purchase);
                }
            }
            Need::Prompts(contact) => {
                whole.prompts(*contact).iter().for_each(|p| seen.put_prompt(*contact, *p));
            }
            Need::Contact(fingerprint) => {
                if let Some(known) = whole.contact(fingerprint) {
                    seen.put_contact(*fingerprint, known);
                }
            }
            Need::Code(fingerprint) => {
                let known = whole.vouchers_of_code(fingerprint).iter();
                known.for_each(|voucher| seen.put_code(*fingerprint, *voucher));
            }
            Need::Tries(subject) => {
                let times = self.tries.get(subject).copied().unwrap_or(0);
                seen.put_tries(subject.clone(), times);
            }
        }
        seen.mark(need);
    }

    fn read_stream(&self, stream: &Stream, seen: &mut World) {
        if seen.holds(stream) {
            return;
        }
        for (at, event) in self.history.iter().filter(|(_, event)| event.stream == *stream) {
            let legal = seen.replay(stream, &event.event, *at);
            legal.expect("the given history is legal");
        }
    }
}

pub struct Then {
    outcome: Result<Decision, Refusal>,
}

impl Then {
    pub fn then_either(self) -> Result<Decision, Refusal> {
        self.outcome
    }

    pub fn then_both(self) -> (Vec<NewEvent>, Vec<VaultWrite>) {
        let decision = self.outcome.expect("the command was not refused");
        (decision.events, decision.vault)
    }

    pub fn then_recorded(self) -> Vec<NewEvent> {
        self.then_both().0
    }

    pub fn then_postponed(self) -> Option<Postponed> {
        self.outcome.expect("the command was not refused").postponed.pop()
    }

    pub fn then_nothing(self) {
        assert_eq!(kinds(&self.then_recorded()), [""; 0]);
    }

    pub fn then_answered(self, answer: Answer) {
        let decision = self.outcome.expect("the command was not refused");
        assert_eq!((decision.answer, decision.events), (answer, vec![]));
    }

    pub fn then_refused(self, refusal: &Refusal) {
        assert_eq!(self.outcome.as_ref().err(), Some(refusal), "{:?}", self.outcome);
    }
}

pub fn kinds(events: &[NewEvent]) -> Vec<String> {
    events.iter().map(|event| event.event.encode().kind).collect()
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

pub fn key() -> PackageKey {
    PackageKey { site: slug("mtaa"), package: slug("daily") }
}

pub fn purchase(n: u128) -> PurchaseId {
    PurchaseId(Uuid::from_u128(n))
}

pub fn payment(n: u128) -> PaymentId {
    PaymentId(Uuid::from_u128(n))
}

pub fn message(n: u128) -> MessageId {
    MessageId(Uuid::from_u128(n))
}

pub fn voucher(n: u128) -> VoucherId {
    VoucherId(Uuid::from_u128(n))
}

pub fn receipt(n: u128) -> ReceiptGiven {
    let fingerprint = format!("fingerprint-{n}");
    ReceiptGiven { new_id: ReceiptId(Uuid::from_u128(n)), fingerprint, sealed: vec![1] }
}

pub fn site() -> NewEvent {
    site_named("mtaa")
}

pub fn site_named(site: &str) -> NewEvent {
    let event = SiteEvent::Registered {
        site: slug(site),
        name: "Mtaa Wi-Fi".into(),
        router_login: "http://10.5.50.1/login".into(),
        accent: None,
        receiver: None,
        language: Language::En,
    };
    NewEvent::alone(Stream::Site(slug(site)), Event::Site(event))
}

pub fn package() -> Package {
    Package {
        site: slug("mtaa"),
        package: slug("daily"),
        version: 1,
        name: "Daily".into(),
        price_cents: Cents::from_kes(50),
        validity_seconds: 86_400,
        profile: "daily".into(),
        devices: 1,
        rate_kbps_down: None,
        rate_kbps_up: None,
        data_bytes_max: None,
        name_sw: None,
        place: None,
        retired: false,
    }
}

pub fn package_defined() -> NewEvent {
    NewEvent::alone(Stream::Package(key()), Event::Package(PackageEvent::Defined(package())))
}

pub fn voucher_imported(n: u128) -> NewEvent {
    let batch = BatchId(Uuid::from_u128(1));
    let event = VoucherEvent::Imported { site: slug("mtaa"), package: slug("daily"), batch };
    NewEvent::alone(Stream::Voucher(voucher(n)), Event::Voucher(event))
}

/// A site with a package and `codes` codes.
pub fn stocked(codes: u128) -> Vec<NewEvent> {
    let mut events = vec![site(), package_defined()];
    events.extend((1..=codes).map(voucher_imported));
    events
}

/// The `n`th buyer's wish.
pub fn start(n: u128) -> StartPurchase {
    let byte = u8::try_from(n).unwrap();
    StartPurchase {
        purchase: purchase(n),
        payment: payment(n),
        package: key(),
        package_version: 1,
        phone: ContactGiven {
            new_id: ContactId(Uuid::from_u128(n)),
            fingerprint: [byte; 32],
            sealed: vec![byte],
        },
        device: None,
        language: Language::En,
        nonce: format!("nonce-{n}"),
        link: LinkRow { purchase: purchase(n), fingerprint: [byte; 32], generation: 1 },
        provider: "mpesa",
    }
}

/// Eight codes in stock, and the `n`th buyer has started, but is yet to be asked for the money;
/// earlier codes are held by nobody.
pub fn started(n: u128) -> Vec<NewEvent> {
    let mut history = stocked(8);
    let codes_before = usize::try_from(n).unwrap() - 1;
    let mut events = given(history.clone()).when(&start(n)).then_recorded();
    events.pop();
    // Each buyer takes a code of its own, so that two such histories can be joined.
    let held = voucher(1 + codes_before as u128);
    for event in &mut events {
        if let Event::Purchase(PurchaseEvent::Started { voucher, .. }) = &mut event.event {
            *voucher = held;
        }
        if let Stream::Voucher(id) = &mut event.stream {
            *id = held;
        }
    }
    history.extend(events);
    history
}

fn then(mut history: Vec<NewEvent>, n: u128, event: PaymentEvent) -> Vec<NewEvent> {
    let stream = Stream::Payment(payment(n));
    history.push(NewEvent::of(purchase(n), stream, Event::Payment(event)));
    history
}

pub fn submitted(n: u128) -> Vec<NewEvent> {
    let mut history = started(n);
    let submit = SubmitPayment { payment: payment(n), provider: "mpesa", receiver: None };
    history.extend(given(history.clone()).when(&submit).then_recorded());
    history
}

pub fn prompted(n: u128) -> Vec<NewEvent> {
    then(submitted(n), n, PaymentEvent::Prompted {})
}

/// Nothing was heard in time; the other seven codes are gone too.
pub fn expired(n: u128) -> Vec<NewEvent> {
    let mut history = prompted(n);
    history.retain(|event| !matches!(&event.stream, Stream::Voucher(id) if *id != voucher(n)));
    let expire = crate::commands::sale::expire_purchase::ExpirePurchase { purchase: purchase(n) };
    history.extend(given(history.clone()).when(&expire).then_recorded());
    history
}

/// The code that the `n`th buyer had is held for the `other`th.
pub fn another_holds(n: u128, other: u128) -> Vec<NewEvent> {
    let event = VoucherEvent::Reserved {
        site: slug("mtaa"),
        package: slug("daily"),
        purchase: purchase(other),
    };
    vec![NewEvent::of(purchase(other), Stream::Voucher(voucher(n)), Event::Voucher(event))]
}

/// A purchase that was paid when there was no code.
pub fn owed_purchase(n: u128) -> Vec<NewEvent> {
    let (site, package) = (slug("mtaa"), slug("daily"));
    let (s, p) = (|| site.clone(), || package.clone());
    let amount_cents = Cents::from_kes(50);
    let of =
        |event| NewEvent::of(purchase(n), Stream::Purchase(purchase(n)), Event::Purchase(event));
    vec![
        of(PurchaseEvent::Started {
            site: s(),
            package: p(),
            package_version: 1,
            amount_cents,
            contact: ContactId(Uuid::from_u128(n)),
            device: None,
            voucher: voucher(1000 + n),
            language: Language::Sw,
        }),
        of(PurchaseEvent::Expired { site: s(), package: p(), reason: Expiry::Unresolved }),
        of(PurchaseEvent::Owed { site: s(), package: p(), amount_cents, payment: payment(n) }),
    ]
}

/// Serves the buyer of [`owed_purchase`].
pub fn serve_owed(n: u128) -> ServeOwed {
    ServeOwed { purchase: purchase(n), message: message(2) }
}

/// A purchase that was owed and got its code, and which.
pub fn served(n: u128) -> (Vec<NewEvent>, VoucherId) {
    let mut history = stocked(1);
    history.extend(owed_purchase(n));
    history.extend(given(history.clone()).when(&serve_owed(n)).then_recorded());
    (history, voucher(1))
}

/// So many codes, each sold to a buyer of its own.
pub fn sold(codes: u128) -> Vec<NewEvent> {
    let mut history = stocked(codes);
    for n in 1..=codes {
        history.extend(owed_purchase(n));
        let serve = ServeOwed { purchase: purchase(n), message: message(1000 + n) };
        history.extend(given(history.clone()).when(&serve).then_recorded());
    }
    history
}

/// The router of [`site`] tells of its codes for the first time.
pub fn router_reported() -> NewEvent {
    let event = SiteEvent::RouterReported { site: slug("mtaa") };
    NewEvent::alone(Stream::Site(slug("mtaa")), Event::Site(event))
}

pub fn of_usage(n: u128, event: fn(Slug, Slug) -> UsageEvent) -> NewEvent {
    let event = event(slug("mtaa"), slug("daily"));
    NewEvent::alone(Stream::Usage(voucher(n)), Event::Usage(event))
}

pub fn lost(n: u128) -> NewEvent {
    of_usage(n, |site, package| UsageEvent::Lost { site, package })
}

pub fn queued_message(n: u128) -> Vec<NewEvent> {
    let event = MessageEvent::Queued {
        purchase: Some(purchase(n)),
        contact: ContactId(Uuid::from_u128(n)),
        purpose: Purpose::Code,
    };
    vec![NewEvent::of(purchase(n), Stream::Message(message(n)), Event::Message(event))]
}

pub fn import_line(n: u8, set_aside: Option<SetAside>) -> Line {
    let code = CodeRow {
        voucher: voucher(u128::from(n)),
        fingerprint: [n; 32],
        folded: [n; 32],
        shop_wide: [n; 32],
        last_four: [n; 32],
        sealed: vec![n],
    };
    Line { package: key(), set_aside, code }
}
