//! How often somebody may change their own account: each change writes the registry and its audit log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use vigia_domain::ids::UserId;

use super::tries::TooMany;
use crate::world::Clock;

/// So many at once: whoever tries every theme and language is still far below it.
const AT_ONCE: u32 = 30;
/// And one more each time that so much has passed.
const EACH: Duration = Duration::from_secs(2);
/// So many people are remembered before those are looked for who have all of theirs again.
const SWEEP_ABOVE: usize = 1_024;

/// Counts the changes of an installation.
pub struct Changes {
    clock: Arc<dyn Clock>,
    /// When each has all of their changes again.
    whole_again: Mutex<HashMap<UserId, Instant>>,
}

impl Changes {
    /// Nobody changed anything yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, whole_again: Mutex::default() }
    }

    /// One more of this user.
    ///
    /// # Errors
    /// [`TooMany`]; it is not counted then.
    pub fn take(&self, user: UserId) -> Result<(), TooMany> {
        let now = self.clock.instant();
        let mut kept = self.whole_again.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() > SWEEP_ABOVE {
            kept.retain(|_, whole| *whole > now);
        }
        let whole = kept.get(&user).copied().unwrap_or(now).max(now) + EACH;
        let most = now + EACH * AT_ONCE;
        if whole > most {
            return Err(TooMany { wait: whole - most });
        }
        kept.insert(user, whole);
        Ok(())
    }
}
