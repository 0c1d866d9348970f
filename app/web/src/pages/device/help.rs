//! A device without readings: how to send the first one, ready to be copied.

use leptos::prelude::*;

use crate::boot::{Boot, use_boot};
use crate::components::copy::Command;
use crate::i18n::use_texts;

const READING: &str = r#"{"power_w": 512.3, "voltage_v": 127.1}"#;

/// A line that publishes a reading, for the host by which the visitor reached this page.
pub(crate) fn mosquitto_pub(boot: &Boot, id: &str, token: &str) -> String {
    let (origin, port) = (boot.origin.as_str(), boot.mqtt_port);
    let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    // A port, not the inside of an IPv6 address.
    let host = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(h, _)| h);
    format!("mosquitto_pub -h {host} -p {port} -u {id} -P {token} -q 1 \\\n  -t vigia/{id}/telemetry -m '{READING}'")
}

fn curl(origin: &str, id: &str, token: &str) -> String {
    format!(
        "curl {origin}/api/v1/devices/{id}/telemetry \\\n  -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n  -d '{READING}'"
    )
}

#[component]
pub(super) fn Help(id: String) -> impl IntoView {
    let t = use_texts();
    let (mqtt, http) = use_boot().with_value(|boot| (mosquitto_pub(boot, &id, t.help_token()), curl(&boot.origin, &id, t.help_token())));
    view! {
        <section class="card help">
            <h2>{t.help_title()}</h2>
            <p class="muted">{t.help_lead()}</p>
            <h3>{t.help_mqtt()}</h3>
            <Command text=mqtt label=t.device_copy/>
            <h3>{t.help_http()}</h3>
            <Command text=http label=t.device_copy/>
            <p class="muted small">{t.help_then()}</p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_stands_without_its_port() {
        let at = |origin: &str| Boot { origin: origin.to_owned(), mqtt_port: 1883, ..Boot::default() };
        let line = mosquitto_pub(&at("http://127.0.0.1:3000"), "m1", "T");
        assert!(line.starts_with("mosquitto_pub -h 127.0.0.1 -p 1883 -u m1 -P T"), "{line}");
        assert!(mosquitto_pub(&at("https://vigia.example"), "m1", "T").contains("-h vigia.example "));
    }
}
