//! Taking over what can be read of a damaged file that was set aside, some rows at a time. What is stored already stays: it is newer, or
//! the same. So it may be done again from the beginning, and is when a step of it fails or the program ends in its midst.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, SqliteConnection};

use super::gone::Gone;
use super::others::SealTurn;
use super::series::Series;
use super::{SqlStore, block, chunk, day, retain, seal, shape};
use crate::db::{DbError, in_tx, on, read_aside};

/// Rows of one piece.
const ROWS: usize = 64;
/// The furthest that is looked beyond rows that cannot be read.
const FURTHEST: i64 = 1 << 40;

/// A file that is being taken over.
pub(super) struct TakeOver {
    file: PathBuf,
    /// Into which file of readings; what went into an earlier one has to come again.
    generation: u64,
    from: SqliteConnection,
    /// Its names, by its own ids.
    names: HashMap<i64, String>,
    /// What of it was deleted since it was set aside.
    gone: Gone,
    step: usize,
    /// The row of the step's table that was read last.
    row: i64,
    taken: u64,
    lost: u64,
}

/// What is read in turn.
const STEPS: [&str; 6] = ["log", "chunks", "quarters", "latest", "events", "attributes"];

impl TakeOver {
    async fn open(file: PathBuf, generation: u64) -> Result<Self, DbError> {
        let gone = Gone::from(&file).map_err(sqlx::Error::Io)?;
        let mut from = read_aside(&file).await?;
        // A table whose description is damaged does not keep the others from being read.
        let _ = sqlx::query("PRAGMA writable_schema = ON").execute(&mut from).await;
        let mut one = Self { file, generation, from, names: HashMap::new(), gone, step: 0, row: 0, taken: 0, lost: 0 };
        while let Some((id, name)) = one.next::<(i64, String)>("metrics", "id, name").await? {
            one.names.insert(id, name);
        }
        one.row = 0;
        Ok(one)
    }

    /// The next row that can be read; the columns begin with the row's id. Rows that cannot be read are counted and passed over.
    async fn next<R>(&mut self, table: &str, columns: &str) -> Result<Option<R>, DbError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin + First,
    {
        let sql = format!("SELECT {columns} FROM {table} WHERE rowid > $1 ORDER BY rowid LIMIT 1");
        let (mut unreadable, mut over) = (None, 0);
        while over < FURTHEST {
            match self.ask::<R>(&sql, self.row.saturating_add(over)).await? {
                Asked::Found(mut found) => {
                    if let Some(mut unreadable) = unreadable {
                        // Back to the first of those that were leapt over and can be read.
                        let mut readable: i64 = over;
                        while readable - unreadable > 1 {
                            let middle = unreadable + (readable - unreadable) / 2;
                            match self.ask::<R>(&sql, self.row.saturating_add(middle)).await? {
                                Asked::Found(earlier) => (readable, found) = (middle, earlier),
                                Asked::Unreadable | Asked::NoTable => unreadable = middle,
                            }
                        }
                    }
                    self.row = found.as_ref().map_or(self.row, First::row);
                    return Ok(found);
                }
                Asked::NoTable => {
                    self.lost += 1;
                    return Ok(None);
                }
                Asked::Unreadable => {
                    self.lost += u64::from(unreadable.is_none());
                    unreadable = Some(over);
                    over = (2 * over).max(1);
                }
            }
        }
        Ok(None)
    }

    /// A row that the new database refuses for what stands in it is lost, as one that cannot be read is.
    fn or_lost<T>(&mut self, taken: Result<T, DbError>, instead: T) -> Result<T, DbError> {
        match taken {
            Err(error @ DbError::Sqlx(sqlx::Error::Database(_))) if !error.is_unreachable() => {
                tracing::warn!(%error, file = %self.file.display(), "a row of the damaged file is not taken");
                self.lost += 1;
                Ok(instead)
            }
            taken => taken,
        }
    }

