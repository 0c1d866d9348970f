//! Tells who listens when a device comes, goes or falls silent. Of the last nothing in the house makes a sound: it has to be looked for.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use vigia_domain::device::Presence;
use vigia_domain::time;

use super::presence::presence_of;
use crate::app::App;
use crate::lifecycle::Phase;

/// How often it looks; a look costs a few questions to memory for each device that somebody follows, and none for the others.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until the process stops. Then it is silent at once: a broker that stops ends every connection, which says nothing of devices.
pub fn watch(app: &App) {
    let watched = app.clone();
    app.lifecycle().spawn("presence", Phase::Intake, |stop| async move {
        let mut clock = tokio::time::interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = clock.tick() => {
                    let now = time::to_text(watched.world().clock.now_ms());
                    watched.hub().review(&now, |device| presence_of(&watched, device) == Presence::Online);
                }
            }
        }
    });
}
