//! `vigia check`: what is wrong is named as a person knows it, and the exit code says so.

use std::path::Path;
use std::time::Duration;

use sqlx::Connection as _;

use crate::server::{Server, run, said, vigia};

/// Turns a bit in the newest row of a table; says of which metric that row is.
async fn damage(data: &Path, table: &str) -> String {
    let file = format!("sqlite:{}", data.join("telemetry.db").display());
    let mut db = sqlx::SqliteConnection::connect(&file).await.expect("opened");
    let (row, mut bytes): (i64, Vec<u8>) =
        sqlx::query_as(&format!("SELECT rowid, data FROM {table} ORDER BY rowid DESC LIMIT 1")).fetch_one(&mut db).await.expect("a row");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    sqlx::query(&format!("UPDATE {table} SET data = $1 WHERE rowid = $2")).bind(bytes).bind(row).execute(&mut db).await.expect("written");
    let metric = format!("SELECT m.name FROM metrics m, {table} t WHERE m.id = t.metric AND t.rowid = $1");
    let metric =
        if table == "log" { String::new() } else { sqlx::query_scalar(&metric).bind(row).fetch_one(&mut db).await.expect("a name") };
    db.close().await.expect("closed");
    metric
}

fn check(data: &Path) -> (Option<i32>, String) {
    let output = run(vigia(data).arg("check"));
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_clean_beside_a_server_that_seals_and_names_what_is_damaged() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    assert_eq!(check(&data).0, Some(0), "an empty house is in order");
    let token = said(vigia(&data).args(["device", "add", "medidor-1", "--kind", "energy_meter"]));
    let mut server = Server::start(vigia(&data).env("VIGIA_TELEMETRY__SEAL_READINGS", "50000"));
    let authorization = format!("Authorization: Bearer {token}");
    let key = format!("X-API-Key: {}", said(vigia(&data).args(["api-key", "add", "test", "--scope", "metrics:read"])));
    let sealed = |server: &Server| {
        let metrics = server.ask("GET", "/metrics", &[&key], "").1;
        metrics.lines().find_map(|line| line.strip_prefix("vigia_telemetry_sealed_values_total ")?.parse::<u64>().ok()).unwrap_or_default()
    };
    for part in 0..13 {
        let readings: Vec<String> = (0..4_000_i64)
            .map(|n| 1_772_300_000_000 + (part * 4_000 + n) * 1_000)
            .map(|ts| format!(r#"{{"ts":{ts},"power_w":{},"energy_wh":{}}}"#, ts / 1_000 % 700, ts / 1_000 - 1_772_000_000))
            .collect();
        let body = format!("[{}]", readings.join(","));
        let (status, answer) = server.ask("POST", "/api/v1/devices/medidor-1/telemetry", &[&authorization], &body);
        assert_eq!(status, 202, "{answer}");
        assert_eq!(check(&data).0, Some(0), "while it is written");
    }
    for _ in 0..100 {
        assert_eq!(check(&data).0, Some(0), "while it is sealed");
        if sealed(&server) >= 100_000 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(sealed(&server) >= 100_000);
    let one_more = r#"{"ts":1772360000000,"power_w":1}"#;
    assert_eq!(server.ask("POST", "/api/v1/devices/medidor-1/telemetry", &[&authorization], one_more).0, 202);
    server.signal("-TERM");
    assert_eq!(server.wait().0.code(), Some(0));
    let (code, said) = check(&data);
    assert!(code == Some(0) && said.starts_with("clean: 104000 values of 2 metrics"), "{said}");
    for (table, named) in [
        ("log", "of the log"),
        ("chunks", "device medidor-1, <metric>, 2026-"),
        ("quarters", "device medidor-1, <metric>, 2026-03-01T00:00:00.000Z to 2026-03-02T00:00:00.000Z: the quarters"),
    ] {
        let named = named.replace("<metric>", &damage(&data, table).await);
        let (code, said) = check(&data);
        assert!(code == Some(1) && said.contains(&named), "{table}: {said}");
    }
    std::fs::write(data.join("telemetry.db"), b"no database").expect("written");
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("telemetry.db{ending}")));
    }
    let (code, said) = check(&data);
    assert!(code == Some(1) && said.contains("telemetry.db") && said.contains("damaged") && said.contains("vigia serve"), "{said}");
    assert_eq!(std::fs::read(data.join("telemetry.db")).expect("there"), b"no database", "nothing is touched");
}
