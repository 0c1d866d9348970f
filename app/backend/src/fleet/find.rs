//! Finding devices while somebody types.

use vigia_domain::attention::Found;
use vigia_domain::rights::Principal;

use super::list::visible;
use super::presence::presence_of;
use super::roster::Fact;
use crate::app::App;
use crate::db::DbError;
use crate::words::Words;

/// The most that are found at once.
pub const MOST_FOUND: usize = 8;

/// The devices of `principal` whose name, id or owner has each of these words, newest first; without words those of `recent`, in their order.
///
/// # Errors
/// [`DbError`].
pub async fn find(app: &App, principal: &Principal, text: &str, recent: &[&str]) -> Result<Vec<Found>, DbError> {
    let (visible, words) = (visible(principal), Words::of(text));
    if words.are_none() && recent.is_empty() {
        return Ok(Vec::new());
    }
    let known = app.roster().now().await?;
    let facts = known.facts.iter().filter(|fact| visible.shows(fact.owner));
    let found = |fact: &Fact| Found { presence: presence_of(app, fact.number), id: fact.id.clone(), name: fact.name.clone() };
    if words.are_none() {
        let theirs: Vec<&Fact> = facts.filter(|fact| recent.contains(&fact.id.as_str())).collect();
        let in_order = recent.iter().filter_map(|wanted| theirs.iter().find(|fact| fact.id == *wanted));
        return Ok(in_order.take(MOST_FOUND).map(|fact| found(fact)).collect());
    }
    Ok(facts.filter(|fact| words.are_in(&fact.words)).take(MOST_FOUND).map(found).collect())
}
