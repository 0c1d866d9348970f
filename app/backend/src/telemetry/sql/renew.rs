//! A database file that is damaged while the program runs: it is set aside, and a new one takes its place and knows what is in memory. What
//! can be read of the old one is taken over afterwards ([`super::take_over`]).

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{SqlStore, Tail, log, retain};
use crate::db::{Db, DbError};

impl SqlStore {
    /// Notes that a question met damage; the next round of tidying sees to it.
    pub(super) fn torn<T>(&self, answer: Result<T, DbError>) -> Result<T, DbError> {
        if let Err(error) = &answer
            && error.is_damage()
        {
            *self.torn.lock().unwrap_or_else(PoisonError::into_inner) = Some((self.generation(), error.to_string()));
        }
        answer
    }

    /// Which file of readings this is, counted from the start on.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Renews the database if a question has met damage; says whether it did.
    pub(super) async fn renew_if_torn(&self) -> Result<bool, DbError> {
        let torn = self.torn.lock().unwrap_or_else(PoisonError::into_inner).take();
        match torn {
            Some((generation, reason)) => self.renew(generation, &reason).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Sets the file aside, unless that has been done since `generation`, and goes on with a new one. Where that fails it is tried again with
    /// the next round of tidying.
    pub(super) async fn renew(&self, generation: u64, reason: &str) -> Result<(), DbError> {
        let _sealing = self.sealing.lock().await;
        let _turn = self.turn.lock().await;
        if self.generation() != generation {
            return Ok(());
        }
        let now_ms = self.world.clock.now_ms();
        let before = self.db.set_aside();
        let replaced = self.db.replace_damaged(now_ms, reason, async |anew| self.begin_in(anew).await).await;
        // Also one that was set aside without a new one in its place is to be taken over.
        self.aside.lock().await.extend(self.db.set_aside().into_iter().filter(|file| !before.contains(file)));
        match replaced {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                *self.torn.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, reason.to_owned()));
                return Err(DbError::NotReplaced(error.to_string()));
            }
        }
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.metrics.set_aside.inc();
        *self.tail_mut() = Tail::default();
        self.damage.forget_all();
        Ok(())
    }

    /// Writes into a new file what has to stand there before the first reading does.
    async fn begin_in(&self, anew: &Db) -> Result<(), DbError> {
        self.names.write_to(anew).await?;
        self.latest.write_to(anew).await?;
        log::go_on_after(anew, self.last_block.load(Ordering::SeqCst)).await?;
        let kept_ms = self.raw_kept_ms.load(Ordering::Relaxed);
        if kept_ms > i64::MIN {
            retain::keep_from(anew, kept_ms).await?;
        }
        Ok(())
    }
}
