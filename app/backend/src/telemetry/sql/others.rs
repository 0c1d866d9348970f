//! Several processes on one PostgreSQL: each meets what the others stored before it answers, one of them seals, and the rest forget what it
//! sealed. On SQLite there is one process, and hardly anything to do here.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::MutexGuard;

use super::damage::{Hole, Place};
use super::latest::StateRow;
use super::{SqlStore, block, log, retain};
use crate::db::{Db, DbError, in_tx, on};

/// "vigia" in ASCII: whoever holds this advisory lock seals.
const SEALER: i64 = 0x76_6967_6961;
/// How long it is waited, three times, for one's own last turn.
const LETS_GO: Duration = Duration::from_millis(30);

/// How far the others' doings are known.
#[derive(Default)]
pub(super) struct Others {
    /// Every transaction before this one has ended and was met.
    met_tx: AtomicI64,
    /// The last row of `erased` that was met.
    erased: AtomicI64,
    /// The last turn to seal whose last values are known.
    epoch: AtomicI64,
    /// The newest instant in `device_state` that was met, ms since the epoch.
    states_ms: AtomicI64,
    /// Whether a commit failed whose outcome nobody knows: its block may be in the log all the same.
    is_unsure: AtomicBool,
}

/// How far the clocks of two servers may be apart, with what was under way, in milliseconds: so much older than the newest that was met a row of
/// `device_state` may be and still be news.
pub(super) const CLOCKS_APART_MS: i64 = 30_000;

/// How far everything was done at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Horizon {
    met_tx: i64,
    epoch: i64,
    erased: i64,
}

impl Others {
    pub(super) fn begin(&self, at: Horizon) {
        self.met_tx.store(at.met_tx, Ordering::SeqCst);
        self.epoch.store(at.epoch, Ordering::SeqCst);
        self.erased.store(at.erased, Ordering::SeqCst);
    }

    fn be_unsure(&self) {
        self.is_unsure.store(true, Ordering::SeqCst);
    }

    /// Unless it is told of, what is done from here on may have happened or not: the log is to be read again.
    pub(super) fn unsure_until_told(&self) -> Unsure<'_> {
        Unsure { others: self, is_told: false }
    }
}

/// Something of which nobody knows yet whether it happened.
pub(super) struct Unsure<'o> {
    others: &'o Others,
    is_told: bool,
}

impl Unsure<'_> {
    /// It happened.
    pub(super) fn told(mut self) {
        self.is_told = true;
    }
}

impl Drop for Unsure<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            self.others.be_unsure();
        }
    }
}

/// The right to change chunks, until it is dropped.
pub(super) struct SealTurn<'s> {
    _here: MutexGuard<'s, ()>,
    /// Holds the lock among processes; its end lets go of it, however it ends.
    _among_processes: Option<sqlx::Transaction<'static, sqlx::Postgres>>,
    /// What stands in `sealer` as long as nobody else has begun since.
    pub(super) epoch: i64,
}

