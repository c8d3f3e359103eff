//! Keeps account of the parts of the world that were read, so that no command looks at the rest.

use super::World;
use crate::ledger::{command::Command, kernel::stream::Stream, needs::Need};

impl World {
    /// For all events from the first one on. Nothing is read into it, so nothing in it is unread.
    pub fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Whether `need` has been read.
    pub fn has(&self, need: &Need) -> bool {
        match need {
            Need::Tries(subject) => self.tries_read.contains(subject),
            Need::Stock(key) => self.stock_read.contains(key),
            other => self.loaded.contains(other),
        }
    }

    /// What `command` needs and nobody has read yet. While it is asked, what is unread is absent,
    /// since one need leads to the next; once it has all that it asked for, it may look at nothing
    /// else.
    pub fn unread(&mut self, command: &dyn Command) -> Vec<Need> {
        self.asking = true;
        let needs = command.needs(self);
        self.asking = false;
        let unread: Vec<Need> = needs.into_iter().filter(|need| !self.has(need)).collect();
        if cfg!(debug_assertions) && unread.is_empty() {
            command.needs(self);
        }
        unread
    }

    /// The first step of every reader: `known` is what this batch has decided itself.
    #[track_caller]
    pub(super) fn look(&self, known: bool, need: impl FnOnce() -> Need) {
        if cfg!(debug_assertions) && !known && !self.whole && !self.asking {
            let need = need();
            let has = self.has(&need);
            assert!(has, "{need:?} is looked at, and was neither asked for nor decided");
        }
    }

    #[track_caller]
    pub(super) fn look_at(&self, stream: impl FnOnce() -> Stream) {
        if cfg!(debug_assertions) {
            let stream = stream();
            self.look(self.holds(&stream), || Need::Stream(stream));
        }
    }

    /// Notes that `need` has been read, whether or not anything was there.
    pub fn mark(&mut self, need: Need) {
        match need {
            Need::Tries(subject) => self.tries_read.insert(subject),
            Need::Stock(key) => self.stock_read.insert(key),
            other => self.loaded.insert(other),
        };
    }

    /// Makes what a batch left behind ready for one of `batch` commands. Guesses leave no event, so
    /// another writer's would not be seen: they are read again, and the higher count stands. A list
    /// of free codes may have become too short.
    pub fn forget_what_may_differ(&mut self, batch: usize) {
        let stock = &self.stock;
        self.stock_read.retain(|key| stock.get(key).is_some_and(|stock| stock.lists(batch)));
        self.tries_read.clear();
    }

    /// Lets go of every sale, and remembers what all sales need: sites, packages and their stock.
    pub fn forget_sales(&mut self) {
        let is_kept = |stream: &Stream| {
            matches!(stream, Stream::Shop | Stream::Site(_) | Stream::Package(_) | Stream::Staff(_))
        };
        let all = std::mem::take(self);
        let loaded = all.loaded.into_iter();
        let versions = all.versions.into_iter();
        *self = Self {
            loaded: loaded
                .filter(|need| matches!(need, Need::Stream(stream) if is_kept(stream)))
                .collect(),
            versions: versions.filter(|(stream, _)| is_kept(stream)).collect(),
            stock_read: all.stock_read,
            sites: all.sites,
            packages: all.packages,
            staff: all.staff,
            stock: all.stock,
            reports_since: all.reports_since,
            unlike: all.unlike,
            charges: all.charges,
            ..Self::default()
        };
    }

    /// How many things it remembers, roughly.
    pub fn size(&self) -> usize {
        self.loaded.len() + self.versions.len() + self.tries.len()
    }
}
