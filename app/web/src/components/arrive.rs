//! Where the keyboard is after one went to another page: at its beginning; and after going back, at the link that one had followed.
//! A browser does so with every page that it loads; of pages that take each other's place it knows nothing.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) const fn follow_arrivals() {}

#[cfg(target_arch = "wasm32")]
pub(crate) use browser::follow_arrivals;

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::time::Duration;

    use leptos::prelude::*;
    use leptos_router::hooks::use_location;
    use leptos_router::location::Location;
    use wasm_bindgen::JsCast;
    use web_sys::{FocusOptions, HtmlElement};

    /// How often it is looked whether the page that one went back to has its link, and for how long.
    const LOOK: Duration = Duration::from_millis(50);
    const LOOKS: u32 = 100;

    /// Moves the focus for as long as the current owner lives.
    pub(crate) fn follow_arrivals() {
        let Location { pathname: path, search, hash, .. } = use_location();
        let is_back = StoredValue::new(false);
        let listening = window_event_listener(leptos::ev::popstate, move |_| is_back.set_value(true));
        on_cleanup(move || listening.remove());
        Effect::new(move |before: Option<String>| {
            let now = path.get();
            // Going back within a page is no arrival.
            search.track();
            hash.track();
            if let Some(before) = before.filter(|before| *before != now) {
                to_main();
                if is_back.get_value() {
                    to_link(before, LOOKS);
                }
            }
            is_back.set_value(false);
            now
        });
    }

    fn main() -> Option<HtmlElement> {
        document().get_element_by_id("main")?.dyn_into().ok()
    }

    fn to_main() {
        let still = FocusOptions::new();
        still.set_prevent_scroll(true);
        let _ = main().map(|main| main.focus_with_options(&still));
    }

    /// The page may have to wait for what it shows. Whoever has gone on meanwhile is left alone.
    fn to_link(path: String, looks: u32) {
        let Some(main) = main().filter(|main| document().active_element().as_ref() == Some(main.as_ref())) else { return };
        let links = main.query_selector_all("a[href]").ok();
        let links =
            links.into_iter().flat_map(|links| (0..links.length()).filter_map(move |at| links.item(at)?.dyn_into::<HtmlElement>().ok()));
        // By hand: an address may hold what a selector cannot.
        match links.into_iter().find(|link| link.get_attribute("href").as_deref() == Some(path.as_str())) {
            Some(link) => drop(link.focus()),
            None if looks > 0 => set_timeout(move || to_link(path, looks - 1), LOOK),
            None => {}
        }
    }
}
