//! System, light or dark. Works where scripts run; the choice is remembered in a cookie that the server reads, so the
//! next page comes in it without a flash, and in the profile of who is signed in.

use leptos::prelude::*;

use crate::boot::{Theme, use_boot};
use crate::components::icon::{Icon, Shape};
use crate::components::toasts::{Toasts, use_toasts};
use crate::i18n::{Texts, use_texts};

/// The theme chosen on this page, moved by every switch on it.
#[derive(Clone, Copy)]
pub(crate) struct ChosenTheme {
    theme: RwSignal<Theme>,
    /// Whether the server is being told of one.
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only the browser tells"))]
    is_telling: StoredValue<bool>,
}

impl ChosenTheme {
    /// As the page came.
    pub(crate) fn new(theme: Theme) -> Self {
        Self { theme: RwSignal::new(theme), is_telling: StoredValue::new(false) }
    }
}

/// The chosen theme.
pub(crate) fn use_theme() -> RwSignal<Theme> {
    use_chosen().theme
}

fn use_chosen() -> ChosenTheme {
    use_context().unwrap_or_else(|| ChosenTheme::new(Theme::System))
}

/// The word for a theme.
pub(crate) fn theme_word(t: &'static Texts, theme: Theme) -> &'static str {
    match theme {
        Theme::System => t.theme_system,
        Theme::Light => t.theme_light,
        Theme::Dark => t.theme_dark,
    }
}

/// Shows the page in a theme, keeps it, and says so with a way back. Asked for while a component is made, called whenever.
pub(crate) fn use_theme_choice() -> impl Fn(Theme) + Copy + Send + Sync + 'static {
    let (t, chosen, toasts) = (use_texts(), use_chosen(), use_toasts());
    let is_in = use_boot().with_value(|boot| boot.visitor.is_some());
    move |choice| {
        let before = chosen.theme.get_untracked();
        let take = move |choice| {
            chosen.theme.set(choice);
            apply(choice);
            if is_in {
                tell(chosen, t.toast_theme_unsaved, toasts);
            }
        };
        take(choice);
        if is_in && before != choice {
            toasts.say(t.toast_theme(theme_word(t, choice)), Some(Callback::new(move |()| take(before))));
        }
    }
}

/// Three buttons of which one is pressed.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let (t, theme, choose) = (use_texts(), use_theme(), use_theme_choice());
    let button = move |choice, shape| {
        let label = theme_word(t, choice);
        view! {
            <button r#type="button" title=label aria-label=label
                aria-pressed=move || if theme.get() == choice { "true" } else { "false" } on:click=move |_| choose(choice)>
                <Icon shape/>
            </button>
        }
    };
    view! {
        <div class="segments segments--icons theme-switch" role="group" aria-label=t.theme_label>
            {button(Theme::System, Shape::System)}
            {button(Theme::Light, Shape::Sun)}
            {button(Theme::Dark, Shape::Moon)}
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

/// Has the profile keep what is chosen. One is told after the other, and what was only passed through is left out: the server keeps what it
/// hears last. `unsaved` is said when it is not kept.
#[cfg(target_arch = "wasm32")]
fn tell(chosen: ChosenTheme, unsaved: &'static str, toasts: Toasts) {
    let ChosenTheme { theme, is_telling } = chosen;
    if is_telling.get_value() {
        return;
    }
    is_telling.set_value(true);
    leptos::task::spawn_local(async move {
        while let Some(choice) = theme.try_get_untracked() {
            let is_kept = crate::ask::post("/ui/theme", &[("theme", choice.as_str().to_owned())]).await.is_some();
            if theme.try_get_untracked() != Some(choice) {
                continue;
            }
            is_telling.set_value(false);
            if !is_kept {
                // The page keeps its look; other browsers, and the next page of this one, will not have it.
                toasts.say(unsaved, None);
            }
            break;
        }
    });
}

#[cfg(not(target_arch = "wasm32"))]
const fn apply(_theme: Theme) {}

#[cfg(not(target_arch = "wasm32"))]
const fn tell(_chosen: ChosenTheme, _unsaved: &'static str, _toasts: Toasts) {}
