//! The last messages of devices that somebody looks at, as they came and what became of them. In memory alone, and of nobody
//! else: while no page is open, a message costs one look at a number.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vigia_domain::decode::Decoder;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reason::Reason;

use crate::telemetry::Entry;

/// How many messages of a device are kept.
pub const MESSAGES_KEPT: usize = 20;
/// How much of a payload.
pub const PAYLOAD_SHOWN: usize = 4_096;
/// How much of a topic: a device chooses its own.
const SOURCE_CHARACTERS: usize = 300;
/// Of how many devices: with the bounds above some 9 MB, however many are looked at.
const DEVICES: usize = 100;
/// How long after the last look messages are still kept, in milliseconds.
const LOOKED_MS: i64 = 10 * 60 * 1_000;
/// How many values of a message are told one by one.
const VALUES_TOLD: usize = 16;
/// How many refusals.
const REFUSALS_TOLD: usize = 10;

/// A message as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came<'a> {
    /// Its topic, or `HTTP`.
    pub(super) source: &'a str,
    /// What read it; `None` where nothing did.
    pub(super) decoder: Option<Decoder>,
    /// Its quality of service, where that is known.
    pub(super) qos: Option<u8>,
    /// Its bytes.
    pub(super) payload: &'a [u8],
}

/// A message and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// In the order of coming.
    pub number: u64,
    /// Milliseconds since the epoch.
    pub received_ms: i64,
    /// Its topic, or `HTTP`.
    pub source: String,
    /// What read it; `None` where nothing did.
    pub decoder: Option<Decoder>,
    /// Its MQTT quality of service, 0 to 2; `None` where that is not known, and over HTTP.
    pub qos: Option<u8>,
    /// Its first bytes, [`PAYLOAD_SHOWN`] at most.
    pub payload: Vec<u8>,
    /// How many there were.
    pub bytes: usize,
    /// The first values that were taken.
    pub values: Vec<(String, f64)>,
    /// How many values in all.
    pub value_count: usize,
    /// In how many readings.
    pub readings: usize,
    /// How many events were taken.
    pub events: usize,
    /// How many texts.
    pub texts: usize,
    /// Whether it said that it is there.
    pub online: Option<bool>,
    /// Why some or all of it was not taken: the first reasons.
    pub refused: Vec<Reason>,
    /// Whether what was taken of it is stored. Where it is not, the device was not told so, and sends it again.
    pub is_stored: bool,
}

impl Message {
    pub(super) fn of(came: Came<'_>, entry: &Entry, mut refused: Vec<Reason>) -> Self {
        let values = || entry.readings.iter().flat_map(|reading| &reading.values);
        refused.truncate(REFUSALS_TOLD);
        Self {
            number: 0,
            received_ms: entry.received_ms,
            source: came.source.chars().take(SOURCE_CHARACTERS).collect(),
            decoder: came.decoder,
            qos: came.qos,
            payload: came.payload[..came.payload.len().min(PAYLOAD_SHOWN)].to_vec(),
            bytes: came.payload.len(),
            values: values().take(VALUES_TOLD).cloned().collect(),
            value_count: values().count(),
            readings: entry.readings.len(),
            events: entry.events.len(),
            texts: entry.attributes.len(),
            online: entry.online,
            refused,
            is_stored: false,
        }
    }
}

/// What a page shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Since when messages are kept, milliseconds since the epoch.
    pub since_ms: i64,
    /// Newest first.
    pub messages: Vec<Message>,
}

#[derive(Default)]
pub(super) struct Messages {
    /// How many devices are looked at: what a message of any other asks.
    watched: AtomicUsize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    devices: HashMap<DeviceNumber, Watched>,
}

struct Watched {
    since_ms: i64,
    looked_ms: i64,
    messages: VecDeque<Message>,
}

