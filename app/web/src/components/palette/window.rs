//! The palette itself, as it stands open.

use std::time::Duration;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use vigia_domain::attention::Found;
use vigia_domain::user::Role;

use super::offer::{Act, Offer, offers};
use super::recent;
use crate::components::badge::presence_word;
use crate::components::dialog::Dialog;
use crate::components::here::use_here;
use crate::components::icon::{Icon, Shape};
use crate::components::nav::rights;
use crate::components::theme_switch::use_theme_choice;
use crate::components::toasts::{Toasts, use_toasts};
use crate::fault::Fault;
use crate::i18n::{Texts, use_texts};

/// The id of its list.
const ID: &str = "palette-list";

/// How long somebody types on before the server is asked.
const PAUSE: Duration = Duration::from_millis(120);

fn ask_found(q: String, recent: String) -> impl Future<Output = Result<Vec<Found>, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<super::FindDevices as leptos::server_fn::ServerFn>::PATH, &[("q", &q), ("recent", &recent)]);
    #[cfg(not(target_arch = "wasm32"))]
    super::find_devices(q, recent)
}

/// What was found for the letters `asked`, as far as it goes for those that stand there now: the answer for these is under way, and Enter
/// must not lead to a device that nobody means any more.
fn answered(found: &[Found], asked: &str, now: &str) -> Vec<Found> {
    let wanted = now.trim().to_lowercase();
    let fits =
        |found: &&Found| asked == now || (!wanted.is_empty() && format!("{}\n{}", found.name, found.id).to_lowercase().contains(&wanted));
    found.iter().filter(fits).cloned().collect()
}

