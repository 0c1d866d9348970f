//! What people are and may, in table `users`.

use serde_json::json;
use vigia_domain::ids::UserId;
use vigia_domain::rights::Rights;
use vigia_domain::user::Role;

use super::audit::{self, By};
use super::users;
use super::{Db, DbError, in_tx};

/// What somebody is to be and to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What they are.
    pub role: Role,
    /// Single rights beside those of the role.
    pub granted: Rights,
    /// Single rights of the role that are taken away.
    pub withdrawn: Rights,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It is so now.
    Done,
    /// It was somebody else's to change since it was looked at: they are not what they were.
    Changed,
    /// Nobody would be left who can let others in.
    LastAdmin,
}

/// Changes what somebody who was `before` is and may.
///
/// # Errors
/// [`DbError`].
pub async fn set(db: &Db, id: UserId, before: &users::User, after: Standing, by: By<'_>) -> Result<Set, DbError> {
    // Two who take each other's role away at once: the second looks at what the first has done.
    const HOLD: &str = "UPDATE users SET role = role WHERE role = 'admin'";
    // Besides them; and they themselves, where they cannot sign in now.
    const OTHERS: &str = "SELECT COUNT(*) FROM users WHERE role = 'admin' AND (disabled_ms IS NULL AND waits IS NULL) <> (id = $1)";
    const SET: &str =
        "UPDATE users SET role = $2, granted = $3, withdrawn = $4 WHERE id = $1 AND role = $5 AND granted = $6 AND withdrawn = $7";
    let was = Standing { role: before.role, granted: before.granted, withdrawn: before.withdrawn };
    let counts = before.role == Role::Admin && after.role != Role::Admin;
    in_tx!(db, |tx| {
        sqlx::query(HOLD).execute(&mut *tx).await?;
        if counts {
            let others: i64 = sqlx::query_scalar(OTHERS).bind(id.0).fetch_one(&mut *tx).await?;
            if others == 0 {
                return Ok(Set::LastAdmin);
            }
        }
        let set = sqlx::query(SET).bind(id.0).bind(after.role.as_str()).bind(words(after.granted)).bind(words(after.withdrawn));
        let set = set.bind(was.role.as_str()).bind(words(was.granted)).bind(words(was.withdrawn));
        if set.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(Set::Changed);
        }
        // What was handed out while they were something else does not grow with them.
        let mut keys = None;
        if after.role != was.role {
            keys = Some(sqlx::query(super::keys::END_ALL).bind(id.0).bind(by.at_ms).execute(&mut *tx).await?.rows_affected());
        }
        let detail = json!({ "before": told(was), "after": told(after), "keys_ended": keys });
        audit::note!(tx, by, "user.rights", format!("user:{}", id.0), detail);
    });
    Ok(Set::Done)
}

fn words(rights: Rights) -> String {
    rights.iter().map(|action| action.as_str()).collect::<Vec<_>>().join(",")
}

fn told(standing: Standing) -> serde_json::Value {
    let list = |rights: Rights| rights.iter().map(|action| action.as_str()).collect::<Vec<_>>();
    json!({ "role": standing.role.as_str(), "granted": list(standing.granted), "withdrawn": list(standing.withdrawn) })
}
