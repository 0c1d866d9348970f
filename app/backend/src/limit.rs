//! How often somebody may do something: so many at once, and one more each time that a while has passed. Counted by `governor`, with our clock.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::Clock as Ticks;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::world::Clock;

/// So many are remembered before those are looked for who may do all of theirs again.
const SWEEP_ABOVE: usize = 1_024;
/// And that at most so often: whoever brings ever new addresses makes nobody count them at each request.
const SWEEP_EACH: Duration = Duration::from_secs(1);

/// Too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; wait {} seconds", self.seconds())]
pub struct TooMany {
    /// How long until the next is taken.
    pub wait: Duration,
}

impl TooMany {
    /// The wait in whole seconds, as `Retry-After` has it.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.wait.as_millis().div_ceil(1_000).max(1).try_into().unwrap_or(u64::MAX)
    }
}

/// One allowance for each of many.
pub struct Limit<K: Clone + Eq + Hash> {
    kept: RateLimiter<K, HashMapStateStore<K>, Watch, NoOpMiddleware<Nanos>>,
    watch: Watch,
    swept_ns: AtomicU64,
}

impl<K: Clone + Eq + Hash> Limit<K> {
    /// `at_once`, and one more each time that `each` has passed, which is not nothing.
    #[must_use]
    pub fn new(at_once: NonZeroU32, each: Duration, clock: Arc<dyn Clock>) -> Self {
        let quota = Quota::with_period(each.max(Duration::from_nanos(1))).expect("longer than nothing").allow_burst(at_once);
        let watch = Watch { start: clock.instant(), clock };
        Self { kept: RateLimiter::hashmap_with_clock(quota, watch.clone()), watch, swept_ns: AtomicU64::new(0) }
    }

    /// One more of `whom`.
    ///
    /// # Errors
    /// [`TooMany`]; it is not counted then.
    pub fn take(&self, whom: &K) -> Result<(), TooMany> {
        self.sweep();
        self.kept.check_key(whom).map_err(|not_until| TooMany { wait: not_until.wait_time_from(self.watch.now()) })
    }

    fn sweep(&self) {
        if self.kept.len() <= SWEEP_ABOVE {
            return;
        }
        let (now, last) = (self.watch.now().as_u64(), self.swept_ns.load(Ordering::Relaxed));
        let is_due = u128::from(now.saturating_sub(last)) >= SWEEP_EACH.as_nanos();
        if is_due && self.swept_ns.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.kept.retain_recent();
            self.kept.shrink_to_fit();
        }
    }
}

/// The installation's clock, as the library reads one.
#[derive(Clone)]
struct Watch {
    clock: Arc<dyn Clock>,
    start: Instant,
}

impl Ticks for Watch {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.clock.instant().saturating_duration_since(self.start).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Hands {
        start: Instant,
        passed_ms: AtomicU64,
    }

    impl Clock for Hands {
        fn now_ms(&self) -> i64 {
            0
        }

        fn instant(&self) -> Instant {
            self.start + Duration::from_millis(self.passed_ms.load(Ordering::SeqCst))
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a clock has to begin somewhere")]
    fn limit(at_once: u32, each: Duration) -> (Limit<u32>, Arc<Hands>) {
        let clock = Arc::new(Hands { start: Instant::now(), passed_ms: AtomicU64::new(0) });
        (Limit::new(NonZeroU32::new(at_once).expect("some"), each, clock.clone()), clock)
    }

    #[test]
    fn so_many_at_once_and_then_one_each_while_for_each_of_them() {
        let (limit, clock) = limit(3, Duration::from_secs(2));
        for _ in 0..3 {
            assert_eq!(limit.take(&7), Ok(()));
        }
        assert_eq!(limit.take(&7).map_err(TooMany::seconds), Err(2));
        assert_eq!(limit.take(&8), Ok(()), "somebody else");
        clock.passed_ms.store(1_999, Ordering::SeqCst);
        assert_eq!(limit.take(&7).map_err(TooMany::seconds), Err(1));
        clock.passed_ms.store(2_000, Ordering::SeqCst);
        assert_eq!(limit.take(&7), Ok(()));
        assert!(limit.take(&7).is_err());
    }

    #[test]
    fn what_no_longer_matters_is_forgotten() {
        let (limit, clock) = limit(3, Duration::from_secs(1));
        for n in 0..5_000 {
            clock.passed_ms.fetch_add(10, Ordering::SeqCst);
            assert_eq!(limit.take(&n), Ok(()));
        }
        assert!(limit.kept.len() <= SWEEP_ABOVE + 101, "{}", limit.kept.len());
    }
}
