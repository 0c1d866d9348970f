//! What is told beside, above and instead of a page.

use leptos::prelude::*;

use super::{Section, given};
use crate::components::copy::Command;
use crate::components::empty::Empty;
use crate::i18n::use_texts;
use crate::pages::status::{Status, StatusNote};

#[component]
pub(super) fn Notices() -> impl IntoView {
    let t = use_texts();
    view! {
        <Section id="notices">
            <p class="notice small" role="note">{t.home_clocks_do}</p>
            <p class="notice small" role="note" dir="auto">{given::unbroken()}</p>
            <p class="settings__done">{t.settings_done_profile()}</p>
            <p class="form__error">{t.fault_slow_down}</p>
        </Section>
    }
}

#[component]
pub(super) fn Empties() -> impl IntoView {
    let t = use_texts();
    view! {
        <Section id="empties">
            <Empty title=t.devices_empty_title lead=t.devices_empty_customer/>
            <Empty title=t.devices_empty_title lead=t.devices_empty_lead>
                <ol class="steps">
                    <li>
                        <p>{t.devices_empty_add}</p>
                        <Command text="vigia device add medidor-1 --kind energy_meter" label=t.device_copy/>
                    </li>
                </ol>
            </Empty>
        </Section>
    }
}

#[component]
pub(super) fn Refusals() -> impl IntoView {
    let all =
        [Status::NotFound, Status::Forbidden, Status::Unavailable, Status::Failed, Status::TooMany, Status::Busy, Status::Unreachable];
    view! {
        <Section id="refusals">
            <div class="settings">{all.map(|status| view! { <div class="card"><StatusNote status/></div> })}</div>
        </Section>
    }
}
