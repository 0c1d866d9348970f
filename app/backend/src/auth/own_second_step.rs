//! One's own second step: switched on with a first code, given other recovery codes, switched off.

use qrcode::{Color, EcLevel, QrCode};
use tower_sessions::Session;
use vigia_domain::ids::UserId;
use vigia_domain::rights::Principal;

use super::people::{NotDone, looks_after};
use super::sign_in::SignInError;
use super::{account, recovery, second_step, totp};
use crate::app::App;
use crate::db::DbError;
use crate::db::audit::{Actor, By};
use crate::db::second_steps::{self, Step};
use crate::db::users::{self, User};
use crate::origin::Origin;

/// How long a second step waits for its first code, in milliseconds.
const BEGUN_MS: i64 = 15 * 60 * 1000;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// It is on or off already, begun anew in another window, or begun too long ago.
    #[error("the second step is not as the page shows it any more")]
    Changed,
    /// There is no password to ask for, and the sign-in is long ago.
    #[error("you signed in a while ago: sign in again first")]
    SignInAgain,
    /// As when one signs in: [`SignInError::Wrong`] for a wrong password, [`SignInError::WrongCode`] for a wrong code.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl From<DbError> for NotChanged {
    fn from(error: DbError) -> Self {
        Self::SignIn(error.into())
    }
}

/// What an app is to be given, shown to nobody but who has begun.
#[derive(Clone, PartialEq, Eq)]
pub struct Offer {
    /// To type: base32 in groups of four.
    pub secret: String,
    /// To open on the same machine: `otpauth://...`.
    pub link: String,
    /// The same to photograph.
    pub picture: Picture,
}

/// A QR code.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// How many squares a side has, with the quiet zone around it.
    pub side: usize,
    /// The dark ones, as the path of an SVG whose unit is one square.
    pub dark: String,
}

/// The second step of a user: on, begun, or none.
///
/// # Errors
/// [`DbError`].
pub async fn state(app: &App, user: UserId) -> Result<Option<Step>, DbError> {
    second_steps::of(app.registry(), user).await
}

/// Begins one, for who knows the password of their account, or where it has none signed in just now. Nothing is asked of anybody before its first code came.
///
/// # Errors
/// [`NotChanged`].
pub async fn begin(app: &App, session: &Session, from: &Origin, user: UserId, password: &str) -> Result<Offer, NotChanged> {
    let user = found(app, user).await?;
    if user.password_hash.is_none() && !account::is_recent(app, session, user.id).await? {
        return Err(NotChanged::SignInAgain);
    }
    account::confirm(app, from, &user, password).await?;
    app.changes().take(user.id).map_err(SignInError::from)?;
    let secret = app.world().bytes::<{ totp::SECRET_BYTES }>();
    let sealed = app.sealing().seal(&secret).await.map_err(SignInError::from)?;
    if !second_steps::begin(app.registry(), user.id, &sealed, app.world().clock.now_ms()).await? {
        return Err(NotChanged::Changed);
    }
    Ok(offer(&secret, &user))
}

/// What was begun once more, for who knows the secret already: they typed a wrong first code. Who only has the session learns nothing by it.
///
/// # Errors
/// [`NotChanged`].
pub async fn begun(app: &App, user: UserId, secret: &str) -> Result<Offer, NotChanged> {
    let user = found(app, user).await?;
    let (_, kept) = waiting(app, &user, secret).await?;
    Ok(offer(&kept, &user))
}

/// Switches on what was begun with this secret, by its first code: the recovery codes, which nobody sees again.
///
/// # Errors
/// [`NotChanged`].
pub async fn confirm(app: &App, from: &Origin, user: UserId, secret: &str, code: &str) -> Result<Vec<String>, NotChanged> {
    let user = found(app, user).await?;
    app.changes().take(user.id).map_err(SignInError::from)?;
    let (step, kept) = waiting(app, &user, secret).await?;
    let now_ms = app.world().clock.now_ms();
    let at = totp::step_of(&kept, code, now_ms).ok_or(SignInError::WrongCode)?;
    let (codes, hashes) = codes(app);
    let actor = Actor::user(user.id.0, from);
    let by = By { actor: &actor, at_ms: now_ms };
    if second_steps::confirm(app.registry(), step.id, user.id, at, &hashes, by).await? { Ok(codes) } else { Err(NotChanged::Changed) }
}

