//! The second step: as it is asked for after the first, and as its owner sets it up.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest as _, Request};
use axum::http::Method;
use axum::http::request::Parts;
use leptos::prelude::use_context;
use serde::Deserialize;
use vigia_backend::auth::account;
use vigia_backend::auth::own_second_step::{self as own, NotChanged};
use vigia_backend::auth::second_step::{self, Entered};
use vigia_backend::auth::sign_in::SignInError;
use vigia_backend::http::next::code_way;
use vigia_domain::ids::UserId;

use super::people::of_act;
use super::{Asked, go_on, told};
use crate::fault::{Fault, FieldFault};
use crate::pages::second_step::{Offer, SecondStepData, Stage};

/// The way on after a first step: to `next`, or first to where the code is asked for.
pub(crate) fn way_on(entered: &Entered, next: &str) -> String {
    match entered {
        Entered::In(_) => next.to_owned(),
        Entered::Second => code_way(next),
    }
}

/// Signs in who has passed the first step.
pub(crate) async fn finish_sign_in(code: &str) -> Result<(), Fault> {
    let asked = Asked::here()?;
    told(second_step::finish(&asked.app, &asked.session()?, &asked.from, code).await.map(drop).map_err(Into::into))
}

/// What came of the form in the page, for the page that answers it.
#[derive(Clone, Default)]
pub(crate) struct Outcome {
    offer: Option<Offer>,
    codes: Vec<String>,
    is_ended: bool,
    refused: Option<Fault>,
}

/// One's own second step.
pub(crate) async fn second_step() -> Result<SecondStepData, Fault> {
    let asked = Asked::here()?;
    let user = told(asked.user())?;
    let has_password = told(account::has_password(&asked.app, user).await.map_err(Into::into))?;
    let step = told(own::state(&asked.app, user).await.map_err(Into::into))?;
    let outcome = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Outcome>().cloned()).unwrap_or_default();
    let Outcome { offer, codes, is_ended, refused } = outcome;
    if let Some(refused) = &refused {
        // The page says it, and its status too.
        let _ = told(Err::<(), _>(refused.clone()));
    }
    let stage = match (step.and_then(|step| Some((step.confirmed_ms?, step.left))), offer) {
        (Some((since_ms, left)), _) => Stage::On { since_ms, left: left.unsigned_abs() },
        (None, Some(offer)) => Stage::Begun(offer),
        (None, None) => Stage::Off,
    };
    Ok(SecondStepData { has_password, stage, codes, is_ended, refused })
}

/// The forms of the page.
#[derive(Default, Deserialize)]
struct Asking {
    #[serde(default)]
    act: String,
    /// A password, or a code.
    #[serde(default)]
    proof: String,
    /// The first code.
    #[serde(default)]
    passcode: String,
    /// What it is the first code of.
    #[serde(default)]
    secret: String,
}

/// The request for the page alone, with what came of its form: secret and codes are in this answer and nowhere else.
pub(crate) async fn second_step_changed(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let outcome = match Form::<Asking>::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(Form(asking)) => change(&parts, &asking).await.unwrap_or_else(refused),
        Err(_) => refused(Fault { status: 422, field: None }),
    };
    parts.extensions.insert(outcome);
    parts.method = Method::GET;
    Request::from_parts(parts, Body::empty())
}

async fn change(parts: &Parts, asking: &Asking) -> Result<Outcome, Fault> {
    let asked = Asked::of(parts)?;
    let user = asked.user()?;
    let (app, from, proof) = (&asked.app, &asked.from, asking.proof.as_str());
    match asking.act.as_str() {
        "begin" => {
            let offer = own::begin(app, &asked.session()?, from, user, proof).await.map_err(of_change)?;
            Ok(Outcome { offer: Some(offer.into()), ..Outcome::default() })
        }
        "confirm" => match own::confirm(app, from, user, &asking.secret, &asking.passcode).await {
            Ok(codes) => Ok(Outcome { codes, ..Outcome::default() }),
            // What is to be typed stands there again.
            Err(error) => Ok(Outcome { offer: begun(&asked, user, &asking.secret).await, ..refused(of_change(error)) }),
        },
        "codes" => {
            let codes = own::renew_codes(app, from, user, proof).await.map_err(of_change)?;
            Ok(Outcome { codes, ..Outcome::default() })
        }
        "end" => {
            own::end(app, from, user, proof).await.map_err(of_change)?;
            Ok(Outcome { is_ended: true, ..Outcome::default() })
        }
        _ => Err(Fault { status: 422, field: None }),
    }
}

async fn begun(asked: &Asked, user: UserId, secret: &str) -> Option<Offer> {
    own::begun(&asked.app, user, secret).await.ok().map(Into::into)
}

fn refused(fault: Fault) -> Outcome {
    Outcome { refused: Some(fault), ..Outcome::default() }
}

fn of_change(error: NotChanged) -> Fault {
    match error {
        NotChanged::Changed => FieldFault::Changed.into(),
        NotChanged::SignInAgain => FieldFault::SignInAgain.into(),
        NotChanged::SignIn(SignInError::Wrong) => FieldFault::PasswordWrong.into(),
        NotChanged::SignIn(error) => error.into(),
    }
}

impl From<own::Offer> for Offer {
    fn from(offer: own::Offer) -> Self {
        let own::Offer { secret, link, picture } = offer;
        Self { secret, link, side: picture.side, dark: picture.dark }
    }
}

/// Since when somebody has one, for who looks after them.
pub(super) async fn since(asked: &Asked, user: UserId) -> Result<Option<i64>, Fault> {
    let step = told(own::state(&asked.app, user).await.map_err(Into::into))?;
    Ok(step.and_then(|step| step.confirmed_ms))
}

/// Takes it away from somebody else, and goes on.
pub(crate) async fn end_second_step_of(id: i64) -> Result<(), Fault> {
    let asked = Asked::here()?;
    told(own::take_away(&asked.app, &asked.principal, &asked.from, UserId(id)).await.map_err(of_act))?;
    go_on(&format!("/people/{id}?done=second-step"));
    Ok(())
}
