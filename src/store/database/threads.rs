//! On which threads statements run. SQLite works on the thread that asks, so whoever asks for long,
//! or waits for the disk, leaves the threads that serve everybody. A simulation, which steps from
//! statement to statement on one thread, keeps everything there.

use super::gate;
use std::{pin::Pin, thread};
use tokio::runtime::Handle;

/// Has work that never ends done on a thread of its own.
pub(in crate::store) fn keep_thread(
    name: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) {
    if gate::stands_here() {
        tokio::spawn(work);
        return;
    }
    let runtime = Handle::current();
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(move || runtime.block_on(work)).expect("the machine has a thread left");
}

/// Has work done whose statements take long, on a thread that serves nobody else meanwhile.
///
/// # Panics
///
/// When the work does.
pub fn on_another_thread<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Pin<Box<dyn Future<Output = T> + Send>> {
    if gate::stands_here() {
        return Box::pin(work);
    }
    let (work, runtime) = (Box::pin(work), Handle::current());
    Box::pin(async move {
        match tokio::task::spawn_blocking(move || runtime.block_on(work)).await {
            Ok(done) => done,
            Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
            // The runtime ends: nobody waits any more.
            Err(_) => std::future::pending().await,
        }
    })
}
