//! The one way from the pages to the backend. Server functions and the face ask here; nothing else does.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};
use axum::response::IntoResponse as _;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use tower_sessions::Session;
use vigia_backend::app::App;
use vigia_backend::auth::mailed;
use vigia_backend::auth::password::BadPassword;
use vigia_backend::auth::redeem::{self, Entered};
use vigia_backend::auth::register::{self, Applicant};
use vigia_backend::auth::sign_in::{self, SignInError};
use vigia_backend::config::{Guard, Registration, Settings};
use vigia_backend::db::DbError;
use vigia_backend::db::devices::Device;
use vigia_backend::db::mails::Kind;
use vigia_backend::fleet::{self, PageFilter, StateFilter};
use vigia_backend::http::Problem;
use vigia_backend::http::access::PathDevice;
use vigia_backend::http::api::{self as readings, NotExported};
use vigia_backend::http::client;
use vigia_backend::http::next::{code_way, is_ours};
use vigia_backend::origin::Origin;
use vigia_backend::report::{Busy, Export};
use vigia_domain::attention::{Attention, Found};
use vigia_domain::device::{DevicePage, DeviceRow};
use vigia_domain::rights::{Action, Principal, Resource, Verdict, may};
use vigia_domain::user::Visitor;

use crate::face::set_status;
use crate::fault::{Fault, FieldFault};
use crate::format::reason;
use crate::i18n::{Lang, Texts};
use crate::pages::device::{DeviceData, Told};
use crate::pages::devices::{Show, Wanted};

mod account;
mod audit;
mod keys;
mod messages;
mod oidc;
mod passkeys;
mod people;
mod second_step;
mod stretch;

pub(crate) use account::{
    change_password, choose_language, choose_theme, delete_account, end_other_sessions, end_session, no_name, save_profile, settings, still,
};
pub(crate) use audit::audit;
pub(crate) use keys::{keys, made, revoke_key};
pub(crate) use messages::{messages, try_for_page, try_out, visible};
pub(crate) use oidc::{link_identity, said, unlink_identity, ways};
pub(crate) use passkeys::{add_passkey, ask_passkey, ask_to_enter, enter_by_passkey, passkey_origin, remove_passkey, rename_passkey};
pub(crate) use people::{Verb, act_on, invite, people, person, set_rights, set_role};
pub(crate) use second_step::{end_second_step_of, finish_sign_in, second_step, second_step_changed};
pub(crate) use stretch::stretch;

/// Who is signed in; `None` for nobody.
pub(crate) async fn visitor(parts: &Parts) -> Result<Option<Visitor>, Fault> {
    let asked = Asked::of(parts)?;
    Ok(sign_in::visitor(&asked.app, &asked.principal).await?)
}

/// The server's time, milliseconds since the epoch.
pub(crate) fn now_ms(parts: &Parts) -> i64 {
    parts.extensions.get::<App>().map_or(0, |app| app.world().clock.now_ms())
}

/// Whether the visitor reached us over TLS.
pub(crate) fn is_https(parts: &Parts) -> bool {
    parts.extensions.get::<App>().is_some_and(|app| client::is_https(&app.settings().http, &parts.headers))
}

/// What a visitor who runs the installation should mend about it.
pub(crate) fn notice(parts: &Parts, t: &'static Texts, visitor: Option<&Visitor>) -> Option<String> {
    visitor.filter(|visitor| visitor.rights.has(Action::Watch))?;
    plaintext(parts.extensions.get::<App>()?.settings(), t)
}

/// Of listeners beyond this machine that speak plaintext. That a proxy is said to stand before one does not close its port:
/// whoever is on the network still reaches it there.
fn plaintext(settings: &Settings, t: &'static Texts) -> Option<String> {
    let Settings { http, mqtt, .. } = settings;
    let is_open = |guard, listen: SocketAddr| guard == Guard::PrivatePeers && !listen.ip().is_loopback();
    let http = http.tls.is_none() && is_open(http.guard(), http.listen);
    let mqtt = is_open(mqtt.guard(), mqtt.listen);
    match (http, mqtt) {
        (true, true) => Some(t.notice_plaintext("HTTP, MQTT", format!("{} {}", t.notice_http, t.notice_mqtt))),
        (true, false) => Some(t.notice_plaintext("HTTP", t.notice_http)),
        (false, true) => Some(t.notice_plaintext("MQTT", t.notice_mqtt)),
        (false, false) => None,
    }
}

/// The port of the embedded broker.
pub(crate) fn mqtt_port(parts: &Parts) -> u16 {
    parts.extensions.get::<App>().map_or(1883, |app| app.mqtt_port())
}

