//! The rule for listeners: nothing is open beyond this machine unless its owner said how it is protected.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::BadSetting;

/// Where plaintext is allowed beyond loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Plaintext {
    /// From private addresses only: a home or farm LAN.
    Private,
}

impl TryFrom<String> for Plaintext {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "private" => Ok(Self::Private),
            _ => Err(format!("{text:?} is not allowed; write \"private\", or leave it out")),
        }
    }
}

/// Reads an address with a port. A name is none: which of its addresses is meant, and what if it changes?
pub(super) fn address<'de, D: Deserializer<'de>>(source: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(source)?;
    let bad = || D::Error::custom(format!("{text:?} is no IP address with a port; write one like \"127.0.0.1:3000\" or \"[::1]:3000\""));
    text.parse().map_err(|_| bad())
}

/// The same where there may be none.
pub(super) fn maybe_address<'de, D: Deserializer<'de>>(source: D) -> Result<Option<SocketAddr>, D::Error> {
    address(source).map(Some)
}

/// Which peers a listener talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// All: it listens on loopback, or behind a proxy that does its own checking.
    Anyone,
    /// Loopback, private and link-local addresses.
    PrivatePeers,
}

impl Guard {
    /// Whether a peer at this address is talked to.
    #[must_use]
    pub fn admits(self, peer: IpAddr) -> bool {
        match (self, peer.to_canonical()) {
            (Self::Anyone, _) => true,
            (Self::PrivatePeers, IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
            (Self::PrivatePeers, IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        }
    }
}

/// An address for people to type. One that stands for "everywhere" is none: it is replaced by this machine's own in the
/// network that leads outside. Found by connecting a UDP socket, which chooses the way and sends nothing.
#[must_use]
pub(super) fn to_type(listen: SocketAddr) -> SocketAddr {
    if !listen.ip().is_unspecified() {
        return listen;
    }
    // 192.0.2.0/24 is for documentation: nobody has it, so the way to it is the way outside.
    let outward = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    let ip = outward.ok().map(|own| own.ip()).filter(|ip| !ip.is_unspecified());
    SocketAddr::new(ip.unwrap_or(Ipv4Addr::LOCALHOST.into()), listen.port())
}

pub(super) fn guard(plaintext: Option<Plaintext>) -> Guard {
    if plaintext.is_some() { Guard::PrivatePeers } else { Guard::Anyone }
}

/// `first` is what the fix begins with: the better way, where a listener has one.
pub(super) fn check(key: &'static str, listen: SocketAddr, protected: bool, first: &str) -> Result<(), BadSetting> {
    if listen.ip().is_loopback() || protected {
        return Ok(());
    }
    Err(BadSetting::Value {
        key,
        problem: format!("{listen} is open beyond this machine"),
        fix: format!("{first}set behind_proxy = true if a proxy in front of it speaks TLS, or plaintext = \"private\" for a home network"),
    })
}
