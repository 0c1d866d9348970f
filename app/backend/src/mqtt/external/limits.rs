//! What the connection to an external broker may take, each with its reason.

use std::time::Duration;

/// Messages of the broker that are not acknowledged yet. It is told so in MQTT 5; a broker of 3.1.1 has a setting of its own.
pub(super) const WINDOW: u16 = 1_000;
/// When so many messages are held, nothing more is read until half of them are stored: for QoS 0, and for brokers that were not told.
pub(super) const HELD: usize = 2 * WINDOW as usize;
/// The same by their size, in bytes.
pub(super) const HELD_BYTES: usize = 64 * 1024 * 1024;
/// Messages of ours under way at once. Brokers of MQTT 5 may allow fewer.
pub(super) const OUTGOING: usize = 100;
/// Messages for other processes under way at once, and as many that wait for their turn: then newer ones take the place of older ones.
pub(super) const WORDS: usize = 100;
/// Messages of ours that wait for their turn; then whoever publishes waits.
pub(super) const OUTGOING_QUEUE: usize = 256;
/// How long the broker may take to acknowledge a message of ours.
pub(super) const OUTGOING_TIME: Duration = Duration::from_secs(10);
/// The largest packet that we take. Four times the largest payload that is stored, so that a device hears from its quarantine that
/// it sent too much. A broker that knows this number throws away what is larger, so it should not take it in at all.
pub(super) const PACKET_BYTES: u32 = vigia_domain::limits::PAYLOAD_BYTES as u32 * 4 + 1_024;
/// The largest packet in MQTT 3.1.1, where the broker is not told: one that we refuse would come again for ever. The standard's own.
pub(super) const PACKET_BYTES_V311: usize = 268_435_455;
/// How long the broker remembers us while we are away, in seconds. After that it forgets what it holds for us.
pub(super) const SESSION_EXPIRY_S: u32 = 7 * 24 * 60 * 60;
/// How often we say that we are there.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long connecting may take, in seconds.
pub(super) const CONNECT_TIME_S: u64 = 10;
/// The pauses before another try to connect: the first, the longest.
pub(super) const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// A connection that stood so long was a good one: the next pause is the first again.
pub(super) const STOOD: Duration = Duration::from_secs(10);
/// The pauses before a message is offered again to a store that is away.
pub(super) const STORE_AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long stopping waits for what is being stored and acknowledged.
pub(super) const STOP_TIME: Duration = Duration::from_secs(3);
/// How often messages of devices that nobody registered are mentioned in the log.
pub(super) const STRANGERS: Duration = Duration::from_secs(60);
/// How long a good-bye may take.
pub(super) const GOOD_BYE: Duration = Duration::from_millis(500);
