//! The way back from a provider.

use std::time::Duration;

use tokio::time::timeout;
use tower_sessions::Session;
use vigia_domain::ids::UserId;

use super::provider::{Person, Provider};
use super::started::{self, Started};
use super::{Refused, Turned};
use crate::app::App;
use crate::auth::account::{self, LONGEST_NAME};
use crate::auth::second_step::{self, Entered};
use crate::auth::session;
use crate::auth::sign_in::{SignInError, shown};
use crate::auth::token;
use crate::config::Registration;
use crate::db::audit::{Actor, By};
use crate::db::identities::{self, Added, Claimed};
use crate::db::strangers::{self, Came, Policy, Stranger};
use crate::db::{DbError, users};
use crate::origin::Origin;

/// How long all that is asked of a provider may take together: a browser waits meanwhile, and is answered before the server gives its
/// request up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a browser brings from a provider.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// What the provider exchanges for who it is.
    pub code: Option<String>,
    /// What was sent with the question.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Which provider it is, where it says so (RFC 9207).
    pub issuer: Option<String>,
}

/// Where somebody goes on to who comes from a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The address of ours that they wanted.
    pub next: String,
    /// Whether their second step is asked for first.
    pub needs_code: bool,
}

/// Signs in who comes from a provider, or links what they are to it.
///
/// # Errors
/// [`Turned`].
pub async fn finish(app: &App, session: &Session, from: &Origin, name: &str, answer: Answer) -> Result<Landed, Turned> {
    let mut is_link = false;
    let done = checked(app, session, from, name, answer, &mut is_link).await;
    done.map_err(|why| {
        why.note(name);
        Turned { why, is_link }
    })
}

async fn checked(app: &App, session: &Session, from: &Origin, name: &str, answer: Answer, is_link: &mut bool) -> Result<Landed, Refused> {
    let provider = app.providers().named(name).ok_or(Refused::Unknown)?;
    // Gone before it is looked at: the same answer does not come twice.
    let started = started::take(session).await?.ok_or(Refused::Again)?;
    *is_link = started.link.is_some();
    let is_now = started.until_ms > app.world().clock.now_ms() && started.provider == name;
    // Comparing hashes tells nothing about the state by its time.
    let is_ours = answer.state.as_deref().is_some_and(|state| token::fits(state.as_bytes(), &token::hash(started.state.as_bytes())));
    if !is_now || !is_ours {
        return Err(Refused::Again);
    }
    let person = person(&provider, &started, answer).await?;
    let claimed = Claimed { issuer: provider.issuer(), subject: &person.subject, email: person.email.as_deref() };
    let entered = match started.link {
        Some(user) => link(app, session, from, user, claimed).await.map(|()| None)?,
        None => Some(enter(app, session, from, name, claimed, &person).await?),
    };
    Ok(Landed { next: started.next, needs_code: entered == Some(Entered::Second) })
}

/// Who it is, by the provider's word.
async fn person(provider: &Provider<'_>, started: &Started, answer: Answer) -> Result<Person, Refused> {
    match answer.error.as_deref() {
        None => {}
        Some("access_denied") => return Err(Refused::Declined),
        Some("temporarily_unavailable" | "server_error") => return Err(Refused::Away("it says so itself".to_owned())),
        Some(other) => return Err(Refused::Refused(format!("it says {:?}", other.chars().take(100).collect::<String>()))),
    }
    if answer.issuer.is_some_and(|issuer| issuer != provider.issuer()) {
        return Err(Refused::Refused("another provider answers".to_owned()));
    }
    let code = answer.code.ok_or_else(|| Refused::Refused("it brings no code".to_owned()))?;
    let asked = provider.who(code, &started.verifier, &started.nonce);
    timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(Refused::Away("it takes too long".to_owned())))
}

/// Gives it to who is signed in, and still is who began it.
async fn link(app: &App, session: &Session, from: &Origin, user: UserId, claimed: Claimed<'_>) -> Result<(), Refused> {
    if session::user(session).await? != Some(user) {
        return Err(Refused::Again);
    }
    let actor = Actor::user(user.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    match identities::add(app.registry(), claimed, user, &account::own_hash(session), by).await.map_err(ended)? {
        Added::Done => {
            app.mails().tell();
            Ok(())
        }
        Added::Taken => Err(Refused::Taken),
    }
}

/// Signs them in, where they may.
async fn enter(app: &App, session: &Session, from: &Origin, name: &str, claimed: Claimed<'_>, person: &Person) -> Result<Entered, Refused> {
    let accounts = app.settings().accounts;
    let policy = Policy { open: accounts.registration == Registration::Open, approval: accounts.approval };
    let called: String = shown(person.name.as_deref().unwrap_or_default()).chars().take(LONGEST_NAME).collect();
    let stranger = Stranger { claimed, is_verified: person.is_verified, name: &called, lang: person.lang };
    let now_ms = app.world().clock.now_ms();
    let user = match strangers::come(app.registry(), stranger, policy, from, now_ms).await? {
        Came::In(user) => {
            // Where it was the first time by this identity, one waits that says so.
            app.mails().tell();
            user
        }
        Came::WaitsNow => {
            app.mails().tell();
            return Err(Refused::Waits);
        }
        Came::Waits => return Err(Refused::Waits),
        Came::Unverified => return Err(Refused::Unverified),
        Came::NoAccount => return Err(Refused::NoAccount),
        Came::Another => return Err(Refused::Another),
        Came::Full => return Err(Refused::Full),
    };
    let user = users::by_id(app.registry(), user).await?.filter(|user| user.enabled).ok_or(Refused::NoAccount)?;
    second_step::enter(app, session, from, &user, &format!("oidc:{name}")).await.map_err(of_sign_in)
}

/// Why a session was not begun for somebody who may come in.
pub(super) fn of_sign_in(error: SignInError) -> Refused {
    match error {
        SignInError::Db(error) => Refused::Db(error),
        SignInError::Session(error) => Refused::Session(error),
        SignInError::TooMany(too_many) => Refused::TooMany(too_many),
        // Shut out, or with another password since: who they were is not who they are.
        _ => Refused::NoAccount,
    }
}

/// A session that ended while the provider was asked.
fn ended(error: DbError) -> Refused {
    if matches!(error, DbError::Missing("sessions")) { Refused::Again } else { error.into() }
}
