//! Which devices there are and what they are called, remembered for a moment: an external broker's messages name their device, and each of
//! them asks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use vigia_domain::decode::route::{Found, Name};
use vigia_domain::ids::DeviceId;

use super::abroad::Abroad;
use super::gate::FleetGate;
use crate::app::App;
use crate::db::{Db, DbError, devices, gateways};
use crate::ingest::Ingest;
use crate::mqtt::{self, DeviceIdentity, Unavailable, Whose};
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
    gate: FleetGate,
    answers: Mutex<HashMap<DeviceId, Answer>>,
    abroad: RwLock<Arc<Abroad>>,
    /// What [`gateways::version`] said when that was read.
    version: Mutex<Option<(i64, i64, i64)>>,
}

impl Directory {
    /// A directory over the registry of an installation. It tells the gate what devices are called in topics.
    #[must_use]
    pub fn of(app: &App, gate: FleetGate) -> Self {
        Self {
            registry: app.registry().clone(),
            world: app.world().clone(),
            ingest: app.ingest().clone(),
            gate,
            answers: Mutex::default(),
            abroad: RwLock::default(),
            version: Mutex::default(),
        }
    }

    /// Learns what devices are called in topics and which gateways there are, if that changed; says whether it did.
    ///
    /// # Errors
    /// [`DbError`]; it stays as it was.
    pub async fn refresh(&self) -> Result<bool, DbError> {
        let version = Some(gateways::version(&self.registry).await?);
        if *self.version.lock().unwrap_or_else(PoisonError::into_inner) == version {
            return Ok(false);
        }
        let read = Abroad::read(&self.registry).await?;
        // The gate first: it has to know whatever is found here.
        self.gate.know_names(read.named());
        let changed = *self.abroad() != read;
        if changed {
            *self.abroad.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        }
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(changed)
    }

    /// What was learnt.
    #[must_use]
    pub fn abroad(&self) -> Arc<Abroad> {
        Arc::clone(&self.abroad.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whose a topic is, as far as it is known who has which id; or the first id of which that has to be asked.
    fn look(&self, abroad: &Abroad, topic: &str, asked: &[(DeviceId, Option<DeviceIdentity>)]) -> Result<Whose, DeviceId> {
        let unknown = RefCell::new(None);
        let by_id = |text: &str| {
            let id = DeviceId::new(text).ok()?;
            match asked.iter().find(|(known, _)| *known == id) {
                Some((_, answer)) => answer.clone(),
                None => {
                    unknown.borrow_mut().get_or_insert(id);
                    None
                }
            }
        };
        let device = |name: Name<'_>| {
            match name {
                Name::Id(id) => by_id(id),
                Name::Topic(name) => abroad.called(name).or_else(|| by_id(name)),
                // Nobody tells us who it is.
                Name::Sender => None,
            }
        };
        let whose = match self.ingest.routes().find(topic, device) {
            Found::Up { device, .. } if abroad.may_be(topic, device.number) => Whose::Device(device),
            // Nor anybody else's: whoever may write there by the name of the one must not be taken for another.
            Found::Up { .. } => Whose::Stranger,
            Found::Down { .. } | Found::Hello => Whose::Nothing,
            Found::Nobodys => Whose::Stranger,
        };
        unknown.into_inner().map_or(Ok(whose), Err)
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

    async fn whose(&self, topic: &str) -> Result<Whose, Unavailable> {
        let abroad = self.abroad();
        let mut asked = Vec::new();
        loop {
            match self.look(&abroad, topic, &asked) {
                Ok(whose) => return Ok(whose),
                Err(id) => {
                    let answer = mqtt::Directory::find(self, &id).await?;
                    asked.push((id, answer));
                }
            }
        }
    }
}

fn is_fresh((device, at): &Answer, now: Instant) -> bool {
    now.saturating_duration_since(*at) < if device.is_some() { KNOWN } else { UNKNOWN }
}
