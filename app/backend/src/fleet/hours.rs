//! The last hour of the rows that are shown.

use vigia_domain::hour::{Hour, MINUTE_MS, MINUTES, minute_of};
use vigia_domain::ids::DeviceNumber;

use crate::app::App;
use crate::telemetry::LastValue;

/// The last hour of each of these values, from memory; what is not there yet is asked of the store in one question.
pub(super) async fn hours(app: &App, shown: &[(DeviceNumber, Option<LastValue>)]) -> Vec<Option<Hour>> {
    let (minutes, now_ms) = (app.minutes(), app.world().clock.now_ms());
    let from_ms = (minute_of(now_ms) + 1 - MINUTES as i64) * MINUTE_MS;
    // What other processes store is not heard here value by value: the store is asked once a minute.
    let since = if app.hub().has_neighbours() { minute_of(now_ms) } else { i64::MIN };
    // Of what is older than an hour there is nothing to draw.
    let drawn = |last: &Option<LastValue>| last.as_ref().filter(|last| last.at_ms >= from_ms).map(|last| last.metric.clone());
    let wanted: Vec<Option<String>> = shown.iter().map(|(_, last)| drawn(last)).collect();
    let hour = |at: usize| wanted[at].as_ref().and_then(|metric| minutes.hour(shown[at].0, metric, now_ms, since));
    let mut hours: Vec<Option<Hour>> = (0..shown.len()).map(hour).collect();
    let missing: Vec<(usize, (DeviceNumber, String))> = (0..shown.len())
        .filter(|at| hours[*at].is_none())
        .filter_map(|at| wanted[at].clone().map(|metric| (at, (shown[at].0, metric))))
        .collect();
    if !missing.is_empty() {
        for (_, (device, metric)) in &missing {
            minutes.begin(*device, metric, now_ms);
        }
        let (places, series): (Vec<usize>, Vec<(DeviceNumber, String)>) = missing.into_iter().unzip();
        match app.store().recent(&series, from_ms, i64::MAX).await {
            Ok(found) => {
                for ((device, metric), values) in series.iter().zip(&found) {
                    minutes.fill(*device, metric, values, now_ms);
                }
                places.into_iter().for_each(|at| hours[at] = hour(at));
            }
            // The list is worth more than its pictures.
            Err(error) => tracing::warn!(%error, "the last hour of some devices could not be read"),
        }
    }
    hours.into_iter().map(|hour| hour.filter(|hour| hour.range().is_some())).collect()
}
