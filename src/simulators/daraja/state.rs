//! The simulator's memory and rules: prompts, tokens and books. It decides under one lock, without
//! the network or a clock.

use super::{
    business::Business,
    faults::Faults,
    prompt::{BookEntry, Deed, Due, Payout, Prompt, PromptState, Push, Registration, SHOP_NAME},
};
use crate::ledger::kernel::time::{Micros, SECOND};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

pub const AMOUNT_KES_MAX: i64 = 250_000;
const DAY_KES_MAX: i64 = 500_000;
/// The same amount from the same payer is refused for this long after it was paid, in seconds.
const SAME_AMOUNT_SECONDS: i64 = 120;
/// The longest prompt a SIM shows, in characters.
const PROMPT_CHARS_MAX: usize = 182;
/// How long an unanswered prompt lives, in seconds, where the faults do not say.
const PROMPT_SECONDS: u32 = 60;
/// How long after the end of an unanswered prompt its callback comes, in seconds: the query knew
/// after 14, the callback came after 26.
const TIMEOUT_CALLBACK_SECONDS: i64 = 12;
const TOKEN_SECONDS: i64 = 3600;

/// Everything the simulator knows.
#[derive(Default)]
pub struct State {
    pub faults: Faults,
    /// All prompts, by number from 0.
    pub prompts: Vec<Prompt>,
    /// The books: money that came.
    pub books: Vec<BookEntry>,
    /// Money that went out again to phones.
    pub payouts: Vec<Payout>,
    /// Where money is told, by the short code that gets it.
    pub c2b: BTreeMap<&'static str, Registration>,
    pub pull_registered: bool,
    /// The shop's own names for payouts: each is paid once.
    pub payout_names: HashSet<String>,
    pub tokens_issued: u32,
    /// Callbacks to send, in the order of their times.
    pub due: BTreeMap<(Micros, u64), Due>,
    callbacks: u64,
    by_request: HashMap<String, u64>,
    by_phone: HashMap<String, Vec<u64>>,
    open: HashMap<String, u64>,
    open_order: VecDeque<u64>,
    paid_last: HashMap<(String, i64), Micros>,
    paid_today: HashMap<(String, String), i64>,
    tokens: HashMap<String, Micros>,
    queries: u32,
    receipts: u64,
    receipt_offset: u64,
}

impl State {
    /// An empty memory; `seed` makes receipts differ between runs.
    pub fn new(seed: u64) -> Self {
        Self { receipt_offset: seed, ..Self::default() }
    }

    pub fn add_token(&mut self, token: String, now: Micros) {
        if self.faults.new_token_kills_old {
            self.tokens.clear();
        }
        self.tokens_issued += 1;
        self.tokens.retain(|_, until| *until > now);
        self.tokens.insert(token, now.plus(TOKEN_SECONDS * SECOND));
    }

    pub fn knows_token(&self, token: &str, now: Micros) -> bool {
        self.tokens.get(token).is_some_and(|until| now < *until)
    }

    pub fn is_busy(&self, msisdn: &str) -> bool {
        self.open.contains_key(msisdn)
    }

