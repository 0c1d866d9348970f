//! Where one is signed in, browsers and apps, and ways to be so there no more.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{EndOtherSessions, EndSession, OwnSession};
use crate::components::age::Age;
use crate::components::field::{FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::use_texts;

#[component]
pub(super) fn SessionsCard(sessions: Vec<OwnSession>) -> impl IntoView {
    let (t, form) = (use_texts(), FormState::new(EndOtherSessions::PATH));
    let others = sessions.iter().filter(|session| !session.is_this).count() as u64;
    let rows = sessions.into_iter().map(|session| view! { <SessionRow session/> });
    view! {
        <section class="card setting">
            <h2>{t.settings_sessions()}</h2>
            <ul class="sessions">{rows.collect_view()}</ul>
            {if others > 0 {
                view! {
                    <Form state=form>
                        <FormError text=form.whole(&[])/>
                        <Submit label=t.settings_sessions_end() working=t.settings_saving() pending=form.pending()/>
                    </Form>
                }.into_any()
            } else {
                view! { <p class="muted small">{t.settings_sessions_alone()}</p> }.into_any()
            }}
        </section>
    }
}

#[component]
fn SessionRow(session: OwnSession) -> impl IntoView {
    let (t, form) = (use_texts(), FormState::new(EndSession::PATH));
    let OwnSession { key, is_app, agent, address, began_ms, used_ms, is_this } = session;
    let kind = match (is_this, is_app) {
        (true, _) => t.settings_session_this(),
        (false, true) => t.settings_session_app(),
        (false, false) => t.settings_session_other(),
    };
    let agent = agent.unwrap_or_else(|| t.settings_session_unknown().to_owned());
    let end = (!is_this).then(|| {
        let label = t.settings_session_end_of(&agent);
        view! {
            <Form state=form>
                <input r#type="hidden" name="key" value=key/>
                <button class="button" r#type="submit" aria-label=label aria-disabled=move || form.pending().get().then_some("true")>
                    {t.settings_session_end()}
                </button>
                <FormError text=form.whole(&[])/>
            </Form>
        }
    });
    view! {
        <li class="session">
            <div>
                <span>{kind}</span>
                <span class="small" dir="auto" title=agent.clone()>{agent.clone()}</span>
                {address.map(|address| view! { <span class="muted small">{t.settings_session_from()} " " <span class="num">{address}</span></span> })}
                <span class="muted small">{t.settings_session_began()} " " <Moment at_ms=began_ms detail=Detail::Minute/></span>
                <span class="muted small">{t.settings_session_used()} " " <Age at_ms=Signal::stored(Some(used_ms))/></span>
            </div>
            {end}
        </li>
    }
}
