//! What a page starts with: who looks at it, in which language and theme, and what the server decided.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use vigia_domain::rights::{Action, Rights};
use vigia_domain::user::Visitor;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::i18n::Lang;

/// What the server decided to show at an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The page that lives there.
    Page,
    /// 401: the sign-in page in its place.
    SignIn,
    /// 403: a page that says so.
    Forbidden,
    /// 404: a page that says so.
    NotFound,
    /// 503, the database is away: a page that says so.
    Unavailable,
    /// 429, too many files at once: a page that says so.
    TooMany,
    /// 503, as many files are being made as can be: a page that says so.
    Busy,
    /// 500 and its like: a page that says so.
    #[default]
    Failed,
}

/// The visitor's choice of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The word in the cookie and in `data-theme`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Sent within the page, so that the browser's first rendering is the server's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Boot {
    /// Who is signed in.
    pub(crate) visitor: Option<Visitor>,
    /// The page's language.
    pub(crate) lang: Lang,
    /// Light or dark.
    pub(crate) theme: Theme,
    /// The columns of the device list.
    pub(crate) columns: Columns,
    /// What to show.
    pub(crate) outcome: Outcome,
    /// The path asked for.
    pub(crate) path: String,
    /// The server's time, milliseconds since the epoch.
    pub(crate) now_ms: i64,
    /// The form that came back without a script, by its address, and what was wrong with it.
    pub(crate) failed: Option<(String, Fault)>,
    /// What this visitor should mend about the installation, in their language.
    pub(crate) notice: Option<String>,
    /// Address of the chart library.
    pub(crate) echarts: String,
    /// `scheme://host` that devices reach this server by, for the examples that a page shows.
    pub(crate) origin: String,
    /// Port of the broker, likewise.
    pub(crate) mqtt_port: u16,
    /// The origin that passkeys belong to; `None` where there are none.
    pub(crate) passkeys: Option<String>,
    /// Whether everybody may open an account here.
    pub(crate) registers: bool,
    /// Other ways in than our own, for who is not.
    pub(crate) ways: Vec<Way>,
    /// Why somebody did not come in by one of them, in their language.
    pub(crate) said: Option<String>,
}

/// A way in by somebody else's sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Way {
    /// Where it begins.
    pub(crate) href: String,
    /// What stands on the button, in the visitor's language.
    pub(crate) says: String,
}

impl Boot {
    /// Whether the visitor sees their own devices alone. So does whoever is not known to run the installation: a key, for one.
    pub(crate) fn is_customer(&self) -> bool {
        !self.rights().has(Action::Watch)
    }

    /// What the visitor may; nothing for who is nobody, or a key.
    pub(crate) fn rights(&self) -> Rights {
        self.visitor.as_ref().map(|visitor| visitor.rights).unwrap_or_default()
    }
}

/// What this page started with.
pub(crate) fn use_boot() -> StoredValue<Boot> {
    use_context().unwrap_or_else(|| StoredValue::new(Boot::default()))
}
