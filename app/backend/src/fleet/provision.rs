//! Devices that nobody knows: they introduce themselves with a provisioning key, wait in quarantine until an operator claims
//! them, and get a token of their own then. Until they have signed in with it they are known by a negative number.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::json;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceId, DeviceNumber};
use vigia_domain::reason::Reason;
use vigia_domain::unclaimed::{Claimed, Unclaimed, Waiting};

use super::deliver::in_time;
use super::register::{RegisterError, check_id, checked_name, owner_of};
use crate::app::App;
use crate::auth::token::{self, Kind};
use crate::db::audit::{Actor, By};
use crate::db::devices::NewDevice;
use crate::db::unclaimed::{self as kept};
use crate::db::{Databases, Db, DbError, device_tokens, state};
use crate::mqtt::{Broker, DeviceIdentity};
use crate::world::World;

/// The most devices that wait to be claimed or for their token.
pub(super) const MOST_UNCLAIMED: i64 = 100;
/// The most new ones in a minute.
pub(super) const MOST_NEW_A_MINUTE: usize = 20;
const MINUTE_MS: i64 = 60_000;
/// How long one that is not seen any more stays in the list, and how long a claimed one may take to fetch its token.
const KEPT_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
/// The most messages of each that the list shows.
const SHOWN: i64 = 10;
/// How often a token is sent over one connection, and how long apart, in milliseconds: its device may not listen yet.
const HANDED: usize = 5;
const AGAIN_MS: i64 = 2_000;

/// What is known of such devices in this process. Clones are handles to the same.
#[derive(Clone)]
pub struct Provisioning {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Db,
    telemetry: Db,
    world: World,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the newest ones came.
    new: VecDeque<i64>,
    /// Those that were let in and are nobody's, with the numbers of their rows.
    strangers: HashMap<DeviceId, i64>,
    /// Those that were claimed and have not signed in, by number.
    claimed: HashMap<i64, Handing>,
}

/// A token on its way to its device.
struct Handing {
    id: DeviceId,
    /// Made when it is first sent: nobody has it before.
    token: Option<String>,
    sent: usize,
    due_ms: i64,
}

/// Whether nobody has claimed this device, or it has not signed in since.
pub(super) fn is_unclaimed(device: &DeviceIdentity) -> bool {
    device.number.0 < 0
}

impl Provisioning {
    /// One that knows of nothing yet.
    #[must_use]
    pub fn new(databases: Databases, world: World) -> Self {
        let Databases { registry, telemetry } = databases;
        Self { inner: Arc::new(Inner { registry, telemetry, world, state: Mutex::default() }) }
    }

    /// Why what an unclaimed device sends is not stored. Only the list of such devices shows it, so it has no code of its own.
    pub(super) fn waits() -> Reason {
        Reason::Told { text: "sent before the device was claimed".to_owned() }
    }

