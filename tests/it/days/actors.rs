//! What may happen: buyers, their phones, M-PESA, and those who forge.

use super::{
    luck::Dice,
    mpesa::Standing,
    post::Letter,
    sms::GATEWAYS,
    story::short,
    world::{Day, SITES},
};
use lango::{
    commands::{
        message::resend_message::ResendMessage,
        sale::{
            count_try::CountTry,
            start_purchase::{ContactGiven, StartPurchase},
        },
    },
    ledger::{
        kernel::{
            chain::hex,
            id::{ContactId, MessageId, PackageKey, PaymentId, PurchaseId},
            phone::Phone,
        },
        purchase::Language,
    },
    ports::Decline,
    processes::context::Context,
    store::{CommandError, Lookup, Sealed, StoreError},
};
use std::sync::Arc;

/// A buyer's wish.
#[derive(Clone)]
struct Wish {
    package: PackageKey,
    version: u32,
    phone: Phone,
    mac: Option<String>,
    nonce: String,
}

fn given(context: &Context, what: Lookup<'_>, value: &str) -> ContactGiven {
    let vault = context.store.vault();
    let new_id = ContactId(context.id());
    let sealed = vault.seal(&Sealed::Contact(new_id).context(), value.as_bytes());
    ContactGiven { new_id, fingerprint: vault.fingerprint(what), sealed }
}

/// As the buyers' page does it.
async fn start(context: &Arc<Context>, wish: &Wish) -> Result<PurchaseId, CommandError> {
    let purchase = PurchaseId(context.id());
    let vault = context.store.vault();
    let command = StartPurchase {
        purchase,
        payment: PaymentId(context.id()),
        package: wish.package.clone(),
        package_version: wish.version,
        phone: given(context, Lookup::Phone(&wish.phone), wish.phone.msisdn()),
        device: wish.mac.as_deref().map(|mac| given(context, Lookup::Device(mac), mac)),
        language: Language::Sw,
        nonce: hex(&vault.fingerprint(Lookup::Form(&wish.nonce))),
        link: vault.link(purchase),
        provider: context.payments.name(),
    };
    lango::processes::start_purchase(context, command, wish.phone.clone()).await
}

/// What came of a wish: the purchase with its link, or the refusal; with the stock after it.
type Came = (Result<(PurchaseId, String), CommandError>, (i64, i64));

async fn buys_at(context: &Arc<Context>, wish: &Wish) -> Came {
    let mut started = start(context, wish).await;
    if matches!(started, Err(CommandError::Failed(StoreError::KeysChanged))) {
        started = start(context, wish).await;
    }
    let link = |purchase| (purchase, context.store.vault().link_token(purchase));
    let offers = context.store.read().offers(&wish.package.site).await.unwrap();
    let offer = offers.iter().find(|offer| offer.key() == wish.package);
    (started.map(link), offer.map_or((0, 0), |offer| (offer.free, offer.held)))
}

impl Day {
    fn wish(&mut self, buyer: usize) -> Wish {
        let site = self.dice.below(SITES.len());
        let sold: Vec<_> = self
            .versions
            .iter()
            .filter(|((at, _), _)| *at == site)
            .map(|it| it.0.1.clone())
            .collect();
        let package = self.dice.pick(&sold).unwrap().clone();
        let (version, _) = self.versions[&(site, package.clone())];
        // Who looked at the page before the price changed.
        let version = if self.dice.percent(3) { version.max(2) - 1 } else { version };
        let number = self.dice.next();
        let other = self.dice.percent(10);
        let mac = self.buyers[buyer].mac.clone();
        let mac = if other { mac.replace("7E", "7F") } else { mac };
        Wish {
            package: Self::package(site, &package),
            version,
            phone: Phone::parse(&self.buyers[buyer].phone).unwrap(),
            mac: (!self.dice.percent(5)).then_some(mac),
            nonce: format!("form-{number:x}"),
        }
    }

    /// Somebody buys; now and then twice at once, or the same form twice.
    pub fn buys(&mut self) {
        let who = self.dice.below(self.buyers.len());
        let first = self.wish(who);
        let mut wishes = vec![first.clone()];
        match self.dice.below(12) {
            0 => wishes.push(first),
            1 => wishes.push(self.wish(who)),
            2 => {
                let other = self.dice.below(self.buyers.len());
                wishes.push(self.wish(other));
            }
            _ => {}
        }
        let asked = wishes.clone();
        let came = self.does(move |context| async move {
            let mut beside = tokio::task::JoinSet::new();
            for (at, wish) in asked.into_iter().enumerate() {
                let context = Arc::clone(&context);
                beside.spawn(async move { (at, buys_at(&context, &wish).await) });
            }
            let mut came: Vec<(usize, Came)> = beside.join_all().await;
            came.sort_unstable_by_key(|(at, _)| *at);
            came
        });
        let Some(came) = came else {
            self.story.tell(self.buyers[who].name, "pressed Buy, and nothing came");
            return;
        };
        for (at, (outcome, stock)) in came {
            self.bought(&wishes[at], outcome, stock);
        }
    }

