//! What needs somebody's attention in an installation.

use serde::{Deserialize, Serialize};

use crate::series::Latest;

/// The home page of who runs an installation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// What is wrong with the installation itself, in the program's own English words.
    pub troubles: Vec<String>,
    /// What is wrong with devices, worst first; no group is empty.
    pub groups: Vec<Group>,
    /// Devices that introduced themselves and wait to be claimed.
    pub waiting: u64,
    /// How the installation does as a whole.
    pub figures: Figures,
    /// What whoever reads this should know of how it was counted, in their language.
    #[serde(default)]
    pub note: Option<String>,
}

impl Attention {
    /// Whether there may be more than were counted.
    #[must_use]
    pub fn is_at_least(&self) -> bool {
        self.groups.iter().any(|group| group.is_at_least)
    }

    /// How many things need somebody.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.troubles.len() as u64 + self.groups.iter().map(|group| group.count).sum::<u64>() + self.waiting
    }
}

/// Concerns of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Which kind.
    pub kind: Kind,
    /// How many devices or commands there are of it.
    pub count: u64,
    /// There may be more: only the newest refusals or commands were looked at.
    #[serde(default)]
    pub is_at_least: bool,
    /// The worst of them.
    pub rows: Vec<Concern>,
}

/// Kinds of concerns, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Devices that were heard of and are not now.
    Silent,
    /// Commands that failed or expired and were not done since.
    Commands,
    /// Devices whose clock is off.
    Clocks,
    /// Devices of which something could not be taken.
    Refused,
    /// Devices that were registered and never heard of.
    Never,
}

/// One device, and what is with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concern {
    /// The device's text id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is with it.
    pub about: About,
}

/// What is with a device. Instants are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Not heard of.
    Silent {
        /// Since when.
        since_ms: i64,
        /// Its last word.
        last: Option<Latest>,
    },
    /// A command came to nothing.
    Command {
        /// What it was to do.
        name: String,
        /// The device said no; else nobody answered in time.
        failed: bool,
        /// When that was.
        at_ms: i64,
    },
    /// Its clock is ahead by so much, in milliseconds; behind is negative.
    Clock(i64),
    /// Something was not taken.
    Refused {
        /// How often lately.
        count: u64,
        /// It may have been more often: older ones are not kept or were not looked at.
        #[serde(default)]
        is_at_least: bool,
        /// When the last time.
        at_ms: i64,
        /// Why, the last time.
        why: String,
    },
    /// Nothing was ever heard.
    Never,
}

/// How the installation does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Devices.
    pub devices: u64,
    /// Of them online.
    pub online: u64,
    /// Messages a second that were stored and then confirmed, over the last ten seconds.
    pub messages_per_s: f64,
    /// Power of all devices that are online and measure it, in W.
    pub power_w: Option<f64>,
}

/// A device that somebody looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Text id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Connection.
    pub presence: crate::device::Presence,
}
