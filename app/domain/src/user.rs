//! Users as pages and rights see them.

use serde::{Deserialize, Serialize};

use crate::rights::Rights;

/// What a user is in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, users and keys included.
    Admin,
    /// The daily work with devices and customers.
    Staff,
    /// See every device, and change nothing.
    Viewer,
    /// Their own devices.
    Customer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Staff, Self::Viewer, Self::Customer];

    /// The word in the database and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Staff => "staff",
            Self::Viewer => "viewer",
            Self::Customer => "customer",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|r| r.as_str() == text).ok_or(UnknownRole)
    }
}

/// The text names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is admin, staff, viewer or customer")]
pub struct UnknownRole;

/// Who is signed in, as much of it as the page needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    /// The address they sign in with.
    pub email: String,
    /// The name to greet them by; the address's first part when none was given.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// What they may.
    #[serde(default)]
    pub rights: Rights,
    /// Language that they chose for good, `es` or `en`.
    #[serde(default)]
    pub lang: Option<String>,
    /// Colours that they chose for good: `system`, `light` or `dark`.
    #[serde(default)]
    pub theme: Option<String>,
    /// IANA name of the time zone that they chose for good.
    #[serde(default)]
    pub zone: Option<String>,
}
