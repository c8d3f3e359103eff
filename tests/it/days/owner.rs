//! What may happen on the shop's side of the counter: owner, staff, routers, keys and copies.

use super::{
    mpesa::Standing,
    shop::{Heard, Shop},
    story::short,
    world::{Copy, Day, SITES},
};
use lango::{
    adapters::routeros::report::{Known, Piece, Report},
    app,
    commands::{by::By, staff::LookAtCode, stock::fence::ReleaseFenced},
    ledger::{
        kernel::{
            id::{BatchId, HandoutId, PurchaseId, Slug, StaffId, VoucherId},
            money::Cents,
            phone::Phone,
        },
        key::KeyPurpose,
        payment::account_reference,
        purchase::PurchaseStatus,
        settlement::Settlement,
        staff::Role,
        voucher::VoidReason,
    },
    services::{
        backup,
        money::{self, ReceiptFound},
        person,
        staff::{self, NewStaff},
        stock::{
            Doomed, Handout,
            import::Import,
            uploads::{self, NewUpload},
        },
    },
    store::{BackupKey, CommandError, Store},
};
use std::fmt::Write as _;

fn slug(site: usize) -> Slug {
    Slug::parse(SITES[site]).unwrap()
}

/// Says at the desk that a file is to be taken in as it is.
async fn decides(store: &Store, staff: StaffId, batch: BatchId) -> Result<(), CommandError> {
    let upload = store.read().upload(batch).await?.expect("it was kept just now");
    uploads::choose(store, staff, &upload, &uploads::Choice::default()).await
}

impl Day {
    /// Codes that a router has made, as it exports them.
    fn new_file(&mut self, site: usize, count: usize) -> String {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let sold: Vec<String> =
            self.versions.keys().filter(|(at, _)| *at == site).map(|(_, id)| id.clone()).collect();
        let mut list = "/ip hotspot user\n".to_owned();
        for _ in 0..count {
            let package = self.dice.pick(&sold).unwrap().clone();
            let mut number = self.dice.next();
            let mut letter = || {
                let letter = LETTERS[usize::try_from(number % 32).unwrap()];
                number /= 32;
                char::from(letter)
            };
            let code: String = (0..8).map(|_| letter()).collect();
            writeln!(list, "add name={code} password={code} profile={package}").unwrap();
            self.codes.push((site, package, code));
        }
        list
    }

    /// A file of codes comes in: a new one, the same once more, or at the other site.
    pub fn uploads(&mut self) {
        let known = self.dice.pick(&self.files).cloned();
        let (made_for, list, what) = match (self.dice.below(6), known) {
            (0, Some((site, list))) => (site, list, "the same codes again"),
            (1, Some((site, list))) => (1 - site, list, "the other site's codes"),
            _ => {
                let site = self.dice.below(SITES.len());
                let count = 1 + self.dice.below(12);
                let list = self.new_file(site, count);
                self.files.push((site, list.clone()));
                (site, list, "new codes")
            }
        };
        let by = self.staff.last().map(|(_, id)| *id).filter(|_| self.dice.percent(40));
        let taken = self.does(move |context| async move {
            let (store, random) = (&context.store, context.random.as_ref());
            if let Some(staff) = by {
                let (site, bytes) = (slug(made_for), list.as_bytes());
                let file = NewUpload { staff, site, name: "codes.rsc", bytes };
                let chosen = match uploads::keep(store, random, file).await {
                    Ok(batch) => decides(store, staff, batch).await,
                    Err(failure) => Err(failure),
                };
                return chosen.map(|()| 0).map_err(|failure| format!("{failure:?}"));
            }
            let import = Import::to(slug(made_for));
            let done = context.acting(By::CommandLine).import(&import, list.as_bytes()).await;
            done.map(|report| report.taken).map_err(|failure| format!("{failure:?}"))
        });
        let came = match taken {
            Some(Ok(taken)) => format!("{taken} taken"),
            Some(Err(failure)) => failure,
            None => "cut off".to_owned(),
        };
        self.story.tell("owner", &format!("uploads {what} at {}: {came}", SITES[made_for]));
    }