/// Whether everybody may open an account.
pub(crate) fn registers(parts: &Parts) -> bool {
    parts.extensions.get::<App>().is_some_and(|app| app.settings().accounts.registration == Registration::Open)
}

pub(crate) async fn devices(wanted: &Wanted) -> Result<DevicePage, Fault> {
    let asked = Asked::here()?;
    told(fleet::page(&asked.app, &asked.principal, &filter(wanted)).await.map_err(Into::into))
}

/// The first devices that whoever asks may see, `most` of them.
pub(crate) async fn mine(most: usize) -> Result<DevicePage, Fault> {
    let asked = Asked::here()?;
    told(fleet::few(&asked.app, &asked.principal, most).await.map_err(Into::into))
}

/// All that a choice takes and whoever asks may see, of them only `ids` where there are any.
/// They are a file under way until what comes with them is dropped.
pub(crate) async fn all_devices(parts: &Parts, wanted: &Wanted, ids: &[String]) -> Result<Result<(Vec<DeviceRow>, Export), Fault>, Busy> {
    let asked = match Asked::of(parts) {
        Ok(asked) => asked,
        Err(fault) => return Ok(Err(fault)),
    };
    let export = asked.app.exports().begin(&asked.principal)?;
    let rows = fleet::all(&asked.app, &asked.principal, &filter(wanted), ids).await;
    Ok(rows.map(|rows| (rows, export)).map_err(Into::into))
}

/// The readings that a request asks for of the device that its path names; `Err`: no further file is made now.
pub(crate) async fn readings_csv(parts: Parts) -> Result<Response<Body>, Busy> {
    let asked = Asked::of(&parts).and_then(|asked| Ok((asked.device()?, asked)));
    let Ok((device, asked)) = asked else { return Ok(Problem::not_found().into_response()) };
    match readings::readings_csv(asked.app, &asked.principal, &device, &parts.uri).await {
        Ok(file) => Ok(file),
        Err(NotExported::Busy(busy)) => Err(busy),
        Err(NotExported::Problem(problem)) => Ok(problem.into_response()),
    }
}

/// What was asked for makes no sense.
pub(crate) fn refused<T>() -> Result<T, Fault> {
    told(Err(Fault { status: 422, field: None }))
}

fn filter(wanted: &Wanted) -> PageFilter<'_> {
    let state = match wanted.show {
        Show::All => StateFilter::All,
        Show::Online => StateFilter::Online,
        Show::Offline => StateFilter::Offline,
        Show::Never => StateFilter::Never,
    };
    // A page that somebody kept must not fail for its cursor: it begins at the first then.
    let from = wanted.from.parse().ok();
    PageFilter { text: &wanted.text, state, kind: wanted.kind, owner: &wanted.owner, sort: wanted.sort, from }
}

/// What needs attention in the installation.
pub(crate) async fn attention() -> Result<Attention, Fault> {
    let asked = Asked::here()?;
    // The page that shows it is everybody's, so its route has not asked.
    let is_allowed = |action| may(&asked.principal, action, Resource::Installation) == Verdict::Allowed;
    if !is_allowed(Action::Watch) || !is_allowed(Action::ReadTelemetry) {
        return told(Err(Fault { status: 403, field: None }));
    }
    let t = asked.lang.texts();
    let attention = told(fleet::attention(&asked.app, |why| reason(t, why)).await.map_err(Into::into))?;
    // Messages are counted and clocks are heard in this process alone.
    let note = asked.app.hub().has_neighbours().then(|| t.notice_one_process.to_owned());
    Ok(Attention { note, ..attention })
}

/// The devices that somebody means; `recent`: ids with commas between.
pub(crate) async fn find(text: &str, recent: &str) -> Result<Vec<Found>, Fault> {
    let asked = Asked::here()?;
    let recent: Vec<&str> = recent.split(',').filter(|id| !id.is_empty()).take(fleet::MOST_FOUND).collect();
    told(fleet::find(&asked.app, &asked.principal, text, &recent).await.map_err(Into::into))
}

/// The device that the route names, found by its guard.
pub(crate) async fn device() -> Result<DeviceData, Fault> {
    let asked = Asked::here()?;
    let device = Device::clone(&*told(asked.device())?);
    // Whoever opens the page may want to see what comes from now on.
    let _ = asked.app.ingest().look(device.number, None);
    let view = told(fleet::view(&asked.app, device).await.map_err(Into::into))?;
    let refused = Told::all(asked.lang.texts(), view.quarantine);
    Ok(DeviceData { row: view.row, latest: view.latest, attributes: view.attributes, clock_offset_ms: view.clock_offset_ms, refused })
}

