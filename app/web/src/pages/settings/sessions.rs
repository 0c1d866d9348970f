//! Where one is signed in, and a way to be so nowhere else.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{EndOtherSessions, OwnSession};
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
    let rows = sessions.into_iter().map(|OwnSession { began_ms, used_ms, is_this }| {
        let what = if is_this { t.settings_session_this() } else { t.settings_session_other() };
        view! {
            <li>
                <span>{what}</span>
                <span class="muted small">{t.settings_session_began()} " " <Moment at_ms=began_ms detail=Detail::Minute/></span>
                <span class="muted small">{t.settings_session_used()} " " <Age at_ms=Signal::stored(Some(used_ms))/></span>
            </li>
        }
    });
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
