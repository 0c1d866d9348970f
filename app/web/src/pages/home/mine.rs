//! A customer's home: each of their devices with its value, moving.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use vigia_domain::device::{DevicePage, DeviceRow};
use vigia_domain::headline::next;
use vigia_domain::units::unit_of;

use crate::clock::use_clock;
use crate::codec::Json;
use crate::components::age::Age;
use crate::components::badge::PresenceBadge;
use crate::components::page_head::PageHead;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::format::{is_long, metric, value};
use crate::i18n::use_texts;
use crate::known::Known;
use crate::live::{device_topic, moved, use_live};
use crate::pages::devices::{NoDevices, Wanted};
use crate::pages::status::FaultPage;

/// So many cards; the list has the others.
#[cfg(not(target_arch = "wasm32"))]
const CARDS: usize = 48;

/// One's own devices, as many as home shows.
#[server(prefix = "/ui", endpoint = "mine", input = GetUrl, output = Json)]
pub(crate) async fn load_mine() -> Result<DevicePage, Fault> {
    crate::server::mine(CARDS).await
}

/// The same from either side.
fn ask_mine() -> impl Future<Output = Result<DevicePage, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadMine as leptos::server_fn::ServerFn>::PATH, &[]);
    #[cfg(not(target_arch = "wasm32"))]
    load_mine()
}

#[component]
pub(super) fn MinePage() -> impl IntoView {
    let (t, live) = (use_texts(), use_live());
    let known = Known::nothing();
    let devices = Resource::new(move || (live.returns(), known.tries()), |_| ask_mine());
    view! {
        <PageTitle page=t.mine_title/>
        <Transition fallback=|| view! { <Skeleton of=Of::Board/> }>
            {move || Suspend::new(async move {
                match known.or_last(&Wanted::default(), devices.await) {
                    Ok(page) if page.counts.all == 0 => view! { <NoDevices/> }.into_any(),
                    Ok(page) => view! { <Mine page/> }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Mine(page: DevicePage) -> impl IntoView {
    let t = use_texts();
    let has_more = page.counts.all > page.rows.len() as u64;
    view! {
        <PageHead title=t.mine_title lead=t.devices_count(page.counts.all)/>
        <ul class="mine">{page.rows.into_iter().map(|row| view! { <MineCard row/> }).collect_view()}</ul>
        {has_more.then(|| view! { <p><a class="link" href="/devices">{t.mine_all}</a></p> })}
    }
}

#[component]
pub(crate) fn MineCard(row: DeviceRow) -> impl IntoView {
    let (t, clock) = (use_texts(), use_clock());
    let DeviceRow { id, name, kind, presence, seen_ms, headline, .. } = row;
    let (presence, seen) = (RwSignal::new(presence), RwSignal::new(seen_ms));
    let shown = RwSignal::new(headline.map(|latest| (latest.metric, latest.value)));
    use_live().follow(&device_topic(&id), move |update| {
        if moved(update, presence, seen, clock.now_once_ms())
            && let Some(new) = shown.with_untracked(|shown| next(kind, shown.as_ref().map(|(metric, _)| metric.as_str()), &update.values))
        {
            shown.set(Some(new));
        }
    });
    let number = move || shown.get().map_or_else(|| "—".to_owned(), |(metric, v)| value(v, unit_of(&metric)).number);
    let unit = move || shown.get().map(|(metric, v)| value(v, unit_of(&metric)).unit);
    let what = move || shown.get().map_or_else(|| t.devices_no_value.to_owned(), |(name, _)| metric(t, &name));
    view! {
        <li class="mine__card card" data-device=id.clone()>
            <div class="mine__head">
                <h2><a href=format!("/devices/{id}") dir="auto" title=name>{name.clone()}</a></h2>
                <PresenceBadge presence/>
            </div>
            <p class="mine__value">
                <strong class="num" data-value="" data-long=move || is_long(&number())>{number}</strong>
                " "
                <span>{unit}</span>
            </p>
            <p class="muted small">{what} " · " <Age at_ms=seen/></p>
        </li>
    }
}
