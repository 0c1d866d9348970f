//! What the broker's parts share: the gate, and who hears what.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::arrivals::Arrivals;
use super::limits::{HANDSHAKES, REFUSALS, SUBSCRIPTIONS, WILL_ATTEMPTS, WILL_PAUSE, WILLS};
use super::link::Order;
use super::message::{Draft, Message};
use super::outbox::Letter;
use super::registry::{Over, Registry};
use super::retained::{Full, Retained};
use super::rights;
use super::session::{Dropped, Session};
use super::subscriptions::{Hit, Subscription, Subscriptions};
use super::topics::{Filter, covers};
use super::wire::{LastWill, Reason, Subscribe};
use crate::config::Guard;
use crate::metrics::{BrokerMetrics, Turned};
use crate::mqtt::{DeviceIdentity, Gate, Offence, Unavailable};

/// Connections by id and number.
type Presence = HashMap<(DeviceId, DeviceNumber), Arc<Mutex<usize>>>;

pub(super) struct House {
    pub(super) gate: Arc<dyn Gate>,
    pub(super) registry: Arc<Registry>,
    pub(super) handshakes: Semaphore,
    /// Those who wait for the answer to their CONNECT.
    pub(super) arrivals: Arrivals,
    /// Places for those who are made to wait for a no.
    pub(super) refusals: Semaphore,
    /// Those who were not let in.
    pub(super) turned: Turned,
    /// Messages that were not kept for who comes later.
    not_retained: Turned,
    /// Makes the names of clients that bring none differ from those before a restart.
    pub(super) seed: u64,
    peers: Guard,
    subscriptions: Subscriptions,
    retained: Retained,
    /// Connections per identity: who waits to be claimed and the device of that id are two for the gate. The lock is held while the gate is told, so that a reconnect is never overtaken by its "gone".
    presence: std::sync::Mutex<Presence>,
    dropped: AtomicU64,
    metrics: BrokerMetrics,
    is_stopping: AtomicBool,
}

impl House {
    pub(super) fn new(gate: Arc<dyn Gate>, peers: Guard, metrics: BrokerMetrics, seed: u64) -> Self {
        Self {
            gate,
            registry: Arc::default(),
            handshakes: Semaphore::new(HANDSHAKES),
            arrivals: Arrivals::default(),
            refusals: Semaphore::new(REFUSALS),
            turned: Turned::new("mqtt", metrics.turned_away.clone()),
            not_retained: Turned::new("mqtt", metrics.not_retained.clone()),
            metrics,
            seed,
            peers,
            subscriptions: Subscriptions::default(),
            retained: Retained::default(),
            presence: std::sync::Mutex::default(),
            dropped: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
        }
    }

    pub(super) fn admits(&self, peer: IpAddr) -> bool {
        self.peers.admits(peer)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Tells every connection to end.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.registry.all().iter().filter_map(|session| session.link()).for_each(|link| link.order(Order::Stop));
    }

