//! A command outlives the server that took it: killed twice, the command reaches its device, and once answered it is closed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, said, vigia};

#[test]
fn a_command_survives_a_kill_on_sqlite() {
    survives(&|data| vigia(data));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_survives_a_kill_on_postgres() {
    let url = crate::postgres::postgres_url().await;
    tokio::task::block_in_place(|| {
        survives(&|data| {
            let mut command = vigia(data);
            command.env("VIGIA_DATABASE__URL", &url);
            command
        });
    });
}

fn survives(program: &dyn Fn(&Path) -> Command) {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let token = said(program(&data).args(["device", "add", "m1", "--kind", "switch"]));
    let key = said(program(&data).args(["api-key", "add", "script", "--scope", "devices:control,telemetry:read"]));
    let server = Server::start(&mut program(&data));
    let body = r#"{"id": "c1", "name": "switch.set", "params": {"on": true}}"#;
    let (status, told) = server.ask("POST", "/api/v1/devices/m1/commands", &[&format!("X-API-Key: {key}")], body);
    assert_eq!(status, 202, "{told}");
    server.signal("-KILL");
    drop(server);

    let server = Server::start(&mut program(&data));
    assert_eq!(command(&server, &key)["state"], "queued");
    let wanted = ("c1".to_owned(), json!({"on": true}));
    assert_eq!(heard(&server, &token), wanted, "by a clean session that begins after the kill");
    wait_for("it is sent", || command(&server, &key)["state"] == "sent");
    server.signal("-KILL");
    drop(server);

    let server = Server::start(&mut program(&data));
    assert_eq!(heard(&server, &token), wanted, "it was not answered, so it is sent again");
    let mut answer = client("mosquitto_pub", &server, &token);
    let answer = answer.args(["-t", "vigia/m1/command/result", "-m", r#"{"id": "c1", "ok": true}"#]).output();
    assert!(answer.expect("mosquitto_pub is installed").status.success());
    server.signal("-KILL");
    drop(server);

    let server = Server::start(&mut program(&data));
    assert_eq!(command(&server, &key)["state"], "done", "its answer was acknowledged before the kill");
    let mut listener = client("mosquitto_sub", &server, &token);
    let nothing = listener.args(["-t", "vigia/m1/command", "-W", "4"]).output().expect("mosquitto_sub is installed");
    assert!(nothing.stdout.is_empty(), "what is done is not sent again");
}

fn command(server: &Server, key: &str) -> Value {
    let (status, body) = server.ask("GET", "/api/v1/devices/m1/commands/c1", &[&format!("X-API-Key: {key}")], "");
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

fn client(program: &str, server: &Server, token: &str) -> Command {
    let mut command = Command::new(program);
    let (host, port) = (server.mqtt.ip().to_string(), server.mqtt.port().to_string());
    command.args(["-h", &host, "-p", &port, "-u", "m1", "-P", token, "-q", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Id and parameters of the next command that the device hears.
fn heard(server: &Server, token: &str) -> (String, Value) {
    let mut listener = client("mosquitto_sub", server, token);
    let mut child = listener.args(["-t", "vigia/m1/command", "-C", "1", "-W", "30"]).spawn().expect("mosquitto_sub is installed");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("readable");
    child.wait().expect("it ends");
    let heard: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    (heard["id"].as_str().expect("an id").to_owned(), heard["params"].clone())
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
