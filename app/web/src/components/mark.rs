//! The mark of the house: a watchtower's lamp in a hexagon, its beam reaching out.

use leptos::prelude::*;

const SHAPE: &str = concat!(
    r#"<path class="mark__body" d="M13.6 2.4a4.8 4.8 0 0 1 4.8 0l7.2 4.2A4.8 4.8 0 0 1 28 10.75v10.5a4.8 4.8 0 0 1-2.4 4.15l-7.2 4.2a4.8 4.8 0 0 1-4.8 0l-7.2-4.2A4.8 4.8 0 0 1 4 21.25v-10.5a4.8 4.8 0 0 1 2.4-4.15Z"/>"#,
    r#"<path class="mark__beam" d="M14.5 15 28 8.9v13.6L14.5 17.4Z"/>"#,
    r#"<circle class="mark__lamp" cx="13.8" cy="16.1" r="4.3"/>"#,
);

/// Drawn in ink and beacon by `style/components/mark.css`. The same shape as `public/favicon.svg`.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" inner_html=SHAPE></svg>
    }
}
