//! What a chart shows of a device.

use vigia_backend::fleet;
use vigia_backend::telemetry::{self, Question};
use vigia_domain::limits::AHEAD_MS;
use vigia_domain::series::Series;

use super::{Asked, told};
use crate::clock::at_ms;
use crate::components::chart::period::Period;
use crate::components::chart::{Stretch, gaps};
use crate::fault::Fault;
use crate::format::rfc3339;

/// What a chart of the device that the route names shows.
pub(crate) async fn stretch(
    metric: &str,
    period: Period,
    zoom: Option<Period>,
    other: Option<&str>,
    compare: bool,
) -> Result<Stretch, Fault> {
    let asked = Asked::here()?;
    let device = told(asked.device())?.number;
    let seen = zoom.unwrap_or(period);
    let last = [Some(metric), other].into_iter().flatten().filter_map(|metric| asked.app.store().last(device, metric));
    let last_ms = last.map(|last| last.at_ms).max();
    let now_ms = by_its_clock(asked.app.world().clock.now_ms(), asked.app.ingest().clock_offset_ms(device), last_ms);
    let (from_ms, to_ms) = seen.around(now_ms);
    let points = u32::try_from((to_ms - from_ms) / seen.bucket_ms()).unwrap_or(telemetry::MOST_POINTS);
    let of = async |metric: &str, back_ms: i64| {
        let question = Question { device, metric, from_ms: from_ms - back_ms, to_ms: to_ms - back_ms, points };
        let buckets = told(asked.app.store().aggregate(&question).await.map_err(Into::into))?;
        Ok::<_, Fault>(until(now_ms, telemetry::series(metric, &buckets)))
    };
    let main = of(metric, 0).await?;
    let causes = told(fleet::explain(&asked.app, device, metric, &gaps(&main, seen), seen.bucket_ms()).await.map_err(Into::into))?;
    let other = match other {
        Some(other) => Some(of(other, 0).await?),
        None => None,
    };
    // The whole says how far back: a part of it is compared with the same part.
    let before = if compare { Some(of(metric, period.shift_ms()).await?) } else { None };
    Ok(Stretch { from_ms, to_ms, now_ms, main, causes, other, before })
}

/// Now by the clock of a device that is off by so much and had its last value then: what it sends ends there, and only what it has not
/// sent until then is missing. Who is further behind than anybody may be ahead is met with the time of people.
fn by_its_clock(now_ms: i64, offset_ms: Option<i64>, last_ms: Option<i64>) -> i64 {
    let offset_ms = offset_ms.filter(|offset| offset.abs() <= AHEAD_MS).unwrap_or_default();
    let end_ms = last_ms.map_or(i64::MIN, |last| last + 1).min(now_ms + AHEAD_MS + 1);
    (now_ms + offset_ms).max(end_ms)
}

/// Nothing is missing of what is still to come.
fn until(now_ms: i64, mut series: Series) -> Series {
    series.gaps.retain(|gap| at_ms(&gap.from) < now_ms);
    if let Some(last) = series.gaps.last_mut().filter(|gap| at_ms(&gap.to) > now_ms) {
        last.to = rfc3339(now_ms);
    }
    series
}

#[cfg(test)]
mod tests {
    use vigia_domain::series::Gap;

    use super::*;

    #[test]
    fn a_period_ends_with_what_the_device_has_sent_by_its_own_clock() {
        let minute = 60_000;
        let now = 1_736_604_018_000;
        let ends =
            |offset: Option<i64>, last: Option<i64>| (by_its_clock(now, offset, last.map(|last| now + last)) - now).div_euclid(minute);
        assert_eq!(ends(None, None), 0);
        assert_eq!(ends(None, Some(-3 * minute)), 0, "it is silent");
        assert_eq!(ends(None, Some(5 * minute)), 5, "it is ahead, and spoke");
        assert_eq!(ends(Some(5 * minute), Some(minute)), 5, "it is ahead, and silent");
        assert_eq!(ends(Some(-2 * minute), Some(-2 * minute)), -2, "it is behind, and spoke");
        assert_eq!(ends(Some(-2 * minute), Some(-minute)), -1, "its clock was set meanwhile");
        assert_eq!(ends(Some(-1_440 * minute), Some(-1_440 * minute)), 0, "a day behind");
        assert_eq!(ends(None, Some(99 * minute)), 10, "no clock may be further ahead");
    }

    #[test]
    fn what_has_not_come_yet_is_not_missing() {
        let gap = |from: i64, to: i64| Gap { from: rfc3339(from), to: rfc3339(to) };
        let series =
            Series { metric: "power_w".into(), unit: "W".into(), points: vec![], gaps: vec![gap(0, 10), gap(20, 90), gap(60, 90)] };
        assert_eq!(until(50, series).gaps, [gap(0, 10), gap(20, 50)]);
    }
}
