//! No device yet: the two steps to the first moving number.

use leptos::prelude::*;
use vigia_domain::user::Role;

use crate::boot::use_boot;
use crate::components::copy::Command;
use crate::components::empty::Empty;
use crate::i18n::use_texts;
use crate::pages::device::help::mosquitto_pub;

/// Customers are told whom to ask; the others what to type.
#[component]
pub(crate) fn NoDevices() -> impl IntoView {
    let t = use_texts();
    let boot = use_boot();
    let customer = boot.with_value(|boot| boot.visitor.as_ref().is_some_and(|v| v.role == Role::Customer));
    if customer {
        return view! { <Empty title=t.devices_empty_title lead=t.devices_empty_customer/> }.into_any();
    }
    let publish = boot.with_value(|boot| mosquitto_pub(boot, "medidor-1", t.help_token()));
    view! {
        <Empty title=t.devices_empty_title lead=t.devices_empty_lead>
            <ol class="steps">
                <li>
                    <p>{t.devices_empty_add}</p>
                    <Command text="vigia device add medidor-1 --kind energy_meter" label=t.device_copy/>
                </li>
                <li>
                    <p>{t.devices_empty_send}</p>
                    <Command text=publish label=t.device_copy/>
                </li>
            </ol>
            <p class="muted small">{t.devices_empty_then}</p>
        </Empty>
    }
    .into_any()
}
