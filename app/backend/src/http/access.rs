//! The question of rights, asked before a route reads anything of the request's body.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Query, RawPathParams, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tower_sessions::Session;
use vigia_domain::ids::{DeviceId, UserId};
use vigia_domain::rights::{Action, Principal, Resource, Verdict, may};

use super::client::{self, is_local};
use super::problem::Problem;
use super::table::{Face, Right};
use crate::app::App;
use crate::auth::{basic, principal};
use crate::db::devices::{self, Device};
use crate::db::users::{self, User};
use crate::origin::Origin;

/// What was decided about a request; in its extensions for the handler to find. A handler of an API route runs only
/// when the verdict is [`Verdict::Allowed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The right was asked.
    Decided(Verdict),
    /// It could not be asked now: the database is away.
    Unavailable,
    /// It could not be asked: our own fault.
    Failed,
}

/// Why it cannot be said who asks.
#[derive(Clone)]
struct Unknown(Problem);

/// The device that the path names, found while the right was asked.
#[derive(Clone, Debug)]
pub struct PathDevice(pub Arc<Device>);

/// The person whose account the path names, found while the right was asked.
#[derive(Clone, Debug)]
pub struct PathUser(pub Arc<User>);

#[derive(Clone)]
pub(super) struct Gatekeeper {
    pub(super) app: App,
    pub(super) right: Right,
    pub(super) face: Face,
    /// Whether the body is one JSON object.
    pub(super) takes_json: bool,
}

/// Finds out who asks; a layer around everything. When that cannot be said, what is for everybody still works: files, health.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    // Files of the bundle are for everybody, and a page that tells of a database that is away needs them at once.
    if request.uri().path().starts_with("/assets/") {
        return next.run(request).await;
    }
    let session = request.extensions().get::<Session>().cloned();
    let origin = client::origin(&app.settings().http, request.extensions(), request.headers());
    let principal = match known(&app, request.uri().path(), request.headers(), session.as_ref(), &origin).await {
        Ok(principal) => principal,
        Err(problem) if problem.status() == StatusCode::TOO_MANY_REQUESTS => return problem.into_response(),
        Err(problem) => {
            request.extensions_mut().insert(Unknown(problem));
            Principal::Nobody
        }
    };
    // Whoever cannot be known now is nobody's to count: the database is away, and that is what they are told.
    let is_known = request.extensions().get::<Unknown>().is_none();
    if is_known && let Err(too_many) = app.requests().take(&principal, &origin) {
        return Problem::from(too_many).into_response();
    }
    request.extensions_mut().insert(origin);
    request.extensions_mut().insert(principal);
    request.extensions_mut().insert(app);
    next.run(request).await
}

async fn known(app: &App, path: &str, headers: &HeaderMap, session: Option<&Session>, origin: &Origin) -> Result<Principal, Problem> {
    let principal = principal::of(app, headers, session).await?;
    if principal == Principal::Nobody && basic::is_taken_at(path) {
        return Ok(basic::principal(app, origin, headers).await?);
    }
    Ok(principal)
}

/// Asks the right of one route; a layer around it.
pub(super) async fn ask(State(keeper): State<Gatekeeper>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let principal = parts.extensions.get::<Principal>().cloned().unwrap_or(Principal::Nobody);
    if let Some(Unknown(problem)) = parts.extensions.get()
        && (keeper.right != Right::Public || keeper.face == Face::Page)
    {
        let problem = problem.clone();
        return unanswered(keeper.face, problem, Request::from_parts(parts, body), next).await;
    }
    let verdict = match keeper.right {
        Right::Public => Verdict::Allowed,
        Right::Needs(action) => may(&principal, action, Resource::Installation),
        Right::NeedsSome(action) => match &principal {
            Principal::Device(own) => may(&principal, action, Resource::Device { id: own, owner: None }),
            _ => may(&principal, action, Resource::Installation),
        },
        Right::LoopbackOr(_) if is_local(&keeper.app.settings().http, &parts.extensions, &parts.headers) => Verdict::Allowed,
        Right::LoopbackOr(action) => may(&principal, action, Resource::Installation),
        Right::NeedsDevice(action) => {
            let id = named_device(&mut parts).await;
            match of_device(&keeper.app, &principal, action, id).await {
                Ok((verdict, device)) => {
                    if let Some(device) = device {
                        parts.extensions.insert(PathDevice(Arc::new(device)));
                    }
                    verdict
                }
                Err(problem) => return unanswered(keeper.face, problem, Request::from_parts(parts, body), next).await,
            }
        }
        Right::NeedsAccount(action) => {
            let id = named_account(&mut parts).await;
            match of_account(&keeper.app, &principal, action, id).await {
                Ok((verdict, user)) => {
                    if let Some(user) = user {
                        parts.extensions.insert(PathUser(Arc::new(user)));
                    }
                    verdict
                }
                Err(problem) => return unanswered(keeper.face, problem, Request::from_parts(parts, body), next).await,
            }
        }
    };
    match (keeper.face, Problem::of_verdict(verdict)) {
        (Face::Api, Some(problem)) => problem.into_response(),
        (Face::Api, None) if keeper.takes_json && !may_be_json(&parts) => {
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is JSON: send Content-Type: application/json")
                .about("content-type")
                .into_response()
        }
        _ => {
            parts.extensions.insert(Access::Decided(verdict));
            next.run(Request::from_parts(parts, body)).await
        }
    }
}

