//! Removing raw values whose time is over. Their quarters stay.

use std::sync::atomic::Ordering;

use futures_util::TryStreamExt as _;
use vigia_domain::rollup::{self, QUARTER_MS};

use super::SqlStore;
use super::chunk::{self, Chunk};
use super::seal;
use super::series::{Change, Series};
use crate::db::{Db, DbError, in_tx, on};

/// Before which instant raw values were removed; the earliest of all when none were.
pub(super) async fn kept_ms(db: &Db) -> Result<i64, DbError> {
    let found: Option<(i64,)> = on!(db, |c| sqlx::query_as("SELECT from_ms FROM raw_kept WHERE one = 1").fetch_optional(c).await)?;
    Ok(found.map_or(i64::MIN, |(from_ms,)| from_ms))
}

impl SqlStore {
    /// Removes sealed values before an instant; says how many went.
    pub(super) async fn drop_before(&self, before_ms: i64) -> Result<u64, DbError> {
        let _one_at_a_time = self.sealing.lock().await;
        // A quarter that begins before it is not reckoned again: it would lack what was removed.
        let kept_ms = rollup::start_of(before_ms.saturating_add(QUARTER_MS - 1));
        let gone: i64 = in_tx!(&self.db, |tx| {
            sqlx::query(
                "INSERT INTO raw_kept (one, from_ms) VALUES (1, $1)
                 ON CONFLICT (one) DO UPDATE SET from_ms = excluded.from_ms WHERE excluded.from_ms > raw_kept.from_ms",
            )
            .bind(kept_ms)
            .execute(&mut *tx)
            .await?;
            let counts: Vec<(i64,)> =
                sqlx::query_as("DELETE FROM chunks WHERE to_ms < $1 RETURNING count").bind(before_ms).fetch_all(&mut *tx).await?;
            counts.into_iter().map(|(count,)| count).sum()
        });
        self.raw_kept_ms.fetch_max(kept_ms, Ordering::Relaxed);
        let mut gone = u64::try_from(gone).unwrap_or_default();
        for (series, id, data) in self.across(before_ms).await? {
            let mut values = chunk::unpack(&data)?;
            let first = values.partition_point(|(at, _)| *at < before_ms);
            gone += u64::try_from(first).unwrap_or_default();
            values.drain(..first);
            let change = Change { dropped: vec![id], chunks: Chunk::pack(&values).into_iter().collect(), ..Change::default() };
            seal::write(&self.db, vec![(series, change)]).await?;
        }
        Ok(gone)
    }

    /// The chunks that begin before an instant and do not end before it.
    async fn across(&self, before_ms: i64) -> Result<Vec<(Series, i64, Vec<u8>)>, DbError> {
        const SQL: &str = "SELECT id, device, metric, data FROM chunks WHERE from_ms < $1 AND to_ms >= $1";
        let mut found = Vec::new();
        on!(&self.db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64, i64, Vec<u8>)>(SQL).bind(before_ms).fetch(c);
            while let Some((id, device, metric, data)) = rows.try_next().await? {
                let unreadable = |_| DbError::Unreadable { table: "chunks", column: "metric", found: metric.to_string() };
                found.push((Series { device, metric: u32::try_from(metric).map_err(unreadable)? }, id, data));
            }
        });
        Ok(found)
    }
}
