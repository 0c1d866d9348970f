//! How many a second, lately.

use std::sync::{Arc, Mutex, PoisonError};

/// So many whole seconds are looked back at.
const SECONDS: usize = 10;

/// A count by seconds, of which only the last are kept. Clones count the same.
#[derive(Clone, Default)]
pub struct Rate(Arc<Mutex<[(i64, u64); SECONDS + 1]>>);

impl Rate {
    /// Counts so many more at `now_ms`, milliseconds since the epoch.
    pub fn count(&self, more: u64, now_ms: i64) {
        let second = now_ms.div_euclid(1_000);
        let mut seconds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = &mut seconds[slot(second)];
        if place.0 != second {
            *place = (second, 0);
        }
        place.1 += more;
    }

    /// The mean of the last ten whole seconds before `now_ms`.
    #[must_use]
    pub fn per_second(&self, now_ms: i64) -> f64 {
        let now = now_ms.div_euclid(1_000);
        let seconds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now - SECONDS as i64;
        let sum: u64 = seconds.iter().filter(|(second, _)| (since..now).contains(second)).map(|(_, count)| count).sum();
        #[expect(clippy::cast_precision_loss, reason = "messages of ten seconds are far below 2^52")]
        let mean = sum as f64 / SECONDS as f64;
        mean
    }
}

fn slot(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SECONDS as i64 + 1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "tenths of small whole numbers")]
    fn what_is_older_than_ten_seconds_counts_no_more() {
        let rate = Rate::default();
        assert_eq!(rate.per_second(5_000), 0.0, "nothing came yet");
        for second in 0..30 {
            rate.count(20, second * 1_000 + 500);
        }
        assert_eq!(rate.per_second(30_000), 20.0);
        assert_eq!(rate.per_second(29_999), 20.0, "the second that is not over does not count");
        assert_eq!(rate.per_second(35_000), 10.0);
        assert_eq!(rate.per_second(99_000), 0.0);
    }
}
