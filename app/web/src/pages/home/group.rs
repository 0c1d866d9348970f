//! Concerns of one kind: how many, what to do, and the worst of them.

use leptos::prelude::*;
use vigia_domain::attention::{About, Concern, Group, Kind};

use crate::components::age::Age;
use crate::format::{count, metric, span, value};
use crate::i18n::use_texts;

/// A group of devices.
#[component]
pub(crate) fn GroupCard(group: Group) -> impl IntoView {
    let t = use_texts();
    let Group { kind, count: all, is_at_least, rows } = group;
    let (title, advice, tone) = match kind {
        Kind::Silent => (t.home_silent, t.home_silent_do, "bad"),
        Kind::Commands => (t.home_commands, t.home_commands_do, "bad"),
        Kind::Clocks => (t.home_clocks, t.home_clocks_do, "warn"),
        Kind::Refused => (t.home_refused, t.home_refused_do, "warn"),
        Kind::Never => (t.home_never, t.home_never_do, "calm"),
    };
    let more = all.saturating_sub(rows.len() as u64);
    let way = match kind {
        Kind::Silent => Some("/devices?show=offline"),
        Kind::Never => Some("/devices?show=never"),
        _ => None,
    };
    view! {
        <section class=format!("concern card concern--{tone}")>
            <header class="concern__head">
                <h2>{title}</h2>
                <span class="concern__count num">{if is_at_least { t.home_at_least(count(all)) } else { count(all) }}</span>
            </header>
            <p class="muted small">{advice}</p>
            <ul>{rows.into_iter().map(|concern| view! { <Row concern/> }).collect_view()}</ul>
            {(more > 0).then(|| match way {
                Some(way) => view! { <p class="small"><a class="link" href=way>{t.home_more(more)}</a></p> }.into_any(),
                None => view! { <p class="small muted">{t.home_more(more)}</p> }.into_any(),
            })}
        </section>
    }
}

#[component]
fn Row(concern: Concern) -> impl IntoView {
    let t = use_texts();
    let Concern { id, name, about } = concern;
    let mut address = format!("/devices/{id}");
    let at = |at_ms: i64| view! { <Age at_ms=Signal::stored(Some(at_ms))/> }.into_any();
    let (detail, aside) = match about {
        About::Silent { since_ms, last } => {
            let last = last.map(|last| t.home_silent_last(metric(t, &last.metric), value(last.value, &last.unit).text()));
            (last.unwrap_or_else(|| t.home_silent_nothing.to_owned()), Some(at(since_ms)))
        }
        About::Command { name, failed, at_ms } => {
            (if failed { t.home_command_failed(name) } else { t.home_command_expired(name) }, Some(at(at_ms)))
        }
        About::Clock(offset) => {
            let span = span(t, offset.saturating_abs());
            (if offset > 0 { t.home_clock_ahead(span) } else { t.home_clock_behind(span) }, None)
        }
        About::Refused { count, is_at_least, at_ms, why } => {
            address.push_str("?tab=messages#quarantine");
            let told = if count > 1 { t.home_refused_times(count, why) } else { why };
            (if is_at_least { t.home_at_least(told) } else { told }, Some(at(at_ms)))
        }
        About::Never => (t.home_never_detail.to_owned(), None),
    };
    // An id that is its own name is not said twice.
    let id = (name != id).then_some(id);
    view! {
        <li class="concern__row">
            <a href=address dir="auto" title=name>{name.clone()}</a>
            {id.map(|id| view! { <code class="muted">{id}</code> })}
            <span class="concern__detail small" dir="auto">{detail}</span>
            <span class="concern__aside small muted">{aside}</span>
        </li>
    }
}

/// What is wrong with the installation itself: the program's own words, which are English.
#[component]
pub(crate) fn TroubleCard(troubles: Vec<String>) -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="concern card concern--bad">
            <header class="concern__head">
                <h2>{t.home_trouble}</h2>
                <span class="concern__count num">{count(troubles.len() as u64)}</span>
            </header>
            <p class="muted small">{t.home_trouble_do}</p>
            <ul>{troubles.into_iter().map(|words| view! { <li class="concern__row"><code lang="en">{words}</code></li> }).collect_view()}</ul>
        </section>
    }
}

/// Devices that nobody claimed yet.
#[component]
pub(crate) fn WaitingCard(waiting: u64) -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="concern card concern--calm">
            <header class="concern__head">
                <h2>{t.home_waiting}</h2>
                <span class="concern__count num">{count(waiting)}</span>
            </header>
            <p class="muted small">{t.home_waiting_do}</p>
            <p class="small"><a class="link" href="/api/v1/docs" rel="external">{t.home_waiting_way}</a></p>
        </section>
    }
}
