//! What of the broker each device holds: without a bound, one credential could take all of its sessions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmqtt::types::{ClientId, Id};

use super::limits::{CONNECTIONS_PER_DEVICE, SESSIONS_PER_DEVICE};
use super::names::kept_as;

/// The shares of all devices, by user name.
#[derive(Default)]
pub(super) struct Shares {
    devices: Mutex<HashMap<String, Share>>,
}

#[derive(Default)]
struct Share {
    /// Clients (by the names that [`kept_as`] gives them) of its connections, also of those that are being made; twice the same while one takes over from the other.
    connections: Vec<ClientId>,
    /// Clients of its sessions, connected or remembered, the longest untouched first.
    sessions: Vec<ClientId>,
}

impl Shares {
    /// One more connection. `false`: its device holds as many others as it may. A client that comes again takes its own place.
    pub(super) fn connect(&self, id: &Id) -> bool {
        let client = kept_as(id);
        let mut devices = self.locked();
        let share = devices.entry(id.username_ref().to_owned()).or_default();
        let mut others: Vec<_> = share.connections.iter().filter(|other| **other != client).collect();
        others.sort_unstable();
        others.dedup();
        if others.len() >= CONNECTIONS_PER_DEVICE {
            return false;
        }
        share.connections.push(client);
        true
    }

    /// A connection is gone, or did not come to be.
    pub(super) fn disconnect(&self, id: &Id) {
        self.change(id, |share| remove(&mut share.connections, &kept_as(id)));
    }

    /// A session begins. What is returned are remembered ones that it pushes out.
    pub(super) fn begin(&self, id: &Id) -> Vec<ClientId> {
        let mut surplus = Vec::new();
        self.change(id, |share| {
            remove(&mut share.sessions, &kept_as(id));
            share.sessions.push(kept_as(id));
            let many = share.sessions.len().saturating_sub(SESSIONS_PER_DEVICE);
            surplus.extend(share.sessions.iter().filter(|client| !share.connections.contains(client)).take(many).cloned());
        });
        surplus
    }

    /// A session is over.
    pub(super) fn end(&self, id: &Id) {
        self.change(id, |share| remove(&mut share.sessions, &kept_as(id)));
    }

    fn change(&self, id: &Id, change: impl FnOnce(&mut Share)) {
        let mut devices = self.locked();
        let share = devices.entry(id.username_ref().to_owned()).or_default();
        change(share);
        if share.connections.is_empty() && share.sessions.is_empty() {
            devices.remove(id.username_ref());
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Share>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove(clients: &mut Vec<ClientId>, client: &ClientId) {
    if let Some(at) = clients.iter().position(|c| c == client) {
        clients.remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(user: &str, client: usize) -> Id {
        Id::new(1, 1, None, None, client.to_string().into(), Some(user.into()))
    }

    #[test]
    fn a_device_has_its_share_of_connections_and_a_client_that_comes_again_its_place() {
        let shares = Shares::default();
        assert!((0..CONNECTIONS_PER_DEVICE).all(|n| shares.connect(&id("m1", n))));
        assert!(!shares.connect(&id("m1", 99)));
        assert!(shares.connect(&id("m2", 99)));
        // The new connection of client 0 stands before the old one's end is heard of.
        assert!(shares.connect(&id("m1", 0)));
        shares.disconnect(&id("m1", 0));
        assert!(!shares.connect(&id("m1", 99)));
        shares.disconnect(&id("m1", 0));
        assert!(shares.connect(&id("m1", 99)));
    }

    #[test]
    fn a_new_session_pushes_out_the_oldest_that_is_only_remembered() {
        let shares = Shares::default();
        assert!(shares.connect(&id("m1", 0)));
        assert!((0..SESSIONS_PER_DEVICE).all(|n| shares.begin(&id("m1", n)).is_empty()));
        assert_eq!(shares.begin(&id("m1", 99)), ["m1/1"], "0 is connected");
        shares.end(&id("m1", 1));
        assert!(shares.begin(&id("m1", 99)).is_empty());
        for n in (0..SESSIONS_PER_DEVICE).chain([99]) {
            shares.end(&id("m1", n));
        }
        shares.disconnect(&id("m1", 0));
        assert!(shares.locked().is_empty(), "nothing is kept of a device that is gone");
    }
}
