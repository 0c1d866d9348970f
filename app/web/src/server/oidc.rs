//! Ways in by somebody else's sign-in: at the door, and in one's own settings.

use axum::extract::Query;
use axum::http::request::Parts;
use serde::Deserialize;
use vigia_backend::app::App;
use vigia_backend::auth::oidc::{self, NotUnlinked, Refused};
use vigia_backend::auth::sign_in::SignInError;
use vigia_domain::ids::UserId;

use super::{Asked, go_on, told};
use crate::boot::Way;
use crate::fault::Fault;
use crate::i18n::Texts;
use crate::pages::settings::{OwnIdentity, Provider};

/// The other ways in, which lead back to the page that is asked for.
pub(crate) fn ways(parts: &Parts, t: &'static Texts) -> Vec<Way> {
    let Some(app) = parts.extensions.get::<App>() else { return Vec::new() };
    let next = next(parts);
    let way = |(name, label): (String, String)| Way { href: oidc::way(&name, &next), says: t.oidc_enter(label) };
    oidc::linkable(app).into_iter().map(way).collect()
}

/// Path and query of this page, without what a failed form left in it; home, for who is at the door itself.
fn next(parts: &Parts) -> String {
    let path = parts.uri.path();
    if matches!(path, "/" | "/sign-in") {
        return "/".to_owned();
    }
    let rest: Vec<&str> =
        parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("__")).collect();
    if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }
}

/// Why somebody came back from a provider and is not in, or has linked nothing.
pub(crate) fn said(parts: &Parts, t: &'static Texts) -> Option<String> {
    #[derive(Deserialize)]
    struct Came {
        oidc: String,
    }
    if !matches!(parts.uri.path(), "/sign-in" | "/settings") {
        return None;
    }
    let Query(Came { oidc }) = Query::try_from_uri(&parts.uri).ok()?;
    let text = match oidc.as_str() {
        "unknown" => t.oidc_unknown,
        "again" => t.oidc_again,
        "declined" => t.oidc_declined,
        "refused" => t.oidc_refused,
        "away" => t.oidc_away,
        "unverified" => t.oidc_unverified,
        "no-account" => t.oidc_no_account,
        "another" => t.oidc_another,
        "taken" => t.oidc_taken,
        "stale" => t.oidc_stale,
        "full" => t.oidc_full,
        "slow" => t.oidc_slow,
        "later" => t.oidc_later,
        "last-way" => t.oidc_last_way,
        _ => return None,
    };
    Some(text.to_owned())
}

/// What somebody is to providers, and which of those there are.
pub(super) async fn identities(asked: &Asked, user: UserId) -> Result<(Vec<OwnIdentity>, Vec<Provider>), Fault> {
    let own = oidc::linked(&asked.app, user).await?.into_iter();
    let own = own.map(|oidc::OwnIdentity { id, label, email, used_ms, .. }| OwnIdentity { id, label, email, used_ms });
    let providers = oidc::linkable(&asked.app).into_iter().map(|(name, label)| Provider { name, label });
    Ok((own.collect(), providers.collect()))
}

/// Goes to a provider, to link what somebody is to it.
pub(crate) async fn link_identity(provider: &str) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    match oidc::may_link(&asked.app, &asked.session()?, user, provider).await {
        Ok(()) => go_on(&oidc::way(provider, "/settings")),
        Err(Refused::TooMany(many)) => return told(Err(SignInError::TooMany(many).into())),
        Err(Refused::Session(error)) => return told(Err(SignInError::Session(error).into())),
        Err(refused) => go_on(&format!("/settings?oidc={}", refused.word())),
    }
    Ok(())
}

/// Takes away what somebody is to a provider, unless it is their last way in.
pub(crate) async fn unlink_identity(id: i64) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    match oidc::unlink(&asked.app, &asked.from, user, id).await {
        // One that is gone already is as good as gone.
        Ok(()) | Err(NotUnlinked::Missing) => go_on("/settings?done=unlinked"),
        Err(NotUnlinked::LastWay) => go_on("/settings?oidc=last-way"),
        Err(NotUnlinked::TooMany(many)) => return told(Err(SignInError::TooMany(many).into())),
        Err(NotUnlinked::Db(error)) => return told(Err(error.into())),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use super::*;
    use crate::i18n::{EN, ES};

    fn at(address: &str) -> Parts {
        Request::get(address).body(Body::empty()).expect("a request").into_parts().0
    }

    #[test]
    fn a_way_in_leads_back_to_the_page_that_was_asked_for() {
        assert_eq!(next(&at("/devices/m1?range=24h&__path=%2Fui%2Fsign-in&__err=x")), "/devices/m1?range=24h");
        assert_eq!(next(&at("/devices?__err=x")), "/devices");
        assert_eq!(next(&at("/sign-in?oidc=refused")), "/");
    }

    #[test]
    fn a_reason_is_said_where_it_belongs_and_only_one_of_ours() {
        assert_eq!(said(&at("/sign-in?oidc=away"), &ES).as_deref(), Some(ES.oidc_away));
        assert_eq!(said(&at("/settings?oidc=last-way"), &EN).as_deref(), Some(EN.oidc_last_way));
        assert_eq!(said(&at("/sign-in?oidc=%3Cb%3E"), &EN), None);
        assert_eq!(said(&at("/devices?oidc=away"), &EN), None);
    }
}
