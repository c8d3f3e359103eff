//! A hook for simulations between the store and its database: every statement passes here. In a
//! shop nothing is hooked in, and the check costs next to nothing.

use std::{
    cell::RefCell,
    pin::{Pin, pin},
    sync::Arc,
};

/// What the store asks of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Connections, and the schema brought up to date.
    Connect,
    Begin,
    /// A statement that answers with rows.
    Read,
    /// A statement that changes rows.
    Write,
    /// What was done becomes durable.
    Commit,
    /// What was done is undone.
    Rollback,
}

/// Who stands there.
pub trait Gate: Send + Sync {
    /// Does it to its end and says `true`. After `false` whoever asked never hears of it, as in a
    /// process that was killed: before it was done, or after.
    fn pass(&self, deed: Deed, work: Pin<&mut dyn Future<Output = ()>>) -> bool;
}

thread_local! {
    static GATE: RefCell<Option<Arc<dyn Gate>>> = const { RefCell::new(None) };
}

/// Who stands between this thread and its databases from now on.
pub fn guard_this_thread(gate: Option<Arc<dyn Gate>>) {
    GATE.set(gate);
}

/// Whether anybody stands there.
pub(in crate::store) fn stands_here() -> bool {
    GATE.with_borrow(Option::is_some)
}

/// Does what is asked, as whoever stands there has it.
pub(in crate::store) async fn through<T>(deed: Deed, work: impl Future<Output = T>) -> T {
    let Some(gate) = GATE.with_borrow(Clone::clone) else { return work.await };
    let mut outcome = None;
    let heard = gate.pass(deed, pin!(async { outcome = Some(work.await) }));
    match outcome.filter(|_| heard) {
        Some(outcome) => outcome,
        None => std::future::pending().await,
    }
}