    /// A price changes, or there is a new package.
    pub fn changes_prices(&mut self) {
        let site = self.dice.below(SITES.len());
        let kes = self.dice.between(5, 60);
        let package = if self.dice.percent(20) { "evening" } else { "hourly" };
        let before = self.versions.get(&(site, package.to_owned())).copied();
        let version = before.map_or(1, |(version, _)| version + 1);
        let done = self.defines(site, package, (version, kes), Self::seconds(package));
        let what = format!("{}.{package} costs KSh {kes} from now on: {done}", SITES[site]);
        self.story.tell("owner", &what);
    }

    /// Unsold codes are voided, or handed out as cards.
    pub fn takes_codes_out(&mut self) {
        let site = self.dice.below(SITES.len());
        let key = Self::package(site, "daily");
        let (cards, nth) = (self.dice.percent(50), self.dice.below(8));
        let done = self.does(move |context| async move {
            let store = &context.store;
            if cards {
                let id = HandoutId(context.id());
                let cards = Handout { id, person: "Mama Njeri", package: &key, count: 2 };
                let taken = context.acting(By::CommandLine).hand_out(cards).await;
                return format!("{:?} as cards", taken.ok());
            }
            let on_hand = store.read().on_hand().await.unwrap();
            let Some(voucher) = on_hand.get(nth) else { return "nothing to void".to_owned() };
            let what = Doomed::Voucher(*voucher);
            let voided = context.acting(By::CommandLine).void(what, VoidReason::Lost).await;
            format!("{:?} voided: {}", voided.ok(), short(voucher))
        });
        self.story.tell("owner", &format!("takes codes out: {}", done.unwrap_or_default()));
    }

    /// A sale that is done gets its money back, or another code.
    pub fn takes_back(&mut self) {
        let Some((name, purchase)) = self.some_purchase() else { return };
        let how = *self.dice.pick(&Settlement::ALL).unwrap();
        let replaces = self.dice.percent(40);
        let done = self.does(move |context| async move {
            let acting = context.acting(By::CommandLine);
            let sale = purchase.to_string();
            let done = if replaces {
                acting.replace(&sale).await
            } else {
                acting.refund(&sale, how).await
            };
            done.map_err(|error| error.to_string()).err()
        });
        let what = if replaces { "gets another code" } else { "gets the money back" };
        let came = done.flatten().unwrap_or_else(|| "done".to_owned());
        self.story
            .tell("owner", &format!("{name} {what} ({how:?}) for {}: {came}", short(purchase)));
    }

    fn some_purchase(&mut self) -> Option<(&'static str, PurchaseId)> {
        let all: Vec<_> = self
            .buyers
            .iter()
            .flat_map(|buyer| buyer.links.iter().map(|(_, id)| (buyer.name, *id)))
            .collect();
        self.dice.pick(&all).copied()
    }

