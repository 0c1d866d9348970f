//! What is kept of somebody: taken along as a file, and forgotten.

use serde_json::{Value, json};
use tower_sessions::Session;
use vigia_domain::ids::UserId;
use vigia_domain::time;

use super::account;
use super::session;
use super::sign_in::SignInError;
use crate::app::App;
use crate::db::audit::{self, Actor, By, Noted, Wanted};
use crate::db::user_end::{self, Ended};
use crate::db::{DbError, devices, identities, keys, passkeys, people, second_steps, users};
use crate::origin::Origin;

/// How much of each kind is taken along.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// Rows of the audit log: so many by somebody and so many of them, the newest.
    pub noted: usize,
    /// Devices, the oldest.
    pub devices: usize,
    /// API keys, the newest.
    pub keys: usize,
    /// Sessions in browsers and apps, the one that was used last first.
    pub sessions: usize,
}

/// A file is made in memory, so it has an end.
const MOST: Most = Most { noted: 10_000, devices: 10_000, keys: 10_000, sessions: 10_000 };

/// Everything that is kept of somebody but what their devices sent, which is a file of each device.
///
/// # Errors
/// [`DbError`].
pub async fn export(app: &App, user: UserId) -> Result<Value, DbError> {
    export_at_most(app, user, MOST).await
}

/// The same, with so much of each kind. What there is more of is named in `left_out`: nobody takes a part for the whole.
///
/// # Errors
/// [`DbError`].
pub async fn export_at_most(app: &App, user: UserId, most: Most) -> Result<Value, DbError> {
    let registry = app.registry();
    let found = people::one(registry, user).await?.ok_or(DbError::Missing("users"))?;
    let own = found.user;
    let sessions = account::sessions_of(app, None, user, most.sessions.saturating_add(1)).await?;
    let more_sessions = sessions.len() > most.sessions;
    let sessions = sessions.into_iter().take(most.sessions).map(|s| {
        json!({ "app": s.is_app, "agent": s.agent, "address": s.address, "began_at": time::to_text(s.began_ms), "used_at": time::to_text(s.used_ms) })
    });
    let (keys, more_keys) = keys::list(registry, Some(user), None, most.keys).await?;
    let keys = keys.into_iter().map(|key| {
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        json!({ "name": key.name, "scopes": scopes, "created_at": time::to_text(key.created_ms), "expires_at": key.expires_ms.map(time::to_text),
            "used_at": key.used_ms.map(time::to_text) })
    });
    let identities = identities::of_user(registry, user).await?.into_iter().map(|one| {
        json!({ "issuer": one.issuer, "subject": one.subject, "email": one.email, "created_at": time::to_text(one.created_ms),
            "used_at": time::to_text(one.used_ms) })
    });
    let second_step = second_steps::of(registry, user).await?.and_then(|step| step.confirmed_ms).map(time::to_text);
    let passkeys = passkeys::of_user(registry, user)
        .await?
        .into_iter()
        .map(|key| json!({ "name": key.name, "created_at": time::to_text(key.created_ms), "used_at": key.used_ms.map(time::to_text) }));
    let devices = devices::names(registry, Some(user), most.devices.saturating_add(1)).await?;
    let more_devices = devices.len() > most.devices;
    let devices = devices.into_iter().take(most.devices).map(|(id, _)| {
        let readings = format!("/api/v1/devices/{id}/readings.csv");
        json!({ "id": id.as_str(), "readings": readings })
    });
    let me = format!("user:{}", user.0);
    let by = audit::search(registry, &Wanted { actor: Some(me.clone()), ..Wanted::default() }, most.noted).await?;
    let of_me = Wanted { target: Some(me.clone()), action: Some("user.".to_owned()), ..Wanted::default() };
    let of = audit::search(registry, &of_me, most.noted).await?;
    let more_noted = by.next.is_some() || of.next.is_some();
    // From where others wrote is their own matter.
    let of = of.rows.into_iter().filter(|row| row.actor != me).map(|row| Noted { origin: None, ..row });
    let kinds = [("audit", more_noted), ("devices", more_devices), ("api_keys", more_keys.is_some()), ("sessions", more_sessions)];
    let left_out: Vec<_> = kinds.into_iter().filter_map(|(kind, is_more)| is_more.then_some(kind)).collect();
    let told = |row: Noted| json!({ "at": time::to_text(row.at_ms), "actor": row.actor, "origin": row.origin, "action": row.action, "target": row.target, "detail": row.detail });
    Ok(json!({
        "profile": {
            "id": own.id.0, "email": own.email, "username": own.username, "name": own.name, "role": own.role.as_str(), "lang": own.lang,
            "theme": own.theme, "zone": own.zone, "created_at": time::to_text(found.created_ms), "has_password": own.password_hash.is_some(),
            "second_step_since": second_step,
            "rights": own.rights().iter().map(|action| action.as_str()).collect::<Vec<_>>(),
        },
        "sessions": sessions.collect::<Vec<_>>(),
        "identities": identities.collect::<Vec<_>>(),
        "api_keys": keys.collect::<Vec<_>>(),
        "passkeys": passkeys.collect::<Vec<_>>(),
        "devices": devices.collect::<Vec<_>>(),
        "audit": by.rows.into_iter().chain(of).map(told).collect::<Vec<_>>(),
        "left_out": left_out,
    }))
}

/// Why an account was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum NotDeleted {
    /// Nobody would be left who can let others in.
    #[error("this is the last administrator who can sign in; make somebody else one first")]
    LastAdmin,
    /// As when one signs in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

/// Forgets somebody who says so with their password: the account, sessions, apps, links and keys. Their devices are nobody's then. Who has no
/// password says so by being signed in.
///
/// # Errors
/// [`NotDeleted`]; nothing was changed then.
pub async fn delete(app: &App, session: Option<&Session>, from: &Origin, user: UserId, password: &str) -> Result<(), NotDeleted> {
    let found = users::by_id(app.registry(), user).await.map_err(SignInError::from)?.ok_or(SignInError::Db(DbError::Missing("users")))?;
    account::confirm(app, from, &found, password).await?;
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    match user_end::delete(app.registry(), user, by).await.map_err(SignInError::from)? {
        Ended::Done => {}
        Ended::LastAdmin => return Err(NotDeleted::LastAdmin),
    }
    app.hub().fleet_changed();
    if let Some(session) = session {
        session::end(session).await.map_err(SignInError::from)?;
    }
    Ok(())
}
