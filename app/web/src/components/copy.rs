//! Copying a text to the clipboard.

use leptos::prelude::*;

use crate::components::icon::{Icon, Shape};
use crate::i18n::use_texts;

/// A button that copies `text`. `label` tells screen readers what. Hidden where no script runs.
#[component]
pub(crate) fn CopyButton(#[prop(into)] text: Signal<String>, #[prop(into)] label: String) -> impl IntoView {
    let t = use_texts();
    let (done, set_done) = signal(false);
    let copy = move |_| {
        leptos::task::spawn_local(async move {
            if clipboard::write(text.get_untracked()).await && set_done.try_set(true).is_none() {
                let over = move || {
                    let _ = set_done.try_set(false);
                };
                set_timeout(over, std::time::Duration::from_secs(2));
            }
        });
    };
    view! {
        <button class="copy" r#type="button" aria-label=label on:click=copy>
            {move || if done.get() { view! { <Icon shape=Shape::Check/> } } else { view! { <Icon shape=Shape::Copy/> } }}
            <span>{move || if done.get() { t.device_copied } else { t.device_copy }}</span>
        </button>
        // Beside the button, whose content nobody reads out.
        <span class="visually-hidden" role="status">{move || done.get().then_some(t.device_copied)}</span>
    }
}

/// Lines to type, with a button that copies them.
#[component]
pub(crate) fn Command(#[prop(into)] text: String, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <div class="command">
            <pre><code>{text.clone()}</code></pre>
            <CopyButton text label/>
        </div>
    }
}

#[cfg(target_arch = "wasm32")]
mod clipboard {
    use js_sys::{Function, Promise, Reflect};
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue};

    /// Whether it was copied. On plain http from another machine the browser has no clipboard for us; the old way
    /// still works there.
    pub(super) async fn write(text: String) -> bool {
        let is_copied = match modern(&text) {
            Some(promise) => wasm_bindgen_futures::JsFuture::from(promise).await.is_ok(),
            None => false,
        };
        is_copied || old(&text).is_some()
    }

    fn get(object: &JsValue, key: &str) -> Option<JsValue> {
        Reflect::get(object, &key.into()).ok().filter(|v| !v.is_undefined() && !v.is_null())
    }

    fn modern(text: &str) -> Option<Promise> {
        let clipboard = get(&get(&window(), "navigator")?, "clipboard")?;
        get(&clipboard, "writeText")?.dyn_into::<Function>().ok()?.call1(&clipboard, &text.into()).ok()?.dyn_into().ok()
    }

    fn old(text: &str) -> Option<()> {
        let area = document().create_element("textarea").ok()?;
        area.set_text_content(Some(text));
        let body = document().body()?;
        body.append_child(&area).ok()?;
        let select = get(&area, "select")?.dyn_into::<Function>().ok()?;
        let copied = select
            .call0(&area)
            .ok()
            .and_then(|_| get(&document(), "execCommand")?.dyn_into::<Function>().ok()?.call1(&document(), &"copy".into()).ok());
        area.remove();
        copied.filter(|v| v.is_truthy()).map(|_| ())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod clipboard {
    pub(super) async fn write(_text: String) -> bool {
        false
    }
}