    /// The first row after another one.
    async fn ask<R>(&mut self, sql: &str, after: i64) -> Result<Asked<R>, DbError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        match sqlx::query_as::<_, R>(sql).bind(after).fetch_optional(&mut self.from).await {
            Ok(found) => Ok(Asked::Found(found)),
            Err(error @ (sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed)) => Err(error.into()),
            Err(sqlx::Error::Database(error)) if error.message().contains("no such table") => Ok(Asked::NoTable),
            Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| passes(&code)) => Err(sqlx::Error::Database(error).into()),
            Err(_) => Ok(Asked::Unreadable),
        }
    }
}

/// What came of asking for a row.
enum Asked<R> {
    Found(Option<R>),
    Unreadable,
    NoTable,
}

/// SQLite's codes for what has nothing to do with the row and may be over soon: BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, FULL, CANTOPEN.
fn passes(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5..=9 | 13 | 14))
}

/// A row whose first column is its id.
trait First {
    fn row(&self) -> i64;
}

macro_rules! first {
    ($($more:ident),+) => {
        impl<$($more),+> First for (i64, $($more,)+) {
            fn row(&self) -> i64 {
                self.0
            }
        }
    };
}
first!(A);
first!(A, B);
first!(A, B, C);
first!(A, B, C, D);
first!(A, B, C, D, E);
first!(A, B, C, D, E, F);

impl SqlStore {
    /// The files that were set aside and are not taken over yet.
    pub(super) async fn not_taken_over(&self) -> Result<Vec<PathBuf>, DbError> {
        let files = self.db.set_aside();
        if files.is_empty() {
            return Ok(files);
        }
        let done: Vec<(String,)> = on!(&self.db, |c| sqlx::query_as("SELECT file FROM taken_over").fetch_all(c).await)?;
        Ok(files.into_iter().filter(|file| !done.iter().any(|(name,)| *name == name_of(file))).collect())
    }

    /// Whether a file waits to be taken over, or is in its midst.
    pub(super) async fn has_aside(&self) -> bool {
        !self.aside.lock().await.is_empty()
    }

    /// One piece of what waits to be taken over; says whether there is more. A file waits until all of it is done: when a step fails it is
    /// begun anew.
    pub(super) async fn take_over_piece(&self) -> Result<bool, DbError> {
        let mut running = self.taking_over.lock().await;
        let piece = self.piece(&mut running).await;
        if piece.is_err() {
            *running = None;
        }
        piece
    }

    async fn piece(&self, running: &mut Option<TakeOver>) -> Result<bool, DbError> {
        if running.as_ref().is_some_and(|one| one.generation != self.generation()) {
            *running = None;
        }
        let Some(one) = running.as_mut() else {
            let Some(file) = self.aside.lock().await.last().cloned() else { return Ok(false) };
            if !file.exists() {
                tracing::warn!(file = %file.display(), "the damaged file is gone before anything of it was taken over");
                self.aside.lock().await.retain(|one| *one != file);
                return Ok(true);
            }
            match TakeOver::open(file.clone(), self.generation()).await {
                Ok(one) => *running = Some(one),
                Err(error) if error.is_damage() => {
                    tracing::error!(%error, file = %file.display(), "nothing of the damaged file can be read");
                    self.taken_over(&file, 0, 1).await?;
                }
                Err(error) => return Err(error),
            }
            return Ok(true);
        };
        let Some(turn) = self.seal_turn(false).await? else { return Ok(false) };
        for _ in 0..ROWS {
            let Some(step) = STEPS.get(one.step) else {
                let (taken, lost) = (one.taken, one.lost);
                tracing::warn!(file = %one.file.display(), taken, lost, "what could be read of the damaged file was taken over");
                self.taken_over(&one.file, taken, lost).await?;
                *running = None;
                return Ok(true);
            };
            let taken = match *step {
                "log" => self.take_log(&turn, one).await,
                "chunks" => self.take_chunk(&turn, one).await,
                "quarters" => self.take_quarters(one).await,
                "latest" => self.take_latest(one).await,
                "events" => self.take_event(one).await,
                _ => self.take_attribute(one).await,
            };
            if !one.or_lost(taken, true)? {
                (one.step, one.row) = (one.step + 1, 0);
            }
        }
        Ok(true)
    }

