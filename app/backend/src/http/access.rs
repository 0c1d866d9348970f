//! The question of rights, asked before a route reads anything of the request's body.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts as _, Query, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tower_sessions::Session;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::{Action, Principal, Resource, Verdict, may};

use super::problem::Problem;
use super::table::{Face, Right};
use crate::app::App;
use crate::auth::principal::{self, Unchecked};
use crate::db::devices::{self, Device};

/// What was decided about a request; in its extensions for the handler to find. A handler of an API route runs only
/// when the verdict is [`Verdict::Allowed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access(pub Verdict);

/// The device that the path names, found while the right was asked.
#[derive(Clone, Debug)]
pub struct PathDevice(pub Arc<Device>);

#[derive(Clone)]
pub(super) struct Gatekeeper {
    pub(super) app: App,
    pub(super) right: Right,
    pub(super) face: Face,
}

/// Finds out who asks; a layer around everything.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let session = request.extensions().get::<Session>().cloned();
    let principal = match principal::of(&app, request.headers(), session.as_ref()).await {
        Ok(principal) => principal,
        Err(Unchecked::Db(error)) => return Problem::from(error).into_response(),
        Err(Unchecked::Session(error)) => {
            tracing::error!(%error, "a session cannot be read");
            return Problem::unavailable().into_response();
        }
    };
    request.extensions_mut().insert(principal);
    request.extensions_mut().insert(app);
    next.run(request).await
}

/// Asks the right of one route; a layer around it.
pub(super) async fn ask(State(keeper): State<Gatekeeper>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let principal = parts.extensions.get::<Principal>().cloned().unwrap_or(Principal::Nobody);
    let verdict = match keeper.right {
        Right::Public => Verdict::Allowed,
        Right::Needs(action) => may(&principal, action, Resource::Installation),
        Right::LoopbackOr(_) if is_local(&keeper.app, &parts.extensions, &parts.headers) => Verdict::Allowed,
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
                Err(problem) => return problem.into_response(),
            }
        }
    };
    match (keeper.face, Problem::of_verdict(verdict)) {
        (Face::Api, Some(problem)) => problem.into_response(),
        _ => {
            parts.extensions.insert(Access(verdict));
            next.run(Request::from_parts(parts, body)).await
        }
    }
}

/// The device that `{id}` in the path names, or `id` in the query of a route whose path has none.
async fn named_device(parts: &mut Parts) -> Option<DeviceId> {
    let in_path = RawPathParams::from_request_parts(parts, &()).await.ok();
    let in_path = in_path.and_then(|params| params.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned()));
    let text = match in_path {
        Some(text) => text,
        None => Query::<Named>::try_from_uri(&parts.uri).ok()?.0.id,
    };
    DeviceId::new(text).ok()
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

/// Whether the caller is on this machine. Behind a proxy everybody seems to be, so then nobody is.
pub(super) fn is_local(app: &App, extensions: &axum::http::Extensions, headers: &axum::http::HeaderMap) -> bool {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = app.settings().http.behind_proxy || headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
    !forwarded && peer.is_some_and(|ip| ip.to_canonical().is_loopback())
}
