//! The data of the page: an instant that does not move, names and texts that nobody expects, values at the edges.

use vigia_domain::attention::Found;
use vigia_domain::device::{DeviceCounts, DeviceKind, DevicePage, DeviceRow, Presence};
use vigia_domain::gap::{Cause, Explained};
use vigia_domain::hour::{Hour, MINUTES, minute_of};
use vigia_domain::money::Currency;
use vigia_domain::series::{Gap, Latest, Point, Series};
use vigia_domain::units::unit_of;

use crate::components::chart::Stretch;
use crate::components::chart::period::Period;
use crate::format::rfc3339;

/// 2026-03-14 18:30:00 UTC.
pub(super) const NOW_MS: i64 = 1_773_513_000_000;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// From right to left.
pub(super) const RIGHT_TO_LEFT: &str = "عداد المطبخ الرئيسي (3)";
/// Letters of several code points.
pub(super) const PICTURES: &str = "👩🏽‍🌾🏡 Casa Ñandú 🇲🇽";
/// Text that must stay text.
pub(super) const MARKUP: &str = "<script>alert(\"x\")</script><b>&amp;</b>";

/// A name of 300 characters with spaces in it.
pub(super) fn long_name() -> String {
    "Bombeo del pozo número siete con variador y arranque suave ".chars().cycle().take(300).collect()
}

/// One of 300 characters without any.
pub(super) fn unbroken() -> String {
    "Medidor_de_la_casa_de_los_abuelos-".chars().cycle().take(300).collect()
}

/// Values at the edges: nothing, unknown, barely below nothing, usual, beyond all measure.
pub(super) const VALUES: [(&str, f64); 6] =
    [("power_w", 1284.0), ("power_w", 0.0), ("power_w", f64::NAN), ("current_a", -0.001), ("energy_wh", 18_402_700.0), ("power_w", 1e12)];

/// Amounts in hundredths, likewise.
pub(super) const AMOUNTS: [(Option<i64>, Currency); 6] = [
    (Some(128_450), Currency::MXN),
    (Some(0), Currency::USD),
    (None, Currency::EUR),
    (Some(-5), Currency::MXN),
    (Some(99), Currency::EGP),
    (Some(100_000_000_000_000), Currency::MXN),
];

/// Ages at the edges of their words.
pub(super) const AGES_MS: [Option<i64>; 6] =
    [Some(0), Some(42 * SECOND_MS), Some(3 * MINUTE_MS), Some(3 * HOUR_MS + 12 * MINUTE_MS), Some(40 * DAY_MS), None];

/// An hour that ends now, by its minutes.
pub(super) fn hour(mean: impl Fn(u16) -> f32) -> Hour {
    let mut means = [f32::NAN; MINUTES];
    for (minute, slot) in (0..).zip(&mut means) {
        *slot = mean(minute);
    }
    Hour::new(minute_of(NOW_MS), means, 1)
}

/// A load that is switched on, and hums.
pub(super) fn load(minute: u16) -> f32 {
    let base = if (12..38).contains(&minute) { 1_850.0 } else { 420.0 };
    base + f32::from(minute * 37 % 17) * 9.0
}

/// Devices as they come, each with something that nobody expects.
pub(super) fn devices() -> DevicePage {
    use DeviceKind::{Biodigester, EnergyMeter, Other, PillDispenser, Switch};
    use Presence::{Never, Offline, Online};
    let owner = |name: &str| Some(format!("{name}@example.org"));
    let ago = |ms: i64| Some(NOW_MS - ms);
    let rows = vec![
        row("vg-7f3a21", "Medidor Cocina", EnergyMeter, owner("lucia"), Online, ago(2 * SECOND_MS), Some(("power_w", 1284.0))),
        row("vg-7f3a22", &long_name(), EnergyMeter, owner("rancho"), Online, ago(SECOND_MS), Some(("power_w", 1e12))),
        row("vg-7f3a40", RIGHT_TO_LEFT, Switch, None, Offline, ago(3 * HOUR_MS + 12 * MINUTE_MS), Some(("power_w", f64::NAN))),
        row("biodigestor-1", MARKUP, Biodigester, owner("ulsa"), Online, ago(9 * SECOND_MS), Some(("current_a", -0.001))),
        row("AA:BB:CC:DD:EE:FF", PICTURES, PillDispenser, owner("rivas"), Online, ago(41 * SECOND_MS), Some(("pills_left", 0.0))),
        row("nuevo", "nuevo", Other, None, Never, None, None),
    ];
    let hours = vec![
        Some(hour(load)),
        Some(hour(|minute| if (20..33).contains(&minute) { f32::NAN } else { load(minute) })),
        Some(hour(|minute| if minute < 30 { load(minute) } else { f32::NAN })),
        Some(hour(|_| -0.001)),
        Some(hour(|_| 0.0)),
        None,
    ];
    let counts = DeviceCounts { all: 1_204, online: 1_200, offline: 3, never: 1 };
    DevicePage {
        rows,
        hours,
        kinds: DeviceKind::ALL.to_vec(),
        owners: ["lucia", "rancho", "rivas", "ulsa"].into_iter().filter_map(owner).collect(),
        counts,
        found: counts.all,
        before: 100,
        next: Some("bmV4dA".to_owned()),
        previous: Some("cHJl".to_owned()),
    }
}

