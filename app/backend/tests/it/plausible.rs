//! What cannot be is set aside and the rest stands; a clock that is off is told.

use bytes::Bytes;
use vigia_backend::db::state;
use vigia_backend::fleet;
use vigia_backend::mqtt::{DeviceIdentity, Gate as _};
use vigia_domain::rights::Scope;

use crate::support::{Engine, Installation, NOW, both};

async fn say(it: &Installation, device: &DeviceIdentity, payload: &str) {
    it.gate().accept(device, &format!("vigia/{}/telemetry", device.id), Bytes::from(payload.to_owned()), 1).await.expect("taken");
}

async fn reasons(it: &Installation, device: &DeviceIdentity) -> Vec<String> {
    state::quarantine(it.app.telemetry_db(), device.number, 200).await.expect("asked").into_iter().map(|q| q.reason).collect()
}

fn metrics(it: &Installation, device: &DeviceIdentity) -> Vec<String> {
    it.app.store().latest(device.number).into_iter().map(|v| v.metric).collect()
}

async fn offset(it: &Installation, device: &DeviceIdentity) -> Option<i64> {
    let row = vigia_backend::db::devices::by_id(it.app.registry(), &device.id).await.expect("asked").expect("there");
    fleet::view(&it.app, row).await.expect("made").clock_offset_ms
}

both! {
    async fn a_value_that_cannot_be_does_not_cost_the_others(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        say(it, &device, r#"{"temperature_c": -127, "power_w": 512.3, "power_factor": 97}"#).await;
        assert_eq!(metrics(it, &device), ["power_w"]);
        assert_eq!(
            reasons(it, &device).await,
            ["power_factor is 97; it lies between -1.1 and 1.1", "temperature_c is -127; it lies between -100 and 2000"]
        );
        say(it, &device, r#"{"temperature_c": -127}"#).await;
        assert_eq!(metrics(it, &device), ["power_w"]);
        let key = it.key("script", &[Scope::TelemetryWrite]).await;
        let whole = it.post("/api/v1/devices/m1/telemetry", &key, r#"{"power_w": 1, "voltage_v": 9e6}"#).await;
        assert_eq!((whole.status.as_u16(), whole.json()["field"].as_str()), (422, Some("voltage_v")));
    }

    async fn a_clock_that_is_off_is_kept_and_told(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        assert_eq!(offset(it, &device).await, None);
        for n in 0..6 {
            say(it, &device, &format!(r#"{{"ts": {}, "power_w": {n}}}"#, NOW + n * 5_000 - 3_600_000)).await;
            it.world.advance(5_000);
        }
        assert_eq!(offset(it, &device).await, Some(-3_600_000));
        let stored = it.app.store().range(device.number, "power_w", 0, i64::MAX).await.expect("asked");
        assert_eq!(stored[0].0, NOW - 3_600_000, "kept at the device's own time");
        let backlog: Vec<_> = (0..100).map(|n| format!(r#"{{"ts": {}, "power_w": 1}}"#, NOW - 86_400_000 + n * 1_000)).collect();
        say(it, &device, &format!("[{}]", backlog.join(","))).await;
        assert_eq!(offset(it, &device).await, Some(-3_600_000), "a backlog is no clock");
        // A year ahead: nothing of it can be stored, and the offset says why.
        for n in 6..12 {
            say(it, &device, &format!(r#"{{"ts": {}, "power_w": {n}}}"#, NOW + n * 5_000 + 31_536_000_000_i64)).await;
            it.world.advance(5_000);
        }
        assert_eq!(offset(it, &device).await, Some(31_536_000_000));
        assert_eq!(reasons(it, &device).await.len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_of_the_settings_hold_for_a_metric_and_a_kind() {
    let toml = "[[ingest.limits]]\nmetric = \"voltage_v\"\nkind = \"energy_meter\"\nleast = 90\nmost = 150\n[[ingest.limits]]\nmetric = \"level_l\"\nchange_per_s = 2\n";
    let mut it = Installation::configured(Engine::Sqlite, toml).await;
    let (device, token) = it.device("m1", None).await;
    let _ = it.gate().authenticate("m1", token.as_bytes()).await.expect("asked").expect("let in");
    say(&it, &device, r#"{"ts": 1772366300, "voltage_v": 230, "level_l": 50}"#).await;
    say(&it, &device, r#"{"ts": 1772366310, "voltage_v": 127, "level_l": 900}"#).await;
    assert_eq!(metrics(&it, &device), ["level_l", "voltage_v"]);
    assert_eq!(
        reasons(&it, &device).await,
        [
            "level_l went from 50 to 900, faster than the 2 per second that its settings allow",
            "voltage_v is 230; it lies between 90 and 150"
        ]
    );
    it.restart().await;
    say(&it, &device, r#"{"ts": 1772366320, "level_l": 900}"#).await;
    assert_eq!(reasons(&it, &device).await.len(), 3, "after a restart it is measured against what is stored");
    it.close().await;
}
