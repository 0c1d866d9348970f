//! What sealing will read of many series, read with three questions for all of them. What turns out to be missing is asked for series by series,
//! as anybody else does.

use futures_util::TryStreamExt as _;
use rustc_hash::FxHashMap;
use vigia_domain::rollup::Quarter;

use super::day::{self, DAY_MS};
use super::rows::among;
use super::seal::pieces;
use super::series::{Series, span};
use super::shape::Span;
use super::surroundings::{context_of, whole_quarters};
use super::{SqlStore, chunk};
use crate::db::{Db, DbError, on};

/// New values that lie further apart are few, and their days many: they are asked for one by one.
const LONGEST_MS: i64 = 3 * DAY_MS;

/// New values of a series, in order of time.
pub(super) type New = (Series, Vec<(i64, f64)>);

/// What is stored of a series around new values.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// The chunks among which they lie and those around them.
    pub(super) spans: Vec<Span>,
    /// Packed chunks by their ids: those that are taken apart, and what holds their context.
    chunks: FxHashMap<i64, Vec<u8>>,
    pub(super) days: Days,
}

/// Packed quarters of all days that begin in `[from_ms, to_ms]`.
#[derive(Debug)]
pub(super) struct Days {
    from_ms: i64,
    to_ms: i64,
    data: Vec<(i64, Vec<u8>)>,
}

impl Default for Days {
    fn default() -> Self {
        Self { from_ms: i64::MAX, to_ms: i64::MIN, data: Vec::new() }
    }
}

impl Days {
    /// The quarters of `[from_ms, to_ms)`, both of them beginnings of days; `None` where not all of them are known or readable.
    pub(super) fn quarters(&self, from_ms: i64, to_ms: i64) -> Option<Vec<(i64, Quarter)>> {
        let mut found = Vec::new();
        if from_ms < self.from_ms || to_ms - DAY_MS > self.to_ms {
            return None;
        }
        for (day_ms, data) in self.data.iter().filter(|(day_ms, _)| (from_ms..to_ms).contains(day_ms)) {
            found.extend(day::unpack(*day_ms, data).ok()?);
        }
        Some(found)
    }
}

impl Ahead {
    pub(super) fn of(spans: Vec<Span>) -> Self {
        Self { spans, ..Self::default() }
    }

    /// The values of neighbouring chunks; `None` where one of them is not known or not readable.
    pub(super) fn values(&self, spans: &[Span]) -> Option<Vec<(i64, f64)>> {
        let mut values = Vec::with_capacity(spans.iter().map(|span| span.count).sum());
        for span in spans {
            values.extend(chunk::unpack(self.chunks.get(&span.id)?).ok()?);
        }
        Some(values)
    }
}

impl SqlStore {
    /// Looks ahead for values that are to be sealed; in their order.
    pub(super) async fn look_ahead(&self, all: &[New]) -> Result<Vec<Ahead>, DbError> {
        let mut ahead: Vec<Ahead> = all.iter().map(|_| Ahead::default()).collect();
        self.spans_ahead(all, &mut ahead).await?;
        self.chunks_ahead(all, &mut ahead).await?;
        self.days_ahead(all, &mut ahead).await?;
        Ok(ahead)
    }

