//! What is pressed, and what that opens.

use leptos::prelude::*;

use super::{Section, given};
use crate::components::dialog::Dialog;
use crate::components::icon::{Icon, Shape};
use crate::components::language_switch::LanguageSwitch;
use crate::components::menu::Menu;
use crate::components::palette::GivenPalette;
use crate::components::tabs::{Tab, Tabs};
use crate::components::theme_switch::ThemeSwitch;
use crate::components::toasts::{ToastCard, use_toasts};
use crate::i18n::use_texts;

#[component]
pub(super) fn Buttons() -> impl IntoView {
    let t = use_texts();
    let segment = |(at, label): (usize, &'static str)| view! { <a href="#buttons" aria-current=(at == 1).then_some("true")>{label}</a> };
    let segments = [t.devices_filter_all, t.devices_filter_online, t.devices_filter_offline].into_iter().enumerate();
    view! {
        <Section id="buttons">
            <div class="card design__stack">
                <div class="design__row">
                    <button class="button button--primary" r#type="button">{t.settings_save()}</button>
                    <button class="button" r#type="button">{t.devices_export}</button>
                    <button class="button button--quiet" r#type="button"><Icon shape=Shape::Leave/>{t.sign_out_submit}</button>
                    <a class="link" href="#buttons">{t.devices_filter_clear}</a>
                </div>
                <div class="design__row">
                    <button class="button button--primary" r#type="button" aria-disabled="true">{t.settings_saving()}</button>
                    <button class="button" r#type="button" aria-disabled="true">{t.devices_export}</button>
                    <button class="button" r#type="button" dir="auto">{given::RIGHT_TO_LEFT}</button>
                </div>
                <div class="design__row">
                    <a class="pill" href="#buttons">{t.history_csv()}</a>
                    <a class="pill" href="#buttons" aria-current="true">{t.history_compare(t.history_before_day())}</a>
                    <a class="pill pill--strong" href="#buttons">{t.history_whole_period()}</a>
                    <nav class="segments" aria-label=t.design_buttons()>{segments.map(segment).collect_view()}</nav>
                </div>
                <div class="design__row">
                    <ThemeSwitch/>
                    <LanguageSwitch/>
                </div>
            </div>
        </Section>
    }
}

#[component]
pub(super) fn Parts() -> impl IntoView {
    let t = use_texts();
    let tab = |label: &'static str, is_open: bool, mark: Option<String>| Tab {
        label,
        href: Signal::stored("#tabs".to_owned()),
        is_open: Signal::stored(is_open),
        mark: Signal::stored(mark),
    };
    let tabs = vec![
        tab(t.device_tab_overview(), true, None),
        tab(t.device_tab_messages(), false, Some(t.device_tab_aside(3))),
        tab(t.device_tab_about(), false, None),
    ];
    view! { <Section id="tabs"><Tabs label=t.device_tabs() tabs/></Section> }
}

#[component]
pub(super) fn Menus() -> impl IntoView {
    let t = use_texts();
    let item = |(at, label): (usize, String)| {
        view! { <a href="#menus" dir="auto" aria-current=(at == 1).then_some("true")>{label}</a> }
    };
    let labels =
        [t.devices_any.to_owned(), t.kind_switch.to_owned(), given::long_name(), given::RIGHT_TO_LEFT.to_owned(), given::MARKUP.to_owned()];
    view! {
        <Section id="menus">
            <div class="card design__row">
                <Menu label=t.devices_of_kind(t.kind_switch)>{labels.into_iter().enumerate().map(item).collect_view()}</Menu>
                <Menu label=given::long_name()>
                    <label class="check"><input r#type="checkbox" checked=true/>{t.devices_kind}</label>
                    <label class="check"><input r#type="checkbox"/>{t.devices_state}</label>
                </Menu>
            </div>
        </Section>
    }
}

#[component]
pub(super) fn Dialogs() -> impl IntoView {
    let t = use_texts();
    let is_open = RwSignal::new(false);
    view! {
        <Section id="dialogs">
            <div class="card design__row">
                <button class="button scripted" r#type="button" aria-haspopup="dialog" on:click=move |_| is_open.set(true)>{t.design_open()}</button>
                <p class="unscripted muted small">{t.design_script()}</p>
            </div>
            <div class="settings">
                <GivenPalette id="palette-devices" found=given::found() letters="".to_owned()/>
                <GivenPalette id="palette-letters" found=Vec::new() letters=given::MARKUP.to_owned()/>
            </div>
            <Dialog is_open label=t.design_dialogs()>
                <h2 dir="auto">{given::PICTURES}</h2>
                <p class="muted" dir="auto">{given::long_name()}</p>
                <div class="dialog__ways">
                    <button class="button" r#type="button" on:click=move |_| is_open.set(false)>{t.toast_close}</button>
                    <button class="button button--primary" r#type="button" on:click=move |_| is_open.set(false)>{t.settings_save()}</button>
                </div>
            </Dialog>
        </Section>
    }
}

#[component]
pub(super) fn Toasts() -> impl IntoView {
    let (t, toasts) = (use_texts(), use_toasts());
    let card = |(text, can_undo): (String, bool)| {
        let is_there = RwSignal::new(true);
        let end = Callback::new(move |()| is_there.set(false));
        move || is_there.get().then(|| view! { <ToastCard text=text.clone() undo=can_undo.then_some(end) end/> })
    };
    let words = [
        (t.toast_theme(t.theme_dark), true),
        (t.settings_done_profile().to_owned(), false),
        (given::long_name(), true),
        (given::RIGHT_TO_LEFT.to_owned(), false),
    ];
    let say = move |_| toasts.say(t.toast_theme(t.theme_light), Some(Callback::new(move |()| toasts.say(t.toast_undo, None))));
    view! {
        <Section id="toasts">
            <div class="design__stack">
                {words.map(card)}
                <p><button class="button scripted" r#type="button" on:click=say>{t.design_say()}</button></p>
            </div>
        </Section>
    }
}
