//! The two pools of a SQLite file. They can be changed for those of a new file while the program runs: when the old one is damaged.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use sqlx::SqlitePool;

use super::DbError;

/// One connection that writes, several that read. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub struct Sqlite {
    file: Arc<PathBuf>,
    /// Which installation it belongs to, once that is known (see `pair.rs`).
    pub(super) installation: Arc<OnceLock<String>>,
    pools: Arc<RwLock<Pools>>,
}

#[derive(Clone, Debug)]
struct Pools {
    write: SqlitePool,
    read: SqlitePool,
}

impl Sqlite {
    pub(super) fn new(file: PathBuf, write: SqlitePool, read: SqlitePool) -> Self {
        Self { file: Arc::new(file), installation: Arc::default(), pools: Arc::new(RwLock::new(Pools { write, read })) }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The pool of the connection that writes.
    pub(crate) fn write(&self) -> SqlitePool {
        self.pools().write
    }

    /// The pool of those that read.
    pub(crate) fn read(&self) -> SqlitePool {
        self.pools().read
    }

    /// From here on every handle uses another's pools.
    pub(super) fn change_to(&self, other: &Self) {
        *self.pools.write().unwrap_or_else(PoisonError::into_inner) = other.pools();
    }

    /// The connection that writes, for a test that holds it.
    ///
    /// # Errors
    /// [`DbError`] when it is not free in time.
    pub async fn writing(&self) -> Result<impl Drop + use<>, DbError> {
        Ok(self.write().acquire().await?)
    }

    pub(super) async fn close(&self) {
        let Pools { write, read } = self.pools();
        read.close().await;
        write.close().await;
    }

    fn pools(&self) -> Pools {
        self.pools.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
