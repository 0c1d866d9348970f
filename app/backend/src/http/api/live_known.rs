//! What a listener hears first: what is known of a device, so that nothing is missed between rendering a page and listening, nor while a
//! connection was lost.

use std::collections::BTreeMap;

use vigia_domain::device::Presence;
use vigia_domain::live::Update;
use vigia_domain::time;

use crate::app::App;
use crate::db::devices::Device;
use crate::fleet::presence_of;
use crate::live::Hub;

/// What the device last said, and whether it is there. `None`: nothing is known of it.
pub(super) fn newest(app: &App, device: &Device) -> Option<Update> {
    let is_online = presence_of(app, device.number) == Presence::Online;
    let latest = app.store().latest(device.number);
    let newest = latest.iter().map(|v| v.at_ms).max();
    if newest.is_none() && !is_online {
        return None;
    }
    // Only what the device last said: an update has one instant, and older values stand on the page already.
    let values = latest.into_iter().filter(|v| Some(v.at_ms) == newest).map(|v| (v.metric, v.value)).collect();
    let at = newest.unwrap_or_else(|| app.world().clock.now_ms());
    // History that was brought in from elsewhere was never heard: the newest of it is as old as the device can be said to be.
    let seen_at = app.store().seen_ms(device.number).or(newest).map(time::to_text);
    Some(Update { topic: Hub::topic(&device.id), at: time::to_text(at), values, online: Some(is_online), seen_at })
}

/// The values beside those of [`newest`], the oldest instant first, when the device was heard of at or after `since_ms`: which of them
/// came since is not known, and what is told twice does no harm.
pub(super) fn missed(app: &App, device: &Device, since_ms: i64) -> Vec<Update> {
    let Some(seen_ms) = app.store().seen_ms(device.number).filter(|seen_ms| *seen_ms >= since_ms) else { return Vec::new() };
    let mut by_instant: BTreeMap<i64, BTreeMap<String, f64>> = BTreeMap::new();
    for value in app.store().latest(device.number) {
        by_instant.entry(value.at_ms).or_default().insert(value.metric, value.value);
    }
    by_instant.pop_last();
    let seen_at = Some(time::to_text(seen_ms));
    let update = |(at_ms, values)| Update {
        topic: Hub::topic(&device.id),
        at: time::to_text(at_ms),
        values,
        online: None,
        seen_at: seen_at.clone(),
    };
    by_instant.into_iter().map(update).collect()
}
