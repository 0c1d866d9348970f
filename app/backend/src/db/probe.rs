//! Whether the databases can be written: tried with one row each, for reading tells nothing of a disk that is full.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{Databases, Db, DbError, in_tx, settings};
use crate::world::World;

/// How long an answer is good: whoever asks all the time does not make the disk busy.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// How long a write, or any answer, may take. Whoever asks has little patience themselves: a container's check is often given 5 s.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Tries to write.
#[derive(Clone)]
pub struct Probe {
    databases: Databases,
    world: World,
    last: Arc<Mutex<Option<(Instant, Found)>>>,
}

/// What was found; an error is what is wrong, in a few words for the operator.
#[derive(Clone, Debug)]
pub struct Found {
    /// Devices, users, sessions.
    pub registry: Result<(), String>,
    /// What devices sent.
    pub telemetry: Result<(), String>,
}

impl Probe {
    /// Nothing was tried yet.
    #[must_use]
    pub fn new(databases: Databases, world: World) -> Self {
        Self { databases, world, last: Arc::default() }
    }

    /// What is so now, or was some seconds ago.
    pub async fn ask(&self) -> Found {
        let mut last = self.last.lock().await;
        let now = self.world.clock.instant();
        if let Some((at, found)) = &*last
            && now.duration_since(*at) < GOOD_FOR
        {
            return found.clone();
        }
        let now_ms = self.world.clock.now_ms();
        let registry = async { settings::set(&self.databases.registry, "ready.at_ms", &now_ms.to_string()).await };
        let (registry, telemetry) = tokio::join!(timeout(PATIENCE, registry), timeout(PATIENCE, write(&self.databases.telemetry, now_ms)));
        let in_words = |done| match done {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(DbError::in_words(&error)),
            Err(_) => Err("writing takes too long".to_owned()),
        };
        let found = Found { registry: in_words(registry), telemetry: in_words(telemetry) };
        for (database, done) in [("registry", &found.registry), ("telemetry", &found.telemetry)] {
            if let Err(reason) = done {
                tracing::warn!(database, reason, "not ready");
            }
        }
        *last = Some((now, found.clone()));
        found
    }
}

async fn write(telemetry: &Db, now_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO telemetry_probe (one, at_ms) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET at_ms = excluded.at_ms";
    in_tx!(telemetry, |tx| sqlx::query(SQL).bind(now_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}
