//! Several processes on one PostgreSQL: each meets what the others stored before it answers, one of them seals, and the rest forget what it
//! sealed. On SQLite there is one process, and hardly anything to do here.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::sync::MutexGuard;

use super::damage::{Hole, Place};
use super::{SqlStore, block, log, retain};
use crate::db::{Db, DbError, in_tx, on};

/// "vigia" in ASCII: whoever holds this advisory lock seals.
const SEALER: i64 = 0x76_6967_6961;

/// How far the others' doings are known.
#[derive(Default)]
pub(super) struct Others {
    /// Every transaction before this one has ended and was met.
    met_tx: AtomicI64,
    /// The last row of `erased` that was met.
    erased: AtomicI64,
    /// Whether a commit failed whose outcome nobody knows: its block may be in the log all the same.
    is_unsure: AtomicBool,
}

impl Others {
    pub(super) fn be_unsure(&self) {
        self.is_unsure.store(true, Ordering::SeqCst);
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
            let query = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(SEALER);
            if !query.fetch_one(&mut *transaction).await? {
                return Ok(None);
            }
        }
        const BEGIN: &str = "UPDATE sealer SET epoch = epoch + 1 WHERE one = 1 RETURNING epoch";
        let epoch = in_tx!(&self.db, |tx| sqlx::query_scalar(BEGIN).fetch_one(&mut *tx).await?);
        self.raw_kept_ms.fetch_max(retain::kept_ms(&self.db).await?, Ordering::Relaxed);
        Ok(Some(SealTurn { _here: here, _among_processes: Some(transaction), epoch }))
    }

    /// Meets the blocks that others have stored since the last time.
    pub(super) async fn catch_up(&self) -> Result<(), DbError> {
        let (next, ids) = match &self.db {
            Db::Sqlite(pools) => {
                if !self.others.is_unsure.load(Ordering::SeqCst) {
                    return Ok(());
                }
                (0, sqlx::query_scalar("SELECT id FROM log").fetch_all(&pools.read()).await?)
            }
            Db::Postgres(pools) => {
                const SQL: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                    ARRAY(SELECT id FROM log WHERE tx >= CAST($1 AS text)::xid8)";
                let met = self.others.met_tx.load(Ordering::SeqCst).to_string();
                sqlx::query_as::<_, (i64, Vec<i64>)>(SQL).bind(met).fetch_one(&pools.read).await?
            }
        };
        self.meet(&ids).await?;
        self.others.met_tx.fetch_max(next, Ordering::SeqCst);
        if matches!(self.db, Db::Sqlite(_)) {
            self.others.is_unsure.store(false, Ordering::SeqCst);
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

    /// Meets everything that others did: their blocks, what they sealed, removed and deleted.
    pub(super) async fn follow_others(&self) -> Result<(), DbError> {
        self.catch_up().await?;
        let Db::Postgres(pools) = &self.db else { return Ok(()) };
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
        const ERASED: &str = "SELECT id, device FROM erased WHERE id > $1 ORDER BY id";
        let rows: Vec<(i64, i64)> = on!(&self.db, |c| {
            sqlx::query_as(ERASED).bind(self.others.erased.load(Ordering::SeqCst)).fetch_all(c).await
        })?;
        for (id, device) in rows {
            let turn = self.turn.lock().await;
            self.learn_latest(device).await?;
            drop(turn);
            self.others.erased.fetch_max(id, Ordering::SeqCst);
        }
        Ok(())
    }

    /// What is known from the start on: everything that `open` has read.
    pub(super) async fn begin_with_others(&self, met_tx: i64) -> Result<(), DbError> {
        self.others.met_tx.fetch_max(met_tx, Ordering::SeqCst);
        let last: i64 = on!(&self.db, |c| sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM erased").fetch_one(c).await)?;
        self.others.erased.fetch_max(last, Ordering::SeqCst);
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

/// The first transaction that may not have ended yet, as the database counts them.
pub(super) async fn first_open_tx(db: &Db) -> Result<i64, DbError> {
    match db {
        Db::Sqlite(_) => Ok(0),
        Db::Postgres(pools) => {
            const SQL: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
            Ok(sqlx::query_scalar(SQL).fetch_one(&pools.read).await?)
        }
    }
}

/// Where the readings of a block stand in it: device, instant, offset.
pub(super) fn places<'f>(frames: &'f [(usize, block::Frame<'_>)]) -> impl Iterator<Item = (i64, i64, u32)> + 'f {
    frames.iter().map(|(offset, frame)| (frame.device, frame.at_ms, u32::try_from(*offset).unwrap_or(u32::MAX)))
}
