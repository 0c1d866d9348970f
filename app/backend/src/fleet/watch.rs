//! Tells who listens when a device comes, goes or falls silent. Of the last nothing in the house makes a sound: it has to be looked for.

use std::time::Duration;

use vigia_domain::device::Presence;
use vigia_domain::time;

use super::presence::presence_of;
use crate::app::App;

/// How often it looks; a look costs a few questions to memory for each device that somebody follows, and none for the others.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until the process stops. Then it is silent at once: a broker that stops ends every connection, which says nothing of devices.
pub fn watch(app: &App) {
    let watched = app.clone();
    app.lifecycle().every("presence", LOOK, move || {
        let now = time::to_text(watched.world().clock.now_ms());
        watched.hub().review(&now, |device| presence_of(&watched, device) == Presence::Online);
        std::future::ready(())
    });
}
