//! The title in the browser's tab.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::i18n::use_texts;

/// `page · Vigía`.
#[component]
pub(crate) fn PageTitle(#[prop(into)] page: String) -> impl IntoView {
    view! { <Title text=use_texts().page_title(page)/> }
}
