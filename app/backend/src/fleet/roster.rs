//! Who is registered, in memory: what the list looks for, sorts by and shows, so that a page of it costs the database one small question.
//!
//! Every change of the registry has its row in the audit log, written in the same transaction. So one question tells whether there was a change,
//! whichever process made it; only then is it read anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vigia_domain::device::DeviceKind;
use vigia_domain::ids::{DeviceNumber, UserId};

use crate::db::{Db, DbError, devices};
use crate::words::folded;
use crate::world::World;

/// On PostgreSQL a row with a smaller id may come to light after one with a larger: so long after a change it is read once more.
const SETTLES: Duration = Duration::from_secs(2);
/// So much of a name decides its place: a cursor holds it.
const NAME_CHARACTERS: usize = 64;

/// A registered device.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) number: DeviceNumber,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: DeviceKind,
    pub(super) owner: Option<UserId>,
    pub(super) owner_email: Option<String>,
    /// What it is looked for by.
    pub(super) words: String,
    /// Its place by name.
    pub(super) rank: i64,
    /// The place of its owner among all owners; nothing without one.
    pub(super) owner_rank: Option<i64>,
}

/// All of them at one moment.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The newest first.
    pub(super) facts: Vec<Fact>,
    names: Vec<(String, DeviceNumber)>,
    /// Addresses in order, each once.
    owners: Vec<String>,
}

/// The registry in memory.
pub struct Roster {
    registry: Db,
    world: World,
    state: Mutex<State>,
    /// Held by who reads: the others take what it read.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    known: Option<Arc<Known>>,
    /// The newest row of the audit log that it has regard to.
    seen: i64,
    /// When it was read.
    began: Option<Instant>,
    /// Several processes number their rows of the audit log before they commit: a row may come into sight after newer ones. Since then
    /// that may be so, and it is read once more when it cannot be any longer.
    unsettled: Option<Instant>,
    /// When news came the last time.
    news: Option<Instant>,
}

impl Roster {
    /// One that has read nothing yet.
    #[must_use]
    pub fn new(registry: Db, world: World) -> Self {
        Self { registry, world, state: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// As it is now.
    pub(super) async fn now(&self) -> Result<Arc<Known>, DbError> {
        let asked = self.world.clock.instant();
        let seen = self.state().seen;
        let news = devices::news(&self.registry, seen).await?;
        if let Some(known) = self.still(asked, &news) {
            return Ok(known);
        }
        let _turn = self.turn.lock().await;
        {
            let state = self.state();
            if let (Some(known), true) = (&state.known, state.began.is_some_and(|began| began >= asked)) {
                return Ok(Arc::clone(known));
            }
        }
        let began = self.world.clock.instant();
        let known = Arc::new(Known::of(devices::index(&self.registry).await?));
        let mut state = self.state();
        let is_fresh =
            news.matters || state.known.is_none() || state.news.is_some_and(|came| began.saturating_duration_since(came) < SETTLES);
        state.unsettled = (is_fresh && matches!(self.registry, Db::Postgres(_))).then_some(began);
        (state.known, state.seen, state.began) = (Some(Arc::clone(&known)), state.seen.max(news.newest), Some(began));
        Ok(known)
    }

    /// What is known, if nothing says that it changed.
    fn still(&self, now: Instant, news: &devices::News) -> Option<Arc<Known>> {
        let mut state = self.state();
        if news.newest > state.seen && matches!(self.registry, Db::Postgres(_)) {
            state.news = Some(now);
            state.unsettled.get_or_insert(now);
        }
        let may_hide = state.unsettled.is_some_and(|since| now.saturating_duration_since(since) > SETTLES);
        if news.matters || may_hide {
            return None;
        }
        let known = state.known.clone()?;
        state.seen = state.seen.max(news.newest);
        Some(known)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn of(rows: Vec<devices::Indexed>) -> Self {
        let mut facts: Vec<Fact> = rows
            .into_iter()
            .map(|devices::Indexed { number, id, name, kind, owner, owner_email }| Fact {
                words: folded(&format!("{name}\n{id}\n{}", owner_email.as_deref().unwrap_or_default())),
                rank: 0,
                owner_rank: None,
                number,
                id,
                name,
                kind,
                owner,
                owner_email,
            })
            .collect();
        let mut names: Vec<_> = facts.iter().enumerate().map(|(at, fact)| ((sorted_as(&fact.name), fact.number), at)).collect();
        names.sort_unstable();
        for (rank, (_, at)) in names.iter().enumerate() {
            facts[*at].rank = 2 * rank as i64 + 2;
        }
        let mut owners: Vec<_> = facts.iter().filter_map(|fact| fact.owner_email.as_deref()).map(sorted_as).collect();
        owners.sort_unstable();
        owners.dedup();
        for fact in &mut facts {
            fact.owner_rank = fact.owner_email.as_deref().map(|owner| rank_in(&owners, &sorted_as(owner)));
        }
        Self { facts, names: names.into_iter().map(|(name, _)| name).collect(), owners }
    }

    /// What stands for the name of a fact in a cursor.
    pub(super) fn name_of(&self, fact: &Fact) -> &str {
        let at = usize::try_from(fact.rank / 2 - 1).unwrap_or(usize::MAX);
        self.names.get(at).map_or("", |(name, _)| name)
    }

    /// What stands for the owner of a fact in a cursor; nothing without one.
    pub(super) fn owner_of(&self, fact: &Fact) -> &str {
        let at = fact.owner_rank.and_then(|rank| usize::try_from(rank / 2 - 1).ok());
        at.and_then(|at| self.owners.get(at)).map_or("", String::as_str)
    }

    /// The place of an owner, or the gap in which they would stand if they still had a device.
    pub(super) fn owner_rank_of(&self, owner: &str) -> i64 {
        rank_in(&self.owners, owner)
    }

    /// The place by name of a device, or the gap in which it would stand if it were still there.
    pub(super) fn rank_of(&self, name: &str, number: DeviceNumber) -> i64 {
        match self.names.binary_search_by(|(known, n)| (known.as_str(), *n).cmp(&(name, number))) {
            Ok(at) => 2 * at as i64 + 2,
            Err(at) => 2 * at as i64 + 1,
        }
    }
}

/// The place of a text among others in their order, or the gap in which it would stand.
fn rank_in(texts: &[String], text: &str) -> i64 {
    match texts.binary_search_by(|known| known.as_str().cmp(text)) {
        Ok(at) => 2 * at as i64 + 2,
        Err(at) => 2 * at as i64 + 1,
    }
}

fn sorted_as(name: &str) -> String {
    folded(name).chars().take(NAME_CHARACTERS).collect()
}
