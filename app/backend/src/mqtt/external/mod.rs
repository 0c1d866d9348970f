//! A broker of somebody else's (Mosquitto, EMQX, HiveMQ...), reached as a client of it.
//!
//! The promise is the same as with our own: what is acknowledged to the broker is stored, because [`holding`] acknowledges after the
//! commit. What the broker has acknowledged to a device and not yet given to us is the broker's to keep; docs/operations.md says how.

mod doorman;
pub mod dynsec;
mod holding;
mod limits;
mod link;
mod memory;
mod outgoing;
mod pause;
mod pump;
mod state;
mod tls;
mod topics;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceId;

use self::doorman::Doorman;
use self::dynsec::DynamicSecurity;
use self::limits::{OUTGOING_QUEUE, OUTGOING_TIME, WORDS};
use self::link::Dial;
use self::memory::Memory;
use self::outgoing::{Order, Word};
use self::state::State;
use super::{Broker, BrokerError, Directory, Gate, Neighbourhood};
use crate::config::External;
use crate::metrics::ExternalMetrics;
use crate::world::World;

pub use self::pump::Pump;

/// A client of an external broker.
pub struct ExternalBroker {
    state: Arc<State>,
    orders: mpsc::Sender<Order>,
    words: mpsc::Sender<Word>,
    security: Option<DynamicSecurity>,
    closing: CancellationToken,
    closed: CancellationToken,
}

/// What the client asks and tells.
pub struct House {
    /// Takes the messages.
    pub gate: Arc<dyn Gate>,
    /// Knows the devices.
    pub directory: Arc<dyn Directory>,
    /// What is to be heard now, as filters; followed when it changes.
    pub filters: watch::Receiver<Vec<String>>,
    /// The other processes, where there are any.
    pub neighbours: Option<Arc<dyn Neighbourhood>>,
    /// Time and randomness.
    pub world: World,
    /// What is counted.
    pub metrics: ExternalMetrics,
}

impl ExternalBroker {
    /// A client that connects when the pump runs. Its name at the broker is kept in `folder`.
    ///
    /// # Errors
    /// [`BrokerError::Failed`], one line, when the folder or the file of authorities cannot be used.
    pub fn new(broker: External, folder: &Path, house: House) -> Result<(Arc<Self>, Pump), BrokerError> {
        let House { gate, directory, filters, neighbours, world, metrics } = house;
        let memory = Memory::open(folder, broker.client_id.as_deref(), &world)?;
        let tls = broker.tls.then(|| tls::config(broker.ca_file.as_deref())).transpose()?;
        let security = broker.dynamic_security.then(|| DynamicSecurity::new(broker.clone(), world.clone())).transpose()?;
        let dial = Dial { broker, tls, client_id: memory.client_id().to_owned(), lasting: true };
        let (orders, waiting) = mpsc::channel(OUTGOING_QUEUE);
        let (words, spoken) = mpsc::channel(WORDS);
        let (closing, closed) = (CancellationToken::new(), CancellationToken::new());
        let state = Arc::new(State::default());
        state.lost("not connected yet".to_owned());
        let doorman = Arc::new(Doorman { gate, directory, world, metrics, strangers: Default::default() });
        let pump = Pump {
            dial,
            memory,
            filters,
            doorman,
            neighbours,
            state: Arc::clone(&state),
            orders: waiting,
            words: spoken,
            closing: closing.clone(),
            closed: closed.clone(),
        };
        Ok((Arc::new(Self { state, orders, words, security, closing, closed }), pump))
    }

    /// Tells other processes something, QoS 0: it may be lost, and waits for a connection and for its turn. `false`: there will be none any more.
    pub async fn mention(&self, topic: &str, payload: Bytes) -> bool {
        self.words.send(Word { topic: topic.to_owned(), payload }).await.is_ok()
    }
}

#[async_trait]
impl Broker for ExternalBroker {
    /// Returns when the broker has acknowledged it.
    async fn publish(&self, topic: &str, payload: Bytes, retain: bool) -> Result<(), BrokerError> {
        self.order(topic, payload, retain, None).await
    }

    /// In MQTT 3.1.1 there is no such word: the broker hands it out however late.
    async fn publish_for(&self, topic: &str, payload: Bytes, left: Duration) -> Result<(), BrokerError> {
        self.order(topic, payload, false, Some(left)).await
    }

    /// Only a broker whose credentials we make can be told to end a connection.
    async fn disconnect(&self, device: &DeviceId) {
        let Some(security) = &self.security else {
            tracing::warn!(%device, "its connections stay: the external broker keeps its own credentials");
            return;
        };
        if let Err(error) = security.cut(device).await {
            tracing::warn!(%device, %error, "its connections could not be ended");
        }
    }

    /// As the broker itself counts them; 0 where it does not say.
    fn connections(&self) -> Option<usize> {
        self.state.count()
    }

    fn stood(&self) -> u64 {
        self.state.stood()
    }

    fn trouble(&self) -> Option<String> {
        self.state.wrong()
    }

    async fn stop(&self) {
        self.closing.cancel();
        self.closed.cancelled().await;
    }
}

impl ExternalBroker {
    async fn order(&self, topic: &str, payload: Bytes, retain: bool, left: Option<Duration>) -> Result<(), BrokerError> {
        if !self.state.is_standing() {
            return Err(BrokerError::Failed(self.state.wrong().unwrap_or_else(|| "it cannot be reached".to_owned())));
        }
        let (done, told) = oneshot::channel();
        let order = Order { topic: topic.to_owned(), payload, retain, left, done };
        let sent = async {
            self.orders.send(order).await.map_err(|_| "it was stopped".to_owned())?;
            told.await.unwrap_or_else(|_| Err("the connection was lost before it had the message".to_owned()))
        };
        let outcome = tokio::time::timeout(OUTGOING_TIME, sent).await;
        outcome.unwrap_or_else(|_| Err("it does not acknowledge in time".to_owned())).map_err(BrokerError::Failed)
    }
}
