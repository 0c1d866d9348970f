//! One credential for several devices, other names in topics, and routes of one's own.

use bytes::Bytes;
use vigia_backend::db::{device_tokens, state};
use vigia_backend::fleet::{self, Directory, FleetGate, GatewayError};
use vigia_backend::mqtt::{DeviceIdentity, Directory as _, Gate as _, Whose};
use vigia_domain::ids::{DeviceId, DeviceNumber};

use crate::support::{BY, Engine, Installation, TEST, both};

fn id(text: &str) -> DeviceId {
    DeviceId::new(text).expect("a good id")
}

async fn add(it: &Installation, name: &str, devices: &[&str], base: Option<&str>) -> Result<String, GatewayError> {
    let devices: Vec<_> = devices.iter().map(|device| id(device)).collect();
    fleet::add_gateway(it.app.registry(), it.app.world(), TEST, &id(name), &devices, base).await
}

async fn call(it: &Installation, device: &str, topic: Option<&str>) -> Result<(), GatewayError> {
    fleet::name_topic(it.app.registry(), it.app.world(), TEST, &id(device), topic).await
}

async fn say(gate: &FleetGate, client: &DeviceIdentity, topic: &str, payload: &str) {
    assert!(gate.may_publish(client, topic), "{topic}");
    gate.accept(client, topic, Bytes::from(payload.to_owned()), 1).await.expect("taken");
}

fn latest(it: &Installation, device: DeviceNumber) -> Vec<(String, f64)> {
    it.app.store().latest(device).into_iter().map(|value| (value.metric, value.value)).collect()
}

