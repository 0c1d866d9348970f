//! The second step of signing in, for who has switched it on. Whatever the first step was (a password, a mailed link, somebody else's sign-in), it
//! ends in [`enter`]: who has no second step is in then; who has one is nobody until [`finish`] has their code.

use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use vigia_domain::ids::UserId;
use vigia_domain::user::Visitor;

use super::sealing::SealingError;
use super::session;
use super::sign_in::{SignInError, visitor_of};
use super::{recovery, token, totp};
use crate::app::App;
use crate::db::audit::{Actor, By};
use crate::db::second_steps::{self, Bound, Step};
use crate::db::users::{self, User};
use crate::db::{DbError, sealing_keys};
use crate::limit::TooMany;
use crate::origin::Origin;

/// How long a first step holds, in milliseconds.
pub const FIRST_MS: i64 = 10 * 60 * 1000;
/// How often codes of one account may be wrong, from all addresses together. Who guesses has passed the first step already, so this keeps nobody out
/// who did not lose their password; and its owner has recovery codes, which are not counted here because nobody guesses one. A guess has three
/// chances in a million: in a whole month of guessing, at one each ten minutes, 1.3 in a hundred.
const BOUND: Bound = Bound { tries: 10, each_ms: 10 * 60 * 1000 };
/// In a session: who passed the first step.
const FIRST: &str = "first";

/// What a first step has led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// They are in.
    In(Visitor),
    /// Their code is asked for next.
    Second,
}

impl Entered {
    /// Who is in.
    #[must_use]
    pub fn visitor(self) -> Option<Visitor> {
        match self {
            Self::In(visitor) => Some(visitor),
            Self::Second => None,
        }
    }
}

/// By what a second step was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// A code of the app.
    Code,
    /// A recovery code, which is worth nothing now.
    Recovery,
}

impl Passed {
    /// The way in, after this way of a first step; for the audit log.
    pub(super) fn way(self, first: &str) -> String {
        match self {
            Self::Code => format!("{first}+totp"),
            Self::Recovery => format!("{first}+recovery"),
        }
    }
}

/// Who passed the first step, as the session holds it: nobody that anything else asks for.
#[derive(Serialize, Deserialize)]
struct First {
    user: UserId,
    way: String,
    at_ms: i64,
    /// Of the password that they had then, as [`mark`] makes it.
    mark: String,
}

/// Signs somebody in who has just shown who they are, or asks for their second step. `user`: as they were when they showed it; another password that
/// came in between ends it. `way` is how they came, for the audit log.
///
/// # Errors
/// [`SignInError::Wrong`] when the account is not as it was, and the stores' errors; nobody is signed in then.
pub async fn enter(app: &App, session: &Session, from: &Origin, user: &User, way: &str) -> Result<Entered, SignInError> {
    if let Some(Step { confirmed_ms: Some(_), .. }) = second_steps::of(app.registry(), user.id).await? {
        let at_ms = app.world().clock.now_ms();
        session::begin_first(session, FIRST, First { user: user.id, way: way.to_owned(), at_ms, mark: mark(user) }).await?;
        return Ok(Entered::Second);
    }
    begin(app, session, from, user, way).await.map(Entered::In)
}

/// Signs in who has passed the first step in this session, with a code of the app or a recovery code.
///
/// # Errors
/// [`SignInError::StepOver`] when there was no first step, or it is over; [`SignInError::WrongCode`], [`SignInError::TooMany`] and the stores' errors.
pub async fn finish(app: &App, session: &Session, from: &Origin, code: &str) -> Result<Visitor, SignInError> {
    let first: Option<First> = session.get(FIRST).await?;
    let first = first.filter(|first| app.world().clock.now_ms() - first.at_ms < FIRST_MS).ok_or(SignInError::StepOver)?;
    let user = users::by_id(app.registry(), first.user).await?.filter(|user| user.enabled && mark(user) == first.mark);
    let Some(user) = user else {
        session::end(session).await?;
        return Err(SignInError::StepOver);
    };
    // Switched off meanwhile: the next sign-in asks for none.
    let step = on(app, user.id).await?.ok_or(SignInError::StepOver)?;
    let passed = check(app, from, &user, step, code).await?;
    begin(app, session, from, &user, &passed.way(&first.way)).await
}

