//! MQTT: the broker behind a trait of ours, and what it asks of the rest of the house.

pub mod access;
pub mod embedded;
pub mod external;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use vigia_domain::decode::route::elsewhere::Rights;
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
    /// message was stored or quarantined; on `Err` disconnect without an acknowledgement. `qos`: the quality of service by which it
    /// came, for who looks at the device's messages.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing was stored.
    async fn accept(&self, device: &DeviceIdentity, topic: &str, payload: Bytes, qos: u8) -> Result<(), Unavailable>;

    /// Takes a message that the broker had kept (retained): nobody knows when it was sent, and its device need not be there. Says
    /// whether anything of it was stored: only what has a time of its own is, and that may come twice.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing was stored.
    async fn accept_kept(&self, device: &DeviceIdentity, topic: &str, payload: Bytes) -> Result<bool, Unavailable> {
        self.accept(device, topic, payload, 0).await.map(|()| true)
    }

    /// Notes what was refused. Bounded: a device that tries without end does not fill the disk.
    async fn refused(&self, device: &DeviceIdentity, offence: Offence, topic: &str, payload: &[u8]);

    /// A connection of this device stands; said again for each further one.
    async fn connected(&self, device: &DeviceIdentity);

    /// The last connection of this device is gone.
    async fn disconnected(&self, device: &DeviceIdentity);
}

/// Whose a topic of an external broker is, which has checked its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This device's.
    Device(DeviceIdentity),
    /// A greeting, or an order to a device: it says nothing to us.
    Nothing,
    /// Nobody's that is registered.
    Stranger,
}

/// Knows the devices by their ids, for a broker that has checked the credential itself.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The registered device of this id. Asked for every message: an answer may be a second old.
    ///
    /// # Errors
    /// [`Unavailable`]: the registry cannot be asked now.
    async fn find(&self, id: &DeviceId) -> Result<Option<DeviceIdentity>, Unavailable>;

    /// Whose a topic is; by its id alone where nobody knows more.
    ///
    /// # Errors
    /// [`Unavailable`]: the registry cannot be asked now.
    async fn whose(&self, topic: &str) -> Result<Whose, Unavailable> {
        let Some(id) = access::device_of(topic) else { return Ok(Whose::Stranger) };
        Ok(self.find(&id).await?.map_or(Whose::Stranger, Whose::Device))
    }
}

/// What other processes tell this one over a broker that they share.
pub trait Neighbourhood: Send + Sync {
    /// What to subscribe to, QoS 0.
    fn filter(&self) -> String;

    /// Whether a message on this topic is theirs.
    fn is_theirs(&self, topic: &str) -> bool;

    /// Takes such a message. Never waits; what is no such message is left alone.
    fn heard(&self, topic: &str, payload: Bytes);
}

/// A broker, ours or another's.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Sends a message to whoever subscribes, QoS 1. A retained one replaces the topic's last.
    ///
    /// # Errors
    /// [`BrokerError`] when the broker did not take it.
    async fn publish(&self, topic: &str, payload: Bytes, retain: bool) -> Result<(), BrokerError>;

    /// The same for a message that means nothing any more after `left`, and is not retained: a broker that can does not hand it
    /// out later. One that cannot hands it out; the message itself says until when it is good.
    ///
    /// # Errors
    /// [`BrokerError`] when the broker did not take it.
    async fn publish_for(&self, topic: &str, payload: Bytes, left: Duration) -> Result<(), BrokerError> {
        let _ = left;
        self.publish(topic, payload, false).await
    }

    /// Ends every connection of the device, as when its credential is withdrawn.
    async fn disconnect(&self, device: &DeviceId);

    /// How many clients are connected; `None` when the broker cannot be reached.
    fn connections(&self) -> Option<usize>;

    /// How often a connection to it came to stand: with another number what it kept for devices may be gone. Always 0 for our own.
    fn stood(&self) -> u64 {
        0
    }

    /// What is wrong with it, for the operator; `None` while all is well.
    fn trouble(&self) -> Option<String> {
        self.connections().is_none().then(|| "it is not running".to_owned())
    }

    /// Takes no new connections or messages, finishes those under way, ends.
    async fn stop(&self);
}

/// Where an external broker keeps the devices' credentials. Our own broker asks the registry and needs none of this.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Whether credentials could be handed over now.
    ///
    /// # Errors
    /// [`CredentialError::Away`].
    async fn reach(&self) -> Result<(), CredentialError>;

    /// Lets a device or gateway in with this token from now on, and with no other, with these rights.
    ///
    /// # Errors
    /// [`CredentialError`]; giving it again is harmless.
    async fn grant(&self, device: &DeviceId, token: &str, rights: &Rights) -> Result<(), CredentialError>;

    /// Lets the device in no longer and ends its connections. Harmless when it is not known there.
    ///
    /// # Errors
    /// [`CredentialError`].
    async fn withdraw(&self, device: &DeviceId) -> Result<(), CredentialError>;
}

/// The broker did not take a credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// It cannot be reached, or its plugin does not answer us.
    #[error("the broker cannot be given credentials now: {0}")]
    Away(String),
    /// The plugin refused a command.
    #[error("the broker refused {command}: {error}")]
    Refused {
        /// The command.
        command: &'static str,
        /// The plugin's own sentence.
        error: String,
    },
    /// Somebody else has this user name there.
    #[error("the broker has a user {0} that was not made here; choose another id for the device")]
    Taken(DeviceId),
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
