//! The program beside a Mosquitto that its own roles guard: names in topics, routes of one's own and gateways hold there as they do at
//! Vigía's own broker, and so do their bounds.

use std::cell::Cell;
use std::process::{Command, Output};
use std::time::Duration;

use crate::mosquitto::{ADMIN, Mosquitto};
use crate::server::{Server, run, said, vigia};

const ROUTES: &str = r#"
[[mqtt.routes]]
topic = "plant/{device}/data"
decoder = "native"
[[mqtt.routes]]
topic = "well"
decoder = "native"
device = "m1"
"#;

struct Place {
    mosquitto: Mosquitto,
    dir: tempfile::TempDir,
    key: String,
    server: Option<Server>,
    /// Another value each time.
    value: Cell<u32>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("vigia.toml"), ROUTES).expect("written");
        let mut place = Self { mosquitto: Mosquitto::dynamic(), dir, key: String::new(), server: None, value: Cell::new(0) };
        place.key = format!("X-API-Key: {}", place.said(&["api-key", "add", "test", "--scope", "telemetry:read,metrics:read"]));
        place
    }

    fn program(&self) -> Command {
        let mut command = vigia(&self.dir.path().join("data"));
        command
            .arg("--config")
            .arg(self.dir.path().join("vigia.toml"))
            .env("VIGIA_MQTT__BROKER", format!("mqtt://{}", self.mosquitto.address))
            .env("VIGIA_MQTT__USER", ADMIN.0)
            .env("VIGIA_MQTT__PASSWORD", ADMIN.1)
            .env("VIGIA_MQTT__DYNAMIC_SECURITY", "true");
        command
    }

    fn start(&mut self) {
        self.server = Some(Server::start(&mut self.program()));
        self.until("it is ready", || self.ask("/readyz").0 == 200);
    }

    fn said(&self, verb: &[&str]) -> String {
        said(self.program().args(verb))
    }

    fn ask(&self, path: &str) -> (u16, String) {
        self.server.as_ref().expect("started").ask("GET", path, &[&self.key], "")
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        for _ in 0..100 {
            if holds() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("not in time: {what}");
    }

    /// Whether the broker takes it from a client.
    fn takes(&self, user: &str, token: &str, topic: &str, message: &str) -> bool {
        let told: Output = self.mosquitto.publish((user, token), topic, message);
        told.status.success() && !String::from_utf8_lossy(&told.stderr).to_lowercase().contains("not authori")
    }

    /// Waits until a value that a client sends on a topic is the device's last one: what a verb changes holds within a second or so.
    fn is_heard(&self, (user, token): (&str, &str), topic: &str, message: fn(u32) -> String, device: &str) {
        self.until(&format!("{user} on {topic} is heard for {device}"), || {
            let number = self.value.get() + 1;
            self.value.set(number);
            self.takes(user, token, topic, &message(number)) && {
                std::thread::sleep(Duration::from_millis(300));
                self.ask(&format!("/api/v1/devices/{device}/latest")).1.contains(&format!("\"value\":{number}.0"))
            }
        });
    }

    fn is_refused(&self, (user, token): (&str, &str), topic: &str) {
        self.until(&format!("{user} on {topic} is refused"), || !self.takes(user, token, topic, "{}"));
    }
}

fn native(n: u32) -> String {
    format!(r#"{{"power_w": {n}}}"#)
}

fn shelly(n: u32) -> String {
    format!(r#"{{"method": "NotifyStatus", "params": {{"switch:0": {{"apower": {n}}}}}}}"#)
}

fn tasmota(n: u32) -> String {
    format!(r#"{{"ENERGY": {{"Power": {n}}}}}"#)
}

fn zigbee(n: u32) -> String {
    format!(r#"{{"power": {n}}}"#)
}

#[test]
fn names_routes_and_gateways_hold_at_an_external_broker() {
    let mut place = Place::new();
    let m1 = place.said(&["device", "add", "m1", "--kind", "energy_meter"]);
    place.start();
    let oven = place.said(&["device", "add", "oven", "--kind", "switch", "--topic", "home/oven"]);
    let plug = place.said(&["device", "add", "plug1", "--kind", "switch", "--topic", "kitchen/plug"]);
    let z2m = place.said(&["gateway", "add", "z2m", "--devices", "plug1", "--base", "zigbee2mqtt"]);
    let (m1, oven, plug, z2m) = (("m1", &*m1), ("oven", &*oven), ("plug1", &*plug), ("z2m", &*z2m));

    // Routes of the settings: with the device in the topic, and with a topic that is one device's.
    place.is_heard(m1, "plant/m1/data", native, "m1");
    place.is_heard(m1, "well", native, "m1");
    place.is_refused(oven, "plant/m1/data");
    place.is_refused(oven, "well");
    // Built-in ones by the id, and by the name.
    place.is_heard(m1, "tele/m1/SENSOR", tasmota, "m1");
    place.is_heard(oven, "home/oven/events/rpc", shelly, "oven");
    place.is_heard(oven, "tele/home/oven/SENSOR", tasmota, "oven");
    place.is_heard(oven, "vigia/oven/telemetry", native, "oven");
    place.is_refused(m1, "home/oven/events/rpc");
    place.is_refused(oven, "home/oven/rpc");
    place.is_refused(oven, "vigia/home/telemetry");
    // A gateway speaks for its devices and for what is below its base, where nobody else does.
    place.is_heard(z2m, "zigbee2mqtt/kitchen/plug", zigbee, "plug1");
    place.is_heard(z2m, "vigia/plug1/telemetry", native, "plug1");
    place.is_heard(plug, "kitchen/plug/events/rpc", shelly, "plug1");
    assert!(place.takes("z2m", z2m.1, "zigbee2mqtt/bridge/state", "{}"), "its own talk");
    place.is_refused(z2m, "zigbee2mqtt/kitchen/plug/set");
    place.is_refused(z2m, "vigia/m1/telemetry");
    assert!(place.takes("m1", m1.1, "zigbee2mqtt/m1", r#"{"power": 4242}"#), "harmless, and nobody's while a gateway has the base");
    place.is_refused(m1, "zigbee2mqtt/kitchen/plug");
    assert!(place.takes("z2m", z2m.1, "zigbee2mqtt/m1", r#"{"power": 4242}"#), "a device that is not its own is nobody's there");

    // What is changed while everything runs holds, at the broker and here.
    let named = run(place.program().args(["device", "topic", "oven", "garage/oven"]));
    assert!(named.status.success());
    let told = String::from_utf8_lossy(&named.stderr).into_owned();
    assert!(told.contains("garage/oven is kept from when a running server has subscribed to it"), "{told}");
    place.is_heard(oven, "garage/oven/events/rpc", shelly, "oven");
    place.is_refused(oven, "home/oven/events/rpc");
    place.said(&["gateway", "set", "z2m", "--devices", "plug1,m1"]);
    place.is_heard(z2m, "zigbee2mqtt/m1", zigbee, "m1");
    assert!(!place.ask("/api/v1/devices/m1/telemetry?metric=power_w").1.contains("4242"));
    place.said(&["gateway", "set", "z2m", "--devices", "m1"]);
    place.is_refused(z2m, "vigia/plug1/telemetry");
    place.said(&["gateway", "remove", "z2m"]);
    assert!(!place.takes("z2m", z2m.1, "zigbee2mqtt/m1", "{}"), "its token is worthless at once");
    place.is_heard(m1, "zigbee2mqtt/m1", zigbee, "m1");
}
