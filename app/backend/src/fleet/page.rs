//! The panel's page of the device list: by words, state, kind and owner, in any order, with honest counts.
//!
//! State, last value and age are not in the registry but in memory, and so is the registry itself ([`super::roster`]): every device that the
//! visitor may see is looked at, some milliseconds for ten thousand.

use std::collections::BTreeSet;

use vigia_domain::device::{DeviceCounts, DeviceKind, DevicePage, DeviceRow, Presence};
use vigia_domain::rights::Principal;
use vigia_domain::sort::Sort;

use super::hours::hours;
use super::list::{Visible, headline, visible};
use super::order::{Key, Place};
use super::presence::presence_of;
use super::roster::{Fact, Known};
use crate::app::App;
use crate::db::DbError;
use crate::telemetry;
use crate::words::Words;

/// Rows of a page.
pub const PAGE_ROWS: usize = 100;
/// Among so many owners one can choose; words find the others.
const MOST_OWNERS: usize = 200;

/// Which devices by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateFilter {
    /// All of them.
    #[default]
    All,
    /// Those that are online.
    Online,
    /// Those that were and are not.
    Offline,
    /// Those that were never heard of.
    Never,
}

impl StateFilter {
    fn takes(self, presence: Presence) -> bool {
        match self {
            Self::All => true,
            Self::Online => presence == Presence::Online,
            Self::Offline => presence == Presence::Offline,
            Self::Never => presence == Presence::Never,
        }
    }
}

/// What somebody wants to see.
#[derive(Clone, Debug, Default)]
pub struct PageFilter<'a> {
    /// Words of names, ids or owners.
    pub text: &'a str,
    /// By state.
    pub state: StateFilter,
    /// By what they are.
    pub kind: Option<DeviceKind>,
    /// By the e-mail address of their owner; empty for all.
    pub owner: &'a str,
    /// In which order.
    pub sort: Sort,
    /// Where the page begins; at the first device without it.
    pub from: Option<Place>,
}

/// What a filter takes, in its order.
struct Found {
    counts: DeviceCounts,
    kinds: Vec<DeviceKind>,
    owners: Vec<String>,
    /// Their places in the facts.
    rows: Vec<(Key, usize)>,
}

/// A page of the devices that `principal` may see.
///
/// # Errors
/// [`DbError`].
pub async fn page(app: &App, principal: &Principal, filter: &PageFilter<'_>) -> Result<DevicePage, DbError> {
    let visible = visible(principal);
    if matches!(visible, Visible::Nothing) {
        return Ok(DevicePage::default());
    }
    let known = app.roster().now().await?;
    let Found { counts, kinds, owners, rows: found } = find(app, &known, &visible, filter);
    let sort = filter.sort;
    let start = filter.from.as_ref().map_or(0, |place| {
        let after = place.key(&known, sort);
        let start = found.partition_point(|(key, _)| key.cmp(&after, sort).is_le());
        // An address that somebody kept may lie behind the end by now: what exists is shown then, its last page.
        if start < found.len() { start } else { found.len().saturating_sub(PAGE_ROWS) }
    });
    let shown = &found[start..found.len().min(start + PAGE_ROWS)];
    let place = |(key, at): &(Key, usize)| key.place(&known, sort, &known.facts[*at]).to_string();
    let (mut rows, mut values) = (Vec::with_capacity(shown.len()), Vec::with_capacity(shown.len()));
    for (_, at) in shown {
        let fact = &known.facts[*at];
        values.push((fact.number, headline(app, fact.kind, fact.number)));
        rows.push(row(app, fact));
    }
    Ok(DevicePage {
        hours: hours(app, &values).await,
        rows,
        counts,
        kinds,
        owners,
        found: found.len() as u64,
        before: start as u64,
        next: shown.last().filter(|_| start + shown.len() < found.len()).map(place),
        // Empty for the first page.
        previous: (start > 0).then(|| start.checked_sub(PAGE_ROWS + 1).map_or_else(String::new, |last| place(&found[last]))),
    })
}