/// Devices as the palette finds them.
pub(super) fn found() -> Vec<Found> {
    devices().rows.into_iter().map(|DeviceRow { id, name, presence, .. }| Found { id, name, presence }).collect()
}

/// The same installation, looked through for words that no device has.
pub(super) fn no_device() -> DevicePage {
    let all = devices();
    DevicePage { rows: Vec::new(), hours: Vec::new(), found: 0, before: 0, next: None, previous: None, ..all }
}

fn row(
    id: &str,
    name: &str,
    kind: DeviceKind,
    owner: Option<String>,
    presence: Presence,
    seen_ms: Option<i64>,
    value: Option<(&str, f64)>,
) -> DeviceRow {
    let headline = value.map(|(metric, value)| Latest {
        metric: metric.to_owned(),
        value,
        unit: unit_of(metric).to_owned(),
        at: rfc3339(seen_ms.unwrap_or(NOW_MS)),
        age_ms: NOW_MS - seen_ms.unwrap_or(NOW_MS),
    });
    DeviceRow { id: id.to_owned(), name: name.to_owned(), kind, owner, presence, seen_ms, headline }
}

/// What a chart is shown with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Gap,
    Two,
    Before,
    Odd,
    Empty,
    Loading,
}

impl Case {
    pub(super) const ALL: [Self; 6] = [Self::Gap, Self::Two, Self::Before, Self::Odd, Self::Empty, Self::Loading];

    /// The word in the address.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Two => "two",
            Self::Before => "before",
            Self::Odd => "odd",
            Self::Empty => "empty",
            Self::Loading => "loading",
        }
    }
}

/// The day that the charts are of.
pub(super) const DAY: Period = Period::Between { from_ms: NOW_MS - DAY_MS, to_ms: NOW_MS };
const BUCKET_MS: i64 = 5 * MINUTE_MS;

/// The day of a case.
pub(super) fn stretch(case: Case) -> Stretch {
    let (from_ms, to_ms) = DAY.around(NOW_MS);
    let from = |shift: i64| from_ms - shift;
    let gap = (from_ms + 9 * HOUR_MS, from_ms + 11 * HOUR_MS);
    let main = match case {
        Case::Empty => Series { points: Vec::new(), ..series("power_w", from(0), Some((from_ms, to_ms)), watts) },
        Case::Odd => series("current_a", from(0), None, edges),
        _ => series("power_w", from(0), Some(gap), watts),
    };
    let other = (case == Case::Two).then(|| series("voltage_v", from(0), Some(gap), |i| 127.0 + f64::from(i / 8 * 13 % 29) / 10.0));
    let before = (case == Case::Before).then(|| series("power_w", from(DAY.shift_ms()), None, |i| watts(i + 20) * 0.8));
    let causes = vec![Explained { from_ms: gap.0, cause: Cause::Silent }];
    Stretch { from_ms, to_ms, now_ms: NOW_MS, main, causes, other, before }
}

/// A household: calm at night, a stove at noon, an evening.
fn watts(bucket: i32) -> f64 {
    let base = match bucket % 288 {
        0..70 => 180.0,
        70..95 => 960.0,
        150..170 => 2_840.0,
        210..265 => 1_310.0,
        _ => 420.0,
    };
    base + f64::from(bucket * 37 % 17) * 9.0
}

/// Nothing, barely below nothing, and once beyond all measure.
fn edges(bucket: i32) -> f64 {
    match bucket {
        140 => 1e12,
        even if even % 2 == 0 => 0.0,
        _ => -0.001,
    }
}

fn series(metric: &str, from_ms: i64, gap: Option<(i64, i64)>, mean: impl Fn(i32) -> f64) -> Series {
    let is_there = |at: i64| gap.is_none_or(|(from, to)| at < from || at >= to);
    let buckets = (0..i32::try_from(DAY_MS / BUCKET_MS).unwrap_or_default()).map(|i| (from_ms + i64::from(i) * BUCKET_MS, mean(i)));
    let point = |(at, avg): (i64, f64)| Point { at: rfc3339(at), avg, min: avg - avg.abs() / 20.0, max: avg + avg.abs() / 20.0, count: 30 };
    Series {
        metric: metric.to_owned(),
        unit: unit_of(metric).to_owned(),
        points: buckets.filter(|(at, _)| is_there(*at)).map(point).collect(),
        gaps: gap.into_iter().map(|(from, to)| Gap { from: rfc3339(from), to: rfc3339(to) }).collect(),
    }
}
