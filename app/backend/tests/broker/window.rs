//! Many messages of one connection at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vigia_backend::config::Guard;
use vigia_backend::mqtt::embedded::EmbeddedBroker;
use vigia_backend::mqtt::embedded::limits::{INFLIGHT, INFLIGHT_BYTES, MESSAGES_PER_S};
use vigia_backend::mqtt::{Broker as _, DeviceIdentity, Gate, Offence, Unavailable};
use vigia_domain::ids::{DeviceId, DeviceNumber};

use crate::wire::{Hello, Say, Wire, framed};
use crate::{House, LEVELS, until};

const TELEMETRY: &str = "vigia/m1/telemetry";

#[tokio::test]
async fn a_connection_is_read_on_while_its_messages_are_stored() {
    let house = House::new().await;
    for level in LEVELS {
        let mut wire = house.device("m1", level).await;
        let before = house.gate.accepted().len();
        house.gate.held.store(true, Ordering::SeqCst);
        let most = INFLIGHT + 10;
        for packet in 1..=most {
            let payload = packet.to_string();
            wire.publish(Say { topic: TELEMETRY, payload: payload.as_bytes(), qos: 1, packet, ..Say::default() }).await;
        }
        until("all that may are under way", || house.gate.waiting.load(Ordering::SeqCst) == usize::from(INFLIGHT)).await;
        assert!(wire.silent(Duration::from_millis(100)).await, "and the others wait in the client");
        house.gate.let_go();
        for packet in 1..=most {
            let (kind, body) = wire.packet().await.expect("acknowledged");
            assert_eq!((kind, body.as_slice()), (0x40, &packet.to_be_bytes()[..]), "in their order");
        }
        let accepted = house.gate.accepted()[before..].iter().map(|(.., payload)| payload.clone()).collect::<Vec<_>>();
        assert_eq!(accepted.len(), usize::from(most));
    }
    house.end().await;
}

