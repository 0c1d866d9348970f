//! What cannot work is refused in one line that says what and how to mend it, and leaves nothing half-done.

use std::net::TcpListener;

use crate::server::{Server, run, said, vigia};

/// Runs `vigia serve`, which fails; its exit code and its one line.
fn refused(command: &mut std::process::Command) -> (Option<i32>, String) {
    let output = run(command.arg("serve"));
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(text.lines().count(), 1, "one line, not: {text}");
    (output.status.code(), text)
}

#[test]
fn a_port_that_is_taken() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    for (key, setting) in [("VIGIA_HTTP__LISTEN", "http.listen"), ("VIGIA_MQTT__LISTEN", "mqtt.listen")] {
        let (code, line) = refused(vigia(&data).env(key, &address));
        assert_eq!(code, Some(1), "{line}");
        assert!(line.contains(setting) && line.contains(&address), "{line}");
    }
    drop(taken);
    let mut server = Server::start(vigia(&data).env("VIGIA_HTTP__LISTEN", &address));
    server.signal("-TERM");
    assert_eq!(server.wait().0.code(), Some(0), "the next start works");
}

#[test]
fn a_wrong_setting() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let (code, line) = refused(vigia(&data).env("VIGIA_HTTP__LISTEN", "0.0.0.0:3000"));
    assert!(code == Some(2) && line.contains("http.listen") && line.contains("plaintext"), "{line}");
    let (code, line) = refused(vigia(&data).env("VIGIA_LOG__FILTER", "vigia=loud"));
    assert!(code == Some(2) && line.contains("log.filter"), "{line}");
    let (code, line) = refused(vigia(&data).arg("--config").arg("no-such-file.toml"));
    assert!(code == Some(2) && line.contains("no-such-file.toml"), "{line}");
    assert!(!data.exists(), "nothing was made");
}

#[test]
fn a_certificate_that_cannot_be_used() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let (code, line) = refused(vigia(&data).env("VIGIA_HTTP__TLS__CERTIFICATE", "cert.pem"));
    assert!(code == Some(2) && line.contains("http.tls") && line.contains("key"), "{line}");
    let tls = [("VIGIA_HTTP__TLS__CERTIFICATE", "no-such-cert.pem"), ("VIGIA_HTTP__TLS__KEY", "no-such-key.pem")];
    let (code, line) = refused(vigia(&data).envs(tls));
    assert!(code == Some(1) && line.contains("http.tls.certificate") && line.contains("no-such-cert.pem"), "{line}");
}

#[test]
fn a_folder_that_is_in_use_or_no_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let _first = Server::start(&mut vigia(&data));
    let (code, line) = refused(&mut vigia(&data));
    assert!(code == Some(1) && line.contains("VIGIA_DATA__DIR"), "{line}");
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("written");
    let (code, line) = refused(&mut vigia(&file.join("data")));
    assert!(code == Some(1) && line.contains("data.dir"), "{line}");
}

#[test]
fn a_database_that_is_not_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let url = format!("postgres://vigia:hunter2@127.0.0.1:{closed}/vigia");
    let (code, line) = refused(vigia(&dir.path().join("data")).env("VIGIA_DATABASE__URL", url));
    assert!(code == Some(1) && line.contains("database.url") && line.contains("refused") && !line.contains("hunter2"), "{line}");
}

#[test]
fn a_wrong_use_says_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    for arguments in [
        &[][..],
        &["serv"],
        &["device", "add"],
        &["device", "add", "a/b", "--kind", "energy_meter"],
        &["device", "add", "m1", "--kind", "toaster"],
        &["user", "add", "no-address", "--role", "admin"],
        &["api-key", "add", "x", "--scope", "everything"],
    ] {
        let output = run(vigia(&data).args(arguments));
        let text = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), text.lines().count()), (Some(2), 1), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty());
    }
    assert!(said(vigia(&data).arg("--help")).contains("setup-link"));
}
