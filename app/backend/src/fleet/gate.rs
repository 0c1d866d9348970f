//! What the broker asks, answered by the registry and the way in.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use vigia_domain::ids::DeviceId;

use super::downlink::{Answered, Downlink};
use super::grants::{GATEWAY, Grants, Place};
use super::presence::Connections;
use super::provision::{Provisioning, is_unclaimed};
use crate::app::App;
use crate::auth::token;
use crate::db::{Db, DbError, devices, gateways};
use crate::ingest::{Ingest, Source};
use crate::mqtt::{DeviceIdentity, Gate, Offence, Unavailable};

/// The gate of a running installation. Clones are handles to the same one.
#[derive(Clone)]
pub struct FleetGate {
    registry: Db,
    ingest: Ingest,
    connections: Connections,
    downlink: Downlink,
    provisioning: Provisioning,
    grants: Arc<Grants>,
    /// What [`gateways::version`] said last.
    known: Arc<Mutex<(i64, i64)>>,
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
        }
    }

    /// Learns which devices the gateways speak for now, if that changed since the last time.
    ///
    /// # Errors
    /// [`DbError`]; what was known stays.
    pub async fn refresh(&self) -> Result<(), DbError> {
        let version = gateways::version(&self.registry).await?;
        if *self.known.lock().unwrap_or_else(PoisonError::into_inner) == version {
            return Ok(());
        }
        for user in self.grants.users() {
            // A device keeps its entry: its name in topics is read again when it connects.
            match gateways::by_name(&self.registry, &user).await? {
                Some(gateway) => self.grant(&gateway).await?,
                None if devices::by_id(&self.registry, &user).await?.is_none() => self.grants.forget(&user),
                None => {}
            }
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(())
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
        Ok(Some(DeviceIdentity { id: gateway.name, number: GATEWAY }))
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
        if let Some(device) = found.as_ref().filter(|device| token::fits(password, &device.token_hash)) {
            let identity = DeviceIdentity { id: device.id.clone(), number: device.number };
            self.provisioning.signed_in(&identity).await;
            self.grants.device(&identity, device.topic.as_deref());
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

    async fn accept(&self, client: &DeviceIdentity, topic: &str, payload: Bytes) -> Result<(), Unavailable> {
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
                self.ingest.placed(&device, Source { topic, decoder, name, rest }, &payload).await?;
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
        let stored = self.ingest.kept(&device, Source { topic, decoder, name, rest }, &payload).await?;
        Ok(stored || matches!(answered, Answered::Read))
    }

    async fn refused(&self, client: &DeviceIdentity, offence: Offence, topic: &str, payload: &[u8]) {
        if client.number == GATEWAY {
            // It has no page; the log says it, and its devices' quarantines stay theirs.
            self.ingest.unplaced();
            tracing::debug!(gateway = %client.id, ?offence, topic, "refused");
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
