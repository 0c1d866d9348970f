//! Links by mail. Who asks learns nothing of whether an address has an account: each is asked for in the same way, with the same work.

use super::sign_in::{SignInError, is_email};
use crate::app::App;
use crate::db::mails::{self, Kind};
use crate::db::users::{self, Waits};
use crate::origin::Origin;

/// Lets a mail wait with a link, for the account of this address if there is one.
///
/// # Errors
/// [`SignInError::Email`], [`SignInError::TooMany`] and [`SignInError::Db`].
pub async fn ask_for_link(app: &App, from: &Origin, email: &str, kind: Kind) -> Result<(), SignInError> {
    if !is_email(email) {
        return Err(SignInError::Email);
    }
    // Each counts, whatever comes of it: a link that was sent was no wrong guess, but somebody's mailbox.
    let _counted = app.asked_links().begin(from.address, Some(email))?;
    let user = users::by_email(app.registry(), email).await?.filter(|user| !user.disabled);
    // Whose first link has expired, or was lost, gets that one again.
    let (user, kind) = match user {
        Some(user) => match user.waits {
            None => (Some(user.id), kind),
            Some(Waits::Mail) => (Some(user.id), Kind::Join),
            Some(Waits::Invite) => (Some(user.id), Kind::Invite),
            Some(Waits::Approval) => (None, kind),
        },
        None => (None, kind),
    };
    mails::insert(app.registry(), kind, user, app.world().clock.now_ms()).await?;
    app.mails().tell();
    Ok(())
}
