//! Who may do what: one question, [`may`], asked by every route, server function, topic and file.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, KeyId, UserId};
use crate::user::Role;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody that we know.
    Nobody,
    /// A person who signed in.
    User {
        /// Which one.
        id: UserId,
        /// What they are.
        role: Role,
    },
    /// A device, by its own token.
    Device(DeviceId),
    /// A script, by its key.
    ApiKey {
        /// Which key.
        id: KeyId,
        /// What it was given.
        scopes: Vec<Scope>,
    },
}

impl Principal {
    /// Who it is, in the words of the audit log: `user:7`, `key:3`, `device:m1`.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::User { id, .. } => format!("user:{}", id.0),
            Self::Device(id) => format!("device:{id}"),
            Self::ApiKey { id, .. } => format!("key:{}", id.0),
        }
    }
}

/// What an API key may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Read devices and their readings.
    #[serde(rename = "telemetry:read")]
    TelemetryRead,
    /// Store readings for any device.
    #[serde(rename = "telemetry:write")]
    TelemetryWrite,
    /// Read the server's own metrics.
    #[serde(rename = "metrics:read")]
    MetricsRead,
    /// Give commands to any device.
    #[serde(rename = "devices:control")]
    DevicesControl,
    /// Everything an administrator may.
    #[serde(rename = "admin")]
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::TelemetryRead, Self::TelemetryWrite, Self::MetricsRead, Self::DevicesControl, Self::Admin];

    /// The word in the database and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TelemetryRead => "telemetry:read",
            Self::TelemetryWrite => "telemetry:write",
            Self::MetricsRead => "metrics:read",
            Self::DevicesControl => "devices:control",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(UnknownScope)
    }
}

/// The text names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is telemetry:read, telemetry:write, metrics:read, devices:control or admin")]
pub struct UnknownScope;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// See devices, their state and readings.
    ReadTelemetry,
    /// Store readings.
    WriteTelemetry,
    /// Delete what a device sent.
    DeleteTelemetry,
    /// Give commands.
    Control,
    /// Register, change and remove devices.
    ManageDevices,
    /// See who has an account, invite, let in and shut out.
    ManagePeople,
    /// See the server's own metrics.
    ReadMetrics,
    /// See one's own account and end one's own session.
    OwnAccount,
}

/// On what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The installation, or a list that is itself cut down to what the principal may see.
    Installation,
    /// Somebody's account.
    Account {
        /// What they are, or will be.
        role: Role,
    },
    /// One device.
    Device {
        /// Its id.
        id: &'a DeviceId,
        /// Whose it is.
        owner: Option<UserId>,
    },
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// Nobody asked: 401.
    SignIn,
    /// Known, but not allowed: 403.
    Forbidden,
    /// Another's thing: 404, as if it were not there.
    Hidden,
}

/// The one question of rights.
#[must_use]
pub fn may(principal: &Principal, action: Action, resource: Resource<'_>) -> Verdict {
    match principal {
        Principal::Nobody => Verdict::SignIn,
        Principal::User { id, role } => user_may(*id, *role, action, resource),
        Principal::Device(own) => device_may(own, action, resource),
        Principal::ApiKey { scopes, .. } => key_may(scopes, action),
    }
}

fn user_may(user: UserId, role: Role, action: Action, resource: Resource<'_>) -> Verdict {
    let foreign = matches!(resource, Resource::Device { owner, .. } if owner != Some(user));
    match (role, action) {
        (Role::Admin, _) => Verdict::Allowed,
        (_, Action::OwnAccount) => Verdict::Allowed,
        (Role::Staff, Action::ReadTelemetry | Action::Control | Action::ManageDevices) => Verdict::Allowed,
        // Their customers, and nobody who runs the installation.
        (Role::Staff, Action::ManagePeople) => match resource {
            Resource::Installation | Resource::Account { role: Role::Customer } => Verdict::Allowed,
            Resource::Account { .. } | Resource::Device { .. } => Verdict::Forbidden,
        },
        (Role::Staff, _) => Verdict::Forbidden,
        (Role::Customer, _) if foreign => Verdict::Hidden,
        (Role::Customer, Action::ReadTelemetry | Action::Control) => Verdict::Allowed,
        (Role::Customer, _) => Verdict::Forbidden,
    }
}

