//! The list of devices: their state, last value and age, moving by themselves.

mod chosen;
mod columns;
mod empty;
#[cfg(not(target_arch = "wasm32"))]
mod export;
mod filter;
mod head;
mod keys;
mod pager;
mod row;
mod wanted;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_query_map;
use vigia_domain::device::{DeviceCounts, DevicePage, Presence};

use crate::boot::use_boot;
use crate::codec::Json;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::format::count;
use crate::i18n::use_texts;
use crate::known::Known;
use crate::live::use_live;
use crate::pages::status::FaultPage;
use crate::piece::piece;
use chosen::{BulkBar, Chosen};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use columns::ChooseColumns;
pub(crate) use empty::NoDevices;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use export::export_csv;
use filter::FilterBar;
use head::Heads;
use keys::follow_keys;
use pager::Pager;
pub(crate) use row::kind_word;
use row::{Row, RowState};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use wanted::Show;
pub(crate) use wanted::Wanted;

/// The list as a table for other programs.
pub(crate) const CSV: &str = "/devices.csv";

/// A page of the devices that the visitor may see. A `from` that is no cursor of ours begins at the first.
#[server(prefix = "/ui", endpoint = "devices", input = GetUrl, output = Json)]
pub(crate) async fn load_devices(
    #[server(default)] q: String,
    #[server(default)] show: String,
    #[server(default)] kind: String,
    #[server(default)] owner: String,
    #[server(default)] sort: String,
    #[server(default)] from: String,
) -> Result<DevicePage, Fault> {
    let wanted = Wanted::new(q, &show, &kind, owner, &sort, from);
    // An address that somebody kept shows what it can; who asks as a program must not get more than it asked for.
    if wanted.says(&[("show", &show), ("kind", &kind), ("sort", &sort)]) {
        crate::server::devices(&wanted).await
    } else {
        crate::server::refused()
    }
}

/// The same from either side.
fn ask_devices(wanted: Wanted) -> impl Future<Output = Result<DevicePage, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadDevices as leptos::server_fn::ServerFn>::PATH, &wanted.words());
    #[cfg(not(target_arch = "wasm32"))]
    {
        let [text, show, kind, owner, sort, from] = wanted.words().map(|(_, value)| value.to_owned());
        load_devices(text, show, kind, owner, sort, from)
    }
}

/// `/devices`.
#[component]
pub(crate) fn DevicesPage() -> impl IntoView {
    let (t, live, query) = (use_texts(), use_live(), use_query_map());
    let wanted = Memo::new(move |_| query.with(Wanted::of));
    let known = Known::nothing();
    let devices = Resource::new(move || (live.returns(), known.tries(), wanted.get()), |(_, _, wanted)| ask_devices(wanted));
    let loading = RwSignal::new(false);
    // The server's first answer is whole when it comes: that it was waited for there must not stay on the page.
    let set_loading = SignalSetter::map(move |is_loading| {
        if cfg!(target_arch = "wasm32") {
            loading.set(is_loading)
        }
    });
    provide_context(Chosen::as_it_stands());
    follow_keys();
    view! {
        <PageTitle page=t.devices_title/>
        <Transition fallback=|| view! { <Skeleton of=Of::List/> } set_pending=set_loading>
            {move || Suspend::new(async move {
                let wanted = wanted.get();
                match known.or_last(&wanted, devices.await) {
                    Ok(page) if page.counts.all == 0 => view! { <NoDevices/> }.into_any(),
                    Ok(page) => view! { <DeviceList page wanted loading/> }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The list with rows that are given and words that were looked for, as the page of all parts shows it.
#[component]
pub(crate) fn GivenList(page: DevicePage, text: String) -> impl IntoView {
    provide_context(Chosen(RwSignal::new(Vec::new())));
    follow_keys();
    view! { <DeviceList page wanted=Wanted { text, ..Wanted::default() } loading=RwSignal::new(false)/> }
}

#[component]
fn DeviceList(page: DevicePage, wanted: Wanted, loading: RwSignal<bool>) -> impl IntoView {
    let t = use_texts();
    let columns = RwSignal::new(use_boot().with_value(|boot| boot.columns));
    // A house whose devices belong to nobody needs no column for it.
    let ours = if page.rows.iter().any(|row| row.owner.is_some()) { "" } else { " devices--no-owner" };
    let class = move || format!("{}{ours}", columns.get().class());
    let (counts, found) = (page.counts, page.found);
    let (kinds, owners) = (page.kinds.clone(), page.owners.clone());
    let rows: Vec<RowState> =
        page.rows.iter().cloned().zip(page.hours.iter().cloned()).map(|(row, hour)| RowState::follow(row, hour)).collect();
    if let Some(Chosen(chosen)) = use_context() {
        chosen.update(|ids| ids.retain(|id| page.rows.iter().any(|row| row.id == *id)));
    }
    let came: Vec<_> = page.rows.iter().map(|row| row.presence).collect();
    let now: Vec<_> = rows.iter().map(|row| row.presence).collect();
    let moving = StoredValue::new((came, now));
    let (text, some) = (wanted.text.clone(), wanted.kind.is_some() || !wanted.owner.is_empty());
    let lead = move || {
        let counts = moving.with_value(|(came, now)| counts_now(counts, came, now));
        match (text.is_empty(), some) {
            (true, false) => sentence(counts),
            (true, true) => t.devices_some(counts.all, count(found)),
            (false, _) => t.devices_found(counts.all, count(found), &text),
        }
    };
    let (export, filtered, headed) = (wanted.export(CSV), wanted.clone(), wanted.clone());
    view! {
        <header class="page-head">
            <div>
                <h1>{t.devices_title}</h1>
                <p class="muted small">{lead}</p>
            </div>
            // A file and no page: the browser fetches it, and shows what it gets instead.
            <a class="button" href=export rel="external" hidden=found == 0>{t.devices_export}</a>
        </header>
        {piece(move || view! { <FilterBar wanted=filtered kinds owners columns/> })}
        <div class="card card--table">
            // The roles are said again: as cards on a phone the table keeps its meaning.
            <table class=class role="table" aria-label=t.devices_table aria-busy=move || if loading.get() { "true" } else { "false" }
                hidden=page.rows.is_empty()>
                {piece(move || view! { <Heads wanted=headed/> })}
                <tbody role="rowgroup">{rows.into_iter().map(|row| piece(|| view! { <Row row/> })).collect_view()}</tbody>
            </table>
            {(found == 0 && wanted.leaves_out()).then(|| view! {
                <p class="devices__none">{t.devices_filter_none} " " <a class="link" href="/devices">{t.devices_filter_clear}</a></p>
            })}
        </div>
        <BulkBar/>
        <Pager wanted page/>
        <p class="devices__keys muted small">{t.devices_keys}</p>
    }
}

/// The counts of the whole list, moved by what changed among the rows of this page since they came.
fn counts_now(mut counts: DeviceCounts, came: &[Presence], now: &[RwSignal<Presence>]) -> DeviceCounts {
    for (came, now) in came.iter().zip(now) {
        // The server may have counted a device a moment before it read its row.
        let was = count_of(&mut counts, *came);
        *was = was.saturating_sub(1);
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
