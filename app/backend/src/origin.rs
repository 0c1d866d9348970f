//! Where a request comes from, as far as it matters to who looks at sessions and at the audit log.

use std::net::IpAddr;
use std::sync::Arc;

/// The longest name of a program that is kept, in characters.
const LONGEST_AGENT: usize = 300;

/// Network address, and what the program calls itself. In the request's extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address that a request came from; none where there is no connection, as in tests.
    pub address: Option<IpAddr>,
    /// What the browser or app says that it is: whatever it likes.
    pub agent: Option<Arc<str>>,
}

impl Origin {
    /// An address and what came with it, cut and cleaned as it can be kept and shown.
    #[must_use]
    pub fn new(address: Option<IpAddr>, agent: Option<&str>) -> Self {
        let agent: Option<String> = agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(LONGEST_AGENT).collect());
        Self { address: address.map(|address| address.to_canonical()), agent: agent.filter(|agent| !agent.is_empty()).map(Into::into) }
    }
}

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        Self::new(Some(address), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_calls_itself_is_cut_and_cleaned() {
        let long = "x".repeat(1_000);
        let agent = |text: &str| Origin::new(None, Some(text)).agent.map(|agent| agent.to_string());
        assert_eq!(agent("a\u{1b}[31m\r\nb\0").as_deref(), Some("a[31mb"));
        assert_eq!(agent(&long).map(|agent| agent.len()), Some(300));
        assert_eq!(agent("\0"), None);
        assert_eq!(Origin::new("::ffff:192.0.2.7".parse().ok(), None).address, "192.0.2.7".parse().ok());
    }
}
