//! The live hub: whoever listens to a device hears of its new values. A slow listener gets the latest, never the backlog.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::Notify;
use vigia_domain::ids::DeviceId;
use vigia_domain::live::Update;

/// How many devices one listener may follow.
pub const MOST_TOPICS: usize = 2_000;

/// The switchboard. Clones are handles to the same one.
#[derive(Clone, Default)]
pub struct Hub {
    topics: Arc<Mutex<HashMap<DeviceId, Vec<Arc<Mailbox>>>>>,
}

/// Something to tell, put into words once for all who hear it.
pub struct Message {
    update: Update,
    text: OnceLock<Utf8Bytes>,
}

impl Message {
    fn new(update: Update) -> Arc<Self> {
        Arc::new(Self { update, text: OnceLock::new() })
    }

    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> Utf8Bytes {
        self.text.get_or_init(|| serde_json::to_string(&self.update).expect("an update is always JSON").into()).clone()
    }
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
    follows: HashSet<DeviceId>,
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
        Listener { hub: self.clone(), mailbox: Arc::default(), follows: HashSet::new() }
    }

    /// Tells everyone who follows `device`. Never waits for a listener.
    pub fn publish(&self, device: &DeviceId, update: Update) {
        let topics = locked(&self.topics);
        let Some(mailboxes) = topics.get(device) else { return };
        let message = Message::new(update);
        for mailbox in mailboxes {
            locked(&mailbox.waiting)
                .entry(device.clone())
                .and_modify(|old| *old = Message::new(merged(&old.update, &message.update)))
                .or_insert_with(|| Arc::clone(&message));
            mailbox.wake.notify_one();
        }
    }

    /// How many listeners follow anything, counted once per device.
    #[must_use]
    pub fn followed(&self) -> usize {
        locked(&self.topics).values().map(Vec::len).sum()
    }
}

/// Two messages that a slow listener gets as one: every metric with its newer value.
fn merged(old: &Update, new: &Update) -> Update {
    let mut values = old.values.clone();
    values.extend(new.values.iter().map(|(k, v)| (k.clone(), *v)));
    Update { topic: new.topic.clone(), at: old.at.clone().max(new.at.clone()), values, online: new.online.or(old.online) }
}

impl Listener {
    /// Follows a device; the first that is heard of it is what `known` says. `false`: it follows too many already.
    pub fn follow(&mut self, device: DeviceId, known: impl FnOnce() -> Option<Update>) -> bool {
        if self.follows.contains(&device) {
            return true;
        }
        if self.follows.len() >= MOST_TOPICS {
            return false;
        }
        let mut topics = locked(&self.hub.topics);
        topics.entry(device.clone()).or_default().push(Arc::clone(&self.mailbox));
        // Asked while nothing can be published: what was said before is in it, what is said after comes after.
        if let Some(update) = known() {
            locked(&self.mailbox.waiting).insert(device.clone(), Message::new(update));
            self.mailbox.wake.notify_one();
        }
        drop(topics);
        self.follows.insert(device);
        true
    }

    /// Follows a device no longer.
    pub fn leave(&mut self, device: &DeviceId) {
        if self.follows.remove(device) {
            self.forget(device);
        }
    }

    /// The next messages, at least one, at most one per device.
    pub async fn next(&self) -> Vec<Arc<Message>> {
        loop {
            let messages = std::mem::take(&mut *locked(&self.mailbox.waiting));
            if !messages.is_empty() {
                return messages.into_values().collect();
            }
            self.mailbox.wake.notified().await;
        }
    }

    fn forget(&self, device: &DeviceId) {
        let mut topics = locked(&self.hub.topics);
        if let Some(mailboxes) = topics.get_mut(device) {
            mailboxes.retain(|mailbox| !Arc::ptr_eq(mailbox, &self.mailbox));
            if mailboxes.is_empty() {
                topics.remove(device);
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for device in std::mem::take(&mut self.follows) {
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

    fn update(at: &str, values: &[(&str, f64)]) -> Update {
        Update {
            topic: "device/m1".into(),
            at: at.into(),
            values: values.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
            online: None,
        }
    }

    #[tokio::test]
    async fn a_slow_listener_gets_the_latest_of_every_metric_and_not_the_backlog() {
        let hub = Hub::default();
        let mut slow = hub.listen();
        assert!(slow.follow(id("m1"), || None));
        for n in 0..1000 {
            hub.publish(&id("m1"), update("2026-01-01T00:00:01.000Z", &[("power_w", f64::from(n))]));
        }
        hub.publish(&id("m1"), update("2026-01-01T00:00:02.000Z", &[("voltage_v", 127.0)]));
        hub.publish(&id("m2"), update("2026-01-01T00:00:03.000Z", &[("power_w", 1.0)]));
        let messages = slow.next().await;
        assert_eq!(messages.len(), 1);
        assert_eq!(
            messages[0].text().as_str(),
            r#"{"topic":"device/m1","at":"2026-01-01T00:00:02.000Z","values":{"power_w":999.0,"voltage_v":127.0}}"#
        );
    }

    #[tokio::test]
    async fn who_comes_late_first_hears_what_is_known() {
        let hub = Hub::default();
        let mut late = hub.listen();
        assert!(late.follow(id("m1"), || Some(update("2026-01-01T00:00:01.000Z", &[("power_w", 1.0), ("voltage_v", 127.0)]))));
        hub.publish(&id("m1"), update("2026-01-01T00:00:02.000Z", &[("power_w", 2.0)]));
        let heard = late.next().await;
        assert_eq!(
            heard[0].text().as_str(),
            r#"{"topic":"device/m1","at":"2026-01-01T00:00:02.000Z","values":{"power_w":2.0,"voltage_v":127.0}}"#
        );
    }

    #[test]
    fn who_left_is_forgotten() {
        let hub = Hub::default();
        let (mut one, mut two) = (hub.listen(), hub.listen());
        one.follow(id("m1"), || None);
        two.follow(id("m1"), || None);
        two.leave(&id("m1"));
        assert_eq!(hub.followed(), 1);
        drop(one);
        assert_eq!(hub.followed(), 0);
    }
}
