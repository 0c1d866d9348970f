//! A text that is never printed.

use std::fmt;

use serde::Deserialize;

/// A secret of the settings. `Debug` and `Display` say only that there is one.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The address with its user's password and every query value left out.
    pub(super) fn redacted_url(&self) -> String {
        let text = self.0.split(['?', '#']).next().unwrap_or_default();
        match (text.find("://"), text.rfind('@')) {
            (Some(scheme), Some(at)) if scheme + 3 <= at => {
                let user = text[scheme + 3..at].split(':').next().unwrap_or_default();
                format!("{}{user}:***{}", &text[..scheme + 3], &text[at..])
            }
            _ => text.to_owned(),
        }
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
