//! The way to one's keys, and to the audit log for who may read it.

use leptos::prelude::*;
use vigia_domain::rights::Action;

use crate::components::nav::rights;
use crate::i18n::use_texts;

#[component]
pub(super) fn KeysCard() -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="card setting">
            <h2>{t.settings_keys()}</h2>
            <p class="muted small">{t.settings_keys_lead()}</p>
            <p><a class="link" href="/keys">{t.settings_keys_go()}</a></p>
        </section>
        {rights().has(Action::ReadAudit).then(|| view! {
            <section class="card setting">
                <h2>{t.settings_audit()}</h2>
                <p><a class="link" href="/audit">{t.settings_audit_go()}</a></p>
            </section>
        })}
    }
}
