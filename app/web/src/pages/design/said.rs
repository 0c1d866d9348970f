//! Small words about things: states, ages, instants, ids, whether the page is live.

use leptos::context::Provider;
use leptos::prelude::*;
use vigia_domain::device::Presence;

use super::{Section, given};
use crate::components::age::Age;
use crate::components::badge::PresenceBadge;
use crate::components::copy::{Command, CopyButton};
use crate::components::live_state::LiveState;
use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::use_texts;
use crate::live::{Link, Live};

#[component]
pub(super) fn States() -> impl IntoView {
    let badge = |presence| view! { <PresenceBadge presence=Signal::stored(presence)/> };
    let age = |age: Option<i64>| view! { <Age at_ms=Signal::stored(age.map(|age| given::NOW_MS - age))/> };
    let live = |link| view! { <Provider value=Live::still(link)><LiveState/></Provider> };
    view! {
        <Section id="states">
            <div class="card design__stack">
                <p class="design__row">{[Presence::Online, Presence::Offline, Presence::Never].map(badge)}</p>
                <p class="design__row muted small">{given::AGES_MS.map(age)}</p>
                <p class="design__row muted small">
                    <Moment at_ms=given::NOW_MS detail=Detail::Minute/>
                    <Moment at_ms=given::NOW_MS detail=Detail::Second/>
                </p>
                <div class="design__row">{[Link::On, Link::Connecting, Link::Lost].map(live)}</div>
            </div>
        </Section>
    }
}

#[component]
pub(super) fn Ids() -> impl IntoView {
    let t = use_texts();
    let id = |id: String| {
        let label = t.device_copy_id(&id);
        view! { <p class="device__id"><code>{id.clone()}</code> <CopyButton text=id label/></p> }
    };
    let ids = ["vg-7f3a21".to_owned(), given::unbroken(), given::RIGHT_TO_LEFT.to_owned(), given::MARKUP.to_owned()];
    view! {
        <Section id="ids">
            <div class="card design__stack">
                {ids.map(id)}
                <Command text=format!("vigia device add medidor-1 --name {:?}", given::unbroken()) label=t.device_copy/>
            </div>
        </Section>
    }
}
