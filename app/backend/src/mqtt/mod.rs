//! MQTT: the broker behind a trait of ours, and what it asks of the rest of the house.

pub mod access;
pub mod embedded;

use async_trait::async_trait;
use bytes::Bytes;
use vigia_domain::ids::{DeviceId, DeviceNumber};
use vigia_domain::reason::Reason;

/// A device that has shown its credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// Its text id: user name and topic level.
    pub id: DeviceId,
    /// Its number, the key of its readings.
    pub number: DeviceNumber,
}

/// Something that a connection tried and may not: shown on the device's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offence {
    /// A wrong password for a user name that is a device's.
    Credential,
    /// PUBLISH outside its own topics.
    Publish,
    /// SUBSCRIBE outside its own topics.
    Subscribe,
    /// A last will outside its own topics; the connection was refused.
    Will,
    /// A retained message outside its own topics.
    Retain,
    /// One more connection than a device may hold; it was refused, the others stand.
    Connections,
}

/// The store or registry cannot be asked now. The sender gets no acknowledgement and sends again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database cannot be reached")]
pub struct Unavailable;

/// What a broker asks of the rest of the house. The real one is made of `fleet` and `ingest`; tests have their own.
#[async_trait]
pub trait Gate: Send + Sync {
    /// The client that this user name and password belong to: a device, or a gateway, whose number is 0. `Ok(None)`: wrong; already noted where it is to be seen.
    ///
    /// # Errors
    /// [`Unavailable`]: refuse the connection with "server unavailable".
    async fn authenticate(&self, user: &str, password: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable>;

    /// Whether the client may publish on a topic: one of its own, or of a device that it speaks for.
    fn may_publish(&self, client: &DeviceIdentity, topic: &str) -> bool {
        access::may_publish(&client.id, topic)
    }

    /// Whether the client may subscribe to a filter.
    fn may_subscribe(&self, client: &DeviceIdentity, filter: &str) -> bool {
        access::may_subscribe(&client.id, filter)
    }

    /// Takes a message from a topic that is the client's own. Returns after the commit: acknowledge on `Ok`, whether the
    /// message was stored or quarantined; on `Err` disconnect without an acknowledgement.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing was stored.
    async fn accept(&self, device: &DeviceIdentity, topic: &str, payload: Bytes) -> Result<(), Unavailable>;

    /// Notes what was refused. Bounded: a device that tries without end does not fill the disk.
    async fn refused(&self, device: &DeviceIdentity, offence: Offence, topic: &str, payload: &[u8]);

    /// A connection of this device stands; said again for each further one.
    async fn connected(&self, device: &DeviceIdentity);

    /// The last connection of this device is gone.
    async fn disconnected(&self, device: &DeviceIdentity);
}

/// A broker, ours or another's.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Sends a message to whoever subscribes, QoS 1. A retained one replaces the topic's last.
    ///
    /// # Errors
    /// [`BrokerError`] when the broker did not take it.
    async fn publish(&self, topic: &str, payload: Bytes, retain: bool) -> Result<(), BrokerError>;

    /// Ends every connection of the device, as when its credential is withdrawn.
    async fn disconnect(&self, device: &DeviceId);

    /// How many clients are connected; `None` when the broker cannot be reached.
    fn connections(&self) -> Option<usize>;

    /// Takes no new connections or messages, finishes those under way, ends.
    async fn stop(&self);
}

/// The broker did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// It cannot listen where the settings say; the text names address and reason.
    #[error("{0}")]
    Listen(String),
    /// It refused or could not be reached.
    #[error("the broker: {0}")]
    Failed(String),
}

impl From<Offence> for Reason {
    fn from(offence: Offence) -> Self {
        match offence {
            Offence::Connections => Self::TooManyConnections { most: embedded::limits::CONNECTIONS_PER_DEVICE as u64 },
            Offence::Credential => Self::WrongPassword,
            Offence::Publish => Self::ForeignPublish,
            Offence::Subscribe => Self::ForeignSubscribe,
            Offence::Will => Self::ForeignWill,
            Offence::Retain => Self::ForeignRetain,
        }
    }
}
