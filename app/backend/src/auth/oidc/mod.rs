//! Signing in by a provider of OpenID Connect: authorization code with PKCE, state and nonce in the browser's session.

mod begin;
mod finish;
mod identities;
mod provider;
mod started;

pub use begin::{Begun, begin, may_link};
pub use finish::{Answer, Landed, finish};
pub use identities::{NotUnlinked, OwnIdentity, linkable, linked, unlink, way};
pub use provider::Providers;

use super::session::SessionError;
use crate::db::DbError;
use crate::limit::TooMany;
use crate::outbound::OutboundError;

/// Why somebody did not come in by a provider, or could not link what they are to it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The settings know no such provider.
    #[error("there is no such provider here")]
    Unknown,
    /// Nobody began this in this browser, or too long ago; or it was finished already.
    #[error("nobody began this here, or its time is over")]
    Again,
    /// They said no to their provider.
    #[error("the provider was told not to say who it is")]
    Declined,
    /// What the provider said was not what it has to be.
    #[error("the provider's answer was refused: {0}")]
    Refused(String),
    /// The provider does not answer.
    #[error("the provider does not answer: {0}")]
    Away(String),
    /// The provider has not seen that the address is theirs, or says none.
    #[error("the provider does not vouch for the address")]
    Unverified,
    /// There is no account for them, or it is shut.
    #[error("there is no open account for them")]
    NoAccount,
    /// Their account waits for an operator's word.
    #[error("the account waits to be let in")]
    Waits,
    /// The account of their address belongs to somebody else at the same provider.
    #[error("the account of this address is linked to another identity of this provider")]
    Another,
    /// What they are to the provider belongs to another account here.
    #[error("this identity belongs to another account")]
    Taken,
    /// They signed in too long ago to link anything.
    #[error("the sign-in is long ago")]
    Stale,
    /// Too many wait.
    #[error("too many registrations wait here")]
    Full,
    /// Too many tries.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The session store.
    #[error("session: {0}")]
    Session(#[from] SessionError),
}

impl Refused {
    /// The word for it in the address of the page that says so.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Again => "again",
            Self::Declined => "declined",
            Self::Refused(_) => "refused",
            Self::Away(_) => "away",
            Self::Unverified => "unverified",
            Self::NoAccount => "no-account",
            Self::Waits => "waits",
            Self::Another => "another",
            Self::Taken => "taken",
            Self::Stale => "stale",
            Self::Full => "full",
            Self::TooMany(_) => "slow",
            Self::Db(_) | Self::Session(_) => "later",
        }
    }

    /// Writes down what an operator should know of; the rest is the visitor's own matter.
    fn note(&self, provider: &str) {
        match self {
            Self::Refused(why) => tracing::warn!(provider, why, "the answer of a sign-in provider was refused"),
            Self::Away(why) => tracing::warn!(provider, why, "a sign-in provider does not answer"),
            Self::Db(error) => tracing::error!(provider, %error, "nobody could sign in by a provider"),
            Self::Session(error) => tracing::error!(provider, %error, "a session could not be kept"),
            _ => {}
        }
    }
}

impl From<OutboundError> for Refused {
    fn from(error: OutboundError) -> Self {
        Self::Away(error.to_string())
    }
}

/// A refusal, and which page says so.
#[derive(Debug)]
pub struct Turned {
    /// Why.
    pub why: Refused,
    /// Who is signed in already wanted to link what they are: the page of settings. Else the door.
    pub is_link: bool,
}
