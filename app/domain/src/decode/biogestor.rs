//! The Biogestor's sensors: flat JSON on one topic, `Prueba` unless the settings say otherwise.
//!
//! Source: the Biogestor document, part 7. Pressure is in hPa (its model says so). Of `caudal_gas` it says "delta per tick" and
//! no unit, and of the flows none either: they keep their names.

use serde_json::Value;

use super::{Decoded, fields, json};
use crate::reading::Reading;
use crate::reason::{Kind, Reason};

/// As sent, and the standard name.
const NAMES: [(&str, &str); 4] =
    [("presion", "pressure_hpa"), ("temperatura", "temperature_c"), ("humedad", "humidity_percent"), ("gas_total_m3", "gas_m3")];

pub(super) fn decode(payload: &[u8]) -> Result<Decoded, Reason> {
    let map = json::object(json::parse(payload)?, "")?;
    let (mut reading, mut decoded) = (Reading::at(json::instant(map.get("ts"))?), Decoded::default());
    for (field, value) in &map {
        if field == "ts" {
            continue;
        }
        let standard = NAMES.iter().find(|(sent, _)| sent == field);
        match (standard, value) {
            (Some((_, metric)), value) => fields::number(&mut reading, &mut decoded, field, metric, value, 1.0),
            (None, Value::Number(_) | Value::Null) => fields::number(&mut reading, &mut decoded, field, field, value, 1.0),
            (None, Value::Bool(_)) => fields::switch(&mut reading, &mut decoded, field, field, value),
            (None, Value::String(text)) => fields::attribute(&mut decoded, field, text),
            (None, other) => fields::refuse(&mut decoded, Err(Reason::wrong_type(field, Kind::Value, json::kind(other)))),
        }
    }
    Ok(fields::with(reading, decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document's own example.
    #[test]
    fn the_documents_example_is_read_with_its_units() {
        let payload = br#"{"presion":1006.5,"temperatura":35.2,"humedad":61.0,"caudal_gas":0.0032,"gas_total_m3":1.2345}"#;
        let decoded = decode(payload).expect("good");
        let mut found = decoded.readings[0].values.clone();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let wanted =
            [("caudal_gas", 0.0032), ("gas_m3", 1.2345), ("humidity_percent", 61.0), ("pressure_hpa", 1006.5), ("temperature_c", 35.2)];
        assert_eq!(found, wanted.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(crate::units::unit_of("caudal_gas"), "", "a unit that nobody told is not guessed");
    }

    #[test]
    fn a_wrong_field_is_refused_by_itself() {
        let decoded = decode(br#"{"presion":"1006","gas_total_m3":[1],"humedad":61}"#).expect("good");
        assert_eq!(decoded.readings[0].values, [("humidity_percent".to_owned(), 61.0)]);
        assert_eq!(decoded.refused.len(), 2);
        assert!(decode(b"[]").is_err());
    }
}
