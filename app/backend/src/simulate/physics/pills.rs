//! A pill dispenser: three alarms a day, most doses taken within minutes, some late, a few not at all.

use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use vigia_domain::reading::Reading;

use super::{Machine, civil, elapsed_s, rounded, values};

/// Hours of the alarms, and what they are called.
const ALARMS: [(i8, &str); 3] = [(8, "Medicamento mañana"), (14, "Medicamento tarde"), (21, "Medicamento noche")];
/// A dose not taken after this long counts as missed, in ms.
const PATIENCE_MS: i64 = 60 * 60 * 1000;

/// Something that happened at the dispenser.
#[derive(Clone, Debug, PartialEq)]
pub struct Dose {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// `alarm_triggered`, `dose_taken` or `dose_missed`.
    pub kind: &'static str,
    /// Slot and label.
    pub payload: Value,
}

/// A pill dispenser. Its reading has `battery_percent, rssi_dbm, pills_left`.
pub struct Pills {
    random: StdRng,
    zone: TimeZone,
    battery_percent: f64,
    left: u32,
    /// The last alarm that has rung, so that each rings once: date and slot.
    rung: Option<(jiff::civil::Date, usize)>,
    /// What comes of the alarm that is ringing.
    pending: Option<Dose>,
    last_ms: Option<i64>,
}

impl Pills {
    /// A full dispenser. Alarms follow the civil time of `zone`.
    #[must_use]
    pub fn new(seed: u64, zone: TimeZone) -> Self {
        Self { random: StdRng::seed_from_u64(seed), zone, battery_percent: 100.0, left: 84, rung: None, pending: None, last_ms: None }
    }

    /// What has happened up to this time. Ask at least every hour, or an alarm is passed over.
    pub fn events(&mut self, at_ms: i64) -> Vec<Dose> {
        let mut events: Vec<Dose> = self.pending.take_if(|dose| dose.at_ms <= at_ms).into_iter().collect();
        if events.iter().any(|dose| dose.kind == "dose_taken") {
            self.left = self.left.checked_sub(1).unwrap_or(84);
        }
        let now = civil(&self.zone, at_ms);
        let Some(slot) = ALARMS.iter().position(|(hour, _)| *hour == now.hour()) else { return events };
        if self.rung.replace((now.date(), slot)) == Some((now.date(), slot)) {
            return events;
        }
        let payload = json!({ "slot": slot + 1, "alarm_label": ALARMS[slot].1 });
        events.push(Dose { at_ms, kind: "alarm_triggered", payload: payload.clone() });
        let minutes = if self.random.random_bool(0.85) { self.random.random_range(1..12) } else { self.random.random_range(12..55) };
        let taken = self.random.random_bool(0.93);
        self.pending = Some(if taken {
            Dose { at_ms: at_ms + minutes * 60_000, kind: "dose_taken", payload }
        } else {
            Dose { at_ms: at_ms + PATIENCE_MS, kind: "dose_missed", payload }
        });
        events
    }
}

impl Machine for Pills {
    fn reading(&mut self, at_ms: i64) -> Reading {
        let hours = elapsed_s(self.last_ms.replace(at_ms), at_ms) / 3600.0;
        self.battery_percent -= hours * 0.35;
        if self.battery_percent < 15.0 {
            self.battery_percent = 100.0;
        }
        let rssi = -58.0 + self.random.random_range(-4.0..4.0);
        values(
            at_ms,
            [("battery_percent", rounded(self.battery_percent, 1)), ("rssi_dbm", rounded(rssi, 0)), ("pills_left", f64::from(self.left))],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_alarms_a_day_and_each_has_its_end() {
        let start = 1_767_592_800_000;
        let mut pills = Pills::new(4, TimeZone::fixed(jiff::tz::offset(-6)));
        let events: Vec<Dose> = (0..30 * 1440).flat_map(|minute| pills.events(start + minute * 60_000)).collect();
        let count = |kind| events.iter().filter(|e| e.kind == kind).count();
        assert_eq!(count("alarm_triggered"), 90);
        assert_eq!(count("dose_taken") + count("dose_missed"), 90);
        assert!((1..20).contains(&count("dose_missed")));
        assert!(events.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
    }
}
