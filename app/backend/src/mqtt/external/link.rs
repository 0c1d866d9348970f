//! One connection in either version of MQTT, as the rest here sees it.
//!
//! The library's event loop is made anew for each connection. It would otherwise carry over what it should not: an acknowledgement
//! for a packet number that by then is another message's, or messages of ours that nobody waits for any more.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rumqttc::v5::mqttbytes::v5::{self, Filter, PubAckReason, PublishProperties, RetainForwardRule, SubscribeReasonCode};
use rumqttc::{TlsConfiguration, Transport, mqttbytes, v5 as five};
use tokio_rustls::rustls::ClientConfig;

use super::limits::{CONNECT_TIME_S, GOOD_BYE, KEEP_ALIVE, OUTGOING, PACKET_BYTES, PACKET_BYTES_V311, SESSION_EXPIRY_S, WINDOW, WORDS};
use crate::config::{External, Protocol, Secret};

/// Where and as whom we connect.
#[derive(Clone)]
pub(super) struct Dial {
    pub(super) broker: External,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) client_id: String,
    /// Whether the broker shall remember us.
    pub(super) lasting: bool,
}

/// The end to speak into.
pub(super) enum Link {
    V5(five::AsyncClient),
    V311(rumqttc::AsyncClient),
}

/// The end to listen at.
pub(super) enum Events {
    V5(Box<five::EventLoop>),
    V311(Box<rumqttc::EventLoop>),
}

/// A message of the broker's.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Bytes,
    pub(super) ack: Ack,
    /// The quality of service by which the broker handed it on.
    pub(super) qos: u8,
    /// It was kept by the broker and says nothing about now.
    pub(super) retained: bool,
}

/// What acknowledging a message takes. Of QoS 0 there is nothing to acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ack(Option<u16>);

impl Ack {
    pub(super) fn is_expected(self) -> bool {
        self.0.is_some()
    }
}

/// What happens next, with the end to listen at given back.
pub(super) type Next = BoxFuture<'static, (Events, Result<Happened, String>)>;

/// What happened on a connection.
#[derive(Debug)]
pub(super) enum Happened {
    /// It stands; whether the broker remembers us.
    Standing { remembered: bool },
    /// A message came.
    Came(Message),
    /// A message of ours left under this number; they do so in the order in which they were handed over.
    Left(u16),
    /// The broker has a message of ours, or says why not.
    Has(u16, Result<(), String>),
    /// A subscription was answered: per filter whether it holds.
    Subscribed(Vec<bool>),
    /// Nothing that concerns us.
    Nothing,
}

/// The library takes no more now; what it holds has to leave first.
#[derive(Debug)]
pub(super) struct Busy;

/// A connection that is made at the first [`Events::next`].
pub(super) fn open(dial: &Dial) -> (Link, Events) {
    let room = 2 * usize::from(WINDOW) + OUTGOING + WORDS;
    let transport = || dial.tls.clone().map_or_else(Transport::tcp, |config| Transport::tls_with_config(TlsConfiguration::Rustls(config)));
    let outgoing = u16::try_from(OUTGOING).unwrap_or(u16::MAX);
    let External { host, port, user, password, protocol, .. } = &dial.broker;
    let login = user.as_deref().map(|user| (user, password.as_ref().map_or("", Secret::expose)));
    match protocol {
        Protocol::V5 => {
            let mut options = five::MqttOptions::new(&dial.client_id, host, *port);
            options.set_transport(transport()).set_manual_acks(true).set_clean_start(!dial.lasting).set_keep_alive(KEEP_ALIVE);
            options.set_connection_timeout(CONNECT_TIME_S).set_receive_maximum(Some(WINDOW)).set_max_packet_size(Some(PACKET_BYTES));
            options.set_session_expiry_interval(Some(if dial.lasting { SESSION_EXPIRY_S } else { 0 }));
            options.set_outgoing_inflight_upper_limit(outgoing);
            if let Some((user, password)) = login {
                options.set_credentials(user, password);
            }
            let (client, events) = five::AsyncClient::new(options, room);
            (Link::V5(client), Events::V5(Box::new(events)))
        }
        Protocol::V311 => {
            let mut options = rumqttc::MqttOptions::new(&dial.client_id, host, *port);
            options.set_transport(transport()).set_manual_acks(true).set_clean_session(!dial.lasting).set_keep_alive(KEEP_ALIVE);
            options.set_max_packet_size(PACKET_BYTES_V311, PACKET_BYTES_V311).set_inflight(outgoing);
            if let Some((user, password)) = login {
                options.set_credentials(user, password);
            }
            let (client, mut events) = rumqttc::AsyncClient::new(options, room);
            let mut network = rumqttc::NetworkOptions::new();
            network.set_connection_timeout(CONNECT_TIME_S);
            network.set_tcp_nodelay(true);
            events.set_network_options(network);
            (Link::V311(client), Events::V311(Box::new(events)))
        }
    }
}