    /// The owner works through the list of what needs a person.
    pub fn works_through_list(&mut self) {
        let how = *self.dice.pick(&Settlement::ALL).unwrap();
        let nth = self.dice.below(4);
        let books = self.mpesa().books.clone();
        let done = self.does(move |context| async move {
            let store = &context.store;
            while store.project().await.unwrap() > 0 {}
            let lines = money::lines(store).await.unwrap();
            let line = lines.get(nth)?;
            let named = line.receipt.clone().or(line.purchase.map(|id| id.to_string()))?;
            let acting = context.acting(By::CommandLine);
            let said = match line.kind.word() {
                "disputed" => acting.settle_dispute(&named).await.map(drop),
                // The statement says whether there was money.
                "unresolved" => {
                    let payment = line.subject.parse().unwrap();
                    let reference = account_reference(payment);
                    let entry = books.iter().find(|entry| entry.reference == reference);
                    match entry {
                        Some(entry) => {
                            let sale = line.purchase.unwrap().to_string();
                            let amount = Some(Cents::from_kes(entry.amount_kes));
                            let (number, sale) = (entry.receipt.as_str(), sale.as_str());
                            let found = ReceiptFound { number, sale, amount };
                            acting.match_receipt(found).await.map(drop)
                        }
                        None => acting.unpaid(&named).await.map(drop),
                    }
                }
                "lost" | "used_unsold" | "undelivered" | "given_up" => Ok(()),
                _ => acting.settle(&named, how).await.map(drop),
            };
            let came = said.err().map_or_else(|| "done".to_owned(), |error| error.to_string());
            Some(format!("{} {} ({how:?}): {came}", line.kind.word(), short(&line.subject)))
        });
        if let Some(what) = done.flatten() {
            self.story.tell("owner", &format!("settles {what}"));
        }
    }

    /// The owner finds a receipt on the statement and says whose it is.
    pub fn matches_receipt(&mut self) {
        let books = self.mpesa().books.clone();
        let Some(entry) = self.dice.pick(&books).cloned() else { return };
        let prompts = self.mpesa().prompts.clone();
        let of = prompts.iter().find(|it| it.reference == entry.reference.trim().to_uppercase());
        let Some(payment) = of.filter(|it| it.standing == Standing::Paid).map(|it| it.payment)
        else {
            return;
        };
        let receipt = entry.receipt.clone();
        let done = self.does(move |context| async move {
            let view = context.store.read().payment(payment).await.unwrap()?;
            let sale = view.purchase.to_string();
            let amount = Some(Cents::from_kes(entry.amount_kes));
            let found = ReceiptFound { number: &entry.receipt, sale: &sale, amount };
            let said = context.acting(By::CommandLine).match_receipt(found).await;
            Some(said.err().map_or_else(|| "done".to_owned(), |error| error.to_string()))
        });
        if let Some(came) = done.flatten() {
            let what = format!("says that {receipt} is of payment {}: {came}", short(payment));
            self.story.tell("owner", &what);
        }
    }

    /// Somebody starts to work here, does something else, or looks at a code.
    pub fn minds_staff(&mut self) {
        let known = self.dice.pick(&self.staff).cloned();
        let role = *self.dice.pick(&Role::ALL).unwrap();
        let looks = self.some_purchase().filter(|_| self.dice.percent(60));
        let what = match (known, looks) {
            (Some((name, id)), Some((_, purchase))) => {
                let came = self.does(move |context| async move {
                    let view = context.store.read().purchase(purchase).await.unwrap()?;
                    let PurchaseStatus::Fulfilled(voucher) = view.purchase.status else {
                        return None;
                    };
                    let look = LookAtCode { staff: id, purchase, voucher };
                    Some(context.store.execute(look).await.is_ok())
                });
                format!("{name} looks at the code of {}: {came:?}", short(purchase))
            }
            (Some((name, _)), None) if self.dice.percent(70) => {
                let change = staff::Change { role: Some(role), ..staff::Change::default() };
                let of = name.clone();
                let came = self.does(move |context| async move {
                    context.acting(By::CommandLine).change_staff(&of, change).await.is_ok()
                });
                format!("{name} is {role:?} now: {came:?}")
            }
            _ => {
                let name = format!("Karani {}", self.staff.len() + 1);
                let of = name.clone();
                let came = self.does(move |context| async move {
                    let password = &"nne maneno tofauti kabisa".to_owned().into();
                    let new = NewStaff { name: &of, role, password };
                    context.acting(By::CommandLine).add_staff(new).await.ok()
                });
                if let Some(Some(id)) = came {
                    self.staff.push((name.clone(), id));
                }
                format!("{name} works here as {role:?}")
            }
        };
        self.story.tell("owner", &what);
    }

