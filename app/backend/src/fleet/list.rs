//! The device list.

use vigia_domain::device::{DeviceKind, DeviceRow};
use vigia_domain::headline::foremost;
use vigia_domain::ids::{DeviceId, DeviceNumber, UserId};
use vigia_domain::rights::Principal;

use super::cursor::Cursor;
use super::presence::presence_of;
use crate::app::App;
use crate::db::devices::{self, Device, Owned};
use crate::db::{Db, DbError};
use crate::telemetry::{self, LastValue};

/// The most rows of a page.
pub const MOST_ROWS: u32 = 1_000;
/// Rows where nobody says how many.
pub const USUAL_ROWS: u32 = 100;

/// Which devices are asked for.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Where the page begins; at the newest device without it.
    pub below: Option<Cursor>,
    /// How many, at most [`MOST_ROWS`]; 0 means [`USUAL_ROWS`].
    pub limit: u32,
}

/// A page of the devices that `principal` may see, newest first, and where the next page begins.
///
/// # Errors
/// [`DbError`].
pub async fn list(app: &App, principal: &Principal, filter: &ListFilter) -> Result<(Vec<DeviceRow>, Option<Cursor>), DbError> {
    let limit = if filter.limit == 0 { USUAL_ROWS } else { filter.limit.min(MOST_ROWS) };
    let below = filter.below.map(|Cursor(below)| below);
    let mut found = match visible(principal) {
        Visible::Nothing => Vec::new(),
        Visible::All => devices::page(app.registry(), None, below, i64::from(limit) + 1).await?,
        Visible::OwnedBy(user) => devices::page(app.registry(), Some(user), below, i64::from(limit) + 1).await?,
    };
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| Cursor(last.number));
    Ok((found.into_iter().map(|device| row(app, device)).collect(), next))
}

/// Whose devices.
pub(super) enum Visible {
    Nothing,
    All,
    OwnedBy(UserId),
}

/// The devices that `principal` may see, by their two names; at most so many.
///
/// # Errors
/// [`DbError`].
pub async fn visible_devices(registry: &Db, principal: &Principal, most: usize) -> Result<Vec<(DeviceId, Owned)>, DbError> {
    match visible(principal) {
        Visible::Nothing => Ok(Vec::new()),
        Visible::All => devices::names(registry, None, most).await,
        Visible::OwnedBy(user) => devices::names(registry, Some(user), most).await,
    }
}

impl Visible {
    /// Whether a device of this owner is among them.
    pub(super) fn shows(&self, owner: Option<UserId>) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::OwnedBy(user) => owner == Some(*user),
        }
    }
}

/// The rows that a principal may see; the route has already asked whether it may see the list.
pub(super) fn visible(principal: &Principal) -> Visible {
    match principal {
        Principal::Nobody | Principal::Device(_) => Visible::Nothing,
        Principal::User { .. } | Principal::ApiKey { .. } => principal.only_of().map_or(Visible::All, Visible::OwnedBy),
    }
}

pub(super) fn row(app: &App, device: Device) -> DeviceRow {
    let now_ms = app.world().clock.now_ms();
    let seen_ms = app.store().seen_ms(device.number);
    let presence = presence_of(app, device.number);
    DeviceRow {
        headline: headline(app, device.kind, device.number).map(|v| telemetry::latest(v, now_ms)),
        id: device.id.to_string(),
        name: device.name,
        kind: device.kind,
        owner: device.owner_email,
        presence,
        seen_ms,
    }
}

/// The value that stands for the device in one line.
pub(super) fn headline(app: &App, kind: DeviceKind, device: DeviceNumber) -> Option<LastValue> {
    let store = app.store();
    if store.known_metrics(device) == 0 {
        return None;
    }
    // Thousands are asked for one page: most have the first of all.
    foremost(kind).iter().find_map(|metric| store.last(device, metric)).or_else(|| store.latest(device).into_iter().next())
}
