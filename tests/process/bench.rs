//! The benches that need the program itself.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::server::{run, said, vigia};

#[test]
fn every_client_of_the_fanout_bench_hears_every_message() {
    let dir = tempfile::tempdir().expect("a folder");
    let lines =
        said(vigia(&dir.path().join("data")).args(["bench", "fanout", "--anyway", "--clients", "40", "--stalled", "5", "--seconds", "2"]));
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

#[test]
fn figures_of_files_in_memory_are_refused_or_say_so_and_meet_no_bar() {
    if !Path::new("/dev/shm").is_dir() {
        println!("left out: there is no /dev/shm");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let bench = |more: &[&str]| {
        let mut command = vigia(&dir.path().join("data"));
        command.args(["bench", "ingest", "--connections", "2", "--seconds", "1"]).args(more).env("TMPDIR", "/dev/shm");
        run(&mut command)
    };
    let refused = bench(&[]);
    let line = String::from_utf8(refused.stderr).expect("text");
    assert_eq!((refused.status.code(), line.lines().count()), (Some(1), 1), "{line}");
    assert!(line.contains("tmpfs") && line.contains("TMPDIR") && line.contains("--anyway"), "{line}");
    let measured = bench(&["--anyway"]);
    assert!(measured.status.success(), "{}", String::from_utf8_lossy(&measured.stderr));
    let line: Value = serde_json::from_slice(&measured.stdout).expect("JSON");
    assert_eq!(line["durable_medium"], false, "{line}");
    let file = dir.path().join("figures.jsonl");
    std::fs::write(&file, line.to_string()).expect("written");
    let check = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/check.py");
    let judged = run(Command::new("python3").arg(check).arg(&file));
    let said = String::from_utf8(judged.stdout).expect("text");
    assert!(judged.status.code() == Some(1) && said.starts_with("MISSED") && !said.contains("met "), "{said}");
}
