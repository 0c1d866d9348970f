//! Where browser sessions are kept: the same database as the users. Reading takes the connections for reading; beginning,
//! ending and noting a use write.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use vigia_domain::ids::UserId;

use super::session::{ADDRESS, AGENT, IDLE_DAYS, LONGEST_DAYS, USER, WAY};
use super::token;
use crate::db::app_sessions;
use crate::db::audit::Actor;
use crate::db::sessions::{self, Since};
use crate::db::{Db, DbError};
use crate::origin::Origin;
use crate::world::World;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How long a session is kept in which nobody is signed in: it holds what a sign-in begins with, for some minutes.
const NOBODYS_MS: i64 = 60 * 60 * 1000;
/// How late the time of the last use may be: a session in use costs one write in this time, and not one a request.
const LATE_MS: i64 = 60 * 60 * 1000;

/// How long a reader waits for that write.
const PATIENCE: Duration = Duration::from_millis(500);

/// The sessions of an installation.
#[derive(Clone)]
pub struct Sessions {
    registry: Db,
    world: World,
}

impl Sessions {
    /// Sessions kept in the registry.
    #[must_use]
    pub fn new(registry: Db, world: World) -> Self {
        Self { registry, world }
    }

    /// Removes sessions whose time is over.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn tidy(&self) -> std::result::Result<(), DbError> {
        let now_ms = self.now_ms();
        let since = since(now_ms);
        app_sessions::tidy(&self.registry, since).await?;
        sessions::tidy(&self.registry, since, now_ms - NOBODYS_MS).await
    }

    fn now_ms(&self) -> i64 {
        self.world.clock.now_ms()
    }
}

/// What is older than this is over: not used for a while, or begun long ago.
pub(super) const fn since(now_ms: i64) -> Since {
    Since { used_ms: now_ms - IDLE_DAYS * DAY_MS, began_ms: now_ms - LONGEST_DAYS * DAY_MS }
}

pub(super) fn hash(id: &Id) -> String {
    token::hash(&id.0.to_le_bytes())
}

/// Whose session it is, and what it holds as text.
fn contents(record: &Record) -> Result<(Option<UserId>, String)> {
    let user = record.data.get(USER).map(|user| serde_json::from_value(user.clone())).transpose();
    let text = serde_json::to_string(&record.data);
    user.and_then(|user| Ok((user, text?))).map_err(|e| Error::Encode(e.to_string()))
}

/// A row that cannot be read is told from a database that does not answer.
fn failed(error: DbError) -> Error {
    match error {
        DbError::Unreadable { .. } => Error::Decode(error.to_string()),
        other => Error::Backend(other.to_string()),
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let (user, data) = contents(record)?;
        let text = |key: &str| record.data.get(key).and_then(|value| value.as_str());
        let from = Origin::new(text(ADDRESS).and_then(|address| address.parse().ok()), text(AGENT));
        let (actor, way) = (user.map(|user| Actor::user(user.0, &from)), text(WAY).unwrap_or_default().to_owned());
        loop {
            match sessions::insert(&self.registry, &hash(&record.id), (user, actor.as_ref()), &way, &data, self.now_ms()).await {
                Err(error) if error.is_duplicate() => record.id = Id::default(),
                done => return done.map_err(failed),
            }
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (user, data) = contents(record)?;
        sessions::update(&self.registry, &hash(&record.id), user, &data).await.map_err(failed)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let (id_hash, now_ms) = (hash(id), self.now_ms());
        let Some(kept) = sessions::load(&self.registry, &id_hash, since(now_ms)).await.map_err(failed)? else { return Ok(None) };
        if now_ms - kept.used_ms >= LATE_MS {
            // Who reads must neither fail nor wait because nothing can be written now; the next request tries again.
            match timeout(PATIENCE, sessions::touch(&self.registry, &id_hash, now_ms)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a session's use could not be noted"),
                Err(_) => tracing::warn!("a session's use could not be noted in time"),
            }
        }
        let data = serde_json::from_str(&kept.data).map_err(|e| Error::Decode(e.to_string()))?;
        // Asked of nobody: what is over is not loaded.
        let expiry_date = time::OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(now_ms + IDLE_DAYS * DAY_MS);
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sessions::delete(&self.registry, &hash(id)).await.map_err(failed)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}
