//! Any interleaving of what a store does gives the answers of a simple map: appending (late, twice, changed), sealing, tidying, deleting, ending
//! and beginning again, and on PostgreSQL two of them at once on the same data.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use vigia_backend::telemetry::{Entry, Question, TelemetryStore};
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::{Meaning, QUARTER_MS};

use crate::sealing::{entry, model};
use crate::support::{Engine, Installation, NOW};

const METRICS: [&str; 3] = ["power_w", "energy_wh", "voltage_v"];
const DEVICES: i64 = 3;
const STEPS: usize = 120;
const MINUTE_MS: i64 = 60_000;

type Values = BTreeMap<(i64, &'static str), BTreeMap<i64, f64>>;

/// When values come: anywhere in three days, a minute apart or more; or many a second, most of them in their order, so that a quarter of an
/// hour lies in several chunks.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    Slow,
    Fast,
}

async fn interleaved(engine: Engine, seed: u64, stores: usize, pace: Pace) {
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
        let at = |dice: &mut StdRng| match pace {
            Pace::Slow => NOW - dice.random_range(0..3 * 24 * 60) * MINUTE_MS,
            Pace::Fast => NOW - dice.random_range(0..40_000) * 70,
        };
        match dice.random_range(0..100) {
            0..60 => {
                let mut batch = Vec::new();
                let readings = if pace == Pace::Slow { dice.random_range(1..40) } else { [2, 5, 30, 200, 900][dice.random_range(0..5)] };
                for n in 0..readings {
                    let (mut device, mut at_ms) = (dice.random_range(1..=DEVICES), at(&mut dice));
                    if pace == Pace::Fast && (n > 0 || dice.random_bool(0.8)) {
                        (device, at_ms) = (1, NOW - 2_800_000 + i64::try_from(step).expect("small") * 23_000 + n * 25);
                    }
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
                // Small pieces beside large ones, which are not merged at once.
                if pace == Pace::Fast && dice.random_bool(0.6) {
                    store.compact().await.expect("sealed");
                }
            }
            60..72 => store.compact().await.expect("sealed"),
            72..80 => while store.tidy(NOW + 11 * MINUTE_MS).await.expect("tidied") {},
            80..84 => {
                let (from, to) = (at(&mut dice), at(&mut dice));
                let (mut from, mut to) = (from.min(to), from.max(to) + 1);
                // Often a single reading.
                let known: Vec<i64> = truth.get(&(device, METRICS[0])).into_iter().flatten().map(|(at, _)| *at).collect();
                if !known.is_empty() && dice.random_bool(0.5) {
                    from = known[dice.random_range(0..known.len())];
                    to = from + 1;
                }
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
        interleaved(Engine::Sqlite, seed, 1, Pace::Slow).await;
        interleaved(Engine::Sqlite, seed, 1, Pace::Fast).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_store_on_postgres() {
    for seed in 1..=1 {
        interleaved(Engine::Postgres, seed, 1, Pace::Slow).await;
    }
}

/// Appends batches of its own device, and seals in between.
async fn busy(it: &Installation, device: DeviceNumber, seed: u64) -> BTreeMap<i64, f64> {
    let (mut dice, mut truth) = (StdRng::seed_from_u64(seed), BTreeMap::new());
    for _ in 0..60 {
        let readings: Vec<(i64, f64)> =
            (0..20).map(|_| (NOW - dice.random_range(0..1_000) * MINUTE_MS, dice.random_range(0.0..9.0))).collect();
        truth.extend(readings.iter().copied());
        let batch: Vec<_> = readings.into_iter().map(|(at, value)| entry(device, [(at, vec![("power_w", value)])])).collect();
        it.app.store().append(&batch).await.expect("stored");
        match dice.random_range(0..4) {
            0 => it.app.store().compact().await.expect("sealed"),
            1 => it.tidy(NOW + 11 * MINUTE_MS).await,
            _ => {}
        }
    }
    truth
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_that_append_and_seal_at_the_same_time_do_not_hurt_each_other() {
    let mut one = Installation::new(Engine::Postgres).await;
    let mut other = one.again().await;
    let (first, second) = (DeviceNumber(1), DeviceNumber(2));
    let (of_first, of_second) = tokio::join!(busy(&one, first, 1), busy(&other, second, 2));
    for it in [&one, &other] {
        for (device, truth) in [(first, &of_first), (second, &of_second)] {
            let found = it.app.store().range(device, "power_w", 0, i64::MAX).await.expect("asked");
            assert_eq!(found, truth.iter().map(|(at, value)| (*at, *value)).collect::<Vec<_>>(), "{device:?}");
            let quarters = it.app.store().quarters(device, "power_w", 0, NOW + QUARTER_MS).await.expect("asked");
            assert_eq!(quarters, model(Meaning::of("power_w"), truth));
            it.app.store().catch_up().await.expect("caught up");
            let last = truth.last_key_value().map(|(at, value)| (*at, *value));
            assert_eq!(it.app.store().latest(device).first().map(|last| (last.at_ms, last.value)), last);
        }
        assert_eq!(it.app.store().check().await.expect("checked").findings, []);
    }
    // Whoever lost its turn in the midst of sealing writes nothing more.
    one.app.store().append(&[entry(first, [(NOW, vec![("power_w", 1.0)])])]).await.expect("stored");
    one.sql("", "CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE sealer SET epoch = epoch + 1; RETURN NEW; END'")
        .await;
    one.sql("", "CREATE TRIGGER later AFTER INSERT ON chunks FOR EACH ROW EXECUTE FUNCTION later()").await;
    assert!(one.app.store().compact().await.is_err(), "another one has begun");
    one.sql("", "DROP TRIGGER later ON chunks").await;
    assert_eq!(other.app.store().range(first, "power_w", NOW, i64::MAX).await.expect("asked"), [(NOW, 1.0)]);
    other.app.store().compact().await.expect("sealed");
    assert_eq!(other.app.store().check().await.expect("checked").findings, []);
    assert_eq!(one.app.store().range(first, "power_w", NOW, i64::MAX).await.expect("asked"), [(NOW, 1.0)]);
    other.close().await;
    one.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_postgres() {
    for seed in 1..=2 {
        interleaved(Engine::Postgres, seed, 2, Pace::Slow).await;
        interleaved(Engine::Postgres, seed, 2, Pace::Fast).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_two_stores_knows_who_came_and_went_at_the_other() {
    let mut one = Installation::new(Engine::Postgres).await;
    let mut other = one.again().await;
    let device = DeviceNumber(7);
    let says = |online, received_ms| Entry { online, received_ms, heard: true, ..entry(device, []) };
    let (from, at) = (one.app.store(), other.app.store());
    for (online, received_ms) in [(Some(false), NOW), (Some(true), NOW + 1), (Some(false), NOW + 2)] {
        from.append(&[says(online, received_ms)]).await.expect("stored");
        at.tidy(NOW).await.expect("others are followed");
        assert_eq!((at.seen_ms(device), at.goodbye_ms(device)), (Some(received_ms), (online == Some(false)).then_some(received_ms)));
    }
    // A text is no reading, and is written down a little later.
    from.append(&[says(None, NOW + 3)]).await.expect("stored");
    from.settle().await.expect("written down");
    at.tidy(NOW).await.expect("others are followed");
    assert_eq!((at.seen_ms(device), at.goodbye_ms(device)), (Some(NOW + 3), Some(NOW + 2)));
    // Announced before it is read: at once, in the order in which it was heard.
    at.heard_elsewhere(device, NOW + 4, false);
    assert_eq!((at.seen_ms(device), at.goodbye_ms(device)), (Some(NOW + 4), Some(NOW + 4)));
    at.heard_elsewhere(device, NOW + 9, true);
    assert!(at.seen_ms(device) > at.goodbye_ms(device));
    at.heard_elsewhere(device, NOW + 8, false);
    assert!(at.seen_ms(device) > at.goodbye_ms(device), "a goodbye that was told late");
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_will_of_a_meter_that_came_back_at_another_process_changes_nothing_though_it_is_stored_later() {
    let mut one = Installation::new(Engine::Postgres).await;
    let mut other = one.again().await;
    let says = |device, online, received_ms| Entry { online: Some(online), received_ms, heard: true, ..entry(DeviceNumber(device), []) };
    let row = async |it: &Installation, device: i64| {
        it.numbers("telemetry.db", &format!("SELECT online * 1000000 + online_ms - {NOW} FROM device_state WHERE device = {device}")).await
    };
    let (here, there) = (one.app.store(), other.app.store());
    there.append(&[says(7, true, NOW + 20)]).await.expect("stored");
    here.append(&[says(7, false, NOW + 10)]).await.expect("stored");
    assert_eq!(row(&one, 7).await, [1_000_020]);
    // And the other way round: it came, went, and its coming is stored last.
    there.append(&[says(8, false, NOW + 20)]).await.expect("stored");
    there.heard_elsewhere(DeviceNumber(8), NOW + 10, true);
    here.append(&[says(8, true, NOW + 10)]).await.expect("stored");
    assert_eq!(row(&one, 8).await, [20]);
    for store in [here, there] {
        store.tidy(NOW).await.expect("others are followed");
        assert!(store.seen_ms(DeviceNumber(7)) > store.goodbye_ms(DeviceNumber(7)));
        assert_eq!(store.goodbye_ms(DeviceNumber(8)), Some(NOW + 20));
    }
    let mut third = one.again().await;
    assert_eq!(third.app.store().goodbye_ms(DeviceNumber(7)), None, "whoever starts afterwards knows it, too");
    assert_eq!(third.app.store().goodbye_ms(DeviceNumber(8)), Some(NOW + 20));
    third.close().await;
    other.close().await;
    one.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_a_day_ahead_once_hides_nobodys_coming_and_going() {
    const DAY_MS: i64 = 86_400_000;
    let mut one = Installation::new(Engine::Postgres).await;
    let mut other = one.again().await;
    let says = |device, online, received_ms| Entry { online: Some(online), received_ms, heard: true, ..entry(DeviceNumber(device), []) };
    let (here, there) = (one.app.store(), other.app.store());
    here.append(&[says(7, false, NOW + DAY_MS)]).await.expect("stored");
    there.tidy(NOW).await.expect("others are followed");
    // The clock is right again.
    here.append(&[says(7, true, NOW + 1), says(8, false, NOW + 1)]).await.expect("stored");
    there.tidy(NOW).await.expect("others are followed");
    assert_eq!(there.goodbye_ms(DeviceNumber(8)), Some(NOW + 1));
    for store in [here, there] {
        assert_eq!(store.goodbye_ms(DeviceNumber(7)), None);
    }
    other.close().await;
    one.close().await;
}
