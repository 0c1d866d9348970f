//! Somebody's account, for who looks after them: what they are, what they may, and what they did.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Deserialize, Serialize};
use vigia_domain::rights::Action;
use vigia_domain::user::Role;

use super::Person;
use super::one::{Acts, standing_word};
use crate::codec::Json;
use crate::components::account::role_word;
use crate::components::age::Age;
use crate::components::crumbs::Crumbs;
use crate::components::field::{FormError, Submit};
use crate::components::form::{Form, FormState};
use crate::components::moment::Moment;
use crate::components::nav::rights;
use crate::components::page_head::PageHead;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::format::Detail;
use crate::i18n::use_texts;
use crate::pages::status::FaultPage;
use crate::part::lazy_page;

/// What the page starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PersonData {
    pub(crate) person: Person,
    /// Since when they have a second step, milliseconds since the epoch.
    pub(crate) second_step_ms: Option<i64>,
    /// What they can be made; nothing for who may not change it.
    pub(crate) roles: Vec<Role>,
    /// What can be granted to them or withdrawn from them; nothing likewise.
    pub(crate) settable: Vec<Settable>,
}

/// A single right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settable {
    /// The word for programs.
    pub(crate) word: String,
    /// For people.
    pub(crate) says: String,
    /// Whether they have it now.
    pub(crate) has: bool,
    /// Whether their role has it by itself.
    pub(crate) by_role: bool,
}

/// Somebody's account.
#[server(prefix = "/ui", endpoint = "person", input = GetUrl, output = Json)]
pub(crate) async fn load_person(user: i64) -> Result<PersonData, Fault> {
    let _ = user;
    crate::server::person().await
}

/// Makes somebody something else; `was`: what they were on the page.
#[server(prefix = "/ui", endpoint = "role", output = Json)]
pub(crate) async fn set_role(id: i64, was: Role, role: Role) -> Result<(), Fault> {
    crate::server::set_role(id, was, role).await
}

/// Gives somebody of this role these of the rights that can be set, and takes the others away; `had`: those that were ticked when the page came.
#[server(prefix = "/ui", endpoint = "rights", output = Json)]
pub(crate) async fn set_rights(
    id: i64,
    was: Role,
    #[server(default)] had: Vec<Action>,
    #[server(default)] right: Vec<Action>,
) -> Result<(), Fault> {
    crate::server::set_rights(id, was, had, right).await
}

/// Takes the second step away from somebody who lost what writes its codes.
#[server(prefix = "/ui", endpoint = "end-second-step", output = Json)]
pub(crate) async fn end_second_step(id: i64) -> Result<(), Fault> {
    crate::server::end_second_step_of(id).await
}

#[cfg_attr(not(target_arch = "wasm32"), expect(clippy::manual_async_fn, reason = "one shape for both sides"))]
fn ask_person(user: String) -> impl Future<Output = Result<PersonData, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadPerson as ServerFn>::PATH, &[("user", &user)]);
    #[cfg(not(target_arch = "wasm32"))]
    async move {
        load_person(user.parse().unwrap_or_default()).await
    }
}

lazy_page!(
    /// `/people/{user}`.
    PersonRoute,
    people,
    person_code,
    preload_person,
    PersonPage
);

