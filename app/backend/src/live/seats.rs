//! How many live connections one principal may hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use vigia_domain::rights::Principal;

/// Connections of one user, key or device at a time: a browser holds one a tab, a script needs one.
pub const MOST_SOCKETS: usize = 32;

/// Who holds how many. Clones are handles to the same count.
#[derive(Clone, Default)]
pub struct Seats {
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// One connection's place; free again when dropped.
pub struct Seat {
    seats: Seats,
    holder: String,
}

impl Seats {
    /// A place for one more connection; `None` when this principal holds too many.
    #[must_use]
    pub fn take(&self, principal: &Principal) -> Option<Seat> {
        let holder = match principal {
            Principal::Nobody => return None,
            Principal::User { id, .. } => format!("user:{}", id.0),
            Principal::Device(id) => format!("device:{id}"),
            Principal::ApiKey { id, .. } => format!("key:{}", id.0),
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(holder.clone()).or_default();
        if *count >= MOST_SOCKETS {
            return None;
        }
        *count += 1;
        Some(Seat { seats: self.clone(), holder })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vigia_domain::ids::UserId;
    use vigia_domain::user::Role;

    use super::*;

    #[test]
    fn one_user_takes_no_more_than_their_share_and_gives_it_back() {
        let seats = Seats::default();
        let user = |id| Principal::User { id: UserId(id), role: Role::Customer };
        let held: Vec<_> = std::iter::from_fn(|| seats.take(&user(1))).collect();
        assert_eq!(held.len(), MOST_SOCKETS);
        assert!(seats.take(&user(2)).is_some(), "the others have their own");
        drop(held);
        assert!(seats.take(&user(1)).is_some());
        assert!(seats.taken.lock().expect("no panic").is_empty());
    }
}
