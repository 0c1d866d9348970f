//! Why a history has gaps: what the device said, what was set aside meanwhile, what else came, and whether anybody was heard.

use vigia_domain::gap::{Cause, Explained};
use vigia_domain::ids::DeviceNumber;
use vigia_domain::reason::Reason;

use crate::app::App;
use crate::db::{DbError, state};
use crate::telemetry::{MOST_POINTS, QUARANTINE_KEPT, Question};

/// So many gaps are looked into, the longest; of a history with more, nobody reads why.
const LOOKED_INTO: usize = 8;
/// So many other metrics of the device are asked whether they went on. Each costs what the history itself does, however many gaps
/// there are.
const METRICS_ASKED: usize = 2;
/// So many other devices are asked whether they were heard, of so many that are considered.
const DEVICES_ASKED: usize = 2;
const DEVICES_CONSIDERED: usize = 500;
/// A goodbye this long before a gap belongs to it, in milliseconds: the last reading stands until the next was due.
const GOODBYE_MS: i64 = 10 * 60 * 1_000;

/// The causes of a metric's gaps `[from, to)`, ms since the epoch, in their order; of those that are not looked into there is none.
/// `bucket_ms`: how wide the history's buckets are, between whose edges its gaps lie.
///
/// # Errors
/// [`DbError`].
pub async fn explain(
    app: &App,
    device: DeviceNumber,
    metric: &str,
    gaps: &[(i64, i64)],
    bucket_ms: i64,
) -> Result<Vec<Explained>, DbError> {
    let mut wanted = gaps.to_vec();
    wanted.sort_by_key(|(from, to)| from - to);
    wanted.truncate(LOOKED_INTO);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    wanted.sort_unstable();
    let refused = state::quarantine(app.telemetry_db(), device, QUARANTINE_KEPT).await?;
    let refused: Vec<(i64, Reason)> = refused.into_iter().map(|row| (row.received_ms, row.cause)).collect();
    let goodbye_ms = app.store().goodbye_ms(device);
    let mut open: Vec<_> = wanted.into_iter().map(|gap| (gap, said(&refused, goodbye_ms, gap))).collect();
    let own = app.store().latest(device).into_iter().filter(|value| value.metric != metric).take(METRICS_ASKED);
    for value in own {
        went_on(app, device, &value.metric, bucket_ms, &mut open, Cause::OtherValues).await?;
    }
    if open.iter().any(|(_, cause)| cause.is_none()) {
        for (other, metric) in others(app, device).await? {
            went_on(app, other, &metric, bucket_ms, &mut open, Cause::Silent).await?;
        }
    }
    Ok(open.into_iter().map(|((from_ms, _), cause)| Explained { from_ms, cause: cause.unwrap_or(Cause::Unknown) }).collect())
}

/// What is written down about that time.
fn said(refused: &[(i64, Reason)], goodbye_ms: Option<i64>, (from_ms, to_ms): (i64, i64)) -> Option<Cause> {
    if goodbye_ms.is_some_and(|at_ms| (from_ms - GOODBYE_MS..to_ms).contains(&at_ms)) {
        return Some(Cause::Goodbye);
    }
    let within = refused.iter().filter(|(at_ms, why)| (from_ms..to_ms).contains(at_ms) && is_its_own(why));
    let (clock, other): (Vec<_>, Vec<_>) = within.partition(|(_, why)| is_of_the_clock(why));
    match (clock.len() as u64, other.len() as u64) {
        (0, 0) => None,
        (messages, other) if messages >= other => Some(Cause::Clock { messages }),
        (_, messages) => Some(Cause::Refused { messages }),
    }
}

/// Whether the device itself sent what was refused, and not somebody who used its name.
const fn is_its_own(why: &Reason) -> bool {
    !matches!(why, Reason::WrongPassword)
}

fn is_of_the_clock(why: &Reason) -> bool {
    match why {
        Reason::TimeTooEarly { .. } | Reason::TimeTooLate { .. } | Reason::TimeUnreadable { .. } => true,
        Reason::Element { reason, .. } => is_of_the_clock(reason),
        _ => false,
    }
}

/// Gives the cause to the gaps that have none and in which a metric has readings. One question for all of them.
async fn went_on(
    app: &App,
    device: DeviceNumber,
    metric: &str,
    bucket_ms: i64,
    open: &mut [((i64, i64), Option<Cause>)],
    cause: Cause,
) -> Result<(), DbError> {
    let mut unknown: Vec<_> = open.iter_mut().filter(|(_, known)| known.is_none()).collect();
    let (Some(first), Some(last)) = (unknown.first(), unknown.last()) else { return Ok(()) };
    let (from_ms, to_ms) = (first.0.0, last.0.1);
    let points = u32::try_from((to_ms - from_ms) / bucket_ms.max(1)).unwrap_or(MOST_POINTS).clamp(1, MOST_POINTS);
    let question = Question { device, metric, from_ms, to_ms, points };
    let buckets = app.store().aggregate(&question).await?;
    let filled: Vec<i64> = buckets.filled().map(|(at_ms, _)| at_ms).collect();
    for gap in &mut unknown {
        let (from_ms, to_ms) = gap.0;
        let next = filled.partition_point(|at_ms| *at_ms < from_ms);
        if filled.get(next).is_some_and(|at_ms| *at_ms < to_ms) {
            gap.1 = Some(cause);
        }
    }
    Ok(())
}

/// Other devices that were heard last, each with a metric of theirs.
async fn others(app: &App, device: DeviceNumber) -> Result<Vec<(DeviceNumber, String)>, DbError> {
    let (store, known) = (app.store(), app.roster().now().await?);
    let others = known.facts.iter().map(|fact| fact.number).filter(|number| *number != device).take(DEVICES_CONSIDERED);
    let mut others: Vec<_> = others.filter_map(|number| Some((store.seen_ms(number)?, number))).collect();
    others.sort_unstable_by(|one, two| two.cmp(one));
    let first = |(_, number)| Some((number, store.latest(number).into_iter().next()?.metric));
    Ok(others.into_iter().filter_map(first).take(DEVICES_ASKED).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_aside_within_a_gap_is_its_cause_and_nothing_outside_is() {
        let early = || Reason::TimeTooEarly { time: "5".to_owned() };
        let refused = vec![(10, Reason::Empty), (50, early()), (60, early()), (70, Reason::Empty), (90, Reason::WrongPassword)];
        assert_eq!(said(&refused, None, (50, 80)), Some(Cause::Clock { messages: 2 }));
        assert_eq!(said(&refused, None, (65, 80)), Some(Cause::Refused { messages: 1 }));
        assert_eq!(said(&refused, None, (80, 100)), None, "a stranger is not the device");
        assert_eq!(said(&refused, None, (11, 50)), None);
        assert_eq!(said(&refused, Some(40), (50, 80)), Some(Cause::Goodbye));
        assert_eq!(said(&refused, Some(80), (50, 80)), Some(Cause::Clock { messages: 2 }), "that was after it");
    }
}
