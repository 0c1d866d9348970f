//! Every task of the process is started here, told to stop here, and awaited here.
//!
//! Stopping goes by phases, from the doors inward, so that what was taken in is still stored and acknowledged:
//! first nothing new is taken, then what is under way ends, then the store closes.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// When a task is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Takes work in from outside: listeners, simulators, timers.
    Intake = 0,
    /// Serves who is connected and only listens. They hear what the doors still took in, and are told of the end.
    Work = 1,
    /// Holds the store: the writer.
    Store = 2,
}

/// How long each phase may take before its tasks are dropped. Together under the ten seconds that a service manager waits.
const PATIENCE: [Duration; 3] = [Duration::from_secs(4), Duration::from_secs(2), Duration::from_secs(3)];

/// The tasks of a process. Clones are handles to the same tasks.
#[derive(Clone, Default)]
pub struct Lifecycle {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    phases: [Tasks; 3],
    end: CancellationToken,
    crashed: AtomicBool,
}

#[derive(Default)]
struct Tasks {
    tracker: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was taken in was finished, or its time was up.
    Clean,
    /// A task panicked or failed in a way the process cannot live with.
    Crashed,
}

impl Lifecycle {
    /// Starts a task. It is told to stop by the token that it gets, and dropped if it has not ended when its phase's time is up.
    /// A panic in it ends the process.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        name: &'static str,
        phase: Phase,
        task: impl FnOnce(CancellationToken) -> F,
    ) {
        let inner = Arc::clone(&self.inner);
        self.start(name, phase, task, move || {
            tracing::error!(task = name, "a task panicked; the process ends");
            inner.crashed.store(true, Ordering::SeqCst);
            inner.end.cancel();
        });
    }

    /// Starts what serves one client. A panic ends it alone: no client may end the process.
    pub fn serve<F: Future<Output = ()> + Send + 'static>(
        &self,
        name: &'static str,
        phase: Phase,
        task: impl FnOnce(CancellationToken) -> F,
    ) {
        self.start(name, phase, task, move || tracing::error!(task = name, "serving a client panicked"));
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that starts tasks")]
    fn start<F: Future<Output = ()> + Send + 'static>(
        &self,
        name: &'static str,
        phase: Phase,
        task: impl FnOnce(CancellationToken) -> F,
        panicked: impl FnOnce() + Send + 'static,
    ) {
        let tasks = &self.inner.phases[phase as usize];
        let hard = tasks.hard.clone();
        let work = std::panic::AssertUnwindSafe(task(tasks.soft.clone())).catch_unwind();
        tasks.tracker.spawn(async move {
            tokio::select! {
                done = work => if done.is_err() {
                    panicked();
                },
                () = hard.cancelled() => tracing::warn!(task = name, "did not end in time and was dropped"),
            }
        });
    }

    /// The token of a phase, for what is not a task of its own.
    #[must_use]
    pub fn stopping(&self, phase: Phase) -> CancellationToken {
        self.inner.phases[phase as usize].soft.clone()
    }

    /// The token that is cancelled when somebody asks for the end.
    #[must_use]
    pub fn ending(&self) -> CancellationToken {
        self.inner.end.clone()
    }

    /// Asks the process to end; [`Self::ended`] returns then.
    pub fn end(&self) {
        self.inner.end.cancel();
    }

    /// Ends the process because of something it cannot live with.
    pub fn crash(&self, reason: &str) {
        tracing::error!(reason, "the process cannot go on");
        self.inner.crashed.store(true, Ordering::SeqCst);
        self.inner.end.cancel();
    }

    /// Waits until somebody asks for the end.
    pub async fn ended(&self) {
        self.inner.end.cancelled().await;
    }

    /// Stops every task, phase by phase.
    pub async fn stop(&self) -> Ending {
        self.stop_within(PATIENCE).await
    }

    async fn stop_within(&self, patience: [Duration; 3]) -> Ending {
        for (tasks, patience) in self.inner.phases.iter().zip(patience) {
            tasks.soft.cancel();
            tasks.tracker.close();
            if tokio::time::timeout(patience, tasks.tracker.wait()).await.is_err() {
                tasks.hard.cancel();
                tasks.tracker.wait().await;
            }
        }
        if self.inner.crashed.load(Ordering::SeqCst) { Ending::Crashed } else { Ending::Clean }
    }

    /// How many tasks there are, for tests that refuse leftovers.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.inner.phases.iter().map(|tasks| tasks.tracker.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_doors_close_before_the_store() {
        let life = Lifecycle::default();
        let (say, mut heard) = tokio::sync::mpsc::unbounded_channel();
        for (name, phase) in [("store", Phase::Store), ("work", Phase::Work), ("intake", Phase::Intake)] {
            let say = say.clone();
            life.spawn(name, phase, |stop| async move {
                stop.cancelled().await;
                let _ = say.send(name);
            });
        }
        assert_eq!(life.stop().await, Ending::Clean);
        assert_eq!([heard.recv().await, heard.recv().await, heard.recv().await], [Some("intake"), Some("work"), Some("store")]);
        assert_eq!(life.tasks(), 0);
    }

    #[tokio::test]
    async fn a_task_that_never_ends_is_dropped_in_time() {
        let life = Lifecycle::default();
        life.spawn("deaf", Phase::Intake, |_| std::future::pending());
        assert_eq!(life.stop_within([Duration::from_millis(20); 3]).await, Ending::Clean);
        assert_eq!(life.tasks(), 0);
        assert!(PATIENCE.iter().sum::<Duration>() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_panic_ends_the_process_and_is_told() {
        let life = Lifecycle::default();
        life.spawn("broken", Phase::Work, |_| async { panic!("as a test") });
        life.ended().await;
        assert_eq!(life.stop().await, Ending::Crashed);
    }
}
