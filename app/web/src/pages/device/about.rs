//! What a device told of itself.

use leptos::prelude::*;

use crate::format::span;
use crate::i18n::{Texts, use_texts};

/// A clock that is off by less is right: messages take their time, too.
const CLOCK_OFF_MS: i64 = 5_000;

#[component]
pub(super) fn About(attributes: std::collections::BTreeMap<String, String>, clock_offset_ms: Option<i64>) -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="card">
            <h2>{t.device_attributes}</h2>
            {if attributes.is_empty() && clock_offset_ms.is_none() {
                view! { <p class="muted small">{t.device_attributes_none()}</p> }.into_any()
            } else {
                let rows = attributes.into_iter().map(|(name, value)| {
                    view! { <div><dt>{label(t, name)}</dt><dd dir="auto">{value}</dd></div> }
                });
                let clock = clock_offset_ms.map(|ms| view! { <div data-clock=""><dt>{t.device_clock()}</dt><dd>{clock(t, ms)}</dd></div> });
                view! { <dl class="facts">{rows.collect_view()} {clock}</dl> }.into_any()
            }}
        </section>
    }
}

/// How right a device's clock is.
fn clock(t: &'static Texts, offset_ms: i64) -> String {
    match offset_ms {
        ms if ms.abs() < CLOCK_OFF_MS => t.device_clock_right().to_owned(),
        ms if ms > 0 => t.device_clock_ahead(span(t, ms)),
        ms => t.device_clock_behind(span(t, ms.saturating_neg())),
    }
}

/// Words for what devices usually tell; anything else by its own name.
fn label(t: &'static Texts, name: String) -> String {
    let known = match name.as_str() {
        "firmware_version" | "version" | "fw" | "ver" => t.attribute_firmware_version(),
        "ip" => t.attribute_ip(),
        "mac" => t.attribute_mac(),
        "model" => t.attribute_model(),
        "source" => t.attribute_source(),
        "ssid" => t.attribute_wifi(),
        _ => return name,
    };
    known.to_owned()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::i18n::{EN, ES};

    #[test]
    fn a_clock_is_told_of_in_words() {
        let said = |ms| clock(&EN, ms).replace('\u{a0}', " ");
        assert_eq!(said(-800), "Right");
        assert!(said(200_000).starts_with("3 min 20 s ahead"), "{}", said(200_000));
        assert!(clock(&ES, -3_600_000).replace('\u{a0}', " ").starts_with("1 h atrasado"));
    }
}
