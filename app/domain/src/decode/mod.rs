//! From a topic and bytes to readings and events: pure functions, the same on the server, in tests and in the browser.

pub(crate) mod json;
mod native;
mod shelly;

use std::collections::BTreeMap;

use crate::event::Event;
use crate::ids::DeviceId;
use crate::limits::PAYLOAD_BYTES;
use crate::reading::Reading;
use crate::reason::Reason;

pub use native::readings as native_readings;

/// What a message says. Every part may be empty: a message that says nothing of interest is still a good message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Values with their instants.
    pub readings: Vec<Reading>,
    /// Things that happened.
    pub events: Vec<Event>,
    /// Texts that the device told of itself; they replace those of the same name.
    pub attributes: BTreeMap<String, String>,
    /// Whether the device says that it is online.
    pub online: Option<bool>,
    /// Elements of a batch that were not taken, each with its reason; the others stand.
    pub refused: Vec<Reason>,
}

/// Decodes what `device` published on `topic`, a topic of its own: native below `vigia/<id>/`, Shelly Gen2+ below `<id>/`.
///
/// # Errors
/// [`Reason`] when nothing of the message can be taken.
pub fn decode(device: &DeviceId, topic: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    if payload.len() > PAYLOAD_BYTES {
        return Err(Reason::TooLarge { bytes: payload.len() as u64 });
    }
    let native = topic.strip_prefix("vigia/").and_then(|rest| below(rest, device));
    if let Some(rest) = native {
        native::decode(rest, payload)
    } else if let Some(rest) = below(topic, device) {
        shelly::decode(rest, payload)
    } else {
        Err(Reason::UnknownTopic)
    }
}

/// The part of `topic` below `<device>/`.
fn below<'t>(topic: &'t str, device: &DeviceId) -> Option<&'t str> {
    topic.strip_prefix(device.as_str()).and_then(|rest| rest.strip_prefix('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn device() -> DeviceId {
        DeviceId::new("m1").expect("a good id")
    }

    #[test]
    fn another_devices_topic_is_not_decoded() {
        for topic in ["vigia/m2/telemetry", "vigia/m11/telemetry", "m2/events/rpc", "vigia/m1", "", "/", "m1"] {
            assert_eq!(decode(&device(), topic, b"{\"power_w\":1}"), Err(Reason::UnknownTopic), "{topic}");
        }
    }

    #[test]
    fn an_empty_and_a_huge_payload_have_their_reasons() {
        assert_eq!(decode(&device(), "vigia/m1/telemetry", b""), Err(Reason::Empty));
        let huge = vec![b' '; 300 * 1024];
        assert_eq!(decode(&device(), "vigia/m1/telemetry", &huge), Err(Reason::TooLarge { bytes: 300 * 1024 }));
    }

    proptest! {
        #[test]
        fn no_payload_makes_a_decoder_panic(topic in "(vigia/)?m1/(telemetry|event|status|events/rpc|status/switch:0|online|[a-z/]{0,12})", payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&device(), &topic, &payload);
        }

        #[test]
        fn whatever_is_decoded_can_be_stored(name in "[a-z_]{1,8}", value in any::<f64>()) {
            let payload = format!("{{\"{name}\": {value:e}}}");
            if let Ok(decoded) = decode(&device(), "vigia/m1/telemetry", payload.as_bytes()) {
                for (_, v) in decoded.readings.iter().flat_map(|r| &r.values) {
                    prop_assert!(v.is_finite());
                }
            }
        }
    }
}
