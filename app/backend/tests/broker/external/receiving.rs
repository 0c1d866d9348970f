//! What devices tell the broker arrives, once it is stored it is acknowledged, and not before.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_backend::mqtt::Broker as _;
use vigia_backend::simulate::load::{self, Load};
use vigia_domain::ids::DeviceId;

use super::{Client, Mosquitto, PROTOCOLS, at, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_device_tells_the_broker_arrives_with_its_name() {
    for protocol in PROTOCOLS {
        let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
        let client = Client::new(at(mosquitto.address.port(), protocol), folder.path()).await;
        let told = [
            ("vigia/m1/telemetry", r#"{"power_w":1}"#),
            ("vigia/m2/event", r#"{"type":"x"}"#),
            ("vigia/m2/command/result", r#"{"id":"7","ok":true}"#),
            ("vigia/m2/config/applied", r#"{"version":3}"#),
            ("m3/events/rpc", "{}"),
            ("m3/status/switch:0", "{}"),
            ("m3/online", "true"),
        ];
        for (topic, message) in told {
            mosquitto.tell(topic, message);
        }
        until("all are there", || client.gate.accepted().len() >= told.len()).await;
        let whose = ["m1", "m2", "m2", "m2", "m3", "m3", "m3"];
        let wanted: Vec<_> = told.iter().zip(whose).map(|((t, m), w)| (w.to_owned(), (*t).to_owned(), (*m).to_owned())).collect();
        assert_eq!(client.gate.accepted(), wanted, "{protocol:?}");
        client.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_go_nowhere_and_are_counted() {
    let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
    let client = Client::new(at(mosquitto.address.port(), PROTOCOLS[0]), folder.path()).await;
    for topic in ["vigia/nobody/telemetry", "homeassistant/status", "somebody/online"] {
        mosquitto.tell(topic, "1");
    }
    mosquitto.tell("vigia/m1/telemetry", "2");
    until("the device's own is there", || client.payloads() == ["2"]).await;
    assert_eq!(client.metrics.strangers.get(), 3);
    client.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_the_broker_keeps_it() {
    for protocol in PROTOCOLS {
        let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
        let broker = at(mosquitto.address.port(), protocol);
        let client = Client::new(broker.clone(), folder.path()).await;
        client.gate.store_down.store(true, Ordering::SeqCst);
        mosquitto.tell("vigia/m1/telemetry", "1");
        until("it waits", || client.metrics.unstored_now() == 1).await;
        client.gate.store_down.store(false, Ordering::SeqCst);
        until("it is stored", || client.payloads() == ["1"]).await;

        // Killed before it was stored: the next process gets it.
        client.gate.store_down.store(true, Ordering::SeqCst);
        mosquitto.tell("vigia/m1/telemetry", "2");
        until("it waits", || client.metrics.unstored_now() == 1).await;
        client.kill().await;
        let client = Client::new(broker.clone(), folder.path()).await;
        until("it comes again", || client.payloads() == ["2"]).await;
        client.end().await;

        // It was acknowledged, and does not come a third time; what came meanwhile does.
        mosquitto.tell("vigia/m1/telemetry", "3");
        let client = Client::new(broker, folder.path()).await;
        until("what came meanwhile is there", || !client.payloads().is_empty()).await;
        assert_eq!(client.payloads(), ["3"], "{protocol:?}");
        client.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_message_that_cannot_be_stored_does_not_hold_up_the_others() {
    let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
    let client = Client::new(at(mosquitto.address.port(), PROTOCOLS[0]), folder.path()).await;
    client.gate.store_down.store(true, Ordering::SeqCst);
    mosquitto.tell("vigia/m1/telemetry", "bad");
    until("it waits", || client.metrics.unstored_now() == 1).await;
    client.gate.refuses.lock().expect("fine").push("bad".into());
    client.gate.store_down.store(false, Ordering::SeqCst);
    for n in 0..30 {
        mosquitto.tell("vigia/m2/telemetry", &n.to_string());
    }
    until("the others are stored", || client.payloads().len() == 30).await;
    client.gate.refuses.lock().expect("fine").clear();
    until("it is stored in the end", || client.payloads().len() == 31).await;
    client.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_has_forgotten_us_is_subscribed_to_again() {
    for protocol in PROTOCOLS {
        let (mut mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
        let client = Client::new(at(mosquitto.address.port(), protocol), folder.path()).await;
        mosquitto.forget();
        until("it is noticed", || client.broker.connections().is_none()).await;
        assert!(client.broker.trouble().is_some_and(|trouble| trouble.contains("no connection to 127.0.0.1:")));
        mosquitto.start();
        client.stands().await;
        assert_eq!(client.metrics.forgotten.get(), 1);
        mosquitto.tell("vigia/m1/telemetry", "1");
        until("it is there", || client.payloads() == ["1"]).await;
        client.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_keeps_is_no_news() {
    for protocol in PROTOCOLS {
        let (mut mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
        let told =
            mosquitto.client("mosquitto_pub", ("m1", "x"), &["-r", "-t", "vigia/m1/status", "-m", "kept"]).output().expect("it runs");
        assert!(told.status.success());
        let client = Client::new(at(mosquitto.address.port(), protocol), folder.path()).await;
        let kept = || client.gate.kept.lock().expect("fine").first().cloned();
        until("what was kept comes to the newcomer", || kept().is_some()).await;
        assert_eq!(kept(), Some(("vigia/m1/status".to_owned(), "kept".into())));
        until("it is counted", || client.metrics.passed_over.get() == 1).await;
        mosquitto.stop();
        until("it is noticed", || client.broker.connections().is_none()).await;
        mosquitto.start();
        client.stands().await;
        mosquitto.tell("vigia/m1/telemetry", "new");
        until("something new is there", || client.payloads().contains(&"new".to_owned())).await;
        assert_eq!(client.payloads(), ["new"], "{protocol:?}");
        client.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_says_how_many_clients_it_has() {
    let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
    let client = Client::new(at(mosquitto.address.port(), PROTOCOLS[0]), folder.path()).await;
    until("it counts us", || client.broker.connections() == Some(1)).await;
    client.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_kept_while_we_were_away_arrives_whole() {
    let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
    let broker = at(mosquitto.address.port(), PROTOCOLS[0]);
    Client::new(broker.clone(), folder.path()).await.end().await;
    let load = Load {
        values: load::VALUES,
        broker: mosquitto.address.to_string(),
        devices: (1..5).map(|n| (DeviceId::new(format!("m{n}")).expect("a good id"), String::new())).collect(),
        window: 8,
        rate_per_s: None,
        time: Duration::from_secs(3),
        from_ms: 1_772_362_800_000,
        step_ms: 1,
        keep: true,
    };
    let outcome = load::run(load, CancellationToken::new()).await;
    assert!(outcome.acknowledged > 1_500, "more than Mosquitto keeps by itself: {}", outcome.acknowledged);
    let client = Client::new(broker, folder.path()).await;
    until("as many have come as were acknowledged", || client.metrics.messages.get() >= outcome.acknowledged).await;
    let time = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON")["ts"].as_i64().expect("a time");
    let arrived: HashSet<_> = client.gate.accepted().iter().map(|(device, _, text)| (device.clone(), time(text))).collect();
    let told = outcome.kept.iter().flat_map(|(device, times)| times.iter().map(|at| (device.to_string(), *at)));
    assert_eq!(told.filter(|one| !arrived.contains(one)).collect::<Vec<_>>(), [], "acknowledged and not arrived");
    client.end().await;
}
