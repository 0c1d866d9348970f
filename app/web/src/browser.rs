//! The first line that runs in the browser.

use crate::app::App;

/// Takes over the page that the server rendered.
pub fn hydrate() {
    leptos::mount::hydrate_body(App);
}
