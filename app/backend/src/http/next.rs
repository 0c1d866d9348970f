//! Where somebody goes on to, as an address says it.

/// A path of this server and nothing that a browser might read as another host.
#[must_use]
pub fn is_ours(next: &str) -> bool {
    next.starts_with('/') && !next.starts_with("//") && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
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
