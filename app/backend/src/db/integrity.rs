//! What a database says of itself: SQLite's own check of its pages, and rows whose other half is missing.

use super::{Db, DbError};

/// How many findings are asked for.
const MOST: u32 = 50;

/// What is wrong with the pages and references of a SQLite file, a line each. PostgreSQL keeps that to itself: what it cannot read shows
/// when it is read.
///
/// # Errors
/// [`DbError`] when it cannot be asked at all.
pub async fn problems(db: &Db) -> Result<Vec<String>, DbError> {
    let Db::Sqlite(pools) = db else {
        db.ping().await?;
        return Ok(Vec::new());
    };
    let asked = async {
        let pages: Vec<String> = sqlx::query_scalar(&format!("PRAGMA integrity_check({MOST})")).fetch_all(&pools.read()).await?;
        let lost: Vec<(String, Option<i64>, String, i64)> = sqlx::query_as("PRAGMA foreign_key_check").fetch_all(&pools.read()).await?;
        let lost = lost.into_iter().map(|(table, row, parent, _)| {
            format!("table {table}, row {}: what it names in {parent} is not there", row.unwrap_or_default())
        });
        Ok(pages.into_iter().filter(|line| line != "ok").chain(lost).collect())
    };
    match asked.await {
        Err(error) => {
            let error = DbError::Sqlx(error);
            if error.is_damage() { Ok(vec![error.to_string()]) } else { Err(error) }
        }
        Ok(found) => Ok(found),
    }
}