    async fn taken_over(&self, file: &Path, taken: u64, lost: u64) -> Result<(), DbError> {
        const SQL: &str = "INSERT INTO taken_over (file, done_ms, taken, lost) VALUES ($1, $2, $3, $4) ON CONFLICT (file) DO NOTHING";
        let (done_ms, count) = (self.world.clock.now_ms(), |n: u64| i64::try_from(n).unwrap_or(i64::MAX));
        in_tx!(&self.db, |tx| {
            let query = sqlx::query(SQL).bind(name_of(file)).bind(done_ms).bind(count(taken)).bind(count(lost));
            query.execute(&mut *tx).await?.rows_affected()
        });
        self.aside.lock().await.retain(|one| one != file);
        Ok(())
    }

    /// The id that a metric has here; `None` when the old file does not say its name any more.
    async fn metric_here(&self, one: &TakeOver, metric: i64) -> Result<Option<u32>, DbError> {
        let Some(name) = one.names.get(&metric) else { return Ok(None) };
        self.names.ensure(&self.db, std::iter::once(name.as_str())).await?;
        Ok(self.names.id(name))
    }

    /// The whole log at once: of two readings of one instant the later one counts.
    async fn take_log(&self, turn: &SealTurn<'_>, one: &mut TakeOver) -> Result<bool, DbError> {
        let mut found: BTreeMap<(i64, u32), Vec<(i64, f64)>> = BTreeMap::new();
        while let Some((_, data)) = one.next::<(i64, Vec<u8>)>("log", "id, data").await? {
            let Ok(frames) = block::frames(&data) else {
                one.lost += 1;
                continue;
            };
            for (_, frame) in frames.into_iter().filter(|(_, frame)| !one.gone.holds_at(frame.device, frame.at_ms)) {
                for (metric, value) in frame.values() {
                    found.entry((frame.device, metric)).or_default().push((frame.at_ms, value));
                }
            }
        }
        for ((device, metric), values) in found {
            let values = shape::ordered(values).0;
            let added = self.add_older(turn, one, device, i64::from(metric), &values).await;
            one.or_lost(added, ())?;
        }
        Ok(false)
    }

    async fn take_chunk(&self, turn: &SealTurn<'_>, one: &mut TakeOver) -> Result<bool, DbError> {
        let Some((_, device, metric, data)) = one.next::<(i64, i64, i64, Vec<u8>)>("chunks", "id, device, metric, data").await? else {
            return Ok(false);
        };
        match chunk::unpack(&data) {
            Ok(mut values) => {
                values.retain(|(at, _)| !one.gone.holds_at(device, *at));
                self.add_older(turn, one, device, metric, &values).await?;
            }
            Err(_) => one.lost += 1,
        }
        Ok(true)
    }

    async fn add_older(
        &self,
        turn: &SealTurn<'_>,
        one: &mut TakeOver,
        device: i64,
        metric: i64,
        values: &[(i64, f64)],
    ) -> Result<(), DbError> {
        let Some(metric) = self.metric_here(one, metric).await? else {
            one.lost += 1;
            return Ok(());
        };
        let series = Series { device, metric };
        for run in self.runs(series, values).await? {
            let change = self.change_with_older(turn, series, run).await?;
            let last = change.last;
            seal::write(&self.db, turn.epoch, vec![(series, change)]).await?;
            if let Some((at_ms, value)) = last {
                self.latest.offer(device, metric, at_ms, value);
            }
        }
        one.taken += u64::try_from(values.len()).unwrap_or_default();
        Ok(())
    }

