//! `[accounts]`

use serde::Deserialize;

use super::{Entry, quoted};

/// Who may open an account, and when it opens.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// Who may.
    pub registration: Registration,
    /// Whether an operator lets in each who registers.
    pub approval: bool,
}

/// Who may open an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Nobody: accounts are made on the command line.
    Off,
    /// Whom an administrator invites.
    #[default]
    Invitation,
    /// Everybody.
    Open,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { registration: Registration::default(), approval: true }
    }
}

impl Accounts {
    pub(super) fn entries(self) -> Vec<Entry> {
        let registration = match self.registration {
            Registration::Off => "off",
            Registration::Invitation => "invitation",
            Registration::Open => "open",
        };
        vec![
            Entry {
                key: "registration",
                value: Some(quoted(registration)),
                doc: "Who may open an account: \"off\" (only the command line makes them), \"invitation\" or \"open\".",
            },
            Entry {
                key: "approval",
                value: Some(self.approval.to_string()),
                doc: "Whether an operator lets in each who registers where it is open. Who was invited needs nobody's word.",
            },
        ]
    }
}
