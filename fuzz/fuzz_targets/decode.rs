//! Any bytes on any topic: no decoder panics, and whatever it makes of them can be stored.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigia_domain::decode::decode;
use vigia_domain::ids::DeviceId;
use vigia_domain::limits::{TEXT_BYTES, VALUES_PER_READING};
use vigia_domain::reading::check_name;

/// Every leaf that a decoder knows; the first byte of the input picks one.
const TOPICS: [&str; 40] = [
    "vigia/m1/telemetry",
    "vigia/m1/event",
    "vigia/m1/status",
    "vigia/m1/command/result",
    "vigia/m1/config/applied",
    "m1/events/rpc",
    "m1/online",
    "m1/announce",
    "m1/vigia-7/rpc",
    "m1/status/switch:0",
    "m1/status/em:0",
    "m1/status/emdata:0",
    "m1/status/em1:2",
    "m1/status/cover:1",
    "m1/status/sys",
    "m1/status/devicepower:0",
    "shellies/m1/online",
    "shellies/m1/info",
    "shellies/m1/announce",
    "shellies/m1/relay/0",
    "shellies/m1/relay/0/power",
    "shellies/m1/relay/0/energy",
    "shellies/m1/emeter/1/total",
    "shellies/m1/light/0/status",
    "shellies/m1/roller/0",
    "shellies/m1/longpush/0",
    "shellies/m1/input_event/0",
    "shellies/m1/sensor/temperature",
    "shellies/m1/sensor/act_reasons",
    "tele/m1/SENSOR",
    "tele/m1/STATE",
    "tele/m1/LWT",
    "tele/m1/INFO1",
    "stat/m1/RESULT",
    "stat/m1/POWER2",
    "stat/m1/STATUS10",
    "zigbee2mqtt/m1",
    "zigbee2mqtt/m1/availability",
    "iot/m1/estado",
    "Prueba",
];

fuzz_target!(|input: &[u8]| {
    let Some((pick, payload)) = input.split_first() else { return };
    let device = DeviceId::new("m1").expect("a good id");
    let topic = TOPICS[usize::from(*pick) % TOPICS.len()];
    let Ok(decoded) = decode(&device, topic, payload) else { return };
    for reading in &decoded.readings {
        assert!(!reading.values.is_empty() && reading.values.len() <= VALUES_PER_READING);
        for (name, value) in &reading.values {
            assert!(value.is_finite() && check_name(name).is_ok(), "{topic}: {name} = {value}");
        }
    }
    for (name, text) in &decoded.attributes {
        assert!(check_name(name).is_ok() && text.len() <= TEXT_BYTES, "{topic}: {name}");
    }
    for event in &decoded.events {
        assert!(check_name(&event.kind).is_ok(), "{topic}: {}", event.kind);
    }
    for reason in &decoded.refused {
        let stored = reason.to_stored();
        assert!(stored.len() < 16_384, "{topic}: a reason of {} bytes", stored.len());
    }
});
