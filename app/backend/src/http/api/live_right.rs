//! The right of a live connection. It was asked when the connection began; a session ends, a user is disabled, a key is revoked and a
//! device changes hands while it stands, so it is asked again.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use tower_sessions::Session;
use tower_sessions::session::Id;
use vigia_domain::ids::{DeviceId, UserId};
use vigia_domain::rights::{Action, Principal, Resource, Verdict, may};

use crate::app::App;
use crate::auth::{principal, token};
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
    /// Hash of both: what connections of one account share their answers by.
    key: String,
    principal: Principal,
    known_ms: i64,
    asked_ms: i64,
    owners_ms: i64,
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
        let credential: HeaderMap = [AUTHORIZATION, "x-api-key".parse().expect("a good name")].into_iter().filter_map(brought).collect();
        let session = session.and_then(Session::id);
        let key = token::hash(format!("{session:?} {:?}", credential.values().map(HeaderValue::as_bytes).collect::<Vec<_>>()).as_bytes());
        let now_ms = app.world().clock.now_ms();
        Self { credential, session, key, principal, known_ms: now_ms, asked_ms: now_ms, owners_ms: now_ms }
    }

    /// Who it is, as far as was asked last.
    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether it is time to ask again.
    pub(super) fn is_due(&self, app: &App) -> bool {
        app.world().clock.now_ms().abs_diff(self.asked_ms) >= ASK_MS
    }

    /// Asks again, now.
    ///
    /// # Errors
    /// [`Over`].
    pub(super) async fn ask(&mut self, app: &App) -> Result<(), Over> {
        self.asked_ms = app.world().clock.now_ms();
        // A session of its own: the request's has read its row already and would not look again.
        let session = self.session.map(|id| Session::new(Some(id), Arc::new(app.sessions().clone()), None));
        match principal::of(app, &self.credential, session.as_ref()).await {
            Ok(now) => {
                app.hub().standings().keep(self.key.clone(), self.asked_ms, now.clone());
                self.judge(now)
            }
            Err(_) if self.asked_ms.abs_diff(self.known_ms) < UNKNOWN_MS => Ok(()),
            Err(_) => Err(Over::Unknown),
        }
    }

    /// Asks again when it is time; takes the answer that another connection of the same account got since the last one.
    ///
    /// # Errors
    /// [`Over`].
    pub(super) async fn ask_again(&mut self, app: &App) -> Result<(), Over> {
        let now_ms = app.world().clock.now_ms();
        let Some((asked_ms, now)) = app.hub().standings().since(&self.key, self.asked_ms, now_ms) else { return self.ask(app).await };
        self.asked_ms = asked_ms;
        self.judge(now)
    }

    /// Says that a device was added to what is followed just now: older answers about owners do not count any more.
    pub(super) fn follows_more(&mut self, app: &App) {
        self.owners_ms = app.world().clock.now_ms();
    }

    fn judge(&mut self, now: Principal) -> Result<(), Over> {
        if !same(&now, &self.principal) || may(&now, Action::ReadTelemetry, Resource::Installation) != Verdict::Allowed {
            return Err(Over::Right);
        }
        self.principal = now;
        self.known_ms = self.asked_ms;
        Ok(())
    }

    /// Whether this device of this owner may be followed.
    pub(super) fn may_follow(&self, id: &DeviceId, owner: Option<UserId>) -> bool {
        may(&self.principal, Action::ReadTelemetry, Resource::Device { id, owner }) == Verdict::Allowed
    }

    /// Those of the devices followed that may not be followed any more. Whose a device is, is asked once for all who follow it.
    ///
    /// # Errors
    /// [`DbError`].
    pub(super) async fn lost(&mut self, app: &App, listener: &Listener) -> Result<Vec<DeviceId>, DbError> {
        let (memo, asked_ms) = (app.hub().owners(), self.owners_ms);
        let now_ms = app.world().clock.now_ms();
        let (mut owners, mut unknown) = (HashMap::new(), Vec::new());
        for number in listener.follows().values() {
            match memo.since(number, asked_ms, now_ms) {
                Some((_, owner)) => drop(owners.insert(*number, owner)),
                None => unknown.push(*number),
            }
        }
        let found = devices::owners(app.registry(), &unknown).await?;
        for number in unknown {
            let owner = found.get(&number).copied();
            memo.keep(number, now_ms, owner);
            owners.insert(number, owner);
        }
        self.owners_ms = now_ms;
        let is_lost = |id: &DeviceId, number| !owners.get(number).copied().flatten().is_some_and(|owner| self.may_follow(id, owner));
        Ok(listener.follows().iter().filter(|(id, number)| is_lost(id, number)).map(|(id, _)| id.clone()).collect())
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
