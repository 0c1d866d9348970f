//! What the face offers, as data: the server makes its route table from it, and asks the right before the body is read.

use axum::body::Body;
use axum::extract::{FromRequest as _, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Form};
use leptos::server_fn::ServerFn;
use vigia_backend::http::{Access, Problem, Right, Route};
use vigia_backend::report::Busy;
use vigia_domain::rights::{Action, Verdict};

use crate::boot::Outcome;
use crate::components::language_switch::ChooseLanguage;
use crate::components::palette::FindDevices;
use crate::components::sign_out::SignOut;
use crate::face::Face;
use crate::pages::audit::LoadAudit;
use crate::pages::design::PATH;
use crate::pages::device::{Filled, LoadDevice, LoadMessages, LoadSeries, TryMessage};
use crate::pages::devices::{self, ChooseColumns, LoadDevices};
use crate::pages::enter::RedeemEntry;
use crate::pages::home::{LoadAttention, LoadMine};
use crate::pages::keys::{LoadKeys, RevokeKey};
use crate::pages::people::{Approve, EndSecondStep, Invite, LetIn, LoadPeople, LoadPerson, Refuse, SetRights, SetRole, ShutOut};
use crate::pages::register::{AskAccount, RedeemJoin};
use crate::pages::reset::{AskReset, RedeemReset};
use crate::pages::second_step::LoadSecondStep;
use crate::pages::settings::{
    AddPasskey, AskPasskey, ChangePassword, ChooseTheme, DeleteAccount, EndOtherSessions, EndSession, LinkIdentity, LoadSettings,
    RemovePasskey, RenamePasskey, SaveProfile, UnlinkIdentity,
};
use crate::pages::setup::RedeemSetup;
use crate::pages::sign_in::{AskLink, AskToEnter, EnterByPasskey, SignIn};
use crate::pages::sign_in_code::FinishSignIn;

