//! System, light or dark. Works where scripts run; the choice is remembered in a cookie that the server reads, so the
//! next page comes in it without a flash.

use leptos::prelude::*;

use crate::boot::Theme;
use crate::components::icon::{Icon, Shape};
use crate::i18n::use_texts;

/// The theme chosen on this page, moved by every switch on it.
#[derive(Clone, Copy)]
pub(crate) struct ChosenTheme(pub(crate) RwSignal<Theme>);

/// The chosen theme.
pub(crate) fn use_theme() -> RwSignal<Theme> {
    use_context::<ChosenTheme>().map_or_else(|| RwSignal::new(Theme::System), |ChosenTheme(theme)| theme)
}

/// Three buttons of which one is pressed.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let t = use_texts();
    let theme = use_theme();
    let choose = move |choice| {
        apply(choice);
        theme.set(choice);
    };
    let button = move |choice, label, shape| {
        view! {
            <button r#type="button" title=label aria-label=label
                aria-pressed=move || if theme.get() == choice { "true" } else { "false" } on:click=move |_| choose(choice)>
                <Icon shape/>
            </button>
        }
    };
    view! {
        <div class="segments segments--icons theme-switch" role="group" aria-label=t.theme_label>
            {button(Theme::System, t.theme_system, Shape::System)}
            {button(Theme::Light, t.theme_light, Shape::Sun)}
            {button(Theme::Dark, t.theme_dark, Shape::Moon)}
        </div>
    }
}

#[cfg(target_arch = "wasm32")]
fn apply(theme: Theme) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme.as_str());
    }
    let cookie = format!("theme={}; Path=/; Max-Age=31536000; SameSite=Lax", theme.as_str());
    let _ = js_sys::Reflect::set(&document(), &"cookie".into(), &cookie.into());
}

#[cfg(not(target_arch = "wasm32"))]
const fn apply(_theme: Theme) {}