impl SqlStore {
    /// Waits for the right to change chunks inside this process, and takes it among processes; `None` when another one has it and `wait` is
    /// not asked for.
    pub(super) async fn seal_turn(&self, wait: bool) -> Result<Option<SealTurn<'_>>, DbError> {
        let here = self.sealing.lock().await;
        let Db::Postgres(pools) = &self.db else { return Ok(Some(SealTurn { _here: here, _among_processes: None, epoch: 0 })) };
        let mut transaction = pools.read.begin().await?;
        if wait {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(SEALER).execute(&mut *transaction).await?;
        } else {
            // One's own last turn lets go of the lock a moment after it has ended, when its connection is back in the pool.
            for pause in [LETS_GO, LETS_GO, LETS_GO, Duration::ZERO] {
                if sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(SEALER).fetch_one(&mut *transaction).await? {
                    break;
                }
                if pause.is_zero() {
                    return Ok(None);
                }
                tokio::time::sleep(pause).await;
            }
        }
        const BEGIN: &str = "UPDATE sealer SET epoch = epoch + 1 WHERE one = 1 RETURNING epoch";
        let epoch = in_tx!(&self.db, |tx| sqlx::query_scalar(BEGIN).fetch_one(&mut *tx).await?);
        // One's own seals are known; others' that came before are not.
        let _ = self.others.epoch.compare_exchange(epoch - 1, epoch, Ordering::SeqCst, Ordering::SeqCst);
        self.raw_kept_ms.fetch_max(retain::kept_ms(&self.db).await?, Ordering::Relaxed);
        self.damage.reload(&self.db).await?;
        Ok(Some(SealTurn { _here: here, _among_processes: Some(transaction), epoch }))
    }

    /// Meets the blocks that others have stored since the last time, and the last values that they have sealed or deleted.
    pub(super) async fn catch_up(&self) -> Result<(), DbError> {
        match &self.db {
            // There is nobody else, and it costs nothing.
            Db::Sqlite(_) => self.catch_up_alone().await,
            Db::Postgres(_) => self.catching_up.after_now(async || self.catch_up_alone().await).await,
        }
    }

    async fn catch_up_alone(&self) -> Result<(), DbError> {
        let (next, ids) = match &self.db {
            Db::Sqlite(pools) => {
                if !self.others.is_unsure.swap(false, Ordering::SeqCst) {
                    return Ok(());
                }
                let ids: Vec<i64> =
                    sqlx::query_scalar("SELECT id FROM log").fetch_all(&pools.read()).await.inspect_err(|_| self.others.be_unsure())?;
                return self.meet(&ids).await.inspect_err(|_| self.others.be_unsure());
            }
            Db::Postgres(pools) => {
                const SQL: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (SELECT epoch FROM sealer WHERE one = 1),
                    (SELECT COALESCE(MAX(id), 0) FROM erased), ARRAY(SELECT id FROM log WHERE tx >= CAST($1 AS text)::xid8)";
                let met = self.others.met_tx.load(Ordering::SeqCst).to_string();
                let row: (i64, i64, i64, Vec<i64>) = sqlx::query_as(SQL).bind(met).fetch_one(&pools.read).await?;
                (Horizon { met_tx: row.0, epoch: row.1, erased: row.2 }, row.3)
            }
        };
        self.meet(&ids).await?;
        self.others.met_tx.fetch_max(next.met_tx, Ordering::SeqCst);
        if self.others.epoch.load(Ordering::SeqCst) < next.epoch {
            self.learn_sealed().await?;
            self.others.epoch.fetch_max(next.epoch, Ordering::SeqCst);
        }
        if self.others.erased.load(Ordering::SeqCst) < next.erased {
            self.learn_erased().await?;
        }
        Ok(())
    }

    /// Takes blocks in that are not known yet.
    async fn meet(&self, ids: &[i64]) -> Result<(), DbError> {
        if !ids.iter().any(|id| !self.tail().holds(*id)) {
            return Ok(());
        }
        // One's own last block is in the log a moment before it is known.
        let _turn = self.turn.lock().await;
        let unknown: Vec<i64> = ids.iter().copied().filter(|id| !self.tail().holds(*id)).collect();
        let (mut met, mut broken) = (Vec::new(), Vec::new());
        log::each(&self.db, &unknown, |logged| {
            match block::frames(&logged.data) {
                Ok(_) => met.push(logged),
                Err(_) => broken.push((logged.id, logged.received_ms)),
            }
            Ok(())
        })
        .await?;
        for (id, received_ms) in broken {
            self.note_damage(Place::Block(id), Hole { series: None, from_ms: received_ms, to_ms: received_ms });
        }
        for logged in met {
            let frames = block::frames(&logged.data)?;
            if frames.iter().flat_map(|(_, frame)| frame.values()).any(|(metric, _)| !self.names.knows(metric)) {
                self.names.reload(&self.db).await?;
            }
            self.latest.replay(&frames, logged.id, logged.received_ms);
            self.tail_mut().add(logged.id, logged.received_ms, places(&frames));
        }
        Ok(())
    }

    /// What another process stored and sealed before it was met here stands only in `latest`.
    async fn learn_sealed(&self) -> Result<(), DbError> {
        let rows: Vec<(i64, i64, i64, f64)> =
            on!(&self.db, |c| sqlx::query_as("SELECT device, metric, at_ms, value FROM latest").fetch_all(c).await)?;
        if rows.iter().any(|row| u32::try_from(row.1).is_ok_and(|metric| !self.names.knows(metric))) {
            self.names.reload(&self.db).await?;
        }
        let tail = self.tail();
        self.latest.sealed(&rows, |block| tail.holds(block));
        Ok(())
    }

    /// Who said goodbye to another process, came back there, or was heard there without a reading.
    async fn learn_states(&self, read: &sqlx::PgPool) -> Result<(), DbError> {
        const SQL: &str = "SELECT device, online, online_ms, seen_ms FROM device_state WHERE online_ms >= $1 OR seen_ms >= $1";
        let from_ms = self.others.states_ms.load(Ordering::SeqCst) - CLOCKS_APART_MS;
        let rows: Vec<StateRow> = sqlx::query_as(SQL).bind(from_ms).fetch_all(read).await?;
        let now_ms = self.world.clock.now_ms();
        self.latest.learn_states(&rows, now_ms);
        if let Some(newest) = rows.iter().flat_map(|(_, _, online_ms, seen_ms)| [*online_ms, *seen_ms]).flatten().max() {
            // A clock that was ahead once does not hide what comes until then.
            self.others.states_ms.fetch_max(newest.min(now_ms), Ordering::SeqCst);
        }
        Ok(())
    }

    async fn learn_erased(&self) -> Result<(), DbError> {
        const ERASED: &str = "SELECT id, device FROM erased WHERE id > $1 ORDER BY id";
        let rows: Vec<(i64, i64)> =
            on!(&self.db, |c| sqlx::query_as(ERASED).bind(self.others.erased.load(Ordering::SeqCst)).fetch_all(c).await)?;
        for (id, device) in rows {
            let turn = self.turn.lock().await;
            self.learn_latest(device).await?;
            drop(turn);
            self.others.erased.fetch_max(id, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Meets everything that others did: their blocks, and what they sealed and removed.
    pub(super) async fn follow_others(&self) -> Result<(), DbError> {
        self.catch_up().await?;
        let Db::Postgres(pools) = &self.db else { return Ok(()) };
        self.learn_states(&pools.read).await?;
        let held = self.tail().blocks();
        if !held.is_empty() {
            let there: Vec<i64> = sqlx::query_scalar("SELECT id FROM log").fetch_all(&pools.read).await?;
            let there: HashSet<i64> = there.into_iter().collect();
            let gone: BTreeSet<i64> = held.into_iter().filter(|id| !there.contains(id)).collect();
            if !gone.is_empty() {
                self.tail_mut().forget(&gone);
            }
        }
        self.raw_kept_ms.fetch_max(retain::kept_ms(&self.db).await?, Ordering::Relaxed);
        Ok(())
    }

    /// Reads the last values of a device anew. Called by who holds the turn.
    pub(super) async fn learn_latest(&self, device: i64) -> Result<(), DbError> {
        const SQL: &str = "SELECT metric, at_ms, value FROM latest WHERE device = $1";
        let rows: Vec<(i64, i64, f64)> = on!(&self.db, |c| sqlx::query_as(SQL).bind(device).fetch_all(c).await)?;
        let places = self.tail().of(device, i64::MIN, i64::MAX);
        let ids: Vec<i64> = places.iter().map(|(block, _)| *block).collect();
        let mut logged = Vec::new();
        log::each(&self.db, &ids, |block| {
            logged.push(block);
            Ok(())
        })
        .await?;
        self.latest.begin_anew(device, &rows);
        for block in &logged {
            let Ok(mut frames) = block::frames(&block.data) else { continue };
            frames.retain(|(_, frame)| frame.device == device);
            self.latest.replay(&frames, block.id, block.received_ms);
        }
        Ok(())
    }
}

/// How far others are now. Asked before anything else is read: what happens meanwhile is met later.
pub(super) async fn horizon(db: &Db) -> Result<Horizon, DbError> {
    match db {
        Db::Sqlite(_) => Ok(Horizon::default()),
        Db::Postgres(pools) => {
            const SQL: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (SELECT epoch FROM sealer WHERE one = 1),
                (SELECT COALESCE(MAX(id), 0) FROM erased)";
            let (met_tx, epoch, erased) = sqlx::query_as(SQL).fetch_one(&pools.read).await?;
            Ok(Horizon { met_tx, epoch, erased })
        }
    }
}

/// Where the readings of a block stand in it: device, instant, offset.
pub(super) fn places<'f>(frames: &'f [(usize, block::Frame<'_>)]) -> impl Iterator<Item = (i64, i64, u32)> + 'f {
    frames.iter().map(|(offset, frame)| (frame.device, frame.at_ms, u32::try_from(*offset).unwrap_or(u32::MAX)))
}
