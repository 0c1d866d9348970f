use std::sync::atomic::Ordering;
use std::time::Duration;

use vigia_backend::mqtt::Broker as _;

use crate::wire::{Hello, Wire};
use crate::{House, LEVELS, until};

#[tokio::test]
async fn a_wrong_credential_is_refused_with_its_code() {
    let house = House::new().await;
    for (level, bad, unavailable) in [(4, 4, 3), (5, 0x86, 0x88)] {
        let good = Hello::of("m1", level);
        let wrong = Hello { password: Some("t-m2".into()), ..good.clone() };
        let unknown = Hello { user: Some("m7x".into()), ..good.clone() };
        let anonymous = Hello { user: None, password: None, ..good.clone() };
        let no_password = Hello { password: None, ..good.clone() };
        let reaching = Hello { user: Some("m1/m2".into()), ..good.clone() };
        for hello in [wrong, unknown, anonymous, no_password, reaching] {
            assert_eq!(Wire::connect(house.address(), &hello).await.1, Some(bad), "version {level}");
        }
        house.gate.registry_down.store(true, Ordering::SeqCst);
        assert_eq!(Wire::connect(house.address(), &good).await.1, Some(unavailable));
        house.gate.registry_down.store(false, Ordering::SeqCst);
        assert_eq!(Wire::connect(house.address(), &good).await.1, Some(0));
    }
    assert!(house.gate.accepted().is_empty());
    house.end().await;
}

#[tokio::test]
async fn any_client_id_will_do_and_none_too() {
    let house = House::new().await;
    for level in LEVELS {
        for client in ["", "m2", "m1/x", "ESP32 Kitchen ñ", &"x".repeat(200)] {
            assert_eq!(Wire::connect(house.address(), &Hello::of("m1", level).client(client)).await.1, Some(0), "{client:?}");
            until("it is gone", || house.broker.connections() == Some(0)).await;
        }
        let too_long = Hello::of("m1", level).client(&"x".repeat(300));
        assert_eq!(Wire::connect(house.address(), &too_long).await.1, Some(if level == 4 { 2 } else { 0x85 }));
    }
    house.end().await;
}

#[tokio::test]
async fn the_gate_hears_of_the_first_and_the_last_connection() {
    let house = House::new().await;
    let (one, _) = Wire::connect(house.address(), &Hello::of("m1", 4).client("one")).await;
    let (two, _) = Wire::connect(house.address(), &Hello::of("m1", 5).client("two")).await;
    until("both stand", || house.gate.comings().len() == 2).await;
    drop(one);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(house.gate.comings(), ["+m1", "+m1"], "one of them still stands");
    drop(two);
    until("the last is gone", || house.gate.comings().len() == 3).await;
    assert_eq!(house.gate.comings()[2], "-m1");
    house.end().await;
}

#[tokio::test]
async fn a_client_that_leaves_during_its_connect_is_not_counted_for_ever() {
    use tokio::io::AsyncWriteExt as _;
    let house = House::new().await;
    for level in LEVELS {
        house.gate.registry_held.store(true, Ordering::SeqCst);
        let mut stream = tokio::net::TcpStream::connect(house.address()).await.expect("it listens");
        stream.write_all(&Hello::of("m1", level).packet()).await.expect("it takes the CONNECT");
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.set_zero_linger().expect("it is a socket");
        drop(stream);
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.gate.registry_held.store(false, Ordering::SeqCst);
        house.gate.release.notify_waiters();
        until("it came and went", || house.gate.comings().len() == 2 * usize::from(level - 3)).await;
    }
    assert_eq!(house.gate.comings(), ["+m1", "-m1", "+m1", "-m1"]);
    assert_eq!(house.broker.connections(), Some(0));
    house.end().await;
}

#[tokio::test]
async fn a_credential_that_changes_while_it_is_looked_at_lets_nobody_in() {
    use tokio::io::AsyncReadExt as _;
    use tokio::io::AsyncWriteExt as _;
    let m1 = vigia_domain::ids::DeviceId::new("m1").expect("a good id");
    let house = House::new().await;
    for (level, unavailable) in [(4, 3), (5, 0x88)] {
        // The registry has read the old token; its answer is on its way when the token is changed.
        house.gate.registry_held.store(true, Ordering::SeqCst);
        let mut late = tokio::net::TcpStream::connect(house.address()).await.expect("it listens");
        late.write_all(&Hello::of("m1", level).packet()).await.expect("it takes the CONNECT");
        until("it is asked for", || house.gate.asked.load(Ordering::SeqCst) == 1).await;
        house.broker.disconnect(&m1).await;
        house.gate.registry_held.store(false, Ordering::SeqCst);
        house.gate.release.notify_waiters();
        let mut answer = [0; 4];
        late.read_exact(&mut answer).await.expect("answered");
        assert_eq!((answer[0], answer[3]), (0x20, unavailable), "come again, and be looked at again");
        assert!(house.gate.comings().is_empty() && house.broker.connections() == Some(0));
        house.gate.asked.store(0, Ordering::SeqCst);
    }
    house.end().await;
}

#[tokio::test]
async fn a_credential_that_changes_while_its_client_takes_over_lets_nobody_stay() {
    let m1 = vigia_domain::ids::DeviceId::new("m1").expect("a good id");
    for level in LEVELS {
        let house = House::new().await;
        // The old connection of the client is storing a message; the new one has shown its token and waits for it.
        let mut old = house.device("m1", level).await;
        house.gate.held.store(true, Ordering::SeqCst);
        let say = crate::wire::Say { topic: "vigia/m1/telemetry", payload: b"1", qos: 1, packet: 1, ..crate::wire::Say::default() };
        old.publish(say).await;
        until("it is being stored", || house.gate.waiting.load(Ordering::SeqCst) == 1).await;
        let address = house.address();
        let new = tokio::spawn(async move {
            let (mut wire, code) = Wire::connect(address, &Hello::of("m1", level)).await;
            (code, wire.packet().await, wire.goodbye)
        });
        until("it has its seat", || house.broker.connections() == Some(2)).await;
        house.broker.disconnect(&m1).await;
        house.gate.let_go();
        let (code, packet, goodbye) = new.await.expect("it ends");
        assert_eq!((code, packet, goodbye), (Some(0), None, (level == 5).then_some(0x98)), "it ends at once");
        until("nobody stays", || house.broker.connections() == Some(0) && house.broker.sessions() == 0).await;
        house.end().await;
    }
}

#[tokio::test]
async fn a_will_with_a_wildcard_is_refused_at_the_door() {
    let house = House::new().await;
    for (level, code) in [(4, None), (5, Some(0x90))] {
        for topic in ["vigia/m1/+", "vigia/m1/#", "vigia/m1/a+b"] {
            let hello = Hello::of("m1", level).will(topic, "gone", true);
            assert_eq!(Wire::connect(house.address(), &hello).await.1, code, "{topic}");
        }
    }
    assert!(house.gate.comings().is_empty() && house.gate.accepted().is_empty());
    house.end().await;
}