/// The newest devices that `principal` may see, `most` of them, and how many there are in all; without what only the list shows.
///
/// # Errors
/// [`DbError`].
pub async fn few(app: &App, principal: &Principal, most: usize) -> Result<DevicePage, DbError> {
    let visible = visible(principal);
    if matches!(visible, Visible::Nothing) {
        return Ok(DevicePage::default());
    }
    let known = app.roster().now().await?;
    let Found { counts, rows, .. } = find(app, &known, &visible, &PageFilter::default());
    let found = rows.len() as u64;
    Ok(DevicePage {
        rows: rows.into_iter().take(most).map(|(_, at)| row(app, &known.facts[at])).collect(),
        counts,
        found,
        ..DevicePage::default()
    })
}

/// Every device that a filter takes and `principal` may see, in order, wherever a page would begin. `ids`: only these; all without any.
///
/// # Errors
/// [`DbError`].
pub async fn all(app: &App, principal: &Principal, filter: &PageFilter<'_>, ids: &[String]) -> Result<Vec<DeviceRow>, DbError> {
    let visible = visible(principal);
    if matches!(visible, Visible::Nothing) {
        return Ok(Vec::new());
    }
    let known = app.roster().now().await?;
    let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let facts = find(app, &known, &visible, filter).rows.into_iter().map(|(_, at)| &known.facts[at]);
    Ok(facts.filter(|fact| ids.is_empty() || ids.contains(fact.id.as_str())).map(|fact| row(app, fact)).collect())
}

fn find(app: &App, known: &Known, visible: &Visible, filter: &PageFilter<'_>) -> Found {
    let words = Words::of(filter.text);
    let mut counts = DeviceCounts::default();
    let (mut kinds, mut owners) = ([false; DeviceKind::ALL.len()], BTreeSet::new());
    let mut rows = Vec::new();
    for (at, fact) in known.facts.iter().enumerate() {
        if !visible.shows(fact.owner) {
            continue;
        }
        counts.all += 1;
        if let Some(place) = DeviceKind::ALL.iter().position(|kind| *kind == fact.kind) {
            kinds[place] = true;
        }
        let owner = fact.owner_email.as_deref().unwrap_or_default();
        if owners.len() <= MOST_OWNERS && !owner.is_empty() {
            owners.insert(owner);
        }
        let is_left_out = filter.kind.is_some_and(|kind| kind != fact.kind) || !filter.owner.is_empty() && filter.owner != owner;
        if is_left_out || !words.are_in(&fact.words) {
            continue;
        }
        let presence = presence_of(app, fact.number);
        match presence {
            Presence::Online => counts.online += 1,
            Presence::Offline => counts.offline += 1,
            Presence::Never => counts.never += 1,
        }
        if filter.state.takes(presence) {
            rows.push((Key::of(app, filter.sort, fact, presence), at));
        }
    }
    rows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b, filter.sort));
    let can_choose = matches!(visible, Visible::All) && owners.len() <= MOST_OWNERS;
    Found {
        counts,
        kinds: DeviceKind::ALL.into_iter().zip(kinds).filter_map(|(kind, is_there)| is_there.then_some(kind)).collect(),
        owners: if can_choose { owners.into_iter().map(str::to_owned).collect() } else { Vec::new() },
        rows,
    }
}

fn row(app: &App, fact: &Fact) -> DeviceRow {
    let now_ms = app.world().clock.now_ms();
    DeviceRow {
        headline: headline(app, fact.kind, fact.number).map(|last| telemetry::latest(last, now_ms)),
        id: fact.id.clone(),
        name: fact.name.clone(),
        kind: fact.kind,
        owner: fact.owner_email.clone(),
        presence: presence_of(app, fact.number),
        seen_ms: app.store().seen_ms(fact.number),
    }
}