/// Every page and every server function, each with its right. What is not here is answered by a page that says so.
#[must_use]
pub fn routes(face: &Face) -> Vec<Route> {
    let (listed, device) = (Right::Needs(Action::ReadTelemetry), Right::NeedsDevice(Action::ReadTelemetry));
    let mut routes = vec![
        page(face, "/", listed),
        page(face, "/devices", listed),
        page(face, "/devices/{id}", device),
        try_page(face, "/devices/{id}", device),
        page(face, "/settings", Right::Needs(Action::OwnAccount)),
        page(face, "/settings/second-step", Right::Needs(Action::OwnAccount)),
        answering_page(face, "/settings/second-step", Right::Needs(Action::OwnAccount), crate::server::second_step_changed)
            .example_body(FORM, "act=begin&proof=correct+horse+battery"),
        page(face, "/people", Right::Needs(Action::ManagePeople)),
        page(face, "/people/{user}", Right::NeedsAccount(Action::ManagePeople)),
        page(face, "/keys", Right::Needs(Action::OwnAccount)),
        answering_page(face, "/keys", Right::Needs(Action::OwnAccount), crate::server::made)
            .example_body(FORM, "name=&days=30")
            .example_ends(422),
        page(face, "/audit", Right::Needs(Action::ReadAudit)),
        page(face, "/sign-in", Right::Public),
        page(face, "/sign-in/code", Right::Public),
        page(face, "/setup", Right::Public),
        page(face, "/enter", Right::Public),
        page(face, "/forgot", Right::Public),
        page(face, "/reset", Right::Public),
        page(face, "/register", Right::Public),
        page(face, "/join", Right::Public),
    ];
    routes.extend([
        function::<SignIn>(face, Right::Public).example_body(FORM, "email=ana%40example.org&password=correct+horse+battery&next=%2F"),
        function::<FinishSignIn>(face, Right::Public).example_body(FORM, "passcode=000000&next=%2F").example_ends(422),
        function::<AskToEnter>(face, Right::Public).example_body(FORM, ""),
        function::<EnterByPasskey>(face, Right::Public).example_body(FORM, "answer=%21&next=%2F").example_ends(422),
        function::<AskLink>(face, Right::Public).example_body(FORM, "address=ana%40example.org"),
        function::<SignOut>(face, Right::Needs(Action::OwnAccount)).example_body(FORM, ""),
        function::<RedeemSetup>(face, Right::Public)
            .example_body(FORM, "code=vgl_x&email=eva%40example.org&name=Eva&password=correct+horse")
            .example_ends(422),
        function::<RedeemEntry>(face, Right::Public).example_body(FORM, "code=vgl_x").example_ends(422),
        function::<AskReset>(face, Right::Public).example_body(FORM, "email=ana%40example.org"),
        function::<AskAccount>(face, Right::Public).example_body(FORM, "email=eva%40example.org&name=Eva").example_ends(403),
        function::<RedeemJoin>(face, Right::Public)
            .example_body(FORM, "code=vgl_x&name=Eva&password=correct+horse+battery")
            .example_ends(422),
        function::<RedeemReset>(face, Right::Public).example_body(FORM, "code=vgl_x&password=correct+horse+battery").example_ends(422),
        function::<ChooseLanguage>(face, Right::Public).example_body(FORM, "lang=en&next=%2F"),
        file(face, devices::CSV, listed, devices::export_csv).answers_text("text/csv", "the devices"),
        file(face, "/devices/{id}/readings.csv", device, crate::server::readings_csv)
            .answers_text("text/csv", "the readings, as the interface for scripts has them")
            .example_query("?metrics=power_w&from=0&to=1000"),
        function::<LoadDevices>(face, listed),
        function::<ChooseColumns>(face, listed).example_body(FORM, "state=true&value=true&next=%2Fdevices"),
        function::<LoadDevice>(face, device).example_query("?id=m1"),
        function::<LoadSeries>(face, device).example_query("?id=m1&metric=power_w&period=1h"),
        function::<LoadMessages>(face, device).example_query("?id=m1"),
        function::<TryMessage>(face, device).example_query("?id=m1").example_body(FORM, TRIAL),
        function::<FindDevices>(face, listed).example_query("?q=m1"),
        function::<LoadAttention>(face, Right::Needs(Action::Watch)),
        function::<LoadMine>(face, listed),
        function::<LoadAudit>(face, Right::Needs(Action::ReadAudit)),
    ]);
    routes.extend(account(face));
    routes.extend(people(face));
    routes
}

/// The page of all parts, for an installation whose settings want it.
#[must_use]
pub fn design(face: &Face) -> Route {
    page(face, PATH, Right::Needs(Action::OwnAccount))
}

/// Who has an account.
fn people(face: &Face) -> [Route; 10] {
    let right = Right::Needs(Action::ManagePeople);
    // Nobody has this key.
    const NOBODY: &str = "id=999999";
    [
        function::<LoadPeople>(face, right),
        function::<Approve>(face, right).example_body(FORM, NOBODY).example_ends(409),
        function::<Refuse>(face, right).example_body(FORM, NOBODY).example_ends(409),
        function::<ShutOut>(face, right).example_body(FORM, NOBODY).example_ends(409),
        function::<LetIn>(face, right).example_body(FORM, NOBODY).example_ends(409),
        function::<EndSecondStep>(face, right).example_body(FORM, NOBODY).example_ends(409),
        function::<LoadPerson>(face, Right::NeedsAccount(Action::ManagePeople)).example_query("?user=0"),
        function::<SetRole>(face, Right::Needs(Action::ManageRights))
            .example_body(FORM, "id=999999&was=staff&role=viewer")
            .example_ends(409),
        function::<SetRights>(face, Right::Needs(Action::ManageRights))
            .example_body(FORM, "id=999999&was=staff&right%5B%5D=audit%3Aread")
            .example_ends(409),
        function::<Invite>(face, right).example_body(FORM, "email=ana&name=Ana&role=customer").example_ends(422),
    ]
}

