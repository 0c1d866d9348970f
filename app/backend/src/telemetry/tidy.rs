//! The store's work in the background: a piece at a time, as soon as it is due.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::TelemetryStore;
use crate::lifecycle::{Lifecycle, Phase};
use crate::world::World;

/// How often it is asked whether anything is due, when the store does not say so by itself.
const LOOK: Duration = Duration::from_secs(1);

/// Starts it. It stops between two pieces; what is left undone is due at the next start.
pub fn tidy(store: Arc<dyn TelemetryStore>, world: World, lifecycle: &Lifecycle) {
    lifecycle.spawn("tidy", Phase::Intake, |stop| async move {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => {}
                // While the store is away every message would bring another try.
                () = store.due(), if !failing => {}
            }
            loop {
                match store.tidy(world.clock.now_ms()).await {
                    Ok(more) => {
                        failing = false;
                        if !more || stop.is_cancelled() {
                            break;
                        }
                    }
                    Err(error) => {
                        // Once, and not each second while the database is away.
                        if !std::mem::replace(&mut failing, true) {
                            tracing::warn!(%error, "sealing has to wait");
                        }
                        break;
                    }
                }
            }
        }
    });
}
