//! The panel's page of the device list: by text and state, with honest counts.
//!
//! State is not in the registry but in memory, so every device that the visitor may see is looked at: its number and a
//! few look-ups each, some milliseconds for ten thousand. Only the page's own devices are read whole.

use vigia_domain::device::{DeviceCounts, DevicePage, Presence};
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rights::Principal;

use super::cursor::Cursor;
use super::list::{Visible, row, visible};
use super::presence::presence_of;
use super::search::Words;
use crate::app::App;
use crate::db::{DbError, devices};

/// Rows of a page.
pub const PAGE_ROWS: usize = 100;

/// Which devices by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateFilter {
    /// All of them.
    #[default]
    All,
    /// Those that are online.
    Online,
    /// Those that are not, or never were.
    Silent,
}

impl StateFilter {
    fn takes(self, presence: Presence) -> bool {
        match self {
            Self::All => true,
            Self::Online => presence == Presence::Online,
            Self::Silent => presence != Presence::Online,
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
    /// Where the page begins; at the newest device without it.
    pub below: Option<Cursor>,
}

/// A page of the devices that `principal` may see, newest first.
///
/// # Errors
/// [`DbError`].
pub async fn page(app: &App, principal: &Principal, filter: &PageFilter<'_>) -> Result<DevicePage, DbError> {
    let owner = match visible(principal) {
        Visible::Nothing => return Ok(DevicePage::default()),
        Visible::All => None,
        Visible::OwnedBy(user) => Some(user),
    };
    let words = Words::of(filter.text);
    let mut counts = DeviceCounts::default();
    let mut found = Vec::new();
    for (number, id, name, owner) in devices::index(app.registry(), owner).await? {
        counts.all += 1;
        if !words.are_none() && !words.are_in(&[&name, &id, owner.as_deref().unwrap_or_default()]) {
            continue;
        }
        let presence = presence_of(app, number);
        match presence {
            Presence::Online => counts.online += 1,
            Presence::Offline => counts.offline += 1,
            Presence::Never => counts.never += 1,
        }
        if filter.state.takes(presence) {
            found.push(number);
        }
    }
    let start = filter.below.map_or(0, |Cursor(below)| found.partition_point(|number| *number >= below));
    let shown = &found[start..found.len().min(start + PAGE_ROWS)];
    let rows = devices::by_numbers(app.registry(), shown).await?.into_iter().map(|device| row(app, device)).collect();
    Ok(DevicePage {
        rows,
        counts,
        found: found.len() as u64,
        before: start as u64,
        next: shown.last().filter(|_| start + shown.len() < found.len()).map(|last| Cursor(*last).to_string()),
        previous: (start > 0).then(|| previous(&found, start)),
    })
}

/// The cursor of the page before the one that begins at `start`; empty for the first.
fn previous(found: &[DeviceNumber], start: usize) -> String {
    let first = start.saturating_sub(PAGE_ROWS);
    if first == 0 { String::new() } else { Cursor(found[first - 1]).to_string() }
}
