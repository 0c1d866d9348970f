//! How people come in for the first time: they register, or they are invited; they show that the address is theirs; somebody lets them in.
//! Who registers learns nothing of whether an address has an account: each is answered in the same way, with the same work, and one mail waits.

use tower_sessions::Session;
use vigia_domain::ids::UserId;
use vigia_domain::user::Role;

use super::account::LONGEST_NAME;
use super::password;
use super::redeem::hash;
use super::second_step::{self, Entered};
use super::sign_in::{SignInError, counted, is_email, shown};
use crate::app::App;
use crate::config::Registration;
use crate::db::DbError;
use crate::db::audit::{Actor, By};
use crate::db::links::{self, Purpose};
use crate::db::mails::{self, Kind};
use crate::db::registrations::{self, Newcomer, Registered};
use crate::db::users::{self, Waits};
use crate::origin::Origin;

/// The longest user name, in characters.
pub const LONGEST_USERNAME: usize = 64;

/// Who registers.
#[derive(Clone, Copy, Debug)]
pub struct Applicant<'a> {
    /// Address.
    pub email: &'a str,
    /// What they want to sign in with beside it.
    pub username: Option<&'a str>,
    /// Name; may be empty.
    pub name: &'a str,
    /// Password, from an app that asks for it at once; else it is chosen with the link that is mailed.
    pub password: Option<&'a str>,
    /// Language, `es` or `en`.
    pub lang: Option<&'a str>,
}

/// Why nobody was registered.
#[derive(Debug, thiserror::Error)]
pub enum NotRegistered {
    /// The setting says so.
    #[error("nobody opens an account here by themselves; ask who runs this installation for an invitation")]
    Closed,
    /// The user name cannot be one.
    #[error("a user name has 3 to {LONGEST_USERNAME} letters, digits and . _ -")]
    Username,
    /// The user name is somebody else's.
    #[error("this user name is taken")]
    UsernameTaken,
    /// Too many wait.
    #[error("too many registrations wait here; try again tomorrow")]
    Full,
    /// As when one signs in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl From<DbError> for NotRegistered {
    fn from(error: DbError) -> Self {
        Self::SignIn(error.into())
    }
}

/// Lets somebody register where everybody may.
///
/// # Errors
/// [`NotRegistered`].
pub async fn register(app: &App, from: &Origin, who: Applicant<'_>) -> Result<(), NotRegistered> {
    let accounts = app.settings().accounts;
    if accounts.registration != Registration::Open {
        return Err(NotRegistered::Closed);
    }
    if !is_email(who.email) {
        return Err(SignInError::Email.into());
    }
    if who.username.is_some_and(|name| !is_username(name)) {
        return Err(NotRegistered::Username);
    }
    let name: String = shown(who.name).chars().take(LONGEST_NAME).collect();
    if let Some(password) = who.password {
        password::check(password, &[who.email, &name, who.username.unwrap_or_default()]).map_err(SignInError::from)?;
    }
    let _counted = app.asked_links().begin(from.address, Some(who.email)).map_err(SignInError::from)?;
    let hash = match who.password {
        Some(password) => Some(app.passwords().hash(app.world(), password).await),
        None => None,
    };
    // Who has chosen a password needs the operator alone, who looks at the address, too; or nobody, where the settings say so.
    let waits = if hash.is_some() && (accounts.approval || !accounts.confirmation) { Waits::Approval } else { Waits::Mail };
    let now_ms = app.world().clock.now_ms();
    let new = Newcomer {
        email: who.email,
        username: who.username,
        name: &name,
        role: Role::Customer,
        // With the link in the mail it is chosen anew, and nobody signs in before.
        password_hash: hash.as_deref().filter(|_| waits == Waits::Approval),
        lang: who.lang,
        waits,
    };
    let by = By { actor: &Actor::nobody(from), at_ms: now_ms };
    let (user, kind) = match registrations::register(app.registry(), new, by).await? {
        Registered::New(id) if waits == Waits::Approval && !accounts.approval => {
            approve(app, id, Role::Customer, &Actor::SYSTEM).await?;
            return Ok(());
        }
        Registered::New(id) => (Some(id), if waits == Waits::Mail { Kind::Join } else { Kind::Received }),
        Registered::Known(id) => told(app, id).await?,
        Registered::NameTaken => return Err(NotRegistered::UsernameTaken),
        Registered::Full => return Err(NotRegistered::Full),
    };
    mails::insert(app.registry(), kind, user, now_ms).await?;
    app.mails().tell();
    Ok(())
}