/// The second step of who signs in with everything at once, as apps do. `None`: they have none.
///
/// # Errors
/// [`SignInError::NeedsCode`], [`SignInError::WrongCode`], [`SignInError::TooMany`] and the stores' errors.
pub(super) async fn demand(app: &App, from: &Origin, user: &User, code: Option<&str>) -> Result<Option<Passed>, SignInError> {
    let Some(step) = on(app, user.id).await? else { return Ok(None) };
    let code = code.ok_or(SignInError::NeedsCode)?;
    check(app, from, user, step, code).await.map(Some)
}

/// The second step of a user, if it is on.
pub(super) async fn on(app: &App, user: UserId) -> Result<Option<Step>, DbError> {
    Ok(second_steps::of(app.registry(), user).await?.filter(|step| step.confirmed_ms.is_some()))
}

/// That a code is right, which it is once. A wrong one counts as a wrong password does, and a code of the app for the account as well.
///
/// # Errors
/// [`SignInError::WrongCode`], [`SignInError::TooMany`] and the stores' errors.
pub(super) async fn check(app: &App, from: &Origin, user: &User, step: Step, code: &str) -> Result<Passed, SignInError> {
    let this = app.tries().begin(from.address, Some(&user.email))?;
    let done = if totp::is_code(code) { by_app(app, step, code).await } else { by_paper(app, from, user, step, code).await };
    if !matches!(done, Err(SignInError::WrongCode)) {
        this.forgive();
    }
    done
}

async fn by_app(app: &App, step: Step, code: &str) -> Result<Passed, SignInError> {
    let (registry, now_ms) = (app.registry(), app.world().clock.now_ms());
    if let Err(wait_ms) = second_steps::take_try(registry, step.id, BOUND, now_ms).await? {
        return Err(TooMany { wait: std::time::Duration::from_millis(wait_ms.unsigned_abs()) }.into());
    }
    let secret = match secret(app, step.id).await {
        Ok(secret) => secret,
        Err(error) => {
            second_steps::forgive(registry, step.id, BOUND).await?;
            return Err(error);
        }
    };
    match totp::step_of(&secret, code, now_ms) {
        Some(at) if second_steps::take_code(registry, step.id, at, BOUND).await? => Ok(Passed::Code),
        _ => Err(SignInError::WrongCode),
    }
}

async fn by_paper(app: &App, from: &Origin, user: &User, step: Step, code: &str) -> Result<Passed, SignInError> {
    let (actor, now_ms) = (Actor::user(user.id.0, from), app.world().clock.now_ms());
    let by = By { actor: &actor, at_ms: now_ms };
    let taken = second_steps::take_recovery(app.registry(), step.id, user.id, &recovery::hash(code), by).await?;
    taken.ok_or(SignInError::WrongCode)?;
    app.mails().tell();
    Ok(Passed::Recovery)
}

/// The secret of a second step.
pub(super) async fn secret(app: &App, step: i64) -> Result<Vec<u8>, SignInError> {
    let sealed = async |kid: String| sealing_keys::sealed(app.registry(), step, &kid).await;
    Ok(app.sealing().open(sealed).await?)
}

/// Makes the session the user's, unless another password came in between: that has ended the sessions before this one.
async fn begin(app: &App, session: &Session, from: &Origin, user: &User, way: &str) -> Result<Visitor, SignInError> {
    session::begin(session, user.id, way, from).await?;
    let now = users::by_id(app.registry(), user.id).await?.filter(|now| now.enabled && now.password_hash == user.password_hash);
    match now {
        Some(now) => Ok(visitor_of(&now)),
        None => {
            session::end(session).await?;
            Err(SignInError::Wrong)
        }
    }
}

/// What is remembered of a password without keeping its hash in a session.
fn mark(user: &User) -> String {
    token::hash(user.password_hash.as_deref().unwrap_or_default().as_bytes())
}

impl From<SealingError> for SignInError {
    fn from(error: SealingError) -> Self {
        match error {
            SealingError::Db(error) => Self::Db(error),
            other => Self::Sealing(other.to_string()),
        }
    }
}
