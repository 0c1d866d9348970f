//! What no device should send, sent over a real connection into a real store: its page says why it was not taken, whatever was good of
//! it is kept, and the neighbour notices nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vigia_backend::config::Guard;
use vigia_backend::mqtt::embedded::EmbeddedBroker;
use vigia_backend::mqtt::{Broker as _, DeviceIdentity};
use vigia_domain::rights::Scope;

use crate::support::{Installation, NOW, both};
use crate::wire::{Hello, Say, Wire};

/// Two devices of one broker: one sends rubbish, the other a reading after the other.
struct Street {
    broker: Arc<EmbeddedBroker>,
    serving: JoinHandle<()>,
    rubbish: Wire,
    key: String,
    neighbour: DeviceIdentity,
    moved: Arc<AtomicBool>,
    publishing: JoinHandle<Vec<i64>>,
}

impl Street {
    async fn new(it: &Installation) -> Self {
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let (broker, listening) = EmbeddedBroker::bind(listen, Guard::Anyone, Arc::new(it.gate())).await.expect("a free port");
        let serving = tokio::spawn(listening.serve(CancellationToken::new()));
        let connect = async |id: &str| {
            let (device, token) = it.device(id, None).await;
            let (wire, code) = Wire::connect(broker.address(), &Hello { password: Some(token), ..Hello::of(id, 4) }).await;
            assert_eq!(code, Some(0));
            (device, wire)
        };
        let ((_, rubbish), (neighbour, wire)) = (connect("m1").await, connect("m2").await);
        let moved = Arc::new(AtomicBool::new(false));
        let publishing = tokio::spawn(publish(wire, Arc::clone(&moved)));
        Self { broker, serving, rubbish, key: it.key("page", &[Scope::TelemetryRead]).await, neighbour, moved, publishing }
    }

    /// Publishes as m1; it is acknowledged. Returns what its page then says last, the newest first.
    async fn page_after(&mut self, it: &Installation, payload: &[u8]) -> serde_json::Value {
        self.rubbish.publish(Say { topic: "vigia/m1/telemetry", payload, qos: 1, packet: 7, ..Say::default() }).await;
        assert_eq!(self.rubbish.packet().await.map(|p| p.0), Some(0x40), "its connection stands");
        it.get("/api/v1/devices/m1", &self.key).await.json()
    }

    /// The same; only the reason of the newest refusal.
    async fn reason(&mut self, it: &Installation, payload: &[u8]) -> String {
        let page = self.page_after(it, payload).await;
        let newest = &page["quarantine"][0];
        assert_eq!((&newest["source"], &newest["bytes"]), (&"vigia/m1/telemetry".into(), &payload.len().into()));
        newest["reason"].as_str().expect("a sentence").to_owned()
    }

