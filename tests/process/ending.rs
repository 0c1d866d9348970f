//! SIGTERM: drain, commit, acknowledge, end with 0 within ten seconds.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::server::{Server, said, vigia};

#[test]
fn a_slow_request_in_flight_is_finished_before_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let token = said(vigia(&data).args(["device", "add", "m1", "--kind", "energy_meter"]));
    let mut server = Server::start(&mut vigia(&data));
    let body = r#"{"ts": 1772366300, "power_w": 512.3}"#;
    let mut slow = TcpStream::connect(server.http).expect("it listens");
    write!(
        slow,
        "POST /api/v1/devices/m1/telemetry HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .expect("sent");
    slow.write_all(&body.as_bytes()[..10]).expect("half of it is sent");
    slow.flush().expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    let told = now();
    server.signal("-TERM");
    std::thread::sleep(Duration::from_millis(700));
    assert!(TcpStream::connect(server.http).is_err(), "nothing new is taken");
    slow.write_all(&body.as_bytes()[10..]).expect("the rest is sent");
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).expect("it is answered");
    assert_eq!(&answer, b"HTTP/1.1 202");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());

    let mut again = Server::start(&mut vigia(&data));
    let key = said(vigia(&data).args(["api-key", "add", "test", "--scope", "telemetry:read"]));
    let (status, latest) = again.ask("GET", "/api/v1/devices/m1/latest", &[&format!("X-API-Key: {key}")], "");
    assert!(status == 200 && latest.contains("512.3"), "what was acknowledged is there: {latest}");
    again.signal("-INT");
    assert_eq!(again.wait().0.code(), Some(0), "Ctrl-C ends it the same way");
}

#[test]
fn a_request_that_never_ends_does_not_hold_the_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let token = said(vigia(&data).args(["device", "add", "m1", "--kind", "energy_meter"]));
    let mut server = Server::start(&mut vigia(&data));
    let mut stuck = TcpStream::connect(server.http).expect("it listens");
    write!(
        stuck,
        "POST /api/v1/devices/m1/telemetry HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\r\n{{"
    )
    .expect("sent");
    let _half_open = TcpStream::connect(server.mqtt).expect("it listens");
    std::thread::sleep(Duration::from_millis(300));
    let told = now();
    server.signal("-TERM");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
}

#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
fn now() -> Instant {
    Instant::now()
}
