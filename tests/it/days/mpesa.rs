//! M-PESA as a day has it: books of its own, phones that people answer or not, and the faults that
//! `docs/reference/m-pesa.md` lists. It speaks Lango's words: its wire format is tested elsewhere.

use super::{luck::Dice, post::Letter};
use lango::{
    ledger::kernel::{id::PaymentId, money::Cents, time::Micros},
    ports::{
        Again, Decline, PaymentNews, PromptRequest, ProviderRefs, ReadC2b, ReadCallback, Submitted,
    },
    simulators::daraja::BookEntry,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How often in a hundred things go wrong today.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    pub answer_lost: usize,
    pub not_taken: usize,
    pub refused: usize,
    pub callback_first: usize,
    pub callback_lost: usize,
    pub told_twice: usize,
    pub no_answer_to_query: usize,
    pub amount_left_out: usize,
    /// Whether the owner has registered addresses for all money on the shop's number.
    pub c2b: bool,
}

impl Faults {
    /// Of a day.
    pub fn of(dice: &mut Dice) -> Self {
        let mut often = |most: usize| if dice.percent(50) { dice.below(most) } else { 0 };
        Self {
            answer_lost: often(40),
            not_taken: often(10),
            refused: often(25),
            callback_first: often(25),
            callback_lost: often(50),
            told_twice: often(30),
            no_answer_to_query: often(50),
            amount_left_out: often(10),
            c2b: often(2) > 0,
        }
    }
}

/// What became of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Waiting,
    Paid,
    Declined(Decline),
}

/// A prompt on a phone.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub payment: PaymentId,
    pub refs: ProviderRefs,
    pub reference: String,
    pub phone: String,
    pub kes: i64,
    /// The last two parts of the address for its callback: whose, and the secret.
    pub callback: Option<(String, String)>,
    pub at: Micros,
    pub standing: Standing,
}

/// What a call to it comes to.
pub struct Outcome {
    pub answer: Submitted,
    /// A callback that leaves before the answer does.
    pub first: Option<Letter>,
}

/// M-PESA.
pub struct Mpesa {
    dice: Dice,
    pub faults: Faults,
    pub prompts: Vec<Prompt>,
    pub books: Vec<BookEntry>,
    /// How often the phone was asked about each attempt.
    pub asked: BTreeMap<PaymentId, u32>,
    /// On its way to the shop.
    pub post: Vec<Letter>,
    /// Receipts of money that nobody was asked for: where the shop is not told, only the statement
    /// has them.
    pub by_hand: BTreeSet<String>,
    numbers: u64,
}

