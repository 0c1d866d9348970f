//! Rows whose bytes do not fit their checksum: they are never believed. Whoever reads meets a gap; whoever seals moves the row into `damaged`,
//! where it stays as it was found.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::SqlStore;
use super::series::Series;
use crate::db::{Db, DbError, in_tx, on};

/// Which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A block of the log, by its id.
    Block(i64),
    /// A chunk, by its id.
    Chunk(i64),
    /// The quarters of a day.
    Day(Series, i64),
}

/// What is missing because of it: of a series, from the first to the last instant in ms since the epoch. Of a block nobody knows that; its
/// time is when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) series: Option<Series>,
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
}

/// What is known of it.
#[derive(Default)]
pub(super) struct Damage {
    known: RwLock<BTreeMap<Place, Hole>>,
}

impl Damage {
    pub(super) async fn load(db: &Db) -> Result<Self, DbError> {
        let known = moved(db).await?.into_iter().collect();
        Ok(Self { known: RwLock::new(known) })
    }

    /// Holes in a series of which the values are gone, and not only what was reckoned from them.
    pub(super) fn holes(&self, series: Series) -> Vec<(i64, i64)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let of_series = known.iter().filter(|(place, hole)| matches!(place, Place::Chunk(_)) && hole.series == Some(series));
        of_series.map(|(_, hole)| (hole.from_ms, hole.to_ms)).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn forget(&self, place: Place) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&place);
    }

    /// Everything of a device, when what it sent was deleted.
    pub(super) fn forget_device(&self, device: i64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, hole| hole.series.is_none_or(|series| series.device != device));
    }

    /// Damaged values of a series inside `[from_ms, to_ms)`, when that was deleted.
    pub(super) fn forget_within(&self, series: Series, from_ms: i64, to_ms: i64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|place, hole| {
            !matches!(place, Place::Chunk(_)) || hole.series != Some(series) || hole.from_ms < from_ms || hole.to_ms >= to_ms
        });
    }

    /// Learns what other processes have moved out of the way, and what is there no more.
    pub(super) async fn reload(&self, db: &Db) -> Result<(), DbError> {
        let moved = moved(db).await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|place, _| matches!(place, Place::Day(..)));
        known.extend(moved);
        Ok(())
    }

    pub(super) fn forget_all(&self) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Says whether it is new.
    fn note(&self, place: Place, hole: Hole) -> bool {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(place, hole).is_none()
    }
}

/// Rows that were moved out of the way.
pub(super) async fn moved(db: &Db) -> Result<Vec<(Place, Hole)>, DbError> {
    type Row = (String, i64, Option<i64>, Option<i64>, i64, i64);
    const SQL: &str = "SELECT place, row_id, device, metric, from_ms, to_ms FROM damaged ORDER BY id";
    let rows: Vec<Row> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    let read = |(place, row, device, metric, from_ms, to_ms): Row| {
        let series = device.zip(metric.and_then(|metric| u32::try_from(metric).ok())).map(|(device, metric)| Series { device, metric });
        (if place == "log" { Place::Block(row) } else { Place::Chunk(row) }, Hole { series, from_ms, to_ms })
    };
    Ok(rows.into_iter().map(read).collect())
}

impl SqlStore {
    /// Counts a damaged row and names it in the log, once.
    pub(super) fn note_damage(&self, place: Place, hole: Hole) {
        if !self.damage.note(place, hole) {
            return;
        }
        self.metrics.damaged.inc();
        let device = hole.series.map(|series| series.device);
        let metric = hole.series.and_then(|series| self.names.name(series.metric));
        let [from, to] = [hole.from_ms, hole.to_ms].map(vigia_domain::time::to_text);
        tracing::error!(?place, device, metric, from, to, "damaged: it does not fit its checksum, and is left out of every answer");
    }

    /// Moves a row out of the way of whoever seals; it is kept as it is.
    pub(super) async fn move_aside(&self, place: Place) -> Result<(), DbError> {
        const CHUNK: [&str; 2] = [
            "INSERT INTO damaged (found_ms, place, row_id, device, metric, from_ms, to_ms, data)
             SELECT $1, 'chunks', id, device, metric, from_ms, to_ms, data FROM chunks WHERE id = $2",
            "DELETE FROM chunks WHERE id = $1",
        ];
        const BLOCK: [&str; 2] = [
            "INSERT INTO damaged (found_ms, place, row_id, from_ms, to_ms, data)
             SELECT $1, 'log', id, received_ms, received_ms, data FROM log WHERE id = $2",
            "DELETE FROM log WHERE id = $1",
        ];
        let ([copy, delete], id) = match place {
            Place::Chunk(id) => (CHUNK, id),
            Place::Block(id) => (BLOCK, id),
            Place::Day(..) => return Ok(()),
        };
        let now_ms = self.world.clock.now_ms();
        in_tx!(&self.db, |tx| {
            sqlx::query(copy).bind(now_ms).bind(id).execute(&mut *tx).await?;
            sqlx::query(delete).bind(id).execute(&mut *tx).await?;
        });
        Ok(())
    }
}
