//! Bytes that are not what was written: they are never believed, they are named, and everything else goes on.

use std::io::{Seek as _, SeekFrom, Write as _};

use sqlx::Connection as _;
use vigia_backend::telemetry::sql::Finding;
use vigia_domain::event::Event;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rights::Scope;
use vigia_domain::rollup::QUARTER_MS;

use crate::sealing::{day, entry};
use crate::support::{Engine, Installation, NOW, both};

const METER: DeviceNumber = DeviceNumber(1);
const POWER: &str = "metric = (SELECT id FROM metrics WHERE name = 'power_w')";

async fn told(it: &Installation) {
    let batch: Vec<_> = day().into_iter().map(|reading| entry(METER, [reading])).collect();
    it.app.store().append(&batch).await.expect("stored");
}

async fn range(it: &Installation, metric: &str) -> Vec<(i64, f64)> {
    it.app.store().range(METER, metric, 0, i64::MAX).await.expect("asked")
}

async fn findings(it: &Installation) -> Vec<Finding> {
    it.app.store().check().await.expect("checked").findings
}

both! {
    async fn a_damaged_chunk_is_a_gap_and_its_quarters_stay(it: Installation) {
        told(it).await;
        let store = it.app.store();
        store.compact().await.expect("sealed");
        let (quarters, voltage) = (store.quarters(METER, "power_w", 0, NOW).await.expect("asked"), range(it, "voltage_v").await);
        it.damage("chunks", POWER).await;
        assert_eq!(range(it, "power_w").await, [], "nothing of it is believed");
        assert_eq!(range(it, "voltage_v").await, voltage, "others go on");
        assert!(store.wrong()[0].starts_with("1 damaged part"), "{:?}", store.wrong());
        assert!(it.app.metrics().text().contains("vigia_telemetry_damaged_rows_total 1"));
        let found = findings(it).await;
        assert_eq!((found.len(), found[0].metric.as_deref()), (1, Some("power_w")), "{found:?}");
        let line = found[0].line(|_| Some("m1".to_owned()));
        assert!(line.starts_with("device m1, power_w, 2026-02-28T12:00:00.000Z to 2026-03-01T11:59:00.004Z: chunk "), "{line}");
        // A late reading of that day is stored beside it; the bytes are kept for who can mend them.
        let late = NOW - 60_000 * 600;
        store.append(&[entry(METER, [(late + 30_000, vec![("power_w", 7.0)])])]).await.expect("stored");
        store.compact().await.expect("sealed");
        assert_eq!(range(it, "power_w").await, [(late + 30_000, 7.0)]);
        assert_eq!(it.numbers("telemetry.db", "SELECT COUNT(*) FROM damaged WHERE place = 'chunks'").await, [1]);
        assert_eq!(store.quarters(METER, "power_w", 0, NOW).await.expect("asked"), quarters, "what was reckoned of it is still there");
        let found = findings(it).await;
        assert!(found.len() == 1 && found[0].what.contains("kept in the table damaged"), "{found:?}");
        it.restart().await;
        assert_eq!(it.app.store().wrong().len(), 1, "it is known after a restart");
        let key = it.key("metrics", &[Scope::MetricsRead]).await;
        let ready = it.get("/readyz", &key).await.json();
        assert!(ready["degraded"][0].as_str().is_some_and(|line| line.contains("vigia check")), "{ready}");
        // Deleted with everything else of the device, it is forgotten.
        it.app.store().delete(METER, None).await.expect("deleted");
        assert_eq!(it.app.store().wrong(), Vec::<String>::new());
        told(it).await;
        it.app.store().compact().await.expect("sealed");
        assert_eq!(it.app.store().quarters(METER, "power_w", 0, NOW).await.expect("asked"), quarters);
        assert_eq!(findings(it).await, []);
    }

    async fn damaged_quarters_are_reckoned_from_the_readings(it: Installation) {
        told(it).await;
        let store = it.app.store();
        store.compact().await.expect("sealed");
        let quarters = store.quarters(METER, "energy_wh", 0, NOW).await.expect("asked");
        let energy = "metric = (SELECT id FROM metrics WHERE name = 'energy_wh') AND day_ms = 1772236800000";
        it.damage("quarters", energy).await;
        assert_eq!(store.quarters(METER, "energy_wh", 0, NOW).await.expect("asked"), quarters);
        let found = findings(it).await;
        assert_eq!((found.len(), found[0].metric.as_deref(), found[0].time_ms.map(|t| t.0)), (1, Some("energy_wh"), Some(1_772_236_800_000)), "{found:?}");
        store.append(&[entry(METER, [(NOW - 60_000 * 1_000 + 1_000, vec![("energy_wh", 1e9)])])]).await.expect("stored");
        store.compact().await.expect("sealed");
        assert_eq!(findings(it).await, [], "written anew, it is whole again");
    }

    async fn a_damaged_block_of_the_log_takes_nothing_else_along(it: Installation) {
        told(it).await;
        let store = it.app.store();
        store.append(&[entry(METER, [(NOW, vec![("power_w", 5.0)])])]).await.expect("stored");
        it.damage("log", "id = (SELECT MIN(id) FROM log)").await;
        assert_eq!(range(it, "power_w").await, [(NOW, 5.0)], "before it is sealed");
        assert!(findings(it).await[0].what.contains("of the log"), "named");
        it.restart().await;
        assert_eq!(range(it, "power_w").await, [(NOW, 5.0)], "after a restart");
        it.app.store().compact().await.expect("sealed");
        assert_eq!(range(it, "power_w").await, [(NOW, 5.0)], "and when it is sealed");
        assert_eq!(it.numbers("telemetry.db", "SELECT COUNT(*) FROM damaged WHERE place = 'log'").await, [1]);
        let found = findings(it).await;
        assert!(found.len() == 1 && found[0].what.contains("block"), "{found:?}");
    }
}

