//! Ways in for people: password and set-up link. Those by other links: [`super::redeem`].

use tower_sessions::Session;
use vigia_domain::rights::Principal;
use vigia_domain::user::{Role, Visitor};

use super::password::{self, BadPassword};
use super::second_step::{self, Entered};
use super::{session, store, token};
use crate::app::App;
use crate::db::audit::{Actor, By};
use crate::db::links::{self, Purpose};
use crate::db::users::{self, NewUser, User, Waits};
use crate::db::{DbError, sessions};
use crate::limit::TooMany;
use crate::origin::Origin;

/// Why somebody did not get in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No such address, no password, disabled, or the wrong password: never said which.
    #[error("address, user name or password is wrong, or the account is not open yet")]
    Wrong,
    /// The right password of an account that nobody has let in yet.
    #[error("this account waits to be let in by who runs the installation")]
    Waits,
    /// The link was used, has run out or never was.
    #[error("this link was used already, or its time is over")]
    LinkOver,
    /// The password was right, and there is a second step.
    #[error("this account has a second step: give a code of its app, or a recovery code")]
    NeedsCode,
    /// No code of theirs, or one that was used.
    #[error("this code is wrong, or was used already")]
    WrongCode,
    /// Nobody has passed a first step here, or it was too long ago.
    #[error("it took too long, or nothing was begun; sign in from the beginning")]
    StepOver,
    /// No address.
    #[error("this is no e-mail address")]
    Email,
    /// The address is taken.
    #[error("this address has an account already")]
    EmailTaken,
    /// Too many wrong tries, or too many at once.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The password is too weak.
    #[error(transparent)]
    Password(#[from] BadPassword),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The key that signs access tokens.
    #[error("{0}")]
    Signing(String),
    /// The secret of a second step cannot be read, or made, by this process.
    #[error("{0}")]
    Sealing(String),
    /// The session store.
    #[error("session: {0}")]
    Session(#[from] session::SessionError),
}

/// Signs in with address and password, or asks for the second step. `from` is the visitor's network address.
///
/// # Errors
/// [`SignInError::Wrong`], [`SignInError::TooMany`] and the stores' errors.
pub async fn sign_in(app: &App, session: &Session, from: &Origin, email: &str, password: &str) -> Result<Entered, SignInError> {
    let user = known(app, from, email, password).await?;
    second_step::enter(app, session, from, &user, "sign-in").await
}

/// Who that is, for who keeps no session.
///
/// # Errors
/// As [`sign_in`].
pub async fn known(app: &App, from: &Origin, login: &str, password: &str) -> Result<User, SignInError> {
    counted(app, from, Some(login), with_password(app, login, password)).await
}

/// A try: it counts against whoever makes it when it was a wrong guess, and not when it was right or what is our own fault.
pub(super) async fn counted<T>(
    app: &App,
    from: &Origin,
    account: Option<&str>,
    way: impl Future<Output = Result<T, SignInError>>,
) -> Result<T, SignInError> {
    let this = app.tries().begin(from.address, account)?;
    let done = way.await;
    if !matches!(done, Err(SignInError::Wrong | SignInError::LinkOver)) {
        this.forgive();
    }
    done
}

/// Whose address or user name and password these are.
async fn with_password(app: &App, email: &str, password: &str) -> Result<User, SignInError> {
    // What is no address is nobody's, and is not asked for: PostgreSQL would stumble over a NUL in it. It takes as long as any other.
    let found = if is_login(email) { users::by_login(app.registry(), email).await? } else { None }.filter(|user| !user.disabled);
    let hash = found.as_ref().and_then(|user| user.password_hash.as_deref());
    let right = app.passwords().verify(password, hash).await?;
    match found {
        // Said to who has shown that the address is theirs; else it would say which addresses were new when somebody registered.
        Some(user) if right && user.waits == Some(Waits::Approval) && user.confirmed => Err(SignInError::Waits),
        Some(user) if right && user.waits.is_some() => Err(SignInError::Wrong),
        Some(user) if right => Ok(user),
        _ => Err(SignInError::Wrong),
    }
}

/// Ends the session.
///
/// # Errors
/// The stores'; it goes on then.
pub async fn sign_out(app: &App, session: &Session, from: &Origin) -> Result<(), SignInError> {
    if let (Some(user), Some(id)) = (session::user(session).await?, session.id()) {
        let actor = Actor::user(user.0, from);
        sessions::end_of(app.registry(), user, &store::hash(&id), By { actor: &actor, at_ms: app.world().clock.now_ms() }).await?;
    }
    Ok(session::end(session).await?)
}

/// Makes an administrator by a set-up link, and signs them in.
///
/// # Errors
/// [`SignInError`]; the link still works then, unless it was the link that was wrong.
pub async fn redeem_setup(
    app: &App,
    session: &Session,
    from: &Origin,
    code: &str,
    email: &str,
    name: &str,
    password: &str,
) -> Result<Entered, SignInError> {
    counted(app, from, None, with_setup_code(app, session, from, code, email, name, password)).await
}

async fn with_setup_code(
    app: &App,
    session: &Session,
    from: &Origin,
    code: &str,
    email: &str,
    name: &str,
    password: &str,
) -> Result<Entered, SignInError> {
    if !is_email(email) {
        return Err(SignInError::Email);
    }
    password::check(password, &[email, name])?;
    let now_ms = app.world().clock.now_ms();
    let code_hash = token::hash(code.trim().as_bytes());
    // Looked at before the costly hash, taken after it: whoever leaves in between has not spent the link.
    if links::look(app.registry(), &code_hash, Purpose::Setup, now_ms).await?.is_none() {
        return Err(SignInError::LinkOver);
    }
    let hash = app.passwords().hash(app.world(), password).await;
    let new = NewUser { email, name: &shown(name), role: Role::Admin, password_hash: Some(&hash) };
    let taken = links::take_setup(app.registry(), &code_hash, &new, from, now_ms).await;
    let id = taken.map_err(|e| if e.is_duplicate() { SignInError::EmailTaken } else { e.into() })?.ok_or(SignInError::LinkOver)?;
    let user = users::by_id(app.registry(), id).await?.ok_or(DbError::Missing("users"))?;
    second_step::enter(app, session, from, &user, "setup").await
}

/// A name as it can be kept and shown: without what no screen shows and PostgreSQL does not keep.
pub(crate) fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// Who a principal is, for the page; `None` for all but users.
///
/// # Errors
/// [`DbError`].
pub async fn visitor(app: &App, principal: &Principal) -> Result<Option<Visitor>, DbError> {
    let Principal::User { id, .. } = principal else { return Ok(None) };
    Ok(users::by_id(app.registry(), *id).await?.as_ref().map(visitor_of))
}

pub(super) fn visitor_of(user: &User) -> Visitor {
    let name = if user.name.is_empty() { user.email.split('@').next().unwrap_or_default().to_owned() } else { user.name.clone() };
    Visitor {
        email: user.email.clone(),
        name,
        role: user.role,
        rights: user.rights(),
        lang: user.lang.clone(),
        theme: user.theme.clone(),
        zone: user.zone.clone(),
    }
}

/// Whether a text can be what somebody signs in with.
fn is_login(text: &str) -> bool {
    is_email(text) || super::register::is_username(text)
}

/// Something on both sides of one `@`; the mail itself is the real test.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 254
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && host.contains('.') && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.')
        })
        // What no mail can go to is nobody's.
        && text.parse::<lettre::Address>().is_ok()
}
