//! The right of a live connection. It was asked when the connection began; a session ends, a user is disabled, a key is revoked and a
//! device changes hands while it stands, so it is asked again.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use tower_sessions::Session;
use tower_sessions::session::Id;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::{Action, Principal, Resource, Verdict, may};

use crate::app::App;
use crate::auth::principal;
use crate::db::{DbError, devices};
use crate::live::Listener;

/// How often it is asked, in milliseconds.
const ASK_MS: u64 = 5_000;
/// How long the answer may be unknown, because the database is away, before the connection ends.
const UNKNOWN_MS: u64 = 60_000;

/// Who is connected, and by what.
pub(super) struct Standing {
    credential: HeaderMap,
    session: Option<Id>,
    principal: Principal,
    known_ms: i64,
    asked_ms: i64,
}

/// The connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Its credential does not hold any more.
    Right,
    /// It could not be asked for too long.
    Unknown,
}

impl Standing {
    /// A principal whose right was asked just now, with the credential that it came with.
    pub(super) fn new(app: &App, principal: Principal, headers: &HeaderMap, session: Option<&Session>) -> Self {
        let brought = |name| headers.get(&name).map(|value| (name, value.clone()));
        let credential = [AUTHORIZATION, "x-api-key".parse().expect("a good name")].into_iter().filter_map(brought).collect();
        let now_ms = app.world().clock.now_ms();
        Self { credential, session: session.and_then(Session::id), principal, known_ms: now_ms, asked_ms: now_ms }
    }

    /// Who it is, as far as was asked last.
    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether it is time to ask again.
    pub(super) fn is_due(&self, app: &App) -> bool {
        app.world().clock.now_ms().abs_diff(self.asked_ms) >= ASK_MS
    }

    /// Asks again.
    ///
    /// # Errors
    /// [`Over`].
    pub(super) async fn ask(&mut self, app: &App) -> Result<(), Over> {
        self.asked_ms = app.world().clock.now_ms();
        // A session of its own: the request's has read its row already and would not look again.
        let session = self.session.map(|id| Session::new(Some(id), Arc::new(app.sessions().clone()), None));
        match principal::of(app, &self.credential, session.as_ref()).await {
            Ok(now) if !same(&now, &self.principal) => Err(Over::Right),
            Ok(now) if may(&now, Action::ReadTelemetry, Resource::Installation) != Verdict::Allowed => Err(Over::Right),
            Ok(now) => {
                self.principal = now;
                self.known_ms = self.asked_ms;
                Ok(())
            }
            Err(_) if self.asked_ms.abs_diff(self.known_ms) < UNKNOWN_MS => Ok(()),
            Err(_) => Err(Over::Unknown),
        }
    }

    /// Those of the devices followed that may not be followed any more.
    ///
    /// # Errors
    /// [`DbError`].
    pub(super) async fn lost(&self, app: &App, listener: &Listener) -> Result<Vec<DeviceId>, DbError> {
        let numbers: Vec<_> = listener.follows().values().copied().collect();
        let owners = devices::owners(app.registry(), &numbers).await?;
        let may_follow = |id, owner| may(&self.principal, Action::ReadTelemetry, Resource::Device { id, owner }) == Verdict::Allowed;
        let follows = listener.follows().iter();
        Ok(follows
            .filter(|(id, number)| !owners.get(number).is_some_and(|owner| may_follow(id, *owner)))
            .map(|(id, _)| id.clone())
            .collect())
    }
}

/// Whether it is the same person, device or key; what they may can have changed.
fn same(one: &Principal, other: &Principal) -> bool {
    match (one, other) {
        (Principal::User { id: one, .. }, Principal::User { id: other, .. }) => one == other,
        (Principal::Device(one), Principal::Device(other)) => one == other,
        (Principal::ApiKey { id: one, .. }, Principal::ApiKey { id: other, .. }) => one == other,
        _ => false,
    }
}
