//! What can go wrong between a page and the server, as pages tell it.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::codec::JsonText;
use crate::i18n::Texts;

/// An answer that is no success. Reads the house's problem+json as well, so that what the middleware refuses before
/// a server function runs arrives here with its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// As in HTTP.
    pub(crate) status: u16,
    /// Which field of a form, and what is wrong with it.
    #[serde(default)]
    pub(crate) field: Option<FieldFault>,
}

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldFault {
    /// E-mail and password do not match.
    Credentials,
    /// An account that nobody has let in yet.
    Waits,
    /// Nobody registers here by themselves.
    Closed,
    /// An account that is not one's to change.
    NotYours,
    /// Somebody else was quicker.
    Changed,
    /// Nobody would be left who can let others in.
    LastAdmin,
    /// Too many tries.
    SlowDown,
    /// No set-up code of ours.
    Code,
    /// No entry code of ours.
    Entry,
    /// No e-mail address.
    Email,
    /// Somebody has it.
    EmailTaken,
    /// Empty name.
    Name,
    /// Too short.
    PasswordShort,
    /// Too long.
    PasswordLong,
    /// Among the first that would be tried.
    PasswordWeak,
    /// Not the password that one has.
    PasswordWrong,
    /// No name for a key.
    KeyName,
    /// A key that could do nothing.
    KeyScope,
    /// Another key has the name.
    KeyTaken,
    /// Enough keys.
    KeyFull,
    /// No time zone.
    Zone,
    /// No code of one's second step, or one that was used.
    StepCode,
    /// The first step was too long ago, or never was.
    StepOver,
    /// What codes are checked by cannot be read.
    StepSealed,
    /// A passkey that is none of ours, or an answer to something else.
    Passkey,
    /// The browser gave none: nobody chose one, or there is none.
    PasskeyLeft,
    /// It is here already.
    PasskeyKnown,
    /// Enough passkeys.
    PasskeyFull,
    /// The sign-in is long ago.
    SignInAgain,
}

impl FieldFault {
    /// The sentence for it.
    pub(crate) fn text(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Credentials => t.fault_credentials,
            Self::Waits => t.fault_waits,
            Self::Closed => t.fault_closed,
            Self::NotYours => t.fault_not_yours,
            Self::Changed => t.fault_changed,
            Self::LastAdmin => t.fault_last_admin,
            Self::SlowDown => t.fault_slow_down,
            Self::Code => t.fault_code_unknown,
            Self::Entry => t.fault_entry_unknown,
            Self::Email => t.fault_email_bad,
            Self::EmailTaken => t.fault_email_taken,
            Self::Name => t.fault_name_missing,
            Self::PasswordShort => t.fault_password_short,
            Self::PasswordLong => t.fault_password_long,
            Self::PasswordWeak => t.fault_password_weak,
            Self::PasswordWrong => t.fault_password_wrong,
            Self::KeyName => t.fault_key_name,
            Self::KeyScope => t.fault_key_scope,
            Self::KeyTaken => t.fault_key_taken,
            Self::KeyFull => t.fault_key_full,
            Self::Zone => t.fault_zone,
            Self::StepCode => t.fault_step_code,
            Self::StepOver => t.fault_step_over,
            Self::StepSealed => t.fault_step_sealed,
            Self::Passkey => t.fault_passkey,
            Self::PasskeyLeft => t.fault_passkey_left,
            Self::PasskeyKnown => t.fault_passkey_known,
            Self::PasskeyFull => t.fault_passkey_full,
            Self::SignInAgain => t.fault_sign_in_again,
        }
    }
}

impl Fault {
    /// The server or the way to it failed.
    pub(crate) const UNAVAILABLE: Self = Self { status: 503, field: None };

    /// Nothing was reached: what was asked may not even have left this machine. No status of HTTP.
    pub(crate) const UNREACHABLE: Self = Self { status: 0, field: None };

    /// Nobody is signed in any more.
    pub(crate) fn is_signed_out(&self) -> bool {
        self.status == 401 && self.field.is_none()
    }

    /// The sentence for what failed as a whole.
    pub(crate) fn whole_text(&self, t: &'static Texts) -> &'static str {
        match self.status {
            0 => t.fault_unreachable,
            401 => t.ended_form,
            _ => t.fault_unavailable,
        }
    }

    /// The sentence for the whole form, when no field of `own` tells it beside itself.
    pub(crate) fn form_text(&self, t: &'static Texts, own: &[FieldFault]) -> Option<&'static str> {
        match self.field {
            Some(field) if own.contains(&field) => None,
            Some(field) => Some(field.text(t)),
            None => Some(self.whole_text(t)),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl From<FieldFault> for Fault {
    fn from(field: FieldFault) -> Self {
        let status = match field {
            FieldFault::Credentials | FieldFault::Passkey => 401,
            FieldFault::Waits | FieldFault::Closed | FieldFault::NotYours => 403,
            FieldFault::SlowDown => 429,
            FieldFault::StepSealed => 503,
            FieldFault::EmailTaken | FieldFault::Changed | FieldFault::LastAdmin | FieldFault::PasskeyKnown => 409,
            _ => 422,
        };
        Self { status, field: Some(field) }
    }
}

impl FromServerFnError for Fault {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self { status: 422, field: None },
            _ => Self::UNAVAILABLE,
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn the_middlewares_problem_is_read_as_a_fault() {
        let body = br#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Sign in.","request_id":"r"}"#;
        assert!(Fault::de(body.to_vec().into()).is_signed_out());
        assert_eq!(Fault::de(b"<html>bad gateway".to_vec().into()), Fault::UNAVAILABLE);
        let wrong = Fault::from(FieldFault::Credentials);
        assert!(!Fault::de(wrong.ser()).is_signed_out());
    }
}
