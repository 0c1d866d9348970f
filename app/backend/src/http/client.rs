//! Where a request comes from. What a proxy says of it is believed only where the settings say that there is one.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::USER_AGENT;
use axum::http::{Extensions, HeaderMap};

use crate::config::Http;
use crate::origin::Origin;

/// Headers that say that a request came through a proxy, whether we were told of one or not.
const OF_PROXIES: [&str; 6] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"];

/// Where a request comes from.
pub(super) fn origin(http: &Http, extensions: &Extensions, headers: &HeaderMap) -> Origin {
    let peer = peer(extensions);
    let address = if http.behind_proxy { last_forwarded(headers).or(peer) } else { peer };
    let agent = headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    Origin::new(address, agent.as_deref())
}

/// Whether browsers reach us over TLS: ourselves, or the proxy if there is one.
#[must_use]
pub fn is_https(http: &Http, headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
    http.is_secure() || (http.behind_proxy && forwarded == Some("https"))
}

/// Whether the caller is on this machine. Through a proxy everybody seems to be, so then nobody is: not where the settings
/// say that there is one, nor where a request looks like it came through one.
pub(super) fn is_local(http: &Http, extensions: &Extensions, headers: &HeaderMap) -> bool {
    // Who listens on this machine alone and has an address in the world has a proxy in between.
    let proxied = http.behind_proxy
        || (http.public_url.is_some() && http.listen.ip().is_loopback())
        || OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    // A proxy that adds no header still passes on the name that the world knows.
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    !proxied && host.is_none_or(is_loopback_name) && peer(extensions).is_some_and(|ip| ip.to_canonical().is_loopback())
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

/// The last entry is the proxy's own; those before it are whatever the client wrote.
fn last_forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let entry = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim();
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn is_loopback_name(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(peer: &str, pairs: &[(&'static str, &'static str)]) -> (Extensions, HeaderMap) {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().expect("an address"), 1)));
        (extensions, pairs.iter().map(|(k, v)| (k.parse().expect("a name"), v.parse().expect("a value"))).collect())
    }

    #[test]
    fn a_proxy_is_believed_only_where_there_is_one() {
        let from = |behind_proxy, pairs: &[(&'static str, &'static str)]| {
            let (extensions, headers) = request("10.0.0.1", pairs);
            let http = Http { behind_proxy, ..Http::default() };
            (origin(&http, &extensions, &headers).address.expect("an address").to_string(), is_https(&http, &headers))
        };
        let forwarded = [("x-forwarded-for", "6.6.6.6, 192.0.2.7"), ("x-forwarded-proto", "https")];
        assert_eq!(from(false, &forwarded), ("10.0.0.1".to_owned(), false));
        assert_eq!(from(true, &forwarded), ("192.0.2.7".to_owned(), true));
        assert_eq!(from(true, &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "[2001:db8::1]:443")]).0, "2001:db8::1");
        assert_eq!(from(true, &[("x-forwarded-for", "unknown")]).0, "10.0.0.1");
    }

    #[test]
    fn through_a_proxy_nobody_is_on_this_machine() {
        let local = |peer: &str, pairs: &[(&'static str, &'static str)]| {
            let (extensions, headers) = request(peer, pairs);
            is_local(&Http::default(), &extensions, &headers)
        };
        assert!(local("127.0.0.1", &[("host", "127.0.0.1:3000")]) && local("::1", &[("host", "[::1]:3000")]));
        assert!(local("127.0.0.1", &[("host", "LOCALHOST")]) && local("127.0.0.1", &[]));
        assert!(!local("192.168.1.5", &[("host", "localhost")]));
        assert!(!local("127.0.0.1", &[("host", "vigia.example")]), "a plain proxy passes the name on");
        for header in OF_PROXIES {
            assert!(!local("127.0.0.1", &[("host", "localhost"), (header, "1.1 x")]), "{header}");
        }
        let (extensions, headers) = request("127.0.0.1", &[("host", "localhost")]);
        assert!(!is_local(&Http { behind_proxy: true, ..Http::default() }, &extensions, &headers));
        let public_url = Some("https://vigia.example".to_owned());
        assert!(!is_local(&Http { public_url, ..Http::default() }, &extensions, &headers));
    }
}