    /// How many messages found no room in a queue.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Shows how many are there.
    pub(super) fn show(&self, strangers: usize) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.metrics.strangers.set(number(strangers));
        self.metrics.connections.set(number(self.registry.connections()));
        self.metrics.retained_bytes.set(number(self.retained.bytes()));
    }

    /// Ends every session of a device.
    pub(super) fn withdraw(&self, device: &DeviceId) {
        // First those who are on their way: whoever is not found here any more stands in the registry.
        self.arrivals.withdraw(device.as_str());
        for session in self.registry.of_device(device.as_str()) {
            if !session.withdraw() {
                self.registry.forget(&session).iter().for_each(|over| self.clear(&over.session));
            }
        }
    }

    /// What a device sent and the gate took.
    pub(super) fn pass_on(&self, session: &Session, draft: Draft<'_>) {
        self.route(draft, Some(&session.device));
    }

    /// What the house itself says. Whoever of the device has just connected and not subscribed yet gets it when he does.
    pub(super) fn say(&self, draft: Draft<'_>) {
        let now = Instant::now();
        let message = draft.message(now);
        self.keep(&message, None);
        let told = self.deliver(&message, now);
        if message.payload.is_empty() && message.retain {
            return;
        }
        for session in self.registry.of_device(rights::owner(&message.topic)) {
            if !told.contains(&session.number) {
                session.keep_early(&message, now);
            }
        }
    }

    fn route(&self, draft: Draft<'_>, owner: Option<&DeviceIdentity>) {
        let heard = self.subscriptions.any(draft.topic);
        if !heard && !draft.retain {
            return;
        }
        let now = Instant::now();
        let message = draft.message(now);
        self.keep(&message, owner);
        if heard {
            self.deliver(&message, now);
        }
    }

    fn keep(&self, message: &Arc<Message>, owner: Option<&DeviceIdentity>) {
        if !message.retain {
            return;
        }
        if let Err(full) = self.retained.set(message, owner) {
            tracing::debug!(topic = %message.topic, ?full, "not retained");
            let (reason, sentence) = match full {
                Full::Large => ("large", "a message was larger than what is retained of a state"),
                Full::Share => ("share", "a device wanted more retained than its share"),
                Full::All => ("all", "a message was not retained: all devices together have as much retained as there may be"),
            };
            self.not_retained.note(reason, sentence, None);
        }
    }

    fn deliver(&self, message: &Arc<Message>, now: Instant) -> Vec<u64> {
        let hits = self.subscriptions.hits(message);
        let numbers = hits.iter().map(|hit| hit.session.number).collect();
        hits.into_iter().for_each(|hit| self.offer(hit, message, now));
        numbers
    }

    fn offer(&self, hit: Hit, message: &Arc<Message>, since: Instant) {
        let Hit { session, qos, retain, subscription_ids, group } = hit;
        self.put(&session, Letter { message: Arc::clone(message), qos, retain, subscription_ids, group, since });
    }

    fn put(&self, session: &Session, letter: Letter) {
        self.count_dropped(session, session.offer(letter));
    }

    fn count_dropped(&self, session: &Session, Dropped(dropped): Dropped) {
        if dropped > 0 {
            let before = self.dropped.fetch_add(dropped, Ordering::Relaxed);
            self.metrics.dropped.inc_by(dropped);
            // The first, and then at each doubling: a flood does not fill the log.
            if (before + dropped).ilog2() > before.checked_ilog2().unwrap_or(0) || before == 0 {
                tracing::warn!(device = %session.device.id, all = before + dropped, "messages for a client that does not take them were dropped");
            }
        }
    }

    /// What is to be said to each filter before anything is done: nothing, or why not.
    pub(super) fn judge(&self, session: &Session, request: &Subscribe) -> Vec<Result<(), Reason>> {
        let judge = |text: &String| match Filter::parse(text) {
            // Rights first: what is no filter is nobody's.
            None => Err(Reason::FilterInvalid),
            Some(filter) if !rights::may_subscribe(&*self.gate, &session.device, &filter) => Err(Reason::NotAuthorized),
            Some(_) => Ok(()),
        };
        request.filters.iter().map(|(text, _)| judge(text)).collect()
    }

    /// Subscribes to what was judged good. Returns the codes for the answer; what is retained waits in the outbox then.
    pub(super) fn subscribe(&self, session: &Arc<Session>, request: &Subscribe, judged: &[Result<(), Reason>]) -> Vec<u8> {
        let now = Instant::now();
        let mut codes = Vec::with_capacity(judged.len());
        for ((text, options), judged) in request.filters.iter().zip(judged) {
            let subscription = Subscription { options: *options, id: request.subscription_id };
            let done = judged.and_then(|()| self.subscribe_to(session, text, subscription, now));
            codes.push(done.map_or_else(|reason| reason as u8, |()| options.qos));
        }
        codes
    }

    fn subscribe_to(&self, session: &Arc<Session>, text: &str, subscription: Subscription, now: Instant) -> Result<(), Reason> {
        let filter = Filter::parse(text).ok_or(Reason::FilterInvalid)?;
        {
            let mut state = session.locked();
            if state.is_over {
                return Err(Reason::ServerUnavailable);
            }
            if !state.filters.iter().any(|known| **known == *text) {
                if state.filters.len() >= SUBSCRIPTIONS {
                    return Err(Reason::QuotaExceeded);
                }
                state.filters.push(text.into());
            }
        }
        let Subscription { options, id } = subscription;
        let letter = |message: Arc<Message>, retain| {
            let qos = options.qos.min(message.qos);
            Letter { message, qos, retain, subscription_ids: Vec::from_iter(id), group: None, since: now }
        };
        let is_new = match filter.group {
            Some(group) => self.subscriptions.join(session, group, filter.filter, subscription),
            None => self.subscriptions.add(session, filter.filter, subscription),
        };
        // It may have ended meanwhile, by a client that came again and did not wait: then nobody would take this away.
        if session.locked().is_over {
            self.subscriptions.remove(session, filter.group, filter.filter);
            return Err(Reason::ServerUnavailable);
        }
        // What is retained is everybody's, not a group's.
        if filter.group.is_none() && (options.retained == 0 || (options.retained == 1 && is_new)) {
            for message in self.retained.covered_by(filter.filter, now) {
                self.count_dropped(session, session.offer_retained(letter(message, true)));
            }
        }
        let early = session.locked().take_early(|topic| covers(filter.filter, topic), now);
        // The retained ones among them have just been sent.
        for message in early.into_iter().filter(|message| !message.retain || filter.group.is_some()) {
            self.put(session, letter(message, false));
        }
        Ok(())
    }

    /// Ends subscriptions. Returns a code for each.
    pub(super) fn unsubscribe(&self, session: &Arc<Session>, filters: &[String]) -> Vec<Reason> {
        let end = |text: &String| {
            let Some(filter) = Filter::parse(text) else { return Reason::FilterInvalid };
            let mut state = session.locked();
            let Some(at) = state.filters.iter().position(|known| **known == **text) else { return Reason::NoSubscriptionExisted };
            state.filters.remove(at);
            drop(state);
            self.subscriptions.remove(session, filter.group, filter.filter);
            Reason::Success
        };
        filters.iter().map(end).collect()
    }

    /// A session is over: nobody writes to it any more, and what it shared goes to the others.
    pub(super) fn clear(&self, session: &Arc<Session>) {
        let filters = std::mem::take(&mut session.locked().filters);
        for filter in filters.iter().filter_map(|text| Filter::parse(text)) {
            self.subscriptions.remove(session, filter.group, filter.filter);
        }
        self.hand_over(session, true);
    }

    /// Gives what a session got for its groups, and did not take, to other members. With `all` also what was sent and never
    /// acknowledged; else it is sent again when the client comes back.
    pub(super) fn hand_over(&self, session: &Session, all: bool) {
        let letters = session.locked().outbox.take_shared(all);
        for letter in letters {
            let name = letter.group.clone();
            let hit = name.and_then(|name| self.subscriptions.another(&name, &letter.message, session.number));
            match hit {
                Some(hit) if all || hit.session.keeps_up() => self.offer(hit, &letter.message, letter.since),
                _ => self.put(session, letter),
            }
        }
    }

    /// Ends what the registry says is over, and publishes the wills that were left. Sessions that go on have only their will said.
    pub(super) async fn settle(&self, over: Vec<Over>) {
        // All of them first: a will may have to wait for the store.
        for Over { session, .. } in &over {
            let is_over = session.locked().is_over;
            if is_over {
                self.clear(session);
            }
        }
        let wills = over.into_iter().filter_map(|Over { session, will }| will.map(|will| (session, will)));
        let say = async |(session, will): (Arc<Session>, LastWill)| self.will(&session, &will).await;
        futures_util::stream::iter(wills).for_each_concurrent(WILLS, say).await;
    }

    /// Stores a last will and passes it on. While we stop it is we who left, so the will says nothing about its device; and who was
    /// withdrawn says nothing.
    pub(super) async fn will(&self, session: &Session, will: &LastWill) {
        if session.locked().is_withdrawn {
            return;
        }
        // It was asked when the client came; that may be long ago.
        if !rights::may_publish(&*self.gate, &session.device, &will.topic) {
            return self.gate.refused(&session.device, Offence::Will, &will.topic, &will.payload).await;
        }
        let mut pause: Duration = WILL_PAUSE;
        for attempt in 1..=WILL_ATTEMPTS {
            if self.is_stopping() || session.locked().is_withdrawn {
                return;
            }
            match self.gate.accept(&session.device, &will.topic, will.payload.clone(), will.qos).await {
                Ok(()) => return self.pass_on(session, Draft::of_will(will, session.number)),
                Err(Unavailable) if attempt == WILL_ATTEMPTS => break,
                Err(Unavailable) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        tracing::warn!(device = %session.device.id, "a last will could not be stored");
    }

    pub(super) async fn connected(&self, device: &DeviceIdentity) {
        let count = self.count(device);
        let mut count = count.lock().await;
        *count += 1;
        self.retained.forget_former(device);
        self.gate.connected(device).await;
    }

    pub(super) async fn disconnected(&self, device: &DeviceIdentity) {
        let shared = self.count(device);
        let mut count = shared.lock().await;
        *count = count.saturating_sub(1);
        if *count > 0 {
            return;
        }
        self.gate.disconnected(device).await;
        let mut presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else waits for it (this is one, the map's the other): it can go.
        if Arc::strong_count(&shared) == 2 {
            presence.remove(&(device.id.clone(), device.number));
        }
    }

    fn count(&self, device: &DeviceIdentity) -> Arc<Mutex<usize>> {
        let mut presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(presence.entry((device.id.clone(), device.number)).or_default())
    }
}
