//! From a topic and bytes to readings and events: pure functions, the same on the server, in tests and in the browser.

mod json;
mod native;
mod shelly;

use std::collections::BTreeMap;

use crate::event::Event;
use crate::ids::DeviceId;
use crate::limits::{PAYLOAD_BYTES, READINGS_PER_MESSAGE};
use crate::reading::{BadValue, Reading};
use crate::time::BadTime;

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
    pub refused: Vec<Refused>,
}

/// Why a message, or one element of a batch, was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No bytes at all.
    #[error("the payload is empty")]
    Empty,
    /// Over the limit of the payload.
    #[error("the payload has {0} bytes; the limit is {PAYLOAD_BYTES}")]
    TooLarge(usize),
    /// Not JSON, with the parser's reason.
    #[error("the payload is not JSON: {0}")]
    NotJson(String),
    /// JSON of another shape than this topic carries.
    #[error("{0}")]
    Shape(String),
    /// A batch over the limit.
    #[error("{0} readings in one message; the limit is {READINGS_PER_MESSAGE}")]
    TooMany(usize),
    /// No decoder for this topic.
    #[error("nothing is expected on this topic")]
    UnknownTopic,
    /// A time that cannot be taken.
    #[error(transparent)]
    Time(#[from] BadTime),
    /// A value or name that cannot be taken.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// One element of a batch, counted from 0.
    #[error("reading {index}: {reason}")]
    Element {
        /// Its place in the batch.
        index: usize,
        /// Why.
        reason: Box<Self>,
    },
}

/// Decodes what `device` published on `topic`, a topic of its own: native below `vigia/<id>/`, Shelly Gen2+ below `<id>/`.
///
/// # Errors
/// [`Refused`] when nothing of the message can be taken.
pub fn decode(device: &DeviceId, topic: &str, payload: &[u8]) -> Result<Decoded, Refused> {
    if payload.len() > PAYLOAD_BYTES {
        return Err(Refused::TooLarge(payload.len()));
    }
    let native = topic.strip_prefix("vigia/").and_then(|rest| below(rest, device));
    if let Some(rest) = native {
        native::decode(rest, payload)
    } else if let Some(rest) = below(topic, device) {
        shelly::decode(rest, payload)
    } else {
        Err(Refused::UnknownTopic)
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
            assert_eq!(decode(&device(), topic, b"{\"power_w\":1}"), Err(Refused::UnknownTopic), "{topic}");
        }
    }

    #[test]
    fn an_empty_and_a_huge_payload_have_their_reasons() {
        assert_eq!(decode(&device(), "vigia/m1/telemetry", b""), Err(Refused::Empty));
        let huge = vec![b' '; 300 * 1024];
        assert_eq!(decode(&device(), "vigia/m1/telemetry", &huge), Err(Refused::TooLarge(300 * 1024)));
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
