//! A gateway's credential against the running server, with Mosquitto's client.

use std::process::Command;
use std::time::Duration;

use crate::server::{Server, run, said, vigia};

#[test]
fn a_gateway_brings_its_devices_and_follows_what_the_verbs_say() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = Server::start(&mut vigia(&data));
    said(vigia(&data).args(["device", "add", "plug1", "--kind", "switch", "--topic", "kitchen/plug"]));
    said(vigia(&data).args(["device", "add", "m1", "--kind", "energy_meter"]));
    let token = said(vigia(&data).args(["gateway", "add", "z2m", "--devices", "plug1", "--base", "zigbee2mqtt"]));
    assert!(token.starts_with("vgg_") && token.lines().count() == 1, "{token}");
    let key = said(vigia(&data).args(["api-key", "add", "test", "--scope", "telemetry:read"]));
    let publish = |topic: &str, payload: &str| {
        let (host, port) = (server.mqtt.ip().to_string(), server.mqtt.port().to_string());
        let mut client = Command::new("mosquitto_pub");
        client.args(["-h", &host, "-p", &port, "-V", "5", "-u", "z2m", "-P", &token, "-q", "1", "-t", topic, "-m", payload]);
        let done = client.output().expect("mosquitto_pub is installed");
        done.status.success() && !String::from_utf8_lossy(&done.stderr).contains("Not authorized")
    };
    let latest = |id: &str| server.ask("GET", &format!("/api/v1/devices/{id}/latest"), &[&format!("X-API-Key: {key}")], "").1;
    assert!(publish("zigbee2mqtt/kitchen/plug", r#"{"state":"ON","energy":12.45}"#));
    assert!(latest("plug1").contains(r#""metric":"energy_wh","value":12450.0"#), "{}", latest("plug1"));
    assert!(publish("zigbee2mqtt/bridge/state", r#"{"state":"online"}"#), "what is below its base is its own");
    assert!(!publish("shellies/m1/relay/0/power", "12.5"), "not yet one of its devices");
    assert!(latest("m1") == "[]", "{}", latest("m1"));
    said(vigia(&data).args(["gateway", "set", "z2m", "--devices", "plug1,m1"]));
    assert_eq!(said(vigia(&data).args(["gateway", "list"])), "z2m\tzigbee2mqtt\tm1,plug1");
    let follows = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        publish("shellies/m1/relay/0/power", "12.5")
    });
    assert!(follows, "the server does not follow");
    assert!(latest("m1").contains(r#""metric":"power_w","value":12.5"#), "{}", latest("m1"));
    said(vigia(&data).args(["gateway", "remove", "z2m"]));
    assert!(!publish("zigbee2mqtt/bridge/state", "x"), "its token is worthless");
    for (wrong, code) in [
        (&["gateway", "add", "g"][..], 2),
        (&["gateway", "add", "m1", "--devices", "plug1"], 1),
        (&["gateway", "add", "g", "--devices", "nobody"], 1),
        (&["gateway", "set", "g", "--devices", "m1"], 1),
        (&["gateway", "remove", "g"], 1),
        (&["device", "topic", "m1", "kitchen"], 1),
        (&["device", "topic", "nobody", "x"], 1),
    ] {
        assert_eq!(run(vigia(&data).args(wrong)).status.code(), Some(code), "{wrong:?}");
    }
}
