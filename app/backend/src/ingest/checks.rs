//! Whether a value can be: what is certain of its quantity, and what the settings say of its metric.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::plausible::{Limit, range_of, told};
use vigia_domain::reading::Reading;
use vigia_domain::reason::Reason;

pub(super) struct Checks {
    limits: Vec<Limit>,
    /// What each device is; asked for limits of a kind alone.
    kinds: RwLock<HashMap<DeviceNumber, DeviceKind>>,
    /// The last value that was taken, of metrics with a limit of change.
    last: Mutex<HashMap<(DeviceNumber, String), (i64, f64)>>,
}

impl Checks {
    pub(super) fn new(limits: Vec<Limit>) -> Self {
        Self { limits, kinds: RwLock::default(), last: Mutex::default() }
    }

    /// Learns what a device is.
    pub(super) fn know(&self, device: DeviceNumber, kind: DeviceKind) {
        if self.limits.iter().any(|limit| limit.kind.is_some()) {
            self.kinds.write().unwrap_or_else(PoisonError::into_inner).insert(device, kind);
        }
    }

    /// Takes out of a reading what cannot be, each with its reason. `newest` gives a metric's last value and its instant, for
    /// the first message after a start.
    pub(super) fn check(
        &self,
        device: DeviceNumber,
        reading: &mut Reading,
        now_ms: i64,
        newest: impl Fn(&str) -> Option<(i64, f64)>,
        refused: impl FnMut(Reason),
    ) {
        self.check_all(device, reading, now_ms, newest, refused, true);
    }

    /// The same of a reading that is only tried: the next one is not measured against it.
    pub(super) fn try_out(
        &self,
        device: DeviceNumber,
        reading: &mut Reading,
        now_ms: i64,
        newest: impl Fn(&str) -> Option<(i64, f64)>,
        refused: impl FnMut(Reason),
    ) {
        self.check_all(device, reading, now_ms, newest, refused, false);
    }

    fn check_all(
        &self,
        device: DeviceNumber,
        reading: &mut Reading,
        now_ms: i64,
        newest: impl Fn(&str) -> Option<(i64, f64)>,
        mut refused: impl FnMut(Reason),
        is_kept: bool,
    ) {
        let at_ms = reading.at_ms.unwrap_or(now_ms);
        reading.values.retain(|(name, value)| {
            let limit = if self.limits.is_empty() { None } else { self.limit(device, name) };
            let outcome = in_range(limit, name, *value).and_then(|()| match limit.and_then(|limit| limit.change_per_s) {
                Some(most) => self.change((device, name), (at_ms, *value), most, &newest, is_kept),
                None => Ok(()),
            });
            outcome.map_err(&mut refused).is_ok()
        });
    }

    /// The limit of a device's kind goes before that of all.
    fn limit(&self, device: DeviceNumber, metric: &str) -> Option<&Limit> {
        let kind = self.kinds.read().unwrap_or_else(PoisonError::into_inner).get(&device).copied();
        let of_metric = || self.limits.iter().filter(|limit| limit.metric == metric);
        of_metric().find(|limit| limit.kind.is_some() && limit.kind == kind).or_else(|| of_metric().find(|limit| limit.kind.is_none()))
    }

    fn change(
        &self,
        (device, name): (DeviceNumber, &str),
        (at_ms, value): (i64, f64),
        most: f64,
        newest: &impl Fn(&str) -> Option<(i64, f64)>,
        is_kept: bool,
    ) -> Result<(), Reason> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (device, name.to_owned());
        let before = last.get(&key).copied().or_else(|| newest(name));
        if let Some((before_ms, before)) = before {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few centuries fit")]
            let seconds = at_ms.abs_diff(before_ms).max(1_000) as f64 / 1_000.0;
            if (value - before).abs() > most * seconds {
                // It is not forgotten how it was: a jump that lasts is taken when enough time has passed for it.
                return Err(Reason::TooFast { name: name.to_owned(), value: told(value), before: told(before), most: told(most) });
            }
            if at_ms < before_ms {
                return Ok(());
            }
        }
        if is_kept {
            last.insert(key, (at_ms, value));
        }
        Ok(())
    }
}