impl Link {
    /// Hands a message over, QoS 1. One that means nothing any more after `left` is not handed out later, where the broker can be told so.
    pub(super) fn publish(&self, topic: &str, payload: Bytes, retain: bool, left: Option<Duration>) -> Result<(), Busy> {
        match self {
            Self::V5(client) => {
                let qos = five::mqttbytes::QoS::AtLeastOnce;
                match left {
                    None => client.try_publish(topic, qos, retain, payload),
                    Some(left) => {
                        let properties = PublishProperties { message_expiry_interval: Some(seconds(left)), ..Default::default() };
                        client.try_publish_with_properties(topic, qos, retain, payload, properties)
                    }
                }
                .map_err(|_| Busy)
            }
            Self::V311(client) => client.try_publish(topic, rumqttc::QoS::AtLeastOnce, retain, payload).map_err(|_| Busy),
        }
    }

    /// Hands a message over, QoS 0. It leaves under the number 0.
    pub(super) fn mention(&self, topic: &str, payload: Bytes) -> Result<(), Busy> {
        match self {
            Self::V5(client) => client.try_publish(topic, five::mqttbytes::QoS::AtMostOnce, false, payload).map_err(|_| Busy),
            Self::V311(client) => client.try_publish(topic, rumqttc::QoS::AtMostOnce, false, payload).map_err(|_| Busy),
        }
    }

    /// Subscribes, QoS 0, to what others say and not we ourselves, where the broker can be told so.
    pub(super) fn overhear(&self, filter: &str) -> Result<(), Busy> {
        match self {
            Self::V5(client) => {
                let mut filter = Filter::new(filter, five::mqttbytes::QoS::AtMostOnce);
                (filter.nolocal, filter.retain_forward_rule) = (true, RetainForwardRule::Never);
                client.try_subscribe_many([filter]).map_err(|_| Busy)
            }
            Self::V311(client) => client.try_subscribe(filter, rumqttc::QoS::AtMostOnce).map_err(|_| Busy),
        }
    }

    /// Subscribes, QoS 1. Retained messages come only when the subscription is new, where the broker can be told so.
    pub(super) fn subscribe(&self, filters: &[String]) -> Result<(), Busy> {
        match self {
            Self::V5(client) => {
                let rule = |path: &String| {
                    let mut filter = Filter::new(path, five::mqttbytes::QoS::AtLeastOnce);
                    // The standard allows no such rule for shared ones, which get no retained messages at all.
                    if !path.starts_with("$share/") {
                        filter.retain_forward_rule = RetainForwardRule::OnNewSubscribe;
                    }
                    filter
                };
                client.try_subscribe_many(filters.iter().map(rule)).map_err(|_| Busy)
            }
            Self::V311(client) => {
                let filters = filters.iter().map(|path| mqttbytes::v4::SubscribeFilter::new(path.clone(), rumqttc::QoS::AtLeastOnce));
                client.try_subscribe_many(filters).map_err(|_| Busy)
            }
        }
    }

    pub(super) fn unsubscribe(&self, filter: &str) -> Result<(), Busy> {
        match self {
            Self::V5(client) => client.try_unsubscribe(filter).map_err(|_| Busy),
            Self::V311(client) => client.try_unsubscribe(filter).map_err(|_| Busy),
        }
    }

