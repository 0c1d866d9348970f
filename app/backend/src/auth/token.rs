//! Tokens of devices and keys of scripts: 160 unpredictable bits in a text that says what it is. Only hashes are kept.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::{Digest as _, Sha256};

use crate::world::World;

/// What a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A device.
    Device,
    /// A script.
    ApiKey,
    /// A link.
    Link,
    /// A device that nobody knows yet, by the key of its kind.
    Provisioning,
    /// A gateway.
    Gateway,
    /// The next pair of an app's tokens.
    Refresh,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Device => "vgd_",
            Self::ApiKey => "vgk_",
            Self::Link => "vgl_",
            Self::Provisioning => "vgp_",
            Self::Gateway => "vgg_",
            Self::Refresh => "vgr_",
        }
    }
}

/// A new token.
#[must_use]
pub fn make(world: &World, kind: Kind) -> String {
    let mut token = kind.prefix().to_owned();
    token.push_str(&BASE32_NOPAD.encode(&world.bytes::<20>()).to_lowercase());
    token
}

/// What a token is, by its beginning.
#[must_use]
pub fn kind(token: &str) -> Option<Kind> {
    [Kind::Device, Kind::ApiKey, Kind::Link, Kind::Provisioning, Kind::Gateway, Kind::Refresh]
        .into_iter()
        .find(|k| token.starts_with(k.prefix()))
}

/// SHA-256 in hexadecimal. Enough for a text that nobody can guess; passwords go another way.
#[must_use]
pub fn hash(token: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(token))
}

/// Whether a token has this hash. Comparing hashes tells an attacker nothing about the token by its time.
#[must_use]
pub fn fits(token: &[u8], token_hash: &str) -> bool {
    hash(token) == token_hash
}
