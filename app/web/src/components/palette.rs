//! The command palette: to any page or device and to what can be done anywhere, by a few letters. Without a script its door is a
//! form that looks in the list of devices.

mod offer;
mod recent;
mod window;

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::hooks::use_location;
use vigia_domain::attention::Found;

use crate::codec::Json;
use crate::components::icon::{Icon, Shape};
use crate::components::toasts::use_toasts;
use crate::fault::Fault;
use crate::i18n::use_texts;
pub(crate) use window::GivenPalette;
use window::PaletteWindow;

/// Where devices are found without it.
const LIST: &str = "/devices";

/// The devices that somebody means by `q`, or those of `recent` (ids with commas between) without it.
#[server(prefix = "/ui", endpoint = "find", input = GetUrl, output = Json)]
pub(crate) async fn find_devices(#[server(default)] q: String, #[server(default)] recent: String) -> Result<Vec<Found>, Fault> {
    crate::server::find(&q, &recent).await
}

/// What opens it: a link that leads to the search of the list until the script is there, and a form where there is none.
#[component]
pub(crate) fn PaletteDoor(is_open: RwSignal<bool>) -> impl IntoView {
    let t = use_texts();
    let press = move |event: MouseEvent| {
        if !event.ctrl_key() && !event.meta_key() {
            event.prevent_default();
            is_open.set(true);
        }
    };
    view! {
        <a class="find" href=LIST aria-haspopup="dialog" aria-keyshortcuts="Control+K" on:click=press>
            <Icon shape=Shape::Search/>
            <span>{t.palette_door}</span>
            <kbd aria-hidden="true">"Ctrl K"</kbd>
        </a>
        <form class="find find--plain" action=LIST>
            <Icon shape=Shape::Search/>
            <input r#type="text" name="q" aria-label=t.palette_plain placeholder=t.palette_plain autocomplete="off" maxlength="200"/>
        </form>
    }
}

/// Whether it stands in the page: on a slow phone some moments after the key that opens it, and people type on. From then on keys are its own,
/// or, once it is closed, the page's.
fn is_there() -> bool {
    document().query_selector("dialog.palette").is_ok_and(|there| there.is_some())
}

/// Where the palette stands once somebody has opened it: its code is a part of its own, which comes then.
#[component]
pub(crate) fn Palette(is_open: RwSignal<bool>) -> impl IntoView {
    let location = use_location();
    let early = StoredValue::new(String::new());
    Effect::new(move || recent::visited(&location.pathname.get()));
    Effect::new(move || {
        let handle = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
            let (key, with_control) = (event.key(), event.ctrl_key() || event.meta_key());
            if with_control && !event.alt_key() && key.eq_ignore_ascii_case("k") {
                event.prevent_default();
                is_open.update(|open| *open = !*open);
            } else if is_open.get_untracked() && !with_control && !is_there() {
                match key.as_str() {
                    "Escape" => is_open.set(false),
                    "Enter" => {}
                    "Backspace" => early.update_value(|letters| _ = letters.pop()),
                    // The names of all other keys have several letters.
                    _ if key.chars().count() == 1 => early.update_value(|letters| letters.push_str(&key)),
                    _ => return,
                }
                event.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    });
    let was_opened = RwSignal::new(false);
    Effect::new(move || {
        // Said once: each time would make it anew.
        if is_open.get() && !was_opened.get_untracked() {
            was_opened.set(true);
        }
    });
    let (t, toasts) = (use_texts(), use_toasts());
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (t, toasts);
    move || {
        was_opened.get().then(|| {
            Suspend::new(async move {
                if let Ok(window) = palette_code(is_open, early).await {
                    return window;
                }
                // It does not come: the list finds devices too, unless something would be lost by going there.
                #[cfg(target_arch = "wasm32")]
                if crate::components::ended::is_typed() {
                    is_open.set(false);
                    was_opened.set(false);
                    toasts.say(Fault::UNREACHABLE.whole_text(t), None);
                    return ().into_any();
                }
                let _ = leptos::prelude::window().location().assign(LIST);
                ().into_any()
            })
        })
    }
}

#[leptos::wasm_split::wasm_split(palette, wasm_split_path = leptos::wasm_split, fallible)]
fn palette_code(is_open: RwSignal<bool>, early: StoredValue<String>) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <PaletteWindow is_open early/> }.into_any())
}
