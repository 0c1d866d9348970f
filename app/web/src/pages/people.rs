//! Who has an account, for who looks after them: those who wait for a word, an invitation, and everybody.

mod invite;
mod one;
mod person;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use vigia_domain::user::Role;

use crate::address::address;
use crate::codec::Json;
use crate::components::page_head::PageHead;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::i18n::use_texts;
use crate::pages::status::FaultPage;
use crate::part::lazy_page;
use invite::InviteCard;
use one::{PersonRow, WaitingCard};
pub(crate) use person::PersonRoute;
#[cfg(target_arch = "wasm32")]
pub(crate) use person::preload_person;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use person::{EndSecondStep, LoadPerson, PersonData, SetRights, SetRole, Settable};

/// The path of the page.
const PATH: &str = "/people";
/// Of so many one is looked for rather than found.
const MANY: usize = 8;

/// What the page starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PeopleData {
    /// Those who wait for an operator's word first; of each the newest first.
    pub(crate) people: Vec<Person>,
    /// What an invited person may become; nothing where nobody is invited.
    pub(crate) roles: Vec<Role>,
    /// Who was looked for.
    pub(crate) sought: Sought,
    /// The address of those who came before them.
    pub(crate) older: Option<String>,
}

/// Who is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sought {
    /// A part of name, address or user name.
    pub(crate) q: String,
    /// Who came before the person of this number.
    pub(crate) below: Option<i64>,
}

impl Sought {
    /// What is asked for, by the names of the address.
    fn given(&self) -> Vec<(&'static str, String)> {
        let below = self.below.map(|below| ("below", below.to_string()));
        let q = (!self.q.is_empty()).then(|| ("q", self.q.clone()));
        q.into_iter().chain(below).collect()
    }

    /// The address of the page that shows them.
    pub(crate) fn address(&self) -> String {
        address(PATH, &self.given())
    }
}

/// Somebody with an account. Instants are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) username: Option<String>,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) standing: Standing,
    /// Whether the address was shown to be theirs.
    pub(crate) is_confirmed: bool,
    pub(crate) created_ms: i64,
    /// When they were last here.
    pub(crate) seen_ms: Option<i64>,
    pub(crate) devices: i64,
    /// Whether it is who looks.
    pub(crate) is_self: bool,
}

impl Person {
    /// What they are called: by name, by address where there is none.
    pub(crate) fn title(&self) -> String {
        if self.name.is_empty() { self.email.clone() } else { self.name.clone() }
    }
}

/// Whether somebody may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Yes.
    In,
    /// Invited, and did not answer yet.
    Invited,
    /// Registered, and did not show yet that the address is theirs.
    Unconfirmed,
    /// Waits for an operator's word.
    Waits,
    /// Shut out.
    Out,
}

/// Those whom one looks after.
#[server(prefix = "/ui", endpoint = "people", input = GetUrl, output = Json)]
pub(crate) async fn load_people(#[server(default)] q: String, #[server(default)] below: Option<i64>) -> Result<PeopleData, Fault> {
    crate::server::people(Sought { q, below }).await
}

/// Lets somebody in for the first time.
#[server(prefix = "/ui", endpoint = "approve", output = Json)]
pub(crate) async fn approve(id: i64) -> Result<(), Fault> {
    crate::server::act_on(crate::server::Verb::Approve, id).await
}

/// Forgets somebody who never was in.
#[server(prefix = "/ui", endpoint = "refuse", output = Json)]
pub(crate) async fn refuse(id: i64) -> Result<(), Fault> {
    crate::server::act_on(crate::server::Verb::Refuse, id).await
}

/// Shuts somebody out.
#[server(prefix = "/ui", endpoint = "shut-out", output = Json)]
pub(crate) async fn shut_out(id: i64) -> Result<(), Fault> {
    crate::server::act_on(crate::server::Verb::Disable, id).await
}

/// Lets somebody in again.
#[server(prefix = "/ui", endpoint = "let-in", output = Json)]
pub(crate) async fn let_in(id: i64) -> Result<(), Fault> {
    crate::server::act_on(crate::server::Verb::Enable, id).await
}

