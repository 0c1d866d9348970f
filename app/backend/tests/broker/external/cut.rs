//! The wire to the broker is cut again and again while devices publish: what the broker acknowledged to them is stored. Each message
//! is looked up by its time.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vigia_backend::config::Protocol;
use vigia_backend::fleet::Directory;
use vigia_backend::lifecycle::Phase;
use vigia_backend::mqtt::Broker as _;
use vigia_backend::mqtt::external::{ExternalBroker, House};
use vigia_backend::simulate::load::{self, Load};
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::Scope;

use super::relay::Relay;
use super::{Mosquitto, at};
use crate::support::{Engine, Installation, NOW};

const DEVICES: usize = 8;
const CUTS: u32 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    survives(Engine::Sqlite, Protocol::V5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_in_the_older_version() {
    survives(Engine::Sqlite, Protocol::V311).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    survives(Engine::Postgres, Protocol::V5).await;
}

async fn survives(engine: Engine, protocol: Protocol) {
    let mosquitto = Mosquitto::open();
    let relay = Relay::to(mosquitto.address).await;
    let mut it = Installation::new(engine).await;
    let app = &it.app;
    let metrics = app.metrics().external.clone();
    let house = House {
        gate: Arc::new(it.gate()),
        directory: Arc::new(Directory::of(app, it.gate())),
        filters: super::filters(),
        neighbours: None,
        world: app.world().clone(),
        metrics: metrics.clone(),
    };
    let (broker, pump) = ExternalBroker::new(at(relay.port, protocol), it.dir.path(), house).expect("good settings");
    app.lifecycle().spawn("the connection to the broker", Phase::Intake, |stop| pump.run(stop));
    super::until("it stands", || broker.trouble().is_none()).await;
    let mut devices = Vec::new();
    for n in 0..DEVICES {
        let (device, token) = it.device(&format!("m{n}"), None).await;
        devices.push((device.id, token));
    }
    let load = Load {
        values: load::VALUES,
        broker: mosquitto.address.to_string(),
        devices,
        window: 8,
        rate_per_s: Some(2_000.0),
        time: Duration::from_secs(4),
        from_ms: NOW - 60 * 60 * 1000,
        step_ms: 1,
        keep: true,
    };
    let running = tokio::spawn(load::run(load, CancellationToken::new()));
    for _ in 0..CUTS {
        tokio::time::sleep(Duration::from_millis(500)).await;
        relay.cut();
    }
    let outcome = running.await.expect("it does not panic");
    assert!(outcome.acknowledged > 1_000, "too little load to prove anything: {} acknowledged", outcome.acknowledged);
    assert!(metrics.losses.get() >= u64::from(CUTS) / 2, "it was cut");
    let key = it.key("test", &[Scope::TelemetryRead]).await;
    let mut lost = Vec::new();
    // What the broker still holds comes when the wire stands again.
    for _ in 0..20 {
        lost.clear();
        for (device, times) in &outcome.kept {
            let stored = stored(&it, &key, device, times).await;
            lost.extend(times.iter().filter(|at| stored.binary_search(at).is_err()).map(|at| (device.clone(), *at)));
        }
        if lost.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(lost.is_empty(), "acknowledged and not stored: {lost:?}");
    it.close().await;
}

/// The times of a device's readings as the interface has them: buckets of one millisecond, five thousand a question.
async fn stored(it: &Installation, key: &str, device: &DeviceId, times: &[i64]) -> Vec<i64> {
    let mut stored = Vec::new();
    let (Some(mut from), Some(last)) = (times.iter().min().copied(), times.iter().max()) else { return stored };
    while from <= *last {
        let path = format!("/api/v1/devices/{device}/telemetry?metric=power_w&from={from}&to={}&points=5000", from + 5_000);
        let series = it.get(&path, key).await.json();
        for point in series["points"].as_array().expect("points") {
            assert_eq!(point["count"], 1);
            stored.push(vigia_domain::time::from_text(point["at"].as_str().expect("a time")).expect("RFC 3339"));
        }
        from += 5_000;
    }
    stored
}
