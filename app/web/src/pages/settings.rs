//! One's own account, and for who runs it the installation.

mod farewell;
mod identities;
mod installation;
mod keys;
mod passkeys;
mod password;
mod profile;
mod second_step;
mod sessions;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use vigia_domain::user::Visitor;

use crate::boot::{Theme, use_boot};
use crate::codec::Json;
use crate::components::page_head::PageHead;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::fault::Fault;
use crate::i18n::{Lang, use_texts};
use crate::pages::status::FaultPage;
use crate::part::lazy_page;
use farewell::FarewellCard;
use identities::IdentitiesCard;
use installation::InstallationCard;
use keys::KeysCard;
pub(crate) use passkeys::Passkeys;
use passkeys::PasskeysCard;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use passkeys::{AddPasskey, AskPasskey, OwnPasskey, RemovePasskey, RenamePasskey};
use password::PasswordCard;
use profile::ProfileCard;
use second_step::SecondStepCard;
use sessions::SessionsCard;

/// What the page starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SettingsData {
    /// Who one is.
    pub(crate) visitor: Visitor,
    /// Whether one has a password to change.
    pub(crate) has_password: bool,
    /// What one is to providers of sign-ins.
    pub(crate) identities: Vec<OwnIdentity>,
    /// Which of those there are.
    pub(crate) providers: Vec<Provider>,
    /// Since when one has a second step, milliseconds since the epoch.
    pub(crate) second_step_ms: Option<i64>,
    /// One's passkeys, where there can be some.
    pub(crate) passkeys: Option<Passkeys>,
    /// Where one is signed in, the last used first.
    pub(crate) sessions: Vec<OwnSession>,
    /// For who runs it.
    pub(crate) installation: Option<Installation>,
}

/// A browser or an app in which one is signed in. Instants are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnSession {
    /// What to end it by.
    pub(crate) key: String,
    pub(crate) is_app: bool,
    /// What it is, as far as it says so: `Firefox · Linux`.
    pub(crate) agent: Option<String>,
    /// From which network address.
    pub(crate) address: Option<String>,
    pub(crate) began_ms: i64,
    pub(crate) used_ms: i64,
    /// Whether it is this one.
    pub(crate) is_this: bool,
}

/// What one is to a provider. Instants are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnIdentity {
    /// What to take it away by.
    pub(crate) id: i64,
    /// What the provider is called.
    pub(crate) label: String,
    pub(crate) email: Option<String>,
    pub(crate) used_ms: i64,
}

/// A provider of sign-ins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Provider {
    /// Its name in addresses.
    pub(crate) name: String,
    /// Its name for people.
    pub(crate) label: String,
}

/// What the installation is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Installation {
    pub(crate) version: String,
    /// `SQLite` or `PostgreSQL`.
    pub(crate) database: String,
    pub(crate) has_own_broker: bool,
    /// What is wrong with the broker, in the program's own words.
    pub(crate) broker_trouble: Option<String>,
    /// Of the files in the data folder.
    pub(crate) data_bytes: u64,
}

/// Account and installation.
#[server(prefix = "/ui", endpoint = "settings", input = GetUrl, output = Json)]
pub(crate) async fn load_settings() -> Result<SettingsData, Fault> {
    crate::server::settings().await
}

/// What the form of the profile came with. What is still that was not touched, and another tab may have changed it meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Was {
    name: Option<String>,
    lang: Option<String>,
    theme: Option<String>,
    zone: Option<String>,
}

/// Keeps name, language, colours and zone; `of`: whose form it is.
#[server(prefix = "/ui", endpoint = "profile", output = Json)]
pub(crate) async fn save_profile(
    name: String,
    lang: Lang,
    theme: Theme,
    #[server(default)] zone: Option<String>,
    #[server(default)] of: Option<String>,
    #[server(default)] was: Was,
) -> Result<(), Fault> {
    crate::server::still(of.as_deref()).await?;
    let name = name.trim();
    if name.is_empty() {
        return crate::server::no_name();
    }
    crate::server::save_profile(
        Some(name).filter(|name| was.name.as_deref() != Some(*name)),
        Some(lang).filter(|lang| was.lang.as_deref() != Some(lang.as_str())),
        Some(theme).filter(|theme| was.theme.as_deref() != Some(theme.as_str())),
        zone.as_deref().map(str::trim).filter(|zone| was.zone.as_deref().unwrap_or_default() != *zone),
    )
    .await
}