/// One's own account.
fn account(face: &Face) -> [Route; 16] {
    let own = Right::Needs(Action::OwnAccount);
    [
        function::<LoadSettings>(face, own),
        function::<SaveProfile>(face, own).example_body(FORM, "name=Ana&lang=es&theme=dark"),
        function::<ChooseTheme>(face, own).example_body(FORM, "theme=dark"),
        function::<ChangePassword>(face, own).example_body(FORM, "current=correct+horse+battery&password=correct+horse+battery"),
        function::<EndOtherSessions>(face, own).example_body(FORM, ""),
        function::<DeleteAccount>(face, own).example_body(FORM, "farewell=not+the+password").example_ends(422),
        function::<EndSession>(face, own).example_body(FORM, "key=0"),
        function::<LinkIdentity>(face, own).example_body(FORM, "provider=nobody"),
        function::<UnlinkIdentity>(face, own).example_body(FORM, "id=999999"),
        function::<LoadSecondStep>(face, own),
        function::<AskPasskey>(face, own).example_body(FORM, ""),
        function::<AddPasskey>(face, own).example_body(FORM, "answer=%21").example_ends(422),
        function::<RenamePasskey>(face, own).example_body(FORM, "id=999999&label=x").example_ends(409),
        function::<RemovePasskey>(face, own).example_body(FORM, "id=999999"),
        function::<LoadKeys>(face, own),
        function::<RevokeKey>(face, own).example_body(FORM, "id=999999"),
    ]
}

const FORM: &str = "application/x-www-form-urlencoded";
const TRIAL: &str = "topic=vigia%2Fm1%2Ftelemetry&decoder=&payload=%7B%7D";

fn page(face: &Face, path: &'static str, right: Right) -> Route {
    let face = face.clone();
    let show = move |Extension(access): Extension<Access>, request: Request| async move { face.page(outcome(access), request).await };
    Route::get(path, right, show).page()
}

/// A file that a page offers. Where there is none for who asks, a browser gets a page that says why in its reader's language.
fn file<F>(face: &Face, path: &'static str, right: Right, make: impl Fn(Parts) -> F + Clone + Send + Sync + 'static) -> Route
where
    F: Future<Output = Result<Response, Busy>> + Send,
{
    let face = face.clone();
    let answer = move |Extension(access): Extension<Access>, request: Request| async move {
        let (parts, body) = request.into_parts();
        let (response, outcome) = match outcome(access) {
            Outcome::Page => match make(parts.clone()).await {
                Ok(file) => {
                    let outcome = of_file(file.status());
                    (file, outcome)
                }
                Err(busy @ Busy::Own) => (Problem::from(busy).into_response(), Some(Outcome::TooMany)),
                Err(busy @ Busy::All) => (Problem::from(busy).into_response(), Some(Outcome::Busy)),
            },
            refused => (of_access(access).into_response(), Some(refused)),
        };
        let accepts = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        match outcome.filter(|_| accepts.is_some_and(|value| value.contains("text/html"))) {
            Some(outcome) => face.page(outcome, Request::from_parts(parts, body)).await,
            None => response,
        }
    };
    Route::get(path, right, answer).page()
}

/// The page in place of a file that could not be made; none for a file, and for a question that was wrong, whose answer names the field.
fn of_file(status: StatusCode) -> Option<Outcome> {
    match status {
        StatusCode::NOT_FOUND => Some(Outcome::NotFound),
        StatusCode::SERVICE_UNAVAILABLE => Some(Outcome::Unavailable),
        status if status.is_server_error() => Some(Outcome::Failed),
        _ => None,
    }
}

/// What a program is told of a refusal.
fn of_access(access: Access) -> Problem {
    match access {
        Access::Decided(verdict) => Problem::of_verdict(verdict).unwrap_or_else(Problem::internal),
        Access::Unavailable => Problem::unavailable(),
        Access::Failed => Problem::internal(),
    }
}

