//! The list of devices: their state, last value and age, moving by themselves.

mod empty;
mod filter;
mod pager;
mod row;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_query_map;
use vigia_domain::device::{DeviceCounts, DevicePage, Presence};

use crate::codec::Json;
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::format::count;
use crate::i18n::use_texts;
use crate::live::use_live;
use crate::pages::status::FaultPage;
use empty::NoDevices;
pub(crate) use filter::Show;
use filter::{FilterBar, Wanted};
use pager::Pager;
pub(crate) use row::kind_word;
use row::{Row, RowState};

/// A page of the devices that the visitor may see. A `from` that is no cursor of ours begins at the first.
#[server(prefix = "/ui", endpoint = "devices", input = GetUrl, output = Json)]
pub(crate) async fn load_devices(
    #[server(default)] q: String,
    #[server(default)] show: Show,
    #[server(default)] from: String,
) -> Result<DevicePage, Fault> {
    crate::server::devices(&q, show, &from).await
}

/// The same from either side.
fn ask_devices(wanted: Wanted) -> impl Future<Output = Result<DevicePage, Fault>> + Send {
    let Wanted { text, show, from } = wanted;
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadDevices as leptos::server_fn::ServerFn>::PATH, &[("q", &text), ("show", show.word()), ("from", &from)]);
    #[cfg(not(target_arch = "wasm32"))]
    load_devices(text, show, from)
}

/// `/` and `/devices`.
#[component]
pub(crate) fn DevicesPage() -> impl IntoView {
    let (t, live, query) = (use_texts(), use_live(), use_query_map());
    let wanted = Memo::new(move |_| query.with(Wanted::of));
    let devices = Resource::new(move || (live.returns(), wanted.get()), |(_, wanted)| ask_devices(wanted));
    view! {
        <PageTitle page=t.devices_title/>
        <Transition>
            {move || Suspend::new(async move {
                let wanted = wanted.get();
                match devices.await {
                    Ok(page) if page.counts.all == 0 => view! { <NoDevices/> }.into_any(),
                    Ok(page) => view! { <DeviceList page wanted/> }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn DeviceList(page: DevicePage, wanted: Wanted) -> impl IntoView {
    let t = use_texts();
    // A house whose devices belong to nobody needs no column for it.
    let class = if page.rows.iter().any(|row| row.owner.is_some()) { "devices" } else { "devices devices--ours" };
    let (counts, found) = (page.counts, page.found);
    let rows: Vec<RowState> = page.rows.iter().cloned().map(RowState::follow).collect();
    let came: Vec<_> = page.rows.iter().map(|row| row.presence).collect();
    let now: Vec<_> = rows.iter().map(|row| row.presence).collect();
    let moving = StoredValue::new((came, now));
    let text = wanted.text.clone();
    let lead = move || {
        let counts = moving.with_value(|(came, now)| counts_now(counts, came, now));
        if text.is_empty() { sentence(counts) } else { t.devices_found(counts.all, count(found), &text) }
    };
    view! {
        <header class="page-head">
            <div>
                <h1>{t.devices_title}</h1>
                <p class="muted small">{lead}</p>
            </div>
        </header>
        <FilterBar wanted=wanted.clone()/>
        <div class="card card--table">
            // The roles are said again: as cards on a phone the table keeps its meaning.
            <table class=class role="table" aria-label=t.devices_table hidden=page.rows.is_empty()>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t.devices_name}</th>
                        <th role="columnheader" scope="col">{t.devices_owner}</th>
                        <th role="columnheader" scope="col">{t.devices_state}</th>
                        <th role="columnheader" scope="col" class="end">{t.devices_value}</th>
                        <th role="columnheader" scope="col">{t.devices_seen}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.into_iter().map(|row| view! { <Row row/> }).collect_view()}</tbody>
            </table>
            {(found == 0 && wanted.leaves_out()).then(|| view! {
                <p class="devices__none">{t.devices_filter_none} " " <a class="link" href="/devices">{t.devices_filter_clear}</a></p>
            })}
        </div>
        <Pager wanted page/>
    }
}

/// The counts of the whole list, moved by what changed among the rows of this page since they came.
fn counts_now(mut counts: DeviceCounts, came: &[Presence], now: &[RwSignal<Presence>]) -> DeviceCounts {
    for (came, now) in came.iter().zip(now) {
        *count_of(&mut counts, *came) -= 1;
        *count_of(&mut counts, now.get()) += 1;
    }
    counts
}

const fn count_of(counts: &mut DeviceCounts, presence: Presence) -> &mut u64 {
    match presence {
        Presence::Online => &mut counts.online,
        Presence::Offline => &mut counts.offline,
        Presence::Never => &mut counts.never,
    }
}

/// "12 devices · 9 online · 1 without signal"
fn sentence(counts: DeviceCounts) -> String {
    let t = use_texts();
    let DeviceCounts { all, online, offline, never } = counts;
    let mut parts = vec![t.devices_count(all), t.devices_online(online)];
    if offline > 0 {
        parts.push(t.devices_offline(offline));
    }
    if never > 0 {
        parts.push(t.devices_never(never));
    }
    parts.join(" · ")
}
