//! Passkeys: from what a browser says of one to what is done about it.

use axum::http::request::Parts;
use vigia_backend::app::App;
use vigia_backend::auth::account;
use vigia_backend::auth::passkeys::{self, PasskeyError};
use vigia_backend::auth::sign_in::SignInError;
use vigia_domain::ids::UserId;

use super::account::program;
use super::{Asked, go_on, told};
use crate::fault::{Fault, FieldFault};
use crate::pages::settings::{OwnPasskey, Passkeys};

/// The origin that passkeys belong to; `None` where there are none.
pub(crate) fn passkey_origin(parts: &Parts) -> Option<String> {
    parts.extensions.get::<App>()?.passkey_origin()
}

/// What one's card shows; `None` where there are none.
pub(super) async fn own(asked: &Asked, user: UserId, has_password: bool) -> Result<Option<Passkeys>, Fault> {
    if asked.app.passkey_origin().is_none() {
        return Ok(None);
    }
    let own = passkeys::list(&asked.app, user).await?.into_iter();
    let own = own.map(|key| OwnPasskey { id: key.id, name: key.name, created_ms: key.created_ms, used_ms: key.used_ms });
    let asks_password = has_password && !account::is_recent(&asked.app, &asked.session()?, user).await?;
    Ok(Some(Passkeys { own: own.collect(), asks_password }))
}

/// What a browser is asked so that somebody comes in.
pub(crate) async fn ask_to_enter() -> Result<String, Fault> {
    let asked = Asked::here()?;
    told(passkeys::begin_entering(&asked.app, &asked.session()?, &asked.from).await.map_err(of_answer))
}

/// Signs in whose passkey has answered.
pub(crate) async fn enter_by_passkey(answer: &str) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let answer = told(said(answer))?;
    told(passkeys::enter(&asked.app, &asked.session()?, &asked.from, answer).await.map(drop).map_err(of_answer))
}

/// What a browser is asked so that it makes a passkey.
pub(crate) async fn ask_passkey(password: &str) -> Result<String, Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    let asks = passkeys::begin_adding(&asked.app, &asked.session()?, &asked.from, user, password).await;
    told(asks.map_err(|error| match error {
        PasskeyError::SignIn(SignInError::Wrong) => FieldFault::PasswordWrong.into(),
        other => of_answer(other),
    }))
}

/// Keeps the passkey that the browser has made, under the name of that browser.
pub(crate) async fn add_passkey(answer: &str) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    let answer = told(said(answer))?;
    let name: String = asked.from.agent.as_deref().map(program).unwrap_or_default().chars().take(passkeys::LONGEST_NAME).collect();
    let name = if name.trim().is_empty() { asked.lang.texts().settings_session_unknown() } else { &name };
    told(passkeys::add(&asked.app, &asked.session()?, &asked.from, user, answer, name).await.map_err(of_answer))?;
    go_on("/settings?done=passkey");
    Ok(())
}

/// Calls one of one's own otherwise.
pub(crate) async fn rename_passkey(id: i64, name: &str) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    told(passkeys::rename(&asked.app, &asked.from, user, id, name).await.map_err(of_answer))?;
    go_on("/settings?done=passkey-name");
    Ok(())
}

/// Removes one of one's own.
pub(crate) async fn remove_passkey(id: i64) -> Result<(), Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    match passkeys::remove(&asked.app, &asked.from, user, id).await {
        // It is gone, whoever was quicker.
        Ok(()) | Err(PasskeyError::Missing) => {}
        Err(error) => return told(Err(of_answer(error))),
    }
    go_on("/settings?done=passkey-gone");
    Ok(())
}

/// What a browser has answered. Where it has not, the page's script sends why, after an exclamation mark: what the server told it when it
/// asked, or that nothing was used. Its form says so, like everything else that is wrong with one.
fn said(answer: &str) -> Result<&str, Fault> {
    let why = match answer.strip_prefix('!') {
        None if !answer.is_empty() => return Ok(answer),
        why => why.unwrap_or_default(),
    };
    Err(match serde_json::from_str(why) {
        Ok(Fault { field: Some(field), .. }) => field.into(),
        Ok(fault) if fault.is_signed_out() => fault,
        Ok(Fault { status: 500.., .. }) => Fault::UNAVAILABLE,
        _ => FieldFault::PasskeyLeft.into(),
    })
}

fn of_answer(error: PasskeyError) -> Fault {
    match error {
        PasskeyError::NotOffered => Fault { status: 404, field: None },
        PasskeyError::SignInAgain => FieldFault::SignInAgain.into(),
        PasskeyError::Full => FieldFault::PasskeyFull.into(),
        PasskeyError::Known => FieldFault::PasskeyKnown.into(),
        PasskeyError::Name => FieldFault::KeyName.into(),
        PasskeyError::Missing => FieldFault::Changed.into(),
        PasskeyError::SignIn(SignInError::Wrong) => FieldFault::Passkey.into(),
        PasskeyError::SignIn(error) => error.into(),
        PasskeyError::Library(error) => {
            tracing::error!(%error, "no passkey can be asked for");
            Fault::UNAVAILABLE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_there_is_no_answer_is_told_and_nothing_else_is_believed() {
        assert_eq!(said(r#"{"id":"x"}"#), Ok(r#"{"id":"x"}"#));
        let field = |field: FieldFault| Err(Fault::from(field));
        for (why, fault) in [
            (r#"!{"status":200,"field":"passkey_known"}"#, field(FieldFault::PasskeyKnown)),
            (r#"!{"status":422,"field":"password_wrong"}"#, field(FieldFault::PasswordWrong)),
            (r#"!{"status":429,"field":"slow_down"}"#, field(FieldFault::SlowDown)),
            (r#"!{"type":"about:blank","status":401,"detail":"Sign in."}"#, Err(Fault { status: 401, field: None })),
            (r#"!{"status":503,"field":null}"#, Err(Fault::UNAVAILABLE)),
            (r#"!{"status":200,"field":null}"#, field(FieldFault::PasskeyLeft)),
            ("!<html>", field(FieldFault::PasskeyLeft)),
            ("!", field(FieldFault::PasskeyLeft)),
            ("", field(FieldFault::PasskeyLeft)),
        ] {
            assert_eq!(said(why), fault, "{why}");
        }
    }
}
