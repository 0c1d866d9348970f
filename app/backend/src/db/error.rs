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
        if let Self::Sqlx(sqlx::Error::Database(e)) = self {
            return e.code().is_some_and(|code| is_away(&code));
        }
        matches!(
            self,
            Self::Sqlx(
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Tls(_)
            )
        )
    }
}

/// Codes that say something of the database's state and nothing of the statement: it is busy, full, read-only, starting or
/// stopping. PostgreSQL's have five characters; SQLite's are numbers, the kind in their last byte.
fn is_away(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) || code == "25006";
    }
    // BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB.
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 11 | 13 | 14 | 26))
}

#[cfg(test)]
mod tests {
    use super::is_away;

    #[test]
    fn a_database_that_is_away_is_told_from_a_statement_that_is_wrong() {
        for away in ["5", "517", "8", "10", "778", "13", "57P01", "57P03", "53300", "08006", "25006"] {
            assert!(is_away(away), "{away}");
        }
        for wrong in ["1", "19", "2067", "1555", "23505", "22021", "42P01", ""] {
            assert!(!is_away(wrong), "{wrong}");
        }
    }
}
