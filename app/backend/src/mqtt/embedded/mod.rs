//! The broker inside the program: our own listeners, our own codec, sessions and retained messages in memory, driven by a [`Gate`].
//!
//! A message's way: [`doors`] lets somebody in, [`handshake`] asks who it is, [`connection`] reads its messages and gives them to the
//! gate, many at once, and acknowledges them in their order after the gate has them; [`house`] passes them on to those who
//! [`subscriptions`] says, into the [`outbox`] of each [`session`]. [`registry`] knows whose sessions there are, [`limits`] says
//! what one client may take.

mod arrivals;
mod connection;
mod doors;
mod handshake;
mod house;
pub mod limits;
mod link;
mod message;
mod outbox;
mod registry;
mod retained;
mod rights;
mod session;
mod strangers;
mod subscriptions;
mod topics;
mod tree;
mod websocket;
mod wire;

use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, sleep_until};
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceId;

pub use self::doors::Door;
use self::doors::OpenDoor;
use self::house::House;
use self::message::Draft;
use self::strangers::Strangers;
use super::{Broker, BrokerError, Gate};
use crate::config::Guard;
use crate::metrics::BrokerMetrics;

/// The embedded broker. Nothing of it is process-wide: several may run in one process.
pub struct EmbeddedBroker {
    house: Arc<House>,
    addresses: Vec<SocketAddr>,
    closing: CancellationToken,
    closed: CancellationToken,
}

/// A broker that listens and does not answer yet: give [`Self::serve`] to a task.
pub struct Listening {
    broker: Arc<EmbeddedBroker>,
    doors: Vec<OpenDoor>,
    strangers: Strangers,
    connections: JoinSet<()>,
    /// Which door is looked at first.
    turn: AtomicUsize,
}

impl EmbeddedBroker {
    /// Takes the address, for plain TCP; port 0 takes any free one. Only `peers` are let in.
    ///
    /// # Errors
    /// [`BrokerError::Listen`] in one line with the address, the reason and the setting.
    pub async fn bind(listen: SocketAddr, peers: Guard, gate: Arc<dyn Gate>) -> Result<(Arc<Self>, Listening), BrokerError> {
        Self::open(vec![Door::plain(listen)], peers, gate).await
    }

    /// Opens every door.
    ///
    /// # Errors
    /// [`BrokerError::Listen`] in one line with the address, the reason and the setting.
    pub async fn open(doors: Vec<Door>, peers: Guard, gate: Arc<dyn Gate>) -> Result<(Arc<Self>, Listening), BrokerError> {
        Self::open_counted(doors, peers, gate, BrokerMetrics::default()).await
    }

    /// The same, and counts what it does here.
    ///
    /// # Errors
    /// [`BrokerError::Listen`] in one line with the address, the reason and the setting.
    pub async fn open_counted(
        doors: Vec<Door>,
        peers: Guard,
        gate: Arc<dyn Gate>,
        metrics: BrokerMetrics,
    ) -> Result<(Arc<Self>, Listening), BrokerError> {
        let mut open = Vec::with_capacity(doors.len());
        for door in doors {
            open.push(doors::open(door).await?);
        }
        // Only to tell the names that this run gives to clients without one from those of an earlier run.
        let seed = RandomState::new().hash_one(());
        let broker = Arc::new(Self {
            house: Arc::new(House::new(gate, peers, metrics, seed)),
            addresses: open.iter().map(|door| door.address).collect(),
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
        });
        let listening = Listening {
            broker: Arc::clone(&broker),
            doors: open,
            strangers: Strangers::default(),
            connections: JoinSet::new(),
            turn: AtomicUsize::new(0),
        };
        Ok((broker, listening))
    }

