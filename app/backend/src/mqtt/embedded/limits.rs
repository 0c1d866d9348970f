//! What one connection and all of them together may take of the machine, each with its reason.

use std::time::Duration;

use vigia_domain::limits::PAYLOAD_BYTES;

use crate::files;
use crate::mqtt::DeviceIdentity;

/// The largest MQTT packet. Four times the largest payload that is stored: a device that sends somewhat too much is told so in
/// the quarantine on its page, only absurd packets end the connection.
pub const PACKET_BYTES: usize = PAYLOAD_BYTES * 4;
/// The largest CONNECT: a will of 64 kB, and names beside it. It comes from somebody who has not said who he is.
pub const CONNECT_BYTES: usize = 128 * 1024;
/// The most sessions, connected or remembered. At the limit the one that is longest absent makes room.
pub const SESSIONS: usize = 20_000;
/// Connections of one device at a time: its own, one that is half dead after a change of network, and people who look.
pub const CONNECTIONS_PER_DEVICE: usize = 4;
/// Sessions of one device, connected or remembered. A device that makes up a new client id at every start leaves some behind; the
/// oldest goes.
pub const SESSIONS_PER_DEVICE: usize = 8;
/// So many times the share of a device is that of a gateway: one credential of many devices, each with a connection.
const DEVICES_PER_GATEWAY: usize = 64;
/// The most connections that wait for their CONNECT to be answered; the rest queue. Each may hold a password check.
pub const HANDSHAKES: usize = 256;
/// How long a client has to send its whole CONNECT, TLS and WebSocket included.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How long its sender waits for the answer at most, with the queue before the registry.
pub const LET_IN_TIME: Duration = Duration::from_secs(20);
/// Connections that have not sent their CONNECT yet. One more ends the oldest of them: whoever only holds connections open loses
/// them, and a device, which speaks at once, comes through.
pub const STRANGERS: usize = 1_024;
/// The same of one address (of IPv6: of one network of 64 bits), unless it is this machine's or a proxy's. A power cut brings a
/// whole street back at once, behind one address.
pub const STRANGERS_PER_PEER: usize = 256;
/// Connections of one address that have sent their CONNECT and wait for the answer; one more is refused. Fewer than [`HANDSHAKES`],
/// so that no address takes the registry from the others.
pub const ARRIVALS_PER_PEER: usize = 128;
/// How long whoever is refused waits for the answer, unless its address speaks for many, and holds its place among those of its
/// address meanwhile: a client that comes again at once, over and over, is slowed.
pub const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// So many are made to wait at a time; the others are answered at once, for each holds a file.
pub const REFUSALS: usize = 256;
/// How long to wait when the system has nothing left to accept with.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(500);
/// How long one write to a client may make no progress before it counts as gone.
pub const SEND_TIME: Duration = Duration::from_secs(10);
/// After this silence the system asks whether the peer is still there, and again after a third of it, three times. For clients whose
/// keep-alive is off.
pub const PEER_TIME: Duration = Duration::from_secs(90);
/// Messages of one connection that are being stored at the same time. A client of MQTT 5 is told and must keep to it; one of 3.1.1
/// cannot be told, and is not read further.
pub const INFLIGHT: u16 = 64;
/// The same in bytes of memory, topics and properties too, one packet more or less.
pub const INFLIGHT_BYTES: usize = 1024 * 1024;
/// QoS 2 messages of one client of MQTT 3.1.1 that are received and not released. Common clients have 100 under way.
pub const UNRELEASED: usize = 1_024;
/// Messages, and filters subscribed to, a second of one connection; faster ones wait in the client. A device with a backlog of a day is through in two seconds.
pub const MESSAGES_PER_S: u32 = 10_000;
/// QoS 1 and 2 messages sent to one client and not acknowledged by it. A client of MQTT 5 may say less.
pub const OUTBOUND_INFLIGHT: u16 = 128;
/// Messages that wait for one slow or absent client. Commands stand in the database too, so the oldest may fall out.
pub const QUEUE: usize = 1_000;
/// The same in bytes.
pub const QUEUE_BYTES: usize = 1024 * 1024;
/// Bytes that wait for all clients together.
pub const QUEUES_BYTES: usize = 64 * 1024 * 1024;
/// Bytes that may wait for a client even then: one who lets others' messages lie must not cost everybody theirs.
pub const RESERVED_BYTES: usize = 16 * 1024;
/// Bytes written to one client and not taken by it yet; then nothing more is made ready for it, and it is not read.
pub const OUT_BYTES: usize = 64 * 1024;
/// How much is read at once.
pub const READ_BYTES: usize = 8 * 1024;
/// The longest client id, in bytes. The standard asks for 23; clients use up to about a hundred.
pub const CLIENT_ID_BYTES: usize = 256;
/// The deepest topic; Shelly's deepest has five levels.
pub const TOPIC_LEVELS: usize = 16;
/// The longest topic or filter, in bytes.
pub const TOPIC_BYTES: usize = 1_024;
/// Filters that one session may subscribe to.
pub const SUBSCRIPTIONS: usize = 64;
/// Topic aliases that a client of MQTT 5 may set up.
pub const TOPIC_ALIASES: u16 = 32;
/// How long the session of an absent client is remembered, whatever it asks for. After that it gets what the database holds.
pub const SESSION_EXPIRY: Duration = Duration::from_secs(2 * 60 * 60);
/// How long a message waits for an absent client.
pub const MESSAGE_EXPIRY: Duration = Duration::from_secs(2 * 60 * 60);
/// How long after its CONNECT a client may subscribe and still gets what the house sent to it since.
pub const SETTLING: Duration = Duration::from_secs(30);
/// Messages that wait for that.
pub const EARLY: usize = 64;
/// The same in bytes.
pub const EARLY_BYTES: usize = 256 * 1024;
/// Last wills that are said at the same time.
pub const WILLS: usize = 64;
/// Topics on which one device may have a retained message: its status, and one per component.
pub const RETAINED_TOPICS: usize = 64;
/// The largest payload that is retained, in bytes: states, not data.
pub const RETAINED_BYTES: usize = 16 * 1024;
/// What all that is retained of one device may take, topics and properties too, in bytes.
pub const RETAINED_ALL_BYTES: usize = 256 * 1024;
/// What all that is retained of all devices together may take.
pub const RETAINED_TOTAL_BYTES: usize = 64 * 1024 * 1024;
/// What may be retained of one device even then: its status and the state of a few components. Some who keep much must not cost
/// everybody theirs.
pub const RETAINED_RESERVED_BYTES: usize = 4 * 1024;
/// How often it is looked for sessions and wills whose time has come.
pub const SWEEP: Duration = Duration::from_millis(250);
/// How often a last will is offered to a store that cannot be reached, because its sender is no longer there to repeat it.
pub const WILL_ATTEMPTS: u32 = 5;
/// The pause after the first of these attempts; it doubles each time.
pub const WILL_PAUSE: Duration = Duration::from_millis(250);
/// How long a new connection of a client waits for its old one to end.
pub const TAKEOVER_TIME: Duration = Duration::from_secs(5);
/// How long a connection that is over may take to store what was read of it.
pub const FINISH_TIME: Duration = Duration::from_secs(5);
/// How long stopping waits for messages that are being stored.
pub const STOP_TIME: Duration = Duration::from_millis(3_500);

