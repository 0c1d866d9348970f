//! What can be asked for, and who may what by their role.

use serde::{Deserialize, Serialize};

use crate::user::Role;

/// What is asked for. Single ones are granted to people and withdrawn from them by these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u16)]
pub enum Action {
    /// See devices, their state and readings.
    #[serde(rename = "telemetry:read")]
    ReadTelemetry = 1,
    /// Store readings.
    #[serde(rename = "telemetry:write")]
    WriteTelemetry = 1 << 1,
    /// Delete what a device sent.
    #[serde(rename = "telemetry:delete")]
    DeleteTelemetry = 1 << 2,
    /// Give commands.
    #[serde(rename = "devices:control")]
    Control = 1 << 3,
    /// Register, change and remove devices.
    #[serde(rename = "devices:manage")]
    ManageDevices = 1 << 4,
    /// See who has an account, invite, let in and shut out: customers, or everybody for who may change rights.
    #[serde(rename = "people:manage")]
    ManagePeople = 1 << 5,
    /// Change what people may.
    #[serde(rename = "rights:manage")]
    ManageRights = 1 << 6,
    /// See and end everybody's API keys.
    #[serde(rename = "keys:manage")]
    ManageKeys = 1 << 7,
    /// Read the audit log.
    #[serde(rename = "audit:read")]
    ReadAudit = 1 << 8,
    /// See the server's own metrics.
    #[serde(rename = "metrics:read")]
    ReadMetrics = 1 << 9,
    /// See what needs attention anywhere, and what the installation is made of.
    #[serde(rename = "installation:watch")]
    Watch = 1 << 11,
    /// See one's own account and end one's own session.
    #[serde(rename = "account:own")]
    OwnAccount = 1 << 10,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 12] = [
        Self::ReadTelemetry,
        Self::WriteTelemetry,
        Self::DeleteTelemetry,
        Self::Control,
        Self::ManageDevices,
        Self::ManagePeople,
        Self::ManageRights,
        Self::ManageKeys,
        Self::ReadAudit,
        Self::ReadMetrics,
        Self::Watch,
        Self::OwnAccount,
    ];

    /// The word in the database and on the interface.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadTelemetry => "telemetry:read",
            Self::WriteTelemetry => "telemetry:write",
            Self::DeleteTelemetry => "telemetry:delete",
            Self::Control => "devices:control",
            Self::ManageDevices => "devices:manage",
            Self::ManagePeople => "people:manage",
            Self::ManageRights => "rights:manage",
            Self::ManageKeys => "keys:manage",
            Self::ReadAudit => "audit:read",
            Self::ReadMetrics => "metrics:read",
            Self::Watch => "installation:watch",
            Self::OwnAccount => "account:own",
        }
    }
}

impl std::str::FromStr for Action {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(UnknownAction)
    }
}

/// The text names no right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such right")]
pub struct UnknownAction;

/// A set of single rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rights(u16);

impl Rights {
    /// None.
    pub const NONE: Self = Self(0);
    /// All there are.
    pub const ALL: Self = Self::of(&Action::ALL);

    /// These.
    #[must_use]
    pub const fn of(actions: &[Action]) -> Self {
        let (mut bits, mut next) = (0, 0);
        while next < actions.len() {
            bits |= actions[next] as u16;
            next += 1;
        }
        Self(bits)
    }

    /// Whether this one is among them.
    #[must_use]
    pub const fn has(self, action: Action) -> bool {
        self.0 & action as u16 != 0
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These but for those.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those of these that are among the others, too.
    #[must_use]
    pub const fn among(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// One by one.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.has(*action))
    }
}

impl FromIterator<Action> for Rights {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        actions.into_iter().fold(Self::NONE, |all, one| all.and(Self::of(&[one])))
    }
}

impl Role {
    /// What a role may by itself. What a customer may, they may with their own devices.
    #[must_use]
    pub const fn rights(self) -> Rights {
        use Action::{Control, ManageDevices, ManagePeople, OwnAccount, ReadTelemetry, Watch};
        match self {
            Self::Admin => Rights::ALL,
            Self::Staff => Rights::of(&[OwnAccount, Watch, ReadTelemetry, Control, ManageDevices, ManagePeople]),
            Self::Viewer => Rights::of(&[OwnAccount, Watch, ReadTelemetry]),
            Self::Customer => Rights::of(&[OwnAccount, ReadTelemetry, Control]),
        }
    }

    /// What may be granted to a person of this role or withdrawn from them. An administrator has all rights and keeps them; who may change rights
    /// is an administrator; who runs the installation sees it, and one's own account is one's own; what concerns more than their own devices is nothing for a customer.
    #[must_use]
    pub const fn settable(self) -> Rights {
        use Action::{Control, DeleteTelemetry, ManageRights, OwnAccount, ReadTelemetry, Watch};
        match self {
            Self::Admin => Rights::NONE,
            Self::Staff | Self::Viewer => Rights::ALL.without(Rights::of(&[ManageRights, OwnAccount, Watch])),
            Self::Customer => Rights::of(&[ReadTelemetry, Control, DeleteTelemetry]),
        }
    }

    /// What a person of this role may, to whom single rights were granted and from whom others were withdrawn. Who is given another role keeps
    /// of both what may be set there.
    #[must_use]
    pub const fn rights_with(self, granted: Rights, withdrawn: Rights) -> Rights {
        let settable = self.settable();
        self.rights().and(granted.among(settable)).without(withdrawn.among(settable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_a_bit_and_a_word_of_its_own() {
        assert_eq!(Rights::ALL.iter().count(), Action::ALL.len());
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
            assert_eq!(serde_json::to_value(action).expect("a word"), action.as_str());
        }
        assert_eq!("everything".parse::<Action>(), Err(UnknownAction));
    }

    #[test]
    fn single_rights_are_granted_and_withdrawn() {
        let control = Rights::of(&[Action::Control]);
        assert!(Role::Viewer.rights_with(control, Rights::NONE).has(Action::Control));
        assert!(!Role::Customer.rights_with(Rights::NONE, control).has(Action::Control));
        let rights = Role::Staff.rights_with(Rights::of(&[Action::ReadAudit]), Rights::of(&[Action::ManagePeople]));
        assert!(rights.has(Action::ReadAudit) && !rights.has(Action::ManagePeople) && rights.has(Action::ManageDevices));
    }

    #[test]
    fn what_cannot_be_set_has_no_effect() {
        for role in Role::ALL {
            assert_eq!(role.rights_with(Rights::NONE, Rights::of(&[Action::OwnAccount])), role.rights(), "{role:?} keeps their account");
        }
        assert_eq!(Role::Admin.rights_with(Rights::NONE, Rights::ALL), Rights::ALL);
        for role in [Role::Staff, Role::Viewer, Role::Customer] {
            assert!(!role.rights_with(Rights::ALL, Rights::NONE).has(Action::ManageRights), "{role:?}");
        }
        let customer = Role::Customer.rights_with(Rights::ALL, Rights::NONE);
        assert!(!customer.has(Action::ManageDevices) && !customer.has(Action::ReadAudit) && customer.has(Action::DeleteTelemetry));
    }
}
