//! What somebody is in with, in every table that knows of it, and how all of it ends: in one place, so that no way of losing one forgets a table.

/// Ends the sessions of a user in browsers and apps within a transaction, but for the one in a browser with the hash `$kept` (`""`: for none);
/// how many there were.
macro_rules! end_sessions {
    ($tx:ident, $id:expr, $kept:expr) => {{
        let browsers = sqlx::query($crate::db::sessions::END_OTHERS).bind($id).bind($kept).execute(&mut *$tx).await?.rows_affected();
        browsers + sqlx::query($crate::db::app_sessions::END_ALL).bind($id).execute(&mut *$tx).await?.rows_affected()
    }};
}

/// Ends everything that a user may come in with beside a password: sessions, links that were mailed, keys, passkeys, accounts elsewhere. Whoever knew the password
/// that is over may have made some. What has ended, for the detail of an audit row.
macro_rules! end_ways_in {
    ($tx:ident, $id:expr, $now_ms:expr) => {{
        let sessions = $crate::db::ways_in::end_sessions!($tx, $id, "");
        sqlx::query($crate::db::links::END_OF).bind($id).bind($now_ms).execute(&mut *$tx).await?;
        let identities = sqlx::query($crate::db::identities::END_ALL).bind($id).execute(&mut *$tx).await?.rows_affected();
        let passkeys = sqlx::query($crate::db::passkeys::END_ALL).bind($id).execute(&mut *$tx).await?.rows_affected();
        let keys = sqlx::query($crate::db::keys::END_ALL).bind($id).bind($now_ms).execute(&mut *$tx).await?.rows_affected();
        serde_json::json!({ "sessions_ended": sessions, "keys_ended": keys, "passkeys_ended": passkeys, "identities_ended": identities })
    }};
}

/// Notes `$action` in the audit log, by which a user has another password, and lets a mail wait that tells them of it: in one place, so that no way of
/// choosing one keeps it from its owner. What somebody chooses who comes in for the first time is no other password, and is noted by itself.
macro_rules! note_password {
    ($tx:ident, $by:expr, $action:expr, $id:expr, $detail:expr) => {{
        let by: $crate::db::audit::By<'_> = $by;
        $crate::db::audit::note!($tx, by, $action, format!("user:{}", $id), $detail);
        $crate::db::mails::note!($tx, $crate::db::mails::Kind::Password, $id, by.at_ms);
    }};
}

/// Forgets the second step of a user whose address nobody has shown to be theirs so far: somebody else may have switched it on, and its owner would
/// be asked for that one's codes. To be said before it is shown.
pub(super) const END_STRANGERS_STEP: &str =
    "DELETE FROM second_steps WHERE user_id = $1 AND EXISTS (SELECT 1 FROM users WHERE id = $1 AND confirmed_ms IS NULL)";

pub(super) use {end_sessions, end_ways_in, note_password};
