//! Files of the browser bundle: where they come from, and how they are served.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// A folder of files, inside the binary or on disk.
pub trait Files: Send + Sync {
    /// The bytes of a file by its path without a leading slash.
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>>;
}

/// Addresses of the bundle's files, with their hashes in them; `assets.json` of the bundle.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AssetNames {
    /// The script that starts the browser half.
    pub js: String,
    /// The browser half.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
    /// The chart library, loaded by pages that draw.
    pub echarts: String,
    /// The text font.
    pub font: String,
    /// The viewer of the interface's description.
    pub swagger_js: String,
    /// Its style sheet.
    pub swagger_css: String,
    /// Changes with any file of the bundle.
    pub build: String,
    /// The others: `needs_device` are the files that make up the part of the browser half that only the page of a device needs.
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

impl AssetNames {
    /// The addresses of the files that a part of the browser half consists of; none if the bundle has no such part.
    pub fn part(&self, name: &str) -> impl Iterator<Item = &str> {
        self.others.get(&format!("needs_{name}")).map(String::as_str).unwrap_or_default().split_whitespace()
    }
}

/// The names as they are now: while developing, a bundle may be replaced under a running server.
pub type NamesNow = fn() -> AssetNames;

/// Answers with a file, compressed as the browser likes it; `None` when there is none of this path.
#[must_use]
pub fn respond(files: &dyn Files, path: &str, request: &HeaderMap) -> Option<Response<Body>> {
    let path = path.strip_prefix('/')?;
    if path.is_empty()
        || path.split('/').any(|part| part.is_empty() || part.starts_with('.'))
        || path.ends_with(".br")
        || path.ends_with(".gz")
    {
        return None;
    }
    let plain = files.get(path)?;
    let accepted = request.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let packed = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| accepts(accepted, name))
        .find_map(|(name, ending)| Some((name, files.get(&format!("{path}{ending}"))?)));
    let etag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(&plain)[..12]));
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(path));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(ETAG, HeaderValue::from_str(&etag).expect("hexadecimal in quotes"));
    // A name with a hash in it never changes its content; the others are asked for again, and answered 304.
    let hashed = path.starts_with("assets/");
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(if hashed { "public, max-age=31536000, immutable" } else { "no-cache" }));
    if request.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Some(response);
    }
    let body = match packed {
        Some((name, bytes)) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
            bytes
        }
        None => plain,
    };
    *response.body_mut() = Body::from(match body {
        Cow::Borrowed(bytes) => bytes::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    });
    Some(response)
}

/// Whether `Accept-Encoding` names this coding without refusing it by `q=0`.
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !words.any(|w| w.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0)))
    })
}

fn content_type(path: &str) -> HeaderValue {
    HeaderValue::from_static(match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Two;
    impl Files for Two {
        fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
            match path {
                "assets/vigia-1.js" => Some(Cow::Borrowed(b"plain")),
                "assets/vigia-1.js.br" => Some(Cow::Borrowed(b"packed")),
                "favicon.svg" => Some(Cow::Borrowed(b"<svg/>")),
                _ => None,
            }
        }
    }

    fn ask(path: &str, encoding: &'static str) -> Option<Response<Body>> {
        respond(&Two, path, &HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(encoding))]))
    }

    #[test]
    fn a_hashed_file_is_packed_and_kept_for_ever() {
        let response = ask("/assets/vigia-1.js", "gzip, br").expect("there");
        assert_eq!(response.headers()[CONTENT_ENCODING], "br");
        assert!(response.headers()[CACHE_CONTROL].to_str().expect("text").contains("immutable"));
        let plain = ask("/assets/vigia-1.js", "br;q=0, gzip").expect("there");
        assert!(!plain.headers().contains_key(CONTENT_ENCODING));
        assert_eq!(ask("/favicon.svg", "br").expect("there").headers()[CACHE_CONTROL], "no-cache");
    }

    #[test]
    fn nothing_else_is_there() {
        for path in ["/", "/../Cargo.toml", "/.git", "/assets/", "/assets/vigia-1.js.br", "//assets/vigia-1.js"] {
            assert!(ask(path, "br").is_none(), "{path}");
        }
    }
}
