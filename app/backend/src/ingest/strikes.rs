//! How many refusals of one device are written down: enough to see what is wrong, not enough to fill a disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use vigia_domain::ids::DeviceNumber;

const MINUTE_MS: i64 = 60_000;

/// What each device used of its current minute.
pub(super) struct Strikes {
    per_minute: usize,
    minutes: Mutex<HashMap<DeviceNumber, (i64, usize)>>,
}

impl Strikes {
    /// Room for so many refusals per device and minute.
    pub(super) fn per_minute(per_minute: usize) -> Self {
        Self { per_minute, minutes: Mutex::default() }
    }

    /// How many of `wanted` refusals there is room for.
    pub(super) fn room(&self, device: DeviceNumber, now_ms: i64, wanted: usize) -> usize {
        if wanted == 0 {
            return 0;
        }
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let (minute, used) = minutes.entry(device).or_insert((now_ms, 0));
        if now_ms - *minute >= MINUTE_MS {
            (*minute, *used) = (now_ms, 0);
        }
        let room = wanted.min(self.per_minute - *used);
        *used += room;
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_gone_mad_is_cut_short_and_heard_again_a_minute_later() {
        let strikes = Strikes::per_minute(100);
        let device = DeviceNumber(1);
        assert_eq!((0..500).map(|_| strikes.room(device, 0, 1)).sum::<usize>(), 100);
        assert_eq!(strikes.room(DeviceNumber(2), 0, 1), 1);
        assert_eq!(strikes.room(device, MINUTE_MS, 1), 1);
    }
}