    /// Quarters whose raw values are gone are all that is left of their time.
    async fn take_quarters(&self, one: &mut TakeOver) -> Result<bool, DbError> {
        if one.row == 0 {
            let kept: Result<Option<(i64,)>, _> = sqlx::query_as("SELECT from_ms FROM raw_kept").fetch_optional(&mut one.from).await;
            let Ok(Some((kept_ms,))) = kept else { return Ok(false) };
            retain::keep_from(&self.db, kept_ms).await?;
            self.raw_kept_ms.fetch_max(kept_ms, std::sync::atomic::Ordering::Relaxed);
        }
        let columns = "rowid, device, metric, day_ms, data";
        let Some((_, device, metric, day_ms, data)) = one.next::<(i64, i64, i64, i64, Vec<u8>)>("quarters", columns).await? else {
            return Ok(false);
        };
        let (Ok(quarters), Some(metric)) = (day::unpack(day_ms, &data), self.metric_here(one, metric).await?) else {
            one.lost += 1;
            return Ok(true);
        };
        let kept_ms = self.raw_kept_ms.load(std::sync::atomic::Ordering::Relaxed);
        let mut quarters: BTreeMap<_, _> =
            quarters.into_iter().filter(|(start, _)| *start < kept_ms && !one.gone.holds_quarter(device, *start)).collect();
        let stored = self.stored_quarters(Series { device, metric }, day_ms, day_ms + day::DAY_MS).await?;
        quarters.extend(stored);
        if let Some(data) = day::pack(day_ms, &quarters) {
            const SQL: &str = "INSERT INTO quarters (device, metric, day_ms, data) VALUES ($1, $2, $3, $4)
                ON CONFLICT (device, metric, day_ms) DO UPDATE SET data = excluded.data";
            in_tx!(&self.db, |tx| {
                let query = sqlx::query(SQL).bind(device).bind(i64::from(metric)).bind(day_ms).bind(data.as_slice());
                query.execute(&mut *tx).await?.rows_affected()
            });
        }
        Ok(true)
    }

    async fn take_latest(&self, one: &mut TakeOver) -> Result<bool, DbError> {
        let columns = "rowid, device, metric, at_ms, value";
        let Some((_, device, metric, at_ms, value)) = one.next::<(i64, i64, i64, i64, f64)>("latest", columns).await? else {
            return Ok(false);
        };
        if !one.gone.holds_at(device, at_ms)
            && let Some(metric) = self.metric_here(one, metric).await?
            && self.latest.offer(device, metric, at_ms, value)
        {
            const SQL: &str = "INSERT INTO latest (device, metric, at_ms, value) VALUES ($1, $2, $3, $4)
                ON CONFLICT (device, metric) DO UPDATE SET at_ms = excluded.at_ms, value = excluded.value WHERE excluded.at_ms > latest.at_ms";
            in_tx!(&self.db, |tx| {
                let query = sqlx::query(SQL).bind(device).bind(i64::from(metric)).bind(at_ms).bind(value);
                query.execute(&mut *tx).await?.rows_affected()
            });
        }
        Ok(true)
    }

    async fn take_event(&self, one: &mut TakeOver) -> Result<bool, DbError> {
        type Event = (i64, i64, i64, i64, String, String, String);
        let columns = "id, device, at_ms, received_ms, kind, payload, digest";
        let Some((_, device, at_ms, received_ms, kind, payload, digest)) = one.next::<Event>("events", columns).await? else {
            return Ok(false);
        };
        if one.gone.holds_at(device, at_ms) {
            return Ok(true);
        }
        const SQL: &str =
            "INSERT INTO events (device, at_ms, received_ms, kind, payload, digest) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        in_tx!(&self.db, |tx| {
            let query = sqlx::query(SQL).bind(device).bind(at_ms).bind(received_ms).bind(kind.as_str()).bind(payload.as_str());
            query.bind(digest.as_str()).execute(&mut *tx).await?.rows_affected()
        });
        Ok(true)
    }

    async fn take_attribute(&self, one: &mut TakeOver) -> Result<bool, DbError> {
        let columns = "rowid, device, name, value, at_ms";
        let Some((_, device, name, value, at_ms)) = one.next::<(i64, i64, String, String, i64)>("attributes", columns).await? else {
            return Ok(false);
        };
        if one.gone.holds(device) {
            return Ok(true);
        }
        const SQL: &str =
            "INSERT INTO attributes (device, name, value, at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (device, name) DO NOTHING";
        in_tx!(&self.db, |tx| {
            let query = sqlx::query(SQL).bind(device).bind(name.as_str()).bind(value.as_str()).bind(at_ms);
            query.execute(&mut *tx).await?.rows_affected()
        });
        Ok(true)
    }
}

pub(super) fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
