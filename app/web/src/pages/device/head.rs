//! Name, state, id.

use leptos::prelude::*;
use vigia_domain::device::DeviceRow;

use super::figures::FigureSet;
use crate::components::age::Age;
use crate::components::badge::PresenceBadge;
use crate::components::copy::CopyButton;
use crate::components::crumbs::Crumbs;
use crate::components::nav::is_customer;
use crate::i18n::use_texts;
use crate::pages::devices::{Wanted, kind_word};

#[component]
pub(super) fn Head(row: DeviceRow, set: FigureSet) -> impl IntoView {
    let t = use_texts();
    let DeviceRow { id, name, kind, owner, .. } = row;
    let mut ways = vec![("/devices".to_owned(), t.device_back().to_owned())];
    // To who runs the installation a customer is a way; to the customer it would be their own name.
    ways.extend(owner.filter(|_| !is_customer()).map(|owner| (Wanted::default().of_owner(&owner), owner)));
    view! {
        <header class="page-head device__head">
            <Crumbs ways/>
            <div class="device__title">
                <h1 dir="auto">{name}</h1>
                <PresenceBadge presence=set.presence/>
                <span class="muted small"><Age at_ms=set.seen_ms/></span>
            </div>
            <p class="device__facts muted small">
                <span>{kind_word(t, kind)}</span>
                <span class="device__id">
                    <code>{id.clone()}</code>
                    <CopyButton text=id.clone() label=t.device_copy_id(id)/>
                </span>
            </p>
        </header>
    }
}
