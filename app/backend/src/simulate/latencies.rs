//! How long acknowledgements took: counts in steps of a sixty-fourth, of a fixed size however many there are, shared by all who count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Steps to a doubling.
const STEPS: u32 = 64;
/// From a microsecond to more than an hour.
const DOUBLINGS: u32 = 32;

/// The counts.
pub struct Latencies {
    counts: Vec<AtomicU64>,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: (0..STEPS * DOUBLINGS).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Latencies {
    /// Counts one.
    pub fn count(&self, latency: Duration) {
        self.counts[place(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX))].fetch_add(1, Ordering::Relaxed);
    }

    /// Takes what was counted so far: how many, and the times that each share of them did not exceed.
    pub fn take<const N: usize>(&self, shares: [f64; N]) -> (u64, [Duration; N]) {
        let counts: Vec<u64> = self.counts.iter().map(|count| count.swap(0, Ordering::Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "one of those that were counted"
        )]
        let of = |share: f64| {
            let mut before = (all.saturating_sub(1) as f64 * share) as u64;
            let found = counts.iter().position(|count| {
                let here = before < *count;
                before = before.saturating_sub(*count);
                here
            });
            found.map_or(Duration::ZERO, |place| Duration::from_micros(upper(place)))
        };
        (all, shares.map(of))
    }
}

fn place(us: u32) -> usize {
    let doublings = us.max(1).ilog2();
    // Below the first whole doubling every microsecond is a step of its own.
    let step =
        if doublings < STEPS.ilog2() { us } else { (us >> (doublings - STEPS.ilog2())) - STEPS + STEPS * (doublings - STEPS.ilog2() + 1) };
    usize::try_from(step).expect("fits")
}

/// The longest time of a step, in microseconds.
fn upper(place: usize) -> u64 {
    let (place, steps) = (u64::try_from(place).expect("fits"), u64::from(STEPS));
    if place < steps {
        return place;
    }
    let shift = place / steps - 1;
    ((place % steps + steps + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_never_wider_than_a_sixty_fourth() {
        for us in (0..2_000).chain([9_999, 65_535, 65_536, 1_000_000, 60_000_000, u32::MAX]) {
            let upper = upper(place(us));
            assert!(upper >= u64::from(us) && upper - u64::from(us) <= u64::from(us) / 64, "{us}: {upper}");
        }
    }

    #[test]
    fn quantiles_are_counted_and_then_forgotten() {
        let latencies = Latencies::default();
        (1..=1000).for_each(|us| latencies.count(Duration::from_micros(us)));
        let (all, [median, late]) = latencies.take([0.5, 0.99]);
        assert_eq!(all, 1000);
        assert!((500..=508).contains(&median.as_micros()) && (990..=1006).contains(&late.as_micros()), "{median:?} {late:?}");
        assert_eq!(latencies.take([0.5]), (0, [Duration::ZERO]));
    }
}
