//! How long what is kept: readings, then what they came to.

use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::QUARTER_MS;

use crate::sealing::{day, entry};
use crate::support::{Engine, Installation, NOW};

const METER: DeviceNumber = DeviceNumber(1);
const DAY_MS: i64 = 96 * QUARTER_MS;

async fn aged(engine: Engine) {
    let settings = [("VIGIA_TELEMETRY__RAW_DAYS", "3"), ("VIGIA_TELEMETRY__QUARTERS_DAYS", "10")];
    let mut it = Installation::with(engine, settings.map(|(key, value)| (key.to_owned(), value.to_owned()))).await;
    let store = it.app.store();
    store.append(&day().into_iter().map(|reading| entry(METER, [reading])).collect::<Vec<_>>()).await.expect("stored");
    let quarters = store.quarters(METER, "power_w", 0, NOW).await.expect("asked");
    it.tidy(NOW + DAY_MS / 2).await;
    let all = store.range(METER, "power_w", 0, NOW).await.expect("asked");
    assert_eq!(all.len(), 1_380, "nothing is old yet");
    // Three days after the first midnight that lies in it, what is before that midnight goes.
    let midnight = NOW - NOW.rem_euclid(DAY_MS);
    it.tidy(midnight + 3 * DAY_MS + 60_000).await;
    let left = store.range(METER, "power_w", 0, NOW).await.expect("asked");
    assert_eq!(left, all.iter().copied().filter(|(at, _)| *at >= midnight).collect::<Vec<_>>());
    assert_eq!(store.quarters(METER, "power_w", 0, NOW).await.expect("asked"), quarters, "what they came to stays");
    it.tidy(NOW + 5 * DAY_MS).await;
    assert_eq!(store.range(METER, "power_w", 0, NOW).await.expect("asked"), []);
    assert_eq!(store.quarters(METER, "power_w", 0, NOW).await.expect("asked"), quarters);
    assert_eq!(store.check().await.expect("checked").findings, []);
    assert!(it.app.metrics().text().contains("vigia_telemetry_retired_values_total 4140"), "{}", it.app.metrics().text());
    it.tidy(midnight + 10 * DAY_MS + 60_000).await;
    let kept: Vec<i64> = store.quarters(METER, "power_w", 0, NOW).await.expect("asked").into_keys().collect();
    assert!(kept.first().is_some_and(|first| *first >= midnight) && kept.len() < quarters.len(), "{kept:?}");
    it.tidy(NOW + 12 * DAY_MS).await;
    assert!(store.quarters(METER, "power_w", 0, NOW).await.expect("asked").is_empty());
    assert_eq!(store.latest(METER).len(), 3, "the last values stay");
    assert_eq!(store.check().await.expect("checked").findings, []);
    it.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_go_after_their_days_and_quarters_after_theirs_on_sqlite() {
    aged(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_go_after_their_days_and_quarters_after_theirs_on_postgres() {
    aged(Engine::Postgres).await;
}

/// A device that was without a line for longer than readings are kept: what its backlog came to is there all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_that_is_older_than_readings_are_kept_has_its_quarters() {
    let settings = [("VIGIA_TELEMETRY__RAW_DAYS", "3")];
    let mut it = Installation::with(Engine::Sqlite, settings.map(|(key, value)| (key.to_owned(), value.to_owned()))).await;
    let store = it.app.store();
    let later = NOW + 20 * DAY_MS;
    store.append(&[entry(METER, [(later, vec![("power_w", 1.0)])])]).await.expect("stored");
    it.tidy(later).await;
    store.append(&day().into_iter().map(|reading| entry(METER, [reading])).collect::<Vec<_>>()).await.expect("stored");
    let quarters = store.quarters(METER, "power_w", 0, NOW).await.expect("asked");
    assert!(quarters.len() > 80, "{}", quarters.len());
    it.tidy(later + DAY_MS).await;
    assert_eq!(store.range(METER, "power_w", 0, NOW).await.expect("asked"), []);
    assert_eq!(store.quarters(METER, "power_w", 0, NOW).await.expect("asked"), quarters);
    // One more late reading does not take the place of what is known.
    store.append(&[entry(METER, [(NOW - 10 * QUARTER_MS + 1, vec![("power_w", 9.0)])])]).await.expect("stored");
    store.compact().await.expect("sealed");
    assert_eq!(store.quarters(METER, "power_w", 0, NOW).await.expect("asked"), quarters);
    // Deleted on request, it is gone, with what it came to.
    store.delete(METER, Some((0, NOW + DAY_MS))).await.expect("deleted");
    assert!(store.quarters(METER, "power_w", 0, NOW).await.expect("asked").is_empty());
    assert_eq!(store.check().await.expect("checked").findings, []);
    it.close().await;
}
