//! The device page.

use vigia_domain::device::DeviceView;
use vigia_domain::ids::DeviceId;

use super::list::{importance, row};
use crate::app::App;
use crate::db::{DbError, devices, state};
use crate::telemetry;

/// How many refusals the page shows.
const REFUSALS: i64 = 20;

/// Everything that the page of a device starts with; `None` when there is no such device.
///
/// # Errors
/// [`DbError`].
pub async fn view(app: &App, id: &DeviceId) -> Result<Option<DeviceView>, DbError> {
    let Some(device) = devices::by_id(app.registry(), id).await? else { return Ok(None) };
    let (number, kind) = (device.number, device.kind);
    let attributes = state::attributes(app.telemetry_db(), number).await?;
    let quarantine = state::quarantine(app.telemetry_db(), number, REFUSALS).await?;
    let now_ms = app.world().clock.now_ms();
    let mut latest = app.store().latest(number);
    latest.sort_by(|a, b| (importance(kind, &a.metric), &a.metric).cmp(&(importance(kind, &b.metric), &b.metric)));
    Ok(Some(DeviceView {
        row: row(app, device),
        latest: latest.into_iter().map(|v| telemetry::latest(v, now_ms)).collect(),
        attributes,
        quarantine,
    }))
}