/// What one credential may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Connections at a time.
    pub connections: usize,
    /// Sessions, connected or remembered.
    pub sessions: usize,
    /// Topics with a retained message.
    pub retained: usize,
    /// Bytes of all of these.
    pub retained_bytes: usize,
    /// Bytes of these that there is room for whatever the others keep.
    pub retained_reserved: usize,
}

impl Share {
    /// The share of a device, or of a gateway, whose number is 0.
    #[must_use]
    pub fn of(client: &DeviceIdentity) -> Self {
        let devices = if client.number.0 == 0 { DEVICES_PER_GATEWAY } else { 1 };
        Self {
            connections: CONNECTIONS_PER_DEVICE * devices,
            sessions: SESSIONS_PER_DEVICE * devices,
            retained: RETAINED_TOPICS * devices,
            retained_bytes: RETAINED_ALL_BYTES * devices,
            retained_reserved: RETAINED_RESERVED_BYTES * devices,
        }
    }
}

/// Connections of those who have said who they are; one more is refused. The web server may take half of the files, and an eighth is
/// for the databases.
#[must_use]
pub fn connections() -> usize {
    (files::limit() / 4).clamp(16, SESSIONS)
}

/// Connections of those who have not, beside them: [`STRANGERS`], where there are files for so many.
#[must_use]
pub fn strangers() -> usize {
    (files::limit() / 8).clamp(16, STRANGERS)
}
