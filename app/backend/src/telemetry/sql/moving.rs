//! What was appended stands beside SQLite's file at first and is moved into it later. Whoever commits would do that, much at once, and everybody
//! who waits for an acknowledgement would wait for it: it is done in the background, a piece at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::SqlStore;
use super::changes::Change;
use super::series::Series;
use crate::db::{Db, DbError};

/// So many bytes are moved at a time; SQLite itself waits for several times as many.
const PIECE: usize = 4 * 1024 * 1024;
/// What a commit writes at least, however little it is about: two pages.
const LEAST: usize = 2 * 4096;

/// How much was appended since it was moved the last time.
#[derive(Debug, Default)]
pub(super) struct Unmoved {
    bytes: AtomicUsize,
    due: Notify,
}

impl Unmoved {
    /// Notes what was committed.
    fn add(&self, bytes: usize) {
        let bytes = bytes.max(LEAST);
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes >= PIECE {
            self.due.notify_one();
        }
    }

    /// Waits until there is a piece.
    pub(super) async fn due(&self) {
        self.due.notified().await;
    }

    /// Whether there is a piece; whoever asks moves it.
    fn take(&self) -> bool {
        let is_due = self.bytes.load(Ordering::Relaxed) >= PIECE;
        if is_due {
            self.bytes.store(0, Ordering::Relaxed);
        }
        is_due
    }
}

impl SqlStore {
    /// Notes a block that was appended.
    pub(super) fn note_appended(&self, bytes: usize) {
        if matches!(self.db, Db::Sqlite(_)) {
            self.unmoved.add(bytes);
        }
    }

    /// Notes what was sealed, and moves what was written, if that is a piece by now. That it cannot be moved, on a full disk for one, stops nothing:
    /// it is committed, and stays where it is.
    pub(super) async fn move_sealed(&self, bytes: usize) -> Result<(), DbError> {
        self.note_appended(bytes);
        self.move_piece().await
    }

    /// Moves what was written, if that is a piece by now.
    pub(super) async fn move_piece(&self) -> Result<(), DbError> {
        if !self.unmoved.take() {
            return Ok(());
        }
        match self.db.checkpoint().await {
            Err(error) if error.is_damage() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "what was committed stays in the log beside the file for now");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

/// About so many bytes are written.
pub(super) fn bytes_of(changes: &[(Series, Change)]) -> usize {
    let chunks = changes.iter().flat_map(|(_, change)| &change.chunks).map(|chunk| chunk.bytes.len());
    let days = changes.iter().flat_map(|(_, change)| change.days.values().flatten()).map(Vec::len);
    chunks.chain(days).sum()
}