    /// A router tells of its codes: all of them, some lost, some used.
    pub fn router_reports(&mut self) {
        let site = self.dice.below(SITES.len());
        let lost = if self.dice.percent(20) { self.dice.below(4) } else { 0 };
        let mut known = vec![];
        let codes: Vec<String> =
            self.codes.iter().filter(|it| it.0 == site).map(|it| it.2.clone()).collect();
        for code in codes.into_iter().skip(lost) {
            let used = self.dice.percent(8);
            known.push(Known { code, used, ends: false, disabled: self.dice.percent(2) });
        }
        let count = known.len();
        let report = Report {
            routeros: "7.20".into(),
            pages: "none".into(),
            clock: String::new(),
            users: None,
            piece: Some(Piece { run: self.dice.next().to_string(), piece: 1, pieces: 1 }),
            known,
            off: vec![],
        };
        let came = self.does(move |context| async move {
            context.acting(By::Router).hear(&slug(site), &report).await.err()
        });
        if let Some(Some(failure)) = came {
            self.breaks("no panic, no dead shop", format!("a report is not heard: {failure:?}"));
        }
        let what = format!("lists {count} codes, {lost} are gone");
        self.story.tell(SITES[site], &what);
    }

    /// A person is forgotten, where nothing of theirs is open.
    pub fn forgets(&mut self) {
        let who = self.dice.below(self.buyers.len());
        let phone = Phone::parse(&self.buyers[who].phone).unwrap();
        let done = self.does(move |context| async move {
            let store = &context.store;
            match person::find(store, &phone).await {
                Ok(found) => person::forget(store, found).await.map(drop),
                Err(error) => Err(error),
            }
            .map_err(|error| error.to_string())
            .err()
        });
        let came = done.flatten().unwrap_or_else(|| "done".to_owned());
        self.story.tell("owner", &format!("forgets {}: {came}", self.buyers[who].name));
    }

    /// A key is changed for another; of the master key all instances must start again.
    pub fn changes_key(&mut self) {
        let purposes = [KeyPurpose::Seal, KeyPurpose::Hook, KeyPurpose::Link, KeyPurpose::Sign];
        let purpose = *self.dice.pick(&purposes).unwrap();
        let opening = self.parts.opening();
        if self.dice.percent(20) {
            let mut new = [0; 32];
            new[..8].copy_from_slice(&self.dice.next().to_le_bytes());
            let (url, old) = (self.parts.url.clone(), self.parts.master);
            let done = self.unharmed(move |context| async move {
                let random = std::sync::Arc::clone(&context.random);
                Store::change_master(&url, &old, &new, random).await.map_err(|it| format!("{it:?}"))
            });
            match done {
                Some(Ok(())) => self.parts.master = new,
                Some(Err(how)) => self.breaks("keys can be changed", how),
                None => {}
            }
            self.closes();
            self.story.tell("owner", "changes the master key, and starts again");
            return;
        }
        let done = self.does(move |_| async move {
            Store::change_key(&opening, purpose).await?;
            if purpose == KeyPurpose::Seal {
                Store::seal_anew(&opening, |_| {}).await
            } else {
                Ok(())
            }
        });
        if let Some(Err(failure)) = done {
            self.breaks("keys can be changed", format!("{failure:?}"));
        }
        self.story.tell("owner", &format!("changes the {} key", purpose.word()));
    }

    /// A copy is made.
    pub fn backs_up(&mut self) {
        let (folder, master) = (self.folder.path().join("copies"), self.parts.master);
        let books = self.mpesa().books.len();
        let made = self.unharmed(move |context| async move {
            let key = BackupKey::of(&master);
            let seals = backup::Seals { key: &key, random: context.random.as_ref() };
            let made = backup::make(&context.store, seals, &folder, |_| {}).await;
            made.map_err(|failure| format!("{failure:?}"))
        });
        match made {
            Some(Ok(made)) => {
                let position = made.end.position;
                self.copies.push(Copy { path: made.path, master, books });
                self.story.tell("owner", &format!("makes a copy of {position} events"));
            }
            Some(Err(failure)) => {
                self.breaks("copies come back", format!("none is made: {failure}"));
            }
            None => {}
        }
    }