impl Messages {
    /// What came since the first look, and from now on for a while. `after`: the look and the message that one knows already.
    pub(super) fn look(&self, device: DeviceNumber, now_ms: i64, after: Option<(i64, u64)>) -> Look {
        let mut kept = self.kept();
        kept.devices.retain(|_, watched| now_ms - watched.looked_ms < LOOKED_MS);
        if !kept.devices.contains_key(&device)
            && kept.devices.len() >= DEVICES
            && let Some(oldest) = kept.devices.iter().min_by_key(|(_, watched)| watched.looked_ms).map(|(device, _)| *device)
        {
            kept.devices.remove(&oldest);
        }
        let new = Watched { since_ms: now_ms, looked_ms: now_ms, messages: VecDeque::new() };
        let watched = kept.devices.entry(device).or_insert(new);
        watched.looked_ms = now_ms;
        let known = after.filter(|(since_ms, _)| *since_ms == watched.since_ms).map_or(0, |(_, number)| number);
        let messages = watched.messages.iter().filter(|message| message.number > known).cloned().collect();
        let look = Look { since_ms: watched.since_ms, messages };
        self.watched.store(kept.devices.len(), Ordering::Relaxed);
        look
    }

    /// Whether anybody looks at the device.
    pub(super) fn is_watched(&self, device: DeviceNumber) -> bool {
        self.watched.load(Ordering::Relaxed) > 0 && self.kept().devices.contains_key(&device)
    }

    pub(super) fn keep(&self, device: DeviceNumber, mut message: Message) {
        let mut kept = self.kept();
        kept.last += 1;
        message.number = kept.last;
        let Some(watched) = kept.devices.get_mut(&device) else { return };
        if message.received_ms - watched.looked_ms >= LOOKED_MS {
            kept.devices.remove(&device);
            self.watched.store(kept.devices.len(), Ordering::Relaxed);
            return;
        }
        watched.messages.push_front(message);
        watched.messages.truncate(MESSAGES_KEPT);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(received_ms: i64, payload: &[u8]) -> Message {
        let entry = Entry {
            device: DeviceNumber(1),
            received_ms,
            readings: Vec::new(),
            events: Vec::new(),
            attributes: Vec::new(),
            online: None,
            refused: Vec::new(),
            heard: true,
        };
        Message::of(Came { source: "vigia/m1/telemetry", decoder: None, qos: Some(1), payload }, &entry, vec![Reason::Empty; 40])
    }

    #[test]
    fn only_what_somebody_looks_at_is_kept_and_no_more_than_fits() {
        let (messages, device) = (Messages::default(), DeviceNumber(1));
        assert!(!messages.is_watched(device));
        messages.keep(device, message(0, b"{}"));
        assert_eq!(messages.look(device, 5, None), Look { since_ms: 5, messages: vec![] });
        for n in 0..50 {
            messages.keep(device, message(10 + n, &[b'x'; 9_000]));
        }
        let look = messages.look(device, 100, None);
        assert_eq!((look.since_ms, look.messages.len(), look.messages[0].received_ms), (5, MESSAGES_KEPT, 59), "newest first");
        assert_eq!((look.messages[0].payload.len(), look.messages[0].bytes, look.messages[0].refused.len()), (PAYLOAD_SHOWN, 9_000, 10));
        assert!(!messages.is_watched(DeviceNumber(2)));
    }

    #[test]
    fn whoever_knows_a_message_hears_what_came_after_it_and_after_a_pause_everything() {
        let (messages, device) = (Messages::default(), DeviceNumber(1));
        messages.look(device, 0, None);
        messages.keep(device, message(1, b"1"));
        let first = messages.look(device, 2, None);
        let known = Some((first.since_ms, first.messages[0].number));
        assert_eq!(messages.look(device, 3, known).messages, []);
        messages.keep(device, message(4, b"2"));
        assert_eq!(messages.look(device, 5, known).messages.len(), 1);
        let later = 5 + LOOKED_MS;
        messages.keep(device, message(later, b"3"));
        assert!(!messages.is_watched(device), "nobody looked for so long");
        assert_eq!(messages.look(device, later, known), Look { since_ms: later, messages: vec![] });
    }

    #[test]
    fn whoever_was_looked_at_longest_ago_makes_room() {
        let messages = Messages::default();
        let devices = || (0_i64..).map(DeviceNumber).take(DEVICES + 1);
        for (device, at) in devices().zip(0..) {
            messages.look(device, at, None);
        }
        assert_eq!(devices().filter(|device| !messages.is_watched(*device)).collect::<Vec<_>>(), [DeviceNumber(0)]);
    }
}
