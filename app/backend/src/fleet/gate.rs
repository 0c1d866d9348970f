//! What the broker asks, answered by the registry and the way in.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use vigia_domain::ids::DeviceId;

use super::grants::{GATEWAY, Grants, Place};
use super::presence::Connections;
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
    grants: Arc<Grants>,
    /// What [`gateways::version`] said last.
    known: Arc<Mutex<(i64, i64)>>,
}

impl FleetGate {
    /// A gate over the registry and the way in.
    #[must_use]
    pub fn new(registry: Db, ingest: Ingest, connections: Connections) -> Self {
        Self { registry, ingest, connections, grants: Arc::default(), known: Arc::default() }
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
                Some(gateway) => self.grants.gateway(&gateway, gateways::members(&self.registry, &user).await?),
                None if devices::by_id(&self.registry, &user).await?.is_none() => self.grants.forget(&user),
                None => {}
            }
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(())
    }

    async fn gateway(&self, name: &DeviceId, password: &[u8]) -> Result<Option<DeviceIdentity>, DbError> {
        let Some(gateway) = gateways::by_name(&self.registry, name).await? else { return Ok(None) };
        if !token::fits(password, &gateway.token_hash) {
            tracing::warn!(gateway = %name, "a wrong password for a gateway");
            return Ok(None);
        }
        self.grants.gateway(&gateway, gateways::members(&self.registry, name).await?);
        Ok(Some(DeviceIdentity { id: gateway.name, number: GATEWAY }))
    }
}

fn unavailable(error: &DbError) -> Unavailable {
    tracing::error!(%error, "a device's credential cannot be checked");
    Unavailable
}

#[async_trait]
impl Gate for FleetGate {
    async fn authenticate(&self, user: &str, password: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
        let Ok(id) = DeviceId::new(user) else { return Ok(None) };
        let Some(device) = devices::by_id(&self.registry, &id).await.map_err(|e| unavailable(&e))? else {
            return self.gateway(&id, password).await.map_err(|e| unavailable(&e));
        };
        let identity = DeviceIdentity { id: device.id, number: device.number };
        if token::fits(password, &device.token_hash) {
            self.grants.device(&identity, device.topic.as_deref());
            self.ingest.know(identity.number, device.kind);
            return Ok(Some(identity));
        }
        self.refused(&identity, Offence::Credential, "connect", b"").await;
        Ok(None)
    }

    fn may_publish(&self, client: &DeviceIdentity, topic: &str) -> bool {
        self.grants.place(self.ingest.routes(), client, topic).is_some()
    }

    fn may_subscribe(&self, client: &DeviceIdentity, filter: &str) -> bool {
        self.grants.may_hear(self.ingest.routes(), client, filter)
    }

    async fn accept(&self, client: &DeviceIdentity, topic: &str, payload: Bytes) -> Result<(), Unavailable> {
        match self.grants.place(self.ingest.routes(), client, topic) {
            Some(Place::Message { device, decoder, name, rest }) => {
                self.ingest.placed(&device, Source { topic, decoder, name, rest }, &payload).await
            }
            // A greeting, or a device behind a gateway that nobody registered: there is nowhere to keep it.
            Some(Place::Unplaced) => {
                self.ingest.unplaced();
                Ok(())
            }
            None => {
                self.refused(client, Offence::Publish, topic, &payload).await;
                Ok(())
            }
        }
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
        }
    }

    async fn disconnected(&self, client: &DeviceIdentity) {
        if client.number != GATEWAY {
            self.connections.went(client.number);
        }
    }
}
