//! The end of an account, in every table that knows of it.

use serde_json::json;
use vigia_domain::ids::UserId;

use super::audit::{self, By};
use super::{Db, DbError, in_tx};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There is no such account any more.
    Done,
    /// Nobody would be left who can let others in.
    LastAdmin,
}

/// What is deleted with an account, and what is left to nobody.
const FORGET: [&str; 10] = [
    super::sessions::END_ALL,
    super::app_sessions::END_ALL,
    super::identities::END_ALL,
    super::passkeys::END_ALL,
    "DELETE FROM links WHERE user_id = $1",
    "DELETE FROM mails WHERE user_id = $1",
    "DELETE FROM second_steps WHERE user_id = $1",
    "DELETE FROM api_keys WHERE owner_id = $1",
    "UPDATE devices SET owner_id = NULL WHERE owner_id = $1",
    "DELETE FROM users WHERE id = $1",
];

/// Deletes an account. The audit log keeps what was done by its number, which nobody gets again.
///
/// # Errors
/// [`DbError`].
pub async fn delete(db: &Db, id: UserId, by: By<'_>) -> Result<Ended, DbError> {
    // Two who leave at once: the second looks at what the first has done.
    const HOLD: &str = "UPDATE users SET role = role WHERE role = 'admin'";
    const IS_LAST: &str = "SELECT COUNT(*) FROM users AS own WHERE own.id = $1 AND own.role = 'admin' AND NOT EXISTS \
        (SELECT 1 FROM users AS other WHERE other.role = 'admin' AND other.disabled_ms IS NULL AND other.waits IS NULL AND other.id <> $1)";
    const DEVICES: &str = "SELECT device_id FROM devices WHERE owner_id = $1 ORDER BY number";
    in_tx!(db, |tx| {
        sqlx::query(HOLD).execute(&mut *tx).await?;
        let last: i64 = sqlx::query_scalar(IS_LAST).bind(id.0).fetch_one(&mut *tx).await?;
        if last > 0 {
            return Ok(Ended::LastAdmin);
        }
        let devices: Vec<String> = sqlx::query_scalar(DEVICES).bind(id.0).fetch_all(&mut *tx).await?;
        for sql in FORGET {
            sqlx::query(sql).bind(id.0).execute(&mut *tx).await?;
        }
        // That these are nobody's now must be found again.
        audit::note!(tx, by, "user.delete", format!("user:{}", id.0), json!({ "devices": devices }));
    });
    Ok(Ended::Done)
}
