//! Retained messages, in memory and bounded per device. The house's own are published again after a restart.

use std::collections::HashMap;
use std::str::Split;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::limits::{RETAINED_BYTES, Share};
use super::message::Message;
use crate::mqtt::DeviceIdentity;

/// The last message of each topic that was asked to be kept, by levels of the topic.
#[derive(Default)]
pub(super) struct Retained {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    root: Node,
    /// How many topics each device has.
    counts: HashMap<DeviceId, Count>,
}

#[derive(Clone, Copy)]
struct Count {
    /// Which device of this id: at first it may be one that waits to be claimed, and chose its name itself.
    number: DeviceNumber,
    topics: usize,
    bytes: usize,
}

impl Count {
    fn of(device: &DeviceIdentity) -> Self {
        Self { number: device.number, topics: 0, bytes: 0 }
    }
}

#[derive(Default)]
struct Node {
    last: Option<Last>,
    named: HashMap<Box<str>, Self>,
}

struct Last {
    message: Arc<Message>,
    /// What the house itself publishes is nobody's and has no bound.
    owner: Option<DeviceId>,
}

impl Retained {
    /// Replaces the topic's last message; an empty one clears it. `false`: too many or too large, nothing changed.
    pub(super) fn set(&self, message: &Arc<Message>, owner: Option<&DeviceIdentity>) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { root, counts } = &mut *kept;
        if message.payload.is_empty() {
            let (old, _) = root.take(message.topic.split('/'));
            count_out(counts, old);
            return true;
        }
        if let Some(owner) = owner {
            let own = root.find(&message.topic).filter(|last| last.owner.as_ref() == Some(&owner.id)).map(|last| last.message.bytes());
            let Count { topics, bytes, .. } = counts.get(&owner.id).copied().unwrap_or(Count::of(owner));
            let (share, bytes) = (Share::of(owner), bytes - own.unwrap_or(0) + message.bytes());
            let is_large = message.payload.len() > RETAINED_BYTES || bytes > share.retained_bytes;
            if is_large || (own.is_none() && topics >= share.retained) {
                return false;
            }
            let count = counts.entry(owner.id.clone()).or_insert(Count::of(owner));
            count.topics += 1;
            count.bytes += message.bytes();
        }
        let old = root.put(&message.topic, Last { message: Arc::clone(message), owner: owner.map(|owner| owner.id.clone()) });
        count_out(counts, old);
        true
    }

    /// Forgets what somebody else left who was called as this device is.
    pub(super) fn forget_former(&self, device: &DeviceIdentity) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.counts.get(&device.id).is_some_and(|count| count.number != device.number) {
            kept.counts.remove(&device.id);
            kept.root.forget(&device.id);
        }
    }

    /// Every retained message that the filter covers and that is still wanted.
    pub(super) fn covered_by(&self, filter: &str, now: Instant) -> Vec<Arc<Message>> {
        let mut found = Vec::new();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.root.covered_by(filter.split('/'), true, &mut |last| {
            if !last.message.is_expired(now) {
                found.push(Arc::clone(&last.message));
            }
        });
        found
    }
}

fn count_out(counts: &mut HashMap<DeviceId, Count>, old: Option<Last>) {
    let Some(Last { message, owner: Some(owner) }) = old else { return };
    if let Some(count) = counts.get_mut(&owner) {
        count.topics = count.topics.saturating_sub(1);
        count.bytes = count.bytes.saturating_sub(message.bytes());
        if count.topics == 0 {
            counts.remove(&owner);
        }
    }
}

impl Node {
    fn find(&self, topic: &str) -> Option<&Last> {
        let mut node = self;
        for level in topic.split('/') {
            node = node.named.get(level)?;
        }
        node.last.as_ref()
    }

    fn put(&mut self, topic: &str, last: Last) -> Option<Last> {
        let mut node = self;
        for level in topic.split('/') {
            if !node.named.contains_key(level) {
                node.named.insert(level.into(), Self::default());
            }
            node = node.named.get_mut(level).expect("it was put there");
        }
        node.last.replace(last)
    }

    /// Returns whether the node is empty then.
    fn forget(&mut self, owner: &DeviceId) -> bool {
        self.last.take_if(|last| last.owner.as_ref() == Some(owner));
        self.named.retain(|_, node| !node.forget(owner));
        self.last.is_none() && self.named.is_empty()
    }

    /// What was there, and whether the node is empty now.
    fn take(&mut self, mut levels: Split<'_, char>) -> (Option<Last>, bool) {
        let taken = match levels.next() {
            None => self.last.take(),
            Some(level) => match self.named.get_mut(level).map(|node| node.take(levels)) {
                Some((taken, is_empty)) => {
                    if is_empty {
                        self.named.remove(level);
                    }
                    taken
                }
                None => None,
            },
        };
        (taken, self.last.is_none() && self.named.is_empty())
    }

