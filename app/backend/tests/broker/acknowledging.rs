use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::wire::{Hello, Say, Wire, framed};
use crate::{House, LEVELS, until};

const TELEMETRY: &str = "vigia/m1/telemetry";

#[tokio::test]
async fn the_acknowledgement_waits_for_the_store() {
    let house = House::new().await;
    for (level, qos, ack) in [(4, 1, 0x40), (4, 2, 0x50), (5, 1, 0x40), (5, 2, 0x50)] {
        let mut wire = house.device("m1", level).await;
        house.gate.held.store(true, Ordering::SeqCst);
        wire.publish(Say { topic: TELEMETRY, payload: b"{}", qos, packet: 7, ..Say::default() }).await;
        until("the gate is asked", || house.gate.waiting.load(Ordering::SeqCst) == 1).await;
        assert!(wire.silent(Duration::from_millis(150)).await, "nothing before the commit");
        house.gate.let_go();
        let (kind, body) = wire.packet().await.expect("an acknowledgement");
        assert_eq!((kind, &body[..2]), (ack, &[0, 7][..]), "version {level}");
    }
    assert_eq!(house.gate.accepted().len(), 4);
    house.end().await;
}

#[tokio::test]
async fn what_was_not_stored_is_not_acknowledged() {
    let house = House::new().await;
    for level in LEVELS {
        let mut other = house.device("m2", level).await;
        for qos in 0..=2 {
            let mut wire = house.device("m1", level).await;
            house.gate.store_down.store(true, Ordering::SeqCst);
            wire.publish(Say { topic: TELEMETRY, payload: b"{}", qos, packet: 7, ..Say::default() }).await;
            assert_eq!(wire.packet().await, None, "closed without an answer");
            house.gate.store_down.store(false, Ordering::SeqCst);
        }
        other.publish(Say { topic: "vigia/m2/telemetry", payload: b"1", qos: 1, packet: 1, ..Say::default() }).await;
        assert_eq!(other.packet().await.map(|p| p.0), Some(0x40), "the others are undisturbed");
    }
    assert!(house.gate.accepted().iter().all(|(device, ..)| device == "m2"));
    house.end().await;
}

#[tokio::test]
async fn empty_large_and_too_large() {
    let house = House::new().await;
    for level in LEVELS {
        let mut wire = house.device("m1", level).await;
        for payload in [vec![], vec![b'x'; 300 * 1024]] {
            wire.publish(Say { topic: TELEMETRY, payload: &payload, qos: 1, packet: 3, ..Say::default() }).await;
            assert_eq!(wire.packet().await.map(|p| p.0), Some(0x40));
        }
        let mut absurd = framed(0x32, &vec![0; 1 << 21]);
        absurd.truncate(100);
        wire.send(&absurd).await;
        assert_eq!(wire.packet().await, None, "two megabytes end the connection");
    }
    let lengths: Vec<_> = house.gate.accepted().iter().map(|(.., payload)| payload.len()).collect();
    assert_eq!(lengths, [0, 307_200, 0, 307_200], "the gate gets them and can say why it keeps them apart");
    house.end().await;
}

#[tokio::test]
async fn qos_two_is_taken_once() {
    let house = House::new().await;
    for level in LEVELS {
        let mut wire = house.device("m1", level).await;
        let say = Say { topic: TELEMETRY, payload: b"once", qos: 2, packet: 5, ..Say::default() };
        wire.publish(say).await;
        assert_eq!(wire.packet().await.map(|p| p.0), Some(0x50));
        wire.publish(Say { dup: true, ..say }).await;
        assert_eq!(wire.packet().await.map(|p| p.0), Some(0x50));
        wire.send(&framed(0x62, &[0, 5])).await;
        assert_eq!(wire.packet().await.map(|p| p.0), Some(0x70), "PUBCOMP");
    }
    assert_eq!(house.gate.accepted().len(), 2, "once per version");
    house.end().await;
}

#[tokio::test]
async fn a_topic_alias_of_version_five_stands_for_its_topic() {
    let house = House::new().await;
    let (mut listener, _) = Wire::connect(house.address(), &Hello::of("m1", 5).client("listener")).await;
    assert_eq!(listener.subscribe("vigia/m1/#").await, Some(1));
    let mut wire = house.device("m1", 5).await;
    for (packet, topic) in [(1, TELEMETRY), (2, "")] {
        wire.publish(Say { topic, payload: b"{}", qos: 1, packet, alias: Some(1), ..Say::default() }).await;
        assert_eq!(wire.packet().await.map(|p| p.0), Some(0x40));
        let heard = listener.packet().await.expect("the message");
        assert_eq!(crate::wire::heard(&heard, 5).0, TELEMETRY, "without the sender's alias");
        assert!(!heard.1.contains(&0x23));
    }
    assert_eq!(house.gate.accepted().len(), 2);
    house.end().await;
}
