//! What can go wrong with a database.

/// A question to a database that had no good answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database, or the way to it.
    #[error("database: {0}")]
    Sqlx(#[from] sqlx::Error),
    /// A row that does not hold what its column promises.
    #[error("table {table}, column {column}: {found:?} cannot be read")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What stands there.
        found: String,
    },
    /// A write that did not affect the row it meant.
    #[error("table {0}: the row to write is not there")]
    Missing(&'static str),
}

impl DbError {
    /// Whether the row exists already (a unique column).
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Sqlx(sqlx::Error::Database(e)) if e.is_unique_violation())
    }

    /// Whether the database itself is away, as opposed to having refused this one statement.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Sqlx(
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Tls(_)
            )
        )
    }
}
