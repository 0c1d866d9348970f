//! Writes and sends the mails that wait, one after the other, until the process stops.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, timeout};

use vigia_domain::ids::UserId;

use super::letter::{Gaps, Letter};
use super::post::{Post, PostError};
use crate::app::App;
use crate::auth::links;
use crate::db::DbError;
use crate::db::links::{self as kept_links, Purpose};
use crate::db::mails::{self, Kind, Waiting};
use crate::db::users::{self, User, Waits};
use crate::lifecycle::Phase;
use crate::limit::Limit;

/// How often it looks for mails that another process asked for, and for those that wait for another try.
const LOOK: Duration = Duration::from_secs(1);
/// How long one mail may take until another process may take it, in milliseconds. Longer than [`ATTEMPT`].
const TAKEN_MS: i64 = 120_000;
/// How long one try may take.
const ATTEMPT: Duration = Duration::from_secs(60);
/// How long until the next try, in milliseconds; the last holds for all further ones.
const AGAIN_MS: [i64; 4] = [10_000, 60_000, 300_000, 900_000];
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// So many links to come in with a person gets in an hour, whoever asks for them: no more fills anybody's mailbox. It is far more than one
/// network may ask for, so that nobody takes the way in from somebody else.
const LINKS_AN_HOUR: i64 = 60;

/// So many mails that tell of a change of their own account a person gets at once, and one more each time that [`TOLD_EACH`] has passed. The
/// changes are theirs, but the mailbox may be somebody else's, and links wait behind.
const TOLD_AT_ONCE: NonZeroU32 = NonZeroU32::new(20).expect("some");
/// See [`TOLD_AT_ONCE`].
const TOLD_EACH: Duration = Duration::from_secs(10 * 60);

/// Says that a mail waits. Clones are handles to the same.
#[derive(Clone, Default)]
pub struct MailsWait(Arc<Notify>);

impl MailsWait {
    /// There is one.
    pub fn tell(&self) {
        self.0.notify_one();
    }
}

/// Sends mails until the process stops.
pub fn send_mails(app: &App) {
    let (app, wait) = (app.clone(), app.mails().clone());
    let post = Post::of(app.settings(), app.world());
    let told = Limit::new(TOLD_AT_ONCE, TOLD_EACH, app.world().clock.clone());
    app.clone().lifecycle().spawn("mail", Phase::Intake, |stop| async move {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = wait.0.notified() => {}
                _ = look.tick() => {}
            }
            if let Err(error) = round(&app, &post, &told).await
                && !error.is_unreachable()
            {
                tracing::warn!(%error, "mails that wait cannot be sent");
            }
        }
    });
}

async fn round(app: &App, post: &Post, told: &Limit<UserId>) -> Result<(), DbError> {
    let registry = app.registry();
    for mail in mails::due(registry, app.world().clock.now_ms()).await? {
        let now_ms = app.world().clock.now_ms();
        if !mails::take(registry, &mail, now_ms + TAKEN_MS).await? {
            continue;
        }
        let to = match mail.user {
            Some(id) => users::by_id(registry, id).await?.filter(|user| is_for(mail.kind, user)),
            None => None,
        };
        let is_too_much = |user: &User| tells_of_change(mail.kind) && mail.tries == 0 && told.take(&user.id).is_err();
        match to {
            Some(user) if is_too_much(&user) => {
                tracing::warn!(user = user.id.0, "they are not told of a change of their account by mail: there were many at once");
                mails::done(registry, mail.id).await?;
            }
            Some(user) if now_ms - mail.created_ms < stale_ms(mail.kind) => deliver(app, post, &mail, &user).await?,
            _ => mails::done(registry, mail.id).await?,
        }
    }
    Ok(())
}

/// Whether it tells of a way in that has changed.
const fn tells_of_change(kind: Kind) -> bool {
    matches!(kind, Kind::Recovery | Kind::Password | Kind::Passkey | Kind::SecondStepOff | Kind::Identity | Kind::ApiKey)
}

