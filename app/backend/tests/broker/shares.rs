//! One device's credential cannot take the broker from the others.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use vigia_backend::mqtt::embedded::limits::{CONNECTIONS_PER_DEVICE, SESSIONS_PER_DEVICE};
use vigia_backend::mqtt::{Broker as _, Offence};
use vigia_domain::ids::DeviceId;

use crate::wire::{Hello, Say, Wire};
use crate::{House, LEVELS, until};

/// As many connections of m1 as it may have.
async fn all_of_m1(house: &House, level: u8) -> Vec<Wire> {
    let mut wires = Vec::new();
    for n in 0..CONNECTIONS_PER_DEVICE {
        let (wire, code) = Wire::connect(house.address(), &Hello::of("m1", level).client(&format!("c{n}"))).await;
        assert_eq!(code, Some(0));
        wires.push(wire);
    }
    wires
}

#[tokio::test]
async fn the_connection_too_many_is_refused_and_the_others_stand() {
    let house = House::new().await;
    for (level, unavailable) in [(4, 3), (5, 0x88)] {
        let mut wires = all_of_m1(&house, level).await;
        let one_more = Hello::of("m1", level).client("one-more");
        let before = house.gate.refused().len();
        for _ in 0..50 {
            assert_eq!(Wire::connect(house.address(), &one_more).await.1, Some(unavailable));
        }
        assert_eq!(house.gate.refused().len(), before + 50);
        assert_eq!(house.gate.refused().last(), Some(&("m1".into(), Offence::Connections, "connect".into())), "its page shows it");
        for (n, wire) in (0u16..).zip(&mut wires) {
            wire.publish(Say { topic: "vigia/m1/telemetry", payload: b"{}", qos: 1, packet: n + 1, ..Say::default() }).await;
            assert_eq!(wire.packet().await.map(|p| p.0), Some(0x40));
        }
        house.device("m2", level).await;
        // A client whose old connection is half dead has its place already.
        let (again, code) = Wire::connect(house.address(), &Hello::of("m1", level).client("c0")).await;
        assert_eq!(code, Some(0));
        drop(again);
        until("a place is free", || house.broker.connections() == Some(CONNECTIONS_PER_DEVICE - 1)).await;
        assert_eq!(Wire::connect(house.address(), &one_more).await.1, Some(0));
        drop(wires);
        until("all are gone", || house.broker.connections() == Some(0)).await;
    }
    house.end().await;
}

#[tokio::test]
async fn handshakes_that_die_leave_no_place_taken() {
    let house = House::new().await;
    for level in LEVELS {
        for round in 0..3 {
            house.gate.registry_held.store(true, Ordering::SeqCst);
            let mut streams = Vec::new();
            for n in 0..CONNECTIONS_PER_DEVICE {
                let mut stream = tokio::net::TcpStream::connect(house.address()).await.expect("it listens");
                let hello = Hello::of("m1", level).client(&format!("dying-{round}-{n}"));
                stream.write_all(&hello.packet()).await.expect("it takes the CONNECT");
                stream.set_zero_linger().expect("it is a socket");
                streams.push(stream);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            drop(streams);
            tokio::time::sleep(Duration::from_millis(50)).await;
            house.gate.registry_held.store(false, Ordering::SeqCst);
            house.gate.release.notify_waiters();
            let (came, went) = (|c: &String| c == "+m1", |c: &String| c == "-m1");
            until("they are cleared away", || {
                let comings = house.gate.comings();
                comings.iter().filter(|c| came(c)).count() >= CONNECTIONS_PER_DEVICE && comings.last().is_some_and(went)
            })
            .await;
            house.gate.comings.lock().expect("no test panicked with it").clear();
        }
        let wires = all_of_m1(&house, level).await;
        drop(wires);
        until("all are gone", || house.gate.comings().last().is_some_and(|c| c == "-m1")).await;
        house.gate.comings.lock().expect("no test panicked with it").clear();
    }
    house.end().await;
}

#[tokio::test]
async fn a_device_that_makes_up_client_ids_leaves_no_more_sessions_than_its_share() {
    let house = House::new().await;
    for level in LEVELS {
        let start = async |client: String| {
            let hello = Hello { clean: false, ..Hello::of("m1", level).client(&client) };
            let (wire, code) = Wire::connect(house.address(), &hello).await;
            assert_eq!(code, Some(0), "{client}");
            wire
        };
        let standing = start("standing".to_owned()).await;
        for n in 0..SESSIONS_PER_DEVICE * 3 {
            drop(start(format!("boot-{level}-{n}")).await);
            until("it is gone", || house.broker.connections() == Some(1)).await;
        }
        assert_eq!(house.broker.sessions(), SESSIONS_PER_DEVICE);
        drop(standing);
        house.broker.disconnect(&DeviceId::new("m1").expect("a good id")).await;
        until("none is left", || house.broker.sessions() == 0).await;
        drop(start("again".to_owned()).await);
        house.broker.disconnect(&DeviceId::new("m1").expect("a good id")).await;
    }
    house.end().await;
}