/// Keeps colours, which a switch has changed.
#[server(prefix = "/ui", endpoint = "theme", output = Json)]
pub(crate) async fn choose_theme(theme: Theme) -> Result<(), Fault> {
    crate::server::choose_theme(theme).await
}

/// Another password.
#[server(prefix = "/ui", endpoint = "password", output = Json)]
pub(crate) async fn change_password(current: String, password: String) -> Result<(), Fault> {
    crate::server::change_password(&current, &password).await
}

/// Signs the other browsers out.
#[server(prefix = "/ui", endpoint = "end-sessions", output = Json)]
pub(crate) async fn end_other_sessions() -> Result<(), Fault> {
    crate::server::end_other_sessions().await
}

/// Signs one browser or app out.
#[server(prefix = "/ui", endpoint = "end-session", output = Json)]
pub(crate) async fn end_session(key: String) -> Result<(), Fault> {
    crate::server::end_session(&key).await
}

/// Goes to a provider, to link what one is to it.
#[server(prefix = "/ui", endpoint = "link-identity", output = Json)]
pub(crate) async fn link_identity(provider: String) -> Result<(), Fault> {
    crate::server::link_identity(&provider).await
}

/// Takes away what one is to a provider.
#[server(prefix = "/ui", endpoint = "unlink-identity", output = Json)]
pub(crate) async fn unlink_identity(id: i64) -> Result<(), Fault> {
    crate::server::unlink_identity(id).await
}

/// Deletes one's account.
#[server(prefix = "/ui", endpoint = "leave", output = Json)]
pub(crate) async fn delete_account(#[server(default)] farewell: String) -> Result<(), Fault> {
    crate::server::delete_account(&farewell).await
}

fn ask_settings() -> impl Future<Output = Result<SettingsData, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return crate::ask::ask(<LoadSettings as leptos::server_fn::ServerFn>::PATH, &[]);
    #[cfg(not(target_arch = "wasm32"))]
    load_settings()
}

lazy_page!(
    /// `/settings`.
    SettingsRoute,
    account,
    settings_code,
    preload_settings,
    SettingsPage
);

#[component]
fn SettingsPage() -> impl IntoView {
    let (t, query) = (use_texts(), use_query_map());
    let settings = Resource::new(|| (), |()| ask_settings());
    let done = move || {
        query.with(|query| match query.get_str("done") {
            Some("profile") => Some(t.settings_done_profile()),
            Some("password") => Some(t.settings_done_password()),
            Some("passkey") => Some(t.settings_done_passkey()),
            Some("passkey-name") => Some(t.settings_done_passkey_name()),
            Some("passkey-gone") => Some(t.settings_done_passkey_gone()),
            Some("sessions") => Some(t.settings_done_sessions()),
            Some("session") => Some(t.settings_done_session()),
            Some("linked") => Some(t.settings_done_linked()),
            Some("unlinked") => Some(t.settings_done_unlinked()),
            _ => None,
        })
    };
    // Said by the page that a provider has led back to, and no more where one has gone on since.
    let said = move || use_boot().with_value(|boot| boot.said.clone()).filter(|_| query.with(|query| query.get_str("oidc").is_some()));
    view! {
        <PageTitle page=t.nav_settings/>
        <Transition fallback=|| view! { <Skeleton of=Of::Board/> }>
            {move || Suspend::new(async move {
                match settings.await {
                    Ok(SettingsData { visitor, has_password, passkeys, identities, providers, second_step_ms, sessions, installation }) => view! {
                        <PageHead title=t.nav_settings lead=visitor.email.clone()/>
                        {move || done().map(|done| view! { <p class="settings__done" role="status">{done}</p> })}
                        {move || said().map(|said| view! { <p class="form__error" role="alert">{said}</p> })}
                        <div class="settings">
                            <ProfileCard visitor/>
                            {has_password.then(|| view! { <PasswordCard/> })}
                            {(!identities.is_empty() || !providers.is_empty()).then(|| view! { <IdentitiesCard identities providers/> })}
                            <SecondStepCard since_ms=second_step_ms/>
                            {passkeys.map(|passkeys| view! { <PasskeysCard passkeys/> })}
                            <SessionsCard sessions/>
                            <KeysCard/>
                            <FarewellCard has_password/>
                            {installation.map(|installation| view! { <InstallationCard installation/> })}
                        </div>
                    }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}
