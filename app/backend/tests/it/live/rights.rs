//! A live connection ends with the right that it was opened with.

use std::sync::Arc;

use serde_json::json;
use tokio_tungstenite::tungstenite::Error;
use tower_sessions::{Session, SessionStore as _};
use vigia_backend::auth::session;
use vigia_backend::live::{MOST_SOCKETS, MOST_TOPICS};
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use super::{Socket, listening};
use crate::support::{Installation, both};

/// Longer than the time after which a connection asks again.
const A_WHILE_MS: i64 = 6_000;
const POLICY: u16 = 1008;

async fn sign_out(it: &Installation, cookie: &str) {
    let id = cookie.split_once('=').expect("a cookie").1.parse().expect("an id");
    assert!(it.app.sessions().load(&id).await.expect("asked").is_some());
    session::end(&Session::new(Some(id), Arc::new(it.app.sessions().clone()), None)).await.expect("ended");
}

both! {
    async fn it_ends_soon_after_sign_out_and_the_other_tab_goes_on(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        it.device("m1", Some("lucia@example.org")).await;
        let address = listening(it).await;
        let cookies = [it.cookie("lucia@example.org").await, it.cookie("lucia@example.org").await];
        let mut phone = Socket::connect(address, "cookie", &cookies[0]).await.expect("connected");
        let mut desk = Socket::connect(address, "cookie", &cookies[1]).await.expect("connected");
        sign_out(it, &cookies[0]).await;
        it.world.advance(A_WHILE_MS);
        assert_eq!(phone.closed().await, POLICY);
        desk.subscribe(&["nobody"]).await;
        assert_eq!(desk.heard().await["error"]["status"], 404, "it answers");
        sign_out(it, &cookies[1]).await;
        desk.subscribe(&["m1"]).await;
        assert_eq!(desk.closed().await, POLICY, "a subscription asks at once");
    }

    async fn it_ends_when_the_user_is_disabled_or_the_key_revoked(it: Installation) {
        it.user("lucia@example.org", Role::Admin).await;
        let key = it.key("panel", &[Scope::TelemetryRead]).await;
        let address = listening(it).await;
        let mut user = Socket::connect(address, "cookie", &it.cookie("lucia@example.org").await).await.expect("connected");
        let mut script = Socket::connect(address, "x-api-key", &key).await.expect("connected");
        assert_eq!(it.sql("vigia.db", "UPDATE users SET disabled_ms = 1").await, 1);
        assert_eq!(it.sql("vigia.db", "UPDATE api_keys SET revoked_ms = 1").await, 1);
        it.world.advance(A_WHILE_MS);
        assert_eq!((user.closed().await, script.closed().await), (POLICY, POLICY));
    }

    async fn a_device_that_changed_hands_is_not_heard_any_more(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        let (sold, _) = it.device("sold", Some("lucia@example.org")).await;
        let (kept, _) = it.device("kept", Some("lucia@example.org")).await;
        let address = listening(it).await;
        let mut owner = Socket::connect(address, "cookie", &it.cookie("lucia@example.org").await).await.expect("connected");
        owner.subscribe(&["sold", "kept"]).await;
        assert_eq!(it.sql("vigia.db", "UPDATE devices SET owner_id = NULL WHERE device_id = 'sold'").await, 1);
        it.world.advance(A_WHILE_MS);
        let told = owner.heard().await;
        assert_eq!((&told["topic"], &told["error"]["status"]), (&json!("device/sold"), &json!(404)));
        for device in [&sold, &kept] {
            let topic = format!("vigia/{}/telemetry", device.id);
            it.app.ingest().message(device, &topic, br#"{"power_w":1}"#).await.expect("stored");
        }
        assert_eq!(owner.heard().await["topic"], "device/kept");
        assert!(owner.silent().await);
    }

    async fn a_customer_and_their_key_hear_their_own_and_of_anothers_as_of_none(it: Installation) {
        for email in ["lucia@example.org", "eva@example.org"] {
            it.user(email, Role::Customer).await;
        }
        let (own, _) = it.device("own", Some("lucia@example.org")).await;
        let (other, _) = it.device("evas", Some("eva@example.org")).await;
        // Known already: who comes late hears of what they may hear alone.
        for device in [&other, &own] {
            let topic = format!("vigia/{}/telemetry", device.id);
            it.app.ingest().message(device, &topic, br#"{"power_w":1}"#).await.expect("stored");
        }
        let (cookie, key) = (it.cookie("lucia@example.org").await, it.key_of("lucia@example.org", "all", &Scope::ALL).await);
        let address = listening(it).await;
        for (header, value) in [("cookie", &cookie), ("x-api-key", &key)] {
            let mut socket = Socket::connect(address, header, value).await.expect("connected");
            let mut refusals = Vec::new();
            for id in ["evas", "none"] {
                // Also of the time when it was away nothing is told.
                socket.say(&json!({ "subscribe": [format!("device/{id}")], "since": 0 })).await;
                let told = socket.heard().await;
                assert_eq!(told["topic"], format!("device/{id}"), "{header}: {told}");
                refusals.push(told["error"].clone());
            }
            assert_eq!((&refusals[0]["status"], &refusals[0]), (&json!(404), &refusals[1]), "{header}");
            socket.subscribe(&["own"]).await;
            assert_eq!(socket.heard().await["topic"], "device/own", "{header}");
            it.world.advance(1_000);
            for (device, payload) in [(&other, br#"{"power_w":2}"#), (&own, br#"{"power_w":3}"#)] {
                let topic = format!("vigia/{}/telemetry", device.id);
                it.app.ingest().message(device, &topic, payload).await.expect("stored");
            }
            let told = socket.heard().await;
            assert_eq!((&told["topic"], &told["values"]["power_w"]), (&json!("device/own"), &json!(3.0)), "{header}");
            assert!(socket.silent().await, "{header}");
        }
    }

    async fn what_comes_when_the_right_is_due_waits_for_the_answer(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        let (sold, _) = it.device("sold", Some("lucia@example.org")).await;
        let address = listening(it).await;
        let mut owner = Socket::connect(address, "cookie", &it.cookie("lucia@example.org").await).await.expect("connected");
        owner.subscribe(&["sold", "nobody"]).await;
        assert_eq!(owner.heard().await["topic"], "device/nobody", "in order of their names: it follows when that is told");
        owner.subscribe(&["sold", "nobody"]).await;
        assert_eq!(owner.heard().await["topic"], "device/nobody");
        it.app.ingest().message(&sold, "vigia/sold/telemetry", br#"{"power_w":1}"#).await.expect("stored");
        assert_eq!(owner.heard().await["values"]["power_w"], 1.0);
        assert_eq!(it.sql("vigia.db", "UPDATE devices SET owner_id = NULL WHERE device_id = 'sold'").await, 1);
        it.world.advance(A_WHILE_MS);
        it.app.ingest().message(&sold, "vigia/sold/telemetry", br#"{"power_w":2}"#).await.expect("stored");
        assert_eq!(owner.heard().await["error"]["status"], 404, "not the number, which a tick later would not be told either");
        assert!(owner.silent().await);
    }

    async fn a_list_over_the_limit_is_refused_whole(it: Installation) {
        it.device("m1", None).await;
        let key = it.key("panel", &[Scope::TelemetryRead]).await;
        let (device, _) = it.device("m2", None).await;
        let mut socket = Socket::connect(listening(it).await, "x-api-key", &key).await.expect("connected");
        let names: Vec<_> = std::iter::once("m2".to_owned()).chain((0..MOST_TOPICS).map(|n| format!("x{n}"))).collect();
        socket.subscribe(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let told = socket.heard().await;
        assert_eq!(told["error"]["status"], 422);
        assert_eq!(told["error"]["detail"], "one connection follows at most 2000 devices, and with this list it would be 2001; nothing of it is followed");
        it.app.ingest().message(&device, "vigia/m2/telemetry", br#"{"power_w":1}"#).await.expect("stored");
        socket.subscribe(&["m2", "m2"]).await;
        assert_eq!(socket.heard().await["values"]["power_w"], 1.0, "a shorter list is taken");
    }

    async fn one_key_holds_no_more_than_its_share_of_connections(it: Installation) {
        let greedy = it.key("greedy", &[Scope::TelemetryRead]).await;
        let modest = it.key("modest", &[Scope::TelemetryRead]).await;
        let address = listening(it).await;
        let mut held = Vec::new();
        for _ in 0..MOST_SOCKETS {
            held.push(Socket::connect(address, "x-api-key", &greedy).await.expect("connected"));
        }
        let refused = Socket::connect(address, "x-api-key", &greedy).await;
        assert!(matches!(refused, Err(Error::Http(r)) if r.status() == 429 && r.headers().contains_key("retry-after")));
        Socket::connect(address, "x-api-key", &modest).await.expect("the others have their own");
        drop(held);
        for _ in 0..100 {
            if Socket::connect(address, "x-api-key", &greedy).await.is_ok() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the places were not given back");
    }
}
