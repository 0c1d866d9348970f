//! The benches that need the program itself.

use serde_json::Value;

use crate::server::{run, said, vigia};

#[test]
fn every_client_of_the_fanout_bench_hears_every_message() {
    let dir = tempfile::tempdir().expect("a folder");
    let lines = said(vigia(&dir.path().join("data")).args(["bench", "fanout", "--clients", "40", "--stalled", "5", "--seconds", "2"]));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    for (line, stalled) in lines.iter().zip([0, 5]) {
        for (name, expected) in [("connections", 40), ("stalled", stalled), ("messages", 2), ("heard", 80), ("missing", 0), ("lost", 0)] {
            assert_eq!(line[name], expected, "{name} in {line}");
        }
        for name in ["p50_ms", "p99_ms", "max_ms", "rss_mb", "fsync_ms"] {
            assert!(line[name].as_f64().is_some_and(|figure| figure > 0.0), "{name} in {line}");
        }
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    for wrong in [
        &["ingest", "--backlog", "0"][..],
        &["ingest", "--broker", "mqtts://x"],
        &["ingest", "--broker", "mqtt://x", "--backlog", "1"],
        &["ingest", "--rate", "nan"],
        &["soak", "--rate", "inf"],
        &["fanout", "--clients", "0"],
    ] {
        let output = run(vigia(&dir.path().join("data")).arg("bench").args(wrong));
        let line = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{wrong:?}: {line}");
    }
}
