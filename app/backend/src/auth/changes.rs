//! How often somebody may change their own account: each change writes the registry and its audit log.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use vigia_domain::ids::UserId;

use crate::limit::{Limit, TooMany};
use crate::world::Clock;

/// So many at once: whoever tries every theme and language is still far below it.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(30).expect("some");
/// And one more each time that so much has passed.
const EACH: Duration = Duration::from_secs(2);

/// Counts the changes of an installation.
pub struct Changes(Limit<UserId>);

impl Changes {
    /// Nobody changed anything yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Limit::new(AT_ONCE, EACH, clock))
    }

    /// One more of this user.
    ///
    /// # Errors
    /// [`TooMany`]; it is not counted then.
    pub fn take(&self, user: UserId) -> Result<(), TooMany> {
        self.0.take(&user)
    }
}
