//! Any interleaving of what a store does gives the answers of a simple map: appending (late, twice, changed), sealing, tidying, deleting, ending
//! and beginning again, and on PostgreSQL two of them at once on the same data.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use vigia_backend::telemetry::{Question, TelemetryStore};
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::{Meaning, QUARTER_MS};

use crate::sealing::{entry, model};
use crate::support::{Engine, Installation, NOW};

const METRICS: [&str; 3] = ["power_w", "energy_wh", "voltage_v"];
const DEVICES: i64 = 3;
const STEPS: usize = 120;
const MINUTE_MS: i64 = 60_000;

type Values = BTreeMap<(i64, &'static str), BTreeMap<i64, f64>>;

async fn interleaved(engine: Engine, seed: u64, stores: usize) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut first = Installation::new(engine).await;
    let mut second = if stores == 2 { Some(first.again().await) } else { None };
    let mut truth = Values::new();
    let mut kept_ms = i64::MIN;
    let mut latest: BTreeMap<(i64, &'static str), (i64, f64)> = BTreeMap::new();
    for step in 0..STEPS {
        let it = if dice.random_bool(0.5) { second.as_mut().unwrap_or(&mut first) } else { &mut first };
        let store = it.app.store();
        let place = format!("seed {seed}, step {step}");
        let device = dice.random_range(1..=DEVICES);
        let at = |dice: &mut StdRng| NOW - dice.random_range(0..3 * 24 * 60) * MINUTE_MS;
        match dice.random_range(0..100) {
            0..60 => {
                let mut batch = Vec::new();
                for _ in 0..dice.random_range(1..40) {
                    let (device, at_ms) = (dice.random_range(1..=DEVICES), at(&mut dice));
                    let count = dice.random_range(1..=METRICS.len());
                    let values: Vec<_> =
                        METRICS[..count].iter().map(|metric| (*metric, f64::from(dice.random_range(0..50_000)) / 8.0)).collect();
                    for (metric, value) in &values {
                        truth.entry((device, *metric)).or_default().insert(at_ms, *value);
                        let last = latest.entry((device, *metric)).or_insert((at_ms, *value));
                        if at_ms >= last.0 {
                            *last = (at_ms, *value);
                        }
                    }
                    batch.push(entry(DeviceNumber(device), [(at_ms, values)]));
                }
                store.append(&batch).await.expect("stored");
            }
            60..72 => store.compact().await.expect("sealed"),
            72..80 => while store.tidy(NOW + 11 * MINUTE_MS).await.expect("tidied") {},
            80..84 => {
                let (from, to) = (at(&mut dice), at(&mut dice));
                let (from, to) = (from.min(to), from.max(to) + 1);
                store.delete(DeviceNumber(device), Some((from, to))).await.expect("deleted");
                for metric in METRICS {
                    let Some(values) = truth.get_mut(&(device, metric)) else { continue };
                    values.retain(|at, _| !(from..to).contains(at));
                    if latest.get(&(device, metric)).is_some_and(|(at, _)| (from..to).contains(at)) {
                        latest.remove(&(device, metric));
                        latest.extend(values.last_key_value().map(|(at, value)| ((device, metric), (*at, *value))));
                    }
                }
            }
            84..86 => {
                store.delete(DeviceNumber(device), None).await.expect("deleted");
                truth.retain(|(of, _), _| *of != device);
                latest.retain(|(of, _), _| *of != device);
            }
            86..88 => {
                let before = NOW - dice.random_range(24 * 60..3 * 24 * 60) * MINUTE_MS;
                store.delete_before(before).await.expect("removed");
                truth.values_mut().for_each(|values| values.retain(|at, _| *at >= before));
                kept_ms = kept_ms.max(before);
            }
            88..94 => it.restart().await,
            _ => {
                let report = store.check().await.expect("checked");
                assert_eq!(report.findings, [], "{place}");
            }
        }
        let it = if dice.random_bool(0.5) { second.as_ref().unwrap_or(&first) } else { &first };
        compare(it.app.store(), &truth, &latest, kept_ms, &place, &mut dice).await;
    }
    if let Some(mut second) = second {
        second.close().await;
    }
    first.close().await;
}

async fn compare(
    store: &dyn TelemetryStore,
    truth: &Values,
    latest: &BTreeMap<(i64, &'static str), (i64, f64)>,
    kept_ms: i64,
    place: &str,
    dice: &mut StdRng,
) {
    let (device, metric) = (dice.random_range(1..=DEVICES), METRICS[dice.random_range(0..METRICS.len())]);
    let nothing = BTreeMap::new();
    let values = truth.get(&(device, metric)).unwrap_or(&nothing);
    let all: Vec<_> = values.iter().map(|(at, value)| (*at, *value)).collect();
    let found = store.range(DeviceNumber(device), metric, 0, i64::MAX).await.expect("asked");
    assert_eq!(found, all, "{place}: {device} {metric}");
    store.tidy(NOW).await.expect("others are followed");
    let last = store.latest(DeviceNumber(device)).into_iter().find(|last| last.metric == metric).map(|last| (last.at_ms, last.value));
    assert_eq!(last, latest.get(&(device, metric)).copied(), "{place}: the last value of {device} {metric}");
    let quarters = store.quarters(DeviceNumber(device), metric, 0, NOW + QUARTER_MS).await.expect("asked");
    if kept_ms == i64::MIN {
        assert_eq!(quarters, model(Meaning::of(metric), values), "{place}: the quarters of {device} {metric}");
    }
    // Sums of buckets are those of their quarters, whatever they were made of.
    let from_ms = NOW - 3 * 96 * QUARTER_MS;
    for (points, to_ms) in [(48, NOW), (50, NOW - 777_777), (1_000, NOW)] {
        let question = Question { device: DeviceNumber(device), metric, from_ms, to_ms, points };
        let buckets = store.aggregate(&question).await.expect("asked");
        let count: u64 = buckets.filled().map(|(_, bucket)| bucket.count).sum();
        if kept_ms == i64::MIN {
            assert_eq!(count, values.range(from_ms..to_ms).count() as u64, "{place}: {points} points of {device} {metric}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_store_on_sqlite() {
    for seed in 1..=2 {
        interleaved(Engine::Sqlite, seed, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_store_on_postgres() {
    for seed in 1..=1 {
        interleaved(Engine::Postgres, seed, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_postgres() {
    for seed in 1..=2 {
        interleaved(Engine::Postgres, seed, 2).await;
    }
}
