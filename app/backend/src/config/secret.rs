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

    /// The address without its user's password and without its query. Where a password may begin that nothing ends for certain, the
    /// rest is left out.
    pub(super) fn redacted_url(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            let shown = self.0.split(['?', '#']).next().unwrap_or_default();
            return if shown.contains('@') && !shown.starts_with("sqlite:") { "***".to_owned() } else { shown.to_owned() };
        };
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (before, path) = (authority.split(':').next().unwrap_or_default(), tail.split(['?', '#']).next().unwrap_or_default());
        let in_query = &tail[path.len()..];
        match authority.rsplit_once('@') {
            // Another @ behind it that is no query's may be the one that ends the password.
            Some((_, host)) if !path.contains('@') && (!in_query.contains('@') || in_query.contains('=')) => {
                format!("{scheme}://{}:***@{host}{path}", before.split('@').next().unwrap_or_default())
            }
            None if !tail.contains('@') => format!("{scheme}://{authority}{path}"),
            // No password can have begun yet: the @ is a query's.
            None if !authority.contains(':') && !path.contains('@') => format!("{scheme}://{authority}{path}"),
            _ => format!("{scheme}://{}:***", before.split('@').next().unwrap_or_default()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_a_password_is_left_out() {
        let shown = |url: &str| Secret::from(url.to_owned()).redacted_url();
        assert_eq!(shown("postgres://u:p@h/d?password=x"), "postgres://u:***@h/d");
        assert_eq!(shown("mqtt://u:hun#ter?2@h:1883"), "mqtt://u:***");
        assert_eq!(shown("mqtt://u:p@a?ss@h:1883"), "mqtt://u:***");
        assert_eq!(shown("mqtt://u:12/34@h:1883"), "mqtt://u:***");
        assert_eq!(shown("postgres://u:p@h:5432/d"), "postgres://u:***@h:5432/d");
        assert_eq!(shown("postgres://u:p@h/d?password=x@y"), "postgres://u:***@h/d");
        assert_eq!(shown("postgres://db/vigia?user=u&password=p@ss"), "postgres://db/vigia");
        assert_eq!(shown("postgres://db:5432/vigia?user=u&password=p@ss"), "postgres://db:***");
        assert_eq!(shown("postgres:///v?host=/run&password=hunter2&application_name=a@b"), "postgres:///v");
        assert_eq!(shown("u:hunter2@h"), "***");
        assert_eq!(shown("mqtt://h"), "mqtt://h");
        assert_eq!(shown("sqlite:?x"), "sqlite:");
    }
}
