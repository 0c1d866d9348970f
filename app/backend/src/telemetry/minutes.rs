//! The last hour of devices that somebody looks at, a value a minute, in memory.
//!
//! A ring begins when its device is shown for the first time, from what the store holds; from then on every commit feeds it. Whoever is never looked
//! at costs nothing. It is a picture and no account: a value that is sent twice weighs twice in its minute.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;
use vigia_domain::hour::{AHEAD, Hour, MINUTE_MS, MINUTES, minute_of};
use vigia_domain::ids::DeviceNumber;

use super::Entry;

const SLOTS: usize = MINUTES + AHEAD as usize + 1;
/// So many values may come while the store is asked for the hour before them.
const PENDING: usize = 512;

/// The rings. Clones are handles to the same ones.
#[derive(Clone, Default)]
pub struct Minutes {
    rings: Arc<Mutex<FxHashMap<DeviceNumber, Ring>>>,
}

/// About 400 bytes once it is full.
struct Ring {
    metric: String,
    /// The newest minute that it has room for.
    newest: i64,
    means: [f32; SLOTS],
    counts: [u16; SLOTS],
    /// While the store is asked: what came meanwhile.
    pending: Option<VecDeque<(i64, f64)>>,
    /// The minute in which it was filled.
    filled: i64,
}

impl Minutes {
    /// Takes what was stored.
    pub fn feed(&self, entries: &[Entry]) {
        let mut rings = self.rings();
        if rings.is_empty() {
            return;
        }
        for entry in entries {
            let Some(ring) = rings.get_mut(&entry.device) else { continue };
            let limit_ms = entry.received_ms + AHEAD * MINUTE_MS;
            for reading in entry.readings.iter().filter(|reading| reading.at_ms <= limit_ms) {
                let value = reading.values.iter().find(|(metric, _)| *metric == ring.metric);
                if let Some((_, value)) = value {
                    ring.take(reading.at_ms, *value);
                }
            }
        }
    }

    /// The hour that ends now of a metric of a device, if it is kept. `since`: only if it was filled in this minute or later.
    #[must_use]
    pub fn hour(&self, device: DeviceNumber, metric: &str, now_ms: i64, since: i64) -> Option<Hour> {
        let rings = self.rings();
        let ring = rings.get(&device)?;
        (ring.metric == metric && ring.pending.is_none() && ring.filled >= since).then(|| ring.hour(minute_of(now_ms)))
    }

    /// From here on what comes of this metric is remembered until [`Minutes::fill`].
    pub fn begin(&self, device: DeviceNumber, metric: &str, now_ms: i64) {
        let mut rings = self.rings();
        let is_begun = rings.get(&device).is_some_and(|ring| ring.metric == metric && ring.pending.is_some());
        if !is_begun {
            rings.insert(device, Ring::new(metric, minute_of(now_ms)));
        }
    }

    /// Gives the ring what the store held of its hour: instants in milliseconds since the epoch, and values.
    pub fn fill(&self, device: DeviceNumber, metric: &str, stored: &[(i64, f64)], now_ms: i64) {
        let mut rings = self.rings();
        let Some(ring) = rings.get_mut(&device).filter(|ring| ring.metric == metric) else { return };
        let Some(pending) = ring.pending.take() else { return };
        let limit_ms = now_ms + AHEAD * MINUTE_MS;
        let stored = stored.iter().copied().filter(|(at_ms, _)| *at_ms <= limit_ms);
        // What came meanwhile may be among what was stored: once is enough.
        let values: BTreeMap<i64, f64> = stored.chain(pending).collect();
        values.into_iter().for_each(|(at_ms, value)| ring.add(at_ms, value));
        ring.filled = minute_of(now_ms);
    }

    /// Forgets a device's hour: what it was made of was deleted.
    pub fn forget(&self, device: DeviceNumber) {
        self.rings().remove(&device);
    }

