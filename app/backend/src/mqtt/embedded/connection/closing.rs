//! How a connection ends.

use std::time::Duration;

use super::Connection;
use crate::mqtt::embedded::limits::FINISH_TIME;
use crate::mqtt::embedded::link::Order;
use crate::mqtt::embedded::wire::{self, Reason};

/// Why it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mqtt::embedded) enum End {
    /// The client is gone without a word.
    Gone,
    /// The client said good-bye.
    Goodbye { with_will: bool, expiry: Option<Duration> },
    /// The client did what it must not do.
    Broken(Reason, &'static str),
    /// A message could not be stored. It and those behind it are not acknowledged.
    Unstored,
    /// Somebody here wants it.
    Told(Order),
}

impl End {
    /// Whether the client's last will is to be published.
    pub(in crate::mqtt::embedded) fn has_will(self) -> bool {
        match self {
            Self::Gone | Self::Broken(..) | Self::Unstored | Self::Told(Order::TakenOver | Order::Slow) => true,
            Self::Goodbye { with_will, .. } => with_will,
            // The device may say nothing any more; or it is we who leave.
            Self::Told(Order::Withdrawn | Order::Stop) => false,
        }
    }

    /// How long the session is kept, where the end decides it.
    pub(in crate::mqtt::embedded) fn expiry(self) -> Option<Duration> {
        match self {
            Self::Goodbye { expiry, .. } => expiry,
            Self::Told(Order::Withdrawn) => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// What a client of MQTT 5 is told.
    fn farewell(self) -> Option<(Reason, &'static str)> {
        match self {
            Self::Gone | Self::Goodbye { .. } => None,
            Self::Broken(reason, detail) => Some((reason, detail)),
            Self::Unstored => Some((Reason::ServerUnavailable, "it could not be stored; send it again")),
            Self::Told(Order::TakenOver) => Some((Reason::SessionTakenOver, "this client has connected again")),
            Self::Told(Order::Withdrawn) => Some((Reason::AdministrativeAction, "the credential or its rights were withdrawn")),
            Self::Told(Order::Slow) => Some((Reason::QuotaExceeded, "more waits for this client than is kept")),
            Self::Told(Order::Stop) => Some((Reason::ServerShuttingDown, "the server stops")),
        }
    }

    /// Whether what was read before it is still stored and acknowledged.
    fn finishes_work(self) -> bool {
        !matches!(self, Self::Unstored | Self::Told(Order::Withdrawn))
    }
}

impl Connection {
    /// Takes nothing more. The first reason counts; but who is withdrawn meanwhile has nothing more done for it.
    pub(super) fn finish(&mut self, end: End) {
        let first = *self.end.get_or_insert_with(|| {
            self.finish_by = self.now + FINISH_TIME;
            end
        });
        if !first.finishes_work() || !end.finishes_work() {
            self.work.clear();
        }
    }

    /// Whether everything is stored, acknowledged and said.
    pub(super) fn is_finished(&mut self, end: End) -> bool {
        let is_late = self.now >= self.finish_by;
        if !self.work.is_empty() && !is_late {
            return false;
        }
        if !self.has_said_goodbye {
            self.has_said_goodbye = true;
            if let Some((reason, detail)) = end.farewell() {
                wire::disconnect(&mut self.out, self.terms.version, reason, detail);
                self.is_flushed = false;
                // One more round writes it; if the socket is full, its readiness brings the next.
                self.link.stir();
                return self.is_dead;
            }
        }
        self.is_dead || is_late || (self.out.is_empty() && self.is_flushed)
    }
}
