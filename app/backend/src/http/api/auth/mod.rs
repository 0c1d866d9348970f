//! Ways in for apps and scripts.

mod asked;
mod forgot_password;
mod magic_link;
mod oidc;
mod reset_password;
mod tokens;

use axum::http::StatusCode;

use super::json_body::Fields;
use crate::auth::sign_in::SignInError;
use crate::http::Problem;
use crate::http::table::Route;

/// The largest body, in bytes.
const BODY_BYTES: usize = 4 * 1024;
/// When a way in that is counted answers with 429.
pub(super) const TOO_OFTEN: &str = "too many tries from here, or too many at once; see Retry-After";

pub(super) fn routes() -> Vec<Route> {
    let mut routes = Vec::from(tokens::routes());
    routes.extend([magic_link::route(), forgot_password::route(), reset_password::route()]);
    routes.extend(oidc::routes());
    routes
}

/// What a way in says when it leads nowhere. `password`: the name of the field that a new password stands in.
pub(super) fn problem(error: SignInError, password: &'static str) -> Problem {
    match error {
        SignInError::Wrong => Problem::new(StatusCode::UNAUTHORIZED, error.to_string()),
        SignInError::NeedsCode | SignInError::WrongCode | SignInError::StepOver => {
            Problem::new(StatusCode::UNAUTHORIZED, error.to_string()).about("code")
        }
        SignInError::Waits => Problem::new(StatusCode::FORBIDDEN, error.to_string()),
        SignInError::LinkOver => Problem::field("token", error.to_string()),
        SignInError::Email => Problem::field("email", error.to_string()),
        SignInError::EmailTaken => Problem::new(StatusCode::CONFLICT, error.to_string()),
        SignInError::TooMany(too_many) => too_many.into(),
        SignInError::Password(bad) => Problem::field(password, bad.to_string()),
        SignInError::Db(error) => error.into(),
        SignInError::Signing(error) => {
            tracing::error!(%error, "no access token can be made");
            Problem::internal()
        }
        SignInError::Sealing(error) => {
            tracing::error!(%error, "a second step cannot be checked");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "codes cannot be checked now; try again in a few seconds, or give a recovery code",
            )
        }
        SignInError::Session(error) => {
            tracing::error!(%error, "a session could not be kept");
            Problem::unavailable()
        }
    }
}

/// An address, by its name here or by that of EcoWatt's apps.
fn email(fields: &mut Fields) -> Result<String, Problem> {
    let own = fields.text("email")?;
    let found = own.or(fields.text("user_email")?);
    found.ok_or_else(|| Problem::field("email", "say whose account it is: email"))
}
