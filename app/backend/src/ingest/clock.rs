//! How far a device's clock is from ours, from what its live messages say.
//!
//! A message is live when it came as long after the one before as its own time says: then the difference between the two clocks
//! is the same for both. A backlog that is sent after an outage comes faster than its times pass, and a clock that jumps makes
//! one message that does not fit; neither is taken for an offset.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use vigia_domain::ids::DeviceNumber;

/// Live messages in a row whose median is told.
const MESSAGES: usize = 5;
/// By how much two live messages may differ: the network's own hesitation.
const HESITATION_MS: i64 = 2_000;

/// The clock of every device that tells a time.
#[derive(Default)]
pub(super) struct Clocks {
    devices: Mutex<HashMap<DeviceNumber, Clock>>,
}

#[derive(Default)]
struct Clock {
    /// The offsets of the last live messages, oldest first.
    last: [i64; MESSAGES],
    count: usize,
    told: Option<i64>,
}

impl Clock {
    fn hear(&mut self, offset: i64) {
        let before = self.count.checked_sub(1).map(|at| self.last[at]);
        if before.is_some_and(|before| (before - offset).abs() > HESITATION_MS) {
            self.count = 0;
        }
        if self.count == MESSAGES {
            self.last.rotate_left(1);
            self.count -= 1;
        }
        self.last[self.count] = offset;
        self.count += 1;
        if self.count == MESSAGES {
            let mut sorted = self.last;
            sorted.sort_unstable();
            self.told = Some(sorted[MESSAGES / 2]);
        }
    }
}

impl Clocks {
    /// A message with one time of its own came.
    pub(super) fn hear(&self, device: DeviceNumber, at_ms: i64, received_ms: i64) {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.entry(device).or_default().hear(at_ms.saturating_sub(received_ms));
    }

    /// How far its clock is ahead of ours, in ms; behind is negative. A message's way is in it.
    pub(super) fn offset_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner).get(&device).and_then(|clock| clock.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M1: DeviceNumber = DeviceNumber(1);

    /// Messages every five seconds from `from`, with a clock that is off by `offset`.
    fn live(clocks: &Clocks, from: i64, count: i64, offset: i64) {
        for n in 0..count {
            let received = from + n * 5_000;
            clocks.hear(M1, received + offset - n % 3 * 40, received);
        }
    }

    #[test]
    fn a_clock_that_is_off_is_told_after_some_messages() {
        let clocks = Clocks::default();
        live(&clocks, 0, 4, -3_600_000);
        assert_eq!(clocks.offset_ms(M1), None);
        live(&clocks, 20_000, 3, -3_600_000);
        assert_eq!(clocks.offset_ms(M1), Some(-3_600_040), "the median of 0, 0, 40, 40 and 80 late");
        assert_eq!(clocks.offset_ms(DeviceNumber(2)), None);
    }

    #[test]
    fn a_backlog_says_nothing_of_the_clock() {
        let clocks = Clocks::default();
        live(&clocks, 1_000_000, 10, 0);
        // Two thousand readings of the last hours within two seconds.
        for n in 0..2_000 {
            clocks.hear(M1, 1_100_000 - 10_000_000 + n * 5_000, 1_100_000 + n);
        }
        assert!(clocks.offset_ms(M1).is_some_and(|offset| offset.abs() < 100), "{:?}", clocks.offset_ms(M1));
    }

    #[test]
    fn a_clock_that_jumps_is_told_anew() {
        let clocks = Clocks::default();
        live(&clocks, 0, 10, 0);
        clocks.hear(M1, 55_000 + 900_000, 55_000);
        live(&clocks, 60_000, 1, 0);
        assert!(clocks.offset_ms(M1).is_some_and(|offset| offset.abs() < 100), "one odd message is none");
        live(&clocks, 65_000, 5, 900_000);
        assert!(clocks.offset_ms(M1).is_some_and(|offset| (offset - 900_000).abs() < 100), "{:?}", clocks.offset_ms(M1));
    }
}
