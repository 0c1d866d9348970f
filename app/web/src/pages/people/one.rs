//! Somebody: as a card while they wait for a word, as a row afterwards.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{Approve, LetIn, Person, Refuse, ShutOut, Standing};
use crate::components::account::role_word;
use crate::components::age::Age;
use crate::components::field::FormError;
use crate::components::form::{Form, FormState};
use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::use_texts;

#[component]
pub(super) fn WaitingCard(person: Person) -> impl IntoView {
    let t = use_texts();
    let Person { id, email, username, name, is_confirmed, created_ms, .. } = person;
    let confirmed = if is_confirmed { t.people_confirmed() } else { t.people_unconfirmed() };
    let title = if name.is_empty() { email.clone() } else { name };
    view! {
        <li class="card person">
            <h3 dir="auto" title=title.clone()>{title.clone()}</h3>
            <p class="person__address">{email}</p>
            {username.map(|username| view! { <p class="muted small">{t.people_username()} " " <span dir="auto">{username}</span></p> })}
            <p class="muted small">{confirmed} " · " {t.people_since()} " " <Moment at_ms=created_ms detail=Detail::Minute/></p>
            <div class="person__acts">
                <Act action=Approve::PATH id label=t.people_approve() of=title.clone() primary=true/>
                <Act action=Refuse::PATH id label=t.people_refuse() of=title/>
            </div>
        </li>
    }
}

#[component]
pub(super) fn PersonRow(person: Person) -> impl IntoView {
    let t = use_texts();
    let Person { id, email, username, name, role, standing, seen_ms, devices, is_self, .. } = person;
    let title = if name.is_empty() { email.clone() } else { name };
    let (class, word) = match standing {
        Standing::In => ("badge badge--good", t.people_in()),
        Standing::Invited => ("badge", t.people_invited()),
        Standing::Unconfirmed => ("badge", t.people_unconfirmed()),
        Standing::Waits => ("badge", t.people_waits()),
        Standing::Out => ("badge badge--bad", t.people_out()),
    };
    let act = match standing {
        _ if is_self => None,
        Standing::In => Some((ShutOut::PATH, t.people_shut_out())),
        Standing::Out => Some((LetIn::PATH, t.people_let_in())),
        Standing::Invited | Standing::Unconfirmed | Standing::Waits => Some((Refuse::PATH, t.people_forget())),
    };
    let acts = act.map(|(action, label)| view! { <Act action id label of=title.clone()/> });
    view! {
        <li class="person person--row">
            <div class="person__who">
                <strong dir="auto" title=title.clone()>{title.clone()}</strong>
                <span class="person__address">{email}</span>
                {username.map(|username| view! { <span class="muted small" dir="auto">{username}</span> })}
            </div>
            <span>{role_word(t, role)}</span>
            <span class=class><span class="badge__dot"></span>{word}</span>
            <span class="muted small">{t.people_devices(devices.unsigned_abs())}</span>
            <span class="muted small">{t.people_seen()} " " <Age at_ms=Signal::stored(seen_ms)/></span>
            <div class="person__acts">
                {if is_self { view! { <span class="muted small">{t.people_self()}</span> }.into_any() } else { acts.into_any() }}
            </div>
        </li>
    }
}

/// A button that does something with somebody; `of` tells who it is to who cannot see the row.
#[component]
fn Act(action: &'static str, id: i64, label: &'static str, of: String, #[prop(optional)] primary: bool) -> impl IntoView {
    let form = FormState::new(action);
    let class = if primary { "button button--primary" } else { "button" };
    view! {
        <Form state=form>
            <input r#type="hidden" name="id" value=id.to_string()/>
            <button class=class r#type="submit" aria-label=format!("{label}: {of}") aria-disabled=move || form.pending().get().then_some("true")>{label}</button>
            <FormError text=form.whole(&[])/>
        </Form>
    }
}