    /// Ends it: every reading of the neighbour that was acknowledged is there, and m1 is still a device like any other.
    async fn end(mut self, it: &Installation) {
        let page = self.page_after(it, format!(r#"{{"ts":{NOW},"power_w":7}}"#).as_bytes()).await;
        assert_eq!(page["row"]["headline"]["value"], 7.0);
        self.moved.store(true, Ordering::SeqCst);
        let acknowledged = self.publishing.await.expect("its connection stood and every message was acknowledged");
        let stored = it.app.store().range(self.neighbour.number, "power_w", 0, i64::MAX).await.expect("asked");
        let stored: Vec<_> = stored.into_iter().map(|(at_ms, _)| at_ms).collect();
        assert!(acknowledged.len() > 10, "it was busy meanwhile");
        assert_eq!(stored, acknowledged);
        self.broker.stop().await;
        self.serving.await.expect("the broker ends");
    }
}

async fn publish(mut wire: Wire, moved: Arc<AtomicBool>) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        // At least a few, however quick the test is.
        if moved.load(Ordering::SeqCst) && n > 10 {
            break;
        }
        let at_ms = NOW - 10_000_000 + n;
        let payload = format!(r#"{{"ts":{at_ms},"power_w":{n}}}"#);
        wire.publish(Say { topic: "vigia/m2/telemetry", payload: payload.as_bytes(), qos: 1, packet: 1, ..Say::default() }).await;
        assert_eq!(wire.packet().await.map(|p| p.0), Some(0x40), "the neighbour is undisturbed");
        acknowledged.push(at_ms);
    }
    acknowledged
}

both! {
    async fn what_is_no_json_is_said_to_be_none(it: Installation) {
        let mut street = Street::new(it).await;
        assert_eq!(street.reason(it, b"").await, "the payload is empty");
        assert_eq!(street.reason(it, b"power 5").await, "the payload is not JSON: expected value at line 1 column 1");
        assert_eq!(street.reason(it, b"{\"power_w\":\"\xff\xfe\"}").await, "the payload is not JSON: invalid unicode code point at line 1 column 13");
        assert_eq!(street.reason(it, &[0xff; 100]).await, "the payload is not JSON: expected value at line 1 column 1");
        assert_eq!(street.reason(it, &[0; 100]).await, "the payload is not JSON: expected value at line 1 column 1");
        street.end(it).await;
    }

    async fn what_is_too_large_or_too_deep_is_said_to_be(it: Installation) {
        let mut street = Street::new(it).await;
        assert_eq!(street.reason(it, &[b'x'; 300 * 1024]).await, "the payload has 307200 bytes; the limit is 262144");
        let too_deep = "the payload is not JSON: recursion limit exceeded at line 1 column 128";
        assert_eq!(street.reason(it, "[".repeat(100_000).as_bytes()).await, too_deep);
        assert_eq!(street.reason(it, format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)).as_bytes()).await, too_deep);
        let many = format!("[{}]", vec![r#"{"a":1}"#; 20_000].join(","));
        assert_eq!(street.reason(it, many.as_bytes()).await, "20000 readings in one message; the limit is 10000");
        street.end(it).await;
    }

    async fn what_is_no_number_is_not_taken_for_one(it: Installation) {
        let mut street = Street::new(it).await;
        assert_eq!(street.reason(it, br#"{"power_w":NaN}"#).await, "the payload is not JSON: expected value at line 1 column 12");
        assert_eq!(street.reason(it, br#"{"power_w":-Infinity}"#).await, "the payload is not JSON: invalid number at line 1 column 13");
        assert_eq!(street.reason(it, br#"{"power_w":1e999}"#).await, "the payload is not JSON: number out of range at line 1 column 16");
        assert_eq!(street.reason(it, br#"{"power_w":[1]}"#).await, "power_w: a number, true, false or a text is expected, not a list");
        // A number in quotes is a text, and texts are what a device tells of itself: its page shows it there.
        let page = street.page_after(it, br#"{"power_w":"512.3"}"#).await;
        assert_eq!((&page["attributes"]["power_w"], &page["latest"]), (&"512.3".into(), &serde_json::json!([])));
        street.end(it).await;
    }

    async fn a_clock_that_is_wrong_is_named(it: Installation) {
        let mut street = Street::new(it).await;
        let of_1970 = "the time 1970-01-01T00:01:40.000Z is before the year 2000: the device's clock is not set";
        assert_eq!(street.reason(it, br#"{"ts":100,"power_w":1}"#).await, of_1970);
        let next_year = "the time 2027-03-01T12:00:00.000Z is more than 10 minutes ahead of the server's clock";
        assert_eq!(street.reason(it, br#"{"ts":"2027-03-01T12:00:00Z","power_w":1}"#).await, next_year);
        let absurd = "the time \"100000000000000000\" is neither Unix seconds or milliseconds nor RFC 3339";
        assert_eq!(street.reason(it, br#"{"ts":1e17,"power_w":1}"#).await, absurd);
        street.end(it).await;
    }

    async fn one_bad_element_does_not_cost_the_batch(it: Installation) {
        let mut street = Street::new(it).await;
        let batch = br#"[{"ts":1772366300,"power_w":1},{"ts":"soon","power_w":2},{"ts":1772366302,"power_w":3}]"#;
        let page = street.page_after(it, batch).await;
        assert_eq!(page["quarantine"][0]["reason"], "reading 1: the time \"soon\" is neither Unix seconds or milliseconds nor RFC 3339");
        assert_eq!(page["latest"][0]["value"], 3.0, "the others are there");
        street.end(it).await;
    }
}
