//! The list of devices: their state, last value and age, moving by themselves.

mod empty;
mod filter;
mod row;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_query_map;
use vigia_domain::device::{DeviceRow, Presence};

use crate::codec::Json;
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::i18n::use_texts;
use crate::live::use_live;
use crate::pages::status::FaultPage;
use empty::NoDevices;
use filter::{Filter, FilterBar};
pub(crate) use row::kind_word;
use row::{Row, RowState};

/// The devices that the visitor may see, those that need the eye first.
#[server(prefix = "/ui", endpoint = "devices", input = GetUrl, output = Json)]
pub(crate) async fn load_devices() -> Result<Vec<DeviceRow>, Fault> {
    crate::server::devices().await
}

/// The same from either side.
fn ask_devices() -> impl Future<Output = Result<Vec<DeviceRow>, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadDevices as leptos::server_fn::ServerFn>::PATH, &[]);
    #[cfg(not(target_arch = "wasm32"))]
    load_devices()
}

/// `/` and `/devices`.
#[component]
pub(crate) fn DevicesPage() -> impl IntoView {
    let t = use_texts();
    let live = use_live();
    let devices = Resource::new(move || live.returns(), |_| ask_devices());
    view! {
        <PageTitle page=t.devices_title/>
        <Transition>
            {move || Suspend::new(async move {
                match devices.await {
                    Ok(rows) if rows.is_empty() => view! { <NoDevices/> }.into_any(),
                    Ok(rows) => view! { <DeviceList rows/> }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn DeviceList(rows: Vec<DeviceRow>) -> impl IntoView {
    let t = use_texts();
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|q| Filter::of(q.get_str("show"))));
    // A house whose devices belong to nobody needs no column for it.
    let class = if rows.iter().any(|row| row.owner.is_some()) { "devices" } else { "devices devices--ours" };
    let rows: Vec<RowState> = rows.into_iter().map(RowState::follow).collect();
    let presences: Vec<_> = rows.iter().map(|row| row.presence).collect();
    let presences = StoredValue::new(presences);
    let none = move || presences.with_value(|all| !all.iter().any(|presence| filter.get().takes(presence.get())));
    let lead = move || presences.with_value(|all| sentence(all));
    view! {
        <header class="page-head">
            <div>
                <h1>{t.devices_title}</h1>
                <p class="muted small">{lead}</p>
            </div>
        </header>
        <FilterBar filter/>
        <div class="card card--table">
            // The roles are said again: as cards on a phone the table keeps its meaning.
            <table class=class role="table" aria-label=t.devices_table>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t.devices_name}</th>
                        <th role="columnheader" scope="col">{t.devices_owner}</th>
                        <th role="columnheader" scope="col">{t.devices_state}</th>
                        <th role="columnheader" scope="col" class="end">{t.devices_value}</th>
                        <th role="columnheader" scope="col">{t.devices_seen}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {rows.into_iter().map(|row| view! { <Row row filter/> }).collect_view()}
                </tbody>
            </table>
            <p class="devices__none" hidden=move || !none()>
                {t.devices_filter_none} " " <a class="link" href="/devices">{t.devices_filter_clear}</a>
            </p>
        </div>
    }
}

/// "12 devices · 9 online · 1 without signal"
fn sentence(presences: &[RwSignal<Presence>]) -> String {
    let t = use_texts();
    let count = |which: Presence| presences.iter().filter(|presence| presence.get() == which).count() as u64;
    let (online, offline, never) = (count(Presence::Online), count(Presence::Offline), count(Presence::Never));
    let mut parts = vec![t.devices_count(presences.len() as u64), t.devices_online(online)];
    if offline > 0 {
        parts.push(t.devices_offline(offline));
    }
    if never > 0 {
        parts.push(t.devices_never(never));
    }
    parts.join(" · ")
}
