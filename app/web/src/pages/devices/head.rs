//! The heads of the columns: links that put the list in order.

use leptos::prelude::*;
use vigia_domain::sort::SortBy;

use super::chosen::ChooseAll;
use super::wanted::Wanted;
use crate::components::nav::is_customer;
use crate::i18n::use_texts;

/// One head; without `by` it only names its column.
#[component]
fn Head(wanted: Wanted, label: &'static str, class: &'static str, #[prop(default = None, into)] by: Option<SortBy>) -> impl IntoView {
    let is_by = by.is_some_and(|by| wanted.sort.by == by);
    let (sorted, mark) = match (is_by, wanted.sort.descending) {
        (false, _) => (None, ""),
        (true, false) => (Some("ascending"), "↑"),
        (true, true) => (Some("descending"), "↓"),
    };
    let content = match by {
        Some(by) => {
            let href = wanted.sorted(wanted.next_sort(by));
            view! {
                <a href=href data-noscroll="">{label}<span class="devices__mark" aria-hidden="true">{mark}</span></a>
                // On a phone the heads are there for screen readers alone, and nothing in them can be met by the keyboard.
                <span class="devices__word">{label}</span>
            }
            .into_any()
        }
        None => label.into_any(),
    };
    view! { <th role="columnheader" scope="col" class=class aria-sort=sorted>{content}</th> }
}

/// All of them.
#[component]
pub(super) fn Heads(wanted: Wanted) -> impl IntoView {
    let t = use_texts();
    view! {
        <thead role="rowgroup">
            <tr role="row">
                <th role="columnheader" scope="col" class="devices__pick" title=t.devices_choose_all><ChooseAll/></th>
                <Head wanted=wanted.clone() label=t.devices_name class="devices__name" by=SortBy::Name/>
                <Head wanted=wanted.clone() label=t.devices_owner class="devices__owner" by=(!is_customer()).then_some(SortBy::Owner)/>
                <Head wanted=wanted.clone() label=t.devices_kind class="devices__kind" by=SortBy::Kind/>
                <Head wanted=wanted.clone() label=t.devices_state class="devices__state" by=SortBy::State/>
                <Head wanted=wanted.clone() label=t.devices_value class="devices__value end" by=SortBy::Value/>
                <Head wanted=wanted.clone() label=t.devices_hour class="devices__hour"/>
                <Head wanted label=t.devices_seen class="devices__seen" by=SortBy::Seen/>
            </tr>
        </thead>
    }
}
