//! The broker inside the program: the crate `rmqtt` as a library, driven by a [`Gate`].
//!
//! What is ours here and why: [`door`] asks the gate (its hook is awaited before a message is acknowledged), [`sessions`],
//! [`routes`] and [`names`] keep devices from taking over each other's sessions, [`retained`] stores what rmqtt leaves to a
//! plugin, [`limits`] says what one client may take. Sessions and retained messages live in memory.

mod door;
mod house;
pub mod limits;
mod names;
mod retained;
mod routes;
mod sessions;
mod shares;

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use rmqtt::context::ServerContext;
use rmqtt::net::{Builder, Listener};
use rmqtt::router::DefaultRouter;
use rmqtt::server::MqttServer;
use rmqtt::session::SessionState;
use rmqtt::shared::{DefaultShared, Entry};
use rmqtt::types::{ClientId, CodecPublish, From, Id, Publish, QoS};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceId;

use self::door::{Door, HOOKS};
use self::house::House;
use self::retained::Retained;
use self::routes::Routes;
use self::sessions::Sessions;
use super::{Broker, BrokerError, Gate};
use crate::config::Guard;

/// The embedded broker. Nothing of it is process-wide: several may run in one process.
pub struct EmbeddedBroker {
    context: ServerContext,
    house: Arc<House>,
    address: SocketAddr,
    closing: CancellationToken,
    closed: CancellationToken,
}

/// A broker that listens and does not answer yet: give [`Self::serve`] to a task.
pub struct Listening {
    broker: Arc<EmbeddedBroker>,
    server: MqttServer,
}

