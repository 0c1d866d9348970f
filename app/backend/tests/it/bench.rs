//! The figures of `vigia bench` are read by scripts: their names are a promise.

use std::time::Duration;

use vigia_backend::bench::backlog;
use vigia_backend::bench::ingest::{self, Plan};
use vigia_backend::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_of_the_ingest_bench_has_every_figure() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let plan = Plan { connections: 3, window: 4, time: Duration::from_millis(300), rate_per_s: None };
    let line = ingest::run(&World::real(), dir.path(), plan).await.expect("it runs");
    let line = serde_json::to_value(line).expect("JSON");
    for (name, expected) in [("bench", "ingest"), ("engine", "sqlite"), ("broker", "embedded")] {
        assert_eq!(line[name], expected);
    }
    assert_eq!((&line["connections"], &line["durable"]), (&3.into(), &true.into()));
    for name in ["messages_per_s", "p50_ms", "p99_ms", "rss_mb", "fsync_ms", "broker_only_messages_per_s", "bytes_per_value"] {
        assert!(line[name].as_f64().is_some_and(|figure| figure > 0.0), "{name} in {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_of_the_backlog_bench_shows_the_others_without_and_with_it() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let plan = backlog::Plan { connections: 3, window: 1, rate_per_s: 100.0, time: Duration::from_millis(400), readings: 1_234 };
    let line = backlog::run(&World::real(), dir.path(), plan).await.expect("it runs");
    let line = serde_json::to_value(line).expect("JSON");
    assert_eq!((&line["bench"], &line["backlog_readings"]), (&"backlog".into(), &1_234.into()));
    for name in ["messages_per_s", "backlog_s", "p50_alone_ms", "p99_alone_ms", "p50_ms", "p99_ms", "fsync_ms"] {
        assert!(line[name].as_f64().is_some_and(|figure| figure > 0.0), "{name} in {line}");
    }
}
