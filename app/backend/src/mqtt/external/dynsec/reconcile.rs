//! At each start, and when what devices are called changes: what the broker has of us against what the registry has.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vigia_domain::decode::route::elsewhere::Rights;
use vigia_domain::ids::DeviceId;

use super::control::Control;
use super::roles::{self, Rule, SERVER};
use super::{AGAIN, DynamicSecurity, OURS, TRIES, is_missing, is_there, told};
use crate::mqtt::CredentialError;

/// Roles or clients that are told in one answer.
const PAGE: usize = 100;

/// What each device or gateway may.
pub type RightsOf<'r> = &'r (dyn Fn(&DeviceId) -> Rights + Sync);

/// What there was to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Registered, and the broker has no credential of theirs: they need a new token.
    pub unknown: Vec<DeviceId>,
    /// Roles whose rights were put right.
    pub mended: usize,
    /// Clients and roles of devices that were not registered when `registered` was read. They are still there: one that was
    /// registered since is withdrawn by nobody, if the registry is asked again first.
    pub gone: Vec<DeviceId>,
    /// Gateways of so many devices that their rights are no role; what the broker has of them stays as it is.
    pub too_large: Vec<DeviceId>,
    /// What anybody may do there, without any role, that nobody should.
    pub open: Vec<String>,
}

impl DynamicSecurity {
    /// Gives our own account its rights, mends the roles of devices and gateways, and finds those of who is not registered, for the
    /// caller to withdraw.
    ///
    /// Several installations at one broker would withdraw each other's devices: they cannot share one.
    ///
    /// # Errors
    /// [`CredentialError`]; what was done by then stays, and doing it again is harmless.
    pub async fn reconcile(&self, registered: &BTreeSet<DeviceId>, rights: RightsOf<'_>) -> Result<Found, CredentialError> {
        let (mut found, mut tries) = (Found::default(), 1);
        loop {
            match self.reconcile_once(registered, rights, &mut found).await {
                // As when a role of ours was changed by somebody else: the plugin ends our connection then, a moment later.
                Err(CredentialError::Away(reason)) if tries < TRIES => {
                    tracing::debug!(reason, "comparing the broker's credentials again");
                    tokio::time::sleep(AGAIN).await;
                    tries += 1;
                }
                outcome => return outcome.map(|()| found),
            }
        }
    }

    async fn reconcile_once(
        &self,
        registered: &BTreeSet<DeviceId>,
        rights: RightsOf<'_>,
        found: &mut Found,
    ) -> Result<(), CredentialError> {
        let mut control = self.open().await?;
        if self.own_role(&mut control).await? {
            // The plugin ends the connections of an account whose roles changed, this one too.
            control.close().await;
            control = self.open().await?;
        }
        found.open = open_to_all(&mut control).await?;
        found.too_large.clear();
        let mut gone = Vec::new();
        let clients = our_clients(&mut control).await?;
        let mut there = BTreeSet::new();
        for device in device_roles(&mut control).await? {
            // One at a time: that of a gateway may be long, and the broker's messages are not.
            let rules = match told_role(&mut control, &device).await {
                Err(CredentialError::Away(_)) => {
                    control = self.open().await?;
                    match told_role(&mut control, &device).await {
                        // It ends every connection on which it is told of: it is made anew. Only what is ours, which its client says.
                        Err(CredentialError::Away(reason)) if clients.contains(&device) => {
                            tracing::warn!(%device, reason, "its role at the broker cannot be read");
                            control = self.open().await?;
                            Some(None)
                        }
                        told => told?,
                    }
                }
                told => told?,
            };
            let Some(rules) = rules else { continue };
            if !registered.contains(&device) {
                gone.push(device.clone());
            } else {
                let wanted = rights(&device);
                if roles::is_too_large(&wanted) {
                    found.too_large.push(device.clone());
                } else if rules.as_ref() != Some(&roles::of(&wanted)) {
                    self.give_role(&mut control, &device, &wanted).await?;
                    found.mended += 1;
                }
            }
            there.insert(device);
        }
        gone.extend(clients.iter().filter(|device| !registered.contains(device) && !there.contains(device)).cloned());
        found.unknown = registered.iter().filter(|device| !clients.contains(device)).cloned().collect();
        for device in clients.iter().filter(|device| registered.contains(device) && !there.contains(device)) {
            let wanted = rights(device);
            if roles::is_too_large(&wanted) {
                found.too_large.push(device.clone());
                continue;
            }
            self.give_role(&mut control, device, &wanted).await?;
            let add = json!({ "command": "addClientRole", "username": device.as_str(), "rolename": roles::name(device) });
            told("addClientRole", control.ask(add).await?)?;
            found.mended += 1;
        }
        control.close().await;
        found.gone = gone;
        Ok(())
    }

