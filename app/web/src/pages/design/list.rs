//! The list of devices with given rows, and with none that fits. Its links lead to the real one.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{Section, given};
use crate::i18n::use_texts;
use crate::pages::devices::GivenList;

#[component]
pub(super) fn List() -> impl IntoView {
    let (t, query) = (use_texts(), use_query_map());
    let is_none = Memo::new(move |_| query.with(|query| query.get_str("list") == Some("none")));
    let choice = move |none: bool, label: &'static str| {
        let href = if none { "?list=none#list" } else { "?#list" };
        view! { <a href=href data-noscroll="" aria-current=move || (is_none.get() == none).then_some("true")>{label}</a> }
    };
    view! {
        <Section id="list">
            <nav class="segments" aria-label=t.design_list_label()>{choice(false, t.design_list_some())}{choice(true, t.design_list_none())}</nav>
            {move || {
                let (page, text) = if is_none.get() { (given::no_device(), given::MARKUP.to_owned()) } else { (given::devices(), String::new()) };
                view! { <GivenList page text/> }
            }}
        </Section>
    }
}