#[tokio::test]
async fn what_a_message_holds_beside_its_payload_counts() {
    let house = House::new().await;
    house.gate.held.store(true, Ordering::SeqCst);
    let mut wire = house.device("m1", 5).await;
    // Forty messages of one byte, each with a response topic, correlation data and user properties of 200 kB.
    let field = |out: &mut Vec<u8>, length: u16| {
        out.extend(length.to_be_bytes());
        out.extend(vec![b'x'; length.into()]);
    };
    let mut properties = Vec::new();
    for number in [0x08, 0x09] {
        properties.push(number);
        field(&mut properties, 40_000);
    }
    for _ in 0..3 {
        properties.push(0x26);
        field(&mut properties, 20_000);
        field(&mut properties, 20_000);
    }
    for packet in 1..=40u16 {
        let mut body = vec![0, 18];
        body.extend(TELEMETRY.as_bytes());
        body.extend(packet.to_be_bytes());
        let mut length = properties.len();
        while length > 0 {
            body.push((length & 0x7f) as u8 | if length > 0x7f { 0x80 } else { 0 });
            length >>= 7;
        }
        body.extend(&properties);
        body.push(b'1');
        // What is not read stays in the system's buffers, and then here.
        let message = framed(0x32, &body);
        if tokio::time::timeout(Duration::from_millis(300), wire.send(&message)).await.is_err() {
            break;
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let under_way = house.gate.waiting.load(Ordering::SeqCst);
    let most = INFLIGHT_BYTES / properties.len() + 1;
    assert!((1..=most).contains(&under_way), "{under_way} are under way; {most} fit");
    house.gate.let_go();
    house.end().await;
}

/// A store that is done with the later ones first.
#[derive(Default)]
struct Backwards {
    taken: AtomicUsize,
}

#[async_trait]
impl Gate for Backwards {
    async fn authenticate(&self, user: &str, _: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
        Ok(DeviceId::new(user).ok().map(|id| DeviceIdentity { id, number: DeviceNumber(1) }))
    }
    async fn accept(&self, _: &DeviceIdentity, _: &str, payload: Bytes, _: u8) -> Result<(), Unavailable> {
        let n: u64 = std::str::from_utf8(&payload).expect("a text").parse().expect("a number");
        assert_eq!(self.taken.fetch_add(1, Ordering::SeqCst) as u64, n, "they are given in their order");
        tokio::time::sleep(Duration::from_millis(20 * (8 - n))).await;
        if n == 6 { Err(Unavailable) } else { Ok(()) }
    }
    async fn refused(&self, _: &DeviceIdentity, _: Offence, _: &str, _: &[u8]) {}
    async fn connected(&self, _: &DeviceIdentity) {}
    async fn disconnected(&self, _: &DeviceIdentity) {}
}

#[tokio::test]
async fn acknowledgements_keep_the_order_and_end_at_the_first_that_was_not_stored() {
    for level in LEVELS {
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let (broker, listening) = EmbeddedBroker::bind(listen, Guard::Anyone, Arc::new(Backwards::default())).await.expect("a free port");
        let tasks = TaskTracker::new();
        tasks.spawn(listening.serve(CancellationToken::new()));
        let (mut wire, _) = Wire::connect(broker.address(), &Hello::of("m1", level)).await;
        for packet in 0..8u16 {
            let payload = packet.to_string();
            let qos = 1 + (packet % 2) as u8;
            wire.publish(Say { topic: TELEMETRY, payload: payload.as_bytes(), qos, packet: packet + 1, ..Say::default() }).await;
        }
        for packet in 1..=6u16 {
            let (kind, body) = wire.packet().await.expect("acknowledged");
            assert_eq!((kind, &body[..2]), (if packet % 2 == 1 { 0x40 } else { 0x50 }, &packet.to_be_bytes()[..]));
        }
        assert_eq!(wire.packet().await, None, "neither what was not stored nor what came behind it");
        assert_eq!(wire.goodbye, (level == 5).then_some(0x88));
        broker.stop().await;
        tasks.close();
        tasks.wait().await;
    }
}

#[tokio::test]
async fn what_was_said_before_a_good_bye_is_stored() {
    let house = House::new().await;
    for level in LEVELS {
        for qos in 0..=1 {
            let before = house.gate.accepted().len();
            house.gate.held.store(true, Ordering::SeqCst);
            let mut wire = house.device("m1", level).await;
            wire.publish(Say { topic: TELEMETRY, payload: b"last words", qos, packet: 1, ..Say::default() }).await;
            wire.send(&[0xe0, 0]).await;
            until("it is under way", || house.gate.waiting.load(Ordering::SeqCst) == 1).await;
            house.gate.let_go();
            until("it is stored", || house.gate.accepted().len() == before + 1).await;
            until("and the client gone", || house.broker.connections() == Some(0)).await;
        }
    }
    house.end().await;
}

#[tokio::test]
async fn a_device_that_floods_is_slowed_and_served_to_the_end() {
    let house = House::new().await;
    let mut wire = house.device("m1", LEVELS[0]).await;
    // A second's worth goes through at once; the rest has to wait for its moment, and its moment comes.
    let rounds = MESSAGES_PER_S / 50 + 20;
    for round in 0..rounds {
        for packet in 1..=50 {
            wire.publish(Say { topic: TELEMETRY, payload: b"{\"power_w\":1}", qos: 1, packet, ..Say::default() }).await;
        }
        for packet in 1..=50_u16 {
            let (kind, body) = wire.packet().await.unwrap_or_else(|| panic!("acknowledged in round {round}"));
            assert_eq!((kind, body.as_slice()), (0x40, &packet.to_be_bytes()[..]));
        }
    }
    house.end().await;
}

#[tokio::test]
async fn who_floods_with_subscriptions_is_slowed_as_well() {
    let house = House::new().await;
    let mut wire = house.device("m1", LEVELS[0]).await;
    // Two hundred times the same filter in one packet, each of which would look through all that is retained.
    let mut body = vec![0, 9];
    for _ in 0..200 {
        body.extend(b"\x00\x0avigia/m1/#\x01");
    }
    let packet = framed(0x82, &body);
    let start = std::time::Instant::now();
    let rounds = MESSAGES_PER_S / 200 * 2 + 1;
    for _ in 0..rounds {
        wire.send(&packet).await;
        let (kind, codes) = wire.packet().await.expect("answered");
        assert_eq!((kind, codes.len()), (0x90, 202));
    }
    assert!(start.elapsed() >= Duration::from_millis(900), "two seconds' worth of them cannot be had within one");
    house.end().await;
}
