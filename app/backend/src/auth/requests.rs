//! How many requests are taken: of each person, key and device, and of each address that says not who it is. The settings are `[limits]`.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use vigia_domain::ids::{DeviceId, KeyId, UserId};
use vigia_domain::rights::Principal;

use crate::config::RequestLimits;
use crate::limit::{Limit, TooMany};
use crate::origin::Origin;
use crate::share::network;
use crate::world::Clock;

/// So many times what is taken in a second may come at once: a page with all that it loads, a device that sends what it kept.
const AT_ONCE: u32 = 10;

/// Counts the requests of an installation.
pub struct Requests {
    known: Limit<Known>,
    strangers: Limit<IpAddr>,
}

/// Whoever shows a credential that is good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Known {
    Person(UserId),
    Key(KeyId),
    Device(DeviceId),
}

impl Requests {
    /// Nobody asked for anything yet.
    #[must_use]
    pub fn new(settings: &RequestLimits, clock: &Arc<dyn Clock>) -> Self {
        Self { known: limit(settings.per_key, clock), strangers: limit(settings.per_address, clock) }
    }

    /// One more of theirs.
    ///
    /// # Errors
    /// [`TooMany`]; it is not counted then.
    pub fn take(&self, principal: &Principal, from: &Origin) -> Result<(), TooMany> {
        let known = match principal {
            Principal::Nobody => return self.strangers.take(&network(from.address)),
            Principal::User { id, .. } => Known::Person(*id),
            Principal::ApiKey { id, .. } => Known::Key(*id),
            Principal::Device(id) => Known::Device(id.clone()),
        };
        self.known.take(&known)
    }
}

fn limit<K: Clone + Eq + std::hash::Hash>(each_second: NonZeroU32, clock: &Arc<dyn Clock>) -> Limit<K> {
    let at_once = each_second.saturating_mul(NonZeroU32::new(AT_ONCE).unwrap_or(NonZeroU32::MIN));
    Limit::new(at_once, Duration::from_secs(1) / each_second.get(), Arc::clone(clock))
}
