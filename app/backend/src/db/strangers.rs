//! Tables `identities` and `users`: who comes in by a provider of OpenID Connect, known or for the first time. All of it in one transaction,
//! or nothing.

use serde_json::json;
use vigia_domain::ids::UserId;
use vigia_domain::user::Role;

use super::audit::{self, Actor, By};
use super::identities::{self, Claimed};
use super::mails::Kind;
use super::registrations::MOST_WAITING;
use super::users::{Waits, normalised};
use super::ways_in::{END_STRANGERS_STEP, end_ways_in};
use super::{Db, DbError, in_tx, links, mails};
use crate::origin::Origin;

/// Who comes.
#[derive(Clone, Copy, Debug)]
pub struct Stranger<'a> {
    /// Who they are to their provider.
    pub claimed: Claimed<'a>,
    /// Whether the provider has seen that the address is theirs.
    pub is_verified: bool,
    /// What they are called; may be empty.
    pub name: &'a str,
    /// Their language, `es` or `en`.
    pub lang: Option<&'a str>,
}

/// Who may come in that has no account.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Everybody.
    pub open: bool,
    /// An operator lets in each who registers.
    pub approval: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// They may sign in.
    In(UserId),
    /// They wait for an operator's word, and a mail that says so waits as well.
    WaitsNow,
    /// They wait for it still.
    Waits,
    /// Nobody has seen that the address is theirs.
    Unverified,
    /// There is no account for them, or it is shut.
    NoAccount,
    /// The account of their address is already somebody else's to the same provider, who had the address before.
    Another,
    /// Too many wait.
    Full,
}

/// A row of `identities` with its user: their keys, `disabled_ms` and `waits`.
type Known = (i64, i64, Option<i64>, Option<String>);
/// A row of `users`: its key, `disabled_ms`, `confirmed_ms` and `waits`.
type Account = (i64, Option<i64>, Option<i64>, Option<String>);

/// Lets somebody in whose identity was checked.
///
/// # Errors
/// [`DbError`].
pub async fn come(db: &Db, who: Stranger<'_>, policy: Policy, from: &Origin, now_ms: i64) -> Result<Came, DbError> {
    if let Some(came) = known(db, who.claimed, now_ms).await? {
        return Ok(came);
    }
    let Some(email) = who.claimed.email.filter(|_| who.is_verified).map(normalised) else { return Ok(Came::Unverified) };
    // Two windows of one person, or two processes, may come at once: the second finds what the first has made.
    match first(db, who, &email, policy, from, now_ms).await? {
        Some(came) => Ok(came),
        None => Ok(known(db, who.claimed, now_ms).await?.unwrap_or(Came::NoAccount)),
    }
}

/// Somebody who came before; `None`: nobody has this identity.
async fn known(db: &Db, claimed: Claimed<'_>, now_ms: i64) -> Result<Option<Came>, DbError> {
    const FIND: &str = "SELECT identities.id, users.id, users.disabled_ms, users.waits FROM identities \
                        JOIN users ON users.id = identities.user_id WHERE identities.issuer = $1 AND identities.subject = $2";
    const USE: &str = "UPDATE identities SET used_ms = $2, email = COALESCE($3, email) WHERE id = $1";
    Ok(in_tx!(db, |tx| {
        let found: Option<Known> = sqlx::query_as(FIND).bind(claimed.issuer).bind(claimed.subject).fetch_optional(&mut *tx).await?;
        match found {
            None => None,
            Some((_, _, Some(_), _)) => Some(Came::NoAccount),
            Some((_, _, None, Some(_))) => Some(Came::Waits),
            Some((id, user, None, None)) => {
                sqlx::query(USE).bind(id).bind(now_ms).bind(claimed.email).execute(&mut *tx).await?;
                Some(Came::In(UserId(user)))
            }
        }
    }))
}

