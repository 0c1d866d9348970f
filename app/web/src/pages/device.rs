//! One device: what it measures now, its history, what it says of itself, and what could not be taken from it.

mod about;
mod figures;
mod head;
pub(crate) mod help;
mod history;
mod messages;
mod own;
mod quarantine;
mod second;
mod tab;
mod trial;
mod view;

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use vigia_domain::device::DeviceRow;
use vigia_domain::series::Latest;

use crate::codec::Json;
use crate::components::chart::Stretch;
use crate::components::chart::period::Period;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::tabs::Panel;
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::live::{load_again, use_live};
use crate::pages::status::FaultPage;
use crate::part::lazy_page;
use crate::piece::piece;
use about::About;
use figures::{FigureSet, Figures};
use head::Head;
use help::Help;
use history::History;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use messages::Heard;
pub(crate) use messages::Messages;
use messages::RawMessages;
use quarantine::Quarantine;
pub(crate) use quarantine::Told;
use tab::{Part, Parts, is_open};
pub(crate) use trial::Tried;
use trial::TryPayload;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use trial::{Filled, Found, decoder_word};
use view::View;

/// What the page of a device starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeviceData {
    /// The list's line of it.
    pub(crate) row: DeviceRow,
    /// Last value of every metric, in order of importance.
    pub(crate) latest: Vec<Latest>,
    /// Texts it told of itself.
    pub(crate) attributes: BTreeMap<String, String>,
    /// How far its clock is ahead, in milliseconds, if that is known.
    pub(crate) clock_offset_ms: Option<i64>,
    /// The newest refusals, newest first.
    pub(crate) refused: Vec<Told>,
}

/// The device as it is now. `id` is read by the guard of the route, which finds the device.
#[server(prefix = "/ui", endpoint = "device", input = GetUrl, output = Json)]
pub(crate) async fn load_device(id: String) -> Result<DeviceData, Fault> {
    drop(id);
    crate::server::device().await
}

/// A metric over a period, seen closer where `zoom` says so, with another one beside it, and with its own past behind it; `id` as in
/// [`load_device`].
#[server(prefix = "/ui", endpoint = "series", input = GetUrl, output = Json)]
pub(crate) async fn load_series(
    id: String,
    metric: String,
    period: Period,
    zoom: Option<Period>,
    other: Option<String>,
    #[server(default)] compare: bool,
) -> Result<Stretch, Fault> {
    drop(id);
    crate::server::stretch(&metric, period, zoom, other.as_deref(), compare).await
}

/// What the device has sent since it is looked at; `since` and `after`: the look and the message that the page has already. `id` as in
/// [`load_device`].
#[server(prefix = "/ui", endpoint = "messages", input = GetUrl, output = Json)]
pub(crate) async fn load_messages(id: String, since: Option<i64>, after: Option<u64>) -> Result<Messages, Fault> {
    drop(id);
    crate::server::messages(since.zip(after)).await
}

/// What would become of a message. The device stands in the address, where the guard of the route reads it.
#[server(prefix = "/ui", endpoint = "try", output = Json)]
pub(crate) async fn try_message(topic: String, decoder: String, payload: String) -> Result<Tried, Fault> {
    crate::server::try_out(&Filled { topic, decoder, payload })
}

/// The device from either side.
fn ask_device(id: String) -> impl Future<Output = Result<DeviceData, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadDevice as leptos::server_fn::ServerFn>::PATH, &[("id", &id)]);
    #[cfg(not(target_arch = "wasm32"))]
    load_device(id)
}

/// Messages from either side; `known` as on the server.
fn ask_messages(id: String, known: Option<(i64, u64)>) -> impl Future<Output = Result<Messages, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    {
        let known = known.map(|(since, after)| (since.to_string(), after.to_string()));
        let mut query = vec![("id", id.as_str())];
        query.extend(known.iter().flat_map(|(since, after)| [("since", since.as_str()), ("after", after.as_str())]));
        crate::ask::ask(<LoadMessages as leptos::server_fn::ServerFn>::PATH, &query)
    }
    #[cfg(not(target_arch = "wasm32"))]
    load_messages(id, known.map(|known| known.0), known.map(|known| known.1))
}

