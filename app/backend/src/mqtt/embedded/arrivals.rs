//! Who has said who he is and does not stand yet. What is withdrawn from a client is withdrawn from these, too: the answer of the
//! registry may be older than the change.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(super) struct Arrivals {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    next: u64,
    all: HashMap<u64, One>,
    without_seat: usize,
}

struct One {
    user: Box<str>,
    has_seat: bool,
    is_withdrawn: bool,
}

/// One of them, until it is dropped: when its session is known to the registry, or it was sent away.
pub(super) struct Arrival<'a> {
    arrivals: &'a Arrivals,
    number: u64,
}

impl Arrivals {
    /// One more, before anything is asked about it.
    pub(super) fn enter(&self, user: Option<&str>) -> Arrival<'_> {
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        held.without_seat += 1;
        held.all.insert(number, One { user: user.unwrap_or_default().into(), has_seat: false, is_withdrawn: false });
        Arrival { arrivals: self, number }
    }

    /// How many there are that no seat counts.
    pub(super) fn without_seat(&self) -> usize {
        self.held().without_seat
    }

    /// The credential of this user, or what it may do, has changed.
    pub(super) fn withdraw(&self, user: &str) {
        self.held().all.values_mut().filter(|one| *one.user == *user).for_each(|one| one.is_withdrawn = true);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival<'_> {
    /// It counts as a connection from now on.
    pub(super) fn sit_down(&self) {
        let mut held = self.arrivals.held();
        let Held { all, without_seat, .. } = &mut *held;
        if let Some(one) = all.get_mut(&self.number)
            && !one.has_seat
        {
            one.has_seat = true;
            *without_seat -= 1;
        }
    }

    /// Whether what was learnt about it may be old.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.arrivals.held().all.get(&self.number).is_some_and(|one| one.is_withdrawn)
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut held = self.arrivals.held();
        if held.all.remove(&self.number).is_some_and(|one| !one.has_seat) {
            held.without_seat -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reaches_those_of_its_user_who_are_on_their_way_and_nobody_is_counted_twice() {
        let arrivals = Arrivals::default();
        let (one, other, nameless) = (arrivals.enter(Some("m1")), arrivals.enter(Some("m2")), arrivals.enter(None));
        arrivals.withdraw("m1");
        assert_eq!([&one, &other, &nameless].map(Arrival::is_withdrawn), [true, false, false]);
        assert_eq!(arrivals.without_seat(), 3);
        other.sit_down();
        other.sit_down();
        assert_eq!(arrivals.without_seat(), 2);
        drop((one, other, nameless));
        assert_eq!(arrivals.without_seat(), 0);
        assert!(!arrivals.enter(Some("m1")).is_withdrawn(), "who comes afterwards is judged by what is true then");
    }
}
