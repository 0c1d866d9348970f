//! The last messages of a device that somebody looks at, and payloads that are only tried.

use bytes::Bytes;
use vigia_backend::db::state;
use vigia_backend::ingest::{MESSAGES_KEPT, Message, PAYLOAD_SHOWN, Trial, Try};
use vigia_backend::mqtt::{DeviceIdentity, Gate as _, Offence};
use vigia_domain::decode::Decoder;
use vigia_domain::reason::Reason;

use crate::support::{Installation, NOW, both};

async fn say(it: &Installation, device: &DeviceIdentity, leaf: &str, payload: &[u8]) {
    let topic = format!("vigia/{}/{leaf}", device.id);
    it.gate().accept(device, &topic, Bytes::copy_from_slice(payload), 1).await.expect("taken");
}

fn looked(it: &Installation, device: &DeviceIdentity) -> Vec<Message> {
    it.app.ingest().look(device.number, None).messages
}

fn tried(it: &Installation, device: &DeviceIdentity, topic: &str, decoder: Option<Decoder>, payload: &[u8]) -> Result<Trial, Reason> {
    it.app.ingest().try_out(&Try { device, called: Some("kitchen/plug"), topic, decoder, payload })
}

both! {
    async fn a_device_that_is_looked_at_shows_what_it_sends_and_what_became_of_it(it: Installation) {
        let (device, token) = it.device("m1", None).await;
        let (other, _) = it.device("m2", None).await;
        say(it, &device, "telemetry", br#"{"power_w": 1}"#).await;
        assert_eq!(looked(it, &device), [], "nobody looked then");
        say(it, &device, "telemetry", br#"{"power_w": 512.3, "voltage_v": 127.1, "firmware_version": "1.8.2"}"#).await;
        say(it, &other, "telemetry", br#"{"power_w": 2}"#).await;
        say(it, &device, "telemetry", b"\xff\x00<script>").await;
        say(it, &device, "telemetry", br#"{"power_w": 3, "power_factor": 97}"#).await;
        say(it, &device, "unknown", b"x").await;
        it.gate().refused(&device, Offence::Publish, "vigia/m2/telemetry", b"{}").await;
        it.gate().refused(&device, Offence::Credential, "connect", b"").await;
        let posted = it.post("/api/v1/devices/m1/telemetry", &token, r#"{"power_w": 4}"#).await;
        assert_eq!(posted.status, 202);
        let refused = it.post("/api/v1/devices/m1/telemetry", &token, "power 5").await;
        assert_eq!(refused.status, 400);
        let mut messages = looked(it, &device);
        messages.reverse();
        let told: Vec<_> = messages.iter().map(|m| (m.source.as_str(), m.value_count, m.texts, m.refused.len())).collect();
        let own = "vigia/m1/telemetry";
        assert_eq!(
            told,
            [(own, 2, 1, 0), (own, 0, 0, 1), (own, 1, 0, 1), ("vigia/m1/unknown", 0, 0, 1), ("vigia/m2/telemetry", 0, 0, 1), ("HTTP", 1, 0, 0), ("HTTP", 0, 0, 1)],
            "not what another one sent, nor what a stranger did in its name"
        );
        assert_eq!(messages[0].values, [("power_w".to_owned(), 512.3), ("voltage_v".to_owned(), 127.1)]);
        assert_eq!((messages[0].received_ms, messages[0].decoder), (NOW, Some(Decoder::Native)));
        assert_eq!(messages[1].payload, b"\xff\x00<script>");
        assert!(messages.iter().all(|message| message.is_stored));
        it.gate().accept(&device, own, Bytes::from_static(b"{\"power_w\": 9}"), 0).await.expect("taken");
        assert_eq!(looked(it, &device)[0].qos, Some(0));
        assert!(messages.iter().all(|m| if m.source == own { m.qos == Some(1) } else { m.source != "HTTP" || m.qos.is_none() }));
        for n in 0..30 {
            say(it, &device, "telemetry", &vec![b' '; PAYLOAD_SHOWN + n]).await;
        }
        let messages = looked(it, &device);
        assert_eq!((messages.len(), messages[0].bytes, messages[0].payload.len()), (MESSAGES_KEPT, PAYLOAD_SHOWN + 29, PAYLOAD_SHOWN));
    }

    async fn a_message_that_is_not_stored_says_so(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        assert_eq!(looked(it, &device), []);
        let gate = it.gate();
        it.app.databases().close().await;
        gate.accept(&device, "vigia/m1/telemetry", Bytes::from_static(br#"{"power_w": 1}"#), 1).await.expect_err("the database is away");
        assert!(matches!(looked(it, &device)[..], [Message { is_stored: false, value_count: 1, .. }]));
    }

    async fn what_is_tried_is_read_as_it_would_be_and_nothing_is_kept(it: Installation) {
        let (device, _) = it.device("m1", None).await;
        let own = "vigia/m1/telemetry";
        let good = tried(it, &device, own, None, br#"{"power_w": 5, "model": "x", "power_factor": 97}"#).expect("read");
        assert_eq!((good.decoder, good.rest.as_str()), (Some(Decoder::Native), "telemetry"));
        assert_eq!((good.decoded.readings[0].values.len(), good.decoded.attributes.len(), good.decoded.refused.len()), (1, 1, 1));
        let shelly = br#"{"id": 0, "apower": 12.5, "voltage": 127.0}"#;
        for (topic, decoder) in [("kitchen/plug/status/switch:0", None), ("m1/status/switch:0", None), ("anything/m1/status/switch:0", Some(Decoder::Shelly)), ("other/status/switch:0", Some(Decoder::Shelly))] {
            let trial = tried(it, &device, topic, decoder, shelly).expect("read");
            assert_eq!((trial.decoder, trial.rest.as_str()), (Some(Decoder::Shelly), "status/switch:0"), "{topic}");
            assert_eq!(trial.decoded.readings.len(), 1, "{topic}");
        }
        for (topic, payload) in [("vigia/m2/telemetry", "{}"), ("vigia/m1/command", "{}"), ("", "{}"), ("cmnd/m1/POWER", "ON"), ("+/#", "{}")] {
            assert_eq!(tried(it, &device, topic, None, payload.as_bytes()), Err(Reason::UnknownTopic), "{topic}");
        }
        assert_eq!(tried(it, &device, own, None, b""), Err(Reason::Empty));
        assert!(matches!(tried(it, &device, own, None, b"\xff"), Err(Reason::NotJson { .. })));
        let most = 256 * 1024;
        assert_eq!(tried(it, &device, own, None, &vec![b' '; most + 1]), Err(Reason::TooLarge { bytes: most as u64 + 1 }));
        assert!(!matches!(tried(it, &device, own, None, &vec![b' '; most]), Err(Reason::TooLarge { .. })));
        for (payload, part) in [(r#"{"ts": 5, "power_w": 1}"#, "5"), (r#"{"power_factor": 97}"#, "power_factor is 97")] {
            let trial = tried(it, &device, own, None, payload.as_bytes()).expect("read");
            assert_eq!((trial.decoded.readings.len(), trial.decoded.refused.len()), (0, 1), "{payload}");
            assert!(trial.decoded.refused[0].to_string().contains(part), "{payload}");
        }
        assert_eq!(it.app.store().latest(device.number), []);
        assert_eq!(state::quarantine(it.app.telemetry_db(), device.number, 10).await.expect("asked"), []);
        assert_eq!(state::attributes(it.app.telemetry_db(), device.number).await.expect("asked"), [].into());
    }
}
