//! Reading from the server: on the server the function itself, in the browser one small fetch for all of them.
//!
//! Leptos's own client for a server function is made anew for each; together they are 20 KB more to load.

#![cfg(target_arch = "wasm32")]

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, Response};

use crate::fault::Fault;

/// Asks the server function at `path`. Its errors come as they are; a way to the server that fails is unavailable.
pub(crate) fn ask<T>(path: &'static str, query: &[(&str, &str)]) -> impl Future<Output = Result<T, Fault>> + Send + use<T>
where
    T: serde::de::DeserializeOwned,
{
    let mut address = String::from(path);
    for (i, (name, value)) in query.iter().enumerate() {
        address.push(if i == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.push_str(&String::from(js_sys::encode_uri_component(value)));
    }
    // The browser has one thread.
    send_wrapper::SendWrapper::new(async move {
        let (status, text) = fetch(address).await.map_err(|_| Fault::UNREACHABLE)?;
        if status < 400 {
            serde_json::from_str(&text).map_err(|_| Fault::UNAVAILABLE)
        } else {
            Err(serde_json::from_str(&text).unwrap_or(Fault::UNAVAILABLE))
        }
    })
}

/// Whether the server answers a path with 401: whoever asks is not signed in any more.
pub(crate) async fn is_signed_out(path: &str) -> bool {
    matches!(fetch(path.to_owned()).await, Ok((401, _)))
}

async fn fetch(address: String) -> Result<(u16, String), JsValue> {
    let response = send(&Request::new_with_str(&address)?).await?;
    Ok((response.status(), text(&response).await?))
}

/// Sends a request that is to be answered with JSON.
pub(crate) async fn send(request: &Request) -> Result<Response, JsValue> {
    request.headers().set("accept", "application/json")?;
    Ok(JsFuture::from(window().fetch_with_request(request)).await?.unchecked_into())
}

/// What an answer holds.
pub(crate) async fn text(response: &Response) -> Result<String, JsValue> {
    Ok(JsFuture::from(response.text()?).await?.as_string().unwrap_or_default())
}

/// Sends a form, even when the page is left meanwhile; where its answer leads. `None` when it was not taken.
pub(crate) async fn post(path: &str, pairs: &[(&str, String)]) -> Option<String> {
    let params = web_sys::UrlSearchParams::new().ok()?;
    for (name, value) in pairs {
        params.append(name, value);
    }
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    let _ = js_sys::Reflect::set(&init, &"keepalive".into(), &true.into());
    init.set_body(&params);
    let response = send(&Request::new_with_str_and_init(path, &init).ok()?).await.ok()?;
    if response.ok() { response.headers().get("location").ok()? } else { None }
}
