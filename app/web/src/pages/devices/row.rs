//! One device of the list. Each moving part is a signal of its own: an update touches that text alone.

use leptos::prelude::*;
use vigia_domain::device::{DeviceKind, DeviceRow, Presence};
use vigia_domain::live::Update;
use vigia_domain::units::unit_of;

use crate::clock::use_clock;
use crate::components::age::Age;
use crate::components::badge::PresenceBadge;
use crate::format::{metric, value};
use crate::i18n::{Texts, use_texts};
use crate::live::{self, device_topic, use_live};

/// A row and what moves in it.
#[derive(Clone)]
pub(super) struct RowState {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: DeviceKind,
    pub(super) owner: Option<String>,
    pub(super) presence: RwSignal<Presence>,
    pub(super) seen_ms: RwSignal<Option<i64>>,
    pub(super) headline: RwSignal<Option<(String, f64)>>,
}

impl RowState {
    /// Follows the device for as long as the current owner lives.
    pub(super) fn follow(row: DeviceRow) -> Self {
        let state = Self {
            presence: RwSignal::new(row.presence),
            seen_ms: RwSignal::new(row.seen_ms),
            headline: RwSignal::new(row.headline.map(|latest| (latest.metric, latest.value))),
            id: row.id,
            name: row.name,
            kind: row.kind,
            owner: row.owner,
        };
        let clock = use_clock();
        let (presence, seen_ms, headline) = (state.presence, state.seen_ms, state.headline);
        use_live().follow(&device_topic(&state.id), move |update| {
            let now = update.presence(seen_ms.get_untracked());
            if presence.get_untracked() != now {
                presence.set(now);
            }
            if update.values.is_empty() {
                return;
            }
            seen_ms.set(live::seen_ms(update, seen_ms.get_untracked(), clock.now_once_ms()));
            if let Some(new) = next_headline(headline.get_untracked().as_ref(), update) {
                headline.set(Some(new));
            }
        });
        state
    }
}

/// The same metric again; for a device that had none yet, its power or else the first.
fn next_headline(old: Option<&(String, f64)>, update: &Update) -> Option<(String, f64)> {
    let metric = match old {
        Some((metric, _)) => metric.as_str(),
        None if update.values.contains_key("power_w") => "power_w",
        None => update.values.keys().next()?,
    };
    update.values.get(metric).map(|value| (metric.to_owned(), *value))
}

/// The word for a kind.
pub(crate) fn kind_word(t: &'static Texts, kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::EnergyMeter => t.kind_energy_meter,
        DeviceKind::Switch => t.kind_switch,
        DeviceKind::Biodigester => t.kind_biodigester,
        DeviceKind::PillDispenser => t.kind_pill_dispenser,
        DeviceKind::Other => t.kind_other,
    }
}

#[component]
pub(super) fn Row(row: RowState) -> impl IntoView {
    let t = use_texts();
    let RowState { id, name, kind, owner, presence, seen_ms, headline } = row;
    let number = move || headline.get().map_or_else(|| "—".to_owned(), |(metric, v)| value(v, unit_of(&metric)).number);
    let unit = move || headline.get().map(|(metric, v)| value(v, unit_of(&metric)).unit);
    let what = move || headline.get().map_or_else(|| t.devices_no_value.to_owned(), |(name, _)| metric(t, &name));
    // An id that is its own name is not said twice.
    let below = if name == id { kind_word(t, kind).to_owned() } else { format!("{} · {id}", kind_word(t, kind)) };
    view! {
        <tr role="row" data-device=id.clone()>
            <th role="rowheader" scope="row" class="devices__name">
                <a href=format!("/devices/{id}") dir="auto">{name}</a>
                <small>{below}</small>
            </th>
            <td role="cell" class="devices__owner">{owner.unwrap_or_else(|| "—".to_owned())}</td>
            <td role="cell" class="devices__state"><PresenceBadge presence/></td>
            <td role="cell" class="devices__value end">
                <strong class="num" data-value="">{number}</strong>
                " "
                <span class="muted">{unit}</span>
                <small>{what}</small>
            </td>
            <td role="cell" class="devices__seen"><Age at_ms=seen_ms/></td>
        </tr>
    }
}
