//! MQTT on the wire, versions 3.1, 3.1.1 and 5: bytes to packets and back. Pure: no sockets, no clock, no state of a connection.
//!
//! Everything that is read was written by a stranger. Nothing here panics on any bytes, and nothing is allocated by a length that
//! is only claimed: a packet is decoded when all of its bytes are there.

mod connect;
mod frame;
mod packet;
mod properties;
mod read;
mod reason;
mod write;

pub(super) use connect::{Connect, ConnectError, LastWill};
pub(super) use frame::{Frame, Next, next};
pub(super) use packet::{Ack, Goodbye, Options, Packet, Publish, Subscribe, decode};
pub(super) use properties::Properties;
pub(super) use reason::{Reason, WireError};
pub(super) use write::{Forward, Welcome, ack, connack, disconnect, pong, publish, publish_bytes, subscribed, unsubscribed};

/// Which rules a connection follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// MQTT 3.1 and 3.1.1, which differ in the name that CONNECT begins with and in nothing that matters here.
    Three,
    /// MQTT 5.
    Five,
}

#[cfg(test)]
mod tests;
