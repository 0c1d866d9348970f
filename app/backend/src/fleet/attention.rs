//! What needs somebody's attention: everything that the program knows by itself, worst first.

use std::cmp::Reverse;
use std::collections::HashMap;

use vigia_domain::attention::{About, Attention, Concern, Figures, Group, Kind};
use vigia_domain::command::CommandState;
use vigia_domain::device::Presence;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reason::Reason;

use super::presence::presence_of;
use super::roster::Fact;
use crate::app::App;
use crate::db::{DbError, commands, state, unclaimed};
use crate::telemetry::{self, QUARANTINE_KEPT};

/// Rows of a group; the rest is counted.
const ROWS: usize = 5;
/// How long ago counts as lately, in milliseconds.
const LATELY_MS: i64 = 24 * 60 * 60 * 1000;
/// A clock that is off by more than this is told of, in milliseconds.
const CLOCK_MS: u64 = 60_000;
/// The newest refusals and commands that are looked at.
const LOOKED_AT: i64 = 1_000;

/// What needs attention in the whole installation; `words` tells a reason to whoever reads it. Whoever calls has asked the right.
///
/// # Errors
/// [`DbError`].
pub async fn attention(app: &App, words: impl Fn(&Reason) -> String + Send) -> Result<Attention, DbError> {
    let now_ms = app.world().clock.now_ms();
    let (registry, since_ms) = (app.registry(), now_ms - LATELY_MS);
    let (index, lost, waiting, refused) = tokio::try_join!(
        app.roster().now(),
        commands::lost(registry, since_ms, LOOKED_AT + 1),
        unclaimed::count(registry),
        state::refused_since(app.telemetry_db(), since_ms, LOOKED_AT + 1),
    )?;
    // What is beyond is not counted, and that is said.
    let (lost, has_more_lost) = looked_at(lost);
    let (refused, has_more_refused) = looked_at(refused);
    let index = &index.facts;
    let mut fleet = Fleet::default();
    let mut figures =
        Figures { devices: index.len() as u64, messages_per_s: app.metrics().ingest.rate.per_second(now_ms), ..Figures::default() };
    for (place, Fact { number, .. }) in index.iter().enumerate() {
        match presence_of(app, *number) {
            Presence::Online => {
                figures.online += 1;
                if let Some(power) = app.store().last(*number, "power_w").filter(|last| last.value.is_finite()) {
                    figures.power_w = Some(figures.power_w.unwrap_or_default() + power.value);
                }
            }
            Presence::Offline => fleet.silent.push((app.store().seen_ms(*number).unwrap_or_default(), place)),
            Presence::Never => fleet.never.push(place),
        }
        if let Some(offset) = app.ingest().clock_offset_ms(*number).filter(|offset| offset.unsigned_abs() > CLOCK_MS) {
            fleet.clocks.push((offset, place));
        }
    }
    let places: HashMap<DeviceNumber, usize> = index.iter().enumerate().map(|(place, fact)| (fact.number, place)).collect();
    let of = |place: usize, about: About| Concern { id: index[place].id.clone(), name: index[place].name.clone(), about };
    // Whoever fell silent last has the freshest trail; whoever is long gone may be in a drawer.
    fleet.silent.sort_unstable_by_key(|(seen_ms, _)| Reverse(*seen_ms));
    fleet.clocks.sort_unstable_by_key(|(offset, _)| Reverse(offset.unsigned_abs()));
    let silent = group(Kind::Silent, fleet.silent.len(), fleet.silent.iter().take(ROWS), |(since_ms, place)| {
        let last =
            app.store().last(index[*place].number, "power_w").or_else(|| app.store().latest(index[*place].number).into_iter().next());
        of(*place, About::Silent { since_ms: *since_ms, last: last.map(|last| telemetry::latest(last, now_ms)) })
    });
    let lost: Vec<_> = lost.into_iter().filter_map(|lost| Some((*places.get(&lost.device)?, lost))).collect();
    let lost = group(Kind::Commands, lost.len(), lost.into_iter().take(ROWS), |(place, lost)| {
        of(place, About::Command { failed: lost.state == CommandState::Failed, name: lost.name, at_ms: lost.finished_ms })
    });
    let clocks =
        group(Kind::Clocks, fleet.clocks.len(), fleet.clocks.iter().take(ROWS), |(offset, place)| of(*place, About::Clock(*offset)));
    let refused = by_device(refused);
    let refused: Vec<_> = refused.into_iter().filter_map(|refused| Some((*places.get(&refused.device)?, refused))).collect();
    let refused = group(Kind::Refused, refused.len(), refused.into_iter().take(ROWS), |(place, refused)| {
        let is_at_least = has_more_refused || refused.count >= QUARANTINE_KEPT.unsigned_abs();
        of(place, About::Refused { count: refused.count, is_at_least, at_ms: refused.at_ms, why: words(&refused.why) })
    });
    let lost = lost.map(|group| Group { is_at_least: has_more_lost, ..group });
    let refused = refused.map(|group| Group { is_at_least: has_more_refused, ..group });
    let never = group(Kind::Never, fleet.never.len(), fleet.never.iter().take(ROWS), |place| of(*place, About::Never));
    let broker = app.broker().and_then(|broker| broker.trouble());
    let troubles = app.store().wrong().into_iter().chain(broker).collect();
    let groups = [silent, lost, clocks, refused, never].into_iter().flatten().collect();
    Ok(Attention { troubles, groups, waiting, figures, note: None })
}

/// As many rows as are looked at, and whether there are more.
fn looked_at<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let most = usize::try_from(LOOKED_AT).unwrap_or(usize::MAX);
    let has_more = rows.len() > most;
    rows.truncate(most);
    (rows, has_more)
}

/// Devices by what is with them: places in the index, newest first.
#[derive(Default)]
struct Fleet {
    silent: Vec<(i64, usize)>,
    clocks: Vec<(i64, usize)>,
    never: Vec<usize>,
}

/// A group of so many, unless there is none.
fn group<T>(kind: Kind, count: usize, worst: impl Iterator<Item = T>, row: impl FnMut(T) -> Concern) -> Option<Group> {
    (count > 0).then(|| Group { kind, count: count as u64, is_at_least: false, rows: worst.map(row).collect() })
}

/// What was lately not taken from a device.
struct Refused {
    device: DeviceNumber,
    count: u64,
    at_ms: i64,
    why: Reason,
}

/// Newest first per row; the device with the most comes first.
fn by_device(rows: impl IntoIterator<Item = (DeviceNumber, i64, Reason)>) -> Vec<Refused> {
    let mut places: HashMap<DeviceNumber, usize> = HashMap::new();
    let mut found: Vec<Refused> = Vec::new();
    for (device, at_ms, why) in rows {
        if let Some(place) = places.get(&device) {
            found[*place].count += 1;
        } else {
            places.insert(device, found.len());
            found.push(Refused { device, count: 1, at_ms, why });
        }
    }
    found.sort_by_key(|refused| Reverse(refused.count));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_stands_once_with_its_newest_reason() {
        let (m1, m2) = (DeviceNumber(1), DeviceNumber(2));
        let rows = vec![(m1, 9, Reason::Empty), (m2, 8, Reason::UnknownTopic), (m2, 7, Reason::Empty), (m2, 6, Reason::Empty)];
        let found: Vec<_> = by_device(rows).into_iter().map(|r| (r.device, r.count, r.at_ms, r.why)).collect();
        assert_eq!(found, [(m2, 3, 8, Reason::UnknownTopic), (m1, 1, 9, Reason::Empty)]);
    }
}
