//! Milliseconds since the epoch in Rust, RFC 3339 with milliseconds on the wire: `#[serde(with = "crate::time::wire")]`.

use serde::{Deserialize, Deserializer, Serializer};

use super::civil::Civil;

/// Writes an instant.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(at_ms: &i64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&Civil::of(*at_ms).to_text())
}

/// Reads an instant.
///
/// # Errors
/// What is no text of [`serialize`]'s form.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    read(&String::deserialize(from)?)
}

fn read<E: serde::de::Error>(text: &str) -> Result<i64, E> {
    Civil::from_text(text).map(Civil::at_ms).ok_or_else(|| E::custom("no RFC 3339 time in UTC with milliseconds"))
}

/// The same for an instant that may be missing: `null`.
pub mod option {
    use super::{Civil, Deserialize, Deserializer, Serializer, read};

    /// Writes an instant or `null`.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(at_ms: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
        match at_ms {
            Some(at_ms) => to.serialize_some(&Civil::of(*at_ms).to_text()),
            None => to.serialize_none(),
        }
    }

    /// Reads an instant or `null`.
    ///
    /// # Errors
    /// What is neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
        Option::<String>::deserialize(from)?.as_deref().map(read).transpose()
    }
}
