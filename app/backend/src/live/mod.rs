//! The live hub: whoever listens to a device hears of its new values. A slow listener gets the latest, never the backlog.

pub mod across;
mod memo;
mod message;
mod newest;
mod seats;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Notify, watch};
use vigia_domain::command::CommandState;
use vigia_domain::ids::{DeviceId, DeviceNumber, UserId};
use vigia_domain::live::Update;
use vigia_domain::rights::Principal;

pub use memo::Memo;
pub use message::Message;
use newest::Newest;
pub use seats::{MOST_SOCKETS, Seat, Seats};

/// How many devices one listener may follow.
pub const MOST_TOPICS: usize = 2_000;

/// Devices that somebody may see, and whose they are.
pub type Visible = BTreeMap<DeviceId, (DeviceNumber, Option<UserId>)>;

/// The switchboard. Clones are handles to the same one.
#[derive(Clone, Default)]
pub struct Hub {
    topics: Arc<Mutex<HashMap<DeviceId, Topic>>>,
    /// What waits for the other processes, where there are any.
    overheard: Arc<OnceLock<Arc<Mailbox>>>,
    seats: Seats,
    standings: Memo<String, Principal>,
    owners: Memo<DeviceNumber, Option<Option<UserId>>>,
    visible: Memo<String, Arc<Visible>>,
    /// Rings when a device came, went or changed hands.
    fleet: Arc<watch::Sender<()>>,
}

/// A device that somebody follows.
struct Topic {
    number: DeviceNumber,
    /// Whether its followers take it to be online.
    is_online: bool,
    newest: Newest,
    mailboxes: Vec<Arc<Mailbox>>,
}

/// What waits for one listener: at most one message per device.
#[derive(Default)]
struct Mailbox {
    waiting: Mutex<BTreeMap<DeviceId, Arc<Message>>>,
    wake: Notify,
}

/// One listener; it stops listening when dropped.
pub struct Listener {
    hub: Hub,
    mailbox: Arc<Mailbox>,
    follows: HashMap<DeviceId, DeviceNumber>,
}

impl Hub {
    /// The topic of a device.
    #[must_use]
    pub fn topic(device: &DeviceId) -> String {
        format!("device/{device}")
    }

    /// A listener that follows nothing yet.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener { hub: self.clone(), mailbox: Arc::default(), follows: HashMap::new() }
    }

    /// The places of the connections that listen.
    #[must_use]
    pub fn seats(&self) -> &Seats {
        &self.seats
    }

    /// Who a credential is, by the hash of it: connections of one account ask together.
    #[must_use]
    pub fn standings(&self) -> &Memo<String, Principal> {
        &self.standings
    }

    /// Whose a device is; the outer `None`: it is not there any more.
    #[must_use]
    pub fn owners(&self) -> &Memo<DeviceNumber, Option<Option<UserId>>> {
        &self.owners
    }

    /// Which devices a principal may see, by who it is and what it may.
    #[must_use]
    pub fn visible(&self) -> &Memo<String, Arc<Visible>> {
        &self.visible
    }

    /// Says that a device came, went or changed hands: whoever follows what may be seen looks again at once.
    pub fn fleet_changed(&self) {
        self.owners.forget();
        self.visible.forget();
        self.fleet.send_replace(());
    }

    /// Wakes at each [`Hub::fleet_changed`] from here on.
    #[must_use]
    pub fn fleet(&self) -> watch::Receiver<()> {
        self.fleet.subscribe()
    }

    /// Tells everyone who follows `device`; what, is asked only when there is somebody. Never waits for a listener. `heard`: its number, when
    /// it is there by this message.
    pub fn publish(&self, device: &DeviceId, heard: Option<DeviceNumber>, updates: impl FnOnce() -> Vec<Update>) {
        self.publish_at(device, heard, None, updates);
    }

    /// The same for a message that came at `heard_ms`, milliseconds since the epoch: other processes order by it what they hear of the device.
    pub fn publish_at(&self, device: &DeviceId, heard: Option<DeviceNumber>, heard_ms: Option<i64>, updates: impl FnOnce() -> Vec<Update>) {
        let mut topics = locked(&self.topics);
        let (mut topic, overheard) = (topics.get_mut(device), self.overheard.get());
        if topic.is_none() && overheard.is_none() {
            return;
        }
        for update in updates() {
            let is_online = update.says_online();
            let message = Message::of(update, heard, heard_ms);
            if let Some(topic) = &mut topic {
                topic.tell_news(device, is_online, &message);
            }
            if let Some(mailbox) = overheard {
                mailbox.put(device, &message);
            }
        }
    }

    /// Tells those who follow `device` here what another process announced.
    fn repeat(&self, device: &DeviceId, mut update: Update, commands: BTreeMap<String, CommandState>) {
        if let Some(topic) = locked(&self.topics).get_mut(device) {
            if update.values.is_empty() {
                update.online.get_or_insert(topic.is_online);
            }
            topic.tell_news(device, update.says_online(), &Message::with(update, commands));
        }
    }

    /// Whether other processes are told, and tell.
    #[must_use]
    pub fn has_neighbours(&self) -> bool {
        self.overheard.get().is_some()
    }

    /// Everything that is announced here, the latest of each device.
    fn overhear(&self) -> Arc<Mailbox> {
        Arc::clone(self.overheard.get_or_init(Arc::default))
    }

    /// Asks of every followed device whether it is online, and tells its followers where they take it to be otherwise.
    pub fn review(&self, at: &str, is_online: impl Fn(DeviceNumber) -> bool) {
        // Asked while nothing can be published: what is heard of a device afterwards is told afterwards.
        for (device, topic) in locked(&self.topics).iter_mut() {
            let now = is_online(topic.number);
            if now != topic.is_online {
                let update =
                    Update { topic: Self::topic(device), at: at.to_owned(), values: BTreeMap::new(), online: Some(now), seen_at: None };
                topic.tell(device, now, &Message::new(update));
            }
        }
    }

    /// Tells everyone who follows `device` how far a command has come. Of the device itself it says nothing new.
    pub fn command(&self, device: &DeviceId, at: &str, id: &str, state: CommandState) {
        let mut topics = locked(&self.topics);
        let message = |online| {
            let update = Update { topic: Self::topic(device), at: at.to_owned(), values: BTreeMap::new(), online, seen_at: None };
            Message::with(update, BTreeMap::from([(id.to_owned(), state)]))
        };
        if let Some(topic) = topics.get_mut(device) {
            let online = topic.is_online;
            topic.tell(device, online, &message(Some(online)));
        }
        if let Some(mailbox) = self.overheard.get() {
            mailbox.put(device, &message(None));
        }
    }

    /// How many listeners follow anything, counted once per device.
    #[must_use]
    pub fn followed(&self) -> usize {
        locked(&self.topics).values().map(|topic| topic.mailboxes.len()).sum()
    }
}