/// Signs in with a password; the way on, to `next` in the end.
pub(crate) async fn sign_in(email: &str, password: &str, next: &str) -> Result<String, Fault> {
    let asked = Asked::here()?;
    let entered = sign_in::sign_in(&asked.app, &asked.session()?, &asked.from, email, password).await;
    told(entered.map_err(Into::into)).map(|entered| second_step::way_on(&entered, next))
}

/// Lets a link wait to be mailed, to sign in or to choose another password; says whether mails only go into a folder here.
pub(crate) async fn ask_link(email: &str, is_reset: bool) -> Result<bool, Fault> {
    let asked = Asked::here()?;
    let kind = if is_reset { Kind::Reset } else { Kind::Enter };
    told(mailed::ask_for_link(&asked.app, &asked.from, email, kind).await.map_err(Into::into))?;
    Ok(!asked.app.settings().mail.leaves())
}

pub(crate) async fn sign_out() -> Result<(), Fault> {
    let asked = Asked::here()?;
    told(sign_in::sign_out(&asked.app, &asked.session()?, &asked.from).await.map_err(Into::into))
}

/// Makes the first administrator; the way on.
pub(crate) async fn redeem_setup(code: &str, email: &str, name: &str, password: &str) -> Result<String, Fault> {
    let asked = Asked::here()?;
    if name.is_empty() {
        return told(Err(FieldFault::Name.into()));
    }
    let done = sign_in::redeem_setup(&asked.app, &asked.session()?, &asked.from, code, email, name, password).await;
    told(done.map_err(Into::into)).map(|entered| second_step::way_on(&entered, "/"))
}

/// Opens an entry link; the way on.
pub(crate) async fn redeem_entry(code: &str) -> Result<String, Fault> {
    let asked = Asked::here()?;
    let done = redeem::entry(&asked.app, &asked.session()?, &asked.from, code).await;
    told(done.map_err(of_link)).map(way_of_link)
}

fn way_of_link(entered: Entered) -> String {
    match entered {
        Entered::In(_) => "/".to_owned(),
        Entered::Second => code_way("/"),
        Entered::Choose(code) => format!("/reset#{code}"),
    }
}

/// Gives a link's owner another password; the way on.
pub(crate) async fn redeem_reset(code: &str, password: &str) -> Result<String, Fault> {
    let asked = Asked::here()?;
    let done = redeem::reset_and_enter(&asked.app, &asked.session()?, &asked.from, code, password).await;
    told(done.map_err(of_link)).map(way_of_link)
}

/// Lets somebody ask for an account; says whether mails only go into a folder here.
pub(crate) async fn register(email: &str, name: &str) -> Result<bool, Fault> {
    let asked = Asked::here()?;
    if name.is_empty() {
        return told(Err(FieldFault::Name.into()));
    }
    let who = Applicant { email, username: None, name, password: None, lang: Some(asked.lang.as_str()) };
    told(register::register(&asked.app, &asked.from, who).await.map_err(people::of_registration))?;
    Ok(!asked.app.settings().mail.leaves())
}

/// Opens the link of a registration or an invitation; the way on.
pub(crate) async fn redeem_join(code: &str, name: &str, password: &str) -> Result<String, Fault> {
    let asked = Asked::here()?;
    if name.is_empty() {
        return told(Err(FieldFault::Name.into()));
    }
    let done = register::join(&asked.app, &asked.session()?, &asked.from, code, name, password).await;
    let entered = told(done.map_err(of_link))?;
    Ok(entered.map_or_else(|| "/sign-in?link=waits".to_owned(), |entered| second_step::way_on(&entered, "/")))
}

fn of_link(error: SignInError) -> Fault {
    match error {
        SignInError::LinkOver => FieldFault::Entry.into(),
        other => other.into(),
    }
}

/// A request to the backend: the installation, who asks, and for which device.
struct Asked {
    app: App,
    principal: Principal,
    session: Option<Session>,
    /// Where the visitor comes from.
    from: Origin,
    device: Option<Arc<Device>>,
    lang: Lang,
}

impl Asked {
    /// Of the request that is being answered.
    fn here() -> Result<Self, Fault> {
        Self::of(&use_context::<Parts>().ok_or(Fault::UNAVAILABLE)?)
    }