/// `early` is what was typed before the palette stood there.
#[component]
pub(super) fn PaletteWindow(is_open: RwSignal<bool>, early: StoredValue<String>) -> impl IntoView {
    let (t, toasts, navigate) = (use_texts(), use_toasts(), use_navigate());
    let (text, found, at) = (RwSignal::new(String::new()), RwSignal::new((String::new(), Vec::<Found>::new())), RwSignal::new(0_usize));
    let asked = StoredValue::new(0_u32);
    let rights = rights();
    let all = Memo::new(move |_| found.with(|(asked, found)| text.with(|text| offers(t, text, &answered(found, asked, text), rights))));

    let ask = move |wait: Duration| {
        asked.update_value(|n| *n = n.wrapping_add(1));
        let this = asked.get_value();
        let look = move || {
            if asked.try_get_value() != Some(this) {
                return;
            }
            let wanted = text.get_untracked();
            leptos::task::spawn_local(async move {
                // A server that does not answer leaves the pages and the actions.
                let devices = ask_found(wanted.clone(), recent::ids()).await.unwrap_or_default();
                if asked.try_get_value() == Some(this) {
                    found.set((wanted, devices));
                    at.set(0);
                }
            });
        };
        set_timeout(look, wait);
    };
    Effect::new(move || {
        let is_open = is_open.get();
        let letters = early.try_update_value(std::mem::take).unwrap_or_default();
        if is_open {
            text.set(letters);
            found.set((String::new(), Vec::new()));
            at.set(0);
            ask(Duration::ZERO);
        }
    });

    let (here, choose_theme) = (use_here(), use_theme_choice());
    let run = Callback::new(move |act: Act| {
        is_open.set(false);
        match act {
            Act::Go(address) => navigate(&address, leptos_router::NavigateOptions::default()),
            Act::Theme(theme) => choose_theme(theme),
            Act::Language(lang) => post("/ui/language", vec![("lang", lang.as_str().to_owned()), ("next", here())], t, toasts),
            Act::SignOut => post("/ui/sign-out", Vec::new(), t, toasts),
        }
    });
    let typed = Callback::new(move |letters| {
        text.set(letters);
        at.set(0);
        ask(PAUSE);
    });
    #[cfg(target_arch = "wasm32")]
    Effect::new(move || {
        all.track();
        if let Some(row) = document().get_element_by_id(&row_id(ID, at.get())) {
            // Only as far as it must: a pointer that comes to a row must not move the list away below itself.
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            row.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
    view! {
        <Dialog is_open label=t.palette_label() class="palette">
            <Offers id=ID is_first=true text at all run typed/>
        </Dialog>
    }
}

/// The same with devices that are given, as the page of all parts shows it: what is chosen in it does nothing.
#[component]
pub(crate) fn GivenPalette(id: &'static str, found: Vec<Found>, letters: String) -> impl IntoView {
    let (t, text, at) = (use_texts(), RwSignal::new(letters), RwSignal::new(0));
    let all = Memo::new(move |_| text.with(|text| offers(t, text, &found, Role::Staff.rights())));
    let typed = Callback::new(move |letters| {
        text.set(letters);
        at.set(0);
    });
    view! { <div class="palette palette--given card"><Offers id is_first=false text at all run=Callback::new(|_| ()) typed/></div> }
}

/// The field, and what is offered for its letters. `id`: of the list, and the beginning of its rows'; `is_first`: whether letters go here at once.
#[component]
fn Offers(
    id: &'static str,
    is_first: bool,
    text: RwSignal<String>,
    at: RwSignal<usize>,
    all: Memo<Vec<Offer>>,
    run: Callback<Act>,
    typed: Callback<String>,
) -> impl IntoView {
    let t = use_texts();
    let keys = move |event: KeyboardEvent| {
        // Enter and arrows are the input method's while a word is made with it; 229 is how Safari says so of the last one.
        if event.is_composing() || event.key_code() == 229 {
            return;
        }
        let count = all.with(Vec::len);
        let step = |by: usize| at.update(|at| *at = if count == 0 { 0 } else { (*at + by) % count });
        match event.key().as_str() {
            "ArrowDown" => step(1),
            "ArrowUp" => step(count.saturating_sub(1)),
            "Enter" => {
                if let Some(offer) = all.with(|all| all.get(at.get_untracked()).cloned()) {
                    run.run(offer.act);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div class="palette__field">
            <Icon shape=Shape::Search/>
            <input r#type="text" role="combobox" aria-expanded="true" aria-controls=id aria-autocomplete="list"
                aria-label=t.palette_label() placeholder=t.palette_hint() autocomplete="off" autocapitalize="none" spellcheck="false" dir="auto"
                maxlength="200" autofocus=is_first prop:value=text
                aria-activedescendant=move || all.with(|all| (!all.is_empty()).then(|| row_id(id, at.get())))
                on:input=move |event| typed.run(event_target_value(&event)) on:keydown=keys/>
        </div>
        <ul class="palette__list" id=id role="listbox" aria-label=t.palette_found()>
            {move || all.get().into_iter().enumerate().map(|(place, offer)| view! { <OfferRow id place offer at run/> }).collect_view()}
        </ul>
    }
}

fn row_id(list: &str, place: usize) -> String {
    format!("{list}-{place}")
}

#[component]
fn OfferRow(id: &'static str, place: usize, offer: Offer, at: RwSignal<usize>, run: Callback<Act>) -> impl IntoView {
    let t = use_texts();
    let Offer { shape, label, detail, presence, act } = offer;
    let detail = presence.map(|presence| presence_word(t, presence).to_owned()).into_iter().chain(detail).collect::<Vec<_>>().join(" · ");
    view! {
        <li id=row_id(id, place) role="option" aria-selected=move || if at.get() == place { "true" } else { "false" }
            on:pointermove=move |_| if at.get_untracked() != place { at.set(place) } on:click=move |_| run.run(act.clone())>
            <Icon shape/>
            <span class="palette__name" dir="auto" title=label>{label.clone()}</span>
            <small class="muted">{detail}</small>
        </li>
    }
}

/// Sends a form and goes where its answer says: who looks at the page may have changed.
#[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, clippy::needless_pass_by_value, reason = "only the browser sends"))]
fn post(path: &'static str, pairs: Vec<(&'static str, String)>, t: &'static Texts, toasts: Toasts) {
    #[cfg(target_arch = "wasm32")]
    leptos::task::spawn_local(async move {
        match crate::ask::post(path, &pairs).await {
            Some(way) => drop(window().location().assign(&way)),
            None => toasts.say(Fault::UNREACHABLE.whole_text(t), None),
        }
    });
}

#[cfg(test)]
mod tests {
    use vigia_domain::device::Presence;

    use super::*;

    #[test]
    fn what_was_found_for_other_letters_is_offered_only_where_it_fits() {
        let pump = Found { id: "p1".to_owned(), name: "Bomba Norte".to_owned(), presence: Presence::Online };
        let names = |asked: &str, now: &str| answered(std::slice::from_ref(&pump), asked, now).len();
        assert_eq!(names("", ""), 1, "looked at lately");
        assert_eq!(names("bom", "bomb"), 1);
        assert_eq!(names("", "ajus"), 0);
        assert_eq!(names("lucia@", "lucia@"), 1, "found by its owner, whom the browser does not know");
    }
}
