//! What the broker asks, answered by the registry and the way in.

use async_trait::async_trait;
use bytes::Bytes;
use vigia_domain::ids::DeviceId;

use super::presence::Connections;
use crate::auth::token;
use crate::db::{Db, devices};
use crate::ingest::Ingest;
use crate::mqtt::{DeviceIdentity, Gate, Offence, Unavailable};

/// The gate of a running installation.
pub struct FleetGate {
    registry: Db,
    ingest: Ingest,
    connections: Connections,
}

impl FleetGate {
    /// A gate over the registry and the way in.
    #[must_use]
    pub fn new(registry: Db, ingest: Ingest, connections: Connections) -> Self {
        Self { registry, ingest, connections }
    }
}

#[async_trait]
impl Gate for FleetGate {
    async fn authenticate(&self, user: &str, password: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
        let Ok(id) = DeviceId::new(user) else { return Ok(None) };
        let found = devices::by_id(&self.registry, &id).await.map_err(|error| {
            tracing::error!(%error, "a device's credential cannot be checked");
            Unavailable
        })?;
        let Some(device) = found else { return Ok(None) };
        let identity = DeviceIdentity { id: device.id, number: device.number };
        if token::fits(password, &device.token_hash) {
            return Ok(Some(identity));
        }
        self.refused(&identity, Offence::Credential, "connect", b"").await;
        Ok(None)
    }

    async fn accept(&self, device: &DeviceIdentity, topic: &str, payload: Bytes) -> Result<(), Unavailable> {
        self.ingest.message(device, topic, &payload).await
    }

    async fn refused(&self, device: &DeviceIdentity, offence: Offence, topic: &str, payload: &[u8]) {
        // Whoever does not know the password is not the device.
        let by_itself = offence != Offence::Credential;
        self.ingest.quarantine(device, topic, offence.into(), payload, by_itself).await;
    }

    async fn connected(&self, device: &DeviceIdentity) {
        self.connections.came(device.number);
    }

    async fn disconnected(&self, device: &DeviceIdentity) {
        self.connections.went(device.number);
    }
}
