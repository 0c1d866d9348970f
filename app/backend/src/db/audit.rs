//! Table `audit`: who did what, from where, and what it was before and after. Append-only: the databases themselves refuse to change a row
//! or to delete one.
//!
//! A row is written by [`note!`] alone, inside the transaction of the change that it tells of: neither is there without the other.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::IpAddr;

use serde_json::Value;
use vigia_domain::rights::Principal;

use super::{Db, DbError, on, people};
use crate::origin::Origin;
use crate::words::{Words, folded};

/// Who changes something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `user:7`, `key:3`, `device:m1`, `command-line`, `system`, `nobody`.
    name: Cow<'static, str>,
    address: Option<IpAddr>,
}

impl Actor {
    /// Whoever runs the machine.
    pub const COMMAND_LINE: Self = Self::named("command-line");
    /// The program itself.
    pub const SYSTEM: Self = Self::named("system");

    /// Somebody by name alone.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), address: None }
    }

    /// Somebody by a name that is made while running.
    #[must_use]
    pub const fn called(name: String) -> Self {
        Self { name: Cow::Owned(name), address: None }
    }

    /// Whoever asks.
    #[must_use]
    pub fn of(principal: &Principal, origin: &Origin) -> Self {
        Self { name: Cow::Owned(principal.actor()), address: origin.address }
    }

    /// A person, whoever they were a moment ago.
    #[must_use]
    pub fn user(id: i64, origin: &Origin) -> Self {
        Self { name: Cow::Owned(format!("user:{id}")), address: origin.address }
    }

    /// Nobody that we know.
    #[must_use]
    pub const fn nobody(origin: &Origin) -> Self {
        Self { name: Cow::Borrowed("nobody"), address: origin.address }
    }

    /// The word in the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// From where, as it is written in the log.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        self.address.map(|address| address.to_string())
    }
}

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Who, and from where.
    pub actor: &'a Actor,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
}

pub(super) const INSERT: &str = "INSERT INTO audit (at_ms, actor, origin, action, target, detail) VALUES ($1, $2, $3, $4, $5, $6)";

/// Notes within a transaction that somebody did `action` on `target`. The detail, a JSON object, has `before` and `after` where something has
/// become something else; it never holds a secret.
macro_rules! note {
    ($tx:ident, $by:expr, $action:expr, $target:expr, $detail:expr) => {{
        let by: $crate::db::audit::By<'_> = $by;
        sqlx::query($crate::db::audit::INSERT)
            .bind(by.at_ms)
            .bind(by.actor.name())
            .bind(by.actor.origin())
            .bind($action)
            .bind($target)
            .bind($detail.to_string())
            .execute(&mut *$tx)
            .await?
    }};
}

pub(super) use note;

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted {
    /// Its number; a later one is higher.
    pub id: i64,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// From which network address.
    pub origin: Option<String>,
    /// What was done: `user.rights`.
    pub action: String,
    /// On what.
    pub target: String,
    /// More, as a JSON object.
    pub detail: Value,
}

/// What is looked for; what is `None` is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By whom.
    pub actor: Option<String>,
    /// On what.
    pub target: Option<String>,
    /// What was done, or how its word begins: `user.`.
    pub action: Option<String>,
    /// Somewhere in the row, whatever the case; a person's rows also by their name or address.
    pub text: Option<String>,
    /// Not before this, milliseconds since the epoch.
    pub from_ms: Option<i64>,
    /// Before this.
    pub to_ms: Option<i64>,
    /// Older than this row.
    pub below: Option<i64>,
}

/// Some of the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Newest first.
    pub rows: Vec<Noted>,
    /// Below which row to go on; `None`: there is nothing older that fits. There may be no more either where so much was looked through that it
    /// would take too long to look on.
    pub next: Option<i64>,
}

type Row = (i64, i64, String, Option<String>, String, String, String);

