//! Whether a device is there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use vigia_domain::device::Presence;
use vigia_domain::ids::DeviceNumber;

use crate::app::App;

/// How long after its last message a device without a connection still counts as online, in milliseconds.
pub const FRESH_MS: i64 = 5 * 60 * 1000;

/// Which devices hold a connection to the broker. Clones are handles to the same set.
#[derive(Clone, Default)]
pub struct Connections {
    connected: Arc<Mutex<HashSet<DeviceNumber>>>,
}

impl Connections {
    /// It has one.
    pub fn came(&self, device: DeviceNumber) {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).insert(device);
    }

    /// Its last one is gone.
    pub fn went(&self, device: DeviceNumber) {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).remove(&device);
    }

    /// Whether it holds one.
    #[must_use]
    pub fn has(&self, device: DeviceNumber) -> bool {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).contains(&device)
    }
}

/// What is known of a device now.
#[must_use]
pub fn presence_of(app: &App, device: DeviceNumber) -> Presence {
    let (store, now_ms) = (app.store(), app.world().clock.now_ms());
    presence(app.connections().has(device), store.seen_ms(device), store.goodbye_ms(device), now_ms)
}

/// Another process that shares the database and the broker heard a device, or its goodbye, at `at_ms` by its clock (milliseconds since the epoch;
/// `None`: now): commands find it here, too. What was heard later counts, whoever tells it first; nothing is heard in the time to come.
pub fn heard_elsewhere(app: &App, device: DeviceNumber, at_ms: Option<i64>, is_there: bool) {
    let now_ms = app.world().clock.now_ms();
    let at_ms = at_ms.map_or(now_ms, |at_ms| at_ms.min(now_ms));
    if is_there {
        app.downlink().heard_elsewhere(device, at_ms, app.store().goodbye_ms(device));
    }
    app.store().heard_elsewhere(device, at_ms, is_there);
}

/// What is known: connected, or heard of in the last minutes and not said goodbye since.
fn presence(connected: bool, seen_ms: Option<i64>, goodbye_ms: Option<i64>, now_ms: i64) -> Presence {
    match seen_ms {
        _ if connected => Presence::Online,
        None => Presence::Never,
        Some(seen) if goodbye_ms.is_some_and(|goodbye| goodbye >= seen) => Presence::Offline,
        Some(seen) if now_ms - seen < FRESH_MS => Presence::Online,
        Some(_) => Presence::Offline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_comes_goes_and_says_goodbye() {
        assert_eq!(presence(false, None, None, 0), Presence::Never);
        assert_eq!(presence(true, None, None, 0), Presence::Online);
        assert_eq!(presence(false, Some(1_000), None, 2_000), Presence::Online, "an HTTP device between two posts");
        assert_eq!(presence(false, Some(1_000), Some(1_000), 2_000), Presence::Offline, "its last will came");
        assert_eq!(presence(false, Some(3_000), Some(1_000), 4_000), Presence::Online, "it came back");
        assert_eq!(presence(false, Some(1_000), None, 1_000 + FRESH_MS), Presence::Offline);
    }
}