    fn rings(&self) -> MutexGuard<'_, FxHashMap<DeviceNumber, Ring>> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn new(metric: &str, minute: i64) -> Self {
        let pending = Some(VecDeque::new());
        Self { metric: metric.to_owned(), newest: minute, means: [f32::NAN; SLOTS], counts: [0; SLOTS], pending, filled: minute }
    }

    fn take(&mut self, at_ms: i64, value: f64) {
        match &mut self.pending {
            None => self.add(at_ms, value),
            Some(pending) => {
                if pending.len() == PENDING {
                    pending.pop_front();
                }
                pending.push_back((at_ms, value));
            }
        }
    }

    /// Into the minute of its instant, however late it comes.
    fn add(&mut self, at_ms: i64, value: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "a picture needs no more")]
        let value = value as f32;
        let minute = minute_of(at_ms);
        if !value.is_finite() || minute <= self.newest - SLOTS as i64 {
            return;
        }
        while self.newest < minute {
            // After a long silence all of it is a gap: no need to go through every minute of it.
            self.newest = (self.newest + 1).max(minute - SLOTS as i64);
            let slot = slot_of(self.newest);
            (self.means[slot], self.counts[slot]) = (f32::NAN, 0);
        }
        let slot = slot_of(minute);
        let count = self.counts[slot].saturating_add(1);
        self.means[slot] = if count == 1 { value } else { self.means[slot] + (value - self.means[slot]) / f32::from(count) };
        self.counts[slot] = count;
    }

    fn hour(&self, end: i64) -> Hour {
        let kept = self.newest - SLOTS as i64 + 1..=self.newest;
        let slot = |minute: i64| kept.contains(&minute).then(|| slot_of(minute));
        let means = std::array::from_fn(|place| {
            let minute = end - (MINUTES - 1 - place) as i64;
            slot(minute).map_or(f32::NAN, |slot| self.means[slot])
        });
        let ahead = (end + 1..=end + AHEAD).map(|minute| slot(minute).map_or(f32::NAN, |slot| self.means[slot]));
        Hour::new(end, means, slot(end).map_or(0, |slot| self.counts[slot].into())).with_ahead(ahead)
    }
}

fn slot_of(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(SLOTS as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Stamped;

    const DEVICE: DeviceNumber = DeviceNumber(7);
    const NOW: i64 = 1_000 * MINUTE_MS + 30_000;

    fn entry(at_ms: i64, value: f64) -> Entry {
        let readings = vec![Stamped { at_ms, values: vec![("voltage_v".to_owned(), 1.0), ("power_w".to_owned(), value)] }];
        Entry {
            device: DEVICE,
            received_ms: at_ms.max(NOW),
            readings,
            events: Vec::new(),
            attributes: Vec::new(),
            online: None,
            refused: Vec::new(),
            heard: true,
        }
    }

    fn path(it: &Minutes, now_ms: i64) -> String {
        it.hour(DEVICE, "power_w", now_ms, 0).expect("kept").path()
    }

    #[test]
    fn a_ring_is_filled_once_and_fed_then() {
        let it = Minutes::default();
        it.feed(&[entry(NOW, 5.0)]);
        assert_eq!(it.hour(DEVICE, "power_w", NOW, 0), None, "nobody has looked at it");
        it.begin(DEVICE, "power_w", NOW);
        // Stored while the store was asked, and already among its answers.
        it.feed(&[entry(NOW, 10.0)]);
        it.fill(DEVICE, "power_w", &[(NOW - 2 * MINUTE_MS, 0.0), (NOW, 10.0)], NOW);
        assert_eq!(path(&it, NOW), "M57 60h.1M59 0h.1");
        // Late, into its own minute; and one of long ago, and of tomorrow.
        it.feed(&[entry(NOW - MINUTE_MS, 5.0), entry(NOW - 90 * MINUTE_MS, 1e6)]);
        it.feed(&[Entry { received_ms: NOW, ..entry(NOW + 9 * MINUTE_MS, 1e6) }]);
        assert_eq!(path(&it, NOW), "M57 60 58 30 59 0");
        assert_eq!(path(&it, NOW + 30 * MINUTE_MS), "M27 60 28 30 29 0");
        assert_eq!(path(&it, NOW + 70 * MINUTE_MS), "");
        assert_eq!(it.hour(DEVICE, "voltage_v", NOW, 0), None, "one metric a device");
        assert_eq!(it.hour(DEVICE, "power_w", NOW, 1_001), None, "too old for who asks");
        it.forget(DEVICE);
        assert_eq!(it.hour(DEVICE, "power_w", NOW, 0), None);
    }

    #[test]
    fn a_silence_of_any_length_is_a_gap() {
        let it = Minutes::default();
        it.begin(DEVICE, "power_w", NOW);
        it.fill(DEVICE, "power_w", &[(NOW, 1.0)], NOW);
        for silence in [SLOTS as i64 - 1, SLOTS as i64, 1_000_000] {
            let later = NOW + silence * MINUTE_MS;
            it.feed(&[entry(later, 3.0)]);
            assert_eq!(path(&it, later), "M59 30h.1", "{silence}");
            it.begin(DEVICE, "power_w", NOW);
            it.fill(DEVICE, "power_w", &[(NOW, 1.0)], NOW);
        }
    }
}
