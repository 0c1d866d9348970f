//! Mosquitto's clients against the running server: what is a device's own, in MQTT 3.1.1 and 5.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::server::{Server, said, vigia};

struct House {
    server: Server,
    key: String,
    token: String,
}

impl House {
    fn new(data: &Path) -> Self {
        let server = Server::start(&mut vigia(data));
        let token = said(vigia(data).args(["device", "add", "m1", "--kind", "energy_meter"]));
        said(vigia(data).args(["device", "add", "m2", "--kind", "energy_meter"]));
        let key = said(vigia(data).args(["api-key", "add", "test", "--scope", "telemetry:read"]));
        Self { server, key, token }
    }

    fn client(&self, program: &str, version: &str, password: &str) -> Command {
        let mut command = Command::new(program);
        let (host, port) = (self.server.mqtt.ip().to_string(), self.server.mqtt.port().to_string());
        command
            .args(["-h", &host, "-p", &port, "-V", version, "-u", "m1", "-P", password, "-q", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn publish(&self, version: &str, topic: &str, more: &[&str]) -> bool {
        let done =
            self.client("mosquitto_pub", version, &self.token).args(["-t", topic]).args(more).output().expect("mosquitto_pub is installed");
        done.status.success() && !String::from_utf8_lossy(&done.stderr).contains("Not authorized")
    }

    fn device(&self, id: &str) -> Value {
        let (status, body) = self.server.ask("GET", &format!("/api/v1/devices/{id}"), &[&format!("X-API-Key: {}", self.key)], "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }

    fn reasons(&self) -> Vec<String> {
        let view = self.device("m1");
        view["quarantine"].as_array().expect("a list").iter().map(|q| q["reason"].as_str().expect("a reason").to_owned()).collect()
    }
}

#[test]
fn what_is_not_its_own_is_refused_and_nothing_of_it_is_stored() {
    for version in ["311", "5"] {
        let dir = tempfile::tempdir().expect("a folder");
        let house = House::new(&dir.path().join("data"));
        let reading = r#"{"power_w": 1}"#;
        house.publish(version, "vigia/m2/telemetry", &["-m", reading]);
        house.publish(version, "vigia/m2/status", &["-r", "-m", r#"{"online": true}"#]);
        house.publish(version, "somewhere/else", &["-m", reading]);
        let will = ["-m", reading, "--will-topic", "vigia/m2/status", "--will-payload", r#"{"online": false}"#];
        assert!(!house.publish(version, "vigia/m1/telemetry", &will), "a foreign will ends the connection before anything is said");
        let mut listener = house.client("mosquitto_sub", version, &house.token);
        let heard = listener.args(["-t", "vigia/#", "-W", "1"]).output().expect("mosquitto_sub is installed");
        assert!(heard.stdout.is_empty());
        let wrong =
            house.client("mosquitto_pub", version, "wrong").args(["-t", "vigia/m1/telemetry", "-m", reading]).output().expect("it runs");
        assert!(!wrong.status.success());
        for id in ["m1", "m2"] {
            let view = house.device(id);
            assert_eq!(
                (&view["latest"], &view["row"]["presence"]),
                (&serde_json::json!([]), &serde_json::json!(if id == "m2" { "never" } else { "online" })),
                "{id}"
            );
        }
        assert_eq!(house.device("m2")["quarantine"], serde_json::json!([]));
        let mut reasons = house.reasons();
        reasons.sort();
        assert_eq!(
            reasons,
            [
                "left a last will outside its own topics",
                "published outside its own topics",
                "published outside its own topics",
                "retained a message outside its own topics",
                "subscribed outside its own topics",
                "wrong password",
            ],
            "MQTT {version}"
        );
    }
}

#[test]
fn its_own_last_will_is_stored_and_others_are_undisturbed() {
    for version in ["311", "5"] {
        let dir = tempfile::tempdir().expect("a folder");
        let house = House::new(&dir.path().join("data"));
        let mut listener = house.client("mosquitto_sub", version, &house.token);
        let will = ["--will-topic", "vigia/m1/status", "--will-payload", r#"{"online": false, "ip": "192.168.1.7"}"#];
        let mut client = listener.args(["-t", "vigia/m1/command"]).args(will).spawn().expect("mosquitto_sub is installed");
        wait_for("it is online", || house.device("m1")["row"]["presence"] == "online");
        assert!(house.publish(version, "vigia/m1/telemetry", &["-m", r#"{"power_w": 512.3}"#]));
        client.kill().expect("killed, without a good-bye");
        client.wait().expect("gone");
        wait_for("its will is stored", || house.device("m1")["attributes"] == serde_json::json!({"ip": "192.168.1.7"}));
        let view = house.device("m1");
        assert_eq!((&view["row"]["presence"], &view["latest"][0]["value"]), (&serde_json::json!("offline"), &serde_json::json!(512.3)));
    }
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..100 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("not in time: {what}");
}
