//! Identifiers. A value of these types has passed its grammar, so no code behind it checks again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// First topic levels and words that a device may not be called, because its own topics would then cover another's.
const RESERVED: [&str; 12] =
    ["vigia", "tele", "stat", "cmnd", "shellies", "zigbee2mqtt", "homeassistant", "tasmota", "iot", "Prueba", ".", ".."];

/// The text id of a device, as it stands in topics and addresses: `[A-Za-z0-9:_.-]{1,64}`, not a reserved word.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(String);

/// Why a text is no device id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDeviceId {
    /// Empty or longer than 64 characters.
    #[error("a device id has 1 to 64 characters")]
    Length,
    /// A character outside the grammar.
    #[error("a device id holds only letters, digits and : _ . -")]
    Character,
    /// A word that the topic grammar needs for itself.
    #[error("this device id is reserved")]
    Reserved,
}

impl DeviceId {
    /// Checks the grammar.
    ///
    /// # Errors
    /// [`BadDeviceId`] says which rule is broken.
    pub fn new(text: impl Into<String>) -> Result<Self, BadDeviceId> {
        let text = text.into();
        if text.is_empty() || text.len() > 64 {
            return Err(BadDeviceId::Length);
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b":_.-".contains(&b)) {
            return Err(BadDeviceId::Character);
        }
        if RESERVED.contains(&text.as_str()) {
            return Err(BadDeviceId::Reserved);
        }
        Ok(Self(text))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DeviceId {
    type Error = BadDeviceId;
    fn try_from(text: String) -> Result<Self, BadDeviceId> {
        Self::new(text)
    }
}

impl std::str::FromStr for DeviceId {
    type Err = BadDeviceId;
    fn from_str(text: &str) -> Result<Self, BadDeviceId> {
        Self::new(text)
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.0
    }
}

/// A device's number (`devices.number`): short, never used again, the key of its readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeviceNumber(pub i64);

/// A user's row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UserId(pub i64);

/// An API key's row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyId(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_five_earlier_systems_pass() {
        for id in ["vg-7f3a21", "shellyplus1pm-a8032412c3d4", "AA:BB:CC:DD:EE:FF", "tasmota_3F2A", "biodigestor-1", "A8032412C3D4"] {
            assert_eq!(DeviceId::new(id).map(|i| i.to_string()), Ok(id.to_owned()));
        }
    }

    #[test]
    fn what_could_reach_into_another_topic_is_refused() {
        for id in ["a/b", "a+", "#", "$SYS", "a b", "ñ", "a\0b", "a\n"] {
            assert_eq!(DeviceId::new(id), Err(BadDeviceId::Character), "{id:?}");
        }
        assert_eq!(DeviceId::new(""), Err(BadDeviceId::Length));
        assert_eq!(DeviceId::new("x".repeat(65)), Err(BadDeviceId::Length));
        assert_eq!(DeviceId::new("vigia"), Err(BadDeviceId::Reserved));
        assert_eq!(DeviceId::new("shellies"), Err(BadDeviceId::Reserved));
    }
}
