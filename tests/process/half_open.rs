//! Thousands of connections that never say who they are, or what they want, at both doors at once, while devices send.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::load::{House, clean, program};
use crate::server::Server;

/// So many at each door, or as many as the system lets one process open.
const COUNT: usize = 5_000;
const DEVICES: usize = 20;
/// What the server may take for all of them together. In a debug build it took 145 to 175 MB, some 25 kB for each that it held.
const MEMORY_KB: u64 = 256 * 1024;

/// Another process, which holds them.
struct Holder {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Holder {
    fn new(port: u16, door: &str) -> Self {
        let arguments = ["-c", include_str!("half_open.py"), &port.to_string(), &COUNT.to_string(), door];
        let mut python = Command::new("python3");
        let mut child = python.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 is installed");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, lines }
    }

    /// The number behind the next word.
    fn says(&mut self, word: &str) -> usize {
        let line = self.lines.next().expect("it goes on").expect("a text");
        line.strip_prefix(word).and_then(|rest| rest.trim().parse().ok()).unwrap_or_else(|| panic!("{line}"))
    }

    /// Lets go of those that are left; how many were hung up on before.
    fn end(mut self) -> usize {
        drop(self.child.stdin.take());
        let gone = self.says("gone");
        assert!(self.child.wait().expect("it ends").success());
        gone
    }
}

fn files(server: &Server) -> usize {
    std::fs::read_dir(Path::new("/proc").join(server.child.id().to_string()).join("fd")).expect("it runs").count()
}

fn memory_kb(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn metric(house: &House, server: &Server, name: &str) -> u64 {
    let (status, text) = server.ask("GET", "/metrics", &[&format!("X-API-Key: {}", house.key)], "");
    assert_eq!(status, 200);
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0)
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("not in time: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_that_say_nothing_cost_the_devices_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let house = House::new(&data, None).await;
    let mut server = Server::start(&mut program(&data, None));
    let (files_before, memory_before) = (files(&server), memory_kb(&server));
    // Until everything was looked at: on a busy machine thousands of connections take their time to open.
    let stop = CancellationToken::new();
    let mut running = house.load_until(&server, 0..DEVICES, stop.clone());
    tokio::task::block_in_place(|| {
        house.wait_for_messages(&server, 100);
        let busy = memory_kb(&server);
        let mut at_mqtt = Holder::new(server.mqtt.port(), "mqtt");
        let mut at_http = Holder::new(server.http.port(), "http");
        let (mqtt, http) = (at_mqtt.says("open"), at_http.says("open"));
        assert!(mqtt.min(http) > 500, "the system allows too few files to prove anything");
        let most = memory_kb(&server);
        // It is alive, those who are there are served on, and somebody new is let in.
        assert_eq!(server.ask("GET", "/healthz", &[], "").0, 200);
        let before = metric(&house, &server, "vigia_ingest_messages_total ");
        house.wait_for_messages(&server, before + 100);
        let (id, token) = &house.devices[DEVICES];
        let (port, topic) = (server.mqtt.port().to_string(), format!("vigia/{id}/telemetry"));
        let new = ["-h", "127.0.0.1", "-p", &port, "-u", id.as_str(), "-P", token, "-q", "1", "-t", &topic, "-m", r#"{"power_w": 1}"#];
        let said = Command::new("mosquitto_pub").args(new).output().expect("mosquitto_pub is installed");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let strangers = metric(&house, &server, "vigia_mqtt_strangers ");
        assert!(strangers <= 1_024, "{strangers} strangers at a time");
        // Each was hung up on for a reason that is counted: the oldest made room, the others were silent for too long.
        until("the metrics say why", || {
            metric(&house, &server, r#"vigia_mqtt_turned_away_total{reason="made_room"}"#) > 0
                && metric(&house, &server, r#"vigia_mqtt_turned_away_total{reason="silent"}"#) > 0
                && metric(&house, &server, r#"vigia_http_turned_away_total{reason="silent"}"#) > 0
        });
        let most = most.max(memory_kb(&server));
        let grown = most.saturating_sub(busy);
        println!("{mqtt} at MQTT, {http} at HTTP: {memory_before} kB at rest, {busy} kB busy, {most} kB at most");
        assert!(grown < MEMORY_KB, "{grown} kB for connections that say nothing");
        println!("hung up on: {} at MQTT, {} at HTTP", at_mqtt.end(), at_http.end());
        until("the files are given back", || files(&server) <= files_before + DEVICES + 20);
    });
    stop.cancel();
    let outcome = running.join_next().await.expect("one load").expect("it does not panic");
    assert_eq!(outcome.failed, 0, "no device lost its connection");
    tokio::task::block_in_place(|| {
        let found = house.look_up(&server, &outcome, "afterwards");
        server.signal("-TERM");
        let (status, log) = server.wait();
        assert!(status.success());
        for reason in ["had not said who it is made room", "did not say in time who it is", "sent no whole request in time"] {
            assert!(log.contains(reason), "{reason}: {log}");
        }
        clean(&data, None, "afterwards");
        println!("{found} acknowledged messages, all there");
    });
}