/// A history from either side.
fn ask_series(id: String, view: View) -> impl Future<Output = Result<Stretch, Fault>> + Send {
    let View { metric, other, period, zoom, compare } = view;
    #[cfg(target_arch = "wasm32")]
    {
        let (period, zoom) = (String::from(period), zoom.map(String::from));
        let mut query = vec![("id", id.as_str()), ("metric", metric.as_str()), ("period", period.as_str())];
        query.extend(zoom.as_deref().map(|zoom| ("zoom", zoom)));
        query.extend(other.as_deref().map(|other| ("other", other)));
        query.extend(compare.then_some(("compare", "true")));
        crate::ask::ask(<LoadSeries as leptos::server_fn::ServerFn>::PATH, &query)
    }
    #[cfg(not(target_arch = "wasm32"))]
    load_series(id, metric, period, zoom, other, compare)
}

lazy_page!(
    /// `/devices/:id`.
    DeviceRoute,
    device,
    device_code,
    preload_device,
    DevicePage
);

#[component]
fn DevicePage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id").unwrap_or_default()));
    let device = Resource::new(move || id.get(), ask_device);
    // A piece of its own: the page's code has just come, and has been called for the first time.
    piece(move || {
        view! {
            <div class="whole">
                <Transition fallback=|| view! { <Skeleton of=Of::Device/> }>
                    {move || Suspend::new(async move {
                        match device.await {
                            Ok(device) => view! { <Device device/> }.into_any(),
                            Err(fault) => view! { <FaultPage fault/> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
        }
    })
}

#[component]
fn Device(device: DeviceData) -> impl IntoView {
    let DeviceData { row, latest, attributes, clock_offset_ms, refused } = device;
    let id = row.id.clone();
    let set = FigureSet::follow(&row, latest);
    let (refused, fill) = (RwSignal::new(refused), RwSignal::new(None));
    refresh(id.clone(), set.clone(), refused);
    let of_overview = {
        let (id, set) = (id.clone(), set.clone());
        move || {
            if set.is_empty() {
                view! { <Help id=id.clone()/> }.into_any()
            } else {
                let (id, set) = (id.clone(), set.clone());
                view! {
                    <Figures set=set.clone()/>
                    {piece(move || view! { <History id set/> })}
                }
                .into_any()
            }
        }
    };
    let in_messages = is_open(Part::Messages);
    let attributes = StoredValue::new(attributes);
    view! {
        <PageTitle page=row.name.clone()/>
        {piece(move || view! { <Head row set/> })}
        {piece(move || view! { <Parts aside=Signal::derive(move || refused.with(Vec::len))/> })}
        {piece(move || view! { <Panel is_open=is_open(Part::Overview)>{of_overview.clone()}</Panel> })}
        {piece(move || view! {
            <Panel is_open=in_messages>
                <div class="device__messages">
                    <RawMessages id=id.clone() is_open=in_messages refused fill/>
                    <TryPayload id=id.clone() fill/>
                    <Quarantine refused fill/>
                </div>
            </Panel>
        })}
        {piece(move || view! {
            <Panel is_open=is_open(Part::About)>
                <About attributes=attributes.get_value() clock_offset_ms/>
            </Panel>
        })}
    }
}

/// After a lost connection or a refusal: what was missed is asked for, and shown in what already stands.
fn refresh(id: String, set: FigureSet, refused: RwSignal<Vec<Told>>) {
    let live = use_live();
    Effect::new(move |before: Option<u32>| {
        let returns = live.returns();
        if before.is_some_and(|before| before != returns) {
            let (id, set) = (id.clone(), set.clone());
            leptos::task::spawn_local(async move {
                match ask_device(id).await {
                    Ok(device) => {
                        let _ = refused.try_set(device.refused.clone());
                        set.renew(device);
                    }
                    // It is gone, or belongs to somebody else, or the session has ended: the page says which.
                    Err(fault) if matches!(fault.status, 401..=404) => load_again(fault.status),
                    Err(_) => {}
                }
            });
        }
        returns
    });
}
