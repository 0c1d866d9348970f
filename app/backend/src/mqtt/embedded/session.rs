//! A session: what is kept of a client, whether it is connected or not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::limits::{EARLY, EARLY_BYTES, SETTLING, UNRELEASED};
use super::link::{Link, Order};
use super::message::Message;
use super::outbox::{Letter, Outbox, Waiting};
use super::wire::LastWill;
use crate::mqtt::DeviceIdentity;

pub(super) struct Session {
    /// No other session of this broker has it.
    pub(super) number: u64,
    /// The client as it called itself; its name among those of its device alone.
    pub(super) client: Arc<str>,
    pub(super) device: Arc<DeviceIdentity>,
    state: Mutex<State>,
}

/// What changes of a session.
pub(super) struct State {
    /// The connection that stands.
    pub(super) link: Option<Arc<Link>>,
    pub(super) outbox: Outbox,
    /// QoS 2 messages of the client that are taken and not released.
    received: Vec<u16>,
    /// Its subscriptions, as it wrote them.
    pub(super) filters: Vec<Box<str>>,
    /// How long it is kept when its client is gone.
    pub(super) expiry: Duration,
    /// When it ends, while its client is gone.
    pub(super) ends: Option<Instant>,
    /// A last will that waits.
    pub(super) will: Option<(Instant, LastWill)>,
    early: Option<Early>,
    /// What its client may do was withdrawn: it is not kept, however its connection ends, and its will is not said.
    pub(super) is_withdrawn: bool,
    /// It is kept no more.
    pub(super) is_over: bool,
}

/// What the house sent to the device since this client connected and nobody of its subscriptions covered.
struct Early {
    until: Instant,
    messages: Vec<Arc<Message>>,
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dropped(pub(super) u64);

impl Session {
    pub(super) fn new(number: u64, client: Arc<str>, device: Arc<DeviceIdentity>, waiting: Waiting) -> Self {
        let state = State {
            link: None,
            outbox: Outbox::new(waiting),
            received: Vec::new(),
            filters: Vec::new(),
            expiry: Duration::ZERO,
            ends: None,
            will: None,
            early: None,
            is_withdrawn: false,
            is_over: false,
        };
        Self { number, client, device, state: Mutex::new(state) }
    }

    pub(super) fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that stands.
    pub(super) fn link(&self) -> Option<Arc<Link>> {
        self.locked().link.clone()
    }

    /// What its client may do is withdrawn. Says whether a connection stands, which is told; one that is ending already has its own
    /// reason, and the mark counts all the same.
    pub(super) fn withdraw(&self) -> bool {
        let mut state = self.locked();
        state.is_withdrawn = true;
        if let Some(link) = &state.link {
            link.order(Order::Withdrawn);
        }
        state.link.is_some()
    }

    /// Whether its client is there and takes what is sent to it.
    pub(super) fn keeps_up(&self) -> bool {
        let state = self.locked();
        state.link.is_some() && !state.outbox.is_full()
    }

    /// Puts a letter into its outbox. Of a full one, what is not owed falls out; and a client that is connected and does not take
    /// what is owed to it loses its connection.
    pub(super) fn offer(&self, letter: Letter) -> Dropped {
        let mut state = self.locked();
        let mut dropped = Dropped::default();
        if state.is_over || (state.link.is_none() && letter.qos == 0) {
            return dropped;
        }
        while !state.outbox.has_room_for(&letter) {
            // Not for what others hold: one who takes nothing must not cost everybody their connections.
            if letter.qos > 0
                && !state.outbox.fits_here(&letter)
                && let Some(link) = &state.link
            {
                link.order(Order::Slow);
            }
            dropped.0 += 1;
            if letter.qos == 0 || !state.outbox.drop_oldest() {
                return dropped;
            }
        }
        state.outbox.put(letter);
        if let Some(link) = &state.link {
            link.stir();
        }
        dropped
    }

    /// The same for what the client asked for at once, and may be more than its share: what finds no room is left away.
    pub(super) fn offer_retained(&self, letter: Letter) -> Dropped {
        let has_room = self.locked().outbox.has_room_for(&letter);
        if has_room { self.offer(letter) } else { Dropped(1) }
    }

    /// Keeps what the house sent, while the client has not had the time to subscribe.
    pub(super) fn keep_early(&self, message: &Arc<Message>, now: Instant) {
        let mut state = self.locked();
        if state.early.as_ref().is_some_and(|early| early.until <= now) {
            state.early = None;
        }
        if let Some(early) = &mut state.early
            && early.messages.len() < EARLY
            && early.messages.iter().map(|early| early.bytes()).sum::<usize>() + message.bytes() <= EARLY_BYTES
        {
            early.messages.push(Arc::clone(message));
        }
    }
}

impl State {
    /// A connection begins.
    pub(super) fn connect(&mut self, link: Arc<Link>, expiry: Duration, now: Instant) {
        self.link = Some(link);
        self.expiry = expiry;
        self.ends = None;
        self.will = None;
        self.early = Some(Early { until: now + SETTLING, messages: Vec::new() });
        self.outbox.begin_again();
    }

    /// Whether this will is to be said when the connection ends, not later.
    pub(super) fn says_at_once(&self, will: &LastWill, expiry: Option<Duration>) -> bool {
        let delay = will.properties.as_ref().and_then(|properties| properties.will_delay).unwrap_or_default();
        delay == 0 || expiry.unwrap_or(self.expiry).is_zero()
    }

    /// The connection ends, and the session does not.
    pub(super) fn disconnect(&mut self, ends: Option<Instant>, will: Option<(Instant, LastWill)>) {
        self.link = None;
        self.early = None;
        self.ends = ends;
        self.will = will;
        self.outbox.drop_unowed();
    }

    /// Whether a client that comes again finds it as it left it.
    pub(super) fn goes_on(&self, now: Instant) -> bool {
        !self.is_withdrawn && self.ends.is_none_or(|at| at > now)
    }

    /// When this session wants to be looked at, while its client is gone.
    pub(super) fn due(&self) -> Option<Instant> {
        let will = self.will.as_ref().map(|(at, _)| *at);
        [will, self.ends].into_iter().flatten().min()
    }

    /// Takes what came early and is covered by a filter.
    pub(super) fn take_early(&mut self, covers: impl Fn(&str) -> bool, now: Instant) -> Vec<Arc<Message>> {
        match &mut self.early {
            Some(early) if early.until > now => early.messages.extract_if(.., |message| covers(&message.topic)).collect(),
            _ => {
                self.early = None;
                Vec::new()
            }
        }
    }

    pub(super) fn has_received(&self, id: u16) -> bool {
        self.received.contains(&id)
    }

    pub(super) fn received(&self) -> usize {
        self.received.len()
    }

    /// A QoS 2 message was taken. `false`: more than a client may have under way.
    pub(super) fn receive(&mut self, id: u16) -> bool {
        if self.received.len() >= UNRELEASED {
            return false;
        }
        if !self.received.contains(&id) {
            self.received.push(id);
        }
        true
    }

    /// It is released. `false`: there was none.
    pub(super) fn release(&mut self, id: u16) -> bool {
        let at = self.received.iter().position(|received| *received == id);
        if let Some(at) = at {
            self.received.swap_remove(at);
        }
        at.is_some()
    }
}
