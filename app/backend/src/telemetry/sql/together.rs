//! Many who want the same done: one does it for all who asked before it began.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// Something that is done again and again, never twice at a time. Who asks gets what was begun after it asked.
#[derive(Default)]
pub(super) struct Together {
    begun: AtomicU64,
    /// Held while it is done.
    last: Mutex<Last>,
}

/// Numbers of attempts, by how they ended.
#[derive(Default)]
struct Last {
    well: u64,
    badly: u64,
}

impl Together {
    /// Returns when it was done from its beginning since this was called, by whomever.
    ///
    /// # Errors
    /// Whatever the attempt says that this one made itself. After another's failure nobody waits for one more: each tries by itself, so that a
    /// database that is away is known to all of them at about the same time.
    pub(super) async fn after_now<E>(&self, task: impl AsyncFnOnce() -> Result<(), E>) -> Result<(), E> {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.well > asked {
            return Ok(());
        }
        if last.badly > asked {
            drop(last);
            return task().await;
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = task().await;
        *(if outcome.is_ok() { &mut last.well } else { &mut last.badly }) = number;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_hundred_streams_that_ask_while_one_asks_cost_one_question_more() {
        let (together, questions, answers) = (Together::default(), Cell::new(0), Semaphore::new(0));
        let ask = || {
            together.after_now(async || {
                questions.set(questions.get() + 1);
                answers.acquire().await.expect("open").forget();
                Ok::<(), ()>(())
            })
        };
        let mut first = Box::pin(ask());
        assert!(first.as_mut().now_or_never().is_none());
        let mut others: Vec<_> = (0..100).map(|_| Box::pin(ask())).collect();
        assert!(
            others.iter_mut().all(|other| other.as_mut().now_or_never().is_none()),
            "the one under way may have missed what they look for"
        );
        answers.add_permits(2);
        first.await.expect("well");
        join_all(others).await;
        assert_eq!(questions.get(), 2);
        answers.add_permits(1);
        ask().await.expect("well");
        assert_eq!(questions.get(), 3, "who asks later asks anew");
    }

    #[tokio::test]
    async fn who_gives_up_or_fails_holds_up_nobody() {
        let (together, fails) = (Together::default(), Cell::new(true));
        let ask = || together.after_now(async || if fails.replace(false) { Err("away") } else { Ok(()) });
        let mut given_up = Box::pin(together.after_now(async || std::future::pending::<Result<(), ()>>().await));
        assert!(given_up.as_mut().now_or_never().is_none());
        let mut waits = Box::pin(ask());
        let mut next = Box::pin(ask());
        assert!(waits.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
        drop(given_up);
        assert_eq!(waits.await, Err("away"));
        assert_eq!(next.await, Ok(()));
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_waited_for_by_all_at_once() {
        let (together, trying, answers) = (Together::default(), Cell::new(0), Semaphore::new(0));
        let ask = || {
            together.after_now(async || {
                trying.set(trying.get() + 1);
                answers.acquire().await.expect("open").forget();
                Err::<(), _>("away")
            })
        };
        let mut all: Vec<_> = (0..10).map(|_| Box::pin(ask())).collect();
        assert!(all.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
        answers.add_permits(2);
        assert_eq!(all.remove(0).await, Err("away"), "asked before the others");
        assert_eq!(all.remove(0).await, Err("away"), "for the others, too");
        let mut rest = join_all(all).boxed_local();
        assert!(rest.as_mut().now_or_never().is_none());
        assert_eq!(trying.get(), 10, "none of them waits for another");
        answers.add_permits(8);
        assert_eq!(rest.await, [Err("away"); 8]);
    }
}
