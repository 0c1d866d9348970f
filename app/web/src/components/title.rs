//! The title in the browser's tab.

use leptos::prelude::*;

use crate::i18n::use_texts;

/// `page · Vigía`.
#[component]
pub(crate) fn PageTitle(#[prop(into)] page: String) -> impl IntoView {
    let title = use_texts().page_title(page);
    // Leptos's own component, in the browser, leaves a page without a title for as long as it is taken over.
    #[cfg(target_arch = "wasm32")]
    Effect::new(move || document().set_title(&title));
    // The server writes it into the document as it is, the browser sets it as a text.
    #[cfg(not(target_arch = "wasm32"))]
    return (view! { <leptos_meta::Title text=markup(&title)/> }, ());
}

/// A text as it stands inside `<title>`: a device's name must not end it.
#[cfg(not(target_arch = "wasm32"))]
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_the_title() {
        assert_eq!(markup("</title><script> & &lt;"), "&lt;/title>&lt;script> &amp; &amp;lt;");
    }
}
