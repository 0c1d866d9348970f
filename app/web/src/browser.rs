//! The first lines that run in the browser.

use leptos::prelude::*;

use crate::app::App;

/// Takes over the page that the server rendered.
pub fn hydrate() {
    // Signing in and out changes who the page is for: a redirect is a whole new page, not a route within this one.
    let _ = leptos::server_fn::redirect::set_redirect_hook(|to| {
        let _ = window().location().assign(to);
    });
    leptos::mount::hydrate_body(App);
}
