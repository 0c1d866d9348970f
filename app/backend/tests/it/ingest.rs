//! From a message to the store, and what happens to what cannot be taken.

use bytes::Bytes;
use vigia_backend::db::state;
use vigia_backend::mqtt::{DeviceIdentity, Gate as _, Offence};
use vigia_backend::telemetry::Entry;
use vigia_domain::event::Event;
use vigia_domain::reason::Reason;

use crate::support::{Installation, NOW, both};

async fn say(it: &Installation, device: &DeviceIdentity, payload: &str) {
    it.gate().accept(device, &format!("vigia/{}/telemetry", device.id), Bytes::from(payload.to_owned()), 1).await.expect("taken");
}

async fn reasons(it: &Installation, device: &DeviceIdentity) -> Vec<String> {
    state::quarantine(it.app.telemetry_db(), device.number, 200).await.expect("asked").into_iter().map(|q| q.reason).collect()
}

both! {
    async fn texts_and_events_without_end_cost_a_device_what_it_has_and_no_more(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        for part in 0..5 {
            let texts: Vec<_> = (0..64).map(|n| format!(r#""note_{part}_{n}": "x""#)).collect();
            it.app.ingest().message(&device, "vigia/m1/status", format!("{{{}}}", texts.join(",")).as_bytes()).await.expect("stored");
        }
        it.app.ingest().message(&device, "vigia/m1/status", br#"{"note_0_0": "y", "note_4_0": "y"}"#).await.expect("stored");
        let kept = state::attributes(it.app.telemetry_db(), device.number).await.expect("asked");
        assert_eq!((kept.len(), kept["note_0_0"].as_str(), kept.get("note_4_0")), (256, "y", None), "what it has goes on");
        let reasons = state::quarantine(it.app.telemetry_db(), device.number, 10).await.expect("asked");
        let reasons: Vec<_> = reasons.into_iter().map(|refused| refused.reason).collect();
        assert_eq!(reasons, ["more than 256 different texts from one device"; 2]);
        let event = |n: i64| Event { at_ms: Some(NOW + n), kind: "push".to_owned(), payload: n.into() };
        let events = Entry {
            device: device.number,
            received_ms: NOW,
            readings: vec![],
            events: (0..10_100).map(event).collect(),
            attributes: vec![],
            online: None,
            refused: vec![],
            heard: true,
        };
        it.app.store().append(&[events]).await.expect("stored");
        let kept = it.events(device.number).await;
        assert_eq!((kept.len(), kept.last()), (10_000, Some(&(NOW + 10_099))), "the newest");
    }

    async fn a_reading_is_there_when_it_is_acknowledged(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        say(it, &device, r#"{"ts": 1772366300, "power_w": 512.3, "firmware_version": "1.8.2"}"#).await;
        let mut after = it.again().await;
        assert_eq!(after.app.store().range(device.number, "power_w", 0, i64::MAX).await.expect("asked"), [(1_772_366_300_000, 512.3)]);
        assert_eq!(state::attributes(after.app.telemetry_db(), device.number).await.expect("asked"), [("firmware_version".to_owned(), "1.8.2".to_owned())].into());
        after.close().await;
    }

    async fn of_what_a_broker_kept_only_what_has_a_time_of_its_own_is_stored(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        let kept = async |leaf: &str, payload: &'static str| {
            it.gate().accept_kept(&device, &format!("vigia/m1/{leaf}"), Bytes::from(payload)).await.expect("taken")
        };
        assert!(!kept("telemetry", r#"{"power_w": 1}"#).await, "nobody knows when that was");
        assert!(!kept("status", r#"{"online": true}"#).await && !kept("telemetry", "power 5").await);
        for _ in 0..2 {
            assert!(kept("telemetry", r#"[{"ts": 1772366300, "power_w": 2}, {"power_w": 3}]"#).await);
        }
        assert_eq!(it.app.store().range(device.number, "power_w", 0, i64::MAX).await.expect("asked"), [(1_772_366_300_000, 2.0)]);
        assert_eq!(it.app.store().seen_ms(device.number), None, "the device need not be there");
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
                "power_w: a number, true, false or a text is expected, not an object",
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
        assert_eq!(attributes, [("note".to_owned(), "a\u{FFFD}b<script>".to_owned())].into());
        assert_eq!(reasons(it, &device).await.len(), 1);
    }

    async fn a_reason_is_a_code_and_an_older_versions_sentence_is_still_told(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        it.old_refusal(device.number, "published outside its own topics").await;
        say(it, &device, r#"[{"power_w": 1}, {"power\u0000<b>w": 2}]"#).await;
        let found = state::quarantine(it.app.telemetry_db(), device.number, 10).await.expect("asked");
        assert_eq!(
            found.iter().map(|q| q.cause.clone()).collect::<Vec<_>>(),
            [
                Reason::Element { index: 1, reason: Box::new(Reason::BadName { name: "power\0<b>w".to_owned() }) },
                Reason::Told { text: "published outside its own topics".to_owned() },
            ]
        );
        assert_eq!(found[1].reason, "published outside its own topics");
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
        assert!(found[0].starts_with("the payload is not JSON") && found[99] == "published outside its own topics");
    }

    async fn a_device_has_room_for_so_many_metrics_and_keeps_those_it_has(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        for part in 0..3 {
            let values: Vec<_> = (0..200).map(|n| format!(r#""m{}": 1"#, part * 200 + n)).collect();
            say(it, &device, &format!("{{{}}}", values.join(","))).await;
        }
        assert_eq!(it.app.store().known_metrics(device.number), vigia_domain::limits::METRICS_PER_DEVICE);
        assert_eq!(reasons(it, &device).await, ["more than 512 different metrics from one device"]);
        say(it, &device, r#"{"ts": 1772366300, "m0": 7, "one_more": 8}"#).await;
        assert_eq!(it.app.store().range(device.number, "m0", 1_772_366_300_000, 1_772_366_300_001).await.expect("asked"), [(1_772_366_300_000, 7.0)]);
    }

    async fn the_same_event_again_is_one_event(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        for ts in [1_772_366_300, 1_772_366_300, 5, 1_772_366_301] {
            let event = format!(r#"{{"type": "dose_taken", "ts": {ts}, "payload": {{"slot": 3}}}}"#);
            it.gate().accept(&device, "vigia/m1/event", Bytes::from(event), 1).await.expect("taken");
        }
        assert_eq!(it.events(device.number).await, [1_772_366_300_000, 1_772_366_301_000]);
        assert_eq!(reasons(it, &device).await.len(), 1, "an event of 1970 is set aside");
    }

    async fn a_stranger_with_a_wrong_password_is_not_the_device(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        say(it, &device, "nonsense").await;
        let seen = it.app.store().seen_ms(device.number);
        it.world.advance(1_000);
        for _ in 0..200 {
            assert_eq!(it.gate().authenticate("m1", b"guess").await, Ok(None));
        }
        assert_eq!(it.app.store().seen_ms(device.number), seen, "the device was not heard of");
        assert_eq!(reasons(it, &device).await.len(), 2, "what it sent itself is not pushed out");
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
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let number = device.number;
        it.restart().await;
        let mut stored = 0;
        for sender in senders {
            stored += usize::from(sender.await.expect("no panic").is_ok());
        }
        let found = it.app.store().range(number, "power_w", 0, i64::MAX).await.expect("asked").len();
        assert!(stored > 0 && found >= stored, "{stored} acknowledged, {found} stored");
    }
}
