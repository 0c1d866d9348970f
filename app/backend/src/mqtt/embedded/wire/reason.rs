//! Reason codes of MQTT 5, and what is wrong with a packet.

/// The codes that this broker says (MQTT 5, 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in super::super) enum Reason {
    Success = 0x00,
    NoSubscriptionExisted = 0x11,
    MalformedPacket = 0x81,
    ProtocolError = 0x82,
    UnsupportedVersion = 0x84,
    ClientIdNotValid = 0x85,
    BadUserOrPassword = 0x86,
    NotAuthorized = 0x87,
    ServerUnavailable = 0x88,
    ServerShuttingDown = 0x8b,
    BadAuthenticationMethod = 0x8c,
    KeepAliveTimeout = 0x8d,
    SessionTakenOver = 0x8e,
    FilterInvalid = 0x8f,
    TopicInvalid = 0x90,
    PacketIdNotFound = 0x92,
    ReceiveMaximumExceeded = 0x93,
    AliasInvalid = 0x94,
    PacketTooLarge = 0x95,
    QuotaExceeded = 0x97,
    AdministrativeAction = 0x98,
}

impl Reason {
    /// A word for the reasons of a refused CONNECT, as they are counted.
    pub(in super::super) fn word(self) -> &'static str {
        match self {
            Self::BadUserOrPassword => "credential",
            Self::NotAuthorized => "will",
            Self::ClientIdNotValid => "client_id",
            Self::BadAuthenticationMethod => "method",
            Self::QuotaExceeded => "sessions",
            _ => "unavailable",
        }
    }

    /// The code of a CONNACK of MQTT 3.1.1 that comes nearest (3.1.1, table 3.1).
    pub(in super::super) fn in_connack_of_three(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::UnsupportedVersion => 1,
            Self::ClientIdNotValid => 2,
            Self::BadUserOrPassword => 4,
            Self::NotAuthorized | Self::BadAuthenticationMethod => 5,
            _ => 3,
        }
    }
}

/// Why bytes are no packet. The connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum WireError {
    /// The bytes do not parse.
    #[error("malformed packet: {0}")]
    Malformed(&'static str),
    /// They parse, and say what must not be said.
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    /// Longer than what is taken.
    #[error("the packet is too large")]
    TooLarge,
    /// More elements than what is taken.
    #[error("too many {0} in one packet")]
    TooMany(&'static str),
    /// A topic with a wildcard, or without anything.
    #[error("not a topic to publish on")]
    Topic,
}

impl WireError {
    /// How MQTT 5 says it.
    pub(in super::super) fn reason(self) -> Reason {
        match self {
            Self::Malformed(_) => Reason::MalformedPacket,
            Self::Protocol(_) => Reason::ProtocolError,
            Self::TooLarge => Reason::PacketTooLarge,
            Self::TooMany(_) => Reason::QuotaExceeded,
            Self::Topic => Reason::TopicInvalid,
        }
    }
}
