//! Answers do not depend on when what is sealed: any order, any repetition, any batches, any moment give the same.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use vigia_backend::simulate::replay;
use vigia_backend::telemetry::{Entry, LONGEST_GAP_MS, Question, Stamped, TelemetryStore};
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::{self, Meaning, QUARTER_MS, Quarter};

use crate::support::{NOW, both};

const METRICS: [&str; 3] = ["power_w", "energy_wh", "voltage_v"];

pub(crate) type Reading = (i64, Vec<(&'static str, f64)>);

pub(crate) fn entry(device: DeviceNumber, readings: impl IntoIterator<Item = Reading>) -> Entry {
    let stamped = |(at_ms, values): Reading| Stamped { at_ms, values: values.into_iter().map(|(n, v)| (n.to_owned(), v)).collect() };
    Entry {
        device,
        received_ms: NOW,
        readings: readings.into_iter().map(stamped).collect(),
        events: vec![],
        attributes: vec![],
        online: None,
        refused: vec![],
        heard: true,
    }
}

/// Everything that the store says of a metric, with every bit of it.
async fn answers(store: &dyn TelemetryStore, device: DeviceNumber, metric: &str, from_ms: i64, to_ms: i64) -> String {
    let range = store.range(device, metric, from_ms, to_ms).await.expect("asked");
    let quarters = store.quarters(device, metric, from_ms, to_ms).await.expect("asked");
    let mut told = format!("{range:?}\n{quarters:?}\n");
    for points in [7, 96, 700] {
        let question = Question { device, metric, from_ms, to_ms, points };
        let buckets = store.aggregate(&question).await.expect("asked");
        told += &format!(
            "{:?} {:?}\n",
            buckets.filled().map(|(at, b)| (at, b.count, b.mean(), b.min, b.max)).collect::<Vec<_>>(),
            buckets.gaps()
        );
    }
    told
}

pub(crate) fn model(meaning: Meaning, values: &BTreeMap<i64, f64>) -> BTreeMap<i64, Quarter> {
    let samples: Vec<_> = values.iter().map(|(at, v)| (*at, *v)).collect();
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return BTreeMap::new() };
    rollup::quarters(meaning, &samples, first.0 - QUARTER_MS, last.0 + LONGEST_GAP_MS + QUARTER_MS, LONGEST_GAP_MS)
}

both! {
    async fn any_order_any_repetition_any_batches_any_sealing_give_the_same(it: Installation) {
        let store = it.app.store();
        let mut told: Option<Vec<String>> = None;
        for seed in 1..=5 {
            // Each device has the same day; only how it came in differs.
            let device = DeviceNumber(seed);
            let mut dice = StdRng::seed_from_u64(seed.unsigned_abs());
            let mut readings = day();
            readings.shuffle(&mut dice);
            readings.extend_from_within(..200);
            while !readings.is_empty() {
                let size = dice.random_range(1..=200).min(readings.len());
                let batch: Vec<_> = readings.drain(..size).map(|reading| entry(device, [reading])).collect();
                store.append(&batch).await.expect("stored");
                if dice.random_bool(0.3) {
                    store.compact().await.expect("sealed");
                }
            }
            for sealed in [false, true] {
                if sealed {
                    store.compact().await.expect("sealed");
                }
                let mut now = Vec::new();
                for metric in METRICS {
                    let range: BTreeMap<_, _> = store.range(device, metric, 0, NOW).await.expect("asked").into_iter().collect();
                    let quarters = store.quarters(device, metric, 0, NOW + QUARTER_MS).await.expect("asked");
                    assert_eq!(quarters, model(Meaning::of(metric), &range), "{metric}, seed {seed}, sealed {sealed}");
                    now.push(answers(store, device, metric, NOW - 96 * QUARTER_MS, NOW).await);
                }
                assert_eq!(told.get_or_insert_with(|| now.clone()), &now, "seed {seed}, sealed {sealed}");
            }
        }
        let report = store.check().await.expect("checked");
        assert_eq!((report.findings, report.series, report.values, report.unsealed), (vec![], 15, 5 * 3 * 1_380, 0));
    }

    async fn a_quarter_that_lies_in_several_chunks_is_reckoned_from_all_of_them(it: Installation) {
        let store = it.app.store();
        // A value each 50 ms, and a pause in which the quarter goes on being touched. Neighbours of such sizes are not merged.
        for (device, metric) in [(DeviceNumber(1), "power_w"), (DeviceNumber(2), "energy_wh"), (DeviceNumber(3), "voltage_v")] {
            let (mut at, mut truth) = (NOW - 8 * QUARTER_MS, BTreeMap::new());
            for (size, pause_ms) in [(5_000_u32, 0), (1_000, 0), (200, 0), (40, 0), (9, 60_000), (1, 14 * 60_000), (30, 0), (900, 3_600_000)] {
                let mut readings = Vec::new();
                for n in 0..size {
                    at += 50;
                    let value = f64::from(n * 7 % 50) + 0.1;
                    truth.insert(at, value);
                    readings.push((at, vec![(metric, value)]));
                }
                store.append(&[entry(device, readings)]).await.expect("stored");
                for sealed in [false, true] {
                    if sealed {
                        store.compact().await.expect("sealed");
                    }
                    let quarters = store.quarters(device, metric, 0, NOW + 8 * QUARTER_MS).await.expect("asked");
                    assert_eq!(quarters, model(Meaning::of(metric), &truth), "{metric} after {size} more, sealed: {sealed}");
                }
                assert_eq!(store.check().await.expect("checked").findings, [], "{metric} after {size} more");
                at += pause_ms;
            }
            // One in their midst, and the first of all.
            for at in [NOW - 8 * QUARTER_MS + 5_007 * 50 + 1, NOW - 8 * QUARTER_MS] {
                truth.insert(at, 3.5);
                store.append(&[entry(device, [(at, vec![(metric, 3.5)])])]).await.expect("stored");
                store.compact().await.expect("sealed");
                let quarters = store.quarters(device, metric, 0, NOW + 8 * QUARTER_MS).await.expect("asked");
                assert_eq!(quarters, model(Meaning::of(metric), &truth), "{metric} with one in their midst");
            }
            store.delete(device, Some((NOW - 8 * QUARTER_MS + 6_100 * 50, NOW - 8 * QUARTER_MS + 6_150 * 50))).await.expect("deleted");
            truth.retain(|at, _| !(NOW - 8 * QUARTER_MS + 6_100 * 50..NOW - 8 * QUARTER_MS + 6_150 * 50).contains(at));
            let quarters = store.quarters(device, metric, 0, NOW + 8 * QUARTER_MS).await.expect("asked");
            assert_eq!(quarters, model(Meaning::of(metric), &truth), "{metric} with a piece cut out");
        }
        assert_eq!(store.check().await.expect("checked").findings, []);
    }

    async fn a_later_value_counts_whether_the_earlier_one_is_sealed_or_not(it: Installation) {
        let (store, meter) = (it.app.store(), DeviceNumber(1));
        let say = |value| [entry(meter, [(NOW, vec![("power_w", value)])])];
        for (value, sealed) in [(1.0, false), (2.0, true), (3.0, false), (4.0, false), (5.0, true), (6.0, false)] {
            store.append(&say(value)).await.expect("stored");
            if sealed {
                store.compact().await.expect("sealed");
            }
            assert_eq!(store.range(meter, "power_w", 0, i64::MAX).await.expect("asked"), [(NOW, value)]);
            assert_eq!(store.latest(meter)[0].value, value);
        }
        let mut after = it.again().await;
        let store = after.app.store();
        assert_eq!(store.range(meter, "power_w", 0, i64::MAX).await.expect("asked"), [(NOW, 6.0)], "after a restart");
        assert_eq!(store.latest(meter)[0].value, 6.0);
        after.close().await;
    }

    async fn raw_values_go_when_their_time_is_over_and_their_quarters_stay(it: Installation) {
        let (store, meter) = (it.app.store(), DeviceNumber(1));
        store.append(&day().into_iter().map(|reading| entry(meter, [reading])).collect::<Vec<_>>()).await.expect("stored");
        let before = store.quarters(meter, "power_w", 0, NOW).await.expect("asked");
        let noon = NOW - 48 * QUARTER_MS;
        let all = store.range(meter, "power_w", 0, NOW).await.expect("asked");
        let gone = store.delete_before(noon).await.expect("deleted");
        let kept = store.range(meter, "power_w", 0, NOW).await.expect("asked");
        assert_eq!(kept, all.iter().copied().filter(|(at, _)| *at >= noon).collect::<Vec<_>>());
        assert_eq!(gone, 3 * u64::try_from(all.len() - kept.len()).expect("more than before"));
        store.append(&[entry(meter, [(noon - 60_000, vec![("power_w", 9e6)])])]).await.expect("stored");
        assert_eq!(store.quarters(meter, "power_w", 0, noon).await.expect("asked"), before.range(..noon).map(|(a, q)| (*a, *q)).collect());
        store.compact().await.expect("sealed");
        assert_eq!(store.quarters(meter, "power_w", 0, noon).await.expect("asked"), before.range(..noon).map(|(a, q)| (*a, *q)).collect());
        assert_eq!(store.check().await.expect("checked").findings, []);
        let mut after = it.again().await;
        after.app.store().append(&[entry(meter, [(noon - 120_000, vec![("power_w", 9e6)])])]).await.expect("stored");
        after.app.store().compact().await.expect("sealed");
        assert_eq!(after.app.store().check().await.expect("checked").findings, [], "it knows after a restart, too");
        after.close().await;
    }

    async fn damage_is_found_and_named(it: Installation) {
        let (store, meter) = (it.app.store(), DeviceNumber(1));
        store.append(&day().into_iter().map(|reading| entry(meter, [reading])).collect::<Vec<_>>()).await.expect("stored");
        store.compact().await.expect("sealed");
        assert_eq!(it.sql("telemetry.db", "UPDATE chunks SET sum = sum + 1 WHERE metric = (SELECT id FROM metrics WHERE name = 'voltage_v')").await, 1);
        let line = store.check().await.expect("checked").findings[0].line(|_| None);
        assert!(line.starts_with("device number 1, voltage_v, 2026-02-28T12:00:00.000Z to 2026-03-01T11:59:00.004Z: chunk "), "{line}");
        assert_eq!(it.sql("telemetry.db", "DELETE FROM chunks WHERE metric = (SELECT id FROM metrics WHERE name = 'power_w')").await, 1);
        let found = store.check().await.expect("checked").findings;
        assert!(found.iter().any(|one| one.metric.as_deref() == Some("power_w") && one.what.starts_with("the quarter ")), "{found:?}");
    }

    async fn the_real_week_gives_its_kilowatt_hours_from_power_and_from_a_register(it: Installation) {
        let zone = TimeZone::get("Europe/Paris").expect("a zone");
        let week = replay::parse(include_str!("../data/household_week_1min.csv"), &zone).expect("a good file");
        let expected: serde_json::Value = serde_json::from_str(include_str!("../data/household_week_expected.json")).expect("JSON");
        let mut readings: Vec<Reading> = Vec::new();
        let mut energy = 50_000.0;
        for (n, reading) in week.iter().enumerate() {
            let power = reading.values.iter().find(|(name, _)| name == "power_w").expect("a power").1;
            // The register is reset on the third day, and misread for a moment on the fifth.
            let register = if n == 6_000 { 7.0 } else if n >= 3_000 { energy } else { energy + 4_000_000.0 };
            readings.push((reading.at_ms.expect("a time"), vec![("power_w", power), ("energy_wh", register)]));
            energy = if n == 2_999 { power / 60.0 } else { energy + power / 60.0 };
        }
        let store = it.app.store();
        let mut told: Option<Vec<String>> = None;
        for seed in 1..=3 {
            let (device, mut dice) = (DeviceNumber(seed), StdRng::seed_from_u64(seed.unsigned_abs()));
            let mut sent = readings.clone();
            if seed > 1 {
                sent.extend_from_slice(&readings);
                sent.shuffle(&mut dice);
            }
            for batch in sent.chunks(700) {
                store.append(&batch.iter().map(|reading| entry(device, [reading.clone()])).collect::<Vec<_>>()).await.expect("stored");
                if dice.random_bool(0.2) {
                    store.compact().await.expect("sealed");
                }
            }
            let mut now = Vec::new();
            for (day, facts) in expected["days"].as_object().expect("days") {
                let date: Date = day.parse().expect("a date");
                let start = |date: Date| date.to_zoned(zone.clone()).expect("a day").timestamp().as_millisecond();
                let (from_ms, to_ms) = (start(date), start(date.tomorrow().expect("a day")));
                for metric in ["power_w", "energy_wh"] {
                    let quarters = store.quarters(device, metric, from_ms, to_ms).await.expect("asked");
                    let kwh = quarters.values().map(|quarter| quarter.taken).sum::<f64>() / 1_000.0;
                    let wanted = facts["kwh"].as_f64().expect("a number");
                    assert!((kwh / wanted - 1.0).abs() < 0.001, "{day}, {metric}: {kwh} kWh, not {wanted}");
                    now.push(format!("{kwh:?}"));
                }
            }
            assert_eq!(told.get_or_insert_with(|| now.clone()), &now, "to the last digit");
        }
    }
}

/// A day of a meter: every minute, with an hour of silence in it, and a register that was reset and misread.
pub(crate) fn day() -> Vec<Reading> {
    let start = NOW - 96 * QUARTER_MS;
    let mut energy = 1_000.0;
    (0..1_440_i64)
        .filter(|minute| !(300..360).contains(minute))
        .map(|minute| {
            let power = f64::from(i32::try_from(minute * 37 % 2_000).expect("small")) + 0.25;
            energy += power / 60.0;
            let register = match minute {
                700 => 0.0,
                minute if minute > 1_000 => energy - 15_000.0,
                _ => energy,
            };
            (start + minute * 60_000 + minute % 7, vec![("power_w", power), ("energy_wh", register), ("voltage_v", 127.0 + power / 1e4)])
        })
        .collect()
}

both! {
    async fn a_backlog_of_months_is_told_of_before_it_is_sealed_as_it_is_afterwards(it: Installation) {
        let (store, meter) = (it.app.store(), DeviceNumber(1));
        // A register each six hours for half a year: more days than are sealed at once, with what was used spread between.
        let (from_ms, hour_ms) = (NOW - 180 * 86_400_000, 3_600_000);
        let readings: Vec<Reading> = (0..720_i64).map(|n| (from_ms + n * 6 * hour_ms, vec![("energy_wh", (n * 900) as f64)])).collect();
        let truth = readings.iter().map(|(at, values)| (*at, values[0].1)).collect();
        store.append(&[entry(meter, readings)]).await.expect("stored");
        let quarters = store.quarters(meter, "energy_wh", 0, i64::MAX).await.expect("asked");
        assert_eq!(quarters, model(Meaning::of("energy_wh"), &truth), "while it is in the log");
        store.compact().await.expect("sealed");
        assert_eq!(store.quarters(meter, "energy_wh", 0, i64::MAX).await.expect("asked"), quarters, "when it is sealed");
        assert_eq!(store.check().await.expect("checked").findings, []);
    }

    async fn a_clock_that_was_years_wrong_for_a_moment_leaves_what_is_stored_alone(it: Installation) {
        let store = it.app.store();
        let device = DeviceNumber(1);
        store.append(&[entry(device, (0..30_000).map(|n| (NOW + n * 1_000, vec![("power_w", n as f64)])))]).await.expect("stored");
        store.compact().await.expect("sealed");
        let sql = "SELECT id FROM chunks WHERE count = 8192 ORDER BY id";
        let full = it.numbers("telemetry.db", sql).await;
        assert_eq!(full.len(), 3);
        let stray = [(NOW - 8 * 365 * 86_400_000, vec![("power_w", 1.0)]), (NOW + 30_000_000, vec![("power_w", 2.0)])];
        store.append(&[entry(device, stray)]).await.expect("stored");
        let truth = store.range(device, "power_w", 0, i64::MAX).await.expect("asked").into_iter().collect();
        let quarters = store.quarters(device, "power_w", 0, i64::MAX).await.expect("asked");
        assert_eq!(quarters, model(Meaning::of("power_w"), &truth), "while it is in the log");
        store.compact().await.expect("sealed");
        assert_eq!(store.quarters(device, "power_w", 0, i64::MAX).await.expect("asked"), quarters, "when it is sealed");
        assert_eq!(it.numbers("telemetry.db", sql).await, full, "none of them was written anew");
        assert_eq!(store.range(device, "power_w", 0, i64::MAX).await.expect("asked").len(), 30_002);
        assert_eq!(store.check().await.expect("checked").findings, []);
    }
}
