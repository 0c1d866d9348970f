//! How often somebody may be wrong: per address, and per account from one address. A wrong guess costs, a right one does not, and
//! nobody can lock somebody else out from elsewhere. The settings are `[sign_in]`. Counted here and not by [`crate::limit`]: what `governor` has
//! counted cannot be given back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::token;
use crate::config::Most;
use crate::db::users::normalised;
use crate::limit::TooMany;
use crate::share::network;
use crate::world::Clock;

/// The settings count the wrong tries in this time; one comes back each time that its share of it has passed.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// So many are remembered before those that no longer matter are looked for.
const SWEEP_ABOVE: usize = 1_024;

/// Counts the wrong tries of an installation.
pub struct Tries {
    clock: Arc<dyn Clock>,
    per_account: Allowance,
    per_address: Allowance,
    /// When each has all of its tries again.
    whole_again: Mutex<HashMap<Key, Instant>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Account(IpAddr, String),
}

/// So many at once, and one more each `each`.
#[derive(Clone, Copy)]
struct Allowance {
    tries: u32,
    each: Duration,
}

impl Allowance {
    fn of(tries: u32) -> Self {
        Self { tries, each: WINDOW / tries.max(1) }
    }
}

/// A try under way, counted as wrong until it is said to be right.
#[must_use = "it counts as wrong"]
pub struct Try<'a> {
    tries: &'a Tries,
    spent: Vec<(Key, Duration)>,
}

impl Tries {
    /// Nobody was wrong yet.
    #[must_use]
    pub fn new(most: Most, clock: Arc<dyn Clock>) -> Self {
        let (per_account, per_address) = (Allowance::of(most.per_account), Allowance::of(most.per_address));
        Self { clock, per_account, per_address, whole_again: Mutex::default() }
    }

    /// Begins a try from an address, at an account where there is one. Many at once count as many.
    ///
    /// # Errors
    /// [`TooMany`]; nothing is counted then.
    pub fn begin(&self, from: Option<IpAddr>, account: Option<&str>) -> Result<Try<'_>, TooMany> {
        let from = network(from);
        let account = account.map(|account| Key::Account(from, token::hash(normalised(account).as_bytes())));
        let asked = [(Some(Key::Address(from)), self.per_address), (account, self.per_account)];
        let now = self.clock.instant();
        let mut kept = self.whole_again.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() > SWEEP_ABOVE {
            kept.retain(|_, whole| *whole > now);
        }
        let mut spent = Vec::with_capacity(asked.len());
        for (key, allowance) in asked.iter().filter_map(|(key, allowance)| Some((key.as_ref()?, allowance))) {
            let whole = kept.get(key).copied().unwrap_or(now).max(now) + allowance.each;
            let most = now + allowance.each * allowance.tries;
            if whole > most {
                return Err(TooMany { wait: whole - most });
            }
            spent.push((key.clone(), allowance.each, whole));
        }
        kept.extend(spent.iter().map(|(key, _, whole)| (key.clone(), *whole)));
        Ok(Try { tries: self, spent: spent.into_iter().map(|(key, each, _)| (key, each)).collect() })
    }
}

impl Try<'_> {
    /// It was right, or it was not the visitor's fault that it was not: it does not count.
    pub fn forgive(self) {
        let mut kept = self.tries.whole_again.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, each) in self.spent {
            if let Some(whole) = kept.get_mut(&key) {
                *whole = whole.checked_sub(each).unwrap_or(*whole);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Hands {
        start: Instant,
        passed_s: AtomicU64,
    }

    impl Clock for Hands {
        fn now_ms(&self) -> i64 {
            0
        }

        fn instant(&self) -> Instant {
            self.start + Duration::from_secs(self.passed_s.load(Ordering::SeqCst))
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a clock has to begin somewhere")]
    fn tries() -> (Tries, Arc<Hands>) {
        let clock = Arc::new(Hands { start: Instant::now(), passed_s: AtomicU64::new(0) });
        (Tries::new(Most { per_account: 5, per_address: 20 }, clock.clone()), clock)
    }

    fn wrong(tries: &Tries, from: &str, account: &str) -> Result<(), u64> {
        tries.begin(from.parse().ok(), Some(account)).map(drop).map_err(TooMany::seconds)
    }

    #[test]
    fn five_wrong_tries_at_an_account_and_then_one_each_two_minutes() {
        let (tries, clock) = tries();
        for _ in 0..5 {
            assert_eq!(wrong(&tries, "192.0.2.7", "ana@example.org"), Ok(()));
        }
        assert_eq!(wrong(&tries, "192.0.2.7", " ANA@example.org"), Err(120));
        clock.passed_s.store(119, Ordering::SeqCst);
        assert_eq!(wrong(&tries, "192.0.2.7", "ana@example.org"), Err(1));
        clock.passed_s.store(120, Ordering::SeqCst);
        assert_eq!(wrong(&tries, "192.0.2.7", "ana@example.org"), Ok(()));
        assert_eq!(wrong(&tries, "192.0.2.7", "ana@example.org"), Err(120));
    }

    #[test]
    fn nobody_locks_somebody_else_out() {
        let (tries, _) = tries();
        while wrong(&tries, "192.0.2.7", "ana@example.org").is_ok() {}
        assert_eq!(wrong(&tries, "192.0.2.8", "ana@example.org"), Ok(()), "from elsewhere");
        assert_eq!(wrong(&tries, "192.0.2.7", "eva@example.org"), Ok(()), "another account");
    }

    #[test]
    fn an_address_has_its_own_limit_whatever_it_tries() {
        let (tries, _) = tries();
        for n in 0..20 {
            assert_eq!(wrong(&tries, &format!("2001:db8::{n}"), &format!("{n}@example.org")), Ok(()), "{n}");
        }
        assert_eq!(wrong(&tries, "2001:db8::ffff:1", "new@example.org"), Err(30), "one network of IPv6 is one");
        assert_eq!(wrong(&tries, "2001:db8:0:1::1", "new@example.org"), Ok(()));
        assert!(tries.begin("2001:db8::1".parse().ok(), None).is_err(), "one-time links count, too");
    }

    #[test]
    fn who_is_right_may_come_as_often_as_they_like() {
        let (tries, _) = tries();
        for _ in 0..100 {
            tries.begin(None, Some("ana@example.org")).expect("taken").forgive();
        }
    }

    #[test]
    fn what_no_longer_matters_is_forgotten() {
        let (tries, clock) = tries();
        for n in 0..3_000_u32 {
            let from = IpAddr::V4(n.into());
            clock.passed_s.fetch_add(1, Ordering::SeqCst);
            tries.begin(Some(from), None).map(drop).expect("taken");
        }
        assert!(tries.whole_again.lock().expect("not poisoned").len() <= SWEEP_ABOVE + 1);
    }
}