    /// Wildcards on the first level do not cover what begins with `$`.
    fn covered_by(&self, mut levels: Split<'_, char>, is_first: bool, each: &mut impl FnMut(&Last)) {
        let visible = |level: &str| !(is_first && level.starts_with('$'));
        match levels.next() {
            None => self.last.iter().for_each(each),
            Some("#") => {
                self.last.iter().for_each(&mut *each);
                let below = self.named.iter().filter(|(level, _)| visible(level));
                below.for_each(|(_, node)| node.covered_by("#".split('/'), false, each));
            }
            Some("+") => {
                let below = self.named.iter().filter(|(level, _)| visible(level));
                below.for_each(|(_, node)| node.covered_by(levels.clone(), false, each));
            }
            Some(level) => {
                if let Some(node) = self.named.get(level) {
                    node.covered_by(levels, false, each);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::limits::{RETAINED_ALL_BYTES, RETAINED_TOPICS};
    use super::super::message::Draft;
    use super::super::topics::covers;
    use super::*;

    fn device() -> DeviceIdentity {
        DeviceIdentity { id: DeviceId::new("m1").expect("a good id"), number: DeviceNumber(1) }
    }

    fn message(topic: &str, payload: &str) -> Arc<Message> {
        Draft::of_house(topic, payload.as_bytes(), true, None).message(Instant::now())
    }

    proptest! {
        #[test]
        fn the_last_of_each_topic_is_found_by_every_filter_that_covers_it(
            sets in proptest::collection::vec(("[ab$](/[ab]?){0,3}", "[xy]?", any::<bool>()), 0..30), filter in "([ab+]/){0,3}([ab+#])",
        ) {
            let (retained, device) = (Retained::default(), device());
            let mut expected = HashMap::new();
            for (topic, payload, own) in &sets {
                prop_assert!(retained.set(&message(topic, payload), own.then_some(&device)));
                expected.insert(topic.clone(), (payload.clone(), *own));
            }
            expected.retain(|_, (payload, _)| !payload.is_empty());
            let own = expected.values().filter(|(_, own)| *own).count();
            prop_assert_eq!(retained.kept.lock().expect("no panic").counts.get(&device.id).map_or(0, |count| count.topics), own);
            let mut found: Vec<_> = retained.covered_by(&filter, Instant::now()).iter().map(|m| m.topic.to_string()).collect();
            let mut wanted: Vec<_> = expected.into_keys().filter(|topic| covers(&filter, topic)).collect();
            found.sort_unstable();
            wanted.sort_unstable();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_device_has_its_share_and_the_house_has_no_bound() {
        let (retained, device) = (Retained::default(), device());
        assert!((0..RETAINED_TOPICS).all(|n| retained.set(&message(&format!("m1/{n}"), "1"), Some(&device))));
        assert!(!retained.set(&message("m1/more", "1"), Some(&device)));
        assert!(retained.set(&message("m1/0", "2"), Some(&device)), "its own again");
        assert!(retained.set(&message("m1/more", "1"), None));
        assert!(retained.set(&message("m1/0", ""), None) && retained.set(&message("m1/another", "1"), Some(&device)));
        assert!(!retained.set(&message("m1/1", &"x".repeat(RETAINED_BYTES + 1)), Some(&device)));
        let large = |n: usize| retained.set(&message(&format!("m1/{n}"), &"x".repeat(RETAINED_BYTES)), Some(&device));
        let most = (1..RETAINED_TOPICS).filter(|n| large(*n)).count();
        assert!(most > 10 && most * RETAINED_BYTES < RETAINED_ALL_BYTES, "{most} large ones");
        assert!(large(1) && !large(RETAINED_TOPICS - 1), "its own again");
        assert!(retained.set(&message("m1/1", ""), Some(&device)) && large(RETAINED_TOPICS - 1), "room again");
    }

    #[test]
    fn what_somebody_left_under_a_name_is_not_for_the_device_that_has_it_later() {
        let (retained, device) = (Retained::default(), device());
        assert!(retained.set(&message("m1/status", "old"), Some(&device)) && retained.set(&message("m1/config", "ours"), None));
        let topics = |retained: &Retained| {
            retained.covered_by("m1/#", Instant::now()).iter().map(|message| message.topic.to_string()).collect::<Vec<_>>()
        };
        retained.forget_former(&device);
        assert_eq!(topics(&retained).len(), 2, "it is itself");
        let next = DeviceIdentity { number: DeviceNumber(2), ..device };
        retained.forget_former(&next);
        assert_eq!(topics(&retained), ["m1/config"]);
        assert!((0..RETAINED_TOPICS).all(|n| retained.set(&message(&format!("m1/{n}"), "1"), Some(&next))), "all of its share");
    }
}
