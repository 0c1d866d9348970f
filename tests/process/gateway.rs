//! A gateway's credential against the running server, with Mosquitto's client.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
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

#[test]
fn a_gateway_that_loses_a_device_hears_nothing_of_it_any_more() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = Server::start(&mut vigia(&data));
    let m1 = said(vigia(&data).args(["device", "add", "m1", "--kind", "energy_meter"]));
    said(vigia(&data).args(["device", "add", "m2", "--kind", "energy_meter"]));
    let token = said(vigia(&data).args(["gateway", "add", "hall", "--devices", "m1,m2"]));
    let client = |program: &str, user: &str, password: &str| {
        let (host, port) = (server.mqtt.ip().to_string(), server.mqtt.port().to_string());
        let mut client = Command::new(program);
        client.args(["-h", &host, "-p", &port, "-V", "5", "-u", user, "-P", password, "-q", "1"]);
        client
    };
    let m1_says = |power: &str| {
        let status = client("mosquitto_pub", "m1", &m1).args(["-t", "m1/power", "-m", power]).status();
        assert!(status.expect("mosquitto_pub is installed").success());
    };
    let mut listening = client("mosquitto_sub", "hall", &token);
    // A session that would be remembered, with a subscription that was rightful.
    listening.args(["-t", "m1/#", "-c", "-i", "hub", "-x", "3600"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut listening = listening.spawn().expect("mosquitto_sub is installed");
    let mut lines = BufReader::new(listening.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Until it has subscribed nobody hears it.
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                m1_says("1");
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let first = lines.next();
        stop.store(true, Ordering::SeqCst);
        assert_eq!(first.as_deref(), Some("1"), "it hears its device");
    });
    said(vigia(&data).args(["gateway", "set", "hall", "--devices", "m2"]));
    let is_gone = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        listening.try_wait().expect("asked").is_some()
    });
    if !is_gone {
        m1_says("2");
        listening.kill().expect("ended");
    }
    assert!(is_gone, "it had to sign in anew, and may not subscribe");
    assert!(lines.all(|line| line == "1"));
}
