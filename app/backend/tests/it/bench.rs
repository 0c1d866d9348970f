//! The figures of `vigia bench` are read by scripts: their names are a promise.

use std::time::Duration;

use vigia_backend::bench::ingest::{self, Plan};
use vigia_backend::bench::{backlog, chart, devices, soak};
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
    for name in [
        "messages_per_s",
        "p50_ms",
        "p99_ms",
        "rss_mb",
        "fsync_ms",
        "without_store_messages_per_s",
        "broker_only_messages_per_s",
        "bytes_per_value",
    ] {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_of_the_chart_bench_have_every_figure_and_count_every_reading() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let plan = chart::Plan { step_ms: 60_000, days: 3, year_days: 5, points: 50, rounds: 2, week: None };
    let mut lines = Vec::new();
    chart::run(&World::real(), dir.path(), &plan, |line| lines.push(serde_json::to_value(line).expect("JSON"))).await.expect("it runs");
    let cases: Vec<_> = lines.iter().map(|line| (line["case"].as_str().expect("a case"), line["readings"].as_u64())).collect();
    assert_eq!(
        cases,
        [
            ("storage, simulated household", None),
            ("month, from readings", Some(3 * 1_440 - 7)),
            ("month, from quarters", Some(3 * 1_440)),
            ("month, from readings, a day of them not sealed", Some(3 * 1_440 - 7)),
            ("month, from quarters, a day of them not sealed", Some(3 * 1_440)),
            ("storage, a real week", None),
            ("year, from quarters", Some(5 * 1_440)),
            ("year, from readings", Some(5 * 1_440 - 7)),
        ]
    );
    for line in &lines {
        assert_eq!((&line["bench"], &line["engine"]), (&"chart".into(), &"sqlite".into()));
        let figures = if line["readings"].is_null() { ["bytes_per_value", "bytes_per_value_with_quarters"] } else { ["p50_ms", "p95_ms"] };
        assert!(figures.iter().all(|name| line[name].as_f64().is_some_and(|figure| figure > 0.0)), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_of_the_devices_bench_have_every_figure_of_every_filter() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let plan = devices::Plan { devices: 230, rounds: 1, database: None };
    let mut lines = Vec::new();
    devices::run(&World::real(), dir.path(), &plan, |line| lines.push(serde_json::to_value(line).expect("JSON"))).await.expect("it runs");
    assert_eq!(lines.len(), 10);
    assert_eq!((&lines[0]["found"], &lines[0]["pages"]), (&230.into(), &(3 * 14).into()), "three pages in fourteen orders");
    let found = [3, 4, 5].map(|line| lines[line]["found"].as_u64());
    assert_eq!(found, [179, 46, 5].map(Some), "one in five is silent, one in fifty has never spoken");
    for line in &lines {
        assert_eq!((&line["bench"], &line["engine"]), (&"devices".into(), &"sqlite".into()));
        for name in ["p50_ms", "p95_ms", "max_ms", "first_max_ms"] {
            assert!(line[name].as_f64().is_some_and(|figure| figure > 0.0), "{name} in {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_soak_seals_and_retires_without_an_error() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let plan = soak::Plan { connections: 5, rate_per_s: 50.0, time: Duration::from_secs(24) };
    let mut lines = Vec::new();
    soak::run(&World::real(), dir.path(), plan, |line| lines.push(serde_json::to_value(line).expect("JSON"))).await.expect("it runs");
    let all = lines.last().expect("a line");
    assert_eq!((&all["part"], &all["errors"]), (&"all".into(), &0.into()), "{all}");
    for name in ["messages", "questions", "sealed_values", "retired_values"] {
        assert!(all[name].as_u64().is_some_and(|count| count > 0), "{name} in {all}");
    }
}
