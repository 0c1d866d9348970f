//! `/.well-known/security.txt` (RFC 9116): where who has found a hole tells it. Whom they tell is the operator's to say: without
//! `http.security_contact` there is no such file, for an address that nobody reads is worse than none.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use vigia_domain::time;

use super::problem::Problem;
use super::table::{Right, Route};
use crate::app::App;
use crate::config::Http;

const PATH: &str = "/.well-known/security.txt";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How long the file is good for: RFC 9116 asks for less than a year. It is written anew for who asks, so half of one is
/// for those who keep it.
const GOOD_DAYS: i64 = 180;

pub(super) fn route() -> Route {
    Route::get(PATH, Right::Public, answer)
        .summary("Whom to tell of a hole in this installation's security (RFC 9116)")
        .answers_text("text/plain; charset=utf-8", "the file")
        .refuses(404, "the operator has named nobody (http.security_contact)")
        .example_ends(404)
}

async fn answer(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let text = text(&app.settings().http, app.world().clock.now_ms()).ok_or_else(Problem::not_found)?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}

/// The file, if there is somebody to tell. The same all day, so that who compares two sees when it was changed.
fn text(http: &Http, now_ms: i64) -> Option<String> {
    let contact = http.security_contact.as_deref()?;
    let expires = time::to_text(now_ms - now_ms.rem_euclid(DAY_MS) + GOOD_DAYS * DAY_MS);
    let mut text = format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: es, en\n");
    if let Some(url) = &http.public_url {
        text.push_str(&format!("Canonical: {}{PATH}\n", url.trim_end_matches('/')));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01T12:00:00Z.
    const NOON: i64 = 1_772_366_400_000;

    fn http(contact: Option<&str>, public_url: Option<&str>) -> Http {
        Http { security_contact: contact.map(str::to_owned), public_url: public_url.map(str::to_owned), ..Http::default() }
    }

    #[test]
    fn it_says_whom_to_tell_until_when_and_where_it_belongs() {
        let found = text(&http(Some("mailto:security@example.org"), Some("https://vigia.example/")), NOON);
        let wanted = "Contact: mailto:security@example.org\nExpires: 2026-08-28T00:00:00.000Z\nPreferred-Languages: es, en\n\
                      Canonical: https://vigia.example/.well-known/security.txt\n";
        assert_eq!(found.as_deref(), Some(wanted));
        let elsewhere = text(&http(Some("https://example.org/security"), None), NOON).expect("a file");
        assert!(!elsewhere.contains("Canonical"), "{elsewhere}");
    }

    #[test]
    fn without_somebody_to_tell_there_is_none() {
        assert_eq!(text(&http(None, Some("https://vigia.example")), NOON), None);
    }
}