/// The page of a device as an answer to the form in it that tries a payload: a browser without a script sends that here.
fn try_page(face: &Face, path: &'static str, right: Right) -> Route {
    let face = face.clone();
    let show = move |Extension(access): Extension<Access>, request: Request| async move {
        let outcome = outcome(access);
        let request = if outcome == Outcome::Page { tried(request).await } else { request };
        face.page(outcome, request).await
    };
    Route::post(path, right, show).page().example_body(FORM, TRIAL)
}

/// A page as an answer to a form in it: what that makes, a key or codes, is in this answer alone.
fn answering_page<F>(face: &Face, path: &'static str, right: Right, make: fn(Request) -> F) -> Route
where
    F: Future<Output = Request> + Send + 'static,
{
    let face = face.clone();
    let show = move |Extension(access): Extension<Access>, request: Request| async move {
        let outcome = outcome(access);
        let request = if outcome == Outcome::Page { make(request).await } else { request };
        face.page(outcome, request).await
    };
    Route::post(path, right, show).page()
}

/// The request for the page alone, with what came of the trial.
async fn tried(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let visitor = crate::server::visitor(&parts).await.unwrap_or_default();
    parts.extensions.insert(crate::face::spoken(visitor.as_ref(), &parts.headers));
    let form = Form::<Filled>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let answer = crate::server::try_for_page(&parts, form.map(|Form(form)| form).map_err(drop));
    parts.extensions.insert(answer);
    parts.method = Method::GET;
    Request::from_parts(parts, Body::empty())
}

const fn outcome(access: Access) -> Outcome {
    match access {
        Access::Decided(Verdict::Allowed) => Outcome::Page,
        Access::Decided(Verdict::SignIn) => Outcome::SignIn,
        Access::Decided(Verdict::Forbidden) => Outcome::Forbidden,
        Access::Decided(Verdict::Hidden) => Outcome::NotFound,
        Access::Unavailable => Outcome::Unavailable,
        Access::Failed => Outcome::Failed,
    }
}

fn function<F>(face: &Face, right: Right) -> Route
where
    F: ServerFn,
    F::Protocol: HasMethod,
{
    let (face, strict) = (face.clone(), face.clone());
    let call = move |request: Request| async move { face.call(request).await };
    if <F::Protocol as HasMethod>::method() == Method::GET {
        return Route::get(F::PATH, right, call);
    }
    if right == Right::Public {
        return Route::post(F::PATH, right, call);
    }
    // A refusal is the face's matter, too: behind it may be a browser with a form.
    let call = move |Extension(access): Extension<Access>, request: Request| async move {
        match refusal(access) {
            Some(problem) => strict.turn_away(problem, request).await,
            None => strict.call(request).await,
        }
    };
    Route::post(F::PATH, right, call).page()
}

fn refusal(access: Access) -> Option<Problem> {
    match access {
        Access::Decided(verdict) => Problem::of_verdict(verdict),
        Access::Unavailable => Some(Problem::unavailable()),
        Access::Failed => Some(Problem::internal()),
    }
}

/// The method that a protocol of ours is called by.
trait HasMethod {
    fn method() -> Method;
}

impl<Output> HasMethod for leptos::server_fn::Http<leptos::server_fn::codec::GetUrl, Output> {
    fn method() -> Method {
        Method::GET
    }
}

impl<Output> HasMethod for leptos::server_fn::Http<leptos::server_fn::codec::PostUrl, Output> {
    fn method() -> Method {
        Method::POST
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vigia_backend::http::assets::AssetNames;

    use super::*;

    #[test]
    fn every_server_function_is_listed_with_its_right() {
        let routes = routes(&Face::new(AssetNames::default));
        let listed: BTreeSet<_> =
            routes.iter().filter(|r| r.path.starts_with("/ui/")).map(|r| (r.path.to_owned(), r.method.to_string())).collect();
        let known: BTreeSet<_> =
            leptos::server_fn::axum::server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string())).collect();
        assert_eq!(listed, known);
    }
}