both! {
    async fn a_zigbee_gateway_brings_its_devices_and_nobody_elses(it: Installation) {
        let (plug, _) = it.device("plug1", None).await;
        let (oven, _) = it.device("oven", None).await;
        let (other, _) = it.device("m9", None).await;
        call(it, "plug1", Some("kitchen/plug")).await.expect("named");
        let token = add(it, "z2m", &["plug1", "oven"], Some("zigbee2mqtt")).await.expect("added");
        assert!(token.starts_with("vgg_"));
        let gate = it.gate();
        assert_eq!(gate.authenticate("z2m", b"wrong").await, Ok(None));
        let client = gate.authenticate("z2m", token.as_bytes()).await.expect("asked").expect("let in");
        say(&gate, &client, "zigbee2mqtt/kitchen/plug", r#"{"state":"ON","power":85.3,"energy":12.45}"#).await;
        say(&gate, &client, "zigbee2mqtt/oven", r#"{"temperature":181.5}"#).await;
        say(&gate, &client, "zigbee2mqtt/kitchen/plug/availability", r#"{"state":"offline"}"#).await;
        say(&gate, &client, "zigbee2mqtt/bridge/state", r#"{"state":"online"}"#).await;
        say(&gate, &client, "zigbee2mqtt/not registered", r#"{"power":1}"#).await;
        assert_eq!(latest(it, plug.number), [("energy_wh".to_owned(), 12_450.0), ("output".to_owned(), 1.0), ("power_w".to_owned(), 85.3)]);
        assert_eq!(latest(it, oven.number), [("temperature_c".to_owned(), 181.5)]);
        assert!(it.app.store().goodbye_ms(plug.number).is_some());
        for topic in ["vigia/m9/telemetry", "m9/online", "vigia/z2m/telemetry", "zigbee2mqtt/kitchen/plug/set", "tele/m9/SENSOR"] {
            assert!(!gate.may_publish(&client, topic), "{topic}");
        }
        assert!(gate.may_subscribe(&client, "zigbee2mqtt/#") && !gate.may_subscribe(&client, "#") && !gate.may_subscribe(&client, "m9/#"));
        assert!(latest(it, other.number).is_empty());
        let rows = it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'gateway.add'").await;
        assert_eq!(rows, [1]);
    }

    async fn what_a_gateway_speaks_for_is_changed_while_it_is_connected(it: Installation) {
        it.device("a", None).await;
        let (b, _) = it.device("b", None).await;
        let token = add(it, "shellies-1", &["a"], None).await.expect("added");
        let gate = it.gate();
        let client = gate.authenticate("shellies-1", token.as_bytes()).await.expect("asked").expect("let in");
        assert!(gate.may_publish(&client, "shellies/a/relay/0/power") && !gate.may_publish(&client, "shellies/b/relay/0/power"));
        fleet::set_gateway(it.app.registry(), it.app.world(), TEST, &id("shellies-1"), &[id("b")]).await.expect("changed");
        gate.refresh().await.expect("read");
        assert!(!gate.may_publish(&client, "shellies/a/relay/0/power"));
        say(&gate, &client, "shellies/b/relay/0/power", "12.5").await;
        assert_eq!(latest(it, b.number), [("power_w".to_owned(), 12.5)]);
        fleet::remove_gateway(it.app.registry(), it.app.world(), TEST, &id("shellies-1")).await.expect("removed");
        gate.refresh().await.expect("read");
        assert!(!gate.may_publish(&client, "shellies/b/relay/0/power"));
        assert_eq!(gate.authenticate("shellies-1", token.as_bytes()).await, Ok(None));
    }

    async fn who_lost_something_has_to_sign_in_anew_and_who_gained_does_not(it: Installation) {
        let names = |users: std::collections::HashSet<DeviceId>| users.into_iter().map(|user| user.to_string()).collect::<Vec<_>>();
        let (_, a) = it.device("a", None).await;
        it.device("b", None).await;
        call(it, "a", Some("home/a")).await.expect("named");
        let token = add(it, "g", &["a"], None).await.expect("added");
        let set = async |devices: &[&str]| {
            let devices: Vec<_> = devices.iter().map(|device| id(device)).collect();
            fleet::set_gateway(it.app.registry(), it.app.world(), TEST, &id("g"), &devices).await.expect("changed");
        };
        let gate = it.gate();
        let sign_in = async |user: &str, token: &str| gate.authenticate(user, token.as_bytes()).await.expect("asked").expect("let in");
        let client = sign_in("g", &token).await;
        let device = sign_in("a", &a).await;
        let lost = async || names(gate.refresh().await.expect("read"));
        assert!(lost().await.is_empty());
        set(&["a", "b"]).await;
        assert!(lost().await.is_empty() && gate.may_subscribe(&client, "b/#"), "more than before");
        set(&["b"]).await;
        assert_eq!(lost().await, ["g"]);
        assert!(lost().await.is_empty(), "said once");
        // Who signs in between takes nothing from the others of that name.
        set(&["a"]).await;
        sign_in("g", &token).await;
        assert_eq!(lost().await, ["g"]);
        set(&["b"]).await;
        assert_eq!(lost().await, ["g"]);
        assert!(gate.may_subscribe(&device, "home/a/#"));
        call(it, "a", Some("barn/a")).await.expect("named");
        assert_eq!(lost().await, ["a"]);
        assert!(!gate.may_subscribe(&device, "home/a/#") && gate.may_subscribe(&device, "barn/a/#"));
        call(it, "a", None).await.expect("by its id again");
        assert_eq!(lost().await, ["a"]);
        device_tokens::replace(it.app.registry(), &id("b"), "another", BY).await.expect("replaced");
        assert_eq!(lost().await, ["b"], "whoever still has the old one is sent away");
        fleet::remove_gateway(it.app.registry(), it.app.world(), TEST, &id("g")).await.expect("removed");
        assert_eq!(lost().await, ["g"]);
    }

    async fn what_a_gateway_is_refused_is_counted_apart_from_what_is_nobodys(it: Installation) {
        it.device("a", None).await;
        it.device("m9", None).await;
        let token = add(it, "z2m", &["a"], Some("zigbee2mqtt")).await.expect("added");
        let gate = it.gate();
        let client = gate.authenticate("z2m", token.as_bytes()).await.expect("asked").expect("let in");
        say(&gate, &client, "zigbee2mqtt/not registered", r#"{"power":1}"#).await;
        gate.accept(&client, "m9/online", Bytes::from_static(b"true"), 1).await.expect("answered");
        gate.refused(&client, vigia_backend::mqtt::Offence::Subscribe, "#", b"").await;
        let metrics = it.app.metrics().text();
        assert!(metrics.contains("vigia_ingest_refused_total 2") && metrics.contains("vigia_ingest_unplaced_total 1"), "{metrics}");
    }

    async fn names_that_would_reach_into_anothers_topics_are_refused(it: Installation) {
        it.device("a", None).await;
        it.device("b", None).await;
        call(it, "a", Some("home/a")).await.expect("named");
        for topic in ["home", "home/a", "home/a/x", "a", "a/x", "vigia/x", "zigbee2mqtt", "tele/x", "+", "x/#", "/x", "x/", "", "$SYS"] {
            let refused = call(it, "b", Some(topic)).await.expect_err(topic);
            assert!(matches!(refused, GatewayError::Shared { .. } | GatewayError::Topic(_)), "{topic}: {refused}");
        }
        call(it, "b", Some("home/b")).await.expect("beside it");
        call(it, "b", None).await.expect("by its id again");
        assert!(matches!(call(it, "c", Some("x")).await, Err(GatewayError::NoSuchDevice(_))));
        assert!(matches!(add(it, "a", &["b"], None).await, Err(GatewayError::Exists(_))));
        assert!(matches!(add(it, "g", &["nobody"], None).await, Err(GatewayError::NoSuchDevice(_))));
        assert!(matches!(add(it, "g", &[], Some("home")).await, Err(GatewayError::Shared { .. })));
        add(it, "g", &["b"], Some("barn")).await.expect("added");
        assert!(matches!(add(it, "h", &["b"], Some("barn/x")).await, Err(GatewayError::BaseTaken(_))));
        let taken = fleet::NewDevice { actor: TEST, id: &id("g"), kind: vigia_domain::device::DeviceKind::Other, name: None, owner: None };
        assert!(matches!(fleet::register(it.app.registry(), it.app.world(), taken).await, Err(fleet::RegisterError::Exists(_))));
        let taken = fleet::NewDevice { id: &id("home"), ..taken };
        assert!(matches!(fleet::register(it.app.registry(), it.app.world(), taken).await, Err(fleet::RegisterError::Shared { .. })));
    }

    async fn a_device_is_known_by_its_firmwares_topics(it: Installation) {
        let (device, token) = it.device("m1", None).await;
        call(it, "m1", Some("shellyplus1pm-a8032412c3d4")).await.expect("named");
        let gate = it.gate();
        let client = gate.authenticate("m1", token.as_bytes()).await.expect("asked").expect("let in");
        let online = r#"{"method":"NotifyStatus","params":{"ts":1772366300,"switch:0":{"apower":12.5}}}"#;
        say(&gate, &client, "shellyplus1pm-a8032412c3d4/events/rpc", online).await;
        say(&gate, &client, "tele/m1/SENSOR", r#"{"Time":"2026-03-01T06:00:00","ENERGY":{"Voltage":127.5}}"#).await;
        say(&gate, &client, "iot/m1/estado", r#"{"serial_number":"m1","estado":"activo","parametros":{"temp":23.4}}"#).await;
        say(&gate, &client, "Prueba", r#"{"presion":1006.5}"#).await;
        say(&gate, &client, "iot/m1/estado", r#"{"serial_number":"m2","estado":"activo"}"#).await;
        say(&gate, &client, "shellies/announce", r#"{"id":"m1"}"#).await;
        let found: Vec<_> = latest(it, device.number).into_iter().map(|(metric, _)| metric).collect();
        assert_eq!(found, ["output", "power_w", "pressure_hpa", "temp", "voltage_v"]);
        let reasons = state::quarantine(it.app.telemetry_db(), device.number, 10).await.expect("asked");
        assert_eq!(reasons.iter().map(|q| q.reason.as_str()).collect::<Vec<_>>(), ["it names the device \"m2\", which this topic is not of"]);
    }
}

both! {
    async fn who_was_registered_or_named_a_moment_ago_is_no_stranger_at_an_external_broker(it: Installation) {
        let directory = Directory::of(&it.app, it.gate());
        directory.refresh().await.expect("read");
        let (by_id, by_name) = ("vigia/oven/telemetry", "home/oven/events/rpc");
        assert_eq!(directory.whose(by_id).await, Ok(Whose::Stranger));
        assert_eq!(directory.whose(by_name).await, Ok(Whose::Stranger));
        let (oven, _) = it.device("oven", None).await;
        assert_eq!(directory.whose(by_id).await, Ok(Whose::Device(oven.clone())), "its first reading");
        call(it, "oven", Some("home/oven")).await.expect("named");
        assert_eq!(directory.whose(by_name).await, Ok(Whose::Device(oven.clone())));
        let gate = it.gate();
        let directory = Directory::of(&it.app, gate.clone());
        assert_eq!(directory.whose(by_name).await, Ok(Whose::Device(oven.clone())));
        say(&gate, &oven, by_name, r#"{"method": "NotifyStatus", "params": {"switch:0": {"apower": 5}}}"#).await;
        assert_eq!(latest(it, oven.number), [("power_w".to_owned(), 5.0)], "the gate knows the name, too");
        assert_eq!(directory.refresh().await.ok(), Some(true), "whoever subscribes hears of it all the same");
        assert_eq!(directory.refresh().await.ok(), Some(false));
        call(it, "oven", Some("garage/oven")).await.expect("named");
        assert_eq!(directory.whose("garage/oven/events/rpc").await, Ok(Whose::Device(oven)));
        assert_eq!(directory.whose(by_name).await, Ok(Whose::Stranger), "it is not called so any more");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_of_a_kind_hold_for_devices_behind_a_gateway_and_at_an_external_broker() {
    let toml = "[[ingest.limits]]\nmetric = \"power_w\"\nkind = \"energy_meter\"\nmost = 100\n";
    let mut it = Installation::configured(Engine::Sqlite, toml).await;
    let (a, _) = it.device("a", None).await;
    let (b, _) = it.device("b", None).await;
    let token = add(&it, "g", &["a"], None).await.expect("added");
    let gate = it.gate();
    let client = gate.authenticate("g", token.as_bytes()).await.expect("asked").expect("let in");
    say(&gate, &client, "vigia/a/telemetry", r#"{"power_w": 101}"#).await;
    let found = Directory::of(&it.app, it.gate()).find(&b.id).await.expect("asked").expect("registered");
    say(&gate, &found, "vigia/b/telemetry", r#"{"power_w": 101}"#).await;
    assert_eq!((latest(&it, a.number), latest(&it, b.number)), (vec![], vec![]));
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes_of_the_settings_bring_topics_of_ones_own() {
    let toml = "[[mqtt.routes]]\ntopic = \"plant/{device}/data\"\ndecoder = \"native\"\n[[mqtt.routes]]\ntopic = \"well/level\"\ndecoder = \"native\"\ndevice = \"well-1\"\n";
    let mut it = Installation::configured(Engine::Sqlite, toml).await;
    let (pump, _) = it.device("pump", None).await;
    let (well, _) = it.device("well-1", None).await;
    let gate = it.gate();
    say(&gate, &pump, "plant/pump/data", r#"{"power_w": 750}"#).await;
    say(&gate, &well, "well/level", r#"{"level_percent": 41.5}"#).await;
    assert!(!gate.may_publish(&pump, "well/level") && !gate.may_publish(&pump, "plant/well-1/data"));
    assert_eq!(latest(&it, pump.number), [("power_w".to_owned(), 750.0)]);
    assert_eq!(latest(&it, well.number), [("level_percent".to_owned(), 41.5)]);
    it.close().await;
}
