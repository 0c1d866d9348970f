//! Name, state, id.

use leptos::prelude::*;
use vigia_domain::device::DeviceRow;

use super::figures::FigureSet;
use crate::components::age::Age;
use crate::components::badge::PresenceBadge;
use crate::components::copy::CopyButton;
use crate::components::icon::{Icon, Shape};
use crate::i18n::use_texts;
use crate::pages::devices::kind_word;

#[component]
pub(super) fn Head(row: DeviceRow, set: FigureSet) -> impl IntoView {
    let t = use_texts();
    let DeviceRow { id, name, kind, owner, .. } = row;
    view! {
        <header class="page-head device__head">
            <nav aria-label=t.device_path>
                <a class="back" href="/devices"><Icon shape=Shape::Back/>{t.device_back}</a>
            </nav>
            <div class="device__title">
                <h1 dir="auto">{name}</h1>
                <PresenceBadge presence=set.presence/>
                <span class="muted small"><Age at_ms=set.seen_ms/></span>
            </div>
            <p class="device__facts muted small">
                <span>{kind_word(t, kind)}</span>
                {owner.map(|owner| view! { <span>{t.device_owner(owner)}</span> })}
                <span class="device__id">
                    <code>{id.clone()}</code>
                    <CopyButton text=id.clone() label=t.device_copy_id(id)/>
                </span>
            </p>
        </header>
    }
}
