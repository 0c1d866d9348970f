//! What the broker asks, answered by the registry and the way in.

use async_trait::async_trait;
use bytes::Bytes;
use vigia_domain::ids::DeviceId;

use super::downlink::{Answered, Downlink};
use super::presence::Connections;
use super::provision::{Provisioning, is_unclaimed};
use crate::app::App;
use crate::auth::token;
use crate::db::{Db, DbError, devices};
use crate::ingest::Ingest;
use crate::mqtt::{DeviceIdentity, Gate, Offence, Unavailable};

/// The gate of a running installation.
pub struct FleetGate {
    registry: Db,
    ingest: Ingest,
    connections: Connections,
    downlink: Downlink,
    provisioning: Provisioning,
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
        }
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
        let known =
            found.map(|device| (token::fits(password, &device.token_hash), DeviceIdentity { id: device.id, number: device.number }));
        if let Some((true, device)) = known {
            self.provisioning.signed_in(&device.id).await;
            return Ok(Some(device));
        }
        if let Some(unclaimed) = self.provisioning.admit(&id, password, known.is_some()).await.map_err(away)? {
            return Ok(Some(unclaimed));
        }
        if let Some((_, device)) = known {
            self.refused(&device, Offence::Credential, "connect", b"").await;
        }
        Ok(None)
    }

    async fn accept(&self, device: &DeviceIdentity, topic: &str, payload: Bytes) -> Result<(), Unavailable> {
        if is_unclaimed(device) {
            self.ingest.quarantine(device, topic, Provisioning::waits(), &payload, true).await;
            return Ok(());
        }
        let came_ms = self.downlink.now_ms();
        // Before the message itself: when this fails it comes again, and both may happen twice.
        if let Answered::Unreadable(reason) = self.downlink.answered(device, topic, &payload).await.map_err(away)? {
            self.ingest.quarantine(device, topic, reason, &payload, true).await;
        }
        self.ingest.message(device, topic, &payload).await?;
        // Afterwards, when it is known whether this was a goodbye.
        self.downlink.heard(device, topic, came_ms);
        Ok(())
    }

    async fn refused(&self, device: &DeviceIdentity, offence: Offence, topic: &str, payload: &[u8]) {
        // Whoever does not know the password is not the device.
        let by_itself = offence != Offence::Credential;
        self.ingest.quarantine(device, topic, offence.into(), payload, by_itself).await;
    }

    async fn connected(&self, device: &DeviceIdentity) {
        self.connections.came(device.number);
        self.downlink.greet(device.number);
    }

    async fn disconnected(&self, device: &DeviceIdentity) {
        self.connections.went(device.number);
    }
}
