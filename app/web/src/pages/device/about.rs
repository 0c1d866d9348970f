//! What a device told of itself.

use leptos::prelude::*;

use crate::i18n::{Texts, use_texts};

#[component]
pub(super) fn About(attributes: std::collections::BTreeMap<String, String>) -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="card">
            <h2>{t.device_attributes}</h2>
            {if attributes.is_empty() {
                view! { <p class="muted small">{t.device_attributes_none}</p> }.into_any()
            } else {
                let rows = attributes.into_iter().map(|(name, value)| {
                    view! { <div><dt>{label(t, name)}</dt><dd dir="auto">{value}</dd></div> }
                });
                view! { <dl class="facts">{rows.collect_view()}</dl> }.into_any()
            }}
        </section>
    }
}

/// Words for what devices usually tell; anything else by its own name.
fn label(t: &'static Texts, name: String) -> String {
    let known = match name.as_str() {
        "firmware_version" | "version" | "fw" | "ver" => t.attribute_firmware_version,
        "ip" => t.attribute_ip,
        "mac" => t.attribute_mac,
        "model" => t.attribute_model,
        "source" => t.attribute_source,
        "ssid" => t.attribute_wifi,
        _ => return name,
    };
    known.to_owned()
}
