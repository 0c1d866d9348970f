//! What needs attention, in each of its kinds, and what stands there when nothing does.

use leptos::prelude::*;
use vigia_domain::attention::{About, Concern, Group, Kind};
use vigia_domain::series::Latest;

use super::{Section, given};
use crate::components::mark::Mark;
use crate::format::rfc3339;
use crate::i18n::use_texts;
use crate::pages::home::{GroupCard, MineCard, TroubleCard, WaitingCard};

const MINUTE_MS: i64 = 60_000;

/// A customer's devices.
#[component]
pub(super) fn Mine() -> impl IntoView {
    let cards = given::devices().rows.into_iter().map(|row| view! { <MineCard row/> });
    view! { <Section id="mine"><ul class="mine">{cards.collect_view()}</ul></Section> }
}

#[component]
pub(super) fn Concerns() -> impl IntoView {
    let t = use_texts();
    let of = |id: &str, name: &str, about: About| Concern { id: id.to_owned(), name: name.to_owned(), about };
    let group = |kind: Kind, count: u64, rows: Vec<Concern>| view! { <GroupCard group=Group { kind, count, is_at_least: kind == Kind::Refused, rows }/> };
    let ago = |minutes: i64| given::NOW_MS - minutes * MINUTE_MS;
    let last = Latest { metric: "power_w".to_owned(), value: 742.0, unit: "W".to_owned(), at: rfc3339(ago(192)), age_ms: 192 * MINUTE_MS };
    view! {
        <Section id="concerns">
            <div class="concerns">
                <TroubleCard troubles=vec!["the broker mqtts://broker.example:8883 cannot be reached: connection refused".to_owned()]/>
                {group(Kind::Silent, 14, vec![
                    of("vg-7f3a40", "Medidor Local 4", About::Silent { since_ms: ago(192), last: Some(last) }),
                    of("nuevo", "nuevo", About::Silent { since_ms: ago(3), last: None }),
                ])}
                {group(Kind::Commands, 1, vec![
                    of("vg-7f3a22", &given::long_name(), About::Command { name: "relay.set".to_owned(), failed: true, at_ms: ago(40) }),
                ])}
                {group(Kind::Clocks, 2, vec![
                    of("vg-7f3a55", given::RIGHT_TO_LEFT, About::Clock(-4 * MINUTE_MS)),
                    of("AA:BB:CC:DD:EE:FF", given::PICTURES, About::Clock(86_400_000)),
                ])}
                {group(Kind::Refused, 1, vec![
                    of(&given::unbroken(), given::MARKUP, About::Refused { count: 1_204, is_at_least: true, at_ms: ago(0), why: given::MARKUP.to_owned() }),
                ])}
                <WaitingCard waiting=3/>
            </div>
            <section class="calm card">
                <Mark/>
                <h3>{t.home_calm}</h3>
                <p class="muted">{t.home_calm_detail}</p>
            </section>
        </Section>
    }
}
