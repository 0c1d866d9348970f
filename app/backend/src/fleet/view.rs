//! The device page.

use vigia_domain::device::DeviceView;
use vigia_domain::headline::importance;

use super::list::row;
use crate::app::App;
use crate::db::devices::Device;
use crate::db::{DbError, state};
use crate::telemetry::{self, QUARANTINE_KEPT};

/// Everything that the page of a device starts with.
///
/// # Errors
/// [`DbError`].
pub async fn view(app: &App, device: Device) -> Result<DeviceView, DbError> {
    let (number, kind) = (device.number, device.kind);
    let attributes = state::attributes(app.telemetry_db(), number).await?;
    let quarantine = state::quarantine(app.telemetry_db(), number, QUARANTINE_KEPT).await?;
    let now_ms = app.world().clock.now_ms();
    let mut latest = app.store().latest(number);
    latest.sort_by(|a, b| (importance(kind, &a.metric), &a.metric).cmp(&(importance(kind, &b.metric), &b.metric)));
    Ok(DeviceView {
        row: row(app, device),
        latest: latest.into_iter().map(|v| telemetry::latest(v, now_ms)).collect(),
        attributes,
        clock_offset_ms: app.ingest().clock_offset_ms(number),
        quarantine,
    })
}