#[component]
fn PersonPage() -> impl IntoView {
    let (t, params, query) = (use_texts(), use_params_map(), use_query_map());
    let user = Memo::new(move |_| params.with(|params| params.get_str("user").unwrap_or_default().to_owned()));
    let person = Resource::new(move || user.get(), ask_person);
    let done = move || {
        query.with(|query| match query.get_str("done") {
            Some("rights") => Some(t.people_done_rights()),
            Some("second-step") => Some(t.people_done_second()),
            _ => None,
        })
    };
    view! {
        <Transition fallback=|| view! { <Skeleton of=Of::Board/> }>
            {move || Suspend::new(async move {
                match person.await {
                    Ok(PersonData { person, second_step_ms, roles, settable }) => {
                        let title = person.title();
                        // Whose name is not known is called by the address already.
                        let lead = Some(person.email.clone()).filter(|email| *email != title);
                        view! {
                            <PageTitle page=title.clone()/>
                            <Crumbs ways=vec![("/people".to_owned(), t.nav_people.to_owned())]/>
                            <PageHead title lead=MaybeProp::from(lead)/>
                            {move || done().map(|done| view! { <p class="settings__done" role="status">{done}</p> })}
                            <div class="settings">
                                <AccountCard person=person.clone()/>
                                {second_step_ms.filter(|_| !person.is_self).map(|since_ms| view! { <SecondStepCard id=person.id since_ms/> })}
                                {(!roles.is_empty()).then(|| view! { <RoleCard id=person.id role=person.role roles/> })}
                                {(!settable.is_empty()).then(|| view! { <RightsCard id=person.id role=person.role settable/> })}
                            </div>
                        }.into_any()
                    }
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn AccountCard(person: Person) -> impl IntoView {
    let t = use_texts();
    let (class, word) = standing_word(t, person.standing);
    let Person { id, created_ms, seen_ms, devices, is_self, is_confirmed, role, ref username, .. } = person;
    let username = username.clone();
    let reads = rights().has(Action::ReadAudit);
    view! {
        <section class="card setting person__account">
            <p><span class=class><span class="badge__dot"></span>{word}</span>" "<span>{role_word(t, role)}</span></p>
            {username.map(|username| view! { <p class="small">{t.people_username()} " " <span dir="auto">{username}</span></p> })}
            <p class="muted small">{t.people_created()} " " <Moment at_ms=created_ms detail=Detail::Minute/></p>
            <p class="muted small">{t.people_seen()} " " <Age at_ms=Signal::stored(seen_ms)/> " · " {t.people_devices(devices.unsigned_abs())}</p>
            {(!is_confirmed).then(|| view! { <p class="muted small">{t.people_unconfirmed()}</p> })}
            {if is_self { view! { <p class="muted small">{t.people_own()}</p> }.into_any() } else { view! { <Acts person/> }.into_any() }}
            {reads.then(|| view! {
                <p class="person__ways">
                    <a class="link" href=format!("/audit?actor=user:{id}")>{t.people_audit()}</a>
                    <a class="link" href=format!("/audit?target=user:{id}")>{t.people_audit_of()}</a>
                </p>
            })}
        </section>
    }
}

#[component]
fn SecondStepCard(id: i64, since_ms: i64) -> impl IntoView {
    let (t, form) = (use_texts(), FormState::new(EndSecondStep::PATH));
    view! {
        <section class="card setting" aria-labelledby="person-second">
            <h2 id="person-second">{t.people_second()}</h2>
            <p class="muted small">{t.people_second_since()} " " <Moment at_ms=since_ms detail=Detail::Minute/></p>
            <p class="small">{t.people_second_lead()}</p>
            <Form state=form>
                <input r#type="hidden" name="id" value=id.to_string()/>
                <FormError text=form.whole(&[])/>
                <Submit label=t.people_second_end() working=t.people_working() pending=form.pending()/>
            </Form>
        </section>
    }
}

#[component]
fn RoleCard(id: i64, role: Role, roles: Vec<Role>) -> impl IntoView {
    let (t, form) = (use_texts(), FormState::new(SetRole::PATH));
    let options = roles.into_iter().map(move |one| view! { <option value=one.as_str() selected=one == role>{role_word(t, one)}</option> });
    view! {
        <section class="card setting" aria-labelledby="person-role">
            <h2 id="person-role">{t.people_role()}</h2>
            <Form state=form>
                <input r#type="hidden" name="id" value=id.to_string()/>
                <input r#type="hidden" name="was" value=role.as_str()/>
                <FormError text=form.whole(&[])/>
                <div class="field">
                    <label for="role">{t.people_role_lead()}</label>
                    <select id="role" name="role">{options.collect_view()}</select>
                </div>
                <Submit label=t.people_role_save() working=t.people_working() pending=form.pending()/>
            </Form>
        </section>
    }
}

#[component]
fn RightsCard(id: i64, role: Role, settable: Vec<Settable>) -> impl IntoView {
    let (t, form) = (use_texts(), FormState::new(SetRights::PATH));
    let had = settable.iter().filter(|one| one.has);
    let had: Vec<_> = had.map(|one| view! { <input r#type="hidden" name="had[]" value=one.word.clone()/> }).collect();
    let boxes = settable.into_iter().map(|Settable { word, says, has, by_role }| {
        view! {
            <label class="check">
                <input r#type="checkbox" name="right[]" value=word checked=has/>
                <span>{says}{by_role.then(|| view! { " " <small class="muted">"(" {t.people_rights_by_role()} ")"</small> })}</span>
            </label>
        }
    });
    view! {
        <section class="card setting" aria-labelledby="person-rights">
            <h2 id="person-rights">{t.people_rights()}</h2>
            <Form state=form>
                <input r#type="hidden" name="id" value=id.to_string()/>
                <input r#type="hidden" name="was" value=role.as_str()/>
                {had}
                <FormError text=form.whole(&[])/>
                <fieldset class="field">
                    <legend class="muted small">{t.people_rights_lead()}</legend>
                    {boxes.collect_view()}
                </fieldset>
                <Submit label=t.people_rights_save() working=t.people_working() pending=form.pending()/>
            </Form>
        </section>
    }
}
