//! Pages whose code is a file of its own, loaded when somebody goes there: a first visit waits for nothing that it does not show.

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::hooks::use_location;
use leptos_router::location::Location;

#[cfg(target_arch = "wasm32")]
use crate::clock::browser_now_ms;

/// The id, in the document's head, of the link to the code that this very page needs besides; no such link, no such need.
pub(crate) const NEEDED: &str = "needed-part";

/// The pages with a file of their own. What people see first, and what most pages share, is in the main one: each cut makes the whole heavier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A customer's home.
    Mine,
    Device,
    /// One's account.
    Account,
    /// The ways in but for sign-in itself: those that a link opens, and those that ask for one.
    Doors,
    /// Who has an account, for who looks after them.
    People,
    /// Keys, and who changed what.
    Records,
    /// All parts of pages, for who works on them.
    Design,
}

impl Part {
    /// That of the page at a path; at `/` for customers alone.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path.trim_end_matches('/') {
            "" => Some(Self::Mine),
            "/settings" | "/settings/second-step" => Some(Self::Account),
            "/sign-in/code" | "/setup" | "/enter" | "/forgot" | "/reset" | "/register" | "/join" => Some(Self::Doors),
            "/people" => Some(Self::People),
            "/keys" | "/audit" => Some(Self::Records),
            crate::pages::design::PATH => Some(Self::Design),
            below if below.starts_with("/devices/") => Some(Self::Device),
            below if below.starts_with("/people/") => Some(Self::People),
            _ => None,
        }
    }

    /// Its name, which its file begins with.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "the server alone names files"))]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Device => "device",
            Self::Account => "account",
            Self::Doors => "doors",
            Self::People => "people",
            Self::Records => "records",
            Self::Design => "design",
        }
    }

    /// Loads its code. Said again after it failed, it tries again.
    #[cfg(target_arch = "wasm32")]
    async fn load(self) -> Result<(), SplitLoaderError> {
        match self {
            Self::Mine => crate::pages::home::preload_mine().await,
            Self::Device => crate::pages::device::preload_device().await,
            Self::Account => {
                crate::pages::settings::preload_settings().await?;
                crate::pages::second_step::preload_second_step().await
            }
            // One file; but each of its pages has to know of it, to be there at once.
            Self::Doors => {
                crate::pages::setup::preload_setup().await?;
                crate::pages::enter::preload_enter().await?;
                crate::pages::sign_in_code::preload_step().await?;
                crate::pages::reset::preload_forgot().await?;
                crate::pages::reset::preload_reset().await?;
                crate::pages::register::preload_register().await?;
                crate::pages::register::preload_join().await
            }
            Self::People => {
                crate::pages::people::preload_people().await?;
                crate::pages::people::preload_person().await
            }
            Self::Records => {
                crate::pages::keys::preload_keys().await?;
                crate::pages::audit::preload_audit().await
            }
            Self::Design => crate::pages::design::preload_design().await,
        }
    }
}

/// Makes a page a part: the route, and what loads its code.
macro_rules! lazy_page {
    ($(#[$doc:meta])* $route:ident, $part:ident, $code:ident, $preload:ident, $page:ident) => {
        $(#[$doc])*
        pub(crate) struct $route {
            address: String,
        }

        impl leptos_router::LazyRoute for $route {
            fn data() -> Self {
                Self { address: crate::part::address_now() }
            }

            async fn view(this: Self) -> leptos::prelude::AnyView {
                crate::part::loaded($code().await, &this.address).await
            }

            async fn preload() {
                // What does not come is seen when the page is wanted.
                let _ = $preload().await;
            }
        }

        #[leptos::wasm_split::wasm_split($part, wasm_split_path = leptos::wasm_split, preload($preload), fallible)]
        pub(crate) fn $code() -> Result<leptos::prelude::AnyView, leptos::wasm_split::SplitLoaderError> {
            Ok(leptos::prelude::IntoAny::into_any(leptos::view! { <$page/> }))
        }
    };
}
pub(crate) use lazy_page;

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

/// The address that somebody goes to.
pub(crate) fn address_now() -> String {
    let Location { pathname, search, hash, .. } = use_location();
    address(&pathname.get_untracked(), &search.get_untracked(), &hash.get_untracked())
}

/// An address of this site, as the router has its pieces: with or without the marks between them.
fn address(path: &str, search: &str, hash: &str) -> String {
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
    let part = Part::of(&window().location().pathname().unwrap_or_default());
    let Some(part) = part.filter(|_| document().get_element_by_id(NEEDED).is_some()) else { return 0 };
    while part.load().await.is_err() {
        pause(wait_ms).await;
        waited_ms = (browser_now_ms() - began_ms).max(1);
        wait_ms = (wait_ms * 2).min(LONGEST_WAIT_MS);
    }
    waited_ms
}

/// Lets the browser do what else it has to, and so long.
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
    fn a_page_is_a_part_by_its_path() {
        let of = |path| Part::of(path).map(Part::name);
        let known = [
            "/devices/m1",
            "/settings",
            "/settings/",
            "/settings/second-step",
            "/setup",
            "/sign-in/code",
            "/forgot",
            "/people",
            "/people/7",
            "/audit",
            "/_design",
        ];
        assert_eq!(
            known.map(of),
            ["device", "account", "account", "account", "doors", "doors", "doors", "people", "people", "records", "design"].map(Some)
        );
        assert_eq!(["/devices", "/devices/", "/sign-in", "/devicesx"].map(of), [None; 4]);
        assert_eq!(of("/"), Some("mine"));
    }

    #[test]
    fn an_address_has_everything_that_was_wanted() {
        assert_eq!(address("/devices/m1", "", ""), "/devices/m1");
        assert_eq!(address("/devices/m1", "range=day&m=a%20b", ""), "/devices/m1?range=day&m=a%20b");
        assert_eq!(address("/devices/m1", "?range=day", "#chart"), "/devices/m1?range=day#chart");
        assert_eq!(address("/devices/m1", "", "chart"), "/devices/m1#chart");
    }
}
