//! Numbers: large ones, and small pictures of an hour.

use leptos::prelude::*;
use vigia_domain::hour::Hour;
use vigia_domain::money::money;
use vigia_domain::units::unit_of;

use super::{Section, given};
use crate::components::key_figure::KeyFigure;
use crate::components::spark::Spark;
use crate::format::{is_long, metric, value};
use crate::i18n::use_texts;

#[component]
pub(super) fn Figures() -> impl IntoView {
    let t = use_texts();
    let key = |(name, number): (&'static str, f64)| {
        let written = value(number, unit_of(name));
        view! { <KeyFigure name=t.home_power value=Signal::stored(written) detail=Signal::stored(metric(t, name))/> }
    };
    let last = given::VALUES.len() - 1;
    let figure = move |(at, (name, number)): (usize, (&'static str, f64))| {
        let written = value(number, unit_of(name));
        let label = if at == last { given::long_name() } else { metric(t, name) };
        view! {
            <a class="figure card" href="#figures" aria-current=(at == 0).then_some("true")>
                <span class="figure__name">{label}</span>
                <span class="figure__value"><span class="num" data-long=is_long(&written.number)>{written.number.clone()}</span> " " <small>{written.unit}</small></span>
            </a>
        }
    };
    view! {
        <Section id="figures">
            <dl class="keys">{given::VALUES.map(key)}</dl>
            <nav class="figures" aria-label=t.device_figures()>{given::VALUES.into_iter().enumerate().map(figure).collect_view()}</nav>
            <ul class="card design__row num">{given::AMOUNTS.map(|(amount, currency)| view! { <li>{money(amount, currency)}</li> })}</ul>
            <div class="card"><p dir="auto">{given::long_name()}</p></div>
        </Section>
    }
}

#[component]
pub(super) fn Sparks() -> impl IntoView {
    let t = use_texts();
    let spark = |(hour, silent): (Option<Hour>, bool)| {
        let words = match &hour {
            Some(hour) => hour.range().map(|(low, high)| format!("{} – {}", value(low.into(), "W").text(), value(high.into(), "W").text())),
            None => None,
        };
        view! {
            <li class="design__row">
                <Spark hour=RwSignal::new(hour) unit=Signal::stored("W".to_owned()) silent=Signal::stored(silent)/>
                <span class="muted small">{words.unwrap_or_else(|| t.devices_hour_none.to_owned())}</span>
            </li>
        }
    };
    let cases = [
        (Some(given::hour(given::load)), false),
        (Some(given::hour(|minute| if (20..33).contains(&minute) { f32::NAN } else { given::load(minute) })), false),
        (Some(given::hour(|minute| if minute < 30 { given::load(minute) } else { f32::NAN })), true),
        (Some(given::hour(|minute| if minute == 30 { 700.0 } else { f32::NAN })), false),
        (Some(given::hour(|_| 0.0)), false),
        (Some(given::hour(|minute| if minute == 5 { 1e12 } else { -0.001 })), false),
        (None, true),
    ];
    view! { <Section id="sparks"><ul class="card design__stack">{cases.map(spark)}</ul></Section> }
}
