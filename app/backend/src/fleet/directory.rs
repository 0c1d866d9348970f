//! Which devices there are, remembered for a moment: an external broker's messages name their device, and each of them asks.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use vigia_domain::ids::DeviceId;

use crate::app::App;
use crate::db::{Db, devices};
use crate::ingest::Ingest;
use crate::mqtt::{self, DeviceIdentity, Unavailable};
use crate::world::World;

/// How long a device is known to be there.
const KNOWN: Duration = Duration::from_secs(60);
/// How long one is known not to be: whoever was just registered is heard within this time.
const UNKNOWN: Duration = Duration::from_secs(1);
/// The most answers that are remembered: strangers may make up names without end.
const ANSWERS: usize = 50_000;

type Answer = (Option<DeviceIdentity>, Instant);

/// The registry, with a short memory. Limits of a kind hold here, too: devices that never sign in with us are made known to the way in.
pub struct Directory {
    registry: Db,
    world: World,
    ingest: Ingest,
    answers: Mutex<HashMap<DeviceId, Answer>>,
}

impl Directory {
    /// A directory over the registry of an installation.
    #[must_use]
    pub fn of(app: &App) -> Self {
        Self { registry: app.registry().clone(), world: app.world().clone(), ingest: app.ingest().clone(), answers: Mutex::default() }
    }
}

#[async_trait]
impl mqtt::Directory for Directory {
    async fn find(&self, id: &DeviceId) -> Result<Option<DeviceIdentity>, Unavailable> {
        let now = self.world.clock.instant();
        let answers = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers().get(id).cloned();
        match known.clone() {
            Some(answer) if is_fresh(&answer, now) => return Ok(answer.0),
            _ => {}
        }
        let device = match devices::by_id(&self.registry, id).await {
            Ok(found) => found.map(|device| {
                self.ingest.know(device.number, device.kind);
                DeviceIdentity { id: device.id, number: device.number }
            }),
            // Whoever was there a moment ago is taken to be there: the store decides whether the message is.
            Err(error) => match known {
                Some((Some(device), _)) => return Ok(Some(device)),
                _ => {
                    tracing::error!(%error, "whether a device is registered cannot be asked");
                    return Err(Unavailable);
                }
            },
        };
        let mut answers = answers();
        if answers.len() >= ANSWERS && !answers.contains_key(id) {
            answers.retain(|_, answer| is_fresh(answer, now));
            if answers.len() >= ANSWERS {
                answers.clear();
            }
        }
        answers.insert(id.clone(), (device.clone(), now));
        Ok(device)
    }
}

fn is_fresh((device, at): &Answer, now: Instant) -> bool {
    now.saturating_duration_since(*at) < if device.is_some() { KNOWN } else { UNKNOWN }
}
