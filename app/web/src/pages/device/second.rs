//! The choice of a second metric: a form that needs no script, and goes by itself with one.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use leptos_router::{NavigateOptions, hooks::use_location};

use super::figures::FigureSet;
use super::view::View;
use crate::format::metric;
use crate::i18n::use_texts;

#[component]
pub(super) fn SecondMetric(view: Memo<View>, set: FigureSet) -> impl IntoView {
    let t = use_texts();
    let (wanted, want) = signal(None::<String>);
    let (navigate, path) = (use_navigate(), use_location().pathname);
    Effect::new(move |_| {
        if let Some(other) = wanted.get() {
            let next = View { other: Some(other).filter(|other| !other.is_empty()), ..view.get_untracked() };
            navigate(&format!("{}{}", path.get_untracked(), next.href()), NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    });
    let hidden = move || {
        let kept = view.get().fields().into_iter().filter(|(name, _)| *name != "other");
        kept.map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view()
    };
    let options = {
        let set = set.clone();
        move || {
            let View { metric: main, other, .. } = view.get();
            let others = set.metrics().into_iter().filter(|name| *name != main);
            others
                .map(|name| {
                    let is_chosen = other.as_deref() == Some(name.as_str());
                    let label = metric(t, &name);
                    view! { <option value=name selected=is_chosen prop:selected=is_chosen>{label}</option> }
                })
                .collect_view()
        }
    };
    let is_useful = move || set.metrics().len() > 1;
    view! {
        <form class="second" method="get" hidden=move || !is_useful()>
            {hidden}
            <label>
                <span class="second__label">{t.history_other()}</span>
                <select class="pill" name="other" on:change=move |event| want.set(Some(event_target_value(&event)))>
                    <option value="" selected=move || view.get().other.is_none() prop:selected=move || view.get().other.is_none()>{t.history_other_none()}</option>
                    {options}
                </select>
            </label>
            <button class="pill unscripted" type="submit">{t.history_other_show()}</button>
        </form>
    }
}
