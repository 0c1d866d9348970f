//! A device that nobody knows: it introduces itself, waits, is claimed, and gets a token of its own.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;
use vigia_backend::auth::token::{self, Kind};
use vigia_backend::db::gateways::{self, Gateway};
use vigia_backend::db::unclaimed;
use vigia_backend::fleet::{self, GatewayError};
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use crate::downward::{Listening, admin, becomes, open_broker};
use crate::support::{BY, Installation, NOW, TEST, both};
use crate::until;
use crate::wire::{Hello, Say, Wire, heard};

/// A key for meters, good for a day.
async fn batch(it: &Installation) -> String {
    let key = token::make(it.app.world(), Kind::Provisioning);
    let (hash, end) = (token::hash(key.as_bytes()), NOW + 24 * 60 * 60 * 1000);
    unclaimed::insert_key(it.app.registry(), "batch-7", &hash, Some(DeviceKind::EnergyMeter), Some(end), BY).await.expect("made");
    key
}

async fn refused(address: std::net::SocketAddr, device: &str, password: &str) -> bool {
    Listening::try_connect(address, device, password).await.1 != Some(0)
}

both! {
    async fn an_unknown_device_waits_until_it_is_claimed_and_then_signs_in_with_a_token_of_its_own(it: Installation) {
        let admin = admin(it).await;
        let address = open_broker(it).await;
        let password = format!("{}.its-own-secret", batch(it).await);
        let mut device = Listening::connect(address, "new-1", &password).await;
        device.says("telemetry", r#"{"power_w": 5}"#).await;
        let list = it.get("/api/v1/unclaimed", &admin).await.json();
        assert_eq!((&list[0]["id"], &list[0]["key"], &list[0]["online"]), (&json!("new-1"), &json!("batch-7"), &json!(true)));
        let sent = &list[0]["messages"][0];
        assert_eq!((&sent["topic"], &sent["excerpt"]), (&json!("vigia/new-1/telemetry"), &json!(r#"{"power_w": 5}"#)));
        assert_eq!(it.get("/api/v1/devices/new-1", &admin).await.status, StatusCode::NOT_FOUND, "it is no device yet");

        let claimed = it.post("/api/v1/unclaimed/new-1/claim", &admin, r#"{"name": "Kitchen"}"#).await;
        assert_eq!((claimed.status, claimed.json()), (StatusCode::CREATED, json!({"id": "new-1", "kind": "energy_meter"})));
        let told = device.hears(it, "provision").await;
        assert_eq!(told["id"], "new-1");
        device.says("telemetry", r#"{"power_w": 7}"#).await;
        let token = told["token"].as_str().expect("a token").to_owned();
        assert_eq!(it.post("/api/v1/unclaimed/new-1/claim", &admin, "{}").await.status, StatusCode::CONFLICT);

        let mut device = Listening::connect(address, "new-1", &token).await;
        device.says("telemetry", r#"{"power_w": 6}"#).await;
        let view = it.get("/api/v1/devices/new-1", &admin).await.json();
        assert_eq!((&view["row"]["name"], &view["latest"][0]["value"]), (&json!("Kitchen"), &json!(6.0)));
        let before: Vec<_> = view["quarantine"].as_array().expect("a list").iter().map(|sent| &sent["excerpt"]).collect();
        assert_eq!(before, [r#"{"power_w": 7}"#, r#"{"power_w": 5}"#], "what it sent before is seen, and is no reading");
        assert_eq!(it.get("/api/v1/unclaimed", &admin).await.json(), json!([]));
        assert!(refused(address, "new-1", &password).await, "the key is worthless for it now");
    }

    async fn a_token_that_did_not_arrive_is_given_again_also_after_a_restart(it: Installation) {
        let admin = admin(it).await;
        let key = batch(it).await;
        let address = open_broker(it).await;
        let (wire, code) = Listening::try_connect(address, "new-1", &key).await;
        assert_eq!(code, Some(0));
        drop(wire);
        assert_eq!(it.post("/api/v1/unclaimed/new-1/claim", &admin, "{}").await.status, StatusCode::CREATED);
        it.restart().await;
        let address = open_broker(it).await;
        // It is known again as soon as the process has looked.
        let list = becomes(it, "/api/v1/unclaimed", &admin, |list| list[0]["claimed_at"].is_string()).await;
        assert_eq!(list[0]["id"], "new-1");
        let mut device = Listening::connect(address, "new-1", &key).await;
        let token = device.hears(it, "provision").await["token"].as_str().expect("a token").to_owned();
        Listening::connect(address, "new-1", &token).await;
        becomes(it, "/api/v1/unclaimed", &admin, |list| *list == json!([])).await;
    }

    async fn only_a_good_key_opens_and_an_id_belongs_to_who_came_first(it: Installation) {
        let admin = admin(it).await;
        let key = batch(it).await;
        let (_, m1) = it.device("m1", None).await;
        let address = open_broker(it).await;
        assert!(refused(address, "new-1", "vgp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").await, "a key that nobody made");
        assert!(refused(address, "m1", &key).await, "a device that is known has its own token");
        Listening::connect(address, "m1", &m1).await;
        Listening::connect(address, "new-1", &format!("{key}.mine")).await;
        assert!(refused(address, "new-1", &format!("{key}.yours")).await);
        assert!(refused(address, "new-1", &key).await);
        let mut again = Listening::connect(address, "new-1", &format!("{key}.mine")).await;
        assert_eq!(it.post("/api/v1/unclaimed/nobody/claim", &admin, "{}").await.status, StatusCode::NOT_FOUND);
        assert_eq!(it.post("/api/v1/unclaimed/new-1/claim", &admin, r#"{"kind": "toaster"}"#).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let nobody = it.post("/api/v1/unclaimed/new-1/claim", &admin, r#"{"owner": "nobody@example.org"}"#).await;
        assert_eq!((nobody.status, nobody.json()["field"].clone()), (StatusCode::UNPROCESSABLE_ENTITY, json!("owner")));
        unclaimed::revoke_key(it.app.registry(), "batch-7", BY).await.expect("revoked");
        assert!(refused(address, "new-2", &key).await && refused(address, "new-1", &format!("{key}.mine")).await);
        assert_eq!(it.get("/api/v1/unclaimed", &admin).await.json(), json!([]), "who came with it is forgotten");
        it.world.advance(31_000);
        let ended = again.hears_within(Duration::from_secs(5), "provision").await;
        assert_eq!(ended, Some(serde_json::Value::Null), "and sent away");
    }

    async fn a_key_opens_neither_a_gateways_rights_nor_anothers_topics(it: Installation) {
        let admin = admin(it).await;
        let key = batch(it).await;
        let (m1, _) = it.device("m1", None).await;
        let (registry, world) = (it.app.registry(), it.app.world());
        let id = |text: &str| DeviceId::new(text).expect("a good id");
        fleet::name_topic(registry, world, TEST, &m1.id, Some("home/m1")).await.expect("named");
        let token = fleet::add_gateway(registry, world, TEST, &id("z2m"), std::slice::from_ref(&m1.id), Some("barn/zigbee")).await.expect("added");
        let address = open_broker(it).await;
        let _gateway = Listening::try_connect(address, "z2m", &token).await;
        for taken in ["z2m", "barn", "home"] {
            assert!(refused(address, taken, &key).await, "{taken}");
        }
        // And the other way round.
        Listening::connect(address, "new-1", &key).await;
        let exists = fleet::add_gateway(registry, world, TEST, &id("new-1"), &[], Some("x")).await;
        assert!(matches!(exists, Err(GatewayError::Exists(_))));
        let below = fleet::add_gateway(registry, world, TEST, &id("g"), &[], Some("new-1/x")).await;
        assert!(matches!(below, Err(GatewayError::Shared { .. })));
        let below = fleet::name_topic(registry, world, TEST, &m1.id, Some("new-1/x")).await;
        assert!(matches!(below, Err(GatewayError::Shared { .. })));
        // Both at the same moment.
        let gateway = Gateway { name: id("g"), base: Some("new-1".to_owned()), token_hash: "none".to_owned() };
        gateways::insert(registry, &gateway, &[m1.number], BY).await.expect("added");
        assert!(refused(address, "new-1", &key).await, "who is known already, too");
        assert_eq!(it.post("/api/v1/unclaimed/new-1/claim", &admin, "{}").await.status, StatusCode::CONFLICT);
    }

    async fn a_stranger_never_hears_what_is_meant_for_the_device_that_was_given_its_id(it: Installation) {
        let admin = admin(it).await;
        let key = batch(it).await;
        let address = open_broker(it).await;
        let mut stranger = Listening::connect(address, "m1", &key).await;
        it.device("m1", None).await;
        let headers = [("x-api-key", admin.as_str()), ("content-type", "application/json")];
        let set = it.ask(Method::PUT, "/api/v1/devices/m1/config", &headers, r#"{"wifi": "secret"}"#).await;
        assert_eq!(set.status, StatusCode::OK);
        let heard = stranger.hears_within(Duration::from_secs(5), "config").await;
        assert_eq!(heard, Some(serde_json::Value::Null), "its connection ended, and it heard nothing before");
        assert!(refused(address, "m1", &key).await);
    }

    async fn who_was_claimed_does_not_take_its_session_as_a_stranger_along(it: Installation) {
        let admin = admin(it).await;
        let key = batch(it).await;
        let address = open_broker(it).await;
        let mut hello = Hello { clean: false, password: Some(key), ..Hello::of("new-1", 4) };
        let (mut stranger, code) = Wire::connect(address, &hello).await;
        assert_eq!((code, stranger.subscribe("vigia/new-1/#").await), (Some(0), Some(1)));
        assert_eq!(it.post("/api/v1/unclaimed/new-1/claim", &admin, r#"{"kind": "energy_meter"}"#).await.status, StatusCode::CREATED);
        let told = loop {
            let packet = stranger.packet_ever().await.expect("the connection stands");
            let (topic, payload, _) = heard(&packet, 4);
            if topic == "vigia/new-1/provision" {
                break serde_json::from_slice::<serde_json::Value>(&payload).expect("JSON");
            }
        };
        drop(stranger);
        hello.password = Some(told["token"].as_str().expect("a token").to_owned());
        let (mut device, code) = Wire::connect(address, &hello).await;
        assert_eq!(code, Some(0));
        device.publish(Say { topic: "vigia/new-1/telemetry", payload: br#"{"power_w": 6}"#, qos: 1, packet: 1, ..Say::default() }).await;
        assert_eq!(device.packet().await.map(|packet| packet.0), Some(0x40), "acknowledged, and before it nothing of the other session");
        let view = it.get("/api/v1/devices/new-1", &admin).await.json();
        assert_eq!((&view["latest"][0]["value"], &view["row"]["presence"]), (&json!(6.0), &json!("online")), "it is a reading of the device");
    }

    async fn a_device_and_the_stranger_that_it_was_come_and_go_each_for_itself(it: Installation) {
        let admin = admin(it).await;
        let key = batch(it).await;
        let address = open_broker(it).await;
        let mut stranger = Listening::connect(address, "new-1", &key).await;
        assert_eq!(it.post("/api/v1/unclaimed/new-1/claim", &admin, "{}").await.status, StatusCode::CREATED);
        let token = stranger.hears(it, "provision").await["token"].as_str().expect("a token").to_owned();
        let number = DeviceNumber(it.numbers("vigia.db", "SELECT number FROM devices WHERE device_id = 'new-1'").await[0]);
        let hello = Hello { password: Some(token), ..Hello::of("new-1", 4).client("another") };
        let (device, code) = Wire::connect(address, &hello).await;
        assert_eq!(code, Some(0));
        until("the device is there", || it.app.connections().has(number)).await;
        drop(device);
        until("it is gone, whoever else has its id", || !it.app.connections().has(number)).await;
    }

    async fn a_key_that_got_around_does_not_flood_the_list(it: Installation) {
        let admin = admin(it).await;
        let key = batch(it).await;
        let address = open_broker(it).await;
        let mut come = 0;
        for round in 0..8 {
            for n in 0..25 {
                come += usize::from(!refused(address, &format!("new-{round}-{n}"), &key).await);
            }
            assert_eq!(come, (20 * (round + 1)).min(100), "so many a minute, and so many in all");
            it.world.advance(60_000);
        }
        assert_eq!(it.get("/api/v1/unclaimed", &admin).await.json().as_array().map(Vec::len), Some(100));
        it.world.advance(8 * 24 * 60 * 60 * 1000);
        becomes(it, "/api/v1/unclaimed", &admin, |list| *list == json!([])).await;
    }
}