/// A page of a table's rows, by SQLite's own account.
async fn page_of(it: &Installation, table: &str) -> u64 {
    let sql = format!("SELECT MAX(pageno) FROM dbstat WHERE name = '{table}' AND pagetype = 'leaf'");
    u64::try_from(it.numbers("telemetry.db", &sql).await[0]).expect("a page")
}

fn overwrite(it: &Installation, file: &str, from: u64, bytes: usize) {
    let mut file = std::fs::File::options().write(true).open(it.dir.path().join("data").join(file)).expect("opened");
    file.seek(SeekFrom::Start(from)).expect("there");
    file.write_all(&vec![0xA5; bytes]).expect("written");
}

fn set_aside(it: &Installation) -> usize {
    let names =
        std::fs::read_dir(it.dir.path().join("data")).expect("a folder").flatten().map(|e| e.file_name().into_string().expect("text"));
    names.filter(|name| name.starts_with("telemetry.db.damaged-") && name.ends_with('Z')).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_damaged_while_it_runs_is_set_aside_and_nothing_stops() {
    let mut it = Installation::new(Engine::Sqlite).await;
    told(&it).await;
    it.app.store().compact().await.expect("sealed");
    it.app.store().append(&[entry(METER, [(NOW, vec![("power_w", 5.0)])])]).await.expect("stored");
    let power = range(&it, "power_w").await;
    let energy = it.app.store().quarters(METER, "energy_wh", 0, NOW).await.expect("asked");
    for sql in [
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'nonsense' WHERE name = 'telemetry_probe'; PRAGMA schema_version = 900",
    ] {
        it.sql("telemetry.db", sql).await;
    }
    // What comes now is stored at once, in a new file.
    it.app.store().append(&[entry(METER, [(NOW + 1_000, vec![("power_w", 6.0)])])]).await.expect("stored, all the same");
    assert_eq!(set_aside(&it), 1);
    assert_eq!(it.app.store().latest(METER).iter().find(|last| last.metric == "power_w").expect("known").value, 6.0);
    let key = it.key("metrics", &[Scope::MetricsRead]).await;
    let ready = it.get("/readyz", &key).await.json();
    assert_eq!((&ready["parts"]["ingest"], &ready["parts"]["database"]), (&true.into(), &true.into()), "{ready}");
    assert!(ready["degraded"][0].as_str().is_some_and(|line| line.contains("set aside")), "{ready}");
    // What can be read of the old one comes back.
    it.tidy(NOW).await;
    it.app.store().compact().await.expect("sealed");
    let expected: Vec<_> = power.iter().copied().chain([(NOW + 1_000, 6.0)]).collect();
    assert_eq!(range(&it, "power_w").await, expected);
    let after = it.app.store().quarters(METER, "energy_wh", 0, NOW).await.expect("asked");
    assert_eq!(after, energy);
    let found = findings(&it).await;
    assert!(found.len() == 1 && found[0].what.contains("0 or more rows"), "{found:?}");
    it.restart().await;
    assert_eq!(range(&it, "power_w").await, expected, "the new file belongs to the same installation");
    assert_eq!(set_aside(&it), 1);
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_file_with_a_torn_page_all_but_that_page_is_saved() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.device("m1", None).await;
    let names: Vec<String> = (0..20).map(|n| format!("metric_{n}")).collect();
    for device in 1..=60 {
        let values = |at: i64| names.iter().map(|name| (name.clone(), at as f64)).collect();
        let mut batch = entry(DeviceNumber(device), []);
        batch.readings = (0..5).map(|at| vigia_backend::telemetry::Stamped { at_ms: NOW + at, values: values(at) }).collect();
        it.app.store().append(&[batch]).await.expect("stored");
    }
    it.app.store().compact().await.expect("sealed");
    let (page, mut lost) = (page_of(&it, "chunks").await, 0);
    it.close().await;
    overwrite(&it, "telemetry.db", (page - 1) * 4096, 4096);
    it.restart_after_close().await;
    for (device, name) in (1..=60).flat_map(|device| names.iter().map(move |name| (device, name))) {
        lost += usize::from(it.app.store().range(DeviceNumber(device), name, 0, i64::MAX).await.is_err());
    }
    assert!(lost > 0, "the page holds somebody's readings");
    it.tidy(NOW).await;
    assert_eq!(set_aside(&it), 1);
    let mut whole = 0;
    for (device, name) in (1..=60).flat_map(|device| names.iter().map(move |name| (device, name))) {
        let found = it.app.store().range(DeviceNumber(device), name, 0, i64::MAX).await.expect("asked");
        assert!(found.is_empty() || found.len() == 5, "{found:?}");
        whole += usize::from(found.len() == 5);
    }
    assert!((1_000..1_200).contains(&whole), "{whole} of 1200");
    let found = findings(&it).await;
    assert!(found.len() == 1 && found[0].what.contains("set aside"), "{found:?}");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database_any_more_does_not_keep_the_server_from_starting() {
    let mut it = Installation::new(Engine::Sqlite).await;
    told(&it).await;
    it.close().await;
    overwrite(&it, "telemetry.db", 0, 16_384);
    it.restart_after_close().await;
    assert_eq!(set_aside(&it), 1);
    it.app.store().append(&[entry(METER, [(NOW, vec![("power_w", 5.0)])])]).await.expect("stored");
    it.tidy(NOW).await;
    assert_eq!(range(&it, "power_w").await, [(NOW, 5.0)]);
    it.restart().await;
    assert_eq!((range(&it, "power_w").await, set_aside(&it)), (vec![(NOW, 5.0)], 1));
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_registry_stops_the_start_in_one_sentence_and_nothing_is_touched() {
    let mut it = Installation::new(Engine::Sqlite).await;
    told(&it).await;
    it.close().await;
    let size = std::fs::metadata(it.dir.path().join("data/vigia.db")).expect("there").len();
    overwrite(&it, "vigia.db", 4096, usize::try_from(size - 4096).expect("small"));
    let refusal = it.refusal().await;
    assert!(
        refusal.contains("vigia.db") && refusal.contains("damaged") && refusal.contains("backup") && !refusal.contains('\n'),
        "{refusal}"
    );
    assert_eq!(set_aside(&it), 0);
}

/// Damages the running file so that the next message is stored in a new one.
async fn renewed(it: &Installation) {
    let sql = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'nonsense' WHERE name = 'telemetry_probe'; PRAGMA schema_version = 900";
    it.sql("telemetry.db", sql).await;
    it.app.store().append(&[entry(METER, [(NOW + 1_000, vec![("power_w", 6.0)])])]).await.expect("stored, all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_take_over_that_fails_in_its_midst_begins_anew_and_nothing_is_deleted_meanwhile() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.device("m1", None).await;
    told(&it).await;
    let mut power = range(&it, "power_w").await;
    power.push((NOW + 1_000, 6.0));
    let last = it.numbers("telemetry.db", "SELECT MAX(id) FROM log").await[0];
    renewed(&it).await;
    assert!(it.numbers("telemetry.db", "SELECT MIN(id) FROM log").await[0] > last, "no place in the old file fits the new one");
    let admin = it.key("admin", &[Scope::Admin]).await;
    let delete = async || it.ask(axum::http::Method::DELETE, "/api/v1/devices/m1/telemetry", &[("x-api-key", &admin)], "").await;
    let refused = delete().await;
    assert!(refused.status == 503 && refused.text.contains("taken over"), "it would come back: {}", refused.text);
    assert!(it.app.store().tidy(NOW).await.expect("opened"));
    let file = format!("sqlite:{}", it.dir.path().join("data/telemetry.db").display());
    let mut other = sqlx::SqliteConnection::connect(&file).await.expect("opened");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("nobody writes");
    it.app.store().tidy(NOW).await.expect_err("it cannot be written now");
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("over");
    it.tidy(NOW).await;
    assert_eq!(range(&it, "power_w").await, power, "all of it is there");
    let found = findings(&it).await;
    assert!(found.len() == 1 && found[0].what.contains("0 or more rows"), "{found:?}");
    assert_eq!(delete().await.status, 204);
    it.tidy(NOW).await;
    assert_eq!(range(&it, "power_w").await, []);
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_deleted_does_not_come_back_from_an_old_damaged_file_when_there_is_a_second() {
    let mut it = Installation::new(Engine::Sqlite).await;
    let (other, from, to) = (DeviceNumber(2), NOW - 40 * QUARTER_MS, NOW - 20 * QUARTER_MS);
    for device in [METER, other] {
        let mut batch: Vec<_> = day().into_iter().map(|reading| entry(device, [reading])).collect();
        batch[0].attributes.push(("ip".to_owned(), "192.168.1.7".to_owned()));
        batch[0].events.push(Event { kind: "dose_taken".to_owned(), at_ms: Some(from + 5_000), payload: serde_json::json!({}) });
        it.app.store().append(&batch).await.expect("stored");
    }
    it.app.store().compact().await.expect("sealed");
    renewed(&it).await;
    it.tidy(NOW).await;
    it.app.store().delete(METER, None).await.expect("deleted");
    it.app.store().delete(other, Some((from, to))).await.expect("deleted");
    it.app.store().append(&[entry(METER, [(from, vec![("power_w", 7.0)])])]).await.expect("stored, and late");
    it.app.store().compact().await.expect("sealed");
    let (kept, quarters) = (range_of(&it, other).await, it.app.store().quarters(other, "energy_wh", 0, NOW).await.expect("asked"));
    // The next file is damaged, and the new one does not know that the first was taken over.
    renewed(&it).await;
    it.tidy(NOW).await;
    for _ in 0..2 {
        it.restart().await;
        it.tidy(NOW).await;
        it.app.store().compact().await.expect("sealed");
        assert_eq!(set_aside(&it), 2);
        assert_eq!(range(&it, "power_w").await, [(from, 7.0), (NOW + 1_000, 6.0)], "what came after the deletion");
        assert_eq!(range(&it, "energy_wh").await, []);
        assert_eq!(range_of(&it, other).await, kept);
        assert_eq!(it.app.store().quarters(other, "energy_wh", 0, NOW).await.expect("asked"), quarters);
        assert_eq!(
            it.app.store().latest(METER).iter().map(|last| (last.metric.as_str(), last.value)).collect::<Vec<_>>(),
            [("power_w", 6.0)]
        );
        for (table, expected) in [("events", [0, 0]), ("attributes", [0, 1])] {
            let count =
                async |device: i64| it.numbers("telemetry.db", &format!("SELECT COUNT(*) FROM {table} WHERE device = {device}")).await[0];
            assert_eq!([count(1).await, count(2).await], expected, "{table}");
        }
        assert!(findings(&it).await.iter().all(|finding| finding.what.contains("set aside")));
    }
    it.close().await;
}

async fn range_of(it: &Installation, device: DeviceNumber) -> Vec<(i64, f64)> {
    it.app.store().range(device, "energy_wh", 0, i64::MAX).await.expect("asked")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_a_file_is_set_aside_keeps_no_house_from_starting_and_loses_nothing() {
    let mut it = Installation::new(Engine::Sqlite).await;
    it.device("m1", None).await;
    told(&it).await;
    let power = range(&it, "power_w").await;
    let (data, kept) = (it.dir.path().join("data"), tempfile::tempdir().expect("a folder"));
    for file in ["telemetry.db", "telemetry.db-wal"] {
        std::fs::copy(data.join(file), kept.path().join(file)).expect("copied");
    }
    it.close().await;
    // The file has its new name, and what was written last lies still where it was.
    std::fs::remove_file(data.join("telemetry.db")).expect("gone");
    std::fs::copy(kept.path().join("telemetry.db"), data.join("telemetry.db.damaged-2026-03-01T120000.000Z")).expect("copied");
    std::fs::copy(kept.path().join("telemetry.db-wal"), data.join("telemetry.db-wal")).expect("copied");
    it.restart_after_close().await;
    it.tidy(NOW).await;
    assert_eq!(range(&it, "power_w").await, power);
    assert_eq!(set_aside(&it), 1);
    it.close().await;
}

both! {
    async fn readings_of_a_metric_without_a_name_are_named(it: Installation) {
        told(it).await;
        it.app.store().compact().await.expect("sealed");
        assert_eq!(findings(it).await, []);
        it.sql("telemetry.db", "DELETE FROM metrics WHERE name = 'voltage_v'").await;
        let found = findings(it).await;
        assert!(found.len() == 1 && found[0].what.contains("no name"), "{found:?}");
    }
}
