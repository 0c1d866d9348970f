//! Retained messages, in memory and bounded, per device and of all. The house's own are published again after a restart.

use std::collections::HashMap;
use std::str::Split;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::limits::{RETAINED_BYTES, RETAINED_TOTAL_BYTES, Share};
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
    counts: Counts,
}

/// What each device has, and all of them together; what is the house's is not in it.
#[derive(Default)]
struct Counts {
    devices: HashMap<DeviceId, Count>,
    bytes: usize,
}

/// Why a message is not retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// It is larger than a state.
    Large,
    /// Its device has as much as it may.
    Share,
    /// All devices together have, and this one more than what is reserved for it.
    All,
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
    /// Replaces the topic's last message; an empty one clears it. What is refused is not kept, and neither is what its device had said
    /// there before: it is not so any more.
    pub(super) fn set(&self, message: &Arc<Message>, owner: Option<&DeviceIdentity>) -> Result<(), Full> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { root, counts } = &mut *kept;
        if message.payload.is_empty() {
            let (old, _) = root.take(message.topic.split('/'));
            counts.count_out(old);
            return Ok(());
        }
        if let Some(owner) = owner {
            let own = root.find(&message.topic).filter(|last| last.owner.as_ref() == Some(&owner.id)).map(|last| last.message.bytes());
            if let Err(full) = counts.room_for(message, owner, own) {
                if own.is_some() {
                    let (old, _) = root.take(message.topic.split('/'));
                    counts.count_out(old);
                }
                return Err(full);
            }
            counts.count_in(message, owner);
        }
        let old = root.put(&message.topic, Last { message: Arc::clone(message), owner: owner.map(|owner| owner.id.clone()) });
        counts.count_out(old);
        Ok(())
    }

    /// Bytes of what is kept of all devices.
    pub(super) fn bytes(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).counts.bytes
    }

    /// Forgets what somebody else left who was called as this device is.
    pub(super) fn forget_former(&self, device: &DeviceIdentity) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { root, counts } = &mut *kept;
        if counts.devices.get(&device.id).is_some_and(|count| count.number != device.number) {
            let former = counts.devices.remove(&device.id);
            counts.bytes = counts.bytes.saturating_sub(former.map_or(0, |count| count.bytes));
            root.forget(&device.id);
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

impl Counts {
    /// Whether it may be kept; `own`: what its device had there before.
    fn room_for(&self, message: &Message, owner: &DeviceIdentity, own: Option<usize>) -> Result<(), Full> {
        let Count { topics, bytes, .. } = self.devices.get(&owner.id).copied().unwrap_or(Count::of(owner));
        let (share, before, new) = (Share::of(owner), own.unwrap_or(0), message.bytes());
        let bytes = bytes - before + new;
        if message.payload.len() > RETAINED_BYTES {
            return Err(Full::Large);
        }
        if bytes > share.retained_bytes || (own.is_none() && topics >= share.retained) {
            return Err(Full::Share);
        }
        // What takes no more room than before finds it.
        if bytes > share.retained_reserved && new > before && self.bytes - before + new > RETAINED_TOTAL_BYTES {
            return Err(Full::All);
        }
        Ok(())
    }

    fn count_in(&mut self, message: &Message, owner: &DeviceIdentity) {
        let count = self.devices.entry(owner.id.clone()).or_insert(Count::of(owner));
        count.topics += 1;
        count.bytes += message.bytes();
        self.bytes += message.bytes();
    }

    fn count_out(&mut self, old: Option<Last>) {
        let Some(Last { message, owner: Some(owner) }) = old else { return };
        if let Some(count) = self.devices.get_mut(&owner) {
            count.topics = count.topics.saturating_sub(1);
            count.bytes = count.bytes.saturating_sub(message.bytes());
            self.bytes = self.bytes.saturating_sub(message.bytes());
            if count.topics == 0 {
                self.devices.remove(&owner);
            }
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

    use super::super::limits::{RETAINED_ALL_BYTES, RETAINED_RESERVED_BYTES, RETAINED_TOPICS};
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
                prop_assert!(retained.set(&message(topic, payload), own.then_some(&device)).is_ok());
                expected.insert(topic.clone(), (payload.clone(), *own));
            }
            expected.retain(|_, (payload, _)| !payload.is_empty());
            let own = expected.values().filter(|(_, own)| *own).count();
            {
                let kept = retained.kept.lock().expect("no panic");
                let count = kept.counts.devices.get(&device.id).copied().unwrap_or(Count::of(&device));
                prop_assert_eq!((count.topics, count.bytes), (own, kept.counts.bytes));
            }
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
        let set = |topic: &str, payload: &str| retained.set(&message(topic, payload), Some(&device));
        assert!((0..RETAINED_TOPICS).all(|n| set(&format!("m1/{n}"), "1").is_ok()));
        assert_eq!(set("m1/more", "1"), Err(Full::Share));
        assert_eq!(set("m1/0", "2"), Ok(()), "its own again");
        assert_eq!(retained.set(&message("m1/more", "1"), None), Ok(()));
        assert!(retained.set(&message("m1/0", ""), None).is_ok() && set("m1/another", "1").is_ok());
        assert_eq!(set("m1/1", &"x".repeat(RETAINED_BYTES + 1)), Err(Full::Large));
        assert!(retained.covered_by("m1/1", Instant::now()).is_empty(), "what it said before is not so any more");
        let large = |n: usize| set(&format!("m1/{n}"), &"x".repeat(RETAINED_BYTES)).is_ok();
        let most = (1..RETAINED_TOPICS).filter(|n| large(*n)).count();
        assert!(most > 10 && most * RETAINED_BYTES < RETAINED_ALL_BYTES, "{most} large ones");
        assert!(large(1) && !large(RETAINED_TOPICS - 1), "its own again");
        assert!(set("m1/1", "").is_ok() && large(RETAINED_TOPICS - 1), "room again");
    }

    #[test]
    fn all_devices_together_have_a_bound_and_each_a_reserve() {
        let retained = Retained::default();
        let payload = "x".repeat(RETAINED_BYTES - 2_000);
        let named =
            |n: usize| DeviceIdentity { id: DeviceId::new(format!("d{n}")).expect("a good id"), number: DeviceNumber(n as i64 + 1) };
        let fill = |n: usize| (0..15).map(|m| retained.set(&message(&format!("d{n}/{m}"), &payload), Some(&named(n)))).find(Result::is_err);
        let full = (0..2_000).find_map(fill);
        assert_eq!(full, Some(Err(Full::All)), "long before each of them has its share");
        assert!(retained.bytes() <= RETAINED_TOTAL_BYTES && retained.bytes() > RETAINED_TOTAL_BYTES - RETAINED_BYTES);
        let rest = |m: usize| retained.set(&message(&format!("d3000/{m}"), &"x".repeat(500)), Some(&named(3_000)));
        assert_eq!((0..60).map(rest).find(Result::is_err), Some(Err(Full::All)), "the last corner, too");

        let late = named(5_000);
        let set = |topic: &str, payload: &str| retained.set(&message(topic, payload), Some(&late));
        assert_eq!(set("late/status", &"x".repeat(1_000)), Ok(()), "its status has room all the same");
        assert_eq!(set("late/switch", &"x".repeat(RETAINED_RESERVED_BYTES)), Err(Full::All));
        assert_eq!(set("late/status", &"y".repeat(1_000)), Ok(()), "and is renewed");
        let first = |payload: &str| retained.set(&message("d0/0", payload), Some(&named(0)));
        assert_eq!(first(&payload.replace('x', "y")), Ok(()), "what is no larger than before replaces it");
        assert_eq!(first(&format!("{payload}{}", "y".repeat(1_000))), Err(Full::All));
        assert!(retained.covered_by("d0/0", Instant::now()).is_empty(), "nobody is told the state from before");
        assert_eq!(set("late/switch", &"x".repeat(RETAINED_RESERVED_BYTES)), Ok(()), "somebody has made room");

        let former = named(1);
        let before = retained.bytes();
        retained.forget_former(&DeviceIdentity { number: DeviceNumber(9_999), ..former });
        assert!(retained.bytes() < before - 14 * payload.len(), "what is forgotten counts no more");
    }

    #[test]
    fn what_somebody_left_under_a_name_is_not_for_the_device_that_has_it_later() {
        let (retained, device) = (Retained::default(), device());
        assert!(retained.set(&message("m1/status", "old"), Some(&device)).is_ok());
        assert!(retained.set(&message("m1/config", "ours"), None).is_ok());
        let topics = |retained: &Retained| {
            retained.covered_by("m1/#", Instant::now()).iter().map(|message| message.topic.to_string()).collect::<Vec<_>>()
        };
        retained.forget_former(&device);
        assert_eq!(topics(&retained).len(), 2, "it is itself");
        let next = DeviceIdentity { number: DeviceNumber(2), ..device };
        retained.forget_former(&next);
        assert_eq!(topics(&retained), ["m1/config"]);
        let set = |n: usize| retained.set(&message(&format!("m1/{n}"), "1"), Some(&next));
        assert!((0..RETAINED_TOPICS).all(|n| set(n).is_ok()), "all of its share");
    }
}
