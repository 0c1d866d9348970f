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
    /// A damaged file, in whose place no new one could be put.
    #[error("the damaged file could not be set aside: {0}")]
    NotReplaced(String),
    /// What was set aside may hold what is to be deleted, and would bring it back.
    #[error("a damaged telemetry.db is being taken over; nothing can be deleted before that is done")]
    TakingOver,
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

    /// Whether the file itself is damaged: not a row in it that nobody understands, but what SQLite builds its tables of.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Sqlx(e) if is_damage(e))
    }

    /// What is wrong, in a few words for the operator.
    #[must_use]
    pub fn in_words(&self) -> String {
        if let Self::Sqlx(sqlx::Error::Database(e)) = self
            && let Some(known) = e.code().and_then(|code| to_mend(&code))
        {
            return known.to_owned();
        }
        if self.is_unreachable() { "it does not answer".to_owned() } else { self.to_string() }
    }

    /// Whether the database itself is away, as opposed to having refused this one statement.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        if let Self::Sqlx(sqlx::Error::Database(e)) = self {
            return e.code().is_some_and(|code| is_away(&code));
        }
        matches!(
            self,
            Self::NotReplaced(_)
                | Self::Sqlx(
                    sqlx::Error::Io(_)
                        | sqlx::Error::PoolTimedOut
                        | sqlx::Error::PoolClosed
                        | sqlx::Error::WorkerCrashed
                        | sqlx::Error::Tls(_)
                )
        )
    }
}

/// SQLite's CORRUPT, NOTADB and IOERR_CORRUPTFS. PostgreSQL's own damage is left to PostgreSQL.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    let code = match error {
        sqlx::Error::Database(e) => e.code(),
        _ => None,
    };
    code.filter(|code| code.len() != 5)
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 11 | 26) || code == 8458)
}

/// What an operator can mend, by SQLite's and PostgreSQL's codes.
fn to_mend(code: &str) -> Option<&'static str> {
    let sqlite = if code.len() == 5 { None } else { code.parse::<u32>().ok().map(|code| code & 0xff) };
    match (code, sqlite) {
        ("53100", _) | (_, Some(13)) => Some("the disk is full"),
        ("25006", _) | (_, Some(8)) => Some("it is read-only"),
        ("53300", _) => Some("it has no connection left"),
        (_, Some(5 | 6)) => Some("another process holds it"),
        (_, Some(10)) => Some("the disk cannot be read or written"),
        (_, Some(11 | 26)) => Some("the file is damaged"),
        _ => None,
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
    use super::{is_away, to_mend};

    #[test]
    fn a_database_that_is_away_is_told_from_a_statement_that_is_wrong() {
        for away in ["5", "517", "8", "10", "778", "13", "57P01", "57P03", "53300", "08006", "25006"] {
            assert!(is_away(away), "{away}");
        }
        for wrong in ["1", "19", "2067", "1555", "23505", "22021", "42P01", ""] {
            assert!(!is_away(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_an_operator_can_mend_has_its_words() {
        assert_eq!([to_mend("13"), to_mend("53100")], [Some("the disk is full"); 2]);
        assert_eq!([to_mend("8"), to_mend("1032"), to_mend("25006")], [Some("it is read-only"); 3]);
        assert_eq!([to_mend("1"), to_mend("23505"), to_mend("")], [None; 3]);
    }
}
