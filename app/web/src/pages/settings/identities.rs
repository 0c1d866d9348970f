//! What one is to providers of sign-ins, and ways to link more of it or less.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{LinkIdentity, OwnIdentity, Provider, UnlinkIdentity};
use crate::components::age::Age;
use crate::components::field::FormError;
use crate::components::form::{Form, FormState};
use crate::i18n::use_texts;

#[component]
pub(super) fn IdentitiesCard(identities: Vec<OwnIdentity>, providers: Vec<Provider>) -> impl IntoView {
    let t = use_texts();
    let rows: Vec<_> = identities.into_iter().map(|identity| view! { <IdentityRow identity/> }).collect();
    let links = providers.into_iter().map(|provider| view! { <Link provider/> });
    view! {
        <section class="card setting">
            <h2>{t.settings_identities()}</h2>
            <p class="muted small">{t.settings_identities_lead()}</p>
            {(!rows.is_empty()).then(|| view! { <ul class="identities">{rows}</ul> })}
            {links.collect_view()}
        </section>
    }
}

#[component]
fn IdentityRow(identity: OwnIdentity) -> impl IntoView {
    let (t, form) = (use_texts(), FormState::new(UnlinkIdentity::PATH));
    let OwnIdentity { id, label, email, used_ms } = identity;
    let says = t.settings_identity_end_of(&label);
    view! {
        <li class="session identity">
            <div>
                <span dir="auto">{label}</span>
                {email.map(|email| view! { <span class="small" dir="auto">{email}</span> })}
                <span class="muted small">{t.settings_session_used()} " " <Age at_ms=Signal::stored(Some(used_ms))/></span>
            </div>
            <Form state=form>
                <input r#type="hidden" name="id" value=id/>
                <button class="button" r#type="submit" aria-label=says aria-disabled=move || form.pending().get().then_some("true")>
                    {t.settings_identity_end()}
                </button>
                <FormError text=form.whole(&[])/>
            </Form>
        </li>
    }
}

#[component]
fn Link(provider: Provider) -> impl IntoView {
    let (t, form) = (use_texts(), FormState::new(LinkIdentity::PATH));
    let says = t.settings_identity_link(&provider.label);
    view! {
        <Form state=form>
            <input r#type="hidden" name="provider" value=provider.name/>
            <button class="button" r#type="submit" aria-disabled=move || form.pending().get().then_some("true")>{says}</button>
            <FormError text=form.whole(&[])/>
        </Form>
    }
}
