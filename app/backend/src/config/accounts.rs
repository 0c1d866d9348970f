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
    /// Whether who registers by an app, where no operator is asked, shows by a link in a mail that the address is theirs before they come in.
    pub confirmation: bool,
}

/// Who may open an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Nobody: accounts are made on the command line.
    Off,
    /// Whom an administrator invites.
    Invitation,
    /// Everybody.
    #[default]
    Open,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { registration: Registration::default(), approval: true, confirmation: true }
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
            Entry {
                key: "confirmation",
                value: Some(self.confirmation.to_string()),
                doc: "Where no operator is asked: whether who registers by an app comes in only by the link in the mail. Without it the account is \
                      open at once, as old apps expect, and whoever registers learns by signing in whether the address had one.",
            },
        ]
    }
}
