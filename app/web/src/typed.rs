//! What was typed into a form that was refused, on its way back into the page: for a browser without a script, or whose script is not there yet.
//! Such a browser is led to the page that the form stands on and told there what is wrong ([`crate::face`]).
//!
//! It goes in a cookie that no script reads, for some minutes. An address would be kept in histories and logs.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri};

use crate::face::cookies;
use crate::server::is_https;

/// The fields that come back. What is not here does not: passwords never.
const FIELDS: [&str; 8] = ["address", "code", "email", "lang", "name", "of", "theme", "zone"];
/// Each form has a cookie of its own: a sign-in that is refused in between takes nothing from it.
const COOKIE: &str = "typed-";
/// Browsers throw away a cookie of more than 4,096 bytes. All fields at their longest are less, but for the name of somebody who means it.
const MOST_BYTES: usize = 3_900;
const SECONDS: u16 = 600;
/// Before a form that was not sent on, because nobody was signed in any more.
const UNSENT: char = '!';

/// One form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The address that it was sent to.
    pub(crate) action: String,
    /// Whether nothing looked at it, because the session had ended.
    pub(crate) is_unsent: bool,
    fields: Vec<(String, String)>,
}

impl Typed {
    /// The forms that a request brings with it.
    pub(crate) fn all(headers: &HeaderMap) -> impl Iterator<Item = Self> {
        cookies(headers).filter(|(name, _)| name.starts_with(COOKIE)).filter_map(|(_, value)| Self::read(value))
    }

    /// That of the form that is sent to `action`.
    pub(crate) fn of(headers: &HeaderMap, action: &str) -> Option<Self> {
        Self::all(headers).find(|typed| typed.action == action)
    }

    fn read(value: &str) -> Option<Self> {
        let (is_unsent, value) = value.strip_prefix(UNSENT).map_or((false, value), |rest| (true, rest));
        let uri = value.parse::<Uri>().ok()?;
        let Query(fields) = Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
        Some(Self { action: uri.path().to_owned(), is_unsent, fields })
    }

    /// What stood in a field of it.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone())
    }
}

/// The cookie that brings back what a form held when it was refused, if that was anything.
pub(crate) fn keep(parts: &Parts, form: &Bytes, is_unsent: bool) -> Option<HeaderValue> {
    let mark = if is_unsent { UNSENT.to_string() } else { String::new() };
    let kept = kept(form);
    if kept.is_empty() { None } else { set(parts, &format!("{mark}{}?{kept}", parts.uri.path()), SECONDS) }
}

/// The cookie that forgets it, where the request brought it for this very form.
pub(crate) fn forget(parts: &Parts) -> Option<HeaderValue> {
    Typed::of(&parts.headers, parts.uri.path())?;
    set(parts, "", 0)
}

fn set(parts: &Parts, value: &str, seconds: u16) -> Option<HeaderValue> {
    let form = parts.uri.path().rsplit('/').next().unwrap_or_default();
    let secure = if is_https(parts) { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{COOKIE}{form}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")).ok()
}

/// The pairs of a form that may come back, as the browser has written them: a form's own encoding needs no other in a cookie.
fn kept(form: &[u8]) -> String {
    let mut kept = String::new();
    let text = std::str::from_utf8(form).unwrap_or_default();
    for pair in text.split('&').filter(|pair| is_kept(pair)) {
        if kept.len() + pair.len() < MOST_BYTES {
            if !kept.is_empty() {
                kept.push('&');
            }
            kept.push_str(pair);
        }
    }
    kept
}

fn is_kept(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    FIELDS.contains(&name) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"%+-._*~".contains(&b))
}

#[cfg(test)]
mod tests {
    use axum::http::{Request, header};

    use super::*;

    fn parts(path: &str, cookie: &str) -> Parts {
        Request::post(path).header(header::COOKIE, cookie).body(()).expect("a request").into_parts().0
    }

    /// The cookie as the browser sends it back, and what is read of it.
    fn there_and_back(form: &str, is_unsent: bool) -> (String, Typed) {
        let set = keep(&parts("/ui/setup", ""), &Bytes::copy_from_slice(form.as_bytes()), is_unsent).expect("a cookie");
        let set = set.to_str().expect("text").to_owned();
        let (pair, how) = set.split_once("; ").expect("attributes");
        assert_eq!(how, "Path=/; Max-Age=600; HttpOnly; SameSite=Strict");
        let back = Typed::of(&parts("/setup", &format!("lang=es; typed-profile=!/ui/profile?name=b; {pair}")).headers, "/ui/setup")
            .expect("typed");
        (set, back)
    }

    #[test]
    fn what_was_typed_comes_back_and_no_password() {
        let form = "code=vgl_x&email=a%2Bb%40example.org&name=%3Cscript%3E%22%3B+%C3%91&password=correct+horse&current=secret&next=%2F";
        let (set, back) = there_and_back(form, false);
        assert!(!set.contains("horse") && !set.contains("secret"), "{set}");
        let field = |name| back.field(name);
        assert_eq!(field("name").as_deref(), Some("<script>\"; Ñ"));
        assert_eq!((field("email").as_deref(), field("code").as_deref()), (Some("a+b@example.org"), Some("vgl_x")));
        assert_eq!((field("password"), back.is_unsent), (None, false));
        assert!(there_and_back(form, true).1.is_unsent);
    }

    #[test]
    fn what_no_browser_writes_and_what_is_too_long_stays_away() {
        let (set, back) = there_and_back("name=a;Max-Age=9&email=b%40c", false);
        assert!(!set.contains("Max-Age=9"), "{set}");
        assert_eq!((back.field("name"), back.field("email").as_deref()), (None, Some("b@c")));
        let longest = format!("email={}&name={}", "e".repeat(300), "%E4%BD%A0".repeat(300));
        assert_eq!(there_and_back(&longest, false).1.field("name").expect("kept").chars().count(), 300);
        let (set, back) = there_and_back(&format!("name={}&email=b%40c", "x".repeat(5_000)), false);
        assert!(set.len() < 4_096 && back.field("email").is_some(), "{set}");
        for odd in ["", "%", "?", "a b", "/ui/setup?%ff=%ff", "!"] {
            let read = Typed::of(&parts("/", &format!("typed-setup={odd}")).headers, "/ui/setup");
            assert!(read.is_none_or(|typed| typed.field("name").is_none()), "{odd}");
        }
    }

    #[test]
    fn a_form_of_secrets_alone_leaves_nothing() {
        assert!(keep(&parts("/ui/password", ""), &Bytes::from_static(b"current=secret&password=correct+horse"), true).is_none());
    }

    #[test]
    fn it_is_forgotten_by_the_form_that_it_is_of() {
        assert!(forget(&parts("/ui/setup", "typed-setup=/ui/setup?name=a")).is_some());
        assert!(forget(&parts("/ui/sign-in", "typed-profile=!/ui/profile?name=a")).is_none());
        assert!(forget(&parts("/ui/setup", "lang=es")).is_none());
    }
}
