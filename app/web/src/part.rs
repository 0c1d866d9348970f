//! Pages whose code is a file of its own, loaded when somebody goes there: a first visit waits for nothing that it does not show.

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;

/// The page, or, where its code did not come (the line is down, or there is a new version), a whole new load of its address: until that is
/// there the old page stays as it is.
pub(crate) async fn loaded(page: Result<AnyView, SplitLoaderError>, address: &str) -> AnyView {
    match page {
        Ok(page) => page,
        Err(_) => {
            let _ = window().location().assign(address);
            std::future::pending().await
        }
    }
}
