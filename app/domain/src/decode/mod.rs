//! From a topic and bytes to readings and events: pure functions, the same on the server, in tests and in the browser.

mod biogestor;
mod fields;
mod iot_backend;
pub(crate) mod json;
pub mod line_protocol;
mod native;
pub mod route;
mod shelly;
mod shelly_gen1;
mod skip;
mod tasmota;
mod zigbee2mqtt;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::ids::DeviceId;
use crate::limits::{ATTRIBUTES_PER_MESSAGE, EVENTS_PER_MESSAGE, PAYLOAD_BYTES};
use crate::reading::Reading;
use crate::reason::Reason;

use route::{Found, Name, Routes};

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
    /// Elements of a batch, or fields of a reading, that were not taken, each with its reason; the others stand.
    pub refused: Vec<Reason>,
}

impl Decoded {
    /// Cuts what one message may not hold so much of, each with its reason: every text and every event is a row of its own.
    fn bounded(mut self) -> Self {
        let (texts, events) = (self.attributes.len(), self.events.len());
        if texts > ATTRIBUTES_PER_MESSAGE {
            self.attributes = std::mem::take(&mut self.attributes).into_iter().take(ATTRIBUTES_PER_MESSAGE).collect();
            self.refused.push(Reason::TooManyAttributes { count: texts as u64 });
        }
        if events > EVENTS_PER_MESSAGE {
            self.events.truncate(EVENTS_PER_MESSAGE);
            self.refused.push(Reason::TooManyEvents { count: events as u64 });
        }
        self
    }
}

/// One reading or an array of them in Vigía's own JSON: `{"ts": 1736604018, "power_w": 512.3, "firmware_version": "1.8.2"}`.
/// In an array each bad element is refused by itself.
///
/// # Errors
/// [`Reason`] when nothing of the payload can be taken.
pub fn native_readings(payload: &[u8]) -> Result<Decoded, Reason> {
    native::readings(payload).map(Decoded::bounded)
}

/// What reads a device's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decoder {
    /// Vigía's own JSON.
    Native,
    /// Shelly Gen2, Gen3 and Gen4.
    Shelly,
    /// Shelly's first generation.
    #[serde(rename = "shelly_gen1")]
    ShellyGen1,
    /// Tasmota.
    Tasmota,
    /// Zigbee2MQTT.
    #[serde(rename = "zigbee2mqtt")]
    Zigbee2Mqtt,
    /// The Biogestor's sensors.
    Biogestor,
    /// The IoT Backend's devices.
    IotBackend,
}

impl Decoder {
    /// Every decoder.
    pub const ALL: [Self; 7] =
        [Self::Native, Self::Shelly, Self::ShellyGen1, Self::Tasmota, Self::Zigbee2Mqtt, Self::Biogestor, Self::IotBackend];

    /// The word in the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Shelly => "shelly",
            Self::ShellyGen1 => "shelly_gen1",
            Self::Tasmota => "tasmota",
            Self::Zigbee2Mqtt => "zigbee2mqtt",
            Self::Biogestor => "biogestor",
            Self::IotBackend => "iot_backend",
        }
    }

    /// Reads a message. `name` is the device's name in the topic, `rest` what follows it there; both may be empty.
    ///
    /// # Errors
    /// [`Reason`] when nothing of the message can be taken.
    pub fn decode(self, name: &str, rest: &str, payload: &[u8]) -> Result<Decoded, Reason> {
        if payload.len() > PAYLOAD_BYTES {
            return Err(Reason::TooLarge { bytes: payload.len() as u64 });
        }
        let decoded = match self {
            Self::Native => native::decode(rest, payload),
            Self::Shelly => shelly::decode(rest, payload),
            Self::ShellyGen1 => shelly_gen1::decode(rest, payload),
            Self::Tasmota => tasmota::decode(rest, payload),
            Self::Zigbee2Mqtt => zigbee2mqtt::decode(rest, payload),
            Self::Biogestor => biogestor::decode(payload),
            Self::IotBackend => iot_backend::decode(name, payload),
        };
        decoded.map(Decoded::bounded)
    }
}

impl std::str::FromStr for Decoder {
    type Err = UnknownDecoder;
    fn from_str(text: &str) -> Result<Self, UnknownDecoder> {
        Self::ALL.into_iter().find(|decoder| decoder.as_str() == text).ok_or(UnknownDecoder)
    }
}

/// The text names no decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decoder is native, shelly, shelly_gen1, tasmota, zigbee2mqtt, biogestor or iot_backend")]
pub struct UnknownDecoder;

/// Decodes what `device` published on `topic`, a topic of its own by the built-in table.
///
/// # Errors
/// [`Reason`] when nothing of the message can be taken.
pub fn decode(device: &DeviceId, topic: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let own = |name: Name<'_>| matches!(name, Name::Sender | Name::Id(_) | Name::Topic(_) if is_called(device, name)).then_some(());
    match Routes::built_in().find(topic, own) {
        Found::Up { decoder, name, rest, .. } => decoder.decode(name, rest, payload),
        Found::Hello => Ok(Decoded::default()),
        Found::Down { .. } | Found::Nobodys => Err(Reason::UnknownTopic),
    }
}

/// Whether a device without a topic of its own is meant by a name.
#[must_use]
pub fn is_called(device: &DeviceId, name: Name<'_>) -> bool {
    match name {
        Name::Id(text) | Name::Topic(text) => text == device.as_str(),
        Name::Sender => true,
    }
}

#[cfg(test)]
mod tests;
