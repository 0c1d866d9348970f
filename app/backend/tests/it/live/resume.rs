//! Who comes back after a lost connection hears at once what it missed, and never the backlog.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use vigia_domain::rights::Scope;

use super::{Socket, listening};
use crate::support::{NOW, both};

both! {
    async fn who_returns_hears_the_newest_of_what_it_missed(it: Installation) {
        let (meter, _) = it.device("m1", None).await;
        let (quiet, _) = it.device("quiet", None).await;
        it.app.ingest().message(&quiet, "vigia/quiet/telemetry", format!(r#"[{{"ts":{},"power_w":1}},{{"ts":{},"voltage_v":1}}]"#, NOW - 2_000, NOW - 1_000).as_bytes()).await.expect("stored");
        it.world.advance(60_000);
        let lost_ms = NOW + 60_000;
        for n in 0..50 {
            let payload = format!(r#"{{"ts":{},"power_w":{n}}}"#, lost_ms + n);
            it.app.ingest().message(&meter, "vigia/m1/telemetry", payload.as_bytes()).await.expect("stored");
        }
        it.app.ingest().message(&meter, "vigia/m1/telemetry", format!(r#"{{"ts":{},"voltage_v":127.5}}"#, lost_ms + 100).as_bytes()).await.expect("stored");
        let key = it.key("panel", &[Scope::TelemetryRead]).await;
        let mut back = Socket::connect(listening(it).await, "x-api-key", &key).await.expect("connected");
        back.say(&json!({"subscribe": ["device/m1", "device/quiet"], "since": lost_ms})).await;
        let missed = back.heard().await;
        assert_eq!((&missed["topic"], &missed["values"]), (&json!("device/m1"), &json!({"power_w": 49.0})), "the newest, with its own instant");
        assert_eq!(missed["at"], "2026-03-01T12:01:00.049Z");
        let mut known: Vec<Value> = vec![back.heard().await, back.heard().await];
        known.sort_by_key(|update| update["topic"].to_string());
        assert_eq!((&known[0]["values"], &known[0]["online"]), (&json!({"voltage_v": 127.5}), &json!(true)));
        assert_eq!((&known[1]["topic"], &known[1]["values"]), (&json!("device/quiet"), &json!({"voltage_v": 1.0})), "nothing was missed of it: what is known, once");
        assert!(back.silent().await);
    }

    async fn a_client_that_says_nonsense_is_told_and_stays(it: Installation) {
        it.device("m1", None).await;
        let key = it.key("panel", &[Scope::TelemetryRead]).await;
        let mut socket = Socket::connect(listening(it).await, "x-api-key", &key).await.expect("connected");
        for nonsense in ["{}", "[1]", r#"{"subscribe":"device/m1"}"#, r#"{"subscribe":[],"since":"soon"}"#, r#"{"publish":["device/m1"]}"#] {
            socket.stream.send(Message::text(nonsense)).await.expect("said");
            assert_eq!(socket.heard().await["error"]["status"], 422, "{nonsense}");
        }
        let deep = "[".repeat(100_000);
        socket.stream.send(Message::text(deep)).await.expect("said");
        assert_eq!(socket.heard().await["error"]["status"], 422);
        socket.stream.send(Message::binary(vec![0xff; 10])).await.expect("said");
        assert_eq!(socket.heard().await["error"]["status"], 422);
        socket.subscribe(&["nobody"]).await;
        assert_eq!(socket.heard().await["error"]["status"], 404, "it still answers");
        let huge = format!(r#"{{"subscribe":["{}"]}}"#, "x".repeat(300 * 1024));
        let _ = socket.stream.send(Message::text(huge)).await;
        let ended = async { while let Some(Ok(message)) = socket.stream.next().await { if message.is_close() { return; } } };
        tokio::time::timeout(std::time::Duration::from_secs(5), ended).await.expect("a message over the limit ends the connection");
    }
}
