//! Who is sent away at a door: counted by the reason, and said in the log once a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::TurnedAway;

/// How often the log says the same of a door. A flood does not fill the disk.
const TELL: Duration = Duration::from_secs(60);

/// The count of one door. Clones are handles to the same.
#[derive(Clone)]
pub(crate) struct Turned {
    door: &'static str,
    counts: TurnedAway,
    told: Arc<Mutex<HashMap<&'static str, Told>>>,
}

struct Told {
    at: Instant,
    since: u64,
}

impl Turned {
    /// Of this door, as the log names it.
    pub(crate) fn new(door: &'static str, counts: TurnedAway) -> Self {
        Self { door, counts, told: Arc::default() }
    }

    /// One more. `reason` is a word for the metric, `sentence` what the operator reads.
    pub(crate) fn note(&self, reason: &'static str, sentence: &'static str, peer: Option<IpAddr>) {
        self.count(reason);
        if let Some(times) = self.to_tell(reason, Instant::now()) {
            let peer = peer.map(|peer| peer.to_canonical().to_string()).unwrap_or_default();
            tracing::warn!(door = self.door, reason, last_peer = peer, times, "{sentence}; said once a minute");
        }
    }

    /// One more of a reason that is told elsewhere.
    pub(crate) fn count(&self, reason: &'static str) {
        self.counts.count(reason);
    }

    /// How many there were since it was said, this one with them; `None`: it was said within the last minute.
    fn to_tell(&self, reason: &'static str, now: Instant) -> Option<u64> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = told.get_mut(reason) else {
            told.insert(reason, Told { at: now, since: 0 });
            return Some(1);
        };
        last.since += 1;
        if now.saturating_duration_since(last.at) < TELL {
            return None;
        }
        last.at = now;
        Some(std::mem::take(&mut last.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_said_at_once_and_then_once_a_minute() {
        let (turned, now) = (Turned::new("http", TurnedAway::default()), Instant::now());
        assert_eq!(turned.to_tell("silent", now), Some(1));
        assert_eq!(turned.to_tell("silent", now), None);
        assert_eq!(turned.to_tell("address", now), Some(1), "each for itself");
        assert_eq!(turned.to_tell("silent", now + TELL), Some(2));
        assert_eq!(turned.to_tell("silent", now + TELL), None);
    }
}