    /// The shop goes on from a copy: of now, or an older one whose codes are fenced.
    pub fn restores(&mut self) {
        let fresh = self.copies.is_empty() || self.dice.percent(60);
        if fresh {
            self.backs_up();
        }
        let Some(copy) =
            (if fresh { self.copies.last() } else { self.dice.pick(&self.copies) }).cloned()
        else {
            return;
        };
        self.closes();
        let on = self.some_database();
        let url = self.new_home(on);
        let (to, now) = (url.clone(), self.now());
        let path = copy.path.clone();
        let work = async move {
            let key = BackupKey::of(&copy.master);
            let zone = app::nairobi();
            let fence = (!fresh).then_some((now, &zone));
            let restored = backup::restore(&path, &key, &to, fence, |_| {}).await;
            restored.map(|restored| restored.fenced).map_err(|failure| format!("{failure:?}"))
        };
        let restored = Shop::closed().run(None, work);
        let what = if fresh { "that was just made" } else { "that is older" };
        match restored {
            Heard::Done(Ok(fenced)) => {
                self.story.tell(
                    "owner",
                    &format!("goes on from a copy {what}, on {on:?}: {fenced} codes fenced"),
                );
                self.parts.url = url;
                self.parts.master = copy.master;
                if !fresh {
                    self.went_back(copy.books);
                }
            }
            Heard::Done(Err(failure)) | Heard::Broken(failure) => {
                let how = format!("a copy {what} does not come back on {on:?}: {failure}");
                self.breaks("copies come back", how);
            }
            Heard::Killed => unreachable!("nobody is killed"),
        }
    }

    /// What happened since the copy is known to nobody but the world.
    fn went_back(&mut self, books: usize) {
        let since: Vec<String> =
            self.mpesa().books[books..].iter().map(|entry| entry.receipt.clone()).collect();
        self.lost_books.extend(since);
        let asked: Vec<_> = self.mpesa().asked.keys().copied().collect();
        self.forgotten.extend(asked);
        let versions = self.unharmed(|context| async move {
            let mut versions = vec![];
            for (at, site) in SITES.iter().enumerate() {
                for package in
                    context.store.read().packages(&Slug::parse(site).unwrap()).await.unwrap()
                {
                    let kes = package.price_cents.whole_kes().unwrap();
                    versions.push(((at, package.package.to_string()), (package.version, kes)));
                }
            }
            versions
        });
        self.versions = versions.unwrap_or_default().into_iter().collect();
        let known =
            self.unharmed(|context| async move { context.store.read().staff().await.unwrap() });
        let known = known.unwrap_or_default();
        self.staff.retain(|(_, id)| known.iter().any(|member| member.id == *id));
    }

    /// Fenced codes go back on sale: the owner has looked at the router.
    pub fn releases_fenced(&mut self) {
        let site = self.dice.below(SITES.len());
        let told: Vec<String> = self.sms().texts.iter().map(|(_, text)| text.clone()).collect();
        let released = self.does(move |context| async move {
            let store = &context.store;
            let mut unsold: Vec<VoucherId> = vec![];
            for voucher in store.read().fenced(&slug(site), None).await.unwrap() {
                let code = store.voucher_code(voucher).await.unwrap().unwrap().code;
                // One that somebody has was seen in use.
                if !told.iter().any(|text| text.contains(&code)) {
                    unsold.push(voucher);
                }
            }
            let count = unsold.len();
            store.execute(ReleaseFenced { vouchers: unsold }).await.map(|_| count).ok()
        });
        if let Some(Some(count)) = released.filter(|count| *count != Some(0)) {
            self.story.tell("owner", &format!("puts {count} fenced codes back on sale"));
        }
    }
}
