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
fn a_provisioning_key_is_printed_once_and_can_be_revoked() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let key = said(vigia(&data).args(["provisioning-key", "add", "batch-7", "--kind", "energy_meter", "--days", "7"]));
    assert!(key.starts_with("vgp_") && key.lines().count() == 1, "{key}");
    let ends = |arguments: &[&str]| run(vigia(&data).arg("provisioning-key").args(arguments)).status.code();
    assert_eq!(ends(&["add", "batch-7"]), Some(1), "a name that exists");
    assert_eq!(ends(&["add", "batch-8", "--days", "0"]), Some(2));
    assert_eq!((ends(&["revoke", "batch-7"]), ends(&["revoke", "batch-7"])), (Some(0), Some(1)));
}

/// Runs a verb that reads a line; its exit code.
fn fed(command: &mut std::process::Command, line: &str) -> Option<i32> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    // It may have refused before it read.
    let _ = writeln!(child.stdin.take().expect("piped"), "{line}");
    child.wait().expect("it ends").code()
}

#[test]
fn users_come_with_a_password_from_stdin() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let add = |email: &str, password: &str| fed(vigia(&data).args(["user", "add", email, "--role", "staff", "--password-stdin"]), password);
    assert_eq!(add("ana@example.org", "short"), Some(2));
    assert_eq!(add("ana@example.org", "correct horse"), Some(0));
    assert_eq!(add("ANA@example.org", "correct horse"), Some(1));
    assert_eq!(run(vigia(&data).args(["user", "add", "eva@example.org", "--role", "customer"])).status.code(), Some(0));
    assert_eq!(said(vigia(&data).args(["user", "list"])), "ana@example.org\tstaff\tactive\neva@example.org\tcustomer\tno password");
}

#[test]
fn who_was_added_without_a_password_gets_one_later_and_a_new_one_ends_the_old_sessions() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = Server::start(&mut vigia(&data));
    assert_eq!(run(vigia(&data).args(["user", "add", "eva@example.org", "--role", "staff"])).status.code(), Some(0));
    let give = |email: &str, password: &str| {
        let mut command = vigia(&data);
        command.args(["user", "password", email, "--password-stdin"]);
        fed(&mut command, password)
    };
    let sign_in = |password: &str| {
        let body = format!("email=eva%40example.org&password={password}&next=%2Fdevices");
        server.ask_whole("POST", "/ui/sign-in", &["Content-Type: application/x-www-form-urlencoded", "Accept: application/json"], &body)
    };
    assert_eq!(give("nobody@example.org", "correct horse"), Some(1));
    assert_eq!(give("eva@example.org", "short"), Some(2));
    assert!(sign_in("short").starts_with("HTTP/1.1 401"));
    assert_eq!(give("Eva@example.org", "correct horse"), Some(0));
    let answer = sign_in("correct+horse");
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).and_then(|c| c.split(';').next()).expect("signed in");
    let is_in = || server.ask("GET", "/api/v1/devices", &[&format!("Cookie: {cookie}")], "").0;
    assert_eq!(is_in(), 200);
    assert_eq!(give("eva@example.org", "another horse"), Some(0));
    assert_eq!(is_in(), 401);
    let unasked = run(vigia(&data).args(["user", "password", "eva@example.org"]));
    let told = String::from_utf8(unasked.stderr).expect("text");
    assert!(unasked.status.code() == Some(2) && told.contains("--password-stdin"), "without a terminal nobody can be asked: {told}");
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
    let on_the_lan = [("VIGIA_HTTP__LISTEN", "0.0.0.0:3000"), ("VIGIA_HTTP__PLAINTEXT", "private")];
    let link = said(vigia(&data).arg("setup-link").envs(on_the_lan));
    let own = link.strip_prefix("http://").and_then(|rest| rest.split_once(":3000/setup#")).expect("a link").0;
    let own: std::net::IpAddr = own.parse().expect("an address");
    assert!(!own.is_unspecified(), "{link} is nothing to type");
    std::net::UdpSocket::bind((own, 0)).expect("it is this machine's");
    let link = said(vigia(&data).arg("setup-link").envs(on_the_lan).env("VIGIA_HTTP__PUBLIC_URL", "https://vigia.example"));
    assert!(link.starts_with("https://vigia.example/setup#"), "{link}");
}
