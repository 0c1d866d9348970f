//! What narrows the list and puts it in order: a form and links, so that the browser alone can use them.

use leptos::prelude::*;
use vigia_domain::device::DeviceKind;
use vigia_domain::sort::{Sort, SortBy};

use super::columns::ColumnChooser;
use super::kind_word;
use super::wanted::{Show, Wanted};
use crate::columns::Columns;
use crate::components::icon::{Icon, Shape};
use crate::components::menu::Menu;
use crate::components::nav::is_customer;
use crate::i18n::use_texts;
use crate::piece::piece;

/// A field for words, and choices by state, kind, owner and order.
#[component]
pub(super) fn FilterBar(wanted: Wanted, kinds: Vec<DeviceKind>, owners: Vec<String>, columns: RwSignal<Columns>) -> impl IntoView {
    let by_kind = kinds.len() > 1 || wanted.kind.is_some();
    let by_owner = owners.len() > 1 || !wanted.owner.is_empty();
    let (of_words, of_states, of_kinds, of_owners) = (wanted.clone(), wanted.clone(), wanted.clone(), wanted.clone());
    view! {
        <div class="filters">
            {piece(move || view! { <Words wanted=of_words/> })}
            {piece(move || view! { <States wanted=of_states/> })}
            {by_kind.then(|| piece(move || view! { <Kinds wanted=of_kinds kinds/> }))}
            {by_owner.then(|| piece(move || view! { <Owners wanted=of_owners owners/> }))}
            {piece(move || view! { <Orders wanted/> })}
            {piece(move || view! { <ColumnChooser columns/> })}
        </div>
    }
}

#[component]
fn Words(wanted: Wanted) -> impl IntoView {
    let t = use_texts();
    // What else is chosen stays when other words are looked for.
    let kept = wanted.words().into_iter().filter(|(name, value)| !["q", "from"].contains(name) && !value.is_empty());
    let kept = kept.map(|(name, value)| view! { <input r#type="hidden" name=name value=value.to_owned()/> }).collect_view();
    view! {
        <form class="search" role="search" action="/devices">
            {kept}
            <Icon shape=Shape::Search/>
            <input r#type="search" name="q" value=wanted.text aria-label=t.devices_filter_text placeholder=t.devices_filter_text
                autocomplete="off" autocapitalize="none" spellcheck="false" enterkeyhint="search" dir="auto" maxlength="200"/>
        </form>
    }
}

#[component]
fn States(wanted: Wanted) -> impl IntoView {
    let t = use_texts();
    let choice = |of: Show, label: &'static str| {
        view! { <a href=wanted.showing(of) data-noscroll="" aria-current=(wanted.show == of).then_some("true")>{label}</a> }
    };
    view! {
        <nav class="segments" aria-label=t.devices_filter_label>
            {choice(Show::All, t.devices_filter_all)}
            {choice(Show::Online, t.devices_filter_online)}
            {choice(Show::Offline, t.devices_filter_offline)}
            {choice(Show::Never, t.devices_filter_never)}
        </nav>
    }
}

#[component]
fn Kinds(wanted: Wanted, kinds: Vec<DeviceKind>) -> impl IntoView {
    let t = use_texts();
    let word = wanted.kind.map_or(t.devices_any, |kind| kind_word(t, kind));
    let any = item(wanted.of_kind(None), t.devices_any.to_owned(), wanted.kind.is_none());
    let items = kinds.iter().map(|kind| item(wanted.of_kind(Some(*kind)), kind_word(t, *kind).to_owned(), wanted.kind == Some(*kind)));
    let items = items.collect_view();
    view! { <Menu label=t.devices_of_kind(word)>{any}{items}</Menu> }
}

#[component]
fn Owners(wanted: Wanted, owners: Vec<String>) -> impl IntoView {
    let t = use_texts();
    let word = if wanted.owner.is_empty() { t.devices_any } else { &wanted.owner };
    let any = item(wanted.of_owner(""), t.devices_any.to_owned(), wanted.owner.is_empty());
    let items = owners.iter().map(|owner| item(wanted.of_owner(owner), owner.clone(), wanted.owner == *owner)).collect_view();
    view! { <Menu label=t.devices_of_owner(word)>{any}{items}</Menu> }
}

/// Where there are no heads of columns.
#[component]
fn Orders(wanted: Wanted) -> impl IntoView {
    let t = use_texts();
    let all_orders = [
        (SortBy::Newest, t.devices_sort_newest),
        (SortBy::Name, t.devices_name),
        (SortBy::State, t.devices_state),
        (SortBy::Value, t.devices_value),
        (SortBy::Seen, t.devices_seen),
        (SortBy::Kind, t.devices_kind),
        (SortBy::Owner, t.devices_owner),
    ];
    // Last, for who sees the devices of several.
    let orders = if is_customer() { &all_orders[..6] } else { &all_orders[..] };
    let order = all_orders.iter().find(|(by, _)| *by == wanted.sort.by).map_or("", |(_, label)| *label);
    let orders = orders.iter().map(|(by, label)| {
        let sort = if *by == SortBy::Newest { Sort::default() } else { Wanted::default().next_sort(*by) };
        item(wanted.sorted(sort), (*label).to_owned(), wanted.sort.by == *by)
    });
    let orders = orders.collect_view();
    view! { <Menu label=t.devices_sort_label(order) class="filters__order">{orders}</Menu> }
}

/// A way in a menu.
fn item(href: String, label: String, is_chosen: bool) -> impl IntoView {
    view! { <a href=href data-noscroll="" dir="auto" aria-current=is_chosen.then_some("true")>{label}</a> }
}
