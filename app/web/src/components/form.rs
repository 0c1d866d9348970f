//! A form that works as the browser does it, and better where a script runs: the page stays, and what was typed with it.
//!
//! Smaller than a typed client for every form: whatever is sent, the answer is a way on or a [`Fault`].

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::boot::use_boot;
use crate::fault::{Fault, FieldFault};
use crate::i18n::use_texts;

/// What became of a form.
#[derive(Clone, Copy)]
pub(crate) struct FormState {
    action: &'static str,
    fault: RwSignal<Option<Fault>>,
    pending: RwSignal<bool>,
}

impl FormState {
    /// Of the server function at `action`. A form that came back without a script finds its fault in the page.
    pub(crate) fn new(action: &'static str) -> Self {
        let failed = use_boot().with_value(|boot| boot.failed.clone());
        let fault = failed.filter(|(path, _)| path == action).map(|(_, fault)| fault);
        Self { action, fault: RwSignal::new(fault), pending: RwSignal::new(false) }
    }

    /// What stood in a field, never in one for a password, when the form came back without a script. The page brings it; a browser half
    /// leaves it as it stands there.
    #[cfg_attr(target_arch = "wasm32", expect(unused_variables, reason = "only the server knows"))]
    pub(crate) fn typed(self, name: &str) -> Option<String> {
        #[cfg(not(target_arch = "wasm32"))]
        return use_context::<axum::http::request::Parts>()
            .filter(|_| self.came_back())
            .and_then(|parts| crate::typed::Typed::of(&parts.headers, self.action)?.field(name));
        #[cfg(target_arch = "wasm32")]
        None
    }

    /// Whether the page was made with what is wrong.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn came_back(self) -> bool {
        self.fault.with_untracked(Option::is_some)
    }

    /// Whether the answer is awaited.
    pub(crate) fn pending(self) -> RwSignal<bool> {
        self.pending
    }

    /// What is wrong with the field that `own` belong to.
    pub(crate) fn of(self, own: &'static [FieldFault]) -> Signal<Option<&'static str>> {
        let t = use_texts();
        Signal::derive(move || self.fault.get().and_then(|f| f.field).filter(|f| own.contains(f)).map(|f| f.text(t)))
    }

    /// What is wrong with the whole, when no field of `told` says it beside itself.
    pub(crate) fn whole(self, told: &'static [FieldFault]) -> Signal<Option<&'static str>> {
        let t = use_texts();
        Signal::derive(move || self.fault.get().and_then(|f| f.form_text(t, told)))
    }

    /// Sends the form that an event came from.
    fn submit(self, event: &SubmitEvent) {
        event.prevent_default();
        #[cfg(target_arch = "wasm32")]
        send::form(self, event.target());
    }

    /// Sends one value, as if it had been typed.
    #[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "only the browser sends"))]
    pub(crate) fn send(self, name: &str, value: &str) {
        #[cfg(target_arch = "wasm32")]
        send::pair(self, name, value);
    }
}

/// The form itself.
#[component]
pub(crate) fn Form(state: FormState, children: Children) -> impl IntoView {
    // What came back is as good as typed now: see `ended`.
    #[cfg(not(target_arch = "wasm32"))]
    let is_back = leptos::attr::custom::custom_attribute("data-back", state.came_back().then_some(""));
    #[cfg(target_arch = "wasm32")]
    let is_back = ();
    view! { <form class="form" method="post" {..is_back} action=state.action on:submit=move |event| state.submit(&event)>{children()}</form> }
}

#[cfg(target_arch = "wasm32")]
mod send {
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::{EventTarget, FormData, HtmlElement, HtmlFormElement, Request, RequestInit, UrlSearchParams};

    use super::{Fault, FormState};
    use crate::ask;
    use crate::components::ended;

    pub(super) fn form(state: FormState, target: Option<EventTarget>) {
        let form = target.and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let data = form.and_then(|form| FormData::new_with_form(&form).ok());
        if let Some(params) = data.and_then(|data| UrlSearchParams::new_with_str_sequence_sequence(&data).ok()) {
            post(state, params);
        }
    }

    pub(super) fn pair(state: FormState, name: &str, value: &str) {
        if let Ok(params) = UrlSearchParams::new() {
            params.append(name, value);
            post(state, params);
        }
    }

    fn post(state: FormState, params: UrlSearchParams) {
        if state.pending.get_untracked() {
            return;
        }
        state.pending.set(true);
        leptos::task::spawn_local(async move {
            match answer(state.action, &params).await {
                // A way on is a whole new page: who looks at it may have changed.
                Ok(Ok(way)) => {
                    let _ = window().location().assign(&way);
                }
                Ok(Err(fault)) => told(state, fault),
                Err(_) => told(state, Fault::UNREACHABLE),
            }
            let _ = state.pending.try_set(false);
        });
    }

    /// Says what is wrong, and goes to the field that is to be mended.
    fn told(state: FormState, fault: Fault) {
        if fault.is_signed_out() {
            ended::say(true);
        }
        let _ = state.fault.try_set(Some(fault));
        request_animation_frame(move || {
            let field = document().query_selector(&format!("form[action='{}'] [aria-invalid]", state.action)).ok().flatten();
            let _ = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()).map(|field| field.focus());
        });
    }

    async fn answer(action: &str, params: &UrlSearchParams) -> Result<Result<String, Fault>, JsValue> {
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(params);
        let response = ask::send(&Request::new_with_str_and_init(action, &init)?).await?;
        if let (true, Some(way)) = (response.ok(), response.headers().get("location")?) {
            return Ok(Ok(way));
        }
        Ok(Err(serde_json::from_str(&ask::text(&response).await?).unwrap_or(Fault::UNAVAILABLE)))
    }
}
