use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use vigia_backend::config::Guard;
use vigia_backend::mqtt::embedded::EmbeddedBroker;
use vigia_backend::mqtt::{Broker as _, BrokerError};

use crate::wire::{Hello, Say, Wire};
use crate::{House, LEVELS, until};

#[tokio::test]
async fn a_message_under_way_is_stored_and_acknowledged() {
    for level in LEVELS {
        let house = House::new().await;
        let mut wire = house.device("m1", level).await;
        let _idle = house.device("m2", level).await;
        house.gate.held.store(true, Ordering::SeqCst);
        wire.publish(Say { topic: "vigia/m1/telemetry", payload: b"last", qos: 1, packet: 9, ..Say::default() }).await;
        until("the gate is asked", || house.gate.waiting.load(Ordering::SeqCst) == 1).await;
        let stopping = house.tasks.spawn({
            let broker = Arc::clone(&house.broker);
            async move { broker.stop().await }
        });
        until("the port is closed", || std::net::TcpStream::connect(house.address()).is_err()).await;
        assert!(!stopping.is_finished(), "it waits for the message");
        house.gate.let_go();
        assert_eq!(wire.packet().await.map(|p| p.0), Some(0x40), "acknowledged");
        assert_eq!(wire.packet().await, None, "then closed");
        stopping.await.expect("it ends");
        assert_eq!(house.gate.accepted().len(), 1);
        house.end().await;
    }
}

#[tokio::test]
async fn a_store_that_hangs_does_not_hold_up_the_end() {
    let house = House::new().await;
    let mut wire = house.device("m1", 4).await;
    house.gate.held.store(true, Ordering::SeqCst);
    wire.publish(Say { topic: "vigia/m1/telemetry", payload: b"x", qos: 1, packet: 9, ..Say::default() }).await;
    until("the gate is asked", || house.gate.waiting.load(Ordering::SeqCst) == 1).await;
    let started = tokio::time::Instant::now();
    house.broker.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5));
    house.gate.let_go();
    house.end().await;
}

#[tokio::test]
async fn stopping_ends_remembered_sessions_and_fires_no_will() {
    let house = House::new().await;
    let sleeper = Hello { clean: false, ..Hello::of("m1", 4) };
    drop(Wire::connect(house.address(), &sleeper).await);
    until("it sleeps", || house.gate.comings() == ["+m1", "-m1"]).await;
    let (mut wire, _) = Wire::connect(house.address(), &Hello::of("m2", 4).will("vigia/m2/status", "offline", false)).await;
    house.broker.stop().await;
    assert_eq!(wire.packet().await, None);
    assert!(house.gate.accepted().is_empty(), "it is we who left, not the device");
    assert_eq!(house.gate.comings().last().map(String::as_str), Some("-m2"));
    assert_eq!(house.broker.connections(), None);
    house.end().await;
}

#[tokio::test]
async fn a_taken_port_is_said_in_one_line() {
    let house = House::new().await;
    let address = house.address();
    let Err(BrokerError::Listen(said)) = EmbeddedBroker::bind(address, Guard::Anyone, house.gate.clone()).await.map(|_| ()) else {
        panic!("the port is taken")
    };
    assert_eq!(
        said,
        format!("mqtt.listen: cannot listen on {address}: Address already in use (os error 98); end what uses it or set another address")
    );
    house.end().await;
}

#[tokio::test]
async fn two_brokers_live_in_one_process() {
    let (one, two) = (House::new().await, House::new().await);
    let mut wire = one.device("m1", 4).await;
    wire.publish(Say { topic: "vigia/m1/telemetry", payload: b"1", qos: 1, packet: 1, ..Say::default() }).await;
    assert_eq!(wire.packet().await.map(|p| p.0), Some(0x40));
    two.end().await;
    wire.publish(Say { topic: "vigia/m1/telemetry", payload: b"2", qos: 1, packet: 2, ..Say::default() }).await;
    assert_eq!(wire.packet().await.map(|p| p.0), Some(0x40));
    assert_eq!(one.gate.accepted().len(), 2);
    one.end().await;
}
