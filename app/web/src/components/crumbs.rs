//! The ways up from a page, above its head: which page it is, its title says.

use leptos::prelude::*;

use crate::i18n::use_texts;

/// Addresses and names of the pages above, the nearest last.
#[component]
pub(crate) fn Crumbs(ways: Vec<(String, String)>) -> impl IntoView {
    let way = |(address, name)| view! { <li><a class="back" href=address dir="auto">{name}</a></li> };
    view! { <nav class="crumbs" aria-label=use_texts().device_path><ol>{ways.into_iter().map(way).collect_view()}</ol></nav> }
}
