//! Who may do what: one question, [`may`], asked by every route, server function, topic and file.

mod action;
mod scope;

pub use action::{Action, Rights, UnknownAction};
pub use scope::{Scope, UnknownScope};

use crate::ids::{DeviceId, KeyId, UserId};
use crate::user::Role;

/// The person whose an API key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Which one.
    pub id: UserId,
    /// What they are.
    pub role: Role,
    /// What they may.
    pub rights: Rights,
}

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
        /// What they may: by their role, and what was granted or withdrawn.
        rights: Rights,
    },
    /// A device, by its own token.
    Device(DeviceId),
    /// A script, by its key.
    ApiKey {
        /// Which key.
        id: KeyId,
        /// What it was given.
        scopes: Vec<Scope>,
        /// Whose it is; what they may not, it may not. `None`: it was made on the command line, by who runs the machine.
        owner: Option<Owner>,
    },
}

impl Principal {
    /// A person with what their role gives and nothing else.
    #[must_use]
    pub const fn user(id: UserId, role: Role) -> Self {
        Self::User { id, role, rights: role.rights() }
    }

    /// The person who asks, themselves or by a key of theirs.
    #[must_use]
    pub const fn person(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } | Self::ApiKey { owner: Some(Owner { id, .. }), .. } => Some(*id),
            _ => None,
        }
    }

    /// Whom to count for what there is only so much of: a person's keys are the person.
    #[must_use]
    pub fn holder(&self) -> String {
        self.person().map_or_else(|| self.actor(), |id| format!("user:{}", id.0))
    }

    /// The customer to whose devices it is bound, itself or by its owner; `None` for everybody else.
    #[must_use]
    pub const fn only_of(&self) -> Option<UserId> {
        match self {
            Self::User { id, role: Role::Customer, .. } | Self::ApiKey { owner: Some(Owner { id, role: Role::Customer, .. }), .. } => {
                Some(*id)
            }
            _ => None,
        }
    }

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
        Principal::User { id, role, rights } => user_may(Owner { id: *id, role: *role, rights: *rights }, action, resource),
        Principal::Device(own) => device_may(own, action, resource),
        Principal::ApiKey { scopes, owner, .. } => match (key_may(scopes, action), owner) {
            (Verdict::Allowed, Some(owner)) => user_may(*owner, action, resource),
            (verdict, _) => verdict,
        },
    }
}

fn user_may(user: Owner, action: Action, resource: Resource<'_>) -> Verdict {
    let Owner { id, role, rights } = user;
    match resource {
        // Whose device it is not: to a customer it is not there, whatever they want with it.
        Resource::Device { owner, .. } if role == Role::Customer && owner != Some(id) => Verdict::Hidden,
        // Who may not change rights looks after customers, and after nobody who runs the installation.
        Resource::Account { role } if role != Role::Customer && !rights.has(Action::ManageRights) => Verdict::Forbidden,
        _ if rights.has(action) => Verdict::Allowed,
        _ => Verdict::Forbidden,
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
    let is_given = Scope::needed(action).is_some_and(|needed| scopes.contains(&needed) || scopes.contains(&Scope::Admin));
    if is_given { Verdict::Allowed } else { Verdict::Forbidden }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64, role: Role) -> Principal {
        Principal::user(UserId(id), role)
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
        let key = |scopes: &[Scope]| Principal::ApiKey { id: KeyId(1), scopes: scopes.to_vec(), owner: None };
        let ask = |p: &Principal, a| may(p, a, Resource::Installation);
        assert_eq!(ask(&key(&[Scope::TelemetryRead]), Action::ReadTelemetry), Verdict::Allowed);
        assert_eq!(ask(&key(&[Scope::TelemetryRead]), Action::WriteTelemetry), Verdict::Forbidden);
        assert_eq!(ask(&key(&[Scope::Admin]), Action::ManageDevices), Verdict::Allowed);
        assert_eq!(ask(&key(&[Scope::Admin]), Action::OwnAccount), Verdict::Forbidden);
        assert_eq!(ask(&key(&[]), Action::ReadMetrics), Verdict::Forbidden);
    }

    #[test]
    fn a_key_does_no_more_than_its_owner_may() {
        let id = DeviceId::new("m1").expect("a good id");
        let meter = |owner: i64| Resource::Device { id: &id, owner: Some(UserId(owner)) };
        let key = |role: Role, rights: Rights| Principal::ApiKey {
            id: KeyId(1),
            scopes: Scope::ALL.to_vec(),
            owner: Some(Owner { id: UserId(7), role, rights }),
        };
        let customers = key(Role::Customer, Role::Customer.rights());
        assert_eq!(may(&customers, Action::ReadTelemetry, meter(7)), Verdict::Allowed);
        assert_eq!(may(&customers, Action::ReadTelemetry, meter(8)), Verdict::Hidden);
        assert_eq!(may(&customers, Action::ManageDevices, Resource::Installation), Verdict::Forbidden, "whatever its scopes say");
        assert_eq!((customers.only_of(), key(Role::Staff, Role::Staff.rights()).only_of()), (Some(UserId(7)), None));
        let staff = key(Role::Staff, Role::Staff.rights().without(Rights::of(&[Action::Control])));
        assert_eq!(may(&staff, Action::Control, meter(8)), Verdict::Forbidden, "withdrawn from the owner, withdrawn from the key");
        assert_eq!(may(&key(Role::Admin, Rights::ALL), Action::OwnAccount, Resource::Installation), Verdict::Forbidden);
    }

    #[test]
    fn a_viewer_sees_everything_that_devices_send_and_touches_nothing() {
        let id = DeviceId::new("m1").expect("a good id");
        let meter = Resource::Device { id: &id, owner: Some(UserId(7)) };
        let viewer = user(3, Role::Viewer);
        assert_eq!(may(&viewer, Action::ReadTelemetry, meter), Verdict::Allowed);
        assert_eq!(may(&viewer, Action::ReadTelemetry, Resource::Installation), Verdict::Allowed);
        for action in [Action::Control, Action::ManageDevices, Action::DeleteTelemetry, Action::WriteTelemetry] {
            assert_eq!(may(&viewer, action, meter), Verdict::Forbidden, "{action:?}");
        }
        let trusted = Principal::User {
            id: UserId(3),
            role: Role::Viewer,
            rights: Role::Viewer.rights_with(Rights::of(&[Action::Control]), Rights::NONE),
        };
        assert_eq!(may(&trusted, Action::Control, meter), Verdict::Allowed, "granted by name");
    }
}
