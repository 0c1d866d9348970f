//! Mosquitto's dynamic security plugin: a client and a role for each device and gateway, made by us.
//!
//! A token is known when it is made and never again, so it is handed over then, by whoever made it. What can be mended without it
//! (rights, devices that are gone) is mended at each start, and when names in topics or gateways change.

mod control;
mod reconcile;
mod roles;

use std::time::Duration;

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use vigia_domain::decode::route::elsewhere::Rights;
use vigia_domain::ids::DeviceId;

use self::control::Control;
use super::link::Dial;
use super::tls;
use crate::config::External;
use crate::mqtt::{BrokerError, CredentialError, Credentials};
use crate::world::World;

pub use self::reconcile::{Found, RightsOf};

/// Written beside every client and role of ours: what bears it not is not touched.
const OURS: &str = "made by vigia";
/// How often a credential is handed over when the connection is lost meanwhile, and the pause before it is done again.
const TRIES: u32 = 3;
const AGAIN: Duration = Duration::from_millis(300);

/// The plugin of an external broker.
#[derive(Clone)]
pub struct DynamicSecurity {
    broker: External,
    dial: Dial,
    world: World,
}

impl DynamicSecurity {
    /// The plugin of this broker; nothing is connected yet.
    ///
    /// # Errors
    /// [`BrokerError::Failed`] when the file of authorities cannot be used.
    pub fn new(broker: External, world: World) -> Result<Self, BrokerError> {
        let tls = broker.tls.then(|| tls::config(broker.ca_file.as_deref())).transpose()?;
        let dial = Dial { broker: broker.clone(), tls, client_id: String::new(), lasting: false };
        Ok(Self { broker, dial, world })
    }

    /// Whether these rights are more than a role can hold: a gateway of too many devices.
    #[must_use]
    pub fn is_too_much(rights: &Rights) -> bool {
        roles::is_too_large(rights)
    }

    async fn open(&self) -> Result<Control, CredentialError> {
        // Another name each time: two that are under way must not end each other's connection.
        let client_id = format!("vigia-control-{}", HEXLOWER.encode(&self.world.bytes::<6>()));
        Control::open(&Dial { client_id, ..self.dial.clone() }).await
    }

    /// Ends every connection of the device; it may connect again.
    ///
    /// # Errors
    /// [`CredentialError`].
    pub async fn cut(&self, device: &DeviceId) -> Result<(), CredentialError> {
        let mut control = self.open().await?;
        if self.is_ours(&mut control, device).await? == Some(true) {
            for command in ["disableClient", "enableClient"] {
                told(command, control.ask(json!({ "command": command, "username": device.as_str() })).await?)?;
            }
        }
        control.close().await;
        Ok(())
    }

    /// Whether the broker's client of this name was made by us; `None`: there is none.
    async fn is_ours(&self, control: &mut Control, device: &DeviceId) -> Result<Option<bool>, CredentialError> {
        match control.ask(json!({ "command": "getClient", "username": device.as_str() })).await? {
            Ok(data) => Ok(Some(data["client"]["textdescription"] == OURS)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(CredentialError::Refused { command: "getClient", error }),
        }
    }

    async fn give_role(&self, control: &mut Control, device: &DeviceId, rights: &Rights) -> Result<(), CredentialError> {
        let (role, rules) = (roles::name(device), roles::written(&roles::of(rights)));
        let create = json!({ "command": "createRole", "rolename": role, "textdescription": OURS, "acls": rules });
        match control.ask(create).await? {
            Err(error) if is_there(&error) => {
                told("modifyRole", control.ask(json!({ "command": "modifyRole", "rolename": role, "acls": rules })).await?)
            }
            answer => told("createRole", answer),
        }
    }

    async fn grant_once(&self, device: &DeviceId, token: &str, rights: &Rights) -> Result<(), CredentialError> {
        if self.broker.user.as_deref() == Some(device.as_str()) {
            return Err(CredentialError::Taken(device.clone()));
        }
        let mut control = self.open().await?;
        let ours = self.is_ours(&mut control, device).await?;
        if ours == Some(false) {
            return Err(CredentialError::Taken(device.clone()));
        }
        self.give_role(&mut control, device, rights).await?;
        let (user, role) = (device.as_str(), roles::name(device));
        if ours.is_none() {
            let new = json!({ "command": "createClient", "username": user, "password": token, "textdescription": OURS,
                "roles": [{ "rolename": role, "priority": 0 }] });
            told("createClient", control.ask(new).await?)?;
        } else {
            let again =
                json!({ "command": "modifyClient", "username": user, "password": token, "roles": [{ "rolename": role, "priority": 0 }] });
            told("modifyClient", control.ask(again).await?)?;
            told("enableClient", control.ask(json!({ "command": "enableClient", "username": user })).await?)?;
        }
        control.close().await;
        Ok(())
    }
}

#[async_trait]
impl Credentials for DynamicSecurity {
    async fn reach(&self) -> Result<(), CredentialError> {
        self.open().await?.close().await;
        Ok(())
    }

    async fn grant(&self, device: &DeviceId, token: &str, rights: &Rights) -> Result<(), CredentialError> {
        let mut tries = 1;
        loop {
            match self.grant_once(device, token, rights).await {
                // The plugin ends the connections of an account whose roles change, as a server does that starts just now.
                Err(CredentialError::Away(reason)) if tries < TRIES => {
                    tracing::debug!(%device, reason, "handing over its credential again");
                    tokio::time::sleep(AGAIN).await;
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn withdraw(&self, device: &DeviceId) -> Result<(), CredentialError> {
        let mut control = self.open().await?;
        if self.is_ours(&mut control, device).await? == Some(true) {
            told("deleteClient", control.ask(json!({ "command": "deleteClient", "username": device.as_str() })).await?)?;
        }
        match control.ask(json!({ "command": "deleteRole", "rolename": roles::name(device) })).await? {
            Err(error) if is_missing(&error) => {}
            answer => told("deleteRole", answer)?,
        }
        control.close().await;
        Ok(())
    }
}

fn told(command: &'static str, answer: Result<Value, String>) -> Result<(), CredentialError> {
    answer.map(drop).map_err(|error| CredentialError::Refused { command, error })
}

/// The plugin has sentences and no codes: "Client not found", "Role not found".
fn is_missing(error: &str) -> bool {
    error.ends_with("not found")
}

/// "Client already exists", "Role already exists".
fn is_there(error: &str) -> bool {
    error.ends_with("already exists")
}
