//! The IoT Backend's devices: `{"serial_number","estado","parametros"}` on `iot/<serial>/estado`.
//!
//! Source: the IoT Backend document. `parametros` holds whatever the device has; of its names only `watts` tells a unit.

use serde_json::Value;

use super::{Decoded, fields, json};
use crate::reading::Reading;
use crate::reason::{Kind, Reason};

/// Names that tell their unit, and the standard name.
const NAMES: [(&str, &str); 1] = [("watts", "power_w")];

pub(super) fn decode(name: &str, payload: &[u8]) -> Result<Decoded, Reason> {
    let mut map = json::object(json::parse(payload)?, "")?;
    let (mut reading, mut decoded) = (Reading::at(json::instant(map.get("ts"))?), Decoded::default());
    match map.remove("serial_number") {
        None | Some(Value::Null) => {}
        // Another's serial number on this topic: whose values they are cannot be said.
        Some(Value::String(serial)) if !name.is_empty() && serial != name => {
            return Err(Reason::OtherDevice { named: serial });
        }
        Some(Value::String(_)) => {}
        Some(other) => return Err(Reason::wrong_type("serial_number", Kind::Text, json::kind(&other))),
    }
    match map.remove("estado") {
        None | Some(Value::Null) => {}
        Some(Value::String(estado)) => {
            if let Some(on) = active(&estado) {
                reading.push("output", on)?;
            }
            fields::attribute(&mut decoded, "estado", &estado);
        }
        Some(other) => fields::refuse(&mut decoded, Err(Reason::wrong_type("estado", Kind::Text, json::kind(&other)))),
    }
    match map.remove("parametros") {
        None | Some(Value::Null) => {}
        Some(Value::Object(parametros)) => {
            for (field, value) in &parametros {
                let metric = NAMES.iter().find(|(sent, _)| sent == field).map_or(field.as_str(), |(_, metric)| metric);
                match value {
                    Value::Number(_) | Value::Null => fields::number(&mut reading, &mut decoded, field, metric, value, 1.0),
                    Value::Bool(_) => fields::switch(&mut reading, &mut decoded, field, metric, value),
                    Value::String(text) => fields::attribute(&mut decoded, field, text),
                    other => fields::refuse(&mut decoded, Err(Reason::wrong_type(field, Kind::Value, json::kind(other)))),
                }
            }
        }
        Some(other) => fields::refuse(&mut decoded, Err(Reason::wrong_type("parametros", Kind::Object, json::kind(&other)))),
    }
    Ok(fields::with(reading, decoded))
}

/// `activo` is switched on: the document derives one from the other.
fn active(estado: &str) -> Option<f64> {
    match estado {
        "activo" => Some(1.0),
        "inactivo" => Some(0.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document's own sensor.
    #[test]
    fn state_and_parameters_are_read() {
        let decoded =
            decode("TMP0603IF1WD", br#"{"serial_number":"TMP0603IF1WD","estado":"activo","parametros":{"temp":23.4,"watts":60}}"#)
                .expect("good");
        let values = &decoded.readings[0].values;
        assert_eq!(*values, [("output".to_owned(), 1.0), ("temp".to_owned(), 23.4), ("power_w".to_owned(), 60.0)]);
        assert_eq!(decoded.attributes["estado"], "activo");
    }

    #[test]
    fn anothers_serial_number_is_refused() {
        let payload = br#"{"serial_number":"OTHER","estado":"activo","parametros":{}}"#;
        assert_eq!(decode("TMP0603IF1WD", payload), Err(Reason::OtherDevice { named: "OTHER".to_owned() }));
        assert!(decode("", payload).is_ok(), "a route of the settings names the device itself");
        let decoded = decode("x", br#"{"estado":7,"parametros":[1]}"#).expect("good");
        assert_eq!((decoded.readings.len(), decoded.refused.len()), (0, 2));
    }
}