/// Other recovery codes, for who proves who they are by a code or their password; those before are worth nothing then.
///
/// # Errors
/// [`NotChanged`].
pub async fn renew_codes(app: &App, from: &Origin, user: UserId, proof: &str) -> Result<Vec<String>, NotChanged> {
    let user = found(app, user).await?;
    let step = proven(app, from, &user, proof).await?;
    let (codes, hashes) = codes(app);
    let actor = Actor::user(user.id.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    if second_steps::renew_codes(app.registry(), step.id, user.id, &hashes, by).await? { Ok(codes) } else { Err(NotChanged::Changed) }
}

/// Switches it off, for who proves who they are by a code or their password.
///
/// # Errors
/// [`NotChanged`].
pub async fn end(app: &App, from: &Origin, user: UserId, proof: &str) -> Result<(), NotChanged> {
    let user = found(app, user).await?;
    proven(app, from, &user, proof).await?;
    let actor = Actor::user(user.id.0, from);
    let by = By { actor: &actor, at_ms: app.world().clock.now_ms() };
    if !second_steps::end(app.registry(), user.id, user.role, by).await? {
        return Err(NotChanged::Changed);
    }
    app.mails().tell();
    Ok(())
}

/// Takes it away from somebody else who has lost everything. Nobody does so to themselves: that needs a code.
///
/// # Errors
/// [`NotDone`].
pub async fn take_away(app: &App, principal: &Principal, from: &Origin, id: UserId) -> Result<(), NotDone> {
    let user = users::by_id(app.registry(), id).await?.ok_or(NotDone::Changed)?;
    if !looks_after(principal, user.role) {
        return Err(NotDone::Forbidden);
    }
    if principal.person() == Some(id) {
        return Err(NotDone::Changed);
    }
    let by = By { actor: &Actor::of(principal, from), at_ms: app.world().clock.now_ms() };
    if !second_steps::end(app.registry(), id, user.role, by).await? {
        return Err(NotDone::Changed);
    }
    app.mails().tell();
    Ok(())
}

/// That who asks has the app, the paper, or the password. Where there is a password, what is no code of an app is looked at as one.
async fn proven(app: &App, from: &Origin, user: &User, proof: &str) -> Result<Step, NotChanged> {
    let step = second_step::on(app, user.id).await?.ok_or(NotChanged::Changed)?;
    if totp::is_code(proof) || user.password_hash.is_none() {
        second_step::check(app, from, user, step, proof).await?;
    } else {
        account::confirm(app, from, user, proof).await?;
    }
    app.changes().take(user.id).map_err(SignInError::from)?;
    Ok(step)
}

/// What waits for its first code, if it is of this secret, with the secret as it is kept.
async fn waiting(app: &App, user: &User, secret: &str) -> Result<(Step, Vec<u8>), NotChanged> {
    let now_ms = app.world().clock.now_ms();
    let step = second_steps::of(app.registry(), user.id).await?;
    let step = step.filter(|step| step.confirmed_ms.is_none() && now_ms - step.created_ms < BEGUN_MS).ok_or(NotChanged::Changed)?;
    let kept = second_step::secret(app, step.id).await?;
    if totp::typed(&kept) == secret { Ok((step, kept)) } else { Err(NotChanged::Changed) }
}

async fn found(app: &App, user: UserId) -> Result<User, NotChanged> {
    users::by_id(app.registry(), user).await?.ok_or_else(|| DbError::Missing("users").into())
}

/// New recovery codes, and what is kept of them.
fn codes(app: &App) -> (Vec<String>, Vec<String>) {
    let codes = recovery::make(app.world());
    let hashes = codes.iter().map(|code| recovery::hash(code)).collect();
    (codes, hashes)
}

fn offer(secret: &[u8], user: &User) -> Offer {
    let link = totp::link(secret, &user.email);
    Offer { secret: totp::typed(secret), picture: picture(&link), link }
}

/// Squares of nothing around a QR code, without which cameras do not find it (ISO/IEC 18004).
const QUIET: usize = 4;

fn picture(text: &str) -> Picture {
    // A link is 120 bytes and the address, which has at most 254, each written as three: there is room for 2,331.
    let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("it is short enough");
    let (width, colours) = (code.width(), code.to_colors());
    let mut dark = String::new();
    for (y, row) in colours.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|colour| **colour == Color::Dark).count();
            if run > 0 {
                dark.push_str(&format!("M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET));
            }
            x += run.max(1);
        }
    }
    Picture { side: width + 2 * QUIET, dark }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_quiet_zone_and_every_dark_square_once() {
        let text = "otpauth://totp/Vig%C3%ADa:ana%40example%2Eorg?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let picture = picture(text);
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("made");
        assert_eq!(picture.side, code.width() + 8);
        let runs: Vec<Vec<usize>> = picture
            .dark
            .split('M')
            .skip(1)
            .map(|run| run.split([' ', 'h', 'v', 'z', '-']).filter_map(|number| number.parse().ok()).collect())
            .collect();
        assert!(runs.iter().all(|run| run[0] >= 4 && run[0] + run[2] <= picture.side - 4 && (4..picture.side - 4).contains(&run[1])));
        let dark = code.to_colors().into_iter().filter(|colour| *colour == Color::Dark).count();
        assert_eq!(runs.iter().map(|run| run[2]).sum::<usize>(), dark);
    }

    #[test]
    fn the_longest_address_fits_into_a_picture() {
        let link = totp::link(&[0xff; totp::SECRET_BYTES], &"%".repeat(254));
        assert!(picture(&link).side > 100);
    }
}
