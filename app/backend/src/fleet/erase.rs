//! Deleting what a device sent.

use crate::app::App;
use crate::db::DbError;
use crate::db::audit::{Actor, By};
use crate::db::devices::{self, Device};

/// Deletes what is stored of a device, or of it what lies in `[from, to)`, ms since the epoch. It is noted first, for the readings may be in
/// another database than the audit log: a row may tell of a deletion that failed, and never is one missing.
///
/// # Errors
/// [`DbError`]: some of it may be left; ask again.
pub async fn erase(app: &App, actor: &Actor, device: &Device, range: Option<(i64, i64)>) -> Result<(), DbError> {
    let by = By { actor, at_ms: app.world().clock.now_ms() };
    devices::note_erasure(app.registry(), &device.id, range, by).await?;
    let outcome = app.store().delete(device.number, range).await;
    app.minutes().forget(device.number);
    outcome
}
