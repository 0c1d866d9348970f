//! What sealing writes: the changes of many series, with few statements, so that whoever appends hardly waits for them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::chunk::Chunk;
use super::rows::Statement;
use super::series::Series;

/// What is written of one series when values are sealed into it.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) dropped: Vec<i64>,
    pub(super) chunks: Vec<Chunk>,
    /// By its day; `None` where no quarter is left.
    pub(super) days: BTreeMap<i64, Option<Vec<u8>>>,
    pub(super) last: Option<(i64, f64)>,
}

impl Change {
    /// How many rows it writes and removes.
    pub(super) fn rows(&self) -> usize {
        self.dropped.len() + self.chunks.len() + self.days.len()
    }
}

pub(super) static PUT_CHUNKS: LazyLock<Statement> =
    LazyLock::new(|| Statement::new("INSERT INTO chunks (device, metric, from_ms, to_ms, count, min, max, sum, data)", 9, ""));
pub(super) static PUT_QUARTERS: LazyLock<Statement> = LazyLock::new(|| {
    let after = "ON CONFLICT (device, metric, day_ms) DO UPDATE SET data = excluded.data";
    Statement::new("INSERT INTO quarters (device, metric, day_ms, data)", 4, after)
});
pub(super) static PUT_LATEST: LazyLock<Statement> = LazyLock::new(|| {
    let after = "ON CONFLICT (device, metric) DO UPDATE SET at_ms = excluded.at_ms, value = excluded.value
         WHERE excluded.at_ms >= latest.at_ms";
    Statement::new("INSERT INTO latest (device, metric, at_ms, value)", 4, after)
});

/// The rows of many changes, table by table.
pub(super) struct Rows<'c> {
    pub(super) dropped: Vec<i64>,
    pub(super) chunks: Vec<(Series, &'c Chunk)>,
    pub(super) quarters: Vec<(Series, i64, &'c [u8])>,
    pub(super) no_quarters: Vec<(Series, i64)>,
    pub(super) latest: Vec<(Series, i64, f64)>,
}

impl<'c> Rows<'c> {
    /// Of changes of different series: one statement does not write a row twice.
    pub(super) fn of(changes: &'c [(Series, Change)]) -> Self {
        let mut rows = Self { dropped: Vec::new(), chunks: Vec::new(), quarters: Vec::new(), no_quarters: Vec::new(), latest: Vec::new() };
        for (series, change) in changes {
            rows.dropped.extend_from_slice(&change.dropped);
            rows.chunks.extend(change.chunks.iter().map(|chunk| (*series, chunk)));
            for (day_ms, data) in &change.days {
                match data {
                    Some(data) => rows.quarters.push((*series, *day_ms, data)),
                    None => rows.no_quarters.push((*series, *day_ms)),
                }
            }
            rows.latest.extend(change.last.map(|(at_ms, value)| (*series, at_ms, value)));
        }
        rows
    }
}

/// Writes changes of different series inside a transaction; a macro because the two databases have two types of it.
macro_rules! write_changes {
    ($tx:ident, $db:expr, $changes:expr) => {
        let rows = $crate::telemetry::sql::changes::Rows::of($changes);
        if !rows.dropped.is_empty() {
            let gone = sqlx::query($crate::telemetry::sql::rows::among!($db, "DELETE FROM chunks WHERE id"))
                .bind(serde_json::to_string(&rows.dropped).expect("numbers"))
                .execute(&mut *$tx)
                .await?
                .rows_affected();
            if gone != rows.dropped.len() as u64 {
                return Err($crate::db::DbError::Missing("chunks"));
            }
        }
        for some in $crate::telemetry::sql::rows::chunks(&rows.chunks) {
            let mut query = sqlx::query($crate::telemetry::sql::changes::PUT_CHUNKS.of(some));
            for (series, chunk) in some {
                let facts = chunk.facts;
                query = query.bind(series.device).bind(i64::from(series.metric)).bind(facts.from_ms).bind(facts.to_ms).bind(facts.count);
                query = query.bind(facts.min).bind(facts.max).bind(facts.sum).bind(chunk.bytes.as_slice());
            }
            query.execute(&mut *$tx).await?;
        }
        for some in $crate::telemetry::sql::rows::chunks(&rows.quarters) {
            let mut query = sqlx::query($crate::telemetry::sql::changes::PUT_QUARTERS.of(some));
            for (series, day_ms, data) in some {
                query = query.bind(series.device).bind(i64::from(series.metric)).bind(*day_ms).bind(*data);
            }
            query.execute(&mut *$tx).await?;
        }
        for (series, day_ms) in &rows.no_quarters {
            let query = sqlx::query("DELETE FROM quarters WHERE device = $1 AND metric = $2 AND day_ms = $3");
            query.bind(series.device).bind(i64::from(series.metric)).bind(*day_ms).execute(&mut *$tx).await?;
        }
        for some in $crate::telemetry::sql::rows::chunks(&rows.latest) {
            let mut query = sqlx::query($crate::telemetry::sql::changes::PUT_LATEST.of(some));
            for (series, at_ms, value) in some {
                query = query.bind(series.device).bind(i64::from(series.metric)).bind(*at_ms).bind(*value);
            }
            query.execute(&mut *$tx).await?;
        }
    };
}

pub(super) use write_changes;