    pub fn prompts_of(&self, msisdn: &str) -> Vec<Prompt> {
        let ids = self.by_phone.get(msisdn).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.prompt(*id)).cloned().collect()
    }

    pub fn prompt(&self, id: u64) -> Option<&Prompt> {
        self.prompts.get(usize::try_from(id).ok()?)
    }

    pub fn prompt_mut(&mut self, id: u64) -> Option<&mut Prompt> {
        self.prompts.get_mut(usize::try_from(id).ok()?)
    }

    pub fn take_due(&mut self, now: Micros) -> Vec<Due> {
        let later = self.due.split_off(&(now.plus(1), 0));
        std::mem::replace(&mut self.due, later).into_values().collect()
    }

    pub fn prompt_by_request(&self, request: &str) -> Option<&Prompt> {
        self.prompt(*self.by_request.get(request)?)
    }

    /// Shows a prompt, or ends it at once where the phone could not show it.
    pub fn push(&mut self, push: Push, merchant_request_id: String, now: Micros) -> Prompt {
        let id = self.prompts.len() as u64;
        let text = format!(
            "Do you want to pay Ksh{}.00 to {SHOP_NAME} Account no.{}? Enter M-PESA PIN:",
            push.amount_kes, push.reference
        );
        let too_long = text.chars().count() > PROMPT_CHARS_MAX;
        let prompt = Prompt {
            id,
            checkout_request_id: self.request_id(&push.msisdn, now),
            merchant_request_id,
            msisdn: push.msisdn,
            amount_kes: push.amount_kes,
            reference: push.reference,
            description: push.description,
            shop: SHOP_NAME.to_owned(),
            signed_by: push.signed_by,
            receiver: push.receiver,
            text,
            message: None,
            shown_at: now,
            state: PromptState::Waiting,
            callback_url: push.callback_url,
            callbacks_sent: 0,
        };
        self.by_request.insert(prompt.checkout_request_id.clone(), id);
        self.by_phone.entry(prompt.msisdn.clone()).or_default().push(id);
        self.open.insert(prompt.msisdn.clone(), id);
        self.open_order.push_back(id);
        self.prompts.push(prompt);
        if !push.assigned {
            self.end(id, "2028", now);
        } else if too_long {
            self.end(id, "1025", now);
        }
        self.prompt(id).expect("it was just pushed").clone()
    }

    /// `ws_CO_` + day and time in Nairobi + milliseconds without leading zeros + the number.
    fn request_id(&self, msisdn: &str, now: Micros) -> String {
        let compact = now.east_africa_compact();
        let (year, rest) = compact.split_at(4);
        let (month, rest) = rest.split_at(2);
        let (day, time) = rest.split_at(2);
        let national = msisdn.get(3..).unwrap_or(msisdn);
        let mut millis = now.0.rem_euclid(SECOND) / 1000;
        loop {
            let id = format!("ws_CO_{day}{month}{year}{time}{millis}{national}");
            if !self.by_request.contains_key(&id) {
                return id;
            }
            millis += 1; // a clock that stands still, as in tests
        }
    }

    /// Lets a buyer act; `false` when the prompt is not there to act on.
    pub fn act(&mut self, id: u64, deed: Deed, now: Micros) -> bool {
        let Some(prompt) = self.prompt(id) else { return false };
        let timed_out = PromptState::Ended { code: "1037".to_owned() };
        let late =
            self.faults.success_after_timeout && deed == Deed::Pin && prompt.state == timed_out;
        if prompt.state != PromptState::Waiting && !late {
            return false;
        }
        let code = match (&self.faults.forced_result, deed) {
            (Some(code), _) => Some(code.clone()),
            (None, Deed::Pin) => self.limit(prompt, now).map(str::to_owned),
            (None, Deed::WrongPin) => Some("2001".to_owned()),
            (None, Deed::Cancel) => Some("1032".to_owned()),
            (None, Deed::Ignore) => Some("1037".to_owned()),
            (None, Deed::NoMoney) => Some("1".to_owned()),
        };
        match code {
            Some(code) => self.end(id, &code, now),
            None => self.pay(id, now),
        }
        true
    }

    /// The rule that a payment breaks, as a result code. M-PESA looks at them after the PIN.
    fn limit(&self, prompt: &Prompt, now: Micros) -> Option<&'static str> {
        let same = (prompt.msisdn.clone(), prompt.amount_kes);
        let since = self.paid_last.get(&same).map(|at| at.until(now));
        if since.is_some_and(|since| since < SAME_AMOUNT_SECONDS * SECOND) {
            return Some("17");
        }
        let spent = self.paid_today.get(&day_of(prompt, now)).copied().unwrap_or_default();
        (spent + prompt.amount_kes > DAY_KES_MAX).then_some("4")
    }

    fn pay(&mut self, id: u64, now: Micros) {
        let receipt = self.receipt(now);
        let Some(prompt) = self.prompt_mut(id) else { return };
        prompt.state = PromptState::Paid { receipt: receipt.clone(), at: now };
        prompt.message = Some(format!(
            "{receipt} Confirmed. Ksh{}.00 sent to {SHOP_NAME} for account {}.",
            prompt.amount_kes, prompt.reference
        ));
        let prompt = prompt.clone();
        self.paid_last.insert((prompt.msisdn.clone(), prompt.amount_kes), now);
        *self.paid_today.entry(day_of(&prompt, now)).or_default() += prompt.amount_kes;
        self.book(BookEntry {
            receipt,
            amount_kes: prompt.amount_kes,
            msisdn: prompt.msisdn.clone(),
            reference: prompt.reference.clone(),
            receiver: prompt.receiver.clone(),
            conversation: prompt.merchant_request_id.clone(),
            at: now,
            ..BookEntry::default()
        });
        self.close(&prompt, now);
    }

    /// Writes money that came into the books, and tells of it where addresses are registered.
    pub fn book(&mut self, entry: BookEntry) {
        let (receipt, at) = (entry.receipt.clone(), entry.at);
        let told = Business::paid_at(&entry.receiver)
            .is_some_and(|business| self.c2b.contains_key(business.short_code));
        self.books.push(entry);
        if !told || self.faults.c2b.never {
            return;
        }
        let at = at.plus(i64::from(self.faults.c2b.delay_seconds) * SECOND);
        for _ in 0..=self.faults.c2b.duplicate {
            self.tell(at, Due::C2b(receipt.clone()));
        }
    }

    pub fn entry_mut(&mut self, receipt: &str) -> Option<&mut BookEntry> {
        self.books.iter_mut().find(|entry| entry.receipt == receipt)
    }

    pub fn funds_kes(&self) -> i64 {
        let stayed = self.books.iter().filter(|entry| entry.reversed_by.is_none());
        let went: i64 = self.payouts.iter().map(|payout| payout.amount_kes).sum();
        stayed.map(|entry| entry.amount_kes).sum::<i64>() - went
    }

    pub fn tell(&mut self, at: Micros, due: Due) {
        self.callbacks += 1;
        self.due.insert((at, self.callbacks), due);
    }

    fn end(&mut self, id: u64, code: &str, told_from: Micros) {
        let Some(prompt) = self.prompt_mut(id) else { return };
        prompt.state = PromptState::Ended { code: code.to_owned() };
        let prompt = prompt.clone();
        self.close(&prompt, told_from);
    }

    fn close(&mut self, prompt: &Prompt, told_from: Micros) {
        if self.open.get(&prompt.msisdn) == Some(&prompt.id) {
            self.open.remove(&prompt.msisdn);
        }
        if self.faults.callback_never {
            return;
        }
        let delay = i64::from(self.faults.callback_delay_seconds) * SECOND;
        for _ in 0..=self.faults.duplicate_callback {
            let due = Due::Prompt { prompt: prompt.id, outcome: prompt.state.clone() };
            self.tell(told_from.plus(delay), due);
        }
    }

    pub fn expire(&mut self, now: Micros) {
        let lives = self.faults.prompt_lives_seconds.unwrap_or(PROMPT_SECONDS);
        while let Some(id) = self.open_order.front().copied() {
            let prompt = &self.prompts[index(id)];
            let ends_at = prompt.shown_at.plus(i64::from(lives) * SECOND);
            if prompt.state == PromptState::Waiting {
                if now < ends_at {
                    return;
                }
                let told_from = ends_at.plus(TIMEOUT_CALLBACK_SECONDS * SECOND);
                let code = self.faults.forced_result.clone();
                self.end(id, code.as_deref().unwrap_or("1037"), told_from);
            }
            self.open_order.pop_front();
        }
    }

    /// Counts a query about a finished payment; whether it is answered by noise.
    pub fn is_noise(&mut self) -> bool {
        self.queries = self.queries.wrapping_add(1);
        let every = self.faults.query_noise_every;
        every > 0 && self.queries.is_multiple_of(every)
    }

    /// Ten characters: year, month and day as M-PESA writes them, then seven that never repeat.
    pub fn receipt(&mut self, now: Micros) -> String {
        const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let compact = now.east_africa_compact();
        let number = |range: std::ops::Range<usize>| -> usize {
            compact.get(range).and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        // 2026 is U, January is A, the days run 1 to 9 and then A to V.
        let letters = [10 + (number(0..4) + 22) % 26, 9 + number(4..6), number(6..8)];
        // 48,271 has no factor in common with 36, so 36^7 receipts pass before one comes again.
        let mut rest = self.receipt_offset.wrapping_add(self.receipts * 48_271);
        self.receipts += 1;
        rest %= 36_u64.pow(7);
        let mut text: Vec<u8> = letters.iter().map(|at| ALPHABET[at % 36]).collect();
        for _ in 0..7 {
            text.push(ALPHABET[usize::try_from(rest % 36).unwrap_or_default()]);
            rest /= 36;
        }
        String::from_utf8(text).expect("letters and digits")
    }
}

fn index(id: u64) -> usize {
    usize::try_from(id).expect("a number of a list")
}

fn day_of(prompt: &Prompt, now: Micros) -> (String, String) {
    let day = now.east_africa_compact().get(..8).unwrap_or_default().to_owned();
    (prompt.msisdn.clone(), day)
}
