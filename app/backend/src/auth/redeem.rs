//! What a link that came by mail, or that the demo has printed, opens: once.

use tower_sessions::Session;
use vigia_domain::ids::UserId;
use vigia_domain::user::Visitor;

use super::password;
use super::sign_in::{SignInError, counted};
use super::{second_step, token};
use crate::app::App;
use crate::db::links::{self, Purpose};
use crate::db::registrations;
use crate::db::users::{self, User};
use crate::origin::Origin;

/// What an entry link has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// Its owner is in.
    In(Visitor),
    /// Their second step is asked for next.
    Second,
    /// The first that its owner comes by this address, whose account has a password that somebody else may have chosen: that one is over, and with
    /// this code there is another.
    Choose(String),
}

impl From<second_step::Entered> for Entered {
    fn from(entered: second_step::Entered) -> Self {
        match entered {
            second_step::Entered::In(visitor) => Self::In(visitor),
            second_step::Entered::Second => Self::Second,
        }
    }
}

/// Signs in by an entry link.
///
/// # Errors
/// [`SignInError::LinkOver`] and the stores' errors.
pub async fn entry(app: &App, session: &Session, from: &Origin, code: &str) -> Result<Entered, SignInError> {
    let way = async {
        let (registry, now_ms) = (app.registry(), app.world().clock.now_ms());
        let taken = links::take(registry, &hash(code), Purpose::Enter, now_ms).await?;
        let user = let_in(app, taken).await?;
        if registrations::confirm(registry, user.id, from, now_ms).await? {
            let code = token::make(app.world(), token::Kind::Link);
            links::insert(registry, &hash(&code), Purpose::Reset, Some(user.id), now_ms, now_ms + super::links::MAILED_MS).await?;
            return Ok(Entered::Choose(code));
        }
        // Another password that came in between has ended its links, too.
        let entered = second_step::enter(app, session, from, &user, "link").await;
        entered.map(Into::into).map_err(|error| if matches!(error, SignInError::Wrong) { SignInError::LinkOver } else { error })
    };
    counted(app, from, None, way).await
}

/// Gives the owner of a link another password, and ends all of their sessions and links.
///
/// # Errors
/// [`SignInError::LinkOver`], [`SignInError::Password`] (the link still works then), [`SignInError::TooMany`] and the stores' errors.
pub async fn reset(app: &App, from: &Origin, code: &str, new: &str) -> Result<User, SignInError> {
    let way = async {
        let code_hash = hash(code);
        // Looked at before the costly hash, taken after it: whoever leaves in between has not spent the link.
        let looked = links::look(app.registry(), &code_hash, Purpose::Reset, app.world().clock.now_ms()).await?;
        let user = let_in(app, looked).await?;
        password::check(new, &[&user.email, &user.name])?;
        let new_hash = app.passwords().hash(app.world(), new).await;
        let taken = links::take_reset(app.registry(), &code_hash, &new_hash, from, app.world().clock.now_ms()).await?;
        let id = taken.ok_or(SignInError::LinkOver)?;
        app.mails().tell();
        // As they are with it.
        users::by_id(app.registry(), id).await?.ok_or(SignInError::LinkOver)
    };
    counted(app, from, None, way).await
}

/// The same for a browser, whose owner is in afterwards, or gives the code of their second step.
///
/// # Errors
/// As [`reset`], and [`SignInError::Session`].
pub async fn reset_and_enter(app: &App, session: &Session, from: &Origin, code: &str, new: &str) -> Result<Entered, SignInError> {
    let user = reset(app, from, code, new).await?;
    second_step::enter(app, session, from, &user, "reset").await.map(Into::into)
}

pub(super) fn hash(code: &str) -> String {
    token::hash(code.trim().as_bytes())
}

/// Whose link it is, where there is one and its owner may come in.
async fn let_in(app: &App, of: Option<Option<UserId>>) -> Result<User, SignInError> {
    let id = of.flatten().ok_or(SignInError::LinkOver)?;
    users::by_id(app.registry(), id).await?.filter(|user| user.enabled).ok_or(SignInError::LinkOver)
}