/// After how long nobody waits for it any more, in milliseconds: a way in is asked for by who stands at the door.
fn stale_ms(kind: Kind) -> i64 {
    match kind {
        Kind::Enter | Kind::Reset | Kind::Known => HOUR_MS,
        Kind::Join | Kind::Invite | Kind::Received | Kind::Approved => 7 * 24 * HOUR_MS,
        // Late is better than never for who has to notice that it was not them.
        Kind::Recovery | Kind::Password | Kind::Passkey | Kind::SecondStepOff | Kind::Identity | Kind::ApiKey => 7 * 24 * HOUR_MS,
    }
}

/// Whether it still makes sense to write this to somebody.
fn is_for(kind: Kind, user: &User) -> bool {
    match kind {
        Kind::Enter | Kind::Reset | Kind::Known | Kind::Approved => user.enabled,
        Kind::Recovery | Kind::Password | Kind::Passkey | Kind::SecondStepOff | Kind::Identity | Kind::ApiKey => user.enabled,
        Kind::Join | Kind::Invite => !user.disabled && matches!(user.waits, Some(Waits::Mail | Waits::Invite)),
        Kind::Received => !user.disabled && user.waits == Some(Waits::Approval),
    }
}

async fn deliver(app: &App, post: &Post, mail: &Waiting, user: &User) -> Result<(), DbError> {
    let (registry, now_ms) = (app.registry(), app.world().clock.now_ms());
    let is_link = matches!(mail.kind, Kind::Enter | Kind::Reset | Kind::Known | Kind::Join | Kind::Invite);
    if is_link && kept_links::count_of(registry, user.id, now_ms - HOUR_MS).await? >= LINKS_AN_HOUR {
        tracing::warn!(user = user.id.0, "no link is sent: this account got {LINKS_AN_HOUR} within an hour");
        return mails::done(registry, mail.id).await;
    }
    let (base, world) = (app.base_url(), app.world());
    let link = match mail.kind {
        Kind::Enter | Kind::Known => links::mailed(registry, world, &base, Purpose::Enter, user.id).await?,
        Kind::Reset => links::mailed(registry, world, &base, Purpose::Reset, user.id).await?,
        Kind::Join | Kind::Invite => links::join(registry, world, &base, user.id).await?,
        Kind::Received | Kind::Approved => format!("{base}/sign-in"),
        Kind::Recovery | Kind::SecondStepOff => format!("{base}/settings/second-step"),
        // Who did not choose the new one knows none that opens.
        Kind::Password => format!("{base}/forgot"),
        Kind::Passkey | Kind::Identity => format!("{base}/settings"),
        Kind::ApiKey => format!("{base}/keys"),
    };
    let (minutes, days) = ((links::MAILED_MS / 60_000).to_string(), (links::JOIN_MS / 86_400_000).to_string());
    // A row waits from the moment of what it tells of, however late it leaves.
    let time = Timestamp::from_millisecond(mail.created_ms).unwrap_or_default().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let name = if user.name.is_empty() { &user.email } else { &user.name };
    let gaps = Gaps::from([
        ("name", name.as_str()),
        ("link", link.as_str()),
        ("minutes", minutes.as_str()),
        ("days", days.as_str()),
        ("time", time.as_str()),
    ]);
    let written = Letter::of(mail.kind, user.lang.as_deref()).write(&user.email, &gaps);
    let sent = timeout(ATTEMPT, post.send(&written)).await;
    match sent.unwrap_or_else(|_| Err(PostError::for_now("it took too long".to_owned()))) {
        Ok(place) => {
            tracing::info!(to = user.id.0, %place, "a mail has left");
            mails::done(registry, mail.id).await
        }
        Err(error) if error.is_final => {
            tracing::warn!(to = user.id.0, %error, "a mail is not taken, and is given up");
            mails::done(registry, mail.id).await
        }
        Err(error) => {
            tracing::warn!(to = user.id.0, %error, "a mail could not be sent; it is tried again");
            let pause = AGAIN_MS[usize::try_from(mail.tries).unwrap_or(usize::MAX).min(AGAIN_MS.len() - 1)];
            mails::again(registry, mail.id, app.world().clock.now_ms() + pause).await
        }
    }
}