/// What the owner of an address is told when somebody registers with it once more.
async fn told(app: &App, id: UserId) -> Result<(Option<UserId>, Kind), NotRegistered> {
    let user = users::by_id(app.registry(), id).await?;
    Ok(match user {
        Some(user) if !user.disabled => {
            let kind = match user.waits {
                Some(Waits::Mail | Waits::Invite) => Kind::Join,
                // Told once.
                Some(Waits::Approval) => return Ok((None, Kind::Received)),
                None => Kind::Known,
            };
            (Some(user.id), kind)
        }
        _ => (None, Kind::Known),
    })
}

/// Invites somebody; `by` whom is in the audit log, and `was` what who has the address was to be when it was looked at. `false`: the address has
/// an account already, or somebody else has invited it since.
///
/// # Errors
/// [`NotRegistered`].
pub async fn invite(app: &App, email: &str, name: &str, role: Role, was: Option<Role>, actor: &Actor) -> Result<bool, NotRegistered> {
    if app.settings().accounts.registration == Registration::Off {
        return Err(NotRegistered::Closed);
    }
    if !is_email(email) {
        return Err(SignInError::Email.into());
    }
    let now_ms = app.world().clock.now_ms();
    let name: String = shown(name).chars().take(LONGEST_NAME).collect();
    let new = Newcomer { email, username: None, name: &name, role, password_hash: None, lang: None, waits: Waits::Invite };
    let by = By { actor, at_ms: now_ms };
    let user = match registrations::register(app.registry(), new, by).await? {
        Registered::New(id) => id,
        // An invitation goes out once more, as it is said now.
        Registered::Known(id) => match was {
            Some(was) if registrations::invite_again(app.registry(), id, &name, was, role, by).await? => id,
            _ => return Ok(false),
        },
        Registered::NameTaken => return Ok(false),
        Registered::Full => return Err(NotRegistered::Full),
    };
    mails::insert(app.registry(), Kind::Invite, Some(user), now_ms).await?;
    app.mails().tell();
    Ok(true)
}

/// Lets somebody in who waits for it and is what they `was` when they were looked at, and writes to them. `false`: nobody waits there any more.
///
/// # Errors
/// [`crate::db::DbError`].
pub async fn approve(app: &App, id: UserId, was: Role, actor: &Actor) -> Result<bool, DbError> {
    let now_ms = app.world().clock.now_ms();
    if !registrations::approve(app.registry(), id, was, By { actor, at_ms: now_ms }).await? {
        return Ok(false);
    }
    mails::insert(app.registry(), Kind::Approved, Some(id), now_ms).await?;
    app.mails().tell();
    Ok(true)
}

/// Opens the link of an invitation or a registration. `None`: they wait for an operator's word now.
///
/// # Errors
/// [`SignInError::LinkOver`], [`SignInError::Password`] (the link still works then), [`SignInError::TooMany`] and the stores' errors.
pub async fn join(app: &App, session: &Session, from: &Origin, code: &str, name: &str, new: &str) -> Result<Option<Entered>, SignInError> {
    let way = async {
        let (code_hash, registry) = (hash(code), app.registry());
        let looked = links::look(registry, &code_hash, Purpose::Join, app.world().clock.now_ms()).await?;
        let id = looked.flatten().ok_or(SignInError::LinkOver)?;
        let user = users::by_id(registry, id).await?.filter(|user| !user.disabled).ok_or(SignInError::LinkOver)?;
        let name: String = shown(name).chars().take(LONGEST_NAME).collect();
        password::check(new, &[&user.email, &name, user.username.as_deref().unwrap_or_default()])?;
        let new_hash = app.passwords().hash(app.world(), new).await;
        let (approval, now_ms) = (app.settings().accounts.approval, app.world().clock.now_ms());
        let joined = registrations::join(registry, &code_hash, &name, &new_hash, approval, from, now_ms).await?;
        let (id, waits) = joined.ok_or(SignInError::LinkOver)?;
        if waits.is_some() {
            return Ok(None);
        }
        let user = users::by_id(registry, id).await?.ok_or(SignInError::LinkOver)?;
        second_step::enter(app, session, from, &user, "join").await.map(Some)
    };
    counted(app, from, None, way).await
}

/// Whether a text can be a user name. No `@`: what has one is an address.
#[must_use]
pub fn is_username(text: &str) -> bool {
    let text = text.trim();
    (3..=LONGEST_USERNAME).contains(&text.chars().count()) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))
}
