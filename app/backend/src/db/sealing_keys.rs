//! Tables `sealing_keys` and `second_step_secrets`: secrets as they are sealed, and for whom. What opens them is not here.

use super::{Db, DbError, in_tx, on};

/// What seals for one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub kid: String,
    /// X25519, in base64.
    pub public: String,
}

/// A secret, sealed for one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The name of the key that opens it.
    pub kid: String,
    /// In base64.
    pub text: String,
}

/// Adds a key, or notes that its process runs, at most once in `late_ms`.
///
/// # Errors
/// [`DbError`].
pub async fn add(db: &Db, key: &Key, now_ms: i64, late_ms: i64) -> Result<(), DbError> {
    const KNOWN: &str = "SELECT seen_ms FROM sealing_keys WHERE kid = $1";
    const SQL: &str =
        "INSERT INTO sealing_keys (kid, public_key, seen_ms) VALUES ($1, $2, $3) ON CONFLICT (kid) DO UPDATE SET seen_ms = $3";
    let seen: Option<i64> = on!(db, |c| sqlx::query_scalar(KNOWN).bind(&key.kid).fetch_optional(c).await)?;
    if seen.is_some_and(|seen_ms| now_ms - seen_ms < late_ms) {
        return Ok(());
    }
    in_tx!(db, |tx| sqlx::query(SQL).bind(&key.kid).bind(&key.public).bind(now_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

/// The keys of processes that ran after this time.
///
/// # Errors
/// [`DbError`].
pub async fn seen(db: &Db, since_ms: i64) -> Result<Vec<Key>, DbError> {
    const SQL: &str = "SELECT kid, public_key FROM sealing_keys WHERE seen_ms > $1 ORDER BY kid";
    let rows: Vec<(String, String)> = on!(db, |c| sqlx::query_as(SQL).bind(since_ms).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(kid, public)| Key { kid, public }).collect())
}

/// Whether there is any secret.
///
/// # Errors
/// [`DbError`].
pub async fn any_secret(db: &Db) -> Result<bool, DbError> {
    const SQL: &str = "SELECT step_id FROM second_step_secrets LIMIT 1";
    let one: Option<i64> = on!(db, |c| sqlx::query_scalar(SQL).fetch_optional(c).await)?;
    Ok(one.is_some())
}

/// The secret of a second step as it is sealed for a key.
///
/// # Errors
/// [`DbError`].
pub async fn sealed(db: &Db, step: i64, kid: &str) -> Result<Option<String>, DbError> {
    const SQL: &str = "SELECT sealed FROM second_step_secrets WHERE step_id = $1 AND kid = $2";
    Ok(on!(db, |c| sqlx::query_scalar(SQL).bind(step).bind(kid).fetch_optional(c).await)?)
}

/// What is sealed for this key and lacks another of a process that ran after this time: the second step, the secret as it is sealed, and that other
/// key. At most 500.
///
/// # Errors
/// [`DbError`].
pub async fn lacking(db: &Db, kid: &str, since_ms: i64) -> Result<Vec<(i64, String, Key)>, DbError> {
    const SQL: &str = "SELECT own.step_id, own.sealed, k.kid, k.public_key FROM second_step_secrets AS own \
        JOIN sealing_keys AS k ON k.kid <> own.kid WHERE own.kid = $1 AND k.seen_ms > $2 AND NOT EXISTS \
        (SELECT 1 FROM second_step_secrets AS other WHERE other.step_id = own.step_id AND other.kid = k.kid) \
        ORDER BY own.step_id, k.kid LIMIT 500";
    let rows: Vec<(i64, String, String, String)> = on!(db, |c| sqlx::query_as(SQL).bind(kid).bind(since_ms).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(step, sealed, kid, public)| (step, sealed, Key { kid, public })).collect())
}

/// Adds a secret for one process more, if its second step is still there.
///
/// # Errors
/// [`DbError`].
pub async fn share(db: &Db, step: i64, sealed: &Sealed) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO second_step_secrets (step_id, kid, sealed) SELECT id, $2, $3 FROM second_steps WHERE id = $1 \
                       ON CONFLICT DO NOTHING";
    in_tx!(db, |tx| sqlx::query(SQL).bind(step).bind(&sealed.kid).bind(&sealed.text).execute(&mut *tx).await?.rows_affected());
    Ok(())
}
