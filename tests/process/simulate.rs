//! `vigia simulate` before it sends anything.

use std::net::TcpListener;

use crate::server::{Server, run, said, vigia};

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    for wrong in [["--devices", "0"], ["--devices", "10001"], ["--seconds", "0"], ["--rate", "0"]] {
        let output = run(vigia(&data).arg("simulate").args(wrong));
        let line = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{line}");
        assert!(line.contains(wrong[0]) && line.contains("write"), "{line}");
    }
    assert!(!data.exists(), "nothing was made");
}

#[test]
fn without_a_broker_no_device_is_registered() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    said(vigia(&data).args(["user", "list"]));
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let broker = format!("mqtt://127.0.0.1:{closed}");
    let output = run(vigia(&data).args(["simulate", "--devices", "3", "--seconds", "1", "--broker", &broker]));
    let line = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), line.lines().count()), (Some(1), 1), "{line}");
    assert!(line.contains(&broker) && line.contains("refused") && line.contains("--broker"), "{line}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let devices: i64 = runtime.block_on(async {
        let db = sqlx::SqlitePool::connect(&format!("sqlite:{}", data.join("vigia.db").display())).await.expect("opened");
        sqlx::query_scalar("SELECT count(*) FROM devices").fetch_one(&db).await.expect("asked")
    });
    assert_eq!(devices, 0);
}

#[test]
fn the_same_homes_speak_again_over_bad_lines_and_their_registers_go_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = Server::start(&mut vigia(&data));
    let broker = format!("mqtt://{}", server.mqtt);
    let key = said(vigia(&data).args(["api-key", "add", "test", "--scope", "telemetry:read"]));
    let mut registers = Vec::new();
    for worse in [&["--flaky"][..], &["--flaky", "--outage", "--clock-jumps"]] {
        let result = said(
            vigia(&data)
                .args(["simulate", "--devices", "2", "--rate", "40", "--seconds", "2", "--seed", "3", "--broker", &broker])
                .args(worse),
        );
        let (sent, acknowledged) = result.strip_prefix("sent ").and_then(|rest| rest.split_once(", acknowledged ")).expect("both counts");
        assert!(sent == acknowledged && sent.parse::<u32>().is_ok_and(|sent| sent > 20), "{result}");
        let (status, latest) = server.ask("GET", "/api/v1/devices/sim-household-001/latest", &[&format!("X-API-Key: {key}")], "");
        assert_eq!(status, 200, "{latest}");
        let latest: serde_json::Value = serde_json::from_str(&latest).expect("JSON");
        let energy = latest.as_array().and_then(|all| all.iter().find(|one| one["metric"] == "energy_wh")).expect("its register");
        registers.push(energy["value"].as_f64().expect("a number"));
    }
    assert!(registers[1] >= registers[0], "{registers:?}");
    let (_, list) = server.ask("GET", "/api/v1/devices", &[&format!("X-API-Key: {key}")], "");
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("JSON");
    assert_eq!(list.len(), 2, "the second simulation made no further devices");
}
