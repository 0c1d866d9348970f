use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use vigia_backend::mqtt::Broker as _;
use vigia_domain::ids::DeviceId;

use crate::wire::{Hello, Say, Wire, heard};
use crate::{House, LEVELS, until};

#[tokio::test]
async fn no_device_takes_over_anothers_session() {
    let house = House::new().await;
    for level in LEVELS {
        for clean in [true, false] {
            let client = format!("meter-{level}-{clean}");
            let (mut owner, _) = Wire::connect(house.address(), &Hello { clean, ..Hello::of("m1", level).client(&client) }).await;
            assert_eq!(owner.subscribe("vigia/m1/command").await, Some(1));
            // The same client id, and the name under which the first one's session is kept.
            for stolen in [client.clone(), format!("m1/{client}")] {
                let (mut thief, code) = Wire::connect(house.address(), &Hello { clean, ..Hello::of("m2", level).client(&stolen) }).await;
                assert_eq!(code, Some(0), "any client id will do");
                house.broker.publish("vigia/m1/command", Bytes::from_static(b"secret"), false).await.expect("it runs");
                let packet = owner.packet().await.expect("the owner is still connected");
                assert_eq!(heard(&packet, level).1, b"secret");
                assert!(thief.silent(Duration::from_millis(80)).await, "and only the owner hears it");
            }
            // The device itself does take over: its old connection is half dead.
            let (_again, code) = Wire::connect(house.address(), &Hello { clean, ..Hello::of("m1", level).client(&client) }).await;
            assert_eq!(code, Some(0));
            while let Some((kind, _)) = owner.packet().await {
                assert_ne!(kind >> 4, 2);
            }
        }
    }
    house.end().await;
}

#[tokio::test]
async fn the_house_reaches_its_subscribers_now_and_later() {
    let house = House::new().await;
    for level in LEVELS {
        let mut wire = house.device("m1", level).await;
        assert_eq!(wire.subscribe("vigia/m1/#").await, Some(1));
        house.broker.publish("vigia/m1/command", Bytes::from_static(b"on"), false).await.expect("it runs");
        let packet = wire.packet().await.expect("the command");
        assert_eq!(packet.0 & 0x06, 0x02, "QoS 1");
        assert_eq!(heard(&packet, level), ("vigia/m1/command".into(), b"on".to_vec(), false));

        house.broker.publish("vigia/m1/config", Bytes::from_static(b"{\"v\":1}"), true).await.expect("it runs");
        assert_eq!(heard(&wire.packet().await.expect("the config"), level).1, b"{\"v\":1}");
        let mut later = house.device("m1", level).await;
        assert_eq!(later.subscribe("vigia/m1/config").await, Some(1));
        assert_eq!(heard(&later.packet().await.expect("the retained"), level), ("vigia/m1/config".into(), b"{\"v\":1}".to_vec(), true));
        house.broker.publish("vigia/m1/config", Bytes::new(), true).await.expect("it runs");
    }
    house.end().await;
}

#[tokio::test]
async fn a_remembered_session_gets_what_it_missed() {
    let house = House::new().await;
    for level in LEVELS {
        let hello = Hello { clean: false, ..Hello::of("m1", level).client(&format!("sleeper-{level}")) };
        let (mut wire, _) = Wire::connect(house.address(), &hello).await;
        assert_eq!(wire.subscribe("vigia/m1/command").await, Some(1));
        let before = house.gate.comings().len();
        drop(wire);
        until("it is gone", || house.gate.comings().len() > before).await;
        house.broker.publish("vigia/m1/command", Bytes::from_static(b"later"), false).await.expect("it runs");
        let (mut wire, code) = Wire::connect(house.address(), &hello).await;
        assert_eq!(code, Some(0));
        assert_eq!(heard(&wire.packet().await.expect("what it missed"), level).1, b"later");
        house.broker.publish("vigia/m1/command", Bytes::from_static(b"now"), false).await.expect("it runs");
        assert_eq!(heard(&wire.packet().await.expect("its subscription lives on"), level).1, b"now");
    }
    house.end().await;
}

