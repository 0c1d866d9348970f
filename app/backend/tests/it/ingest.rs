//! From a message to the store, and what happens to what cannot be taken.

use bytes::Bytes;
use vigia_backend::db::state;
use vigia_backend::mqtt::{DeviceIdentity, Gate as _, Offence};

use crate::support::{Installation, NOW, both};

async fn say(it: &Installation, device: &DeviceIdentity, payload: &str) {
    it.gate().accept(device, &format!("vigia/{}/telemetry", device.id), Bytes::from(payload.to_owned())).await.expect("taken");
}

async fn reasons(it: &Installation, device: &DeviceIdentity) -> Vec<String> {
    state::quarantine(it.app.telemetry_db(), device.number, 200).await.expect("asked").into_iter().map(|q| q.reason).collect()
}

both! {
    async fn a_reading_is_there_when_it_is_acknowledged(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        say(it, &device, r#"{"ts": 1772366300, "power_w": 512.3, "firmware_version": "1.8.2"}"#).await;
        let mut after = it.again().await;
        assert_eq!(after.app.store().range(device.number, "power_w", 0, i64::MAX).await.expect("asked"), [(1_772_366_300_000, 512.3)]);
        assert_eq!(state::attributes(after.app.telemetry_db(), device.number).await.expect("asked"), [("firmware_version".to_owned(), "1.8.2".to_owned())]);
        after.close().await;
    }

    async fn bad_payloads_are_kept_aside_with_their_reasons(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        for payload in ["", "power 5", r#"{"ts": 5, "power_w": 1}"#, r#"{"ts": 1803902400, "power_w": 1}"#, r#"{"power_w": {}}"#] {
            say(it, &device, payload).await;
        }
        say(it, &device, &" ".repeat(300 * 1024)).await;
        let found = reasons(it, &device).await;
        assert_eq!(
            found,
            [
                "the payload has 307200 bytes; the limit is 262144",
                "power_w is an object; a value is a number, true, false or a text",
                "the time 2027-03-01T12:00:00.000Z is more than 10 minutes ahead of the server's clock",
                "the time 1970-01-01T00:00:05.000Z is before the year 2000: the device's clock is not set",
                "the payload is not JSON: expected value at line 1 column 1",
                "the payload is empty",
            ]
        );
        assert!(it.app.store().latest(device.number).is_empty());
    }

    async fn one_bad_reading_of_a_batch_does_not_cost_the_others(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        say(it, &device, r#"[{"ts": 1772366300, "power_w": 1}, {"ts": 5, "power_w": 2}, {"ts": 1772366302, "power_w": 3}]"#).await;
        assert_eq!(it.app.store().range(device.number, "power_w", 0, i64::MAX).await.expect("asked").len(), 2);
        assert_eq!(reasons(it, &device).await.len(), 1);
    }

    async fn readings_without_a_time_each_get_their_own(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        for power in 0..5 {
            say(it, &device, &format!(r#"{{"power_w": {power}}}"#)).await;
        }
        let found = it.app.store().range(device.number, "power_w", 0, i64::MAX).await.expect("asked");
        assert_eq!(found, [(NOW, 0.0), (NOW + 1, 1.0), (NOW + 2, 2.0), (NOW + 3, 3.0), (NOW + 4, 4.0)]);
    }

    async fn hostile_text_is_only_text(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        say(it, &device, r#"{"note": "a\u0000b<script>", "name'; DROP TABLE samples;--": 1}"#).await;
        say(it, &device, r#"{"note": "a\u0000b<script>", "power_w": 1}"#).await;
        let attributes = state::attributes(it.app.telemetry_db(), device.number).await.expect("asked");
        assert_eq!(attributes, [("note".to_owned(), "a\u{FFFD}b<script>".to_owned())]);
        assert_eq!(reasons(it, &device).await.len(), 1);
    }

    async fn a_device_gone_mad_does_not_fill_the_disk(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        for _ in 0..150 {
            it.gate().refused(&device, Offence::Publish, "vigia/m2/telemetry", b"{}").await;
        }
        it.world.advance(61_000);
        for _ in 0..60 {
            say(it, &device, "nonsense").await;
        }
        let found = reasons(it, &device).await;
        assert_eq!(found.len(), 100);
        assert!(found[0].starts_with("the payload is not JSON") && found[99] == Offence::Publish.to_string());
        let names: String = (0..600).map(|n| format!(r#""m{n}": 1,"#)).collect();
        for half in names.as_bytes().chunks(names.len() / 3) {
            let text = String::from_utf8_lossy(half);
            let inner = text.trim_end_matches(|c: char| c != ',').trim_end_matches(',').trim_start_matches(|c: char| c != '"');
            say(it, &device, &format!("{{{inner}}}")).await;
        }
        assert!(it.app.store().known_metrics(device.number) <= vigia_backend::ingest::METRICS_PER_DEVICE);
    }

    async fn a_wrong_password_is_noted_on_the_devices_page(it: Installation) {
        let (device, token) = it.device("m1", None).await;
        assert_eq!(it.gate().authenticate("m1", token.as_bytes()).await, Ok(Some(device.clone())));
        assert_eq!(it.gate().authenticate("m1", b"wrong").await, Ok(None));
        assert_eq!(it.gate().authenticate("nobody", b"wrong").await, Ok(None));
        assert_eq!(it.gate().authenticate("a/b", b"wrong").await, Ok(None));
        assert_eq!(reasons(it, &device).await, ["wrong password"]);
    }

    async fn what_waits_when_the_server_stops_is_stored_and_answered(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        let ingest = it.app.ingest().clone();
        let senders: Vec<_> = (0..50)
            .map(|n| {
                let (ingest, device) = (ingest.clone(), device.clone());
                #[expect(clippy::disallowed_methods, reason = "the test's own senders")]
                tokio::spawn(async move { ingest.message(&device, "vigia/m1/telemetry", format!(r#"{{"ts": {}, "power_w": 1}}"#, 1_772_000_000 + n).as_bytes()).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let number = device.number;
        it.restart().await;
        let mut stored = 0;
        for sender in senders {
            stored += usize::from(sender.await.expect("no panic").is_ok());
        }
        let found = it.app.store().range(number, "power_w", 0, i64::MAX).await.expect("asked").len();
        assert!(found >= stored, "{stored} acknowledged, {found} stored");
    }
}
