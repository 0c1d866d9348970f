//! One device: what it measures now, its history, what it says of itself, and what could not be taken from it.

mod about;
mod chart;
mod figures;
mod gaps;
mod head;
pub(crate) mod help;
mod history;
mod period;
mod quarantine;
mod rhythm;
mod summary;
mod table;

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::LazyRoute;
use leptos_router::hooks::{use_location, use_params_map};
use leptos_router::location::Location;
use serde::{Deserialize, Serialize};
use vigia_domain::device::DeviceRow;
use vigia_domain::series::{Latest, Series};

use crate::codec::Json;
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::live::{load_again, use_live};
use crate::pages::status::FaultPage;
use crate::part::{address, loaded};
use about::About;
use figures::{FigureSet, Figures};
use head::Head;
use help::Help;
use history::History;
pub(crate) use period::Period;
use quarantine::Quarantine;
pub(crate) use quarantine::Told;

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

/// A history, and the time that it begins at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    /// Start of the first bucket, milliseconds since the epoch.
    pub(crate) from_ms: i64,
    /// The buckets.
    pub(crate) series: Series,
}

/// A metric over a period that ends now; `id` as in [`load_device`].
#[server(prefix = "/ui", endpoint = "series", input = GetUrl, output = Json)]
pub(crate) async fn load_series(id: String, metric: String, period: Period) -> Result<Stretch, Fault> {
    drop(id);
    let (from_ms, series) = crate::server::series(&metric, period).await?;
    Ok(Stretch { from_ms, series })
}

/// The device from either side.
fn ask_device(id: String) -> impl Future<Output = Result<DeviceData, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadDevice as leptos::server_fn::ServerFn>::PATH, &[("id", &id)]);
    #[cfg(not(target_arch = "wasm32"))]
    load_device(id)
}

/// A history from either side.
fn ask_series(id: String, metric: String, period: Period) -> impl Future<Output = Result<Stretch, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(
        <LoadSeries as leptos::server_fn::ServerFn>::PATH,
        &[("id", &id), ("metric", &metric), ("period", period.as_str())],
    );
    #[cfg(not(target_arch = "wasm32"))]
    load_series(id, metric, period)
}

/// `/devices/:id`, whose code is loaded where it is looked at.
pub(crate) struct DeviceRoute {
    address: String,
}

impl LazyRoute for DeviceRoute {
    fn data() -> Self {
        let Location { pathname, search, hash, .. } = use_location();
        Self { address: address(&pathname.get_untracked(), &search.get_untracked(), &hash.get_untracked()) }
    }

    async fn view(this: Self) -> AnyView {
        loaded(device_page().await, &this.address).await
    }

    async fn preload() {
        // What does not come is seen when the page is wanted.
        let _ = preload_device_page().await;
    }
}

/// Loads the code of the page. Said again after it failed, it tries again.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn load_part() -> Result<(), SplitLoaderError> {
    preload_device_page().await
}

#[leptos::wasm_split::wasm_split(device, wasm_split_path = leptos::wasm_split, preload(preload_device_page), fallible)]
fn device_page() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <DevicePage/> }.into_any())
}

#[component]
fn DevicePage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id").unwrap_or_default()));
    let device = Resource::new(move || id.get(), ask_device);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match device.await {
                    Ok(device) => view! { <Device device/> }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Device(device: DeviceData) -> impl IntoView {
    let DeviceData { row, latest, attributes, clock_offset_ms, refused } = device;
    let id = row.id.clone();
    let set = FigureSet::follow(&row, latest);
    refresh(id.clone(), set.clone());
    view! {
        <PageTitle page=row.name.clone()/>
        <Head row set=set.clone()/>
        {
            let set = set.clone();
            let id = id.clone();
            move || if set.is_empty() {
                view! { <Help id=id.clone()/> }.into_any()
            } else {
                view! {
                    <Figures set=set.clone()/>
                    <History id=id.clone() set=set.clone()/>
                }
                .into_any()
            }
        }
        <div class="device__below">
            <About attributes clock_offset_ms/>
            <Quarantine refused/>
        </div>
    }
}

/// After a lost connection or a refusal: what was missed is asked for, and shown in what already stands.
fn refresh(id: String, set: FigureSet) {
    let live = use_live();
    Effect::new(move |before: Option<u32>| {
        let returns = live.returns();
        if before.is_some_and(|before| before != returns) {
            let (id, set) = (id.clone(), set.clone());
            leptos::task::spawn_local(async move {
                match ask_device(id).await {
                    Ok(device) => set.renew(device),
                    // It is gone, or belongs to somebody else, or the session has ended: the page says which.
                    Err(fault) if matches!(fault.status, 401..=404) => load_again(),
                    Err(_) => {}
                }
            });
        }
        returns
    });
}
