//! The live channel over a real socket.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::support::{Installation, both};

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(address: std::net::SocketAddr, header: &'static str, value: &str) -> Result<Socket, Error> {
    let mut request = format!("ws://{address}/api/v1/live").into_client_request().expect("a request");
    request.headers_mut().insert(header, value.parse().expect("a header"));
    tokio_tungstenite::connect_async(request).await.map(|(socket, _)| socket)
}

async fn heard(socket: &mut Socket) -> Value {
    loop {
        let message =
            tokio::time::timeout(std::time::Duration::from_secs(5), socket.next()).await.expect("in time").expect("open").expect("good");
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}

async fn listening(it: &Installation) -> std::net::SocketAddr {
    vigia_backend::http::serve(&it.app, it.router.clone()).await.expect("it listens")
}

both! {
    async fn a_new_reading_is_heard_by_those_who_may(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        it.user("neighbour@example.org", Role::Customer).await;
        let key = it.key("panel", &[Scope::TelemetryRead]).await;
        let address = listening(it).await;
        assert!(matches!(connect(address, "x-api-key", "").await, Err(Error::Http(r)) if r.status() == 401));
        let mut panel = connect(address, "x-api-key", &key).await.expect("connected");
        let mut other = connect(address, "cookie", &it.cookie("neighbour@example.org").await).await.expect("connected");
        for socket in [&mut panel, &mut other] {
            socket.send(Message::text(json!({"subscribe": ["device/m1", "device/nobody", "nonsense"]}).to_string())).await.expect("said");
        }
        assert_eq!(heard(&mut panel).await["topic"], "device/nobody");
        assert_eq!(heard(&mut panel).await["error"]["status"], 404);
        assert_eq!((heard(&mut other).await)["error"]["status"], 404, "another's device is hidden");
        it.app.ingest().message(&device, "vigia/m1/telemetry", br#"{"ts":1772366300,"power_w":512.3}"#).await.expect("stored");
        assert_eq!(heard(&mut panel).await, json!({"topic": "device/m1", "at": "2026-03-01T11:58:20.000Z", "values": {"power_w": 512.3}}));
        let mut late = connect(address, "x-api-key", &key).await.expect("connected");
        late.send(Message::text(json!({"subscribe": ["device/m1"]}).to_string())).await.expect("said");
        assert_eq!(heard(&mut late).await["values"]["power_w"], 512.3, "who comes late hears what is known");
        it.app.ingest().message(&device, "vigia/m1/telemetry", br#"[{"ts":1772360000,"power_w":20},{"ts":1772366301,"power_w":513}]"#).await.expect("stored");
        assert_eq!(heard(&mut late).await["values"]["power_w"], 513.0, "a backfill does not turn the number back");
        assert_eq!(heard(&mut panel).await["values"]["power_w"], 513.0);
        it.app.ingest().message(&device, "vigia/m1/status", br#"{"online":false}"#).await.expect("stored");
        assert_eq!(heard(&mut panel).await["online"], false);
        panel.send(Message::text("not json")).await.expect("said");
        assert_eq!(heard(&mut panel).await["error"]["status"], 422);
        panel.send(Message::text(json!({"unsubscribe": ["device/m1"]}).to_string())).await.expect("said");
    }
}
