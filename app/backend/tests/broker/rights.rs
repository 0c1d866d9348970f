use std::time::Duration;

use vigia_backend::mqtt::Offence;

use crate::wire::{Hello, Say, Wire, heard};
use crate::{House, LEVELS, until};

const FOREIGN: [&str; 6] = ["vigia/m2/telemetry", "m2/events/rpc", "vigia/m1/command", "vigia/m1/config", "zigbee2mqtt/x", "$SYS/x"];

#[tokio::test]
async fn foreign_topics_are_refused_and_nothing_of_them_is_stored() {
    let house = House::new().await;
    for level in LEVELS {
        let mut owner = house.device("m2", level).await;
        assert_eq!(owner.subscribe("vigia/m2/#").await, Some(1));
        for topic in FOREIGN {
            for (qos, retain) in [(0, false), (1, false), (2, false), (1, true)] {
                let mut wire = house.device("m1", level).await;
                wire.publish(Say { topic, payload: b"evil", qos, packet: 4, retain, ..Say::default() }).await;
                let answer = wire.packet().await;
                if level == 5 && qos > 0 {
                    let (kind, body) = answer.expect("an answer with the reason");
                    assert_eq!((kind, &body[..3]), (if qos == 1 { 0x40 } else { 0x50 }, &[0, 4, 0x87][..]));
                } else {
                    assert_eq!(answer, None, "closed without an acknowledgement");
                }
                let offence = if retain { Offence::Retain } else { Offence::Publish };
                assert_eq!(house.gate.refused().last(), Some(&("m1".into(), offence, topic.into())));
            }
        }
        assert!(owner.silent(Duration::from_millis(100)).await, "its owner heard nothing");
        let mut later = house.device("m2", level).await;
        assert_eq!(later.subscribe("vigia/m2/#").await, Some(1));
        assert!(later.silent(Duration::from_millis(100)).await, "nothing was retained");
    }
    assert!(house.gate.accepted().is_empty());
    house.end().await;
}

#[tokio::test]
async fn only_own_topics_can_be_subscribed_to() {
    let house = House::new().await;
    for (level, failure) in [(4, 0x80), (5, 0x87)] {
        let mut wire = house.device("m1", level).await;
        let foreign = ["#", "+/#", "vigia/#", "vigia/m2/command", "m2/rpc", "$SYS/#", "$share/g/vigia/m2/command", "vigia/+/command"];
        for filter in foreign {
            assert_eq!(wire.subscribe(filter).await, Some(failure), "{filter}");
            assert_eq!(house.gate.refused().last(), Some(&("m1".into(), Offence::Subscribe, filter.into())));
        }
        for filter in ["vigia/m1/command", "vigia/m1/#", "m1/rpc", "m1/command/+"] {
            assert_eq!(wire.subscribe(filter).await, Some(1), "{filter}");
        }
        let mut other = house.device("m2", level).await;
        other.publish(Say { topic: "vigia/m2/telemetry", payload: b"private", qos: 1, packet: 1, ..Say::default() }).await;
        assert_eq!(other.packet().await.map(|p| p.0), Some(0x40));
        assert!(wire.silent(Duration::from_millis(100)).await);
    }
    house.end().await;
}

#[tokio::test]
async fn a_foreign_will_is_refused_at_the_door() {
    let house = House::new().await;
    for (level, code) in [(4, 5), (5, 0x87)] {
        for retain in [false, true] {
            let hello = Hello::of("m1", level).will("vigia/m2/status", r#"{"online":false}"#, retain);
            assert_eq!(Wire::connect(house.address(), &hello).await.1, Some(code));
            assert_eq!(house.gate.refused().last(), Some(&("m1".into(), Offence::Will, "vigia/m2/status".into())));
        }
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(house.gate.accepted().is_empty() && house.gate.comings().is_empty());
    house.end().await;
}

#[tokio::test]
async fn an_own_will_is_stored_and_retained() {
    let house = House::new().await;
    for level in LEVELS {
        let hello = Hello::of("m1", level).client("w").will("vigia/m1/status", r#"{"online":false}"#, true);
        let (wire, code) = Wire::connect(house.address(), &hello).await;
        assert_eq!(code, Some(0));
        let before = house.gate.accepted().len();
        drop(wire);
        until("the will", || house.gate.accepted().len() == before + 1).await;
        assert_eq!(house.gate.accepted()[before], ("m1".into(), "vigia/m1/status".into(), r#"{"online":false}"#.into()));
        let mut later = house.device("m1", level).await;
        assert_eq!(later.subscribe("vigia/m1/status").await, Some(1));
        let (topic, payload, retained) = heard(&later.packet().await.expect("the retained will"), level);
        assert_eq!((topic.as_str(), payload.as_slice(), retained), ("vigia/m1/status", &br#"{"online":false}"#[..], true));
    }
    // A good-bye takes the will back.
    let (mut wire, _) = Wire::connect(house.address(), &Hello::of("m1", 4).will("vigia/m1/status", "no", false)).await;
    let before = house.gate.accepted().len();
    wire.send(&[0xe0, 0]).await;
    drop(wire);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(house.gate.accepted().len(), before);
    house.end().await;
}

#[tokio::test]
async fn a_will_of_version_five_waits_for_its_delay() {
    let house = House::new().await;
    let mut hello = Hello::of("m1", 5).will("vigia/m1/status", "gone", false);
    hello.clean = false;
    hello.will.as_mut().expect("a will").delay = Some(1);
    let (wire, _) = Wire::connect(house.address(), &hello).await;
    drop(wire);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(house.gate.accepted().is_empty(), "not yet");
    until("the will", || house.gate.accepted().len() == 1).await;
    house.end().await;
}
