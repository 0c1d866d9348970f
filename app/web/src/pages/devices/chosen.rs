//! Devices that are chosen, and what can be done with all of them. The boxes are a form's: without a script they can be chosen and exported, too.

use leptos::prelude::*;

use super::CSV;
use crate::components::copy::CopyButton;
use crate::i18n::use_texts;

/// The form that the boxes belong to.
const FORM: &str = "chosen";

/// The ids of the devices that are chosen on this page.
#[derive(Clone, Copy)]
pub(super) struct Chosen(pub(super) RwSignal<Vec<String>>);

impl Chosen {
    /// Those whose boxes somebody has ticked before the script was there.
    pub(super) fn as_it_stands() -> Self {
        Self(RwSignal::new(boxes::chosen()))
    }
}

fn use_chosen() -> RwSignal<Vec<String>> {
    use_context::<Chosen>().map_or_else(|| RwSignal::new(Vec::new()), |Chosen(ids)| ids)
}

/// The box of a device.
#[component]
pub(super) fn Choose(id: String, name: String) -> impl IntoView {
    let (t, chosen) = (use_texts(), use_chosen());
    // A row may become another device's: its box is ticked by the id, and not by what it was before.
    let is_chosen = {
        let id = id.clone();
        move || chosen.with(|ids| ids.contains(&id))
    };
    view! {
        <label>
            <input r#type="checkbox" form=FORM name="id" value=id prop:checked=is_chosen aria-label=t.devices_choose(name)
                on:change=move |_| chosen.set(boxes::chosen())/>
        </label>
    }
}

/// The box of all of them; only a script can obey it.
#[component]
pub(super) fn ChooseAll() -> impl IntoView {
    let (t, chosen) = (use_texts(), use_chosen());
    let is_any = move || chosen.with(|ids| !ids.is_empty());
    let is_part = move || chosen.with(|ids| !ids.is_empty() && ids.len() < boxes::count());
    view! {
        <input r#type="checkbox" class="devices__all" aria-label=t.devices_choose_all prop:checked=is_any prop:indeterminate=is_part
            on:change=move |_| take_all(chosen, chosen.with_untracked(Vec::is_empty))/>
    }
}

/// All of this page, or none.
fn take_all(chosen: RwSignal<Vec<String>>, is_chosen: bool) {
    boxes::set(is_chosen);
    chosen.set(boxes::chosen());
}

/// What can be done with them; there as soon as one is chosen.
#[component]
pub(super) fn BulkBar() -> impl IntoView {
    let (t, chosen) = (use_texts(), use_chosen());
    let count = move || chosen.with(|ids| (!ids.is_empty()).then(|| t.devices_chosen(ids.len() as u64)));
    let ids = Signal::derive(move || chosen.with(|ids| ids.join("\n")));
    view! {
        <form id=FORM class="bulk" action=CSV aria-label=t.devices_bulk>
            <output class="bulk__count num">{count}</output>
            <button class="button">{t.devices_export}</button>
            <CopyButton text=ids label=t.devices_copy_ids/>
            <button class="button button--quiet bulk__clear" r#type="button" on:click=move |_| take_all(chosen, false)>{t.devices_choose_none}</button>
        </form>
    }
}

#[cfg(target_arch = "wasm32")]
mod boxes {
    use leptos::prelude::document;
    use wasm_bindgen::JsCast;
    use web_sys::HtmlInputElement;

    fn all() -> Vec<HtmlInputElement> {
        let found = document().query_selector_all("[data-device] input[name=id]").ok();
        let boxes = found.into_iter().flat_map(|found| (0..found.length()).filter_map(move |at| found.item(at)));
        boxes.filter_map(|found| found.dyn_into().ok()).collect()
    }

    pub(super) fn count() -> usize {
        all().len()
    }

    pub(super) fn chosen() -> Vec<String> {
        all().into_iter().filter(HtmlInputElement::checked).map(|found| found.value()).collect()
    }

    pub(super) fn set(is_chosen: bool) {
        all().into_iter().for_each(|found| found.set_checked(is_chosen));
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod boxes {
    pub(super) const fn count() -> usize {
        0
    }

    pub(super) const fn chosen() -> Vec<String> {
        Vec::new()
    }

    pub(super) const fn set(_: bool) {}
}
