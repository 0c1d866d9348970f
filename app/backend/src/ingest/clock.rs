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
/// By how much live messages may differ: the network's own hesitation.
const HESITATION_MS: u64 = 2_000;

/// The clock of every device that tells a time.
#[derive(Default)]
pub(super) struct Clocks {
    devices: Mutex<HashMap<DeviceNumber, Clock>>,
}

#[derive(Default)]
struct Clock {
    /// The offsets of the last messages that fit together and when each came, oldest first.
    last: [(i64, i64); MESSAGES],
    count: usize,
    told: Option<i64>,
}

impl Clock {
    fn hear(&mut self, offset: i64, received_ms: i64) {
        let before = self.count.checked_sub(1).map(|at| self.last[at].0);
        if before.is_some_and(|before| before.abs_diff(offset) > HESITATION_MS) {
            self.count = 0;
        }
        if self.count == MESSAGES {
            self.last.rotate_left(1);
            self.count -= 1;
        }
        self.last[self.count] = (offset, received_ms);
        self.count += 1;
        if self.count == MESSAGES && self.is_live() {
            let mut sorted = self.last.map(|(offset, _)| offset);
            sorted.sort_unstable();
            self.told = Some(sorted[MESSAGES / 2]);
        }
    }

    /// Whether the messages came in about the time that passed by the device's clock. Neighbours of a backlog of one reading a second
    /// differ by no more than live ones do; all of them together came in no time.
    fn is_live(&self) -> bool {
        let offsets = self.last.map(|(offset, _)| offset);
        let (least, most) = offsets.iter().fold((i64::MAX, i64::MIN), |(least, most), offset| (least.min(*offset), most.max(*offset)));
        let [(first, began), .., (last, ended)] = self.last;
        let received = ended.saturating_sub(began);
        // By the device's clock as much more passed as it is further ahead at the end than at the beginning.
        let by_the_device = received.saturating_add(last.saturating_sub(first));
        most.abs_diff(least) <= HESITATION_MS
            && received > 0
            && received.abs_diff(by_the_device) <= received.max(by_the_device).unsigned_abs() / 4
    }
}

impl Clocks {
    /// A message with one time of its own came.
    pub(super) fn hear(&self, device: DeviceNumber, at_ms: i64, received_ms: i64) {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.entry(device).or_default().hear(at_ms.saturating_sub(received_ms), received_ms);
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
    fn a_backlog_of_a_reading_a_second_or_faster_says_nothing_of_the_clock_either() {
        for step_ms in [1_000, 400, 100] {
            let clocks = Clocks::default();
            live(&clocks, 1_000_000, 10, 0);
            for n in 0..2_000 {
                clocks.hear(M1, 1_100_000 - 3_600_000 + n * step_ms, 1_100_000 + n / 2);
            }
            assert!(clocks.offset_ms(M1).is_some_and(|offset| offset.abs() < 100), "{step_ms}: {:?}", clocks.offset_ms(M1));
            let fast = Clocks::default();
            (0..10).for_each(|n| fast.hear(M1, n * step_ms + 60_000, n * step_ms));
            assert_eq!(fast.offset_ms(M1), Some(60_000), "{step_ms}: live messages so often tell it");
        }
    }

    #[test]
    fn times_beyond_all_measure_are_no_harm() {
        let clocks = Clocks::default();
        for n in 0..20 {
            clocks.hear(M1, if n % 2 == 0 { i64::MAX } else { i64::MIN }, 1_000 * n);
            clocks.hear(M1, i64::MIN, i64::MAX);
        }
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