    pub(super) fn acknowledge(&self, ack: Ack) -> Result<(), Busy> {
        let Some(number) = ack.0 else { return Ok(()) };
        match self {
            Self::V5(client) => {
                let publish = v5::Publish { pkid: number, qos: five::mqttbytes::QoS::AtLeastOnce, ..Default::default() };
                client.try_ack(&publish).map_err(|_| Busy)
            }
            Self::V311(client) => {
                let mut publish = mqttbytes::v4::Publish::new("", rumqttc::QoS::AtLeastOnce, Vec::new());
                publish.pkid = number;
                client.try_ack(&publish).map_err(|_| Busy)
            }
        }
    }

    /// Says good-bye; the broker goes on remembering whom it was asked to remember.
    fn leave(&self) {
        let _ = match self {
            Self::V5(client) => client.try_disconnect().map_err(drop),
            Self::V311(client) => client.try_disconnect().map_err(drop),
        };
    }
}

impl Events {
    /// The next thing that happens, with the loop given back, so that one future of it can be awaited in several rounds of a `select!`:
    /// one that is dropped half-way loses its connection.
    pub(super) async fn next(self) -> (Self, Result<Happened, String>) {
        match self {
            Self::V5(mut events) => {
                let happened = events.poll().await.map(of_v5).map_err(|e| e.to_string());
                (Self::V5(events), happened)
            }
            Self::V311(mut events) => {
                let happened = events.poll().await.map(of_v311).map_err(|e| e.to_string());
                (Self::V311(events), happened)
            }
        }
    }
}

/// Leaves a connection, and goes on until the broker has ended it, for a moment at most: it may be gone, and then nobody needs a
/// good-bye.
pub(super) async fn see_off(link: &Link, mut next: Next) {
    link.leave();
    let gone = async {
        loop {
            let (events, happened) = next.await;
            if happened.is_err() {
                break;
            }
            next = events.next().boxed();
        }
    };
    let _ = tokio::time::timeout(GOOD_BYE, gone).await;
}

/// Whole seconds, rounded up: whoever has the message later by less looks at its own time.
fn seconds(left: Duration) -> u32 {
    u32::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
}

fn of_v5(event: five::Event) -> Happened {
    match event {
        five::Event::Incoming(v5::Packet::ConnAck(ack)) => Happened::Standing { remembered: ack.session_present },
        five::Event::Incoming(v5::Packet::Publish(publish)) => {
            let ack = Ack((publish.qos != five::mqttbytes::QoS::AtMostOnce).then_some(publish.pkid));
            let topic = String::from_utf8_lossy(&publish.topic).into_owned();
            Happened::Came(Message { topic, payload: publish.payload, ack, qos: publish.qos as u8, retained: publish.retain })
        }
        five::Event::Incoming(v5::Packet::PubAck(ack)) => Happened::Has(
            ack.pkid,
            match ack.reason {
                PubAckReason::Success | PubAckReason::NoMatchingSubscribers => Ok(()),
                reason => Err(format!("it refused the message: {reason:?}")),
            },
        ),
        five::Event::Incoming(v5::Packet::SubAck(ack)) => {
            Happened::Subscribed(ack.return_codes.iter().map(|code| matches!(code, SubscribeReasonCode::Success(_))).collect())
        }
        five::Event::Outgoing(rumqttc::Outgoing::Publish(number)) => Happened::Left(number),
        _ => Happened::Nothing,
    }
}

fn of_v311(event: rumqttc::Event) -> Happened {
    use rumqttc::{Event, Packet, SubscribeReasonCode};
    match event {
        Event::Incoming(Packet::ConnAck(ack)) => Happened::Standing { remembered: ack.session_present },
        Event::Incoming(Packet::Publish(publish)) => {
            let ack = Ack((publish.qos != rumqttc::QoS::AtMostOnce).then_some(publish.pkid));
            Happened::Came(Message {
                topic: publish.topic,
                payload: publish.payload,
                ack,
                qos: publish.qos as u8,
                retained: publish.retain,
            })
        }
        Event::Incoming(Packet::PubAck(ack)) => Happened::Has(ack.pkid, Ok(())),
        Event::Incoming(Packet::SubAck(ack)) => {
            Happened::Subscribed(ack.return_codes.iter().map(|code| matches!(code, SubscribeReasonCode::Success(_))).collect())
        }
        Event::Outgoing(rumqttc::Outgoing::Publish(number)) => Happened::Left(number),
        _ => Happened::Nothing,
    }
}
