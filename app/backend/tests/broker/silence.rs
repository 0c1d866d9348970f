//! Clients that fall silent, come again, or do not listen.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vigia_backend::mqtt::Broker as _;

use crate::wire::{Hello, Say, Wire, heard};
use crate::{House, LEVELS, until};

#[tokio::test]
async fn who_says_nothing_for_longer_than_its_keep_alive_is_gone_and_leaves_its_will() {
    let house = House::new().await;
    for level in LEVELS {
        let before = house.gate.accepted().len();
        let hello = Hello::of("m1", level).will("vigia/m1/status", "gone", false);
        let mut packet = hello.packet();
        // The keep-alive stands behind the name, the level and the flags.
        packet[10..12].copy_from_slice(&1u16.to_be_bytes());
        let mut stream = TcpStream::connect(house.address()).await.expect("it listens");
        stream.write_all(&packet).await.expect("taken");
        stream.read_u8().await.expect("answered");
        // Whoever pings stays.
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(600)).await;
            stream.write_all(&[0xc0, 0]).await.expect("taken");
        }
        assert_eq!((house.broker.connections(), house.gate.accepted().len()), (Some(1), before));
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(4), stream.read_to_end(&mut rest)).await.expect("closed in time").expect("readable");
        assert_eq!(rest.windows(2).any(|bytes| bytes == [0x8d, 0]) || rest.contains(&0x8d), level == 5, "version 5 is told");
        until("its will", || house.gate.accepted().len() == before + 1).await;
    }
    house.end().await;
}

#[tokio::test]
async fn a_client_that_comes_again_takes_over() {
    let house = House::new().await;
    for level in LEVELS {
        let hello = Hello { clean: false, ..Hello::of("m1", level).client("meter").will("vigia/m1/status", "gone", false) };
        let (mut old, _) = Wire::connect(house.address(), &hello).await;
        let before = house.gate.accepted().len();
        let (mut new, code) = Wire::connect(house.address(), &hello).await;
        assert_eq!(code, Some(0));
        assert_eq!((old.packet().await, old.goodbye), (None, (level == 5).then_some(0x8e)));
        assert_eq!(house.gate.accepted().len(), before + 1, "the will of the old one came before the new one was let in");
        new.publish(Say { topic: "vigia/m1/telemetry", payload: b"1", qos: 1, packet: 1, ..Say::default() }).await;
        assert_eq!(new.packet().await.map(|p| p.0), Some(0x40));
        new.send(&[0xe0, 0]).await;
    }
    house.end().await;
}

#[tokio::test]
async fn what_is_sent_before_a_client_has_subscribed_reaches_it_when_it_does() {
    let house = House::new().await;
    for level in LEVELS {
        let mut wire = house.device("m1", level).await;
        for n in 0..3 {
            house.broker.publish("vigia/m1/command", Bytes::from(n.to_string()), false).await.expect("it runs");
        }
        house.broker.publish("vigia/m2/command", Bytes::from_static(b"another's"), false).await.expect("it runs");
        assert_eq!(wire.subscribe("vigia/m1/config").await, Some(1));
        assert!(wire.silent(Duration::from_millis(80)).await, "it is for another filter");
        assert_eq!(wire.subscribe("vigia/m1/command").await, Some(1));
        for n in 0..3 {
            let packet = wire.packet().await.expect("a command");
            assert_eq!(heard(&packet, level), ("vigia/m1/command".into(), n.to_string().into_bytes(), false));
        }
        assert!(wire.silent(Duration::from_millis(80)).await, "each once");
        wire.send(&[0xe0, 0]).await;
        until("it is gone", || house.broker.connections() == Some(0)).await;
    }
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_reads_is_let_go_and_hurts_nobody() {
    let house = House::new().await;
    for level in LEVELS {
        let hello = Hello { clean: false, ..Hello::of("m1", level).client("deaf") };
        let (mut deaf, _) = Wire::connect(house.address(), &hello).await;
        assert_eq!(deaf.subscribe("vigia/m1/command").await, Some(1));
        let mut other = house.device("m2", level).await;
        let before = house.broker.dropped();
        let large = Bytes::from(vec![b'x'; 100 * 1024]);
        for n in 0..400 {
            house.broker.publish("vigia/m1/command", large.clone(), false).await.expect("nobody waits for it");
            if n % 40 == 0 {
                other.publish(Say { topic: "vigia/m2/telemetry", payload: b"1", qos: 1, packet: 1, ..Say::default() }).await;
                assert_eq!(other.packet().await.map(|p| p.0), Some(0x40));
            }
        }
        until("it lost its connection", || house.broker.connections() == Some(1)).await;
        assert!(house.broker.dropped() > before + 300);
        drop((deaf, other));
        house.broker.disconnect(&vigia_domain::ids::DeviceId::new("m1").expect("a good id")).await;
        until("all are gone", || house.broker.connections() == Some(0)).await;
    }
    house.end().await;
}
