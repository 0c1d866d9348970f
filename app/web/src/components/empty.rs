//! What stands where nothing is yet, and what to do about it.

use leptos::prelude::*;

use crate::components::mark::Mark;

/// A heading, a sentence, and the next step.
#[component]
pub(crate) fn Empty(title: &'static str, lead: &'static str, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <section class="empty card">
            <Mark/>
            <h1>{title}</h1>
            <p class="muted">{lead}</p>
            {children.map(|children| children())}
        </section>
    }
}
