//! From one page of the list to the next: links, so that a browser without a script can follow them.

use leptos::prelude::*;
use vigia_domain::device::DevicePage;

use super::wanted::Wanted;
use crate::components::icon::{Icon, Shape};
use crate::format::count;
use crate::i18n::use_texts;

/// "101–200 of 12,345" between the ways back and on; nothing where one page holds all.
#[component]
pub(super) fn Pager(wanted: Wanted, page: DevicePage) -> impl IntoView {
    let t = use_texts();
    let DevicePage { rows, found, before, next, previous, .. } = page;
    if next.is_none() && previous.is_none() {
        return ().into_any();
    }
    let range = t.devices_range(count(before + 1), count(before + rows.len() as u64), count(found));
    let previous = previous.map(|from| {
        view! { <a class="button" rel="prev" href=wanted.page(&from)><Icon shape=Shape::Back/>{t.devices_previous}</a> }
    });
    let next = next.map(|from| {
        view! { <a class="button pager__next" rel="next" href=wanted.page(&from)>{t.devices_next}<Icon shape=Shape::Back/></a> }
    });
    view! {
        <nav class="pager" aria-label=t.devices_pages>
            <span>{previous}</span>
            <p class="num small muted">{range}</p>
            <span>{next}</span>
        </nav>
    }
    .into_any()
}
