//! Names of metrics for people.

use vigia_domain::units::stem_of;

use crate::i18n::Texts;

/// `power_w` is "Power", `current_2_a` "Current 2", `voltage_c_v` "Voltage C"; an unknown name is shown as it came,
/// without its unit and underscores.
pub(crate) fn metric(t: &'static Texts, name: &str) -> String {
    let stem = stem_of(name);
    if let Some(known) = known(t, stem) {
        return known.to_owned();
    }
    // A channel or phase at the end.
    if let Some((stem, channel)) = stem.rsplit_once('_')
        && (channel.len() == 1 || channel.bytes().all(|b| b.is_ascii_digit()))
        && let Some(known) = known(t, stem)
    {
        return format!("{known} {}", channel.to_ascii_uppercase());
    }
    let words = stem.replace('_', " ");
    let words = words.trim();
    let mut letters = words.chars();
    letters.next().map_or_else(|| name.to_owned(), |first| first.to_uppercase().chain(letters).collect())
}

fn known(t: &'static Texts, stem: &str) -> Option<&'static str> {
    Some(match stem {
        "power" => t.metric_power,
        "apparent_power" => t.metric_apparent_power,
        "reactive_power" => t.metric_reactive_power,
        "voltage" => t.metric_voltage,
        "current" => t.metric_current,
        "energy" => t.metric_energy,
        "energy_returned" => t.metric_energy_returned,
        "power_factor" => t.metric_power_factor,
        "frequency" => t.metric_frequency,
        "temperature" => t.metric_temperature,
        "humidity" => t.metric_humidity,
        "pressure" => t.metric_pressure,
        "rssi" => t.metric_rssi,
        "output" => t.metric_output,
        "ph" => t.metric_ph,
        "gas" => t.metric_gas,
        "gas_flow" => t.metric_gas_flow,
        "pills_left" => t.metric_pills_left,
        "methane" => t.metric_methane,
        "level" => t.metric_level,
        "battery" => t.metric_battery,
        "uptime" => t.metric_uptime,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{EN, ES};

    #[test]
    fn known_names_channels_and_phases_have_words() {
        assert_eq!(metric(&ES, "power_w"), "Potencia");
        assert_eq!(metric(&ES, "current_2_a"), "Corriente 2");
        assert_eq!(metric(&EN, "power_c_w"), "Power C");
        assert_eq!(metric(&EN, "power_factor"), "Power factor");
        assert_eq!(metric(&ES, "energy_returned_wh"), "Energía devuelta");
        assert_eq!([metric(&ES, "gas_flow_m3_per_h"), metric(&ES, "pills_left")], ["Flujo de gas", "Pastillas que quedan"]);
    }

    #[test]
    fn unknown_names_are_shown_as_they_came() {
        assert_eq!(metric(&ES, "lid_open"), "Lid open");
        assert_eq!(metric(&ES, "_w"), "W");
        assert_eq!(metric(&ES, "_"), "_");
        assert_eq!(metric(&ES, "<b>"), "<b>");
    }
}
