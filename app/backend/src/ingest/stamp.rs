//! The instant of a reading: the device's own where it gave one, else the server's, made unique per device.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use vigia_domain::ids::DeviceNumber;
use vigia_domain::reading::Reading;
use vigia_domain::time::{self, BadTime};

use crate::telemetry::Stamped;

/// The last instant that the server gave to each device.
#[derive(Default)]
pub(super) struct Stamps {
    last: Mutex<HashMap<DeviceNumber, i64>>,
}

/// Whether a reading's own time may be taken; none at all may.
pub(super) fn check(at_ms: Option<i64>, now_ms: i64) -> Result<(), BadTime> {
    at_ms.map_or(Ok(()), |at| time::plausible(at, now_ms).map(drop))
}

impl Stamps {
    /// Readings with their instants. Two readings without a time never share one, or the second would replace the first.
    /// After a restart that begins behind the `newest` instant that is stored.
    pub(super) fn stamp(
        &self,
        device: DeviceNumber,
        readings: Vec<Reading>,
        now_ms: i64,
        newest: impl Fn() -> Option<i64>,
    ) -> Vec<Stamped> {
        let own = |wanted: Option<i64>| {
            wanted.unwrap_or_else(|| {
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                let next = last.get(&device).copied().or_else(&newest).map_or(now_ms, |last| now_ms.max(last + 1));
                last.insert(device, next);
                next
            })
        };
        readings.into_iter().map(|r| Stamped { at_ms: own(r.at_ms), values: r.values }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_without_a_time_never_share_an_instant() {
        let stamps = Stamps::default();
        let none = || vec![Reading::at(None), Reading::at(Some(7)), Reading::at(None)];
        let new = || None;
        let at = |readings: Vec<Stamped>| readings.iter().map(|r| r.at_ms).collect::<Vec<_>>();
        assert_eq!(at(stamps.stamp(DeviceNumber(1), none(), 100, new)), [100, 7, 101]);
        assert_eq!(at(stamps.stamp(DeviceNumber(1), none(), 100, new)), [102, 7, 103]);
        assert_eq!(at(stamps.stamp(DeviceNumber(2), none(), 100, new)), [100, 7, 101]);
        assert_eq!(at(stamps.stamp(DeviceNumber(1), none(), 500, new)), [500, 7, 501]);
        assert_eq!(at(stamps.stamp(DeviceNumber(3), none(), 500, || Some(505))), [506, 7, 507], "after a restart");
    }
}
