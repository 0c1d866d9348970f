//! What somebody is to providers, as they see it themselves.

use vigia_domain::ids::UserId;

use crate::app::App;
use crate::db::DbError;
use crate::db::audit::{Actor, By};
use crate::db::identities::{self, Identity, Removed};
use crate::limit::TooMany;
use crate::origin::Origin;

/// An identity of somebody's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnIdentity {
    /// Its key, to take it away by.
    pub id: i64,
    /// What the provider is called; its address where the settings do not know it any more.
    pub label: String,
    /// The address that it last said is theirs.
    pub email: Option<String>,
    /// Since when, milliseconds since the epoch.
    pub created_ms: i64,
    /// When they last came in by it.
    pub used_ms: i64,
}

/// Why an identity stays.
#[derive(Debug, thiserror::Error)]
pub enum NotUnlinked {
    /// It is gone already, or another's.
    #[error("this account has no such identity")]
    Missing,
    /// There would be no way in of their own.
    #[error("this is the only way into the account; add a passkey first, or link another")]
    LastWay,
    /// Too many changes.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What somebody is to providers, oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn linked(app: &App, user: UserId) -> Result<Vec<OwnIdentity>, DbError> {
    let label = |issuer: &str| app.providers().label_of(issuer).map_or_else(|| issuer.to_owned(), str::to_owned);
    let found = identities::of_user(app.registry(), user).await?.into_iter();
    Ok(found
        .map(|Identity { id, issuer, email, created_ms, used_ms, .. }| OwnIdentity {
            id,
            label: label(&issuer),
            email,
            created_ms,
            used_ms,
        })
        .collect())
}

/// The providers that there are: name and label.
#[must_use]
pub fn linkable(app: &App) -> Vec<(String, String)> {
    app.settings().oidc.iter().map(|(name, provider)| (name.clone(), provider.label(name).to_owned())).collect()
}

/// Where a browser begins to sign in by a provider, to come out at `next`.
#[must_use]
pub fn way(name: &str, next: &str) -> String {
    let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
    format!("/api/v1/auth/oidc/{name}?{query}")
}

/// Takes an identity from its user.
///
/// # Errors
/// [`NotUnlinked`].
pub async fn unlink(app: &App, from: &Origin, user: UserId, id: i64) -> Result<(), NotUnlinked> {
    app.changes().take(user)?;
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    match identities::remove(app.registry(), user, id, by).await? {
        Removed::Done => Ok(()),
        Removed::Missing => Err(NotUnlinked::Missing),
        Removed::LastWay => Err(NotUnlinked::LastWay),
    }
}
