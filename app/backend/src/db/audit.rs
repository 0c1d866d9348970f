//! Table `audit`: who did what, append-only.
//!
//! A row is written by [`note!`] alone, inside the transaction of the change that it tells of: neither is there without the other.

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// `user:7`, `key:3`, `command-line`, `system`.
    pub actor: &'a str,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
}

pub(super) const INSERT: &str = "INSERT INTO audit (at_ms, actor, action, target, detail) VALUES ($1, $2, $3, $4, $5)";

/// Notes within a transaction that somebody did `action` on `target`. The detail never holds a secret.
macro_rules! note {
    ($tx:ident, $by:expr, $action:expr, $target:expr, $detail:expr) => {{
        let by: $crate::db::audit::By<'_> = $by;
        sqlx::query($crate::db::audit::INSERT)
            .bind(by.at_ms)
            .bind(by.actor)
            .bind($action)
            .bind($target)
            .bind($detail.to_string())
            .execute(&mut *$tx)
            .await?
    }};
}

pub(super) use note;