    /// Lets a device in that shows a provisioning key, alone or followed by a dot and a secret of the device's own: whoever wants the
    /// same id later must show the same. `registered`: a device of this id has a token already, so only one that waits for it is let in.
    pub(super) async fn admit(&self, id: &DeviceId, password: &[u8], registered: bool) -> Result<Option<DeviceIdentity>, DbError> {
        let Some(text) = std::str::from_utf8(password).ok().filter(|text| token::kind(text) == Some(Kind::Provisioning)) else {
            return Ok(None);
        };
        let Inner { registry, world, .. } = &*self.inner;
        let now_ms = world.clock.now_ms();
        let password_hash = token::hash(password);
        let known = kept::by_id(registry, id).await?;
        if known.as_ref().is_some_and(|known| known.password_hash != password_hash || known.claimed_ms.is_some() != registered) {
            return Ok(None);
        }
        let as_unclaimed = |number: i64| Some(DeviceIdentity { id: id.clone(), number: DeviceNumber(-number) });
        if let Some(known) = known.as_ref().filter(|known| known.claimed_ms.is_some()) {
            return Ok(as_unclaimed(known.number));
        }
        let as_stranger = |number: i64| {
            self.state().strangers.insert(id.clone(), number);
            as_unclaimed(number)
        };
        let key = text.split('.').next().unwrap_or(text);
        let Some((key, name)) = kept::key(registry, &token::hash(key.as_bytes()), now_ms).await?.filter(|_| !registered) else {
            return Ok(None);
        };
        // Also of one that is known: a gateway or a device may have got the name since.
        match check_id(registry, id).await {
            Ok(()) => {}
            Err(RegisterError::Db(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(device = %id, key = %name, %error, "an unknown device was sent away");
                return Ok(None);
            }
        }
        if let Some(known) = known {
            kept::touch(registry, known.number, now_ms).await?;
            return Ok(as_stranger(known.number));
        }
        if !self.may_be_new(now_ms) {
            tracing::warn!(device = %id, key = %name, "an unknown device was sent away: too many new ones at once");
            return Ok(None);
        }
        let actor = Actor::called(format!("provisioning-key:{name}"));
        match kept::insert(registry, id, key, &password_hash, MOST_UNCLAIMED, By { actor: &actor, at_ms: now_ms }).await {
            Ok(Some(number)) => Ok(as_stranger(number)),
            Ok(None) => {
                tracing::warn!(device = %id, key = %name, "an unknown device was sent away: {MOST_UNCLAIMED} wait already, or its key has just ended");
                Ok(None)
            }
            // It came over two connections at once; it will come again.
            Err(error) if error.is_duplicate() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn may_be_new(&self, now_ms: i64) -> bool {
        let new = &mut self.state().new;
        while new.front().is_some_and(|at_ms| now_ms - at_ms >= MINUTE_MS) {
            new.pop_front();
        }
        let may = new.len() < MOST_NEW_A_MINUTE;
        if may {
            new.push_back(now_ms);
        }
        may
    }

    /// A device signed in with a token of its own: if it waited for that, it does not any more.
    pub(super) async fn signed_in(&self, device: &DeviceIdentity) {
        let DeviceIdentity { id, number } = device;
        let waited = self.state().claimed.iter().find(|(_, handing)| handing.id == *id).map(|(number, _)| *number);
        let Some(waited) = waited else { return };
        let done = async {
            kept::remove(&self.inner.registry, id).await?;
            // What it sent since it was claimed, too.
            state::hand_over(&self.inner.telemetry, DeviceNumber(-waited), *number).await
        };
        match done.await {
            Ok(()) => drop(self.state().claimed.remove(&waited)),
            Err(error) => tracing::warn!(device = %id, %error, "a claimed device stays in the list for now"),
        }
    }

    /// Sends a stranger away whose id was given to another device by hand, before anything is published that is meant for that one.
    pub(super) async fn evict(&self, id: &DeviceId, broker: &dyn Broker) {
        let is_stranger = self.state().strangers.remove(id).is_some();
        if is_stranger {
            broker.disconnect(id).await;
        }
    }

    /// An unclaimed device connected.
    pub(super) fn came(&self, device: DeviceNumber) {
        if let Some(handing) = self.state().claimed.get_mut(&-device.0) {
            (handing.sent, handing.due_ms) = (0, 0);
        }
    }

    /// Sends claimed devices that are connected their tokens.
    pub(super) async fn hand_out(&self, app: &App, broker: &dyn Broker) {
        let now_ms = app.world().clock.now_ms();
        let due: Vec<(i64, DeviceId, Option<String>)> = {
            let state = self.state();
            let due = state.claimed.iter().filter(|(number, handing)| {
                handing.sent < HANDED && handing.due_ms <= now_ms && app.connections().has(DeviceNumber(-**number))
            });
            due.map(|(number, handing)| (*number, handing.id.clone(), handing.token.clone())).collect()
        };
        for (number, id, token) in due {
            let token = match token {
                Some(token) => token,
                None => {
                    let token = token::make(app.world(), Kind::Device);
                    let by = By { actor: &Actor::SYSTEM, at_ms: now_ms };
                    if let Err(error) = device_tokens::replace(app.registry(), &id, &token::hash(token.as_bytes()), by).await {
                        tracing::warn!(device = %id, %error, "a claimed device cannot be given a token now");
                        continue;
                    }
                    token
                }
            };
            let payload = json!({ "id": id, "token": token }).to_string();
            let topic = format!("vigia/{id}/provision");
            if let Err(error) = in_time(broker.publish(&topic, Bytes::from(payload), false)).await {
                tracing::warn!(device = %id, %error, "a claimed device could not be sent its token; it will be again");
            }
            if let Some(handing) = self.state().claimed.get_mut(&number) {
                (handing.token, handing.sent, handing.due_ms) = (Some(token), handing.sent + 1, now_ms + AGAIN_MS);
            }
        }
    }

    /// Forgets who came no more, and learns who was claimed before the process began, or by another.
    pub(super) async fn tidy(&self, app: &App, now_ms: i64) {
        let done = async {
            // Before the rows are read: whoever comes in the meantime has one.
            let strangers = self.state().strangers.clone();
            for (number, id) in kept::tidy(app.registry(), now_ms - KEPT_MS).await? {
                state::forget(app.telemetry_db(), DeviceNumber(-number)).await?;
                self.state().claimed.remove(&number);
                if let (Ok(id), Some(broker)) = (DeviceId::new(id), app.broker()) {
                    self.evict(&id, &**broker).await;
                }
            }
            let rows = kept::all(app.registry()).await?;
            for (id, number) in strangers.into_iter().filter(|(_, number)| rows.iter().all(|row| row.number != *number)) {
                // Its key was revoked: it has no row any more.
                if let Some(broker) = app.broker() {
                    self.evict(&id, &**broker).await;
                }
                state::forget(app.telemetry_db(), DeviceNumber(-number)).await?;
            }
            for row in rows.into_iter().filter(|row| row.claimed_ms.is_some()) {
                self.expect(row.number, row.id);
            }
            Ok::<_, DbError>(())
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "the list of unclaimed devices cannot be tidied now");
        }
    }

    fn expect(&self, number: i64, id: DeviceId) {
        let mut state = self.state();
        state.strangers.remove(&id);
        state.claimed.entry(number).or_insert(Handing { id, token: None, sent: 0, due_ms: 0 });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The devices that wait, newest first, each with the newest of what it sent.
///
/// # Errors
/// [`DbError`].
pub async fn unclaimed(app: &App) -> Result<Vec<Unclaimed>, DbError> {
    let mut list = Vec::new();
    for row in kept::all(app.registry()).await? {
        let device = DeviceNumber(-row.number);
        let sent = state::quarantine(app.telemetry_db(), device, SHOWN).await?;
        list.push(Unclaimed {
            id: row.id.to_string(),
            key: row.key,
            kind: row.kind,
            online: app.connections().has(device),
            created_ms: row.created_ms,
            seen_ms: row.seen_ms,
            claimed_ms: row.claimed_ms,
            messages: sent
                .into_iter()
                .map(|m| Waiting { received_ms: m.received_ms, topic: m.source, excerpt: m.excerpt, bytes: m.bytes })
                .collect(),
        });
    }
    Ok(list)
}

/// What an operator says of a device that they claim.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// What it is; as its key says without it.
    pub kind: Option<DeviceKind>,
    /// Its name.
    pub name: Option<String>,
    /// The address of its owner.
    pub owner: Option<String>,
}

/// Why a device was not claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Nothing of this id waits.
    #[error("no device with this id waits to be claimed")]
    NotThere,
    /// Somebody has claimed it.
    #[error("the device is claimed already; it is a device like any other once it has fetched its token")]
    Claimed,
    /// Neither the request nor the key says what it is.
    #[error("say what it is: kind is energy_meter, switch, biodigester, pill_dispenser or other")]
    Kind,
    /// Its name or owner, or its id.
    #[error(transparent)]
    Register(#[from] RegisterError),
}

impl From<DbError> for ClaimError {
    fn from(error: DbError) -> Self {
        Self::Register(error.into())
    }
}

/// Makes an unclaimed device a device. It gets its token over its own connection, now or when it comes.
///
/// # Errors
/// [`ClaimError`]; nothing was changed then.
pub async fn claim(app: &App, actor: &Actor, id: &DeviceId, claim: &Claim) -> Result<Claimed, ClaimError> {
    let waiting = kept::by_id(app.registry(), id).await?.ok_or(ClaimError::NotThere)?;
    if waiting.claimed_ms.is_some() {
        return Err(ClaimError::Claimed);
    }
    let kind = claim.kind.or(waiting.kind).ok_or(ClaimError::Kind)?;
    check_id(app.registry(), id).await?;
    let name = checked_name(claim.name.as_deref(), id)?;
    let owner = owner_of(app.registry(), claim.owner.as_deref()).await?;
    // Nobody has the token of this hash: the device's own is made when it is sent.
    let token_hash = token::hash(token::make(app.world(), Kind::Device).as_bytes());
    let new = NewDevice { id, kind, name, owner, token_hash: &token_hash };
    let by = By { actor, at_ms: app.world().clock.now_ms() };
    let device = kept::claim(app.registry(), waiting.number, &new, by).await.map_err(|error| match error {
        DbError::Missing(_) => ClaimError::Claimed,
        error if error.is_duplicate() => RegisterError::Exists(id.clone()).into(),
        error => error.into(),
    })?;
    app.hub().fleet_changed();
    app.provisioning().expect(waiting.number, id.clone());
    app.downlink().greet(DeviceNumber(-waiting.number));
    if let Err(error) = state::hand_over(app.telemetry_db(), DeviceNumber(-waiting.number), device).await {
        tracing::warn!(device = %id, %error, "what it sent before it was claimed stays where nobody looks");
    }
    Ok(Claimed { id: id.to_string(), kind })
}