    /// Says whether something had to be changed.
    async fn own_role(&self, control: &mut Control) -> Result<bool, CredentialError> {
        let Some(user) = self.broker.user.as_deref() else { return Ok(false) };
        let rules = roles::of_server(self.broker.group.as_deref());
        let told_role = control.ask(json!({ "command": "getRole", "rolename": SERVER })).await?;
        let is_right = told_role.is_ok_and(|data| roles::read(&data["role"]["acls"]).as_ref() == Some(&rules));
        if !is_right {
            let acls = roles::written(&rules);
            match control.ask(json!({ "command": "createRole", "rolename": SERVER, "textdescription": OURS, "acls": acls })).await? {
                Err(error) if is_there(&error) => {
                    // It may end our connection before it answers; the role is right by then.
                    let _ = control.ask(json!({ "command": "modifyRole", "rolename": SERVER, "acls": acls })).await;
                    return Ok(true);
                }
                answer => told("createRole", answer)?,
            }
        }
        let account = control.ask(json!({ "command": "getClient", "username": user })).await?;
        let account = account.map_err(|error| CredentialError::Refused { command: "getClient", error })?;
        let has = account["client"]["roles"].as_array().is_some_and(|roles| roles.iter().any(|role| role["rolename"] == SERVER));
        if !has {
            // Likewise.
            let _ = control.ask(json!({ "command": "addClientRole", "username": user, "rolename": SERVER })).await;
        }
        Ok(!has)
    }
}

/// What the broker allows without any role. Publishing and subscribing must not be among it, or a device's role means nothing.
async fn open_to_all(control: &mut Control) -> Result<Vec<String>, CredentialError> {
    let data = control.ask(json!({ "command": "getDefaultACLAccess" })).await?;
    let data = data.map_err(|error| CredentialError::Refused { command: "getDefaultACLAccess", error })?;
    let open = |acl: &Value| {
        let what = acl["acltype"].as_str().filter(|what| matches!(*what, "publishClientSend" | "subscribe"))?;
        acl["allow"].as_bool()?.then(|| what.to_owned())
    };
    Ok(data["acls"].as_array().into_iter().flatten().filter_map(open).collect())
}

/// Whose roles there are, by their names.
async fn device_roles(control: &mut Control) -> Result<Vec<DeviceId>, CredentialError> {
    let list = whole(control, "listRoles", "roles", false).await?;
    Ok(list.iter().filter_map(|role| roles::device_of(role.as_str()?)).collect())
}

/// The rules of a role, if it is ours; the inner `None`: they cannot be read.
async fn told_role(control: &mut Control, device: &DeviceId) -> Result<Option<Option<BTreeSet<Rule>>>, CredentialError> {
    match control.ask(json!({ "command": "getRole", "rolename": roles::name(device) })).await? {
        Ok(data) => Ok((data["role"]["textdescription"] == OURS).then(|| roles::read(&data["role"]["acls"]))),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(CredentialError::Refused { command: "getRole", error }),
    }
}

/// The clients that are ours.
async fn our_clients(control: &mut Control) -> Result<BTreeSet<DeviceId>, CredentialError> {
    let list = whole(control, "listClients", "clients", true).await?;
    let ours = list.iter().filter(|client| client["textdescription"] == OURS);
    Ok(ours.filter_map(|client| DeviceId::new(client["username"].as_str()?).ok()).collect())
}

/// A list of the plugin's, page by page.
async fn whole(control: &mut Control, command: &'static str, field: &str, verbose: bool) -> Result<Vec<Value>, CredentialError> {
    let mut list = Vec::new();
    loop {
        let asked = json!({ "command": command, "verbose": verbose, "count": PAGE, "offset": list.len() });
        let mut data = control.ask(asked).await?.map_err(|error| CredentialError::Refused { command, error })?;
        let Value::Array(page) = data[field].take() else { return Ok(list) };
        let more = page.len() == PAGE;
        list.extend(page);
        if !more {
            return Ok(list);
        }
    }
}