impl EmbeddedBroker {
    /// Takes the address; port 0 takes any free one. Only `peers` are let in.
    ///
    /// # Errors
    /// [`BrokerError::Listen`] in one line with the address, the reason and the setting.
    pub async fn bind(listen: SocketAddr, peers: Guard, gate: Arc<dyn Gate>) -> Result<(Arc<Self>, Listening), BrokerError> {
        let listener = listener(listen).map_err(|e| {
            BrokerError::Listen(format!("mqtt.listen: cannot listen on {listen}: {e}; end what uses it or set another address"))
        })?;
        let address = listener.local_addr().map_err(|e| BrokerError::Listen(format!("mqtt.listen: {e}")))?;
        // The busy check would refuse clients by the machine's load, and keeps its answer in process-wide statics.
        let context = ServerContext::new().busy_check_enable(false).mqtt_max_sessions(limits::SESSIONS).build().await;
        let house = Arc::new(House::new(gate, peers));
        *context.extends.shared_mut().await = Box::new(Sessions::new(context.clone(), Arc::clone(&house)));
        *context.extends.router_mut().await = Box::new(Routes::new(context.clone()));
        *context.extends.retain_mut().await = Box::new(Retained::new());
        let hooks = context.extends.hook_mgr().register();
        for hook in HOOKS {
            hooks.add(hook, Box::new(Door::new(Arc::clone(&house)))).await;
        }
        hooks.start().await;
        let server = MqttServer::new(context.clone()).listener_by_id(listener, address.port()).build();
        let (closing, closed) = (CancellationToken::new(), CancellationToken::new());
        let broker = Arc::new(Self { context, house, address, closing, closed });
        Ok((Arc::clone(&broker), Listening { broker, server }))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many sessions there are, connected or remembered.
    #[must_use]
    pub fn sessions(&self) -> usize {
        usize::try_from(self.context.sessions.count()).unwrap_or(0)
    }

    /// Ends the sessions that `chosen` picks, connected or only remembered. Returns when their connections have been told.
    async fn end(&self, chosen: impl Fn(&Id) -> bool) {
        let places: Vec<Box<dyn Entry>> = {
            let sessions = self.context.extends.shared().await;
            sessions.iter().filter(|place| chosen(&place.id())).collect()
        };
        join_all(places.into_iter().map(|mut place| async move {
            if let Err(reason) = place.kick(true, true, true).await {
                tracing::debug!(client = %place.id(), %reason, "a session was already ending");
            }
        }))
        .await;
    }

    async fn sweep(&self) {
        loop {
            tokio::time::sleep(limits::SWEEP).await;
            self.house.forget_late(Instant::now());
            for id in self.house.dead() {
                let mut place = self.context.extends.shared().await.entry(id.clone());
                if let Err(reason) = place.remove_with(&id).await {
                    tracing::debug!(%reason, "a dead session was already gone");
                }
                self.house.disconnected(&id).await;
            }
        }
    }

    /// Ends every session; each finishes the message that it is storing, with its acknowledgement, before it hears of it.
    async fn drain(&self) {
        let all_gone = async {
            while self.context.handshakings.count() > 0 || self.context.sessions.count() > 0 {
                self.end(|_| true).await;
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(limits::STOP_TIME, all_gone).await.is_err() {
            tracing::warn!(sessions = self.context.sessions.count(), "connections did not end in time");
        }
        // The context holds these two and they hold the context: without this neither is ever freed.
        *self.context.extends.shared_mut().await = Box::new(DefaultShared::new(None));
        *self.context.extends.router_mut().await = Box::new(DefaultRouter::new(None));
    }
}

impl Listening {
    /// Serves until it is told to stop, by the token or by [`Broker::stop`]; then takes nothing new, lets what is being stored
    /// be stored and acknowledged, closes the connections and returns, within [`limits::STOP_TIME`].
    pub async fn serve(self, stop: CancellationToken) {
        let Self { broker, server } = self;
        tokio::select! {
            _ = server.run() => tracing::error!("the MQTT listener ended by itself"),
            () = broker.sweep() => {}
            () = stop.cancelled() => {}
            () = broker.closing.cancelled() => {}
        }
        broker.house.stop();
        broker.drain().await;
        broker.closed.cancel();
    }
}

fn listener(listen: SocketAddr) -> rmqtt::Result<Listener> {
    Builder::new()
        .name("mqtt")
        .laddr(listen)
        // After a kill the kernel keeps the port for a minute; a restart must not have to wait.
        .reuseaddr(Some(true))
        // Acknowledgements are small and awaited.
        .nodelay(true)
        .allow_anonymous(false)
        .max_connections(usize::try_from(limits::SESSIONS).unwrap_or(usize::MAX))
        .max_handshaking_limit(limits::HANDSHAKES)
        .handshake_timeout(limits::HANDSHAKE_TIME)
        .send_timeout(limits::SEND_TIME)
        .max_packet_size(limits::PACKET_BYTES)
        .max_inflight(limits::INFLIGHT)
        .max_mqueue_len(limits::QUEUE)
        .max_clientid_len(limits::CLIENT_ID_BYTES)
        .max_topic_levels(limits::TOPIC_LEVELS)
        .max_subscriptions(limits::SUBSCRIPTIONS)
        .max_topic_aliases(limits::TOPIC_ALIASES)
        .session_expiry_interval(limits::SESSION_EXPIRY)
        .max_session_expiry_interval(limits::SESSION_EXPIRY)
        .message_expiry_interval(limits::MESSAGE_EXPIRY)
        .message_retry_interval(limits::RESEND)
        .bind()?
        .tcp()
}

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, topic: &str, payload: Bytes, retain: bool) -> Result<(), BrokerError> {
        if self.closing.is_cancelled() || self.house.is_stopping() {
            return Err(BrokerError::Failed("it is stopping".to_owned()));
        }
        let packet =
            CodecPublish { dup: false, retain, qos: QoS::AtLeastOnce, topic: topic.into(), packet_id: None, payload, properties: None };
        // Without the time of creation the message would never grow old in a queue.
        let publish = Publish::from(packet).create_time(rmqtt::utils::timestamp_millis());
        let from = From::from_system(Id::from(self.context.node.id(), ClientId::from_static("vigia")));
        SessionState::forwards(&self.context, from, publish, false, None).await.map_err(|e| BrokerError::Failed(e.to_string()))
    }

    async fn disconnect(&self, device: &DeviceId) {
        self.end(|id| id.username.as_ref().is_some_and(|user| &**user == device.as_str())).await;
    }

    fn connections(&self) -> Option<usize> {
        (!self.closed.is_cancelled()).then(|| usize::try_from(self.context.connections.count()).unwrap_or(0))
    }

    async fn stop(&self) {
        self.closing.cancel();
        self.closed.cancelled().await;
    }
}
