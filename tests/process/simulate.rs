//! `vigia simulate` before it sends anything.

use std::net::TcpListener;

use crate::server::{run, said, vigia};

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
