//! The log of readings: blocks by their ids.

use futures_util::TryStreamExt as _;

use super::block;
use super::rows::among;
use crate::db::{Db, DbError, in_tx, on};

/// A block as it stands in the log.
pub(super) struct Logged {
    pub(super) id: i64,
    pub(super) received_ms: i64,
    pub(super) data: Vec<u8>,
}

/// Calls `found` with each of the blocks that are still there, by their ids.
pub(super) async fn each(db: &Db, ids: &[i64], mut found: impl FnMut(Logged) -> Result<(), DbError>) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    let list = serde_json::to_string(ids).expect("numbers");
    let sql = among!(db, "SELECT id, received_ms, data FROM log WHERE id", "ORDER BY id");
    on!(db, |c| {
        let mut rows = sqlx::query_as::<_, (i64, i64, Vec<u8>)>(sql).bind(list).fetch(c);
        while let Some((id, received_ms, data)) = rows.try_next().await? {
            found(Logged { id, received_ms, data })?;
        }
    });
    Ok(())
}

/// Calls `found` with every block, by their ids.
pub(super) async fn all(db: &Db, mut found: impl FnMut(Logged) -> Result<(), DbError>) -> Result<(), DbError> {
    on!(db, |c| {
        let mut rows = sqlx::query_as::<_, (i64, i64, Vec<u8>)>("SELECT id, received_ms, data FROM log ORDER BY id").fetch(c);
        while let Some((id, received_ms, data)) = rows.try_next().await? {
            found(Logged { id, received_ms, data })?;
        }
    });
    Ok(())
}

/// Appends a block: `received_ms`, `data`, and which process writes.
pub(super) const PUT: &str = "INSERT INTO log (received_ms, data, writer) VALUES ($1, $2, $3)";

/// The same, and says its id.
pub(super) const INSERT: &str = "INSERT INTO log (received_ms, data, writer) VALUES ($1, $2, $3) RETURNING id";

/// Makes the ids of a new, empty log begin after this one.
pub(super) async fn go_on_after(db: &Db, last: i64) -> Result<(), DbError> {
    let Db::Sqlite(pools) = db else { return Ok(()) };
    let mut transaction = pools.write().begin().await?;
    sqlx::query("DELETE FROM sqlite_sequence WHERE name = 'log'").execute(&mut *transaction).await?;
    sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ('log', $1)").bind(last).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

/// Takes over the readings of a version that kept one row for each, some at a time.
pub(super) async fn take_over_samples(db: &Db, writer: i64) -> Result<(), DbError> {
    const SOME: &str = "SELECT id, device, at_ms, received_ms, data FROM samples ORDER BY id LIMIT 1000";
    loop {
        let rows: Vec<(i64, i64, i64, i64, Vec<u8>)> = on!(db, |c| sqlx::query_as(SOME).fetch_all(c).await)?;
        let Some(last) = rows.last().map(|row| row.0) else { return Ok(()) };
        let mut block = block::Block::with_capacity(rows.len() * 10, rows.len());
        for (_, device, at_ms, _, data) in &rows {
            block.push_packed(*device, *at_ms, data)?;
        }
        let received_ms = rows.iter().map(|row| row.3).max().unwrap_or_default();
        in_tx!(db, |tx| {
            if let Some(data) = block.finish() {
                sqlx::query(INSERT).bind(received_ms).bind(data).bind(writer).execute(&mut *tx).await?;
            }
            sqlx::query("DELETE FROM samples WHERE id <= $1").bind(last).execute(&mut *tx).await?;
        });
    }
}
