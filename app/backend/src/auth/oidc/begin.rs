//! The way to a provider.

use tower_sessions::Session;
use vigia_domain::ids::UserId;

use super::finish::of_sign_in;
use super::provider::Asked;
use super::started::{self, A_MINUTE_MS, Linking, Started, TEN_MINUTES_MS};
use super::{Refused, Turned};
use crate::app::App;
use crate::auth::{account, session};
use crate::origin::Origin;

/// Where a link comes out: the page of settings, which says that it is done.
const LINKED: &str = "/settings?done=linked";

/// A sign-in that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The provider's page.
    pub url: String,
    /// What the provider is called.
    pub label: String,
    /// A form began it. A browser does not follow a form's answer to another site where the page says so (`form-action`): it has to be led on
    /// otherwise.
    pub is_link: bool,
}

/// Begins a sign-in by this provider, which comes out at `next`, an address of ours.
///
/// # Errors
/// [`Turned`].
pub async fn begin(app: &App, session: &Session, from: &Origin, name: &str, next: &str) -> Result<Begun, Turned> {
    let link = match linking(app, session, name).await {
        Ok(link) => link,
        Err(why) => return Err(turned(why, name, false)),
    };
    let way = to_provider(app, session, from, name, next, link).await;
    way.map_err(|why| turned(why, name, link.is_some()))
}

fn turned(why: Refused, name: &str, is_link: bool) -> Turned {
    why.note(name);
    Turned { why, is_link }
}

/// Whose form has just asked for a link to this provider.
async fn linking(app: &App, session: &Session, name: &str) -> Result<Option<UserId>, Refused> {
    let Some(linking) = started::take_link(session).await? else { return Ok(None) };
    let is_theirs = session::user(session).await? == Some(linking.user);
    let is_now = linking.until_ms > app.world().clock.now_ms() && linking.provider == name;
    Ok(Some(linking.user).filter(|_| is_theirs && is_now))
}

async fn to_provider(app: &App, session: &Session, from: &Origin, name: &str, next: &str, link: Option<UserId>) -> Result<Begun, Refused> {
    let providers = app.providers();
    let provider = providers.named(name).ok_or(Refused::Unknown)?;
    // Each counts, whatever comes of it: it keeps a row here and asks something of the provider.
    let _counted = providers.begun().begin(from.address, None)?;
    let Asked { url, state, nonce, verifier } = provider.ask().await?;
    let next = if link.is_some() { LINKED } else { next };
    let until_ms = app.world().clock.now_ms() + TEN_MINUTES_MS;
    let started = Started { provider: name.to_owned(), state, nonce, verifier, next: next.to_owned(), link, until_ms };
    started::keep(session, &started).await?;
    Ok(Begun { url, label: provider.label().to_owned(), is_link: link.is_some() })
}

/// Remembers that somebody wants to link what they are to this provider: the next thing that their browser begins there, within a minute.
/// What calls this is a form of ours, so that nobody else begins it for them; who signed in long ago does so again first.
///
/// # Errors
/// [`Refused::Unknown`], [`Refused::Stale`], [`Refused::TooMany`] and the stores' errors.
pub async fn may_link(app: &App, session: &Session, user: UserId, name: &str) -> Result<(), Refused> {
    app.providers().named(name).ok_or(Refused::Unknown)?;
    if !account::is_recent(app, session, user).await.map_err(of_sign_in)? {
        return Err(Refused::Stale);
    }
    app.changes().take(user)?;
    let until_ms = app.world().clock.now_ms() + A_MINUTE_MS;
    Ok(started::keep_link(session, &Linking { provider: name.to_owned(), user, until_ms }).await?)
}
