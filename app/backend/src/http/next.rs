//! Where somebody goes on to, as an address says it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A path of this server and nothing that a browser might read as another host.
#[must_use]
pub fn is_ours(next: &str) -> bool {
    next.starts_with('/') && !next.starts_with("//") && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
}

/// Where the code of a second step is asked for, and then to `next`.
#[must_use]
pub fn code_way(next: &str) -> String {
    format!("/sign-in/code?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn an_address_leads_nowhere_else() {
        assert!(is_ours("/devices/m1?range=24h&metric=power_w"));
        for foreign in ["", "devices", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x", "/ñ"] {
            assert!(!is_ours(foreign), "{foreign:?}");
        }
    }
}
