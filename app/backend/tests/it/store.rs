//! The time-series store: one suite for every engine.

use vigia_backend::telemetry::{Entry, Question, Stamped};
use vigia_domain::ids::DeviceNumber;

use crate::support::{Installation, NOW, both};

const METER: DeviceNumber = DeviceNumber(1);

fn entry(readings: &[(i64, &[(&str, f64)])]) -> Entry {
    let readings = readings
        .iter()
        .map(|(at_ms, values)| Stamped { at_ms: *at_ms, values: values.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect() });
    Entry {
        device: METER,
        received_ms: NOW,
        readings: readings.collect(),
        events: vec![],
        attributes: vec![],
        online: None,
        refused: vec![],
        heard: true,
    }
}

async fn range(it: &Installation, metric: &str) -> Vec<(i64, f64)> {
    it.app.store().range(METER, metric, 0, i64::MAX).await.expect("asked")
}

both! {
    async fn the_same_again_changes_nothing_and_another_value_wins(it: Installation) {
        let store = it.app.store();
        store.append(&[entry(&[(10, &[("power_w", 5.0)]), (20, &[("power_w", 6.0)])])]).await.expect("stored");
        store.append(&[entry(&[(10, &[("power_w", 5.0)])])]).await.expect("stored");
        assert_eq!(range(it, "power_w").await, [(10, 5.0), (20, 6.0)]);
        store.append(&[entry(&[(10, &[("power_w", 7.0)])])]).await.expect("stored");
        assert_eq!(range(it, "power_w").await, [(10, 7.0), (20, 6.0)]);
    }

    async fn partial_frames_of_one_instant_add_up(it: Installation) {
        it.app.store().append(&[entry(&[(10, &[("power_w", 5.0)])]), entry(&[(10, &[("voltage_v", 127.0)])])]).await.expect("stored");
        assert_eq!(range(it, "power_w").await, [(10, 5.0)]);
        assert_eq!(range(it, "voltage_v").await, [(10, 127.0)]);
        assert_eq!(range(it, "never_sent").await, []);
    }

    async fn late_readings_take_their_place(it: Installation) {
        it.app.store().append(&[entry(&[(30, &[("power_w", 3.0)])])]).await.expect("stored");
        it.app.store().append(&[entry(&[(10, &[("power_w", 1.0)]), (20, &[("power_w", 2.0)])])]).await.expect("stored");
        assert_eq!(range(it, "power_w").await, [(10, 1.0), (20, 2.0), (30, 3.0)]);
        assert_eq!(it.app.store().latest(METER)[0].at_ms, 30, "the latest is the newest, not the last to come");
        assert_eq!(it.app.store().range(METER, "power_w", 10, 30).await.expect("asked"), [(10, 1.0), (20, 2.0)], "the end is not included");
    }

    async fn buckets_count_what_is_there_and_name_the_gaps(it: Installation) {
        let minute = 60_000;
        let readings: Vec<_> = (0..60).filter(|m| !(20..40).contains(m)).map(|m| Stamped { at_ms: m * minute, values: vec![("power_w".to_owned(), 100.0)] }).collect();
        let mut whole = entry(&[]);
        whole.readings = readings;
        it.app.store().append(&[whole]).await.expect("stored");
        let question = Question { device: METER, metric: "power_w", from_ms: 0, to_ms: 60 * minute, points: 6 };
        let buckets = it.app.store().aggregate(&question).await.expect("asked");
        assert_eq!(buckets.filled().map(|(at, b)| (at / minute, b.count)).collect::<Vec<_>>(), [(0, 10), (10, 10), (40, 10), (50, 10)]);
        assert_eq!(buckets.gaps(), [(20 * minute, 40 * minute)]);
    }

    async fn the_last_values_survive_a_restart_and_a_crash(it: Installation) {
        it.app.store().append(&[entry(&[(10, &[("power_w", 5.0), ("voltage_v", 127.0)])])]).await.expect("stored");
        it.app.store().settle().await.expect("written down");
        it.app.store().append(&[entry(&[(20, &[("power_w", 6.0)])])]).await.expect("stored");
        let mut after = it.again().await;
        let found: Vec<_> = after.app.store().latest(METER).into_iter().map(|v| (v.metric, v.at_ms, v.value)).collect();
        assert_eq!(found, [("power_w".to_owned(), 20, 6.0), ("voltage_v".to_owned(), 10, 127.0)]);
        assert_eq!(after.app.store().seen_ms(METER), Some(NOW));
        after.close().await;
    }

    async fn the_last_values_outlive_the_readings_that_brought_them(it: Installation) {
        it.app.store().append(&[entry(&[(10, &[("power_w", 5.0)])])]).await.expect("stored");
        it.app.store().compact().await.expect("sealed");
        it.app.store().append(&[entry(&[(20, &[("power_w", 6.0)])])]).await.expect("stored");
        let mut after = it.again().await;
        assert_eq!(after.app.store().latest(METER)[0].value, 6.0, "from the log");
        assert_eq!(after.app.store().delete_before(i64::MAX).await.expect("deleted"), 2);
        let mut third = it.again().await;
        assert_eq!(third.app.store().latest(METER)[0].value, 6.0, "neither log nor chunks hold it any more");
        assert_eq!(third.app.store().seen_ms(METER), Some(NOW));
        third.close().await;
        after.close().await;
    }

    async fn thousands_of_devices_are_sealed_and_known_after_a_restart(it: Installation) {
        let names: Vec<String> = (0..10).map(|m| format!("metric_{m}")).collect();
        let of_device = |device: i64| {
            let values: Vec<_> = names.iter().map(|name| (name.as_str(), device as f64)).collect();
            Entry { device: DeviceNumber(device), ..entry(&[(10, &values)]) }
        };
        it.app.store().append(&(1..=1_000).map(of_device).collect::<Vec<_>>()).await.expect("stored");
        it.app.store().compact().await.expect("sealed");
        let mut after = it.again().await;
        for device in [1, 256, 257, 1_000] {
            let latest = after.app.store().latest(DeviceNumber(device));
            assert!(latest.len() == 10 && latest.iter().all(|v| v.value == device as f64 && v.at_ms == 10));
            assert_eq!(after.app.store().range(DeviceNumber(device), "metric_7", 0, 20).await.expect("asked"), [(10, device as f64)]);
        }
        after.close().await;
    }

    async fn who_was_heard_without_a_reading_is_written_down(it: Installation) {
        it.app.store().append(&[Entry { online: Some(true), ..entry(&[]) }]).await.expect("stored");
        it.app.store().settle().await.expect("written down");
        let mut after = it.again().await;
        assert_eq!(after.app.store().seen_ms(METER), Some(NOW));
        after.close().await;
    }

    async fn a_goodbye_is_known_until_the_device_says_otherwise(it: Installation) {
        let said = |online| Entry { online, ..entry(&[]) };
        it.app.store().append(&[said(Some(true)), said(Some(false))]).await.expect("stored");
        it.app.store().append(&[said(None)]).await.expect("stored");
        assert_eq!(it.app.store().goodbye_ms(METER), Some(NOW));
        let mut after = it.again().await;
        assert_eq!(after.app.store().goodbye_ms(METER), Some(NOW));
        after.app.store().append(&[said(Some(true))]).await.expect("stored");
        assert_eq!(after.app.store().goodbye_ms(METER), None);
        after.close().await;
    }

    async fn a_large_batch_is_stored_to_the_last_row(it: Installation) {
        let batch: Vec<_> = (0..1_000).map(|n| entry(&[(n, &[("a", n as f64), ("b", -1.0)])])).collect();
        it.app.store().append(&batch).await.expect("stored");
        assert_eq!(range(it, "a").await.len(), 1_000);
        assert_eq!(it.app.store().delete_before(500).await.expect("deleted"), 1_000, "values");
        assert_eq!(range(it, "b").await.len(), 500);
    }
}
