//! What the decoders of other makers' devices share: a field's value into a reading, and texts that are a single value.

use serde_json::Value;

use super::{Decoded, json};
use crate::limits::TEXT_BYTES;
use crate::reading::{Reading, check_name};
use crate::reason::{Kind, Reason};

/// Puts a field's number, times `factor`, under `metric`. `null` is a value that the device does not know. Anything else is
/// refused with the field's name, and the other fields stand.
pub(super) fn number(reading: &mut Reading, decoded: &mut Decoded, field: &str, metric: &str, value: &Value, factor: f64) {
    let pushed = match value {
        Value::Null => return,
        Value::Number(n) => json::number(field, n).and_then(|v| reading.push(metric, scaled(v, factor))).map_err(Reason::from),
        other => Err(Reason::wrong_type(field, Kind::Number, json::kind(other))),
    };
    refuse(decoded, pushed);
}

/// Puts a field that says on or off under `metric`, as 1 or 0.
pub(super) fn switch(reading: &mut Reading, decoded: &mut Decoded, field: &str, metric: &str, value: &Value) {
    let on = match value {
        Value::Null => return,
        Value::Bool(on) => Ok(*on),
        Value::String(text) => on_or_off(text).ok_or_else(|| Reason::wrong_type(field, Kind::Boolean, Kind::Text)),
        other => Err(Reason::wrong_type(field, Kind::Boolean, json::kind(other))),
    };
    refuse(decoded, on.and_then(|on| Ok(reading.push(metric, f64::from(u8::from(on)))?)));
}

/// Keeps a text that the device told of itself; one that is too long is refused.
pub(super) fn attribute(decoded: &mut Decoded, name: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Err(bad) = check_name(name) {
        decoded.refused.push(bad.into());
    } else if text.len() > TEXT_BYTES {
        decoded.refused.push(Reason::TextTooLong { name: name.to_owned() });
    } else {
        decoded.attributes.insert(name.to_owned(), text.to_owned());
    }
}

pub(super) fn refuse(decoded: &mut Decoded, outcome: Result<(), Reason>) {
    // A payload full of nonsense does not make a list of thousands of reasons.
    if let Err(reason) = outcome
        && decoded.refused.len() < crate::limits::VALUES_PER_READING
    {
        decoded.refused.push(reason);
    }
}

/// A message with this reading, if anything is in it.
pub(super) fn with(reading: Reading, mut decoded: Decoded) -> Decoded {
    if !reading.values.is_empty() {
        decoded.readings.push(reading);
    }
    decoded
}

/// A number in another unit. Rounded at the ninth digit behind the point: 514.153 kWh are 514153 Wh and not a hair less.
pub(super) fn scaled(value: f64, factor: f64) -> f64 {
    const DIGITS: f64 = 1e9;
    #[expect(clippy::float_cmp, reason = "a factor is a constant of the code")]
    if factor == 1.0 {
        return value;
    }
    let scaled = value * factor;
    let rounded = (scaled * DIGITS).round() / DIGITS;
    if rounded.is_finite() { rounded } else { scaled }
}

/// The whole payload as a text.
pub(super) fn text(payload: &[u8]) -> Result<&str, Reason> {
    let text = std::str::from_utf8(payload).map_err(|_| Reason::wrong_type("", Kind::Text, Kind::Nothing))?.trim();
    if text.is_empty() { Err(Reason::Empty) } else { Ok(text) }
}

/// The whole payload as a number, as devices send it that have a topic for each value.
pub(super) fn plain_number(payload: &[u8]) -> Result<f64, Reason> {
    let number = text(payload)?.parse::<f64>().map_err(|_| Reason::wrong_type("", Kind::Number, Kind::Text))?;
    if number.is_finite() { Ok(number) } else { Err(Reason::NotFinite { name: "the payload".to_owned() }) }
}

/// The whole payload as on or off.
pub(super) fn plain_switch(payload: &[u8]) -> Result<bool, Reason> {
    on_or_off(text(payload)?).ok_or_else(|| Reason::wrong_type("", Kind::Boolean, Kind::Text))
}

fn on_or_off(text: &str) -> Option<bool> {
    match text {
        "ON" | "on" | "On" | "true" | "1" => Some(true),
        "OFF" | "off" | "Off" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// `online` and `offline` in the spellings that are in use.
pub(super) fn availability(text: &str) -> Result<bool, Reason> {
    match text {
        "online" | "Online" | "true" => Ok(true),
        "offline" | "Offline" | "false" => Ok(false),
        _ => Err(Reason::wrong_type("", Kind::Boolean, Kind::Text)),
    }
}

/// The name of the channel `index` between the stem and the unit: the first has none.
pub(super) fn channel(index: usize) -> String {
    if index == 0 { String::new() } else { format!("_{index}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_unit_leaves_no_crumbs() {
        #[expect(clippy::float_cmp, reason = "it is about exactness")]
        {
            assert_eq!(scaled(514.153, 1000.0), 514_153.0);
            assert_eq!(scaled(0.1 + 0.2, 1.0), 0.1 + 0.2);
            assert!(scaled(1e308, 1000.0).is_infinite(), "refused by the reading");
        }
    }
}