/// Somebody's first time by this identity: into the account of their address, or into one of their own. `None`: somebody was quicker.
async fn first(db: &Db, who: Stranger<'_>, email: &str, policy: Policy, from: &Origin, now_ms: i64) -> Result<Option<Came>, DbError> {
    const FIND: &str = "SELECT id, disabled_ms, confirmed_ms, waits FROM users WHERE email = $1";
    const HAS_ONE: &str = "SELECT COUNT(*) FROM identities WHERE user_id = $1 AND issuer = $2 AND subject <> $3";
    // An operator who lets them in, or refuses them, at this moment: whoever is second looks at what the first has done.
    const HOLD: &str = "UPDATE users SET waits = waits WHERE email = $1";
    const WAITING: &str = "SELECT COUNT(*) FROM users WHERE waits IN ('mail', 'approval')";
    const REGISTER: &str = "INSERT INTO users (email, name, role, lang, waits, created_ms, confirmed_ms) \
                            VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING RETURNING id";
    // A password that nobody has shown to be the address's owner's is over. A name that somebody else has got meanwhile is theirs.
    const LET_IN: &str = "UPDATE users SET waits = $2, confirmed_ms = COALESCE(confirmed_ms, $3), \
                          password_hash = CASE WHEN confirmed_ms IS NULL THEN NULL ELSE password_hash END, \
                          username = CASE WHEN waits IS NOT NULL AND EXISTS \
                              (SELECT 1 FROM users AS o WHERE o.username = users.username AND o.waits IS NULL) THEN NULL ELSE username END \
                          WHERE id = $1";
    let Claimed { issuer, subject, .. } = who.claimed;
    Ok(in_tx!(db, |tx| {
        sqlx::query(HOLD).bind(email).execute(&mut *tx).await?;
        let account: Option<Account> = sqlx::query_as(FIND).bind(email).fetch_optional(&mut *tx).await?;
        let (id, waits, is_new, was_in) = match account {
            Some((_, Some(_), ..)) => return Ok(Some(Came::NoAccount)),
            Some((id, None, confirmed_ms, waits)) => {
                let before = waits.map(Waits::read).transpose()?;
                let has_one: i64 = sqlx::query_scalar(HAS_ONE).bind(id).bind(issuer).bind(subject).fetch_one(&mut *tx).await?;
                // One that was linked before anybody had shown the address to be theirs is a stranger's, and ends below.
                if has_one > 0 && confirmed_ms.is_some() {
                    return Ok(Some(Came::Another));
                }
                let after = match before {
                    Some(Waits::Approval) => Some(Waits::Approval),
                    Some(Waits::Mail) if policy.approval => Some(Waits::Approval),
                    _ => None,
                };
                sqlx::query(END_STRANGERS_STEP).bind(id).execute(&mut *tx).await?;
                sqlx::query(LET_IN).bind(id).bind(after.map(Waits::as_str)).bind(now_ms).execute(&mut *tx).await?;
                let actor = Actor::user(id, from);
                let by = By { actor: &actor, at_ms: now_ms };
                let never_was_in = matches!(before, Some(Waits::Invite | Waits::Mail));
                if before.is_some() || confirmed_ms.is_none() {
                    sqlx::query(links::END_OF).bind(id).bind(now_ms).execute(&mut *tx).await?;
                }
                if confirmed_ms.is_none() && !never_was_in {
                    // Whoever was in before has chosen that password, and made the keys.
                    let detail = end_ways_in!(tx, id, now_ms);
                    audit::note!(tx, by, "user.confirm", format!("user:{id}"), detail);
                }
                if never_was_in {
                    audit::note!(tx, by, "user.join", format!("user:{id}"), json!({}));
                }
                (id, after, before == Some(Waits::Mail), before.is_none())
            }
            None if !policy.open => return Ok(Some(Came::NoAccount)),
            None => {
                let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut *tx).await?;
                if waiting >= MOST_WAITING {
                    return Ok(Some(Came::Full));
                }
                let (role, waits) = (Role::Customer.as_str(), policy.approval.then_some(Waits::Approval));
                let row = sqlx::query_scalar(REGISTER).bind(email).bind(who.name).bind(role).bind(who.lang);
                let id: Option<i64> = row.bind(waits.map(Waits::as_str)).bind(now_ms).fetch_optional(&mut *tx).await?;
                let Some(id) = id else { return Ok(None) };
                let nobody = Actor::nobody(from);
                audit::note!(tx, By { actor: &nobody, at_ms: now_ms }, "user.register", format!("user:{id}"), json!({ "role": role }));
                (id, waits, true, false)
            }
        };
        let row = sqlx::query(identities::INSERT).bind(issuer).bind(subject).bind(id).bind(email).bind(now_ms);
        if row.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(None);
        }
        let actor = Actor::user(id, from);
        audit::note!(
            tx,
            By { actor: &actor, at_ms: now_ms },
            "user.identity.add",
            format!("user:{id}"),
            json!({ "issuer": issuer, "subject": subject })
        );
        if waits.is_some() && is_new {
            mails::note!(tx, Kind::Received, id, now_ms);
        }
        // An account that was theirs before has one more way in; whose account begins with this one knows of it.
        if was_in {
            mails::note!(tx, Kind::Identity, id, now_ms);
        }
        Some(match waits {
            None => Came::In(UserId(id)),
            Some(_) if is_new => Came::WaitsNow,
            Some(_) => Came::Waits,
        })
    }))
}
