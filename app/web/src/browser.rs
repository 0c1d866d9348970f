//! The first line that runs in the browser.

use leptos::prelude::*;

use crate::app::App;
use crate::part;

/// Takes over the page that the server rendered, when what it needs beside this module is there.
pub fn hydrate() {
    wasm_bindgen_futures::spawn_local(async {
        let waited_ms = part::ready().await;
        leptos::mount::hydrate_lazy(move || view! { <App waited_ms/> });
    });
}
