use proptest::prelude::*;

use super::*;

fn device() -> DeviceId {
    DeviceId::new("m1").expect("a good id")
}

#[test]
fn another_devices_topic_is_not_decoded() {
    for topic in ["vigia/m2/telemetry", "vigia/m11/telemetry", "m2/events/rpc", "vigia/m1", "", "/", "m1", "tele/m2/SENSOR"] {
        assert_eq!(decode(&device(), topic, b"{\"power_w\":1}"), Err(Reason::UnknownTopic), "{topic}");
    }
}

#[test]
fn an_empty_and_a_huge_payload_have_their_reasons() {
    for topic in
        ["vigia/m1/telemetry", "m1/events/rpc", "tele/m1/SENSOR", "zigbee2mqtt/m1", "shellies/m1/relay/0", "iot/m1/estado", "Prueba"]
    {
        assert_eq!(decode(&device(), topic, b""), Err(Reason::Empty), "{topic}");
        let huge = vec![b' '; 300 * 1024];
        assert_eq!(decode(&device(), topic, &huge), Err(Reason::TooLarge { bytes: 300 * 1024 }), "{topic}");
    }
}

#[test]
fn nests_without_end_and_bytes_that_are_no_text_are_refused() {
    for topic in [
        "vigia/m1/telemetry",
        "vigia/m1/event",
        "m1/events/rpc",
        "m1/status/switch:0",
        "tele/m1/SENSOR",
        "zigbee2mqtt/m1",
        "iot/m1/estado",
        "Prueba",
    ] {
        for payload in ["[".repeat(100_000), "{\"a\":".repeat(50_000), format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000))] {
            let refused = decode(&device(), topic, payload.as_bytes());
            assert!(refused.is_err() || refused.is_ok_and(|d| d.readings.is_empty()), "{topic}");
        }
        for payload in [&b"\xff\xfe"[..], b"{\"a\xff\": 1}", b"{\"a\": \"\xc3\x28\"}", b"\0\0\0"] {
            assert!(decode(&device(), topic, payload).is_err(), "{topic} {payload:?}");
        }
    }
}

/// A device that makes up texts or events without end costs a row each.
#[test]
fn texts_and_events_of_one_message_have_their_bounds() {
    let texts: Vec<_> = (0..100).map(|n| format!(r#""note_{n:03}": "x""#)).collect();
    let texts = format!(r#"{{"power_w": 1, {}}}"#, texts.join(","));
    for decoded in [decode(&device(), "vigia/m1/telemetry", texts.as_bytes()), native_readings(texts.as_bytes())] {
        let decoded = decoded.expect("the others stand");
        assert_eq!((decoded.attributes.len(), decoded.readings.len()), (crate::limits::ATTRIBUTES_PER_MESSAGE, 1));
        assert_eq!(decoded.refused, [Reason::TooManyAttributes { count: 100 }]);
    }
    let pushes = vec![r#"{"component":"input:0","event":"single_push"}"#; 300].join(",");
    let pushes = format!(r#"{{"method":"NotifyEvent","params":{{"events":[{pushes}]}}}}"#);
    let decoded = decode(&device(), "m1/events/rpc", pushes.as_bytes()).expect("the others stand");
    assert_eq!((decoded.events.len(), decoded.refused), (crate::limits::EVENTS_PER_MESSAGE, vec![Reason::TooManyEvents { count: 300 }]));
}

#[test]
fn every_decoder_has_its_word() {
    for decoder in Decoder::ALL {
        assert_eq!(decoder.as_str().parse(), Ok(decoder));
        assert_eq!(serde_json::to_string(&decoder).expect("a word"), format!("{:?}", decoder.as_str()));
    }
}

/// A JSON value of any kind, shallow.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(|v| serde_json::Number::from_f64(v).map_or(serde_json::Value::Null, Into::into)),
        any::<i64>().prop_map(Into::into),
        "[a-zA-Z0-9 .:-]{0,12}".prop_map(Into::into),
    ];
    let name = prop_oneof![
        Just("ts"),
        Just("Time"),
        Just("ENERGY"),
        Just("Total"),
        Just("Power"),
        Just("POWER1"),
        Just("params"),
        Just("method"),
        Just("switch:0"),
        Just("em:0"),
        Just("apower"),
        Just("aenergy"),
        Just("total"),
        Just("power"),
        Just("energy"),
        Just("state"),
        Just("battery"),
        Just("voltage"),
        Just("StatusSNS"),
        Just("serial_number"),
        Just("parametros"),
        Just("estado"),
        Just("presion"),
        Just("gas_total_m3"),
        Just("events"),
        Just("event"),
        Just("Wifi"),
        Just("TempUnit"),
        Just("Temperature"),
        Just("a_voltage"),
        Just("result"),
        Just("online"),
        Just("type"),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

const TOPICS: &str = "(vigia/m1/(telemetry|event|status|command/result|config/applied)|m1/(events/rpc|status/(switch:0|em:0|cover:1)|online|x/rpc)|shellies/m1/(relay/0|relay/0/energy|emeter/1/total|info|input_event/0|sensor/battery|online)|tele/m1/(SENSOR|STATE|LWT|INFO1|INFO2)|stat/m1/(RESULT|POWER|STATUS10)|zigbee2mqtt/m1(/availability)?|iot/m1/estado|Prueba|[a-z0-9/]{0,20})";

/// What holds of everything that any decoder makes.
fn is_storable(decoded: &Decoded) -> bool {
    decoded.readings.iter().all(|reading| {
        reading.values.iter().all(|(name, value)| value.is_finite() && crate::reading::check_name(name).is_ok())
            && reading.values.len() <= crate::limits::VALUES_PER_READING
    }) && decoded.events.iter().all(|event| crate::reading::check_name(&event.kind).is_ok())
        && decoded.attributes.iter().all(|(name, text)| crate::reading::check_name(name).is_ok() && text.len() <= crate::limits::TEXT_BYTES)
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(topic in TOPICS, payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(decoded) = decode(&device(), &topic, &payload) {
            prop_assert!(is_storable(&decoded));
        }
    }

    #[test]
    fn whatever_json_comes_what_is_made_of_it_can_be_stored(topic in TOPICS, payload in any_json()) {
        if let Ok(decoded) = decode(&device(), &topic, payload.to_string().as_bytes()) {
            prop_assert!(is_storable(&decoded), "{:?}", decoded);
        }
    }

    #[test]
    fn a_number_comes_out_as_it_went_in(name in "[a-z_]{1,8}", value in any::<f64>()) {
        let payload = format!("{{\"{name}\": {value:e}}}");
        if let Ok(decoded) = decode(&device(), "vigia/m1/telemetry", payload.as_bytes()) {
            for (_, v) in decoded.readings.iter().flat_map(|r| &r.values) {
                prop_assert_eq!(*v, value);
            }
        }
    }
}
