//! Table `mails`: mails that have not left yet. A row holds no link: its code is made when the mail is written.

use vigia_domain::ids::UserId;

use super::{Db, DbError, in_tx, on};

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A link that signs in.
    Enter,
    /// A link to choose another password with.
    Reset,
    /// A link that shows that the address is theirs, for who registered.
    Join,
    /// A link to come in, for who was invited.
    Invite,
    /// That somebody will look at their registration.
    Received,
    /// That they have an account already, for who registered once more.
    Known,
    /// That they may come in.
    Approved,
    /// That a recovery code of theirs was used.
    Recovery,
    /// That their account has another password.
    Password,
    /// That a passkey was added to their account.
    Passkey,
    /// That no second step is asked of them any more.
    SecondStepOff,
    /// That who they are to another provider was linked to their account.
    Identity,
    /// That a key for programs was made that acts for them.
    ApiKey,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Enter,
        Self::Reset,
        Self::Join,
        Self::Invite,
        Self::Received,
        Self::Known,
        Self::Approved,
        Self::Recovery,
        Self::Password,
        Self::Passkey,
        Self::SecondStepOff,
        Self::Identity,
        Self::ApiKey,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Reset => "reset",
            Self::Join => "join",
            Self::Invite => "invite",
            Self::Received => "received",
            Self::Known => "known",
            Self::Approved => "approved",
            Self::Recovery => "recovery",
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::SecondStepOff => "second_step_off",
            Self::Identity => "identity",
            Self::ApiKey => "api_key",
        }
    }

    fn read(found: String) -> Result<Self, DbError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == found).ok_or(DbError::Unreadable { table: "mails", column: "kind", found })
    }
}

/// A mail that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its key.
    pub id: i64,
    /// What it is about.
    pub kind: Kind,
    /// To whom; nobody when the address that was given is nobody's.
    pub user: Option<UserId>,
    /// When it was asked for, milliseconds since the epoch.
    pub created_ms: i64,
    /// When its turn comes.
    pub due_ms: i64,
    /// How often it was tried.
    pub tries: i64,
}

pub(super) const INSERT: &str = "INSERT INTO mails (kind, user_id, created_ms, due_ms, tries) VALUES ($1, $2, $3, $3, 0)";

/// Lets a mail to a user wait, within the transaction of what it tells of.
macro_rules! note {
    ($tx:ident, $kind:expr, $user:expr, $now_ms:expr) => {
        sqlx::query($crate::db::mails::INSERT).bind($kind.as_str()).bind($user).bind($now_ms).execute(&mut *$tx).await?
    };
}

pub(super) use note;

/// Lets a mail wait for its turn, which is now.
///
/// # Errors
/// [`DbError`].
pub async fn insert(db: &Db, kind: Kind, user: Option<UserId>, now_ms: i64) -> Result<(), DbError> {
    in_tx!(db, |tx| sqlx::query(INSERT).bind(kind.as_str()).bind(user.map(|u| u.0)).bind(now_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// The mails whose turn has come, oldest first; at most twenty.
///
/// # Errors
/// [`DbError`].
pub async fn due(db: &Db, now_ms: i64) -> Result<Vec<Waiting>, DbError> {
    const SQL: &str = "SELECT id, kind, user_id, created_ms, due_ms, tries FROM mails WHERE due_ms <= $1 ORDER BY due_ms, id LIMIT 20";
    let rows: Vec<(i64, String, Option<i64>, i64, i64, i64)> = on!(db, |c| sqlx::query_as(SQL).bind(now_ms).fetch_all(c).await)?;
    let read = |(id, kind, user, created_ms, due_ms, tries)| {
        Ok(Waiting { id, kind: Kind::read(kind)?, user: Option::map(user, UserId), created_ms, due_ms, tries })
    };
    rows.into_iter().map(read).collect()
}

/// Takes a mail for as long as sending may last, and counts the try. `false`: another process has taken it.
///
/// # Errors
/// [`DbError`].
pub async fn take(db: &Db, mail: &Waiting, until_ms: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE mails SET due_ms = $3, tries = tries + 1 WHERE id = $1 AND due_ms = $2";
    let rows =
        in_tx!(db, |tx| { sqlx::query(SQL).bind(mail.id).bind(mail.due_ms).bind(until_ms).execute(&mut *tx).await?.rows_affected() });
    Ok(rows == 1)
}

/// Lets a mail that could not leave wait for another turn.
///
/// # Errors
/// [`DbError`].
pub async fn again(db: &Db, id: i64, due_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "UPDATE mails SET due_ms = $2 WHERE id = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(id).bind(due_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// Forgets a mail: it has left, or it never will.
///
/// # Errors
/// [`DbError`].
pub async fn done(db: &Db, id: i64) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM mails WHERE id = $1";
    in_tx!(db, |tx| sqlx::query(SQL).bind(id).execute(&mut *tx).await?.rows_affected());
    Ok(())
}