    async fn spans_ahead(&self, all: &[New], ahead: &mut [Ahead]) -> Result<(), DbError> {
        const AROUND: &str = "c.device = a.device AND c.metric = a.metric
            AND c.from_ms >= COALESCE((SELECT from_ms FROM chunks WHERE device = a.device AND metric = a.metric AND from_ms < a.first_ms
                ORDER BY from_ms DESC LIMIT 1 OFFSET 8), -9223372036854775807)
            AND c.from_ms <= COALESCE((SELECT from_ms FROM chunks WHERE device = a.device AND metric = a.metric AND from_ms > a.last_ms
                ORDER BY from_ms LIMIT 1 OFFSET 8), 9223372036854775807)";
        let sql = asked(&self.db, "a.n, c.id, c.from_ms, c.to_ms, c.count", "chunks", AROUND, "from_ms");
        let list = list(all, whole_quarters);
        on!(&self.db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64, i64, i64, i64)>(&sql).bind(list).fetch(c);
            while let Some((n, id, from_ms, to_ms, count)) = rows.try_next().await? {
                at(ahead, n)?.spans.push(span((id, from_ms, to_ms, count))?);
            }
        });
        Ok(())
    }

    async fn chunks_ahead(&self, all: &[New], ahead: &mut [Ahead]) -> Result<(), DbError> {
        let mut whose = FxHashMap::default();
        for (n, (_, new)) in all.iter().enumerate() {
            let spans = &ahead[n].spans;
            // What is written run by run is asked for run by run: between two of its values there may be years.
            let Some((from_ms, to_ms)) = whole_quarters(new).filter(|_| pieces(spans, new).len() == 1) else { continue };
            whose.extend(spans[context_of(spans, new, from_ms, to_ms).1].iter().map(|span| (span.id, n)));
        }
        let ids: Vec<i64> = whose.keys().copied().collect();
        let sql = among!(&self.db, "SELECT id, data FROM chunks WHERE id");
        on!(&self.db, |c| {
            let list = serde_json::to_string(&ids).expect("numbers");
            let mut rows = sqlx::query_as::<_, (i64, Vec<u8>)>(sql).bind(list).fetch(c);
            while let Some((id, data)) = rows.try_next().await? {
                if let Some(ahead) = whose.get(&id).and_then(|n| ahead.get_mut(*n)) {
                    ahead.chunks.insert(id, data);
                }
            }
        });
        Ok(())
    }

    async fn days_ahead(&self, all: &[New], ahead: &mut [Ahead]) -> Result<(), DbError> {
        // What the neighbours decide about ends on the day before or after, if not on the same.
        let days = |new: &[(i64, f64)]| {
            let (first, last) = (new.first()?.0, new.last()?.0);
            (last.saturating_sub(first) <= LONGEST_MS)
                .then(|| (day::start_of(first).saturating_sub(DAY_MS), day::start_of(last).saturating_add(DAY_MS)))
        };
        for (n, (_, new)) in all.iter().enumerate() {
            if let Some((from_ms, to_ms)) = days(new) {
                ahead[n].days = Days { from_ms, to_ms, data: Vec::new() };
            }
        }
        const BETWEEN: &str = "c.device = a.device AND c.metric = a.metric AND c.day_ms >= a.first_ms AND c.day_ms <= a.last_ms";
        let sql = asked(&self.db, "a.n, c.day_ms, c.data", "quarters", BETWEEN, "day_ms");
        let list = list(all, days);
        on!(&self.db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64, Vec<u8>)>(&sql).bind(list).fetch(c);
            while let Some((n, day_ms, data)) = rows.try_next().await? {
                at(ahead, n)?.days.data.push((day_ms, data));
            }
        });
        Ok(())
    }
}

/// What is asked, as one text: place, device, metric, and the stretch of time.
fn list(all: &[New], stretch: impl Fn(&[(i64, f64)]) -> Option<(i64, i64)>) -> String {
    let asked = |(n, (series, new)): (usize, &New)| {
        let (first_ms, last_ms) = stretch(new)?;
        Some((n, series.device, series.metric, first_ms, last_ms))
    };
    serde_json::to_string(&all.iter().enumerate().filter_map(asked).collect::<Vec<_>>()).expect("numbers")
}

fn at(ahead: &mut [Ahead], n: i64) -> Result<&mut Ahead, DbError> {
    let unknown = DbError::Unreadable { table: "chunks", column: "n", found: n.to_string() };
    usize::try_from(n).ok().and_then(|n| ahead.get_mut(n)).ok_or(unknown)
}

/// A statement that asks a table for its rows, `c`, of each of the stretches of [`list`], `a`: place by place and in order of time.
fn asked(db: &Db, columns: &str, table: &str, rows: &str, order: &str) -> String {
    let (list, found) = match db {
        Db::Sqlite(_) => ("json_each($1)", format!("CROSS JOIN {table} AS c WHERE {rows}")),
        // Whatever the planner believes of the table: one look into the index for each stretch.
        Db::Postgres(_) => (
            "json_array_elements($1::json) AS list (value)",
            format!("CROSS JOIN LATERAL (SELECT c.* FROM {table} AS c WHERE {rows} OFFSET 0) AS c"),
        ),
    };
    format!(
        "WITH a AS (SELECT CAST(value ->> 0 AS BIGINT) AS n, CAST(value ->> 1 AS BIGINT) AS device, CAST(value ->> 2 AS BIGINT) AS metric,
         CAST(value ->> 3 AS BIGINT) AS first_ms, CAST(value ->> 4 AS BIGINT) AS last_ms FROM {list})
         SELECT {columns} FROM a {found} ORDER BY a.n, c.{order}"
    )
}
