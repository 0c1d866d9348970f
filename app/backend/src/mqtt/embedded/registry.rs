//! Whose sessions and connections there are. Client ids are names within a device: none can take over another's. And each device
//! has its share: without a bound, one credential could take all of the broker.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use vigia_domain::ids::DeviceId;

use super::limits::{self, SESSIONS, TAKEOVER_TIME};
use super::link::{Link, Order};
use super::outbox::Waiting;
use super::session::Session;
use super::wire::LastWill;
use crate::mqtt::DeviceIdentity;

#[derive(Default)]
pub(super) struct Registry {
    held: Mutex<Held>,
    numbers: AtomicU64,
    waiting: Waiting,
}

#[derive(Default)]
struct Held {
    devices: HashMap<DeviceId, Share>,
    sessions: usize,
    connections: usize,
    /// Absent sessions by when they want to be looked at.
    agenda: BTreeMap<(Instant, u64), Arc<Session>>,
}

#[derive(Default)]
struct Share {
    /// The longest untouched first.
    sessions: Vec<Arc<Session>>,
    /// Clients of its connections, also of those that are being made; twice the same while one takes over from the other.
    connections: Vec<Arc<str>>,
}

/// A device's place for one connection, given back when dropped.
pub(super) struct Seat {
    registry: Arc<Registry>,
    device: DeviceId,
    client: Arc<str>,
}

/// What somebody who was let in gets.
pub(super) struct Begun {
    pub(super) session: Arc<Session>,
    pub(super) link: Arc<Link>,
    /// Whether it is the session from before.
    pub(super) is_present: bool,
    pub(super) over: Vec<Over>,
}

/// A session that is kept no more, and the will that it left.
pub(super) struct Over {
    pub(super) session: Arc<Session>,
    pub(super) will: Option<LastWill>,
}

/// How a client wants its session.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) clean: bool,
    pub(super) expiry: Duration,
}

/// What is to be done now that a connection is over.
pub(super) struct Left {
    /// To be published now.
    pub(super) will: Option<LastWill>,
    pub(super) is_over: bool,
}

impl Registry {
    /// One more connection. `None`: its device holds as many others as it may. A client that comes again takes its own place.
    pub(super) fn seat(self: &Arc<Self>, device: &DeviceIdentity, client: &Arc<str>) -> Option<Seat> {
        let mut held = self.held();
        let share = held.devices.entry(device.id.clone()).or_default();
        // One that stands and one that takes over from it: more would only wait, and hold places of others.
        if share.connections.iter().filter(|other| *other == client).count() >= 2 {
            return None;
        }
        let mut others: Vec<_> = share.connections.iter().filter(|other| *other != client).collect();
        others.sort_unstable();
        others.dedup();
        if others.len() >= limits::Share::of(device).connections {
            return None;
        }
        share.connections.push(Arc::clone(client));
        held.connections += 1;
        Some(Seat { registry: Arc::clone(self), device: device.id.clone(), client: Arc::clone(client) })
    }

    /// A name that no session of this device has, for a client that brought none.
    pub(super) fn name(&self, device: &DeviceId, seed: u64) -> Arc<str> {
        loop {
            let name = format!("vigia-{:08x}-{}", seed as u32, self.numbers.fetch_add(1, Ordering::Relaxed));
            let is_taken = |share: &Share| share.sessions.iter().any(|session| *session.client == *name);
            if !self.held().devices.get(device).is_some_and(is_taken) {
                return name.into();
            }
        }
    }

    /// A session for somebody who was let in; an old connection of the same client has ended then. `None`: there are as many as
    /// there may be, all connected.
    pub(super) async fn begin(&self, device: &Arc<DeviceIdentity>, client: &Arc<str>, wish: Wish) -> Option<Begun> {
        let mut gave_up: Option<Arc<Link>> = None;
        loop {
            let standing = {
                let mut held = self.held();
                let existing = held.find(&device.id, client);
                let standing = existing.as_ref().and_then(|session| session.link());
                match standing {
                    Some(link) if !gave_up.as_ref().is_some_and(|old| Arc::ptr_eq(old, &link)) => link,
                    _ => return self.take(&mut held, existing, device, client, wish),
                }
            };
            standing.order(Order::TakenOver);
            if tokio::time::timeout(TAKEOVER_TIME, standing.ended.cancelled()).await.is_err() {
                tracing::warn!(device = %device.id, ?client, "an old connection does not end; it is left to itself");
            }
            gave_up = Some(standing);
        }
    }

