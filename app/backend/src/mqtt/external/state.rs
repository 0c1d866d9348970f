//! What is known of the connection: for whoever publishes, for `/readyz` and for the page.

use std::sync::{Mutex, PoisonError};

#[derive(Default)]
pub(super) struct State {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    standing: bool,
    /// How often it came to stand.
    stood: u64,
    clients: usize,
    wrong: Option<String>,
}

impl State {
    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The broker knows us and has our subscriptions; `wrong` when it refuses some of them.
    pub(super) fn stands(&self, wrong: Option<String>) {
        self.with(|inner| {
            inner.stood += u64::from(!inner.standing);
            (inner.standing, inner.wrong) = (true, wrong);
        });
    }

    pub(super) fn lost(&self, reason: String) {
        self.with(|inner| *inner = Inner { stood: inner.stood, wrong: Some(reason), ..Inner::default() });
    }

    pub(super) fn clients(&self, clients: usize) {
        self.with(|inner| inner.clients = clients);
    }

    pub(super) fn is_standing(&self) -> bool {
        self.with(|inner| inner.standing)
    }

    pub(super) fn stood(&self) -> u64 {
        self.with(|inner| inner.stood)
    }

    /// How many clients the broker says it has; none when it does not say.
    pub(super) fn count(&self) -> Option<usize> {
        self.with(|inner| inner.standing.then_some(inner.clients))
    }

    pub(super) fn wrong(&self) -> Option<String> {
        self.with(|inner| inner.wrong.clone())
    }
}
