//! What an API key may be given.

use serde::{Deserialize, Serialize};

use super::Action;

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

impl Scope {
    /// The right that one must have to give it to a key: nobody but an administrator may change rights.
    #[must_use]
    pub const fn right(self) -> Action {
        match self {
            Self::TelemetryRead => Action::ReadTelemetry,
            Self::TelemetryWrite => Action::WriteTelemetry,
            Self::MetricsRead => Action::ReadMetrics,
            Self::DevicesControl => Action::Control,
            Self::Admin => Action::ManageRights,
        }
    }

    /// The scope that lets a key do this; `None`: no key may.
    #[must_use]
    pub const fn needed(action: Action) -> Option<Self> {
        Some(match action {
            Action::ReadTelemetry => Self::TelemetryRead,
            Action::WriteTelemetry => Self::TelemetryWrite,
            Action::ReadMetrics => Self::MetricsRead,
            Action::Control => Self::DevicesControl,
            Action::ManageDevices
            | Action::DeleteTelemetry
            | Action::ManagePeople
            | Action::ManageRights
            | Action::ManageKeys
            | Action::ReadAudit
            | Action::Watch => Self::Admin,
            // A key has no account and no session.
            Action::OwnAccount => return None,
        })
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
