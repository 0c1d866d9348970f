//! Much at once: a backlog that belongs between the readings of weeks, a device with weeks of readings that is deleted. Either is done a piece at a
//! time; each piece leaves everything whole, and what ended in its midst is done again to the same end.

use std::collections::BTreeMap;
use std::time::Duration;

use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::Meaning;

use crate::sealing::{Reading, entry, model};
use crate::support::{Engine, Installation, NOW, both};

const METER: DeviceNumber = DeviceNumber(1);
const OTHER: DeviceNumber = DeviceNumber(2);
const STEP_MS: i64 = 10_000;
/// Two chunks of so many do not become one.
const READINGS: i64 = 4_100;
const CHUNKS: i64 = 52;
const START: i64 = NOW - CHUNKS * READINGS * STEP_MS;

fn reading(at_ms: i64) -> Reading {
    (at_ms, vec![("energy_wh", (at_ms - START) as f64 / 3_600.0)])
}

/// Weeks of a register, in more than fifty chunks.
async fn weeks(it: &Installation) {
    let store = it.app.store();
    for chunk in 0..CHUNKS {
        let instants = (0..READINGS).map(|n| START + (chunk * READINGS + n) * STEP_MS);
        store.append(&[entry(METER, instants.map(reading))]).await.expect("stored");
        store.compact().await.expect("sealed");
    }
    assert_eq!(it.numbers("telemetry.db", "SELECT COUNT(*) FROM chunks").await, [CHUNKS]);
}

/// Makes the database refuse to remove chunks from this one on, as if the power went at that moment.
async fn stop_at(it: &Installation, chunk: i64) {
    let from_ms = START + chunk * READINGS * STEP_MS;
    if it.engine == Engine::Sqlite {
        let sql =
            format!("CREATE TRIGGER stop BEFORE DELETE ON chunks WHEN old.from_ms >= {from_ms} BEGIN SELECT RAISE(ABORT, 'stop'); END");
        it.sql("telemetry.db", &sql).await;
    } else {
        let body = format!("BEGIN IF OLD.from_ms >= {from_ms} THEN RAISE EXCEPTION 'stop'; END IF; RETURN OLD; END");
        it.sql("telemetry.db", &format!("CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")).await;
        it.sql("telemetry.db", "CREATE TRIGGER stop BEFORE DELETE ON chunks FOR EACH ROW EXECUTE FUNCTION stop()").await;
    }
}

async fn go_on(it: &Installation) {
    it.sql("telemetry.db", if it.engine == Engine::Sqlite { "DROP TRIGGER stop" } else { "DROP TRIGGER stop ON chunks" }).await;
}

both! {
    async fn a_late_backlog_between_the_readings_of_weeks_is_sealed_a_piece_at_a_time(it: Installation) {
        weeks(it).await;
        let store = it.app.store();
        let late: Vec<_> = (0..CHUNKS * READINGS).step_by(120).map(|n| reading(START + n * STEP_MS + STEP_MS / 2)).collect();
        store.append(&[entry(METER, late.clone())]).await.expect("stored");
        let old = it.numbers("telemetry.db", "SELECT MAX(id) FROM chunks").await[0];
        stop_at(it, 40).await;
        store.compact().await.expect_err("it could not be done");
        let left = it.numbers("telemetry.db", &format!("SELECT COUNT(*) FROM chunks WHERE id <= {old}")).await[0];
        assert!((12..=40).contains(&left), "{left} of {CHUNKS} chunks are as they were: the rest is done already");
        assert_eq!(store.check().await.expect("checked").findings, [], "in its midst");
        let mut truth: BTreeMap<i64, f64> = (0..CHUNKS * READINGS).map(|n| reading(START + n * STEP_MS)).chain(late).map(|(at, v)| (at, v[0].1)).collect();
        let same = async |truth: &BTreeMap<i64, f64>, when: &str| {
            let stored: BTreeMap<i64, f64> = store.range(METER, "energy_wh", 0, i64::MAX).await.expect("asked").into_iter().collect();
            assert!(stored == *truth, "{when}: {} values, not {}", stored.len(), truth.len());
            let quarters = store.quarters(METER, "energy_wh", 0, i64::MAX).await.expect("asked");
            assert!(quarters == model(Meaning::of("energy_wh"), truth), "{when}");
        };
        same(&truth, "in its midst").await;
        // Others go on, and what comes now counts.
        let now = reading(NOW + STEP_MS);
        truth.insert(now.0, now.1[0].1);
        store.append(&[entry(METER, [now])]).await.expect("stored");
        go_on(it).await;
        store.compact().await.expect("sealed");
        same(&truth, "at the end").await;
        assert_eq!(it.numbers("telemetry.db", &format!("SELECT COUNT(*) FROM chunks WHERE id <= {old}")).await, [0]);
        let report = store.check().await.expect("checked");
        assert_eq!((report.findings, report.unsealed), (vec![], 0));
    }

    async fn a_device_with_weeks_of_readings_is_deleted_a_piece_at_a_time(it: Installation) {
        weeks(it).await;
        let store = it.app.store();
        stop_at(it, 45).await;
        store.delete(METER, None).await.expect_err("it could not be done");
        let left = it.numbers("telemetry.db", "SELECT COUNT(*) FROM chunks").await[0];
        assert!((7..=45).contains(&left), "{left} of {CHUNKS} chunks are there");
        assert_eq!(store.check().await.expect("checked").findings, [], "in its midst");
        go_on(it).await;
        store.delete(METER, None).await.expect("deleted");
        for table in ["chunks", "quarters", "latest"] {
            assert_eq!(it.numbers("telemetry.db", &format!("SELECT COUNT(*) FROM {table}")).await, [0], "{table}");
        }
        assert_eq!((store.latest(METER), store.check().await.expect("checked").findings), (vec![], vec![]));
    }
}

/// Somebody holds the device's chunks while they are to be deleted: the deletion waits, and nobody else does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_a_device_is_deleted_is_stored_meanwhile_and_stays() {
    let mut it = Installation::new(Engine::Postgres).await;
    let store = it.app.store();
    store.append(&[entry(METER, (0..100).map(|n| reading(START + n * STEP_MS)))]).await.expect("stored");
    store.compact().await.expect("sealed");
    let mut holder = it.postgres().await;
    sqlx::raw_sql("BEGIN; SELECT * FROM chunks FOR UPDATE").execute(&mut holder).await.expect("held");
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM chunks%' AND datname = current_database()";
    let meanwhile = async {
        while it.numbers("telemetry.db", waits).await == [0] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for (n, device) in [METER, OTHER, METER].into_iter().enumerate() {
            let new = [entry(device, [reading(NOW + i64::try_from(n).expect("small"))])];
            let stored = tokio::time::timeout(Duration::from_secs(20), store.append(&new)).await;
            stored.expect("it does not wait for the deletion").expect("stored");
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.expect("let go");
    };
    let (deleted, ()) = tokio::join!(store.delete(METER, None), meanwhile);
    deleted.expect("deleted");
    let instants = async |device| -> Vec<i64> {
        store.range(device, "energy_wh", 0, i64::MAX).await.expect("asked").into_iter().map(|(at, _)| at).collect()
    };
    assert_eq!((instants(METER).await, instants(OTHER).await), (vec![NOW, NOW + 2], vec![NOW + 1]));
    assert_eq!(store.latest(METER)[0].at_ms, NOW + 2);
    store.compact().await.expect("sealed");
    assert_eq!(instants(METER).await, [NOW, NOW + 2]);
    assert_eq!(store.check().await.expect("checked").findings, []);
    it.close().await;
}
