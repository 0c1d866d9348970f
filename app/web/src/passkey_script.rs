//! The few lines of script that ask a browser for a passkey, loaded by the pages that have a button for it: no first visit loads code for
//! it.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use vigia_backend::http::{Right, Route};

use crate::components::passkey::SCRIPT;

const TEXT: &str = include_str!("passkey.js");

/// The script.
pub(crate) fn route() -> Route {
    let script = || async { ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")], TEXT) };
    Route::get(SCRIPT, Right::Public, script).answers_text("text/javascript", "the script that asks a browser for a passkey")
}

/// For the head of every page of an installation whose passkeys belong to `origin`: where a page stands at another address, or the browser
/// knows of none, nobody is shown what cannot be. It is said before anything is painted, so that nothing moves.
pub(crate) fn offer(origin: &str) -> String {
    format!("if(self.PublicKeyCredential&&location.origin==={origin:?})document.documentElement.dataset.passkeys=''")
}