impl Mpesa {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 3);
        let faults = Faults::of(&mut dice);
        let (prompts, books, post) = (vec![], vec![], vec![]);
        let (asked, by_hand) = (BTreeMap::new(), BTreeSet::new());
        Self { dice, faults, prompts, books, asked, post, by_hand, numbers: 0 }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Takes a prompt, or not, and answers, or not.
    pub fn submit(&mut self, request: &PromptRequest, now: Micros) -> Outcome {
        let only = |answer| Outcome { answer, first: None };
        if self.dice.percent(self.faults.not_taken) {
            return only(Submitted::Unknown { reason: "no_answer" });
        }
        if self.dice.percent(self.faults.refused) {
            let again = [Again::Never, Again::WhenProviderRests, Again::WhenPhoneIsFree];
            let again = *self.dice.pick(&again).unwrap();
            return only(Submitted::Refused { reason: "provider_busy", again });
        }
        let at = self.prompt(request, now);
        let refs = self.prompts[at].refs.clone();
        let mut first = None;
        if self.dice.percent(self.faults.callback_first) {
            let pays = self.dice.percent(70);
            self.answer_prompt(at, pays.then_some(()).ok_or(Decline::Cancelled), now);
            first = self.post.pop();
        }
        let lost = self.dice.percent(self.faults.answer_lost);
        let answer = if lost {
            Submitted::Unknown { reason: "no_answer" }
        } else {
            Submitted::Accepted(refs)
        };
        Outcome { answer, first }
    }

    fn prompt(&mut self, request: &PromptRequest, now: Micros) -> usize {
        *self.asked.entry(request.payment).or_default() += 1;
        let number = self.number();
        let phone = request.payer.msisdn().to_owned();
        let refs = ProviderRefs {
            request: format!("ws_CO_{number:06}{phone}"),
            merchant: format!("mr-{number:06}-{phone}"),
        };
        let callback = request.callback.as_ref().map(|url| {
            let mut parts = url.path().rsplit('/').map(str::to_owned);
            let secret = parts.next().unwrap_or_default();
            (parts.next().unwrap_or_default(), secret)
        });
        self.prompts.push(Prompt {
            payment: request.payment,
            refs,
            reference: request.reference.clone(),
            phone,
            kes: request.amount.whole_kes().expect("M-PESA takes whole shillings"),
            callback,
            at: now,
            standing: Standing::Waiting,
        });
        self.prompts.len() - 1
    }

    /// The payer answers, or M-PESA itself gives up; also after it said otherwise.
    pub fn answer_prompt(&mut self, at: usize, pays: Result<(), Decline>, now: Micros) {
        let prompt = self.prompts[at].clone();
        if prompt.standing == Standing::Paid {
            return;
        }
        let news = match pays {
            Ok(()) => {
                let entry = self.enter(&prompt.phone, prompt.kes, &prompt.reference, now);
                self.prompts[at].standing = Standing::Paid;
                let told = !self.dice.percent(self.faults.amount_left_out);
                json!({ "paid": told.then_some(entry.amount_kes), "receipt": entry.receipt })
            }
            Err(decline) => {
                self.prompts[at].standing = Standing::Declined(decline);
                json!({ "declined": decline })
            }
        };
        let Some((whose, secret)) = prompt.callback else { return };
        let ProviderRefs { request, merchant } = prompt.refs;
        let body = json!({ "request": request, "merchant": merchant, "news": news }).to_string();
        self.tell(Letter::Payment { whose, secret, body });
    }

    /// Money moves; where all money is told of, so is this.
    pub fn enter(&mut self, phone: &str, kes: i64, reference: &str, now: Micros) -> BookEntry {
        let entry = BookEntry {
            receipt: format!("UE{:08}", self.number()),
            amount_kes: kes,
            msisdn: phone.to_owned(),
            reference: reference.to_owned(),
            receiver: String::new(),
            conversation: String::new(),
            third_party: String::new(),
            reversed_by: None,
            at: now,
        };
        self.books.push(entry.clone());
        if self.faults.c2b {
            let BookEntry { receipt, amount_kes, reference, .. } = &entry;
            let told = json!({ "receipt": receipt, "kes": amount_kes, "reference": reference });
            self.tell(Letter::C2b { body: told.to_string() });
        }
        entry
    }

    fn tell(&mut self, letter: Letter) {
        if self.dice.percent(self.faults.callback_lost) {
            return;
        }
        if self.dice.percent(self.faults.told_twice) {
            self.post.push(letter.clone());
        }
        self.post.push(letter);
    }

    /// What it says when it is asked.
    pub fn status(&mut self, refs: &ProviderRefs) -> PaymentNews {
        if self.dice.percent(self.faults.no_answer_to_query) {
            let none = [PaymentNews::Unknown, PaymentNews::Pending];
            return self.dice.pick(&none).unwrap().clone();
        }
        let found = self.prompts.iter().find(|prompt| prompt.refs.request == refs.request);
        match found.map(|prompt| &prompt.standing) {
            Some(Standing::Paid) => {
                PaymentNews::Paid { amount: None, receipt: None, paid_at: None }
            }
            Some(Standing::Declined(decline)) => PaymentNews::Declined(*decline),
            Some(Standing::Waiting) => PaymentNews::Pending,
            None => PaymentNews::Unknown,
        }
    }

    /// Phones that nobody answers stop showing the prompt.
    pub fn give_up_waiting(&mut self, before: Micros, now: Micros) {
        for at in 0..self.prompts.len() {
            let prompt = &self.prompts[at];
            if prompt.standing == Standing::Waiting && prompt.at < before {
                self.answer_prompt(at, Err(Decline::NoAnswer), now);
            }
        }
    }
}

fn parsed(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

/// Reads what it told of a prompt.
pub fn read_callback(body: &[u8]) -> Option<ReadCallback> {
    let told = parsed(body)?;
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    let refs = ProviderRefs { request: text("request")?, merchant: text("merchant")? };
    let news = &told["news"];
    let news = if news["declined"].is_string() {
        PaymentNews::Declined(serde_json::from_value(news["declined"].clone()).ok()?)
    } else {
        PaymentNews::Paid {
            amount: news["paid"].as_i64().map(Cents::from_kes),
            receipt: news["receipt"].as_str().map(str::to_owned),
            paid_at: None,
        }
    };
    Some(ReadCallback { refs, news })
}

/// Reads what it told of money on the shop's number.
pub fn read_c2b(body: &[u8]) -> Option<ReadC2b> {
    let told = parsed(body)?;
    Some(ReadC2b {
        receipt: told["receipt"].as_str()?.to_owned(),
        amount: Cents::from_kes(told["kes"].as_i64()?),
        reference: told["reference"].as_str().map(str::to_owned),
        paid_at: None,
    })
}
