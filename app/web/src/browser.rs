//! The first line that runs in the browser.

use crate::app::App;

/// Takes over the page that the server rendered, when what it needs beside this module is there.
pub fn hydrate() {
    leptos::mount::hydrate_lazy(App);
}