impl Topic {
    /// Tells what was heard, but for values that are older than what was told.
    fn tell_news(&mut self, device: &DeviceId, is_online: bool, message: &Arc<Message>) {
        let Some(mut update) = self.newest.note(message.update()) else { return self.tell(device, is_online, message) };
        if update.values.is_empty() {
            // Whether it is there, and how far its commands have come, is news all the same.
            if is_online == self.is_online && message.commands().is_empty() {
                return;
            }
            update.online = Some(is_online);
        }
        self.tell(device, is_online, &Message::with(update, message.commands().clone()));
    }

    fn tell(&mut self, device: &DeviceId, is_online: bool, message: &Arc<Message>) {
        self.is_online = is_online;
        for mailbox in &self.mailboxes {
            mailbox.put(device, message);
        }
    }
}

impl Mailbox {
    fn put(&self, device: &DeviceId, message: &Arc<Message>) {
        let mut waiting = locked(&self.waiting);
        match waiting.get_mut(device) {
            // Once it is the mailbox's own, it is changed where it stands: a listener that sleeps costs the writer next to nothing.
            Some(old) => match Arc::get_mut(old) {
                Some(own) => own.take_up(message),
                None => *old = old.and(message),
            },
            None => drop(waiting.insert(device.clone(), Arc::clone(message))),
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// Takes messages back that could not be passed on: what came since is newer.
    fn give_back(&self, messages: impl Iterator<Item = Arc<Message>>) {
        let mut waiting = locked(&self.waiting);
        for old in messages {
            let Ok(device) = DeviceId::new(old.device()) else { continue };
            let both = waiting.get(&device).map_or_else(|| Arc::clone(&old), |new| old.and(new));
            waiting.insert(device, both);
        }
    }

    /// The next messages, at least one, at most one per device.
    async fn next(&self) -> Vec<Arc<Message>> {
        loop {
            let messages = std::mem::take(&mut *locked(&self.waiting));
            if !messages.is_empty() {
                return messages.into_values().collect();
            }
            self.wake.notified().await;
        }
    }
}

impl Listener {
    /// Follows a device; the first that is heard of it is what `known` says. `false`: it follows too many already.
    pub fn follow(&mut self, device: DeviceId, number: DeviceNumber, known: impl FnOnce() -> Option<Update>) -> bool {
        if self.follows.contains_key(&device) {
            return true;
        }
        if self.follows.len() >= MOST_TOPICS {
            return false;
        }
        let mut topics = locked(&self.hub.topics);
        // Asked while nothing can be published: what was said before is in it, what is said after comes after.
        let known = known();
        let is_online = known.as_ref().is_some_and(Update::says_online);
        let topic = topics.entry(device.clone()).or_insert(Topic { number, is_online, newest: Newest::default(), mailboxes: Vec::new() });
        topic.mailboxes.push(Arc::clone(&self.mailbox));
        if let Some(update) = known {
            let _ = topic.newest.note(&update);
            locked(&self.mailbox.waiting).insert(device.clone(), Message::new(update));
            self.mailbox.wake.notify_one();
        }
        drop(topics);
        self.follows.insert(device, number);
        true
    }

    /// Follows a device, and hears nothing of it until something changes. `is_online`: as its listener takes it to be. There is no
    /// bound here: the caller has one.
    pub fn follow_quietly(&mut self, device: &DeviceId, number: DeviceNumber, is_online: impl FnOnce() -> bool) {
        if self.follows.insert(device.clone(), number).is_some() {
            return;
        }
        let mut topics = locked(&self.hub.topics);
        // Asked while nothing can be published, as in `follow`.
        let topic = topics.entry(device.clone()).or_insert_with(|| Topic {
            number,
            is_online: is_online(),
            newest: Newest::default(),
            mailboxes: Vec::new(),
        });
        topic.mailboxes.push(Arc::clone(&self.mailbox));
    }

    /// The devices that it follows.
    #[must_use]
    pub fn follows(&self) -> &HashMap<DeviceId, DeviceNumber> {
        &self.follows
    }

    /// Follows a device no longer.
    pub fn leave(&mut self, device: &DeviceId) {
        if self.follows.remove(device).is_some() {
            self.forget(device);
            // What was on its way is not told any more: its right may be gone.
            locked(&self.mailbox.waiting).remove(device);
        }
    }

    /// The next messages, at least one, at most one per device.
    pub async fn next(&self) -> Vec<Arc<Message>> {
        self.mailbox.next().await
    }

    fn forget(&self, device: &DeviceId) {
        let mut topics = locked(&self.hub.topics);
        if let Some(topic) = topics.get_mut(device) {
            topic.mailboxes.retain(|mailbox| !Arc::ptr_eq(mailbox, &self.mailbox));
            if topic.mailboxes.is_empty() {
                topics.remove(device);
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for device in std::mem::take(&mut self.follows).into_keys() {
            self.forget(&device);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DeviceId {
        DeviceId::new(text).expect("a good id")
    }

    const M1: DeviceNumber = DeviceNumber(1);

    fn update(at: &str, values: &[(&str, f64)]) -> Update {
        Update {
            topic: "device/m1".into(),
            at: at.into(),
            values: values.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
            online: None,
            seen_at: None,
        }
    }

    #[tokio::test]
    async fn a_slow_listener_gets_the_latest_of_every_metric_and_not_the_backlog() {
        let hub = Hub::default();
        let mut slow = hub.listen();
        assert!(slow.follow(id("m1"), M1, || None));
        for n in 0..1000 {
            hub.publish(&id("m1"), Some(M1), || vec![update("2026-01-01T00:00:01.000Z", &[("power_w", f64::from(n))])]);
        }
        hub.publish(&id("m1"), Some(M1), || vec![update("2026-01-01T00:00:02.000Z", &[("voltage_v", 127.0)])]);
        hub.publish(&id("m2"), Some(M1), || vec![update("2026-01-01T00:00:03.000Z", &[("power_w", 1.0)])]);
        let messages = slow.next().await;
        assert_eq!(messages.len(), 1);
        assert_eq!(
            messages[0].text().as_str(),
            r#"{"topic":"device/m1","at":"2026-01-01T00:00:02.000Z","values":{"power_w":999.0,"voltage_v":127.0}}"#
        );
    }

    #[test]
    fn a_listener_that_sleeps_costs_no_copy_and_the_others_share_theirs() {
        let hub = Hub::default();
        let mut listeners = [hub.listen(), hub.listen(), hub.listen()];
        for listener in &mut listeners {
            assert!(listener.follow(id("m1"), M1, || None));
        }
        let waits = |listener: &Listener| locked(&listener.mailbox.waiting)[&id("m1")].clone();
        let say = |n: f64| hub.publish(&id("m1"), Some(M1), || vec![update("2026-01-01T00:00:01.000Z", &[("power_w", n)])]);
        say(0.0);
        assert!(Arc::ptr_eq(&waits(&listeners[0]), &waits(&listeners[1])), "put into words once for all");
        say(1.0);
        let own = Arc::as_ptr(&waits(&listeners[0]));
        assert!(waits(&listeners[0]).text().contains("1.0"));
        for n in 2..100 {
            say(f64::from(n));
        }
        assert!(std::ptr::eq(own, Arc::as_ptr(&waits(&listeners[0]))), "changed where it stands");
        assert!(waits(&listeners[0]).text().contains("99.0"), "and said anew");
    }

    #[tokio::test]
    async fn who_comes_late_first_hears_what_is_known() {
        let hub = Hub::default();
        let mut late = hub.listen();
        assert!(late.follow(id("m1"), M1, || Some(update("2026-01-01T00:00:01.000Z", &[("power_w", 1.0), ("voltage_v", 127.0)]))));
        hub.publish(&id("m1"), Some(M1), || vec![update("2026-01-01T00:00:02.000Z", &[("power_w", 2.0)])]);
        let heard = late.next().await;
        assert_eq!(
            heard[0].text().as_str(),
            r#"{"topic":"device/m1","at":"2026-01-01T00:00:02.000Z","values":{"power_w":2.0,"voltage_v":127.0}}"#
        );
    }

    #[tokio::test]
    async fn what_is_only_repeated_stays_so_until_something_new_is_heard() {
        let hub = Hub::default();
        let mut late = hub.listen();
        let known = Update { seen_at: Some("2026-01-01T00:00:03.000Z".into()), ..update("2026-01-01T00:00:01.000Z", &[("power_w", 1.0)]) };
        assert!(late.follow(id("m1"), M1, || Some(known.clone())));
        hub.review("2026-01-01T00:05:03.000Z", |_| false);
        assert!(late.next().await[0].text().contains(r#""online":false,"seen_at":"2026-01-01T00:00:03.000Z""#));
        late.leave(&id("m1"));
        assert!(late.follow(id("m1"), M1, || Some(known)));
        hub.publish(&id("m1"), Some(M1), || vec![update("2026-01-01T00:06:00.000Z", &[("voltage_v", 127.0)])]);
        assert!(!late.next().await[0].text().contains("seen_at"), "it was heard of just now");
    }

    #[tokio::test]
    async fn a_slow_listener_hears_how_far_each_command_has_come_beside_the_values() {
        let hub = Hub::default();
        let mut slow = hub.listen();
        assert!(slow.follow(id("m1"), M1, || Some(update("2026-01-01T00:00:01.000Z", &[("power_w", 1.0)]))));
        let at = "2026-01-01T00:00:02.000Z";
        for (command, state) in [("c1", CommandState::Queued), ("c2", CommandState::Queued), ("c1", CommandState::Done)] {
            hub.command(&id("m1"), at, command, state);
        }
        assert_eq!(
            slow.next().await[0].text().as_str(),
            concat!(
                r#"{"topic":"device/m1","at":"2026-01-01T00:00:01.000Z","values":{"power_w":1.0},"online":true,"#,
                r#""commands":{"c1":"done","c2":"queued"}}"#
            )
        );
        hub.publish(&id("m1"), Some(M1), || vec![update(at, &[("power_w", 2.0)])]);
        assert!(!slow.next().await[0].text().contains("commands"));
    }

    #[test]
    fn who_left_is_forgotten() {
        let hub = Hub::default();
        let (mut one, mut two) = (hub.listen(), hub.listen());
        one.follow(id("m1"), M1, || None);
        two.follow(id("m1"), M1, || None);
        two.leave(&id("m1"));
        assert_eq!(hub.followed(), 1);
        drop(one);
        assert_eq!(hub.followed(), 0);
    }

    #[tokio::test]
    async fn a_change_of_state_is_told_once_and_not_what_is_known_already() {
        let hub = Hub::default();
        let mut listener = hub.listen();
        listener.follow(id("m1"), M1, || None);
        let texts = async || listener.next().await.iter().map(|m| m.text().as_str().to_owned()).collect::<Vec<_>>();
        hub.review("2026-01-01T00:00:01.000Z", |_| false);
        hub.review("2026-01-01T00:00:02.000Z", |_| true);
        hub.review("2026-01-01T00:00:03.000Z", |_| true);
        assert_eq!(texts().await, [r#"{"topic":"device/m1","at":"2026-01-01T00:00:02.000Z","values":{},"online":true}"#]);
        hub.publish(&id("m1"), Some(M1), || vec![update("2026-01-01T00:00:02.500Z", &[("power_w", 1.0)])]);
        hub.review("2026-01-01T00:00:04.000Z", |number| number != M1);
        assert_eq!(
            texts().await,
            [r#"{"topic":"device/m1","at":"2026-01-01T00:00:02.500Z","values":{"power_w":1.0},"online":false}"#],
            "as one, with the instant of the values"
        );
        hub.publish(&id("m1"), Some(M1), || vec![update("2026-01-01T00:00:05.000Z", &[("power_w", 2.0)])]);
        hub.review("2026-01-01T00:00:06.000Z", |_| true);
        assert_eq!(texts().await, [r#"{"topic":"device/m1","at":"2026-01-01T00:00:05.000Z","values":{"power_w":2.0}}"#]);
    }
}
