//! Addresses of our own pages, made of what is asked for.

use leptos_router::location::Url;

/// A page with these in its query.
pub(crate) fn address(path: &str, given: &[(&'static str, String)]) -> String {
    let given: Vec<_> = given.iter().map(|(name, text)| format!("{name}={}", Url::escape(text))).collect();
    if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
}