/// Invites somebody.
#[server(prefix = "/ui", endpoint = "invite", output = Json)]
pub(crate) async fn invite(email: String, name: String, role: Role) -> Result<(), Fault> {
    crate::server::invite(email.trim(), name.trim(), role).await
}

fn ask_people(sought: Sought) -> impl Future<Output = Result<PeopleData, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return {
        let given = sought.given();
        let given: Vec<_> = given.iter().map(|(name, text)| (*name, text.as_str())).collect();
        crate::ask::ask(<LoadPeople as leptos::server_fn::ServerFn>::PATH, &given)
    };
    #[cfg(not(target_arch = "wasm32"))]
    load_people(sought.q, sought.below)
}

lazy_page!(
    /// `/people`.
    PeopleRoute,
    people,
    people_code,
    preload_people,
    PeoplePage
);

/// Who is looked for: a form that the browser sends by itself.
#[component]
fn Search(q: String) -> impl IntoView {
    let t = use_texts();
    view! {
        <form class="people__search" method="get" action=PATH role="search">
            <div class="field">
                <label for="people-q">{t.people_search()}</label>
                <input id="people-q" name="q" r#type="search" value=q maxlength="200"/>
            </div>
            <button class="button" r#type="submit">{t.people_go()}</button>
        </form>
    }
}

#[component]
fn PeoplePage() -> impl IntoView {
    let (t, query) = (use_texts(), use_query_map());
    let sought = Memo::new(move |_| {
        query.with(|query| Sought {
            q: query.get_str("q").unwrap_or_default().to_owned(),
            below: query.get_str("below").and_then(|below| below.parse().ok()),
        })
    });
    let people = Resource::new(move || sought.get(), ask_people);
    let done = move || {
        query.with(|query| match query.get_str("done") {
            Some("approve") => Some(t.people_done_approve()),
            Some("refuse") => Some(t.people_done_refuse()),
            Some("disable") => Some(t.people_done_disable()),
            Some("enable") => Some(t.people_done_enable()),
            Some("invite-kept") => Some(t.people_done_invite_kept()),
            Some("invite") => Some(t.people_done_invite()),
            _ => None,
        })
    };
    view! {
        <PageTitle page=t.nav_people/>
        <Transition fallback=|| view! { <Skeleton of=Of::Board/> }>
            {move || Suspend::new(async move {
                match people.await {
                    Ok(PeopleData { people, roles, sought, older }) => {
                        let (waiting, others): (Vec<_>, Vec<_>) = people.into_iter().partition(|one| one.standing == Standing::Waits);
                        // How many there are is known where all of them stand here.
                        let are_all = sought == Sought::default() && older.is_none();
                        let lead = if are_all { Some(t.people_lead(others.len() as u64)) } else { None };
                        let is_none = waiting.is_empty() && others.is_empty();
                        let newest = sought.below.is_some().then(|| Sought { below: None, ..sought.clone() }.address());
                        view! {
                            <PageHead title=t.nav_people lead=MaybeProp::from(lead)/>
                            {move || done().map(|done| view! { <p class="settings__done" role="status">{done}</p> })}
                            {(!waiting.is_empty()).then(|| view! {
                                <section class="people__waiting" aria-labelledby="people-waiting">
                                    <h2 id="people-waiting">{t.people_waiting()}</h2>
                                    <ul class="people__cards">{waiting.into_iter().map(|person| view! { <WaitingCard person/> }).collect_view()}</ul>
                                </section>
                            })}
                            {(!roles.is_empty()).then(|| view! { <InviteCard roles/> })}
                            <section class="card people" aria-labelledby="people-all">
                                <h2 id="people-all">{t.people_all()}</h2>
                                {(!are_all || others.len() >= MANY).then(|| view! { <Search q=sought.q/> })}
                                {is_none.then(|| view! { <p class="muted">{t.people_none()}</p> })}
                                <ul class="people__list">{others.into_iter().map(|person| view! { <PersonRow person/> }).collect_view()}</ul>
                                <nav class="audit__ways">
                                    {newest.map(|newest| view! { <a class="link" href=newest>{t.people_newest()}</a> })}
                                    {older.map(|older| view! { <a class="link" href=older>{t.people_older()}</a> })}
                                </nav>
                            </section>
                        }.into_any()
                    }
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}