/// So many rows are read at a time where they are looked through for words, and so many in all before who asks has to ask again.
const STRETCH: i64 = 2_000;
const MOST_LOOKED_THROUGH: i64 = 100_000;

/// At most so many rows that fit.
///
/// # Errors
/// [`DbError`].
pub async fn search(db: &Db, wanted: &Wanted, most: usize) -> Result<Page, DbError> {
    let words = Words::of(wanted.text.as_deref().unwrap_or_default());
    let named = if words.are_none() {
        HashSet::new()
    } else {
        people::called_so(db, &words).await?.into_iter().map(|id| format!("user:{id}")).collect()
    };
    let (mut page, mut below, mut seen) = (Page::default(), wanted.below.unwrap_or(i64::MAX), 0);
    loop {
        let stretch = if words.are_none() { i64::try_from(most).unwrap_or(STRETCH) + 1 } else { STRETCH };
        let rows = stretch_of(db, wanted, below, stretch).await?;
        let is_end = (rows.len() as i64) < stretch;
        seen += rows.len() as i64;
        for row in rows {
            below = row.0;
            if !fits(&row, &words, &named) {
                continue;
            }
            if page.rows.len() == most {
                page.next = page.rows.last().map(|last: &Noted| last.id);
                return Ok(page);
            }
            page.rows.push(read(row)?);
        }
        if is_end {
            return Ok(page);
        }
        if seen >= MOST_LOOKED_THROUGH {
            page.next = Some(below);
            return Ok(page);
        }
    }
}

/// Rows by what the database knows to look for. A condition stands in the text only where it is asked: else no index would be used.
async fn stretch_of(db: &Db, wanted: &Wanted, below: i64, most: i64) -> Result<Vec<Row>, DbError> {
    let mut sql =
        "SELECT id, at_ms, actor, origin, action, target, detail FROM audit WHERE id < $1 AND at_ms >= $2 AND at_ms < $3".to_owned();
    let mut given = Vec::new();
    let some = |text: &Option<String>| text.as_deref().map(storable).filter(|text| !text.is_empty());
    for (column, text) in [("actor", some(&wanted.actor)), ("target", some(&wanted.target)), ("action", some(&wanted.action))] {
        let Some(text) = text else { continue };
        let place = given.len() + 4;
        if column == "action" && text.ends_with('.') {
            sql.push_str(&format!(" AND substr(action, 1, {}) = ${place}", text.chars().count()));
        } else {
            sql.push_str(&format!(" AND {column} = ${place}"));
        }
        given.push(text);
    }
    sql.push_str(&format!(" ORDER BY id DESC LIMIT {most}"));
    let (from_ms, to_ms) = (wanted.from_ms.unwrap_or(i64::MIN), wanted.to_ms.unwrap_or(i64::MAX));
    Ok(on!(db, |c| {
        let mut found = sqlx::query_as(&sql).bind(below).bind(from_ms).bind(to_ms);
        for text in &given {
            found = found.bind(text);
        }
        found.fetch_all(c).await
    })?)
}

fn read((id, at_ms, actor, origin, action, target, detail): Row) -> Result<Noted, DbError> {
    let detail = serde_json::from_str(&detail).map_err(|_| DbError::Unreadable { table: "audit", column: "detail", found: detail })?;
    Ok(Noted { id, at_ms, actor, origin, action, target, detail })
}

/// Whether all words stand somewhere in a row, or it is of somebody who is called so.
fn fits((_, _, actor, origin, action, target, detail): &Row, words: &Words, named: &HashSet<String>) -> bool {
    if words.are_none() || named.contains(actor) || (action.starts_with("user.") && named.contains(target)) {
        return true;
    }
    words.are_in(&folded(&format!("{actor} {} {action} {target} {detail}", origin.as_deref().unwrap_or_default())))
}

/// PostgreSQL stumbles over a NUL in a text.
fn storable(text: &str) -> String {
    text.trim().replace('\0', "")
}
