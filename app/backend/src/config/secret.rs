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
        // A password may hold anything, so the query begins behind it.
        let (head, rest) = match (self.0.find("://"), self.0.rfind('@')) {
            (Some(scheme), Some(at)) if scheme + 3 <= at => {
                let user = self.0[scheme + 3..at].split(':').next().unwrap_or_default();
                (format!("{}{user}:***", &self.0[..scheme + 3]), &self.0[at..])
            }
            _ => (String::new(), self.0.as_str()),
        };
        format!("{head}{}", rest.split(['?', '#']).next().unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_a_password_is_left_out() {
        let shown = |url: &str| Secret::from(url.to_owned()).redacted_url();
        assert_eq!(shown("postgres://u:p@h/d?password=x"), "postgres://u:***@h/d");
        assert_eq!(shown("mqtt://u:hun#ter?2@h:1883"), "mqtt://u:***@h:1883");
        assert_eq!(shown("mqtt://h"), "mqtt://h");
        assert_eq!(shown("sqlite:?x"), "sqlite:");
    }
}
