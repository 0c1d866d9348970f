//! What the broker asks, answered by the registry and the way in.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use vigia_domain::ids::DeviceId;

use super::downlink::{Answered, Downlink};
use super::grants::{GATEWAY, Grants, Place};
use super::presence::Connections;
use super::provision::{Provisioning, is_unclaimed};
use crate::app::App;
use crate::auth::{device_token, token};
use crate::db::gateways::Member;
use crate::db::{Db, DbError, devices, gateways};
use crate::ingest::{Ingest, Source};
use crate::mqtt::{DeviceIdentity, Gate, Offence, Unavailable};

/// Up to where changes were read.
#[derive(Clone, Copy, Default)]
struct Known {
    /// What [`gateways::version`] said.
    version: Option<(i64, i64, i64)>,
    /// The last withdrawal of a token; `None`: not looked yet, and nobody is connected.
    withdrawal: Option<i64>,
}

/// The gate of a running installation. Clones are handles to the same one.
#[derive(Clone)]
pub struct FleetGate {
    registry: Db,
    ingest: Ingest,
    connections: Connections,
    downlink: Downlink,
    provisioning: Provisioning,
    grants: Arc<Grants>,
    known: Arc<Mutex<Known>>,
    refusals: Arc<Refusals>,
}

impl FleetGate {
    /// The gate of this installation.
    #[must_use]
    pub fn of(app: &App) -> Self {
        Self {
            registry: app.registry().clone(),
            ingest: app.ingest().clone(),
            connections: app.connections().clone(),
            downlink: app.downlink().clone(),
            provisioning: app.provisioning().clone(),
            grants: Arc::default(),
            known: Arc::default(),
            refusals: Arc::default(),
        }
    }

    /// Learns which devices the gateways speak for now, and what devices are called in topics, if that changed since the last time.
    /// Returns the users that lost something, or their token, since this was asked last: their connections are to be ended, for what they have subscribed
    /// to is not asked again.
    ///
    /// # Errors
    /// [`DbError`]; what was not read stays as it was, and is read the next time.
    pub async fn refresh(&self) -> Result<HashSet<DeviceId>, DbError> {
        // Taken before the version is read: who signs in from here on is looked at the next time.
        let doubtful = self.grants.take_doubtful();
        let read = self.read_again(&doubtful).await;
        if read.is_err() {
            doubtful.iter().for_each(|user| self.grants.doubt(user));
        }
        read.map(|()| self.grants.take_withdrawn())
    }

    async fn read_again(&self, doubtful: &HashSet<DeviceId>) -> Result<(), DbError> {
        let version = gateways::version(&self.registry).await?;
        let mut known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = known.version == Some(version);
        match known.withdrawal {
            None => known.withdrawal = Some(gateways::last_withdrawal(&self.registry).await?),
            Some(_) if is_known => {}
            Some(last) => {
                for (number, user) in gateways::withdrawn_since(&self.registry, last).await? {
                    known.withdrawal = Some(number);
                    if let Ok(user) = DeviceId::new(user) {
                        self.grants.withdraw(&user);
                    }
                }
            }
        }
        for user in self.grants.users().into_iter().filter(|user| !is_known || doubtful.contains(user)) {
            match gateways::by_name(&self.registry, &user).await? {
                Some(gateway) => self.grant(&gateway).await?,
                None => match devices::by_id(&self.registry, &user).await? {
                    Some(device) => {
                        let identity = DeviceIdentity { id: device.id, number: device.number };
                        self.grants.device(&identity, device.topic.as_deref());
                    }
                    None => self.grants.forget(&user),
                },
            }
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known { version: Some(version), ..known };
        Ok(())
    }

    /// What these devices are called in topics, and no others: for an external broker, where nobody signs in with us.
    pub(super) fn know_names<'m>(&self, named: impl Iterator<Item = &'m Member>) {
        let mut gone: HashSet<DeviceId> = self.grants.users().into_iter().collect();
        for device in named {
            gone.remove(&device.id);
            self.ingest.know(device.number, device.kind);
            self.grants.device(&DeviceIdentity { id: device.id.clone(), number: device.number }, device.topic.as_deref());
        }
        gone.iter().for_each(|user| self.grants.forget(user));
        // Connections are the broker's own matter.
        self.grants.take_withdrawn();
    }

    /// Lets a gateway speak for its devices, whose limits are those of their kinds as when they come themselves.
    async fn grant(&self, gateway: &gateways::Gateway) -> Result<(), DbError> {
        let members = gateways::members(&self.registry, &gateway.name).await?;
        for member in &members {
            self.ingest.know(member.number, member.kind);
        }
        self.grants.gateway(gateway, members);
        Ok(())
    }

    async fn gateway(&self, name: &DeviceId, password: &[u8]) -> Result<Option<DeviceIdentity>, DbError> {
        let Some(gateway) = gateways::by_name(&self.registry, name).await? else { return Ok(None) };
        if !token::fits(password, &gateway.token_hash) {
            tracing::warn!(gateway = %name, "a wrong password for a gateway");
            return Ok(None);
        }
        self.grant(&gateway).await?;
        self.grants.doubt(name);
        Ok(Some(DeviceIdentity { id: gateway.name, number: GATEWAY }))
    }
}

/// How often the log says what a gateway is refused, in milliseconds.
const TELL_MS: i64 = 60_000;

/// When the log said of each gateway that it was refused, and how often it was since.
#[derive(Default)]
struct Refusals(Mutex<HashMap<DeviceId, (i64, u64)>>);

