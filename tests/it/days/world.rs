//! The world of a day: a shop of one or two instances, its providers, the people around it, and
//! what each of them knows.

use super::{
    luck::{Dice, Hands, Luck},
    mpesa::Mpesa,
    post::Letter,
    shop::{Heard, Kill, Parts, Shop},
    sms::Sms,
    story::Story,
};
use crate::{cluster::cluster, town::MASTER};
use jiff::civil::date;
use lango::{
    app,
    commands::catalogue::{DefinePackage, OpenShop, RegisterSite},
    ledger::{
        catalogue::{LedgerPurpose, Package},
        kernel::{
            id::{PackageKey, PaymentId, PurchaseId, Slug, StaffId},
            money::Cents,
            time::{Micros, SECOND},
        },
    },
    ports::Clock,
    processes::{self, context::Context},
    store::{Key, StoreError},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

/// Where a ledger of a day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// The hotspots.
pub const SITES: [&str; 2] = ["mtaa", "soko"];
/// What each sells at first: short name, shillings, seconds.
const PACKAGES: [(&str, i64, u64); 2] = [("hourly", 10, 3_600), ("daily", 50, 86_400)];
/// How often in a hundred a shop is killed in the middle of what it was asked.
const KILLED: usize = 4;

/// Somebody with a phone and a device.
#[derive(Debug, Clone)]
pub struct Buyer {
    pub name: &'static str,
    pub phone: String,
    pub mac: String,
    /// The links that the browser remembers.
    pub links: Vec<(String, PurchaseId)>,
}

/// A copy that was made.
#[derive(Debug, Clone)]
pub struct Copy {
    pub path: PathBuf,
    pub master: Key,
    /// As the world was: what a restored ledger does not know of.
    pub books: usize,
}

/// A broken promise.
#[derive(Debug, Clone)]
pub struct Broken {
    pub promise: String,
    pub how: String,
}

/// A day.
pub struct Day {
    pub dice: Dice,
    pub parts: Parts,
    pub folder: tempfile::TempDir,
    pub shops: Vec<Option<Shop>>,
    pub story: Story,
    pub buyers: Vec<Buyer>,
    /// Every code that a router has made: of which site, for which package, and the code.
    pub codes: Vec<(usize, String, String)>,
    /// Files that were uploaded: for which site they were made, and their text.
    pub files: Vec<(usize, String)>,
    pub copies: Vec<Copy>,
    /// Who was added to the staff.
    pub staff: Vec<(String, StaffId)>,
    /// The package versions that buyers see.
    pub versions: BTreeMap<(usize, String), (u32, i64)>,
    /// Receipts of which a ledger that was put back knows nothing.
    pub lost_books: BTreeSet<String>,
    /// Bodies of letters about money that the shop has confirmed.
    pub heard: BTreeSet<String>,
    /// Payments of ledgers that were put back: they may be asked for again.
    pub forgotten: BTreeSet<PaymentId>,
    pub broken: Option<Broken>,
    homes: usize,
    postgres: bool,
}

const NAMES: [&str; 8] =
    ["Wanjiku", "Otieno", "Achieng", "Kamau", "Mwende", "Kiprop", "Fatuma", "Baraka"];

impl Day {
    /// A morning: the shop is open, and has no stock yet.
    pub fn begin(seed: u64, on: On) -> Self {
        let mut day = Self::morning(seed, on);
        day.parts.url = day.new_home(on);
        if on == On::Sqlite {
            std::fs::copy(empty_shop(), day.file()).unwrap();
            day.knows_packages();
        } else {
            day.opens();
        }
        day
    }

    /// Before there is a shop.
    fn morning(seed: u64, on: On) -> Self {
        let mut dice = Dice::new(seed, 1);
        let six = date(2026, 11, 22).at(6, 0, 0, 0).to_zoned(app::nairobi()).unwrap();
        let hands = Arc::new(Hands::at(Micros(six.timestamp().as_microsecond())));
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("lango-day-").tempdir_in(place).unwrap();
        let parts = Parts {
            url: String::new(),
            master: MASTER,
            hands,
            luck: Arc::new(Luck::new(seed)),
            mpesa: Arc::new(Mutex::new(Mpesa::new(seed))),
            sms: Arc::new(Mutex::new(Sms::new(seed))),
            callbacks: dice.percent(85),
        };
        let buyer = |(number, name): (usize, &'static str)| Buyer {
            name,
            phone: format!("0712{:06}", 345_671 + 1_117 * number),
            mac: format!("02:5A:6C:00:{number:02X}:7E"),
            links: vec![],
        };
        Self {
            buyers: NAMES.into_iter().enumerate().map(buyer).collect(),
            shops: (0..if dice.percent(30) { 2 } else { 1 }).map(|_| None).collect(),
            story: Story::new(Arc::clone(&parts.hands)),
            dice,
            parts,
            folder,
            codes: vec![],
            files: vec![],
            copies: vec![],
            staff: vec![],
            versions: BTreeMap::new(),
            lost_books: BTreeSet::new(),
            heard: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            broken: None,
            homes: 0,
            postgres: on == On::Postgres,
        }
    }

    /// The file of its ledger.
    fn file(&self) -> PathBuf {
        self.folder.path().join(format!("lango-{}.db", self.homes))
    }

    fn knows_packages(&mut self) {
        for site in 0..SITES.len() {
            for (package, kes, _) in PACKAGES {
                self.versions.insert((site, package.to_owned()), (1, kes));
            }
        }
    }

    /// An empty place for a ledger.
    pub fn new_home(&mut self, on: On) -> String {
        self.homes += 1;
        match on {
            On::Sqlite => format!("sqlite:{}", self.file().display()),
            On::Postgres => cluster().url(&cluster().new_schema()),
        }
    }

    /// Another kind of database, where today has both.
    pub fn some_database(&mut self) -> On {
        if self.postgres && self.dice.percent(50) { On::Postgres } else { On::Sqlite }
    }

    fn opens(&mut self) {
        let work = |context: Arc<Context>| async move {
            let store = &context.store;
            let open = OpenShop { purpose: LedgerPurpose::Demo, timezone: "Africa/Nairobi".into() };
            store.execute(open).await.unwrap();
            for site in SITES {
                let (name, login) = (format!("{site} Wi-Fi"), "http://10.5.50.1/login".into());
                let site = Slug::parse(site).unwrap();
                store.execute(RegisterSite::new(site, name, login)).await.unwrap();
            }
        };
        let opened = self.unharmed(work);
        assert!(opened.is_some(), "a shop opens: {:?}", self.broken);
        for site in 0..SITES.len() {
            for (package, kes, seconds) in PACKAGES {
                self.defines(site, package, (1, kes), seconds);
            }
        }
    }

    /// Defines a package, or changes its price.
    pub fn defines(
        &mut self,
        site: usize,
        id: &str,
        (version, kes): (u32, i64),
        seconds: u64,
    ) -> bool {
        let package = Package {
            site: Slug::parse(SITES[site]).unwrap(),
            package: Slug::parse(id).unwrap(),
            version,
            name: format!("The {id}"),
            price_cents: Cents::from_kes(kes),
            validity_seconds: seconds,
            profile: id.into(),
            devices: 1,
            rate_kbps_down: None,
            rate_kbps_up: None,
            data_bytes_max: None,
            name_sw: None,
            place: None,
            retired: false,
        };
        let work = |context: Arc<Context>| async move {
            context.store.execute(DefinePackage { package }).await.is_ok()
        };
        let done = self.unharmed(work).unwrap_or_default();
        if done {
            self.versions.insert((site, id.to_owned()), (version, kes));
        }
        done
    }

    /// How long a package's codes last.
    pub fn seconds(package: &str) -> u64 {
        PACKAGES.iter().find(|(id, ..)| *id == package).map_or(7_200, |(_, _, seconds)| *seconds)
    }

    pub fn mpesa(&self) -> MutexGuard<'_, Mpesa> {
        self.parts.mpesa.lock().unwrap()
    }

    pub fn sms(&self) -> MutexGuard<'_, Sms> {
        self.parts.sms.lock().unwrap()
    }

    pub fn now(&self) -> Micros {
        self.parts.hands.now()
    }

    /// Notes a promise that was broken; the first one counts.
    pub fn breaks(&mut self, promise: &str, how: impl Into<String>) {
        let how = how.into();
        if self.broken.is_none() {
            self.story.tell("!", &format!("{promise}: {how}"));
            self.broken = Some(Broken { promise: promise.to_owned(), how });
        }
    }

    /// Has one of the instances do something, opening it first where it is not. `None`: it was
    /// killed on the way, or something broke.
    pub fn does<T, F>(&mut self, work: impl FnOnce(Arc<Context>) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let kill = self.dice.percent(KILLED).then(|| Kill {
            steps: u32::try_from(self.dice.between(1, 80)).unwrap(),
            after: self.dice.percent(50),
        });
        self.does_with(kill, work)
    }

    /// The same, and nobody is killed.
    pub fn unharmed<T, F>(&mut self, work: impl FnOnce(Arc<Context>) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.does_with(None, work)
    }

    fn does_with<T, F>(
        &mut self,
        kill: Option<Kill>,
        work: impl FnOnce(Arc<Context>) -> F,
    ) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let which = self.dice.below(self.shops.len());
        self.at(which, kill, work)
    }

    fn at<T, F>(
        &mut self,
        which: usize,
        kill: Option<Kill>,
        work: impl FnOnce(Arc<Context>) -> F,
    ) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        if self.shops[which].is_none() {
            // Opening has steps enough to be killed in.
            let first = kill.filter(|kill| kill.steps % 2 == 0);
            match Shop::open(&self.parts, first) {
                Heard::Done(shop) => self.shops[which] = Some(shop),
                Heard::Killed => {
                    self.story.tell("shop", "was killed while it opened");
                    return None;
                }
                Heard::Broken(how) => {
                    self.breaks("no panic, no dead shop", format!("it does not open: {how}"));
                    return None;
                }
            }
        }
        let shop = self.shops[which].as_mut().unwrap();
        let work = work(shop.context());
        match shop.run(kill, work) {
            Heard::Done(done) => Some(done),
            Heard::Killed => {
                self.shops[which] = None;
                self.story.tell("shop", "was killed");
                None
            }
            Heard::Broken(how) => {
                self.shops[which].take().unwrap().kill();
                self.breaks("no panic, no dead shop", how);
                None
            }
        }
    }

    /// Closes all instances, as a restart does.
    pub fn closes(&mut self) {
        for shop in &mut self.shops {
            if let Some(mut shop) = shop.take() {
                shop.kill();
            }
        }
    }

    /// Lets one instance do what is to be done now; sometimes twice side by side.
    pub fn settles(&mut self) {
        let both = self.dice.percent(20);
        let failed = self.does(move |context| async move {
            let beside = Arc::clone(&context);
            let beside =
                tokio::spawn(async move { if both { settled(&beside).await } else { None } });
            let own = settled(&context).await;
            own.or(beside.await.unwrap())
        });
        if let Some(Some(failure)) = failed {
            self.breaks("no panic, no dead shop", failure);
        }
    }

    /// The same at one of the instances, whom nobody kills.
    pub fn settles_at(&mut self, which: usize) {
        let work = |context: Arc<Context>| async move { settled(&context).await };
        if let Some(Some(failure)) = self.at(which, None, work) {
            self.breaks("no panic, no dead shop", failure);
        }
    }

    /// Brings a letter to the shop.
    pub fn brings(&mut self, letter: Letter) -> Option<bool> {
        let body = letter.body().to_owned();
        let kept = self.does(move |context| async move {
            let kept = super::post::take_in(&context, &letter).await;
            kept.map_err(|failure| format!("{failure:?}"))
        })?;
        match kept {
            Ok(kept) => {
                if kept {
                    self.heard.insert(body);
                }
                Some(kept)
            }
            Err(failure) => {
                self.breaks("money in is never lost", format!("a callback is not kept: {failure}"));
                None
            }
        }
    }

    /// Time passes; phones that nobody answers give up.
    pub fn passes(&mut self, seconds: i64) {
        self.parts.hands.turn(seconds * SECOND);
        let now = self.now();
        self.mpesa().give_up_waiting(now.plus(-60 * SECOND), now);
    }

    /// A package of a site.
    pub fn package(site: usize, package: &str) -> PackageKey {
        PackageKey {
            site: Slug::parse(SITES[site]).unwrap(),
            package: Slug::parse(package).unwrap(),
        }
    }
}

/// The file of a shop that was just opened: made once, for it takes as long as a day's morning.
fn empty_shop() -> &'static Path {
    static EMPTY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, file) = EMPTY.get_or_init(|| {
        let mut day = Day::morning(0, On::Sqlite);
        day.parts.url = day.new_home(On::Sqlite);
        day.opens();
        // All of it stands in the one file then.
        let work = |context: Arc<Context>| async move { context.store.empty_log().await.unwrap() };
        assert_eq!(day.unharmed(work), Some(true));
        let file = day.file();
        day.closes();
        (day.folder, file)
    });
    file
}

/// Why the processes could not do what is to be done. A key that was changed meanwhile is no
/// reason: they look again.
async fn settled(context: &Arc<Context>) -> Option<String> {
    for _ in 0..3 {
        match processes::settle(context).await {
            Ok(()) => return None,
            Err(StoreError::KeysChanged) => {}
            Err(failure) => return Some(format!("{failure:?}")),
        }
    }
    Some("keys change for ever".into())
}
