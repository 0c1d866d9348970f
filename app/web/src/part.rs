//! Pages whose code is a file of its own, loaded when somebody goes there: a first visit waits for nothing that it does not show.

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;

#[cfg(target_arch = "wasm32")]
use crate::clock::browser_now_ms;

/// The id, in the document's head, of the link to the code that this very page needs besides; no such link, no such need.
pub(crate) const NEEDED: &str = "needed-part";

/// The page, or, where its code did not come (the line is down, or there is a new version), one whole new load of its address: until
/// that is there the old page stays as it is. It is no loop: a page that was loaded as a whole waits for its code ([`NEEDED`]) before
/// it is taken over, and loads nothing anew.
pub(crate) async fn loaded(page: Result<AnyView, SplitLoaderError>, address: &str) -> AnyView {
    match page {
        Ok(page) => page,
        Err(_) => {
            let _ = window().location().assign(address);
            std::future::pending().await
        }
    }
}

/// An address of this site, as the router has its pieces: with or without the marks between them.
pub(crate) fn address(path: &str, search: &str, hash: &str) -> String {
    let (search, hash) = (search.trim_start_matches('?'), hash.trim_start_matches('#'));
    let mut address = path.to_owned();
    for (mark, piece) in [('?', search), ('#', hash)] {
        if !piece.is_empty() {
            address.push(mark);
            address.push_str(piece);
        }
    }
    address
}

/// How long to wait before the code is asked for again.
#[cfg(target_arch = "wasm32")]
const FIRST_WAIT_MS: i32 = 1_000;
#[cfg(target_arch = "wasm32")]
const LONGEST_WAIT_MS: i32 = 30_000;

/// Waits until the code of this page is there, if it needs any besides. Until then the page stands as the server made it, nothing of
/// it is taken over, and its links and forms are the browser's own. Says how many milliseconds it stood so, where the code had to be
/// asked for again; else 0.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn ready() -> i64 {
    let (began_ms, mut wait_ms, mut waited_ms) = (browser_now_ms(), FIRST_WAIT_MS, 0);
    while document().get_element_by_id(NEEDED).is_some() && crate::pages::device::load_part().await.is_err() {
        pause(wait_ms).await;
        waited_ms = (browser_now_ms() - began_ms).max(1);
        wait_ms = (wait_ms * 2).min(LONGEST_WAIT_MS);
    }
    waited_ms
}

#[cfg(target_arch = "wasm32")]
async fn pause(wait_ms: i32) {
    let timer = js_sys::Promise::new(&mut |done, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&done, wait_ms);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(timer).await;
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_everything_that_was_wanted() {
        assert_eq!(address("/devices/m1", "", ""), "/devices/m1");
        assert_eq!(address("/devices/m1", "range=day&m=a%20b", ""), "/devices/m1?range=day&m=a%20b");
        assert_eq!(address("/devices/m1", "?range=day", "#chart"), "/devices/m1?range=day#chart");
        assert_eq!(address("/devices/m1", "", "chart"), "/devices/m1#chart");
    }
}
