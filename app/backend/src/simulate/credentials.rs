//! Where simulated devices get their ids and tokens from, and how they find the broker.

use vigia_domain::ids::DeviceId;

/// What is wrong with a broker's address or a file of credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSource {
    /// The address of the broker.
    #[error("the broker {0:?} is not an address like mqtt://127.0.0.1:1883")]
    Broker(String),
    /// A line of the file.
    #[error("line {line}: {problem}; write a device id, a space and its token")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Host and port of `mqtt://host[:port]`; the port is 1883 when none is named.
///
/// # Errors
/// [`BadSource::Broker`]; a `mqtts://` address too, because the simulator speaks no TLS.
pub fn broker(url: &str) -> Result<(String, u16), BadSource> {
    let bad = || BadSource::Broker(url.to_owned());
    let rest = url.strip_prefix("mqtt://").ok_or_else(bad)?.trim_end_matches('/');
    let (host, port) = match rest.rsplit_once(':') {
        // An address of version 6 stands in brackets, so the colons inside it do not count.
        Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| bad())?),
        _ => (rest, 1883),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains(['/', '@', ' ']) {
        return Err(bad());
    }
    Ok((host.to_owned(), port))
}

/// Reads lines of `id token`. Empty lines and lines that begin with `#` are left out.
///
/// # Errors
/// [`BadSource::Line`] names the line. The token is never repeated.
pub fn parse(text: &str) -> Result<Vec<(DeviceId, String)>, BadSource> {
    let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, text)| {
            let bad = |problem: String| BadSource::Line { line, problem };
            let mut words = text.split_whitespace();
            let (Some(id), Some(token), None) = (words.next(), words.next(), words.next()) else {
                return Err(bad("two words are expected".to_owned()));
            };
            Ok((DeviceId::new(id).map_err(|e| bad(e.to_string()))?, token.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!(broker("mqtt://127.0.0.1:1884"), Ok(("127.0.0.1".into(), 1884)));
        assert_eq!(broker("mqtt://vigia.local/"), Ok(("vigia.local".into(), 1883)));
        assert_eq!(broker("mqtt://[::1]:1885"), Ok(("::1".into(), 1885)));
        assert_eq!(broker("mqtt://[::1]"), Ok(("::1".into(), 1883)));
        for bad in ["", "127.0.0.1:1883", "mqtts://x", "mqtt://", "mqtt://x:y", "mqtt://u:p@x", "mqtt://x:70000"] {
            assert_eq!(broker(bad), Err(BadSource::Broker(bad.into())), "{bad}");
        }
    }

    #[test]
    fn a_bad_line_is_named_and_its_token_is_not() {
        let good = parse("# made by hand\n\nm1 secret-1\n  m2   secret-2 \n").expect("good");
        assert_eq!(
            good.iter().map(|(id, token)| (id.as_str(), token.as_str())).collect::<Vec<_>>(),
            [("m1", "secret-1"), ("m2", "secret-2")]
        );
        let bad = parse("m1 secret\nm/2 secret\n").map_err(|e| e.to_string());
        assert_eq!(bad, Err("line 2: a device id holds only letters, digits and : _ . -; write a device id, a space and its token".into()));
        assert!(parse("m1").is_err() && parse("m1 a b").is_err());
    }
}
