//! Devices as the registry and the pages see them.

use serde::{Deserialize, Serialize};

use crate::hour::Hour;
use crate::reason::Reason;
use crate::series::Latest;

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// Measures electricity.
    EnergyMeter,
    /// Switches a circuit, and may measure it.
    Switch,
    /// A biodigester's controller.
    Biodigester,
    /// A pill dispenser.
    PillDispenser,
    /// Anything else.
    Other,
}

impl DeviceKind {
    /// Every kind, in the order of the forms.
    pub const ALL: [Self; 5] = [Self::EnergyMeter, Self::Switch, Self::Biodigester, Self::PillDispenser, Self::Other];

    /// The word in the database, in the interface and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EnergyMeter => "energy_meter",
            Self::Switch => "switch",
            Self::Biodigester => "biodigester",
            Self::PillDispenser => "pill_dispenser",
            Self::Other => "other",
        }
    }
}

impl std::str::FromStr for DeviceKind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or(UnknownKind)
    }
}

/// The text names no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a kind is energy_meter, switch, biodigester, pill_dispenser or other")]
pub struct UnknownKind;

/// What is known of a device's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Connected, or heard of within the last minutes.
    Online,
    /// It said goodbye, its last will came, or it has been silent too long.
    Offline,
    /// Never heard of.
    Never,
}

/// One line of the device list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct DeviceRow {
    /// Text id.
    pub id: String,
    /// The name people gave it; the id when they gave none.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// E-mail of its owner, if it has one.
    pub owner: Option<String>,
    /// Connection.
    pub presence: Presence,
    /// When it was last heard of: milliseconds since the epoch, RFC 3339 on the wire.
    #[serde(rename = "seen_at", with = "crate::time::wire::option")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>, format = DateTime))]
    pub seen_ms: Option<i64>,
    /// Its foremost value: power for meters and switches, else the first metric.
    pub headline: Option<Latest>,
}

/// How many devices there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCounts {
    /// All that the visitor may see, whatever was looked for.
    pub all: u64,
    /// Online, of those that the words fit.
    pub online: u64,
    /// Offline, likewise.
    pub offline: u64,
    /// Never heard of, likewise.
    pub never: u64,
}

/// A page of the panel's device list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DevicePage {
    /// The devices on it.
    pub rows: Vec<DeviceRow>,
    /// The last hour of each row's foremost value, in the order of the rows; nothing where nothing came.
    pub hours: Vec<Option<Hour>>,
    /// What the devices are that the visitor may see, whatever was looked for.
    pub kinds: Vec<DeviceKind>,
    /// Whose they are: e-mail addresses in order, for who sees those of several; nothing where there are too many to choose from.
    pub owners: Vec<String>,
    /// Of the whole list.
    pub counts: DeviceCounts,
    /// How many devices the filters take, on all pages together.
    pub found: u64,
    /// How many of them are on the pages before this one.
    pub before: u64,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Where the page before begins; empty for the first.
    pub previous: Option<String>,
}

/// One thing that was not taken from a device, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct Quarantined {
    /// When it came: milliseconds since the epoch, RFC 3339 on the wire.
    #[serde(rename = "received_at", with = "crate::time::wire")]
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = String, format = DateTime))]
    pub received_ms: i64,
    /// Where: a topic, an HTTP path, or `connect`.
    pub source: String,
    /// Why it was not taken: a code with its parameters, for programs.
    pub cause: Reason,
    /// The same as an English sentence.
    pub reason: String,
    /// The beginning of the payload, as text; bytes that are no UTF-8 are replaced.
    pub excerpt: String,
    /// The payload's whole length in bytes.
    pub bytes: i64,
}

/// What the device page starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct DeviceView {
    /// The list's line of it.
    pub row: DeviceRow,
    /// Last value of every metric, in order of importance.
    pub latest: Vec<Latest>,
    /// Texts it told of itself: firmware version, address and the like.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// How far its clock is ahead of the server's, in milliseconds, from its live messages; behind is negative. Nothing while too
    /// few came that told a time.
    #[serde(default)]
    pub clock_offset_ms: Option<i64>,
    /// The newest refusals, newest first.
    pub quarantine: Vec<Quarantined>,
}
