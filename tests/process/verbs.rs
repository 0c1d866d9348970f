//! The verbs, beside a server that runs and without one.

use std::io::Write as _;
use std::process::Stdio;

use crate::server::{Server, run, said, vigia};

#[test]
fn what_a_verb_adds_works_at_once_in_the_running_server() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = Server::start(&mut vigia(&data));
    let token = said(vigia(&data).args(["device", "add", "m1", "--kind", "energy_meter", "--name", "Medidor Cocina"]));
    assert!(token.starts_with("vgd_") && token.lines().count() == 1, "{token}");
    let (status, body) =
        server.ask("POST", "/api/v1/devices/m1/telemetry", &[&format!("Authorization: Bearer {token}")], r#"{"power_w": 5}"#);
    assert_eq!((status, body.as_str()), (202, r#"{"stored":1}"#));
    let key = said(vigia(&data).args(["api-key", "add", "grafana", "--scope", "telemetry:read"]));
    let (status, body) = server.ask("GET", "/api/v1/devices/m1/latest", &[&format!("X-API-Key: {key}")], "");
    assert!(status == 200 && body.contains("power_w"), "{body}");
    let again = run(vigia(&data).args(["device", "add", "m1", "--kind", "switch"]));
    assert_eq!(again.status.code(), Some(1), "an id that exists");
    assert_eq!(run(vigia(&data).args(["api-key", "add", "grafana", "--scope", "admin"])).status.code(), Some(1));
}

#[test]
fn users_come_with_a_password_from_stdin() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let add = |email: &str, password: &str| {
        let mut child = vigia(&data)
            .args(["user", "add", email, "--role", "staff", "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        writeln!(child.stdin.take().expect("piped"), "{password}").expect("written");
        child.wait().expect("it ends").code()
    };
    assert_eq!(add("ana@example.org", "short"), Some(2));
    assert_eq!(add("ana@example.org", "correct horse"), Some(0));
    assert_eq!(add("ANA@example.org", "correct horse"), Some(1));
    assert_eq!(run(vigia(&data).args(["user", "add", "eva@example.org", "--role", "customer"])).status.code(), Some(0));
    assert_eq!(said(vigia(&data).args(["user", "list"])), "ana@example.org\tstaff\tactive\neva@example.org\tcustomer\tno password");
}

#[test]
fn the_settings_are_printed_without_secrets() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let text = said(vigia(&data).arg("config").env("VIGIA_DATABASE__URL", "postgres://vigia:hunter2@db.example/vigia"));
    assert!(text.contains("db.example") && !text.contains("hunter2"), "{text}");
    assert!(said(vigia(&data).args(["config", "--defaults"])).contains("listen = \"127.0.0.1:1883\""));
    assert!(!data.exists(), "asking made nothing");
    let link = said(vigia(&data).arg("setup-link"));
    assert!(link.starts_with("http://127.0.0.1:0/setup#vgl_"), "{link}");
}