fn device_may(own: &DeviceId, action: Action, resource: Resource<'_>) -> Verdict {
    match (action, resource) {
        (Action::WriteTelemetry | Action::ReadTelemetry, Resource::Device { id, .. }) if id == own => Verdict::Allowed,
        (Action::WriteTelemetry | Action::ReadTelemetry, Resource::Device { .. }) => Verdict::Hidden,
        _ => Verdict::Forbidden,
    }
}

fn key_may(scopes: &[Scope], action: Action) -> Verdict {
    let needed = match action {
        Action::ReadTelemetry => Scope::TelemetryRead,
        Action::WriteTelemetry => Scope::TelemetryWrite,
        Action::ReadMetrics => Scope::MetricsRead,
        Action::Control => Scope::DevicesControl,
        Action::ManageDevices | Action::DeleteTelemetry | Action::ManagePeople => Scope::Admin,
        // A key has no account and no session.
        Action::OwnAccount => return Verdict::Forbidden,
    };
    if scopes.contains(&needed) || scopes.contains(&Scope::Admin) { Verdict::Allowed } else { Verdict::Forbidden }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64, role: Role) -> Principal {
        Principal::User { id: UserId(id), role }
    }

    #[test]
    fn a_customer_sees_their_own_meter_and_not_the_neighbours() {
        let id = DeviceId::new("m1").expect("a good id");
        let meter = Resource::Device { id: &id, owner: Some(UserId(7)) };
        assert_eq!(may(&user(7, Role::Customer), Action::ReadTelemetry, meter), Verdict::Allowed);
        assert_eq!(may(&user(8, Role::Customer), Action::ReadTelemetry, meter), Verdict::Hidden);
        assert_eq!(may(&user(7, Role::Customer), Action::WriteTelemetry, meter), Verdict::Forbidden);
        assert_eq!(may(&user(9, Role::Staff), Action::ReadTelemetry, meter), Verdict::Allowed);
        assert_eq!(may(&user(7, Role::Customer), Action::Control, meter), Verdict::Allowed, "their own switch");
        assert_eq!(may(&user(8, Role::Customer), Action::Control, meter), Verdict::Hidden);
        assert_eq!(may(&Principal::Nobody, Action::ReadTelemetry, meter), Verdict::SignIn);
    }

    #[test]
    fn staff_look_after_customers_and_nobody_else() {
        let account = |role| Resource::Account { role };
        let ask = |role, resource| may(&user(1, role), Action::ManagePeople, resource);
        assert_eq!(ask(Role::Staff, Resource::Installation), Verdict::Allowed);
        assert_eq!(ask(Role::Staff, account(Role::Customer)), Verdict::Allowed);
        assert_eq!(ask(Role::Staff, account(Role::Staff)), Verdict::Forbidden);
        assert_eq!(ask(Role::Staff, account(Role::Admin)), Verdict::Forbidden);
        assert_eq!(ask(Role::Admin, account(Role::Admin)), Verdict::Allowed);
        assert_eq!(ask(Role::Customer, Resource::Installation), Verdict::Forbidden);
        assert_eq!(ask(Role::Customer, account(Role::Customer)), Verdict::Forbidden);
    }

    #[test]
    fn a_device_writes_its_own_readings_only() {
        let (own, other) = (DeviceId::new("m1").expect("id"), DeviceId::new("m2").expect("id"));
        let me = Principal::Device(own.clone());
        assert_eq!(may(&me, Action::WriteTelemetry, Resource::Device { id: &own, owner: None }), Verdict::Allowed);
        assert_eq!(may(&me, Action::WriteTelemetry, Resource::Device { id: &other, owner: None }), Verdict::Hidden);
        assert_eq!(may(&me, Action::ManageDevices, Resource::Installation), Verdict::Forbidden);
    }

    #[test]
    fn a_key_does_what_its_scopes_say() {
        let key = |scopes: &[Scope]| Principal::ApiKey { id: KeyId(1), scopes: scopes.to_vec() };
        let ask = |p: &Principal, a| may(p, a, Resource::Installation);
        assert_eq!(ask(&key(&[Scope::TelemetryRead]), Action::ReadTelemetry), Verdict::Allowed);
        assert_eq!(ask(&key(&[Scope::TelemetryRead]), Action::WriteTelemetry), Verdict::Forbidden);
        assert_eq!(ask(&key(&[Scope::Admin]), Action::ManageDevices), Verdict::Allowed);
        assert_eq!(ask(&key(&[Scope::Admin]), Action::OwnAccount), Verdict::Forbidden);
        assert_eq!(ask(&key(&[]), Action::ReadMetrics), Verdict::Forbidden);
    }
}