    fn of(parts: &Parts) -> Result<Self, Fault> {
        let app = parts.extensions.get::<App>().cloned().ok_or(Fault::UNAVAILABLE)?;
        let principal = parts.extensions.get::<Principal>().cloned().unwrap_or(Principal::Nobody);
        let from = parts.extensions.get::<Origin>().cloned().unwrap_or_default();
        let session = parts.extensions.get::<Session>().cloned();
        let device = parts.extensions.get::<PathDevice>().map(|PathDevice(device)| Arc::clone(device));
        // The page knows the profile by then; a call of it comes with the cookie that the page has brought.
        let lang = parts.extensions.get().copied().unwrap_or_else(|| crate::face::lang(&parts.headers));
        Ok(Self { app, principal, session, from, device, lang })
    }

    fn session(&self) -> Result<Session, Fault> {
        self.session.clone().ok_or(Fault::UNAVAILABLE)
    }

    /// The device that the route names. Its guard looked it up and asked the right; without one there is none to see.
    fn device(&self) -> Result<Arc<Device>, Fault> {
        self.device.clone().ok_or(Fault { status: 404, field: None })
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        tracing::error!(%error, "a page could not be answered");
        Self::UNAVAILABLE
    }
}

impl From<SignInError> for Fault {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => FieldFault::Credentials.into(),
            SignInError::Waits => FieldFault::Waits.into(),
            SignInError::NeedsCode | SignInError::WrongCode => FieldFault::StepCode.into(),
            SignInError::StepOver => FieldFault::StepOver.into(),
            SignInError::LinkOver => FieldFault::Code.into(),
            SignInError::TooMany(many) => {
                if let Some(response) = use_context::<ResponseOptions>() {
                    response.insert_header(header::RETRY_AFTER, HeaderValue::from(many.seconds()));
                }
                FieldFault::SlowDown.into()
            }
            SignInError::Email => FieldFault::Email.into(),
            SignInError::EmailTaken => FieldFault::EmailTaken.into(),
            SignInError::Password(BadPassword::Short) => FieldFault::PasswordShort.into(),
            SignInError::Password(BadPassword::Long) => FieldFault::PasswordLong.into(),
            SignInError::Password(BadPassword::Weak) => FieldFault::PasswordWeak.into(),
            SignInError::Db(error) => error.into(),
            SignInError::Signing(error) => {
                tracing::error!(%error, "no access token can be made");
                Self::UNAVAILABLE
            }
            SignInError::Sealing(error) => {
                tracing::error!(%error, "a second step cannot be checked");
                FieldFault::StepSealed.into()
            }
            SignInError::Session(error) => {
                tracing::error!(%error, "a session could not be kept");
                Self::UNAVAILABLE
            }
        }
    }
}

/// Gives a fault's status to the answer, except to a form without a script: that is led back to its page.
fn told<T>(result: Result<T, Fault>) -> Result<T, Fault> {
    if let Err(fault) = &result
        && !use_context::<Parts>().is_some_and(|parts| is_plain_form(&parts))
    {
        set_status(StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    }
    result
}

/// Whether a request is a form that a browser sends by itself.
pub(crate) fn is_plain_form(parts: &Parts) -> bool {
    let accepts = parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    parts.method == Method::POST && accepts.is_some_and(|v| v.contains("text/html"))
}

/// After a form: to `next` if it is an address of ours, else home.
pub(crate) fn go_on(next: &str) {
    leptos_axum::redirect(if is_ours(next) { next } else { "/" });
}

/// Remembers a choice for a year.
pub(crate) fn remember(name: &str, value: &str) {
    if let (Some(response), Some(cookie)) = (use_context::<ResponseOptions>(), lasting(name, value)) {
        response.append_header(header::SET_COOKIE, cookie);
    }
}

/// A cookie that lasts a year.
pub(crate) fn lasting(name: &str, value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax")).ok()
}

#[cfg(test)]
mod tests {
    use vigia_backend::config::Plaintext;

    use super::*;
    use crate::i18n::EN;

    #[test]
    fn a_listener_that_speaks_plaintext_is_told_of_whatever_stands_before_it() {
        let mut settings = Settings::default();
        settings.mqtt.plaintext = Some(Plaintext::Private);
        assert_eq!(plaintext(&settings, &EN), None, "on this machine alone");
        settings.mqtt.listen = ([0, 0, 0, 0], 1883).into();
        for behind_proxy in [false, true] {
            settings.mqtt.behind_proxy = behind_proxy;
            let told = plaintext(&settings, &EN).expect("told");
            assert!(told.contains("MQTT") && !told.contains("HTTP"), "{told}");
            let (proxy, setting) = (told.find("proxy that speaks TLS").expect("first"), told.find("mqtt.behind_proxy").expect("then"));
            assert!(proxy < setting, "{told}");
        }
        settings.mqtt.plaintext = None;
        assert_eq!(plaintext(&settings, &EN), None, "behind its proxy");
    }
}
