//! Table `users` as a list: who has an account, a page at a time, and who is called so.

use vigia_domain::ids::UserId;

use super::users::{self, Row, User, columns};
use super::{Db, DbError, on, paging};
use crate::words::{Words, folded};

/// A person in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Who.
    pub user: User,
    /// Since when, milliseconds since the epoch.
    pub created_ms: i64,
    /// When they were last here, in a browser or an app; at most an hour late.
    pub seen_ms: Option<i64>,
    /// How many devices are theirs.
    pub devices: i64,
}

/// Of whom a list is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whom<'a> {
    /// Those alone who wait for an operator's word, or all others; everybody where it is not said.
    pub waiting: Option<bool>,
    /// Customers alone.
    pub customers: bool,
    /// What they are called, in part: by name, address or user name, whatever the case.
    pub text: &'a str,
    /// Those who came before the one of this number.
    pub below: Option<i64>,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The newest first.
    pub people: Vec<Listed>,
    /// Where the next page begins, while there is one.
    pub next: Option<i64>,
}

/// People, the newest first; at most `most`.
///
/// # Errors
/// [`DbError`].
pub async fn list(db: &Db, whom: Whom<'_>, most: usize) -> Result<Page, DbError> {
    const SQL: &str = "SELECT id, email, name, COALESCE(username, '') FROM users \
        WHERE id < $1 AND (role = 'customer' OR NOT $2) AND ($3 < 0 OR (CASE WHEN waits = 'approval' THEN 1 ELSE 0 END) = $3) \
        ORDER BY id DESC LIMIT $4";
    let words = Words::of(whom.text);
    let waiting = whom.waiting.map_or(-1, i64::from);
    // Whoever is looked for may be anywhere.
    let limit = if words.are_none() { paging::one_more(most) } else { i64::MAX };
    let found: Vec<Called> = on!(db, |c| {
        let found = sqlx::query_as(SQL).bind(whom.below.unwrap_or(i64::MAX)).bind(whom.customers).bind(waiting);
        found.bind(limit).fetch_all(c).await
    })?;
    let mut ids: Vec<i64> = found.into_iter().filter(|one| is_called(one, &words)).map(|(id, ..)| id).take(most + 1).collect();
    let next = paging::next(&mut ids, most, |last| *last);
    Ok(Page { people: of(db, &ids).await?, next })
}

/// One person as in the list.
///
/// # Errors
/// [`DbError`].
pub async fn one(db: &Db, id: UserId) -> Result<Option<Listed>, DbError> {
    Ok(of(db, &[id.0]).await?.pop())
}

/// The numbers of those who are called so.
pub(super) async fn called_so(db: &Db, words: &Words) -> Result<Vec<i64>, DbError> {
    const SQL: &str = "SELECT id, email, name, COALESCE(username, '') FROM users";
    let all: Vec<Called> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    Ok(all.into_iter().filter(|one| is_called(one, words)).map(|(id, ..)| id).collect())
}

/// Number, address, name, user name.
type Called = (i64, String, String, String);

fn is_called((_, email, name, username): &Called, words: &Words) -> bool {
    words.are_none() || words.are_in(&folded(&format!("{email} {name} {username}")))
}

/// These people, the newest first.
async fn of(db: &Db, ids: &[i64]) -> Result<Vec<Listed>, DbError> {
    const LISTED: &str = concat!(
        columns!(),
        ", created_ms, (SELECT MAX(used_ms) FROM (SELECT used_ms FROM sessions WHERE user_id = users.id \
            UNION ALL SELECT used_ms FROM app_sessions WHERE user_id = users.id) AS used) AS seen_ms, \
         (SELECT COUNT(*) FROM devices WHERE owner_id = users.id) AS devices FROM users"
    );
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let listed = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let sql = format!("{LISTED} WHERE id IN ({listed}) ORDER BY id DESC");
    on!(db, |c| sqlx::query_as::<_, ListedRow>(&sql).persistent(false).fetch_all(c).await)?.into_iter().map(read).collect()
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    row: Row,
    created_ms: i64,
    seen_ms: Option<i64>,
    devices: i64,
}

fn read(ListedRow { row, created_ms, seen_ms, devices }: ListedRow) -> Result<Listed, DbError> {
    Ok(Listed { user: users::read(row)?, created_ms, seen_ms, devices })
}
