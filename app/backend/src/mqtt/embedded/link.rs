//! What others may tell a connection: that something waits for it, and that it is to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use tokio_util::sync::CancellationToken;

/// Why a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Its client has come again.
    TakenOver,
    /// Its device's credential is withdrawn.
    Withdrawn,
    /// Too much waits for it.
    Slow,
    /// The broker stops.
    Stop,
}

#[derive(Default)]
pub(super) struct Link {
    waker: AtomicWaker,
    stirred: AtomicBool,
    order: Mutex<Option<Order>>,
    /// Cancelled when nothing of the connection is under way any more.
    pub(super) ended: CancellationToken,
}

impl Link {
    /// Something was put into the outbox.
    pub(super) fn stir(&self) {
        if !self.stirred.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// The connection is to end; the first reason counts, but for a withdrawal, which allows nothing more.
    pub(super) fn order(&self, order: Order) {
        let mut standing = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.is_none() || order == Order::Withdrawn {
            *standing = Some(order);
        }
        drop(standing);
        self.stirred.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whom to wake; to be said before [`Self::take`].
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Whether anything was told since it was asked last, and the order if there is one.
    pub(super) fn take(&self) -> Option<Option<Order>> {
        self.stirred.swap(false, Ordering::AcqRel).then(|| *self.order.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
