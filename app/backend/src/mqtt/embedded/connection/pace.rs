//! How fast a client is read: so many messages a second, a second's worth of them at once.

use std::time::Duration;

use tokio::time::Instant;

use crate::mqtt::embedded::limits::MESSAGES_PER_S;

const BURST: Duration = Duration::from_secs(1);

/// Counted as a time: each message moves it on by its share of a second.
pub(super) struct Pace {
    spent_until: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { spent_until: now }
    }

    pub(super) fn take(&mut self, now: Instant) {
        self.spent_until = self.spent_until.max(now) + BURST / MESSAGES_PER_S;
    }

    pub(super) fn is_free(&self, now: Instant) -> bool {
        self.spent_until <= now + BURST
    }

    /// When it is free again.
    pub(super) fn free_at(&self) -> Instant {
        self.spent_until - BURST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_slowed_and_a_device_that_was_quiet_has_its_burst_again() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        let mut burst = |now: Instant| {
            let mut taken = 0;
            while pace.is_free(now) {
                pace.take(now);
                taken += 1;
            }
            (taken, pace.free_at())
        };
        let (first, free_at) = burst(now);
        assert_eq!(first, MESSAGES_PER_S + 1);
        assert!(free_at > now && free_at <= now + BURST / MESSAGES_PER_S);
        now += BURST / 10;
        assert_eq!(burst(now).0, MESSAGES_PER_S / 10);
        now += BURST * 100;
        assert_eq!(burst(now).0, MESSAGES_PER_S + 1);
    }
}
