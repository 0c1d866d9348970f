//! One device of the list. Each moving part is a signal of its own: an update touches that text alone.

use leptos::prelude::{Update as _, *};
use vigia_domain::device::{DeviceKind, DeviceRow, Presence};
use vigia_domain::headline::next;
use vigia_domain::hour::{Hour, MINUTES, minute_of};
use vigia_domain::units::unit_of;

use super::chosen::Choose;
use crate::clock::{at_ms, use_clock};
use crate::components::age::Age;
use crate::components::badge::PresenceBadge;
use crate::components::spark::Spark;
use crate::format::{is_long, metric, value};
use crate::i18n::{Texts, use_texts};
use crate::live::{device_topic, moved, use_live};

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
    pub(super) hour: RwSignal<Option<Hour>>,
}

impl RowState {
    /// Follows the device for as long as the current owner lives.
    pub(super) fn follow(row: DeviceRow, hour: Option<Hour>) -> Self {
        let known_ms = StoredValue::new(row.headline.as_ref().map_or(i64::MIN, |latest| at_ms(&latest.at)));
        let state = Self {
            hour: RwSignal::new(hour),
            presence: RwSignal::new(row.presence),
            seen_ms: RwSignal::new(row.seen_ms),
            headline: RwSignal::new(row.headline.map(|latest| (latest.metric, latest.value))),
            id: row.id,
            name: row.name,
            kind: row.kind,
            owner: row.owner,
        };
        let clock = use_clock();
        let (kind, presence, seen_ms, headline, hour) = (state.kind, state.presence, state.seen_ms, state.headline, state.hour);
        use_live().follow(&device_topic(&state.id), move |update| {
            let now_ms = clock.now_once_ms();
            if moved(update, presence, seen_ms, now_ms)
                && let Some(new) =
                    headline.with_untracked(|shown| next(kind, shown.as_ref().map(|(metric, _)| metric.as_str()), &update.values))
            {
                let at_ms = at_ms(&update.at);
                // What a new connection repeats is drawn already, unless it came before the page could follow.
                if update.seen_at.is_none() || at_ms > known_ms.get_value() {
                    known_ms.set_value(at_ms);
                    let begin = || Hour::new(minute_of(now_ms), [f32::NAN; MINUTES], 0);
                    hour.update(|hour| hour.get_or_insert_with(begin).add(at_ms, new.1, now_ms));
                }
                headline.set(Some(new));
            }
        });
        state
    }
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
    let RowState { id, name, kind, owner, presence, seen_ms, headline, hour } = row;
    let number = move || headline.get().map_or_else(|| "—".to_owned(), |(metric, v)| value(v, unit_of(&metric)).number);
    let unit = move || headline.get().map(|(metric, v)| value(v, unit_of(&metric)).unit);
    let spark_unit = Signal::derive(move || {
        headline.with(|headline| headline.as_ref().map(|(metric, _)| unit_of(metric).to_owned()).unwrap_or_default())
    });
    let silent = Signal::derive(move || presence.get() != Presence::Online);
    let what = move || headline.get().map_or_else(|| t.devices_no_value.to_owned(), |(name, _)| metric(t, &name));
    // An id that is its own name is not said twice.
    let below = if name == id { kind_word(t, kind).to_owned() } else { format!("{} · {id}", kind_word(t, kind)) };
    view! {
        <tr role="row" data-device=id.clone()>
            <td role="cell" class="devices__pick"><Choose id=id.clone() name=name.clone()/></td>
            <th role="rowheader" scope="row" class="devices__name">
                <a href=format!("/devices/{id}") dir="auto" title=name>{name.clone()}</a>
                <small>{below}</small>
            </th>
            <td role="cell" class="devices__owner" title=owner>{owner.clone().unwrap_or_else(|| "—".to_owned())}</td>
            <td role="cell" class="devices__kind">{kind_word(t, kind)}</td>
            <td role="cell" class="devices__state"><PresenceBadge presence/></td>
            <td role="cell" class="devices__value end">
                <strong class="num" data-value="" data-long=move || is_long(&number())>{number}</strong>
                " "
                <span class="muted">{unit}</span>
                <small>{what}</small>
            </td>
            <td role="cell" class="devices__hour"><Spark hour unit=spark_unit silent/></td>
            <td role="cell" class="devices__seen"><Age at_ms=seen_ms/></td>
        </tr>
    }
}
