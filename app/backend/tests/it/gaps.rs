//! Why a history has gaps.

use vigia_backend::fleet;
use vigia_backend::mqtt::DeviceIdentity;
use vigia_domain::gap::{Cause, Explained};

use crate::sealing::entry;
use crate::support::{Installation, NOW, both};

const MINUTE: i64 = 60_000;

async fn store(it: &Installation, device: &DeviceIdentity, metric: &'static str, minutes_ago: impl IntoIterator<Item = i64>) {
    let readings = minutes_ago.into_iter().map(|ago| (NOW - ago * MINUTE, vec![(metric, 1.0)]));
    it.app.store().append(&[entry(device.number, readings)]).await.expect("stored");
}

async fn cause(it: &Installation, device: &DeviceIdentity, (from, to): (i64, i64)) -> Cause {
    let gap = (NOW - from * MINUTE, NOW - to * MINUTE);
    let told = fleet::explain(&it.app, device.number, "power_w", &[gap], MINUTE).await.expect("asked");
    let [Explained { from_ms, cause }] = told[..] else { panic!("{told:?}") };
    assert_eq!(from_ms, gap.0);
    cause
}

both! {
    async fn a_gap_says_what_is_known_of_it_and_guesses_nothing(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        let (other, _) = it.device("m2", None).await;
        store(it, &device, "power_w", [60, 59, 10, 9]).await;
        assert_eq!(cause(it, &device, (58, 11)).await, Cause::Unknown, "nobody else was heard either");
        store(it, &other, "temperature_c", [40]).await;
        assert_eq!(cause(it, &device, (58, 11)).await, Cause::Silent);
        assert_eq!(cause(it, &device, (30, 11)).await, Cause::Unknown, "the other one spoke before it");
        store(it, &device, "voltage_v", [35]).await;
        assert_eq!(cause(it, &device, (58, 11)).await, Cause::OtherValues);
        assert_eq!(fleet::explain(&it.app, device.number, "power_w", &[], MINUTE).await.expect("asked"), []);
        for payload in [r#"{"ts": 5, "power_w": 1}"#, "power 5", r#"{"ts": 6, "power_w": 1}"#] {
            it.app.ingest().message(&device, "vigia/m1/telemetry", payload.as_bytes()).await.expect("stored");
        }
        assert_eq!(cause(it, &device, (5, -1)).await, Cause::Clock { messages: 2 });
        it.app.ingest().message(&device, "vigia/m1/status", br#"{"online": false}"#).await.expect("stored");
        assert_eq!(cause(it, &device, (5, -1)).await, Cause::Goodbye);
        let many: Vec<_> = (0..40).map(|n| (NOW - (100 - n) * MINUTE, NOW - (100 - n) * MINUTE + n + 1)).collect();
        let told = fleet::explain(&it.app, device.number, "power_w", &many, MINUTE).await.expect("asked");
        assert!(told.len() < many.len() && told.is_sorted_by_key(|gap| gap.from_ms), "only the longest are looked into");
    }
}