    fn bought(
        &mut self,
        wish: &Wish,
        outcome: Result<(PurchaseId, String), CommandError>,
        (free, held): (i64, i64),
    ) {
        let of = |buyer: &&mut super::world::Buyer| {
            Phone::parse(&buyer.phone).as_ref() == Some(&wish.phone)
        };
        let buyer = self.buyers.iter_mut().find(of).unwrap();
        let (name, what) = (buyer.name, format!("{}.{}", wish.package.site, wish.package.package));
        match outcome {
            Ok((purchase, link)) => {
                buyer.links.push((link, purchase));
                self.story.tell(name, &format!("buys {what}: purchase {}", short(purchase)));
                let named = wish.mac.is_some();
                let (percent, always) = if named { (80, 20) } else { (50, 5) };
                let share = ((free + held) * percent / 100).max(always);
                if named && held > share {
                    self.breaks(
                        "holds take no more than a share",
                        format!("{held} of {}", free + held),
                    );
                }
            }
            Err(CommandError::Refused(refusal)) => {
                self.story.tell(name, &format!("wants {what}: {}", refusal.code()));
            }
            Err(CommandError::Failed(failure)) => {
                self.breaks("no panic, no dead shop", format!("buying fails: {failure:?}"));
            }
        }
    }

    /// A phone is answered, or not; M-PESA may change its mind.
    pub fn answers_phone(&mut self) {
        let now = self.now();
        let waiting: Vec<usize> = {
            let mpesa = self.mpesa();
            let all = mpesa.prompts.iter().enumerate();
            all.filter(|(_, it)| it.standing == Standing::Waiting).map(|(at, _)| at).collect()
        };
        let Some(&at) = self.dice.pick(&waiting) else { return };
        let answer = answer(&mut self.dice);
        self.mpesa().answer_prompt(at, answer, now);
        self.tells_of_phone(at);
    }

    /// M-PESA moves money after all that it said had not moved.
    pub fn pays_after_all(&mut self) {
        let now = self.now();
        let declined: Vec<usize> = {
            let mpesa = self.mpesa();
            let all = mpesa.prompts.iter().enumerate();
            let declined = |standing: &Standing| matches!(standing, Standing::Declined(_));
            all.filter(|(_, it)| declined(&it.standing)).map(|(at, _)| at).collect()
        };
        let Some(&at) = self.dice.pick(&declined) else { return };
        self.mpesa().answer_prompt(at, Ok(()), now);
        self.tells_of_phone(at);
    }

    fn tells_of_phone(&mut self, at: usize) {
        let prompt = self.mpesa().prompts[at].clone();
        let what = match prompt.standing {
            Standing::Waiting => "still looks".to_owned(),
            Standing::Paid => {
                let receipt = self.mpesa().books.last().map(|entry| entry.receipt.clone());
                format!("pays KSh {}, receipt {}", prompt.kes, receipt.unwrap_or_default())
            }
            Standing::Declined(decline) => format!("does not pay: {decline:?}"),
        };
        self.story.tell("phone", &format!("of payment {} {what}", short(prompt.payment)));
    }

    /// Money on the shop's number that nobody asked for, or for a payment and another amount.
    pub fn pays_by_hand(&mut self) {
        let now = self.now();
        let kes = self.dice.between(1, 120);
        let references: Vec<String> =
            self.mpesa().prompts.iter().map(|prompt| prompt.reference.clone()).collect();
        let known = self.dice.pick(&references).cloned();
        let reference = match (self.dice.below(3), known) {
            (0, Some(known)) => known,
            (1, Some(known)) => known.to_lowercase(),
            _ => "wifi ya jana".to_owned(),
        };
        let mut mpesa = self.mpesa();
        if !mpesa.faults.c2b {
            return;
        }
        let entry = mpesa.enter("254799000111", kes, &reference, now);
        mpesa.by_hand.insert(entry.receipt.clone());
        drop(mpesa);
        let what = format!("pays KSh {kes} by hand for \"{reference}\", {}", entry.receipt);
        self.story.tell("somebody", &what);
    }