    fn take(
        &self,
        held: &mut Held,
        existing: Option<Arc<Session>>,
        device: &Arc<DeviceIdentity>,
        client: &Arc<str>,
        wish: Wish,
    ) -> Option<Begun> {
        let (now, link, mut over) = (Instant::now(), Arc::<Link>::default(), Vec::new());
        if let Some(session) = existing {
            // What the device was before, known by another number, may have subscribed to what it may not now, and the other way round;
            // and so may it before its rights were withdrawn. Whose time has come is over, whether that was looked at yet or not.
            if !wish.clean && session.device == *device && session.locked().goes_on(now) {
                held.leave_agenda(&session);
                held.touch(&session);
                session.locked().connect(Arc::clone(&link), wish.expiry, now);
                return Some(Begun { session, link, is_present: true, over });
            }
            over.extend(held.end(&session));
        }
        if held.sessions >= SESSIONS {
            let (_, longest_absent) = held.agenda.first_key_value()?;
            let longest_absent = Arc::clone(longest_absent);
            over.extend(held.end(&longest_absent));
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let session = Arc::new(Session::new(number, Arc::clone(client), Arc::clone(device), self.waiting.clone()));
        session.locked().connect(Arc::clone(&link), wish.expiry, now);
        held.sessions += 1;
        let share = held.devices.entry(device.id.clone()).or_default();
        share.sessions.push(Arc::clone(&session));
        let many = share.sessions.len().saturating_sub(limits::Share::of(device).sessions);
        let absent = share.sessions.iter().filter(|session| session.link().is_none());
        for surplus in absent.take(many).cloned().collect::<Vec<_>>() {
            over.extend(held.end(&surplus));
        }
        Some(Begun { session, link, is_present: false, over })
    }

    /// A connection is over. Its session goes on for as long as it was asked to, or not at all.
    pub(super) fn leave(&self, session: &Arc<Session>, link: &Arc<Link>, will: Option<LastWill>, expiry: Option<Duration>) -> Left {
        let now = Instant::now();
        let mut held = self.held();
        let mut state = session.locked();
        if state.is_over || !state.link.as_ref().is_some_and(|standing| Arc::ptr_eq(standing, link)) {
            return Left { will, is_over: false };
        }
        // A connection that was ending already when this was withdrawn has another reason, and perhaps a time of its own.
        let will = will.filter(|_| !state.is_withdrawn);
        let expiry = if state.is_withdrawn { Duration::ZERO } else { expiry.unwrap_or(state.expiry) };
        if expiry.is_zero() {
            drop(state);
            held.end(session);
            return Left { will, is_over: true };
        }
        let delay = will.as_ref().and_then(|will| will.properties.as_ref()?.will_delay).unwrap_or_default();
        let delay = Duration::from_secs(delay.into()).min(expiry);
        let (will_now, will_later) = if delay.is_zero() { (will, None) } else { (None, will) };
        state.disconnect(Some(now + expiry), will_later.map(|will| (now + delay, will)));
        let due = state.due();
        drop(state);
        held.enter_agenda(session, due);
        Left { will: will_now, is_over: false }
    }

    /// Ends a session of a client that is not connected.
    pub(super) fn forget(&self, session: &Arc<Session>) -> Option<Over> {
        let mut held = self.held();
        let is_absent = session.link().is_none();
        if is_absent { held.end(session) } else { None }
    }

    /// Sessions whose time has come, and wills of sessions that go on.
    pub(super) fn due(&self, now: Instant) -> Vec<Over> {
        let (mut due, mut held) = (Vec::new(), self.held());
        while let Some(entry) = held.agenda.first_entry()
            && entry.key().0 <= now
        {
            let session = entry.remove();
            let mut state = session.locked();
            let will = state.will.take_if(|(at, _)| *at <= now).map(|(_, will)| will);
            let (is_over, next) = (state.ends.is_some_and(|at| at <= now), state.due());
            drop(state);
            if is_over {
                let over = held.end(&session);
                due.extend(over.map(|over| Over { will: over.will.or(will), ..over }));
            } else {
                held.enter_agenda(&session, next);
                due.push(Over { session, will });
            }
        }
        due
    }

    /// The sessions of one device.
    pub(super) fn of_device(&self, device: &str) -> Vec<Arc<Session>> {
        let Ok(device) = DeviceId::new(device) else { return Vec::new() };
        self.held().devices.get(&device).map(|share| share.sessions.clone()).unwrap_or_default()
    }

    /// Every session.
    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        self.held().devices.values().flat_map(|share| share.sessions.iter().cloned()).collect()
    }

    /// How many sessions there are.
    pub(super) fn sessions(&self) -> usize {
        self.held().sessions
    }

    /// How many connections there are.
    pub(super) fn connections(&self) -> usize {
        self.held().connections
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn find(&self, device: &DeviceId, client: &str) -> Option<Arc<Session>> {
        self.devices.get(device)?.sessions.iter().find(|session| *session.client == *client).cloned()
    }

    fn touch(&mut self, session: &Arc<Session>) {
        let Some(share) = self.devices.get_mut(&session.device.id) else { return };
        share.sessions.retain(|other| other.number != session.number);
        share.sessions.push(Arc::clone(session));
    }

    fn end(&mut self, session: &Arc<Session>) -> Option<Over> {
        self.leave_agenda(session);
        let share = self.devices.get_mut(&session.device.id)?;
        let at = share.sessions.iter().position(|other| other.number == session.number)?;
        share.sessions.remove(at);
        self.sessions -= 1;
        let mut state = session.locked();
        state.is_over = true;
        state.link = None;
        let will = state.will.take().map(|(_, will)| will);
        drop(state);
        self.tidy(&session.device.id);
        Some(Over { session: Arc::clone(session), will })
    }

    fn enter_agenda(&mut self, session: &Arc<Session>, due: Option<Instant>) {
        if let Some(due) = due {
            self.agenda.insert((due, session.number), Arc::clone(session));
        }
    }

    fn leave_agenda(&mut self, session: &Session) {
        if let Some(due) = session.locked().due() {
            self.agenda.remove(&(due, session.number));
        }
    }

    fn tidy(&mut self, device: &DeviceId) {
        if self.devices.get(device).is_some_and(|share| share.connections.is_empty() && share.sessions.is_empty()) {
            self.devices.remove(device);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.registry.held();
        held.connections -= 1;
        if let Some(share) = held.devices.get_mut(&self.device)
            && let Some(at) = share.connections.iter().position(|client| *client == self.client)
        {
            share.connections.remove(at);
        }
        held.tidy(&self.device);
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