/// Whether what is said of the body does not say that it is something else.
fn may_be_json(parts: &Parts) -> bool {
    let Some(said) = parts.headers.get(CONTENT_TYPE) else { return true };
    let kind = said.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// The right cannot be asked: a problem, or a page that says so.
async fn unanswered(face: Face, problem: Problem, mut request: Request, next: Next) -> Response {
    if face == Face::Api {
        return problem.into_response();
    }
    let away = problem.status() == StatusCode::SERVICE_UNAVAILABLE;
    request.extensions_mut().insert(if away { Access::Unavailable } else { Access::Failed });
    next.run(request).await
}

/// The device that `{id}` in the path names, or `id` in the query of a route whose path has none.
async fn named_device(parts: &mut Parts) -> Option<DeviceId> {
    let text = match in_path(parts, "id").await {
        Some(text) => text,
        None => Query::<Named>::try_from_uri(&parts.uri).ok()?.0.id,
    };
    DeviceId::new(text).ok()
}

/// The account that `{user}` in the path names, or `user` in the query of a route whose path has none.
async fn named_account(parts: &mut Parts) -> Option<UserId> {
    #[derive(Deserialize)]
    struct Named {
        user: i64,
    }
    match in_path(parts, "user").await {
        Some(text) => text.parse().ok().map(UserId),
        None => Query::<Named>::try_from_uri(&parts.uri).ok().map(|Query(named)| UserId(named.user)),
    }
}

/// What stands in the path in the place of this name.
async fn in_path(parts: &mut Parts, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    params.iter().find(|(found, _)| *found == name).map(|(_, text)| text.to_owned())
}

/// The verdict on an account by its number, and whose it is when it is allowed. Who looks after people is told which there are not; nobody else
/// learns which there are.
async fn of_account(app: &App, principal: &Principal, action: Action, id: Option<UserId>) -> Result<(Verdict, Option<User>), Problem> {
    let on_any = may(principal, action, Resource::Installation);
    if on_any != Verdict::Allowed {
        return Ok((on_any, None));
    }
    let Some(id) = id else { return Ok((Verdict::Hidden, None)) };
    Ok(match users::by_id(app.registry(), id).await? {
        None => (Verdict::Hidden, None),
        Some(user) => match may(principal, action, Resource::Account { role: user.role }) {
            Verdict::Allowed => (Verdict::Allowed, Some(user)),
            refused => (refused, None),
        },
    })
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// The verdict on a device by its id, and the device when it is allowed. A device that does not exist is as hidden as
/// another's; only nobody is told to sign in first, and whoever lacks the right altogether is told that.
///
/// # Errors
/// A [`Problem`] when the registry cannot be asked.
pub async fn of_device(
    app: &App,
    principal: &Principal,
    action: Action,
    id: Option<DeviceId>,
) -> Result<(Verdict, Option<Device>), Problem> {
    if *principal == Principal::Nobody {
        return Ok((Verdict::SignIn, None));
    }
    let Some(id) = id else { return Ok((Verdict::Hidden, None)) };
    let found = devices::by_id(app.registry(), &id).await?;
    let owner = found.as_ref().and_then(|device| device.owner);
    let verdict = may(principal, action, Resource::Device { id: &id, owner });
    Ok(match (verdict, found) {
        (Verdict::Allowed, Some(device)) => (Verdict::Allowed, Some(device)),
        (Verdict::Allowed, None) => (Verdict::Hidden, None),
        (refused, _) => (refused, None),
    })
}
