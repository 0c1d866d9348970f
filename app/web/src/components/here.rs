//! The address of this page, for forms that come back to it.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Path and query, without what a failed form left in it.
pub(crate) fn use_here() -> impl Fn() -> String + Copy + Send + Sync + 'static {
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    move || {
        let (path, search) = (path.get(), search.get());
        let rest: Vec<&str> = search.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("__")).collect();
        if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) }
    }
}
