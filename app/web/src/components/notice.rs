//! What whoever runs this installation should mend, above every page of theirs until it is.

use leptos::prelude::*;

use crate::boot::use_boot;

/// The sentence that the server made, if it made one for this visitor.
#[component]
pub(crate) fn Notice() -> impl IntoView {
    use_boot().with_value(|boot| boot.notice.clone()).map(|text| view! { <p class="notice small" role="note">{text}</p> })
}
