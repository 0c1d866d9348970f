//! kill -9 under load: every message that got its PUBACK is there after the restart. Each is looked up by its time, not counted.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_backend::simulate::load::{self, Load};
use vigia_domain::ids::DeviceId;

use crate::server::{Server, said, vigia};

const CONNECTIONS: usize = 50;
const ROUNDS: i64 = 3;
const HOUR_MS: i64 = 60 * 60 * 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_on_sqlite() {
    survives(&|data| vigia(data)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_on_postgres() {
    let url = crate::postgres::postgres_url().await;
    survives(&|data| {
        let mut command = vigia(data);
        command.env("VIGIA_DATABASE__URL", &url);
        command
    })
    .await;
}

#[expect(clippy::print_stdout, reason = "how much was proved")]
async fn survives(program: &(dyn Fn(&Path) -> Command + Sync)) {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let devices: Vec<(DeviceId, String)> = (0..CONNECTIONS)
        .map(|n| {
            let id = format!("m{n}");
            let token = said(program(&data).args(["device", "add", &id, "--kind", "energy_meter"]));
            (DeviceId::new(id).expect("a good id"), token)
        })
        .collect();
    let key = said(program(&data).args(["api-key", "add", "test", "--scope", "telemetry:read,metrics:read"]));
    let start_ms = now_ms() - 24 * HOUR_MS;
    for round in 0..ROUNDS {
        let server = Server::start(&mut program(&data));
        let load = Load {
            broker: server.mqtt.to_string(),
            devices: devices.clone(),
            window: 8,
            rate_per_s: None,
            time: Duration::from_secs(30),
            from_ms: start_ms + round * HOUR_MS,
            keep: true,
        };
        let mut running = tokio::task::JoinSet::new();
        running.spawn(load::run(load, CancellationToken::new()));
        tokio::task::block_in_place(|| wait_for_messages(&server, &key));
        server.signal("-KILL");
        let outcome = running.join_next().await.expect("one load").expect("it does not panic");
        drop(server);
        assert!(outcome.acknowledged > 1_000, "too little load to prove anything: {} acknowledged", outcome.acknowledged);
        assert!(outcome.sent > outcome.acknowledged, "it was killed with messages under way");
        let again = Server::start(&mut program(&data));
        let mut found = 0;
        for (device, times) in &outcome.kept {
            found += times.len();
            let stored = stored(&again, &key, device, times);
            let lost: Vec<_> = times.iter().filter(|at| stored.binary_search(at).is_err()).collect();
            assert!(lost.is_empty(), "round {round}, {device}: acknowledged and not stored: {lost:?}");
        }
        assert_eq!(found as u64, outcome.acknowledged);
        println!("round {round}: {found} acknowledged messages, all there");
    }
}

/// Until the load has come so far that killing it proves something, however slow the machine is.
fn wait_for_messages(server: &Server, key: &str) {
    for _ in 0..250 {
        std::thread::sleep(Duration::from_millis(100));
        let (_, metrics) = server.ask("GET", "/metrics", &[&format!("X-API-Key: {key}")], "");
        let stored = metrics.lines().find_map(|line| line.strip_prefix("vigia_ingest_messages_total ")?.parse::<u64>().ok());
        if stored.is_some_and(|stored| stored > 2_000) {
            return;
        }
    }
    panic!("the load does not come through");
}

/// The times of a device's readings as the API has them: buckets of one millisecond, five thousand a question.
fn stored(server: &Server, key: &str, device: &DeviceId, times: &[i64]) -> Vec<i64> {
    let mut stored = Vec::new();
    let (Some(mut from), Some(last)) = (times.iter().min().copied(), times.iter().max()) else { return stored };
    while from <= *last {
        let path = format!("/api/v1/devices/{device}/telemetry?metric=power_w&from={from}&to={}&points=5000", from + 5000);
        let (status, body) = server.ask("GET", &path, &[&format!("X-API-Key: {key}")], "");
        assert_eq!(status, 200, "{body}");
        let series: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        for point in series["points"].as_array().expect("points") {
            assert_eq!(point["count"], 1);
            let at = vigia_domain::time::from_text(point["at"].as_str().expect("a time")).expect("RFC 3339");
            stored.push(at);
        }
        from += 5000;
    }
    stored
}

#[expect(clippy::disallowed_methods, reason = "the server that is tested has the real clock, too")]
fn now_ms() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis())
        .expect("before the year 292 million")
}