/// A limit of the settings replaces what is known, on each side that it names.
fn in_range(limit: Option<&Limit>, name: &str, value: f64) -> Result<(), Reason> {
    match limit.and_then(Limit::range).or_else(|| range_of(name)) {
        Some(range) if !range.holds(value) => {
            Err(Reason::OutOfRange { name: name.to_owned(), value: told(value), least: told(range.least), most: told(range.most) })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(metric: &str) -> Limit {
        Limit { metric: metric.to_owned(), kind: None, least: None, most: None, change_per_s: None }
    }

    fn refused(checks: &Checks, device: i64, at_ms: i64, name: &str, value: f64) -> Option<String> {
        let mut reading = Reading { at_ms: Some(at_ms), values: vec![("other".to_owned(), 1e9), (name.to_owned(), value)] };
        let mut reason = None;
        checks.check(DeviceNumber(device), &mut reading, 0, |_| None, |why| reason = Some(why.to_string()));
        assert_eq!(reading.values.len(), if reason.is_some() { 1 } else { 2 }, "the others stand");
        reason
    }

    #[test]
    fn the_settings_replace_what_is_known_of_a_quantity() {
        let limits = vec![
            Limit { least: Some(100.0), most: Some(140.0), ..limit("voltage_v") },
            Limit { kind: Some(DeviceKind::Biodigester), most: Some(80.0), ..limit("temperature_c") },
            Limit { most: Some(5_000.0), ..limit("battery_mv") },
        ];
        let checks = Checks::new(limits);
        checks.know(DeviceNumber(1), DeviceKind::Biodigester);
        assert_eq!(refused(&checks, 1, 0, "voltage_v", 230.0).as_deref(), Some("voltage_v is 230; it lies between 100 and 140"));
        assert_eq!(refused(&checks, 1, 0, "temperature_c", 90.0).as_deref(), Some("temperature_c is 90; it lies between -100 and 80"));
        assert_eq!(refused(&checks, 2, 0, "temperature_c", 90.0), None, "another kind of device");
        assert_eq!(refused(&checks, 2, 0, "power_factor", 97.0).as_deref(), Some("power_factor is 97; it lies between -1.1 and 1.1"));
        assert_eq!(refused(&checks, 2, 0, "battery_mv", 6_000.0).as_deref(), Some("battery_mv is 6000; it lies between -inf and 5000"));
    }

    #[test]
    fn a_jump_is_set_aside_until_it_has_lasted_long_enough() {
        let checks = Checks::new(vec![Limit { change_per_s: Some(1.0), ..limit("level_l") }]);
        assert_eq!(refused(&checks, 1, 10_000, "level_l", 50.0), None);
        assert_eq!(
            refused(&checks, 1, 20_000, "level_l", 90.0).as_deref(),
            Some("level_l went from 50 to 90, faster than the 1 per second that its settings allow")
        );
        let mut tried = Reading { at_ms: Some(20_500), values: vec![("level_l".to_owned(), 56.0)] };
        checks.try_out(DeviceNumber(1), &mut tried, 0, |_| None, |why| panic!("{why}"));
        assert_eq!(refused(&checks, 1, 21_000, "level_l", 52.0), None, "and nothing is measured against what was only tried");
        assert_eq!(refused(&checks, 1, 5_000, "level_l", 60.0), None, "an older reading is measured against it, too");
        assert_eq!(refused(&checks, 1, 61_000, "level_l", 90.0), None, "by now it may have risen so far");
        assert_eq!(refused(&checks, 2, 61_000, "level_l", 9_000.0), None, "another device's first value");
    }
}
