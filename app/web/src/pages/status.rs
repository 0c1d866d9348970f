//! What is said when the page itself cannot be shown.

use leptos::prelude::*;

use crate::components::mark::Mark;
use crate::components::title::PageTitle;
use crate::i18n::use_texts;
use crate::live::load_again;

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// 404
    NotFound,
    /// 403
    Forbidden,
    /// 503
    Unavailable,
    /// 500
    Failed,
}

/// The reason, and the way on. Gives the answer its status when the server renders it.
#[component]
pub(crate) fn StatusPage(status: Status) -> impl IntoView {
    let t = use_texts();
    let (code, title, lead) = match status {
        Status::NotFound => (404, t.page_not_found, t.page_not_found_lead),
        Status::Forbidden => (403, t.page_forbidden, t.page_forbidden_lead),
        Status::Unavailable => (503, t.page_failed, t.page_failed_lead),
        Status::Failed => (500, t.page_failed, t.page_failed_lead),
    };
    #[cfg(not(target_arch = "wasm32"))]
    if let Ok(code) = axum::http::StatusCode::from_u16(code) {
        crate::face::set_status(code);
    }
    view! {
        <PageTitle page=title/>
        <section class="status">
            <Mark/>
            <p class="muted small num">{t.page_code(code)}</p>
            <h1>{title}</h1>
            <p class="muted">{lead}</p>
            <p class="status__ways">
                <a class="button button--primary" href="/devices" rel="external">{t.page_home}</a>
                {matches!(status, Status::Unavailable | Status::Failed).then(|| view! { <a class="button" href="" rel="external">{t.page_again}</a> })}
            </p>
        </section>
    }
}

/// What a fault of a page's data looks like. A session that ended asks for sign-in at this same address.
#[component]
pub(crate) fn FaultPage(fault: crate::fault::Fault) -> impl IntoView {
    if fault.is_signed_out() {
        Effect::new(load_again);
    }
    let status = match fault.status {
        404 => Status::NotFound,
        401 | 403 => Status::Forbidden,
        503 => Status::Unavailable,
        _ => Status::Failed,
    };
    view! { <StatusPage status/> }
}
