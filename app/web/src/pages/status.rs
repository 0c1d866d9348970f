//! What is said when the page itself cannot be shown.

use leptos::prelude::*;

use crate::components::mark::Mark;
use crate::components::title::PageTitle;
use crate::i18n::{Texts, use_texts};
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
    /// 429
    TooMany,
    /// 503
    Busy,
    /// The server was not reached: only a page that is there already can say so.
    Unreachable,
}

impl Status {
    /// As in HTTP, with its title and what to do.
    const fn words(self, t: &'static Texts) -> (u16, &'static str, &'static str) {
        match self {
            Self::NotFound => (404, t.page_not_found, t.page_not_found_lead),
            Self::Forbidden => (403, t.page_forbidden, t.page_forbidden_lead),
            Self::Unavailable => (503, t.page_failed, t.page_failed_lead),
            Self::Failed => (500, t.page_failed, t.page_failed_lead),
            Self::TooMany => (429, t.page_busy, t.page_too_many_lead),
            Self::Busy => (503, t.page_busy, t.page_busy_lead),
            Self::Unreachable => (0, t.page_unreachable, t.page_unreachable_lead),
        }
    }
}

/// The reason, and the way on. Gives the answer its status when the server renders it.
#[component]
pub(crate) fn StatusPage(status: Status) -> impl IntoView {
    #[cfg_attr(target_arch = "wasm32", expect(unused_variables, reason = "the server alone answers with a status"))]
    let (code, title, _) = status.words(use_texts());
    #[cfg(not(target_arch = "wasm32"))]
    if let Ok(code) = axum::http::StatusCode::from_u16(code) {
        crate::face::set_status(code);
    }
    view! {
        <PageTitle page=title/>
        <StatusNote status/>
    }
}

/// What that page says.
#[component]
pub(crate) fn StatusNote(status: Status) -> impl IntoView {
    let t = use_texts();
    let (code, title, lead) = status.words(t);
    view! {
        <section class="status">
            <Mark/>
            {(code > 0).then(|| view! { <p class="muted small num">{t.page_code(code)}</p> })}
            <h1>{title}</h1>
            <p class="muted">{lead}</p>
            <p class="status__ways">
                <a class="button button--primary" href="/devices" rel="external">{t.page_home}</a>
                {(!matches!(status, Status::NotFound | Status::Forbidden)).then(|| view! { <a class="button" href="" rel="external">{t.page_again}</a> })}
            </p>
        </section>
    }
}

/// What a fault of a page's data looks like. A session that ended asks for sign-in at this same address.
#[component]
pub(crate) fn FaultPage(fault: crate::fault::Fault) -> impl IntoView {
    if fault.is_signed_out() {
        Effect::new(|| load_again(401));
    }
    let status = match fault.status {
        0 => Status::Unreachable,
        404 => Status::NotFound,
        401 | 403 => Status::Forbidden,
        503 => Status::Unavailable,
        _ => Status::Failed,
    };
    view! { <StatusPage status/> }
}
