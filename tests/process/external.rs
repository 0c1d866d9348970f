//! The program with a Mosquitto beside it: the verbs hand credentials over, with the server running and without, and say so when the
//! broker is away.

use std::process::{Command, Output};
use std::time::Duration;

use crate::mosquitto::{ADMIN, Mosquitto};
use crate::server::{Server, run, said, vigia};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn with_broker(data: &std::path::Path, mosquitto: &Mosquitto) -> Command {
    let mut command = vigia(data);
    command
        .env("VIGIA_MQTT__BROKER", format!("mqtt://{}", mosquitto.address))
        .env("VIGIA_MQTT__USER", ADMIN.0)
        .env("VIGIA_MQTT__PASSWORD", ADMIN.1)
        .env("VIGIA_MQTT__DYNAMIC_SECURITY", "true");
    command
}

fn is_let_in(told: &Output) -> bool {
    told.status.success() && !String::from_utf8_lossy(&told.stderr).to_lowercase().contains("not authori")
}

#[test]
fn a_device_registered_beside_an_external_broker_is_let_in_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let mut mosquitto = Mosquitto::dynamic();
    let before = said(with_broker(&data, &mosquitto).args(["device", "add", "before", "--kind", "energy_meter"]));
    let key = said(with_broker(&data, &mosquitto).args(["api-key", "add", "test", "--scope", "telemetry:read,metrics:read"]));
    let server = Server::start(&mut with_broker(&data, &mosquitto));
    let key = format!("X-API-Key: {key}");
    let ready = || server.ask("GET", "/readyz", &[&key], "");
    wait_for("it is ready", || ready().0 == 200);
    let while_it_runs = said(with_broker(&data, &mosquitto).args(["device", "add", "later", "--kind", "energy_meter"]));
    for (device, token) in [("before", &before), ("later", &while_it_runs)] {
        let reading = format!(r#"{{"ts": {}, "power_w": 7}}"#, now_ms() - DAY_MS);
        assert!(is_let_in(&mosquitto.publish((device, token), &format!("vigia/{device}/telemetry"), &reading)));
        let latest = || server.ask("GET", &format!("/api/v1/devices/{device}/latest"), &[&key], "").1;
        wait_for("the reading is there", || latest().contains("\"value\":7.0"));
    }
    let renewed = said(with_broker(&data, &mosquitto).args(["device", "token", "later"]));
    assert!(!is_let_in(&mosquitto.publish(("later", &while_it_runs), "vigia/later/telemetry", "{}")), "the old token is worthless");
    assert!(is_let_in(&mosquitto.publish(("later", &renewed), "vigia/later/telemetry", "{}")));

    mosquitto.stop();
    let refused = run(with_broker(&data, &mosquitto).args(["device", "add", "never", "--kind", "energy_meter"]));
    let line = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{line}");
    assert!(refused.stdout.is_empty() && line.contains("nothing was changed"), "{line}");
    wait_for("it is not ready", || ready().0 == 503);
    assert!(ready().1.contains("no connection to 127.0.0.1:"), "{}", ready().1);
    assert_eq!(server.ask("GET", "/api/v1/devices/never", &[&key], "").0, 404);
    mosquitto.start();
    wait_for("it is ready again", || ready().0 == 200);
    let mut server = server;
    server.signal("-TERM");
    assert!(server.wait().0.success());
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..400 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("not in time: {what}");
}

#[expect(clippy::disallowed_methods, reason = "the server that is tested has the real clock, too")]
fn now_ms() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis()).expect("soon")
}
