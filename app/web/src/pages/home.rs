//! Home: what needs attention for who runs the installation, one's own devices for a customer.

mod attention;
mod group;
mod mine;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::LazyRoute;
use vigia_domain::attention::Attention;

use crate::codec::Json;
use crate::components::nav::is_customer;
use crate::fault::Fault;
use crate::part::{address_now, loaded};
use attention::AttentionPage;
pub(crate) use group::{GroupCard, TroubleCard, WaitingCard};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use mine::LoadMine;
pub(crate) use mine::MineCard;
use mine::MinePage;

/// What needs attention, its reasons in the visitor's language.
#[server(prefix = "/ui", endpoint = "attention", input = GetUrl, output = Json)]
pub(crate) async fn load_attention() -> Result<Attention, Fault> {
    crate::server::attention().await
}

/// The same from either side.
pub(crate) fn ask_attention() -> impl Future<Output = Result<Attention, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadAttention as leptos::server_fn::ServerFn>::PATH, &[]);
    #[cfg(not(target_arch = "wasm32"))]
    load_attention()
}

/// `/`. Who runs the installation has it with the rest; a customer's is a part.
pub(crate) struct HomeRoute {
    address: String,
    is_customer: bool,
}

impl LazyRoute for HomeRoute {
    fn data() -> Self {
        Self { address: address_now(), is_customer: is_customer() }
    }

    async fn view(this: Self) -> AnyView {
        if this.is_customer { loaded(mine_code().await, &this.address).await } else { view! { <AttentionPage/> }.into_any() }
    }
}

#[leptos::wasm_split::wasm_split(mine, wasm_split_path = leptos::wasm_split, preload(preload_mine), fallible)]
pub(crate) fn mine_code() -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <MinePage/> }.into_any())
}
