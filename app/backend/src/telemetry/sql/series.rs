//! One metric of one device: its chunks, read and written.

use futures_util::TryStreamExt as _;

use super::chunk;
use super::day;
use super::shape::Span;
use crate::db::{Db, DbError, on};
use vigia_domain::rollup::Quarter;

/// So many chunks on either side of a stretch of time hold the context of its edges, however small they are.
pub(super) const AROUND: usize = 9;

/// A metric of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Series {
    pub(super) device: i64,
    pub(super) metric: u32,
}

impl Series {
    fn metric(self) -> i64 {
        i64::from(self.metric)
    }

    /// The chunks that overlap `[first_ms, last_ms]` and up to [`AROUND`] on either side, in order of time.
    pub(super) async fn around(self, db: &Db, first_ms: i64, last_ms: i64) -> Result<Vec<Span>, DbError> {
        const SQL: &str = "SELECT id, from_ms, to_ms, count FROM chunks WHERE device = $1 AND metric = $2
            AND from_ms >= COALESCE((SELECT MIN(from_ms) FROM (SELECT from_ms FROM chunks WHERE device = $1 AND metric = $2 AND from_ms < $3
                ORDER BY from_ms DESC LIMIT 9) AS before), $3)
            AND from_ms <= COALESCE((SELECT MAX(from_ms) FROM (SELECT from_ms FROM chunks WHERE device = $1 AND metric = $2 AND from_ms > $4
                ORDER BY from_ms LIMIT 9) AS after), $4)
            ORDER BY from_ms";
        let rows: Vec<(i64, i64, i64, i64)> =
            on!(db, |c| sqlx::query_as(SQL).bind(self.device).bind(self.metric()).bind(first_ms).bind(last_ms).fetch_all(c).await)?;
        rows.into_iter().map(span).collect()
    }

    /// Calls `found` with every value of the chunks that overlap `[from_ms, to_ms)`, in order of time; also with those outside. Says which
    /// chunks could not be read.
    pub(super) async fn each(self, db: &Db, from_ms: i64, to_ms: i64, mut found: impl FnMut(i64, f64)) -> Result<Vec<Broken>, DbError> {
        const SQL: &str =
            "SELECT id, from_ms, to_ms, data FROM chunks WHERE device = $1 AND metric = $2 AND from_ms < $4 AND from_ms >= COALESCE(
            (SELECT MAX(from_ms) FROM chunks WHERE device = $1 AND metric = $2 AND from_ms <= $3), $3) ORDER BY from_ms";
        let mut broken = Vec::new();
        on!(db, |c| {
            let query = sqlx::query_as::<_, (i64, i64, i64, Vec<u8>)>(SQL).bind(self.device).bind(self.metric()).bind(from_ms).bind(to_ms);
            let mut rows = query.fetch(c);
            while let Some((id, from_ms, to_ms, data)) = rows.try_next().await? {
                match chunk::unpack(&data) {
                    Ok(values) => values.into_iter().for_each(|(at, value)| found(at, value)),
                    Err(_) => broken.push(Broken { id, from_ms, to_ms }),
                }
            }
        });
        Ok(broken)
    }

    /// The stored quarters that begin in `[from_ms, to_ms)`, in order of time, and the days whose quarters cannot be read.
    pub(super) async fn quarters(self, db: &Db, from_ms: i64, to_ms: i64) -> Result<(Vec<(i64, Quarter)>, Vec<i64>), DbError> {
        const SQL: &str =
            "SELECT day_ms, data FROM quarters WHERE device = $1 AND metric = $2 AND day_ms >= $3 AND day_ms < $4 ORDER BY day_ms";
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        on!(db, |c| {
            let query =
                sqlx::query_as::<_, (i64, Vec<u8>)>(SQL).bind(self.device).bind(self.metric()).bind(day::start_of(from_ms)).bind(to_ms);
            let mut rows = query.fetch(c);
            while let Some((day_ms, data)) = rows.try_next().await? {
                match day::unpack(day_ms, &data) {
                    Ok(quarters) => found.extend(quarters),
                    Err(_) => broken.push(day_ms),
                }
            }
        });
        found.retain(|(start, _)| (from_ms..to_ms).contains(start));
        Ok((found, broken))
    }
}

/// A chunk as its row in the index says: id, first and last instant, count.
pub(super) fn span((id, from_ms, to_ms, count): (i64, i64, i64, i64)) -> Result<Span, DbError> {
    let unreadable = |_| DbError::Unreadable { table: "chunks", column: "count", found: count.to_string() };
    Ok(Span { id, from_ms, to_ms, count: usize::try_from(count).map_err(unreadable)? })
}

/// A chunk that cannot be read, and what of its time its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) id: i64,
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
}
