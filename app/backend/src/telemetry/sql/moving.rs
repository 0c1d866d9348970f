//! What was appended stands beside SQLite's file at first and is moved into it later. Whoever commits would do that, much at once, and everybody
//! who waits for an acknowledgement would wait for it: it is done in the background, a piece at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::SqlStore;
use crate::db::DbError;

/// So many bytes are moved at a time; SQLite itself waits for several times as many.
const PIECE: usize = 4 * 1024 * 1024;

/// How much was appended since it was moved the last time.
#[derive(Debug, Default)]
pub(super) struct Unmoved {
    bytes: AtomicUsize,
    due: Notify,
}

impl Unmoved {
    /// Notes what was appended.
    pub(super) fn add(&self, bytes: usize) {
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
    /// Moves what was appended, if that is a piece by now.
    pub(super) async fn move_piece(&self) -> Result<(), DbError> {
        if self.unmoved.take() {
            self.db.checkpoint().await?;
        }
        Ok(())
    }
}
