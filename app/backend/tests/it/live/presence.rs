//! Whether a device is there moves by itself on the pages of those who may see it.

use serde_json::json;
use vigia_backend::mqtt::Gate as _;
use vigia_domain::device::Presence;
use vigia_domain::user::Role;

use super::{Socket, listening};
use crate::support::{Installation, NOW, both};

const FIVE_MINUTES_MS: i64 = 5 * 60 * 1000;

async fn presence(it: &Installation, id: &str) -> Presence {
    let id = vigia_domain::ids::DeviceId::new(id).expect("a good id");
    let device = vigia_backend::db::devices::by_id(it.app.registry(), &id).await.expect("asked").expect("there");
    vigia_backend::fleet::view(&it.app, device).await.expect("asked").row.presence
}

both! {
    async fn a_device_comes_goes_and_falls_silent_before_its_owners_eyes(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        it.user("neighbour@example.org", Role::Customer).await;
        let (meter, _) = it.device("m1", Some("lucia@example.org")).await;
        let address = listening(it).await;
        let mut owner = Socket::connect(address, "cookie", &it.cookie("lucia@example.org").await).await.expect("connected");
        let mut other = Socket::connect(address, "cookie", &it.cookie("neighbour@example.org").await).await.expect("connected");
        owner.subscribe(&["m1"]).await;
        other.subscribe(&["m1"]).await;
        assert_eq!(other.heard().await["error"]["status"], 404);
        assert!(owner.silent().await, "nothing is known of it yet");

        let gate = it.gate();
        gate.connected(&meter).await;
        assert_eq!(owner.heard().await, json!({"topic": "device/m1", "at": "2026-03-01T12:00:00.000Z", "values": {}, "online": true}));
        gate.disconnected(&meter).await;
        assert_eq!(owner.heard().await["online"], false);
        assert_eq!(presence(it, "m1").await, Presence::Never, "it never said a word");

        it.app.ingest().message(&meter, "vigia/m1/telemetry", br#"{"power_w":1}"#).await.expect("stored");
        assert_eq!(owner.heard().await["values"]["power_w"], 1.0);
        it.world.advance(FIVE_MINUTES_MS - 1);
        assert!(owner.silent().await, "a device that posts now and then is not gone yet");
        it.world.advance(1);
        let silent = owner.heard().await;
        assert_eq!((&silent["online"], &silent["values"]), (&json!(false), &json!({})));
        assert_eq!(presence(it, "m1").await, Presence::Offline, "the page says the same when it is loaded again");
        // Readings of yesterday are no news to the page's numbers, but the device is there again.
        let backfill = format!(r#"{{"ts":{},"power_w":9}}"#, NOW - 86_400_000);
        it.app.ingest().message(&meter, "vigia/m1/telemetry", backfill.as_bytes()).await.expect("stored");
        assert_eq!(owner.heard().await["online"], true);
        assert!(other.silent().await, "another's device makes no sound");
    }

    async fn a_stop_of_the_server_says_nothing_of_devices(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        let (meter, _) = it.device("m1", Some("lucia@example.org")).await;
        let gate = it.gate();
        gate.connected(&meter).await;
        let address = listening(it).await;
        let mut owner = Socket::connect(address, "cookie", &it.cookie("lucia@example.org").await).await.expect("connected");
        owner.subscribe(&["m1"]).await;
        assert_eq!(owner.heard().await["online"], true);
        let lifecycle = it.app.lifecycle().clone();
        let (_, code) = tokio::join!(lifecycle.stop(), async {
            gate.disconnected(&meter).await;
            owner.closed().await
        });
        assert_eq!(code, 1001, "told that the server goes away");
        assert_eq!(lifecycle.tasks(), 0, "and awaited");
    }
}
