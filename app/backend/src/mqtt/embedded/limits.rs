//! What one connection and all of them together may take of the machine, each with its reason.

use std::num::NonZeroU16;
use std::time::Duration;

use vigia_domain::limits::PAYLOAD_BYTES;

/// The largest MQTT packet. Four times the largest payload that is stored: a device that sends somewhat too much is told so in
/// the quarantine on its page, only absurd packets end the connection.
pub const PACKET_BYTES: u32 = PAYLOAD_BYTES as u32 * 4;
/// The most sessions, connected or remembered. About 10 kB each, so a few hundred megabytes at the limit.
pub const SESSIONS: isize = 20_000;
/// Connections of one device at a time: its own, one that is half dead after a change of network, and people who look.
pub const CONNECTIONS_PER_DEVICE: usize = 4;
/// Sessions of one device, connected or remembered. A device that makes up a new client id at every start leaves some behind; the
/// oldest goes.
pub const SESSIONS_PER_DEVICE: usize = 8;
/// How long somebody who was let in may take until the session begins: longer than the five seconds that an old session has to give way.
pub const EXPECTED_TIME: Duration = Duration::from_secs(30);
/// The most connections that wait for their CONNECT to be answered; the rest queue. Each may hold a password check.
pub const HANDSHAKES: usize = 256;
/// How long a client has to send its whole CONNECT.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How long one write to a client may take before it counts as gone.
pub const SEND_TIME: Duration = Duration::from_secs(10);
/// Messages under way in one direction of one connection. MQTT 3.1.1 cannot be told this number, and common clients have 100
/// QoS 2 messages under way by themselves; one more than this ends the connection.
pub const INFLIGHT: NonZeroU16 = NonZeroU16::new(256).expect("not zero");
/// Messages that wait for one slow or absent client. Commands stand in the database too, so the oldest may fall out.
pub const QUEUE: usize = 256;
/// The longest client id, in bytes. The standard asks for 23; clients use up to about a hundred.
pub const CLIENT_ID_BYTES: usize = 256;
/// The deepest topic; Shelly's deepest has five levels.
pub const TOPIC_LEVELS: usize = 16;
/// Filters that one session may subscribe to.
pub const SUBSCRIPTIONS: usize = 64;
/// Topic aliases that a client of MQTT 5 may set up.
pub const TOPIC_ALIASES: u16 = 32;
/// How long the session of an absent client is remembered, whatever it asks for. After that it gets what the database holds.
pub const SESSION_EXPIRY: Duration = Duration::from_secs(2 * 60 * 60);
/// How long a message waits for an absent client.
pub const MESSAGE_EXPIRY: Duration = Duration::from_secs(2 * 60 * 60);
/// When an unanswered message is sent again on a standing connection.
pub const RESEND: Duration = Duration::from_secs(20);
/// Topics on which one device may have a retained message: its status, and one per component.
pub const RETAINED_TOPICS: usize = 64;
/// The largest payload that is retained, in bytes: states, not data.
pub const RETAINED_BYTES: usize = 16 * 1024;
/// How often connections that died during their handshake are cleared away.
pub const SWEEP: Duration = Duration::from_secs(2);
/// How often a last will is offered to a store that cannot be reached, because its sender is no longer there to repeat it.
pub const WILL_ATTEMPTS: u32 = 5;
/// The pause after the first of these attempts; it doubles each time.
pub const WILL_PAUSE: Duration = Duration::from_millis(250);
/// How long stopping waits for messages that are being stored.
pub const STOP_TIME: Duration = Duration::from_millis(3_500);
