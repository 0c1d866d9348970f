//! How many live connections one principal may hold.

use std::sync::{Arc, OnceLock};

use prometheus_client::metrics::gauge::Gauge;
use vigia_domain::rights::Principal;

use crate::share::{Share, Shares};

/// Connections of one user, key or device at a time: a browser holds one a tab, a script needs one.
pub const MOST_SOCKETS: usize = 32;

/// Who holds how many. Clones are handles to the same count.
#[derive(Clone)]
pub struct Seats {
    shares: Shares<String>,
    taken: Arc<OnceLock<Gauge>>,
}

/// One connection's place; free again when dropped.
pub struct Seat {
    _share: Share<String>,
    taken: Option<Gauge>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(taken) = &self.taken {
            taken.dec();
        }
    }
}

impl Default for Seats {
    fn default() -> Self {
        Self { shares: Shares::of(MOST_SOCKETS), taken: Arc::default() }
    }
}

impl Seats {
    /// Names the gauge in which stands how many are taken; once, before there are any.
    pub fn count_in(&self, taken: &Gauge) {
        let _ = self.taken.set(taken.clone());
    }

    /// A place for one more connection; `None` when this principal holds too many.
    #[must_use]
    pub fn take(&self, principal: &Principal) -> Option<Seat> {
        if *principal == Principal::Nobody {
            return None;
        }
        let share = self.shares.take(principal.holder())?;
        let taken = self.taken.get().cloned();
        if let Some(taken) = &taken {
            taken.inc();
        }
        Some(Seat { _share: share, taken })
    }
}

#[cfg(test)]
mod tests {
    use vigia_domain::ids::UserId;
    use vigia_domain::user::Role;

    use super::*;

    #[test]
    fn one_user_takes_no_more_than_their_share_and_gives_it_back() {
        let (seats, gauge) = (Seats::default(), Gauge::default());
        seats.count_in(&gauge);
        let user = |id| Principal::user(UserId(id), Role::Customer);
        let held: Vec<_> = std::iter::from_fn(|| seats.take(&user(1))).collect();
        assert_eq!((held.len(), gauge.get()), (MOST_SOCKETS, 32));
        assert!(seats.take(&user(2)).is_some(), "the others have their own");
        drop(held);
        assert!(seats.take(&user(1)).is_some());
        assert!(seats.shares.are_free());
        assert_eq!(gauge.get(), 0);
    }
}
