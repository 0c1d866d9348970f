//! The head of a page: where one is, its title, what it comes to, and what can be done.

use leptos::prelude::*;

/// Title and lead; `children` are actions.
#[component]
pub(crate) fn PageHead(
    #[prop(into)] title: String,
    /// A sentence below the title.
    #[prop(optional, into)]
    lead: MaybeProp<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="page-head">
            <div class="page-head__title">
                <h1 dir="auto">{title}</h1>
                {move || lead.get().map(|lead| view! { <p class="muted small">{lead}</p> })}
            </div>
            {children.map(|children| view! { <div class="page-head__actions">{children()}</div> })}
        </header>
    }
}