    /// Where it listens, at the first door.
    ///
    /// # Panics
    /// When it was given no door.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Where it listens, door by door.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How many sessions there are, connected or remembered.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.house.registry.sessions()
    }

    /// How many messages were dropped because their receivers did not take them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.house.dropped()
    }

    fn say(&self, draft: Draft<'_>) -> Result<(), BrokerError> {
        if self.closing.is_cancelled() || self.house.is_stopping() {
            return Err(BrokerError::Failed("it is stopping".to_owned()));
        }
        if !topics::is_topic(draft.topic) || draft.topic.contains(['+', '#', '\0']) {
            return Err(BrokerError::Failed(format!("{:?} is no topic", draft.topic)));
        }
        self.house.say(draft);
        Ok(())
    }
}

impl Listening {
    /// Serves until it is told to stop, by the token or by [`Broker::stop`]; then takes nothing new, lets what is being stored
    /// be stored and acknowledged, closes the connections and returns, within [`limits::STOP_TIME`].
    pub async fn serve(mut self, stop: CancellationToken) {
        let house = Arc::clone(&self.broker.house);
        let mut sweep = tokio::time::interval(limits::SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut not_before = Instant::now();
        loop {
            let accepted = async {
                sleep_until(not_before).await;
                doors::next(&self.doors, &self.turn).await
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.broker.closing.cancelled() => break,
                ended = self.connections.join_next(), if !self.connections.is_empty() => {
                    if let Some(Err(error)) = ended {
                        tracing::error!(%error, "serving a client failed");
                    }
                }
                _ = sweep.tick() => {
                    house.show(self.strangers.count());
                    let due = house.registry.due(Instant::now());
                    if !due.is_empty() {
                        let house = Arc::clone(&house);
                        self.connections.spawn(async move { house.settle(due).await });
                    }
                }
                // Nobody waits outside: of those without a name the oldest makes room, and of the others each has its bounds.
                accepted = accepted => match accepted {
                    Ok((door, stream, peer)) => self.meet(door, stream, peer),
                    Err(error) => {
                        tracing::error!(%error, "no MQTT connection can be accepted now");
                        not_before = Instant::now() + limits::ACCEPT_PAUSE;
                    }
                },
            }
        }
        self.end().await;
    }

    fn meet(&mut self, door: Arc<Door>, stream: tokio::net::TcpStream, peer: SocketAddr) {
        let house = &self.broker.house;
        if !house.admits(peer.ip()) {
            return house.turned.count("not_private");
        }
        match self.strangers.enter(peer.ip(), door.behind_proxy) {
            Some(stranger) => drop(self.connections.spawn(doors::meet(Arc::clone(house), door, stream, stranger))),
            None => house.turned.note("address", "too many connections of one address had not said who they are", Some(peer.ip())),
        }
    }

    /// Ends every session; each finishes the messages that it is storing, with their acknowledgements, before it hears of it.
    async fn end(self) {
        let Self { broker, doors, strangers, mut connections, .. } = self;
        drop(doors);
        broker.house.stop();
        strangers.clear();
        let all_gone = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(limits::STOP_TIME, all_gone).await.is_err() {
            tracing::warn!(connections = connections.len(), "connections did not end in time");
            connections.shutdown().await;
        }
        for session in broker.house.registry.all() {
            broker.house.registry.forget(&session);
            broker.house.clear(&session);
        }
        broker.closed.cancel();
    }
}

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, topic: &str, payload: Bytes, retain: bool) -> Result<(), BrokerError> {
        self.say(Draft::of_house(topic, &payload, retain, None))
    }

    async fn publish_for(&self, topic: &str, payload: Bytes, left: Duration) -> Result<(), BrokerError> {
        self.say(Draft::of_house(topic, &payload, false, Some(left)))
    }

    async fn disconnect(&self, device: &DeviceId) {
        self.house.withdraw(device);
    }

    fn connections(&self) -> Option<usize> {
        (!self.closed.is_cancelled()).then(|| self.house.registry.connections())
    }

    async fn stop(&self) {
        self.closing.cancel();
        self.closed.cancelled().await;
    }
}

#[cfg(test)]
mod arriving_tests;
