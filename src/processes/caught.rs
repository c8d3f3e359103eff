//! Keeps a panic in one piece of work from ending its neighbours. The panic's hook logs where and
//! why; the caller decides what becomes of the work.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// The work panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it panicked: a bug in Lango")]
pub struct Panicked;

/// What the work comes to, unless it panics. Nothing of the work is looked at after that.
pub async fn caught<F: Future>(work: F) -> Result<F::Output, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_after_a_pause_is_caught_too() {
        let work = async |number: u8| {
            tokio::task::yield_now().await;
            assert!(number < 2);
            number
        };
        assert_eq!(caught(work(1)).await, Ok(1));
        assert_eq!(caught(work(2)).await, Err(Panicked));
    }
}