#[tokio::test]
async fn what_expired_while_a_client_was_away_does_not_come_any_more() {
    let house = House::new().await;
    for level in LEVELS {
        let hello = Hello { clean: false, ..Hello::of("m1", level).client(&format!("sleeper-{level}")) };
        let (mut wire, _) = Wire::connect(house.address(), &hello).await;
        assert_eq!(wire.subscribe("vigia/m1/command").await, Some(1));
        let before = house.gate.comings().len();
        drop(wire);
        until("it is gone", || house.gate.comings().len() > before).await;
        let say = async |payload: &'static [u8], left| {
            house.broker.publish_for("vigia/m1/command", Bytes::from_static(payload), left).await.expect("it runs");
        };
        say(b"open the valve", Duration::from_millis(20)).await;
        say(b"close it", Duration::from_secs(100)).await;
        tokio::time::sleep(Duration::from_millis(25)).await;
        let (mut wire, code) = Wire::connect(house.address(), &hello).await;
        assert_eq!(code, Some(0));
        let packet = wire.packet().await.expect("what it missed");
        assert_eq!(heard(&packet, level).1, b"close it", "the first means nothing any more");
        if level == 5 {
            // After topic and packet number: the length of the properties, and how many seconds it is still good.
            let properties = &packet.1[2 + "vigia/m1/command".len() + 2..];
            assert_eq!(properties[..2], [5, 0x02]);
            let left = u32::from_be_bytes([properties[2], properties[3], properties[4], properties[5]]);
            assert!((1..100).contains(&left), "{left}");
        }
    }
    house.end().await;
}

#[tokio::test]
async fn a_withdrawn_device_loses_all_its_connections() {
    let house = House::new().await;
    let (mut one, _) = Wire::connect(house.address(), &Hello::of("m1", 4).client("one")).await;
    let (mut two, _) = Wire::connect(house.address(), &Hello::of("m1", 5).client("two")).await;
    let mut other = house.device("m2", 4).await;
    assert_eq!(house.broker.connections(), Some(3));
    house.broker.disconnect(&DeviceId::new("m1").expect("a good id")).await;
    assert_eq!((one.packet().await, two.packet().await), (None, None));
    other.publish(Say { topic: "vigia/m2/telemetry", payload: b"1", qos: 1, packet: 1, ..Say::default() }).await;
    assert_eq!(other.packet().await.map(|p| p.0), Some(0x40));
    until("one is left", || house.broker.connections() == Some(1)).await;
    house.end().await;
}

#[tokio::test]
async fn a_device_that_is_withdrawn_while_its_connection_ends_hears_nothing_of_before() {
    let house = House::new().await;
    let m1 = DeviceId::new("m1").expect("a good id");
    for level in LEVELS {
        let hello = Hello { clean: false, ..Hello::of("m1", level).will("vigia/m1/status", "offline", false) };
        let (mut wire, _) = Wire::connect(house.address(), &hello).await;
        assert_eq!(wire.subscribe("vigia/m1/command").await, Some(1));
        // Its last message is being stored when its line breaks, and meanwhile its credential is withdrawn.
        house.gate.held.store(true, Ordering::SeqCst);
        house.gate.waiting.store(0, Ordering::SeqCst);
        wire.publish(Say { topic: "vigia/m1/telemetry", payload: b"1", qos: 1, packet: 1, ..Say::default() }).await;
        until("it is being stored", || house.gate.waiting.load(Ordering::SeqCst) == 1).await;
        let before = house.gate.comings().len();
        drop(wire);
        tokio::time::sleep(Duration::from_millis(50)).await;
        house.broker.disconnect(&m1).await;
        house.gate.let_go();
        until("it is gone", || house.gate.comings().len() > before).await;
        assert!(house.gate.accepted().iter().all(|(_, topic, _)| topic != "vigia/m1/status"), "its will is not its to say any more");

        let (mut wire, code) = Wire::connect(house.address(), &hello).await;
        assert_eq!(code, Some(0));
        house.broker.publish("vigia/m1/command", Bytes::from_static(b"on"), false).await.expect("it runs");
        assert!(wire.silent(Duration::from_millis(150)).await, "what it had subscribed to is forgotten");
        let before = house.gate.comings().len();
        house.broker.disconnect(&m1).await;
        until("it is gone again", || house.gate.comings().len() > before).await;
    }
    house.end().await;
}

#[tokio::test]
async fn a_device_retains_no_more_than_its_share() {
    use vigia_backend::mqtt::embedded::limits::{RETAINED_BYTES, RETAINED_TOPICS};
    let house = House::new().await;
    let mut wire = house.device("m1", 4).await;
    let mut put = async |topic: String, payload: Vec<u8>| {
        wire.publish(Say { topic: &topic, payload: &payload, qos: 1, packet: 1, retain: true, ..Say::default() }).await;
        assert_eq!(wire.packet().await.map(|p| p.0), Some(0x40), "it is stored all the same");
    };
    put("m1/large".into(), vec![b'x'; RETAINED_BYTES + 1]).await;
    for n in 0..RETAINED_TOPICS + 10 {
        put(format!("m1/status/switch:{n}"), b"1".to_vec()).await;
    }
    put("m1/status/switch:0".into(), vec![]).await;
    let mut later = house.device("m1", 4).await;
    assert_eq!(later.subscribe("m1/#").await, Some(1));
    let mut kept = 0;
    while !later.silent(Duration::from_millis(150)).await {
        kept += 1;
    }
    assert_eq!(kept, RETAINED_TOPICS - 1);
    house.end().await;
}