    /// A letter reaches the shop: any of them, once or twice.
    pub fn post_comes(&mut self) {
        let (here, there) = (self.mpesa().post.len(), self.sms().post.len());
        if here + there == 0 {
            return;
        }
        let at = self.dice.below(here + there);
        let stays = self.dice.percent(10);
        let letter = if at < here {
            let post = &mut self.mpesa().post;
            if stays { post[at].clone() } else { post.remove(at) }
        } else {
            let post = &mut self.sms().post;
            if stays { post[at - here].clone() } else { post.remove(at - here) }
        };
        let what = match &letter {
            Letter::Payment { whose, body, .. } => {
                let news = body.split_once("\"news\":").map_or("", |(_, news)| news);
                let news = news.split_once(",\"request\"").map_or(news, |(news, _)| news);
                format!("tells of payment {}: {news}", short(whose))
            }
            Letter::C2b { body } => format!("tells of money: {body}"),
            Letter::Report { body, .. } => format!("reports: {body}"),
        };
        let came = self.brings(letter);
        let came = match came {
            Some(true) => "",
            Some(false) => " (refused)",
            None => " (nobody hears it)",
        };
        self.story.tell("post", &format!("{what}{came}"));
    }

    /// Somebody comes back: by the link, which opens their own purchase and no other.
    pub fn comes_back(&mut self) {
        let who = self.dice.below(self.buyers.len());
        let Some((link, purchase)) = self.dice.pick(&self.buyers[who].links).cloned() else {
            return;
        };
        let again = self.dice.percent(20);
        let found = self.does(move |context| async move {
            let store = &context.store;
            let found = store.purchase_of_link(&link).await?;
            if found.is_some() && again {
                let _ = store.execute(CountTry { purchase }).await;
                let message = MessageId(context.id());
                let _ = store.execute(ResendMessage { purchase, message }).await;
            }
            Ok::<_, StoreError>(found)
        });
        match found {
            Some(Ok(Some(found))) if found == purchase => {
                let what = if again { "wants the SMS again" } else { "looks at the purchase" };
                self.story.tell(self.buyers[who].name, &format!("{what} {}", short(purchase)));
            }
            Some(Ok(Some(other))) => {
                let how = format!("the link of {} opens {}", short(purchase), short(other));
                self.breaks("a link opens its own purchase", how);
            }
            Some(Ok(None)) | None => {}
            Some(Err(failure)) => self.breaks("no panic, no dead shop", format!("{failure:?}")),
        }
    }

    /// Somebody who is nobody tries a link: made up, or another's with a letter changed.
    pub fn guesses_link(&mut self) {
        let known: Vec<String> =
            self.buyers.iter().flat_map(|it| &it.links).map(|it| it.0.clone()).collect();
        let made_up = format!("{:022x}", self.dice.next());
        let near = self.dice.pick(&known).map(|link| {
            let other = if link.starts_with('b') { "c" } else { "b" };
            format!("{other}{}", &link[1..])
        });
        for link in [Some(made_up), near].into_iter().flatten() {
            let work = |context: Arc<Context>| async move {
                context
                    .store
                    .purchase_of_link(&link)
                    .await
                    .map_err(|failure| format!("{failure:?}"))
            };
            match self.does(work) {
                Some(Ok(Some(other))) => {
                    let how = format!("a guessed link opens {}", short(other));
                    self.breaks("a link opens its own purchase", how);
                }
                Some(Err(failure)) => self.breaks("no panic, no dead shop", failure),
                Some(Ok(None)) | None => {}
            }
        }
    }

    /// Somebody who is nobody tells the shop that it was paid.
    pub fn forges(&mut self) {
        let payments: Vec<PaymentId> = self.mpesa().asked.keys().copied().collect();
        let Some(payment) = self.dice.pick(&payments).copied() else { return };
        let body =
            r#"{"request":"ws_CO_1","merchant":"m-1","news":{"paid":50,"receipt":"FORGED0001"}}"#;
        let secret = format!("{:022x}", self.dice.next());
        let whose = payment.to_string();
        let forged = Letter::Payment { whose, secret, body: body.to_owned() };
        if self.brings(forged) == Some(true) {
            self.breaks("nobody but M-PESA tells of money", "a wrong secret is taken");
        }
        let gateway = GATEWAYS[0].to_owned();
        let body = r#"{"reference":"sms-0","arrived":true}"#.to_owned();
        self.brings(Letter::Report { gateway, body });
        self.story.tell("a forger", &format!("says that payment {} is paid", short(payment)));
    }
}

fn answer(dice: &mut Dice) -> Result<(), Decline> {
    let no = [
        Decline::Cancelled,
        Decline::WrongPin,
        Decline::InsufficientFunds,
        Decline::NoAnswer,
        Decline::PromptFailed,
    ];
    if dice.percent(65) { Ok(()) } else { Err(*dice.pick(&no).unwrap()) }
}