impl Refusals {
    /// How many there were since it was said, this one with them; `None`: it was said within the last minute.
    fn to_tell(&self, gateway: &DeviceId, now_ms: i64) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((last_ms, times)) = told.get_mut(gateway) else {
            told.insert(gateway.clone(), (now_ms, 0));
            return Some(1);
        };
        *times += 1;
        if now_ms - *last_ms < TELL_MS {
            return None;
        }
        *last_ms = now_ms;
        Some(std::mem::take(times))
    }
}

fn away(error: DbError) -> Unavailable {
    tracing::error!(%error, "the registry cannot be asked");
    Unavailable
}

#[async_trait]
impl Gate for FleetGate {
    async fn authenticate(&self, user: &str, password: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
        let Ok(id) = DeviceId::new(user) else { return Ok(None) };
        let found = devices::by_id(&self.registry, &id).await.map_err(away)?;
        let fits = match &found {
            Some(device) => device_token::is_of(&self.registry, device, password, self.downlink.now_ms()).await.map_err(away)?,
            None => false,
        };
        if let Some(device) = found.as_ref().filter(|_| fits) {
            let identity = DeviceIdentity { id: device.id.clone(), number: device.number };
            self.provisioning.signed_in(&identity).await;
            self.grants.device(&identity, device.topic.as_deref());
            self.grants.doubt(&identity.id);
            self.ingest.know(identity.number, device.kind);
            return Ok(Some(identity));
        }
        if found.is_none()
            && let Some(gateway) = self.gateway(&id, password).await.map_err(away)?
        {
            return Ok(Some(gateway));
        }
        if let Some(unclaimed) = self.provisioning.admit(&id, password, found.is_some()).await.map_err(away)? {
            return Ok(Some(unclaimed));
        }
        if let Some(device) = found {
            self.refused(&DeviceIdentity { id: device.id, number: device.number }, Offence::Credential, "connect", b"").await;
        }
        Ok(None)
    }

    fn may_publish(&self, client: &DeviceIdentity, topic: &str) -> bool {
        self.grants.place(self.ingest.routes(), client, topic).is_some()
    }

    fn may_subscribe(&self, client: &DeviceIdentity, filter: &str) -> bool {
        self.grants.may_hear(self.ingest.routes(), client, filter)
    }

    async fn accept(&self, client: &DeviceIdentity, topic: &str, payload: Bytes, qos: u8) -> Result<(), Unavailable> {
        if is_unclaimed(client) {
            self.ingest.quarantine(client, topic, Provisioning::waits(), &payload, true).await;
            return Ok(());
        }
        match self.grants.place(self.ingest.routes(), client, topic) {
            Some(Place::Message { device, decoder, name, rest }) => {
                let came_ms = self.downlink.now_ms();
                // Before the message itself: when this fails it comes again, and both may happen twice.
                if let Answered::Unreadable(reason) = self.downlink.answered(&device, topic, &payload).await.map_err(away)? {
                    self.ingest.quarantine(&device, topic, reason, &payload, true).await;
                }
                let goodbye_ms = self.ingest.goodbye_ms(device.number);
                self.ingest.placed(&device, Source { topic, decoder, name, rest, qos: Some(qos) }, &payload).await?;
                // Afterwards, when it is known whether this was a goodbye.
                self.downlink.heard(&device, came_ms, goodbye_ms);
            }
            // A greeting, or a device behind a gateway that nobody registered: there is nowhere to keep it.
            Some(Place::Unplaced) => self.ingest.unplaced(),
            None => self.refused(client, Offence::Publish, topic, &payload).await,
        }
        Ok(())
    }

    async fn accept_kept(&self, client: &DeviceIdentity, topic: &str, payload: Bytes) -> Result<bool, Unavailable> {
        let Some(Place::Message { device, decoder, name, rest }) = self.grants.place(self.ingest.routes(), client, topic) else {
            return Ok(false);
        };
        // An answer counts once, however often it comes.
        let answered = self.downlink.answered(&device, topic, &payload).await.map_err(away)?;
        let stored = self.ingest.kept(&device, Source { topic, decoder, name, rest, qos: None }, &payload).await?;
        Ok(stored || matches!(answered, Answered::Read))
    }

    async fn refused(&self, client: &DeviceIdentity, offence: Offence, topic: &str, payload: &[u8]) {
        if client.number == GATEWAY {
            // It has no page; the log says it, and its devices' quarantines stay theirs.
            self.ingest.refused_gateway();
            if let Some(times) = self.refusals.to_tell(&client.id, self.downlink.now_ms()) {
                tracing::warn!(gateway = %client.id, ?offence, topic, times, "a gateway tried what it may not; said once a minute");
            }
            return;
        }
        // Whoever does not know the password is not the device.
        let by_itself = offence != Offence::Credential;
        self.ingest.quarantine(client, topic, offence.into(), payload, by_itself).await;
    }

    async fn connected(&self, client: &DeviceIdentity) {
        if client.number != GATEWAY {
            self.connections.came(client.number);
            self.downlink.greet(client.number);
        }
    }

    async fn disconnected(&self, client: &DeviceIdentity) {
        if client.number != GATEWAY {
            self.connections.went(client.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_once_a_minute_what_a_gateway_is_refused() {
        let (refusals, id) = (Refusals::default(), |name: &str| DeviceId::new(name).expect("a good id"));
        assert_eq!(refusals.to_tell(&id("z2m"), 0), Some(1));
        assert_eq!(refusals.to_tell(&id("z2m"), 1_000), None);
        assert_eq!(refusals.to_tell(&id("hub"), 1_000), Some(1), "each for itself");
        assert_eq!(refusals.to_tell(&id("z2m"), TELL_MS), Some(2));
        assert_eq!(refusals.to_tell(&id("z2m"), TELL_MS + 1), None);
    }
}
