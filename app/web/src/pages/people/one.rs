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
use crate::i18n::{Texts, use_texts};

#[component]
pub(super) fn WaitingCard(person: Person) -> impl IntoView {
    let t = use_texts();
    let title = person.title();
    let Person { ref email, ref username, is_confirmed, created_ms, .. } = person;
    let (email, username) = (email.clone(), username.clone());
    let confirmed = if is_confirmed { t.people_confirmed() } else { t.people_unconfirmed() };
    view! {
        <li class="card person">
            <h3 dir="auto" title=title.clone()>{title.clone()}</h3>
            <p class="person__address">{email}</p>
            {username.map(|username| view! { <p class="muted small">{t.people_username()} " " <span dir="auto">{username}</span></p> })}
            <p class="muted small">{confirmed} " · " {t.people_since()} " " <Moment at_ms=created_ms detail=Detail::Minute/></p>
            {(!is_confirmed).then(|| view! { <p class="small">{t.people_mail_first()}</p> })}
            <Acts person/>
        </li>
    }
}

/// How a standing is shown.
pub(super) fn standing_word(t: &'static Texts, standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::In => ("badge badge--good", t.people_in()),
        Standing::Invited => ("badge", t.people_invited()),
        Standing::Unconfirmed => ("badge", t.people_unconfirmed()),
        Standing::Waits => ("badge", t.people_waits()),
        Standing::Out => ("badge badge--bad", t.people_out()),
    }
}

#[component]
pub(super) fn PersonRow(person: Person) -> impl IntoView {
    let t = use_texts();
    let title = person.title();
    let Person { id, ref email, ref username, role, standing, seen_ms, devices, is_self, .. } = person;
    let (class, word) = standing_word(t, standing);
    let (email, username) = (email.clone(), username.clone());
    view! {
        <li class="person person--row">
            <div class="person__who">
                <a class="person__name" href=format!("/people/{id}") dir="auto" title=title.clone() aria-label=t.people_open(&title)>{title.clone()}</a>
                {(email != title).then(|| view! { <span class="person__address">{email}</span> })}
                {username.map(|username| view! { <span class="muted small" dir="auto">{username}</span> })}
            </div>
            <span>{role_word(t, role)}</span>
            <span class=class><span class="badge__dot"></span>{word}</span>
            <span class="muted small">{t.people_devices(devices.unsigned_abs())}</span>
            <span class="muted small">{t.people_seen()} " " <Age at_ms=Signal::stored(seen_ms)/></span>
            {if is_self { view! { <span class="muted small">{t.people_self()}</span> }.into_any() } else { view! { <Acts person/> }.into_any() }}
        </li>
    }
}

/// What can be done with somebody else.
#[component]
pub(super) fn Acts(person: Person) -> impl IntoView {
    let t = use_texts();
    let (id, of) = (person.id, person.title());
    view! {
        <div class="person__acts">
            {match person.standing {
                Standing::Waits => view! {
                    <Act action=Approve::PATH id label=t.people_approve() of=of.clone() primary=true/>
                    <Act action=Refuse::PATH id label=t.people_refuse() of/>
                }.into_any(),
                Standing::In => view! { <Act action=ShutOut::PATH id label=t.people_shut_out() of/> }.into_any(),
                Standing::Out => view! { <Act action=LetIn::PATH id label=t.people_let_in() of/> }.into_any(),
                Standing::Invited | Standing::Unconfirmed => view! { <Act action=Refuse::PATH id label=t.people_forget() of/> }.into_any(),
            }}
        </div>
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
