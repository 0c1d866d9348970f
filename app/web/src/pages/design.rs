//! Every part of the pages in every state, with given data: what people who work on them look at, and what their pictures are compared with.
//! There only where the settings say so (`http.design`).

mod charts;
mod concerns;
mod controls;
mod figures;
mod forms;
mod given;
mod heads;
mod list;
mod refusals;
mod said;
mod tokens;
mod waiting;

use leptos::prelude::*;

use crate::clock::Clock;
use crate::components::page_head::PageHead;
use crate::components::title::PageTitle;
use crate::i18n::{Texts, use_texts};
use crate::live::{Link, Live};
use crate::part::lazy_page;

/// Where it is.
pub(crate) const PATH: &str = "/_design";

lazy_page!(
    /// `/_design`.
    DesignRoute,
    design,
    design_code,
    preload_design,
    DesignPage
);

#[component]
fn DesignPage() -> impl IntoView {
    let t = use_texts();
    // The parts below see another clock and another line than the frame: theirs stand still.
    provide_context(Clock::still(given::NOW_MS));
    provide_context(Live::still(Link::Idle));
    let way = |family: &'static str| view! { <a class="pill" href=format!("#{family}")>{words(t, family).0}</a> };
    view! {
        <PageTitle page=t.design_title()/>
        <PageHead title=t.design_title() lead=t.design_lead()/>
        <nav class="design__row design__families" aria-label=t.design_families()>{FAMILIES.map(way)}</nav>
        <tokens::Tokens/>
        <heads::Heads/>
        <figures::Figures/>
        <said::States/>
        <said::Ids/>
        <controls::Buttons/>
        <controls::Parts/>
        <controls::Menus/>
        <controls::Dialogs/>
        <controls::Toasts/>
        <forms::Forms/>
        <list::List/>
        <charts::Charts/>
        <figures::Sparks/>
        <concerns::Concerns/>
        <concerns::Mine/>
        <waiting::Waiting/>
        <refusals::Notices/>
        <refusals::Empties/>
        <refusals::Refusals/>
    }
}

/// The families of parts, as they stand on the page.
const FAMILIES: [&str; 20] = [
    "tokens", "heads", "figures", "states", "ids", "buttons", "tabs", "menus", "dialogs", "toasts", "forms", "list", "chart", "sparks",
    "concerns", "mine", "waiting", "notices", "empties", "refusals",
];

/// The name of a family, and when its parts are the right ones.
fn words(t: &Texts, family: &str) -> (&'static str, &'static str) {
    match family {
        "tokens" => (t.design_tokens(), t.design_tokens_use()),
        "heads" => (t.design_heads(), t.design_heads_use()),
        "figures" => (t.design_figures(), t.design_figures_use()),
        "states" => (t.design_states(), t.design_states_use()),
        "ids" => (t.design_ids(), t.design_ids_use()),
        "buttons" => (t.design_buttons(), t.design_buttons_use()),
        "tabs" => (t.design_tabs(), t.design_tabs_use()),
        "menus" => (t.design_menus(), t.design_menus_use()),
        "dialogs" => (t.design_dialogs(), t.design_dialogs_use()),
        "toasts" => (t.design_toasts(), t.design_toasts_use()),
        "forms" => (t.design_forms(), t.design_forms_use()),
        "list" => (t.design_list(), t.design_list_use()),
        "chart" => (t.design_chart(), t.design_chart_use()),
        "sparks" => (t.design_sparks(), t.design_sparks_use()),
        "concerns" => (t.design_concerns(), t.design_concerns_use()),
        "mine" => (t.design_mine(), t.design_mine_use()),
        "waiting" => (t.design_waiting(), t.design_waiting_use()),
        "notices" => (t.design_notices(), t.design_notices_use()),
        "empties" => (t.design_empties(), t.design_empties_use()),
        _ => (t.design_refusals(), t.design_refusals_use()),
    }
}

/// A family of parts. `id`: for addresses and tests, one of [`FAMILIES`].
#[component]
fn Section(id: &'static str, children: Children) -> impl IntoView {
    let (title, use_) = words(use_texts(), id);
    let heading = move || format!("{id}-title");
    view! {
        <section class="design" id=id aria-labelledby=heading()>
            <header>
                <h2 id=heading()>{title}</h2>
                <p class="design__use muted small">{use_}</p>
            </header>
            {children()}
        </section>
    }
}
