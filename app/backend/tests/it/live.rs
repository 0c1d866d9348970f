//! The live channel over a real socket.

mod presence;
mod resume;
mod rights;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::support::{Installation, both};

type Stream = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A client of the live channel.
struct Socket {
    stream: Stream,
}

impl Socket {
    async fn connect(address: SocketAddr, header: &'static str, value: &str) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/api/v1/live").into_client_request().expect("a request");
        request.headers_mut().insert(header, value.parse().expect("a header"));
        tokio_tungstenite::connect_async(request).await.map(|(stream, _)| Self { stream })
    }

    async fn say(&mut self, what: &Value) {
        self.stream.send(Message::text(what.to_string())).await.expect("said");
    }

    async fn subscribe(&mut self, devices: &[&str]) {
        let topics: Vec<_> = devices.iter().map(|id| format!("device/{id}")).collect();
        self.say(&json!({ "subscribe": topics })).await;
    }

    async fn next(&mut self) -> Message {
        tokio::time::timeout(Duration::from_secs(5), self.stream.next()).await.expect("in time").expect("open").expect("good")
    }

    async fn heard(&mut self) -> Value {
        loop {
            match self.next().await {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The code that the server closes the connection with, after whatever it still says.
    async fn closed(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.next().await {
                return frame.expect("a code").code.into();
            }
        }
    }

    /// Whether nothing is said for longer than the server takes to look around.
    async fn silent(&mut self) -> bool {
        let text = async {
            loop {
                if let Message::Text(_) | Message::Close(_) = self.next().await {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_millis(2_200), text).await.is_err()
    }
}

async fn listening(it: &Installation) -> SocketAddr {
    vigia_backend::http::serve(&it.app, it.router.clone()).await.expect("it listens")
}

both! {
    async fn a_new_reading_is_heard_by_those_who_may(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        it.user("neighbour@example.org", Role::Customer).await;
        let key = it.key("panel", &[Scope::TelemetryRead]).await;
        let address = listening(it).await;
        assert!(matches!(Socket::connect(address, "x-api-key", "").await, Err(Error::Http(r)) if r.status() == 401));
        let mut panel = Socket::connect(address, "x-api-key", &key).await.expect("connected");
        let mut other = Socket::connect(address, "cookie", &it.cookie("neighbour@example.org").await).await.expect("connected");
        for socket in [&mut panel, &mut other] {
            socket.say(&json!({"subscribe": ["device/m1", "device/nobody", "nonsense"]})).await;
        }
        assert_eq!(panel.heard().await["topic"], "device/nobody");
        assert_eq!(panel.heard().await["error"]["status"], 404);
        assert_eq!(other.heard().await["error"]["status"], 404, "another's device is hidden");
        it.app.ingest().message(&device, "vigia/m1/telemetry", br#"{"ts":1772366300,"power_w":512.3}"#).await.expect("stored");
        assert_eq!(panel.heard().await, json!({"topic": "device/m1", "at": "2026-03-01T11:58:20.000Z", "values": {"power_w": 512.3}}));
        let mut late = Socket::connect(address, "x-api-key", &key).await.expect("connected");
        late.subscribe(&["m1"]).await;
        let known = late.heard().await;
        assert_eq!(known["values"]["power_w"], 512.3, "who comes late hears what is known");
        assert_eq!(known["seen_at"], "2026-03-01T12:00:00.000Z", "and when it was heard");
        it.app.ingest().message(&device, "vigia/m1/telemetry", br#"[{"ts":1772360000,"power_w":20},{"ts":1772366301,"power_w":513}]"#).await.expect("stored");
        assert_eq!(late.heard().await["values"]["power_w"], 513.0, "a backfill does not turn the number back");
        assert_eq!(panel.heard().await["values"]["power_w"], 513.0);
        it.app.ingest().message(&device, "vigia/m1/status", br#"{"online":false}"#).await.expect("stored");
        assert_eq!(panel.heard().await["online"], false);
        panel.stream.send(Message::text("not json")).await.expect("said");
        assert_eq!(panel.heard().await["error"]["status"], 422);
        panel.say(&json!({"unsubscribe": ["device/m1"]})).await;
    }
}
