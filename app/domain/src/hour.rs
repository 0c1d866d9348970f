//! The last hour of a value, minute by minute: what a small picture of it needs, and no more.

use serde::{Deserialize, Serialize};

/// Minutes of an hour.
pub const MINUTES: usize = 60;
/// A minute in milliseconds.
pub const MINUTE_MS: i64 = 60_000;

/// How finely a picture is sent: one letter a minute.
const LEVELS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOP: f32 = 61.0;
const GAP: u8 = b' ';
/// So many minutes a device's clock may be ahead: what it sends is drawn when its minute has come. What is further ahead is not.
pub const AHEAD: i64 = 3;
/// Height of the picture; one unit of its width is a minute.
pub const HEIGHT: i32 = 60;
/// What varies by less than this share of its size is drawn as the flat line that it is.
const FLAT: f32 = 0.05;

/// The means of sixty minutes that follow one another. It travels as its extremes and a letter for each minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Sent", into = "Sent")]
pub struct Hour {
    /// The last minute, counted from the epoch.
    end: i64,
    /// NaN where nothing came.
    means: [f32; MINUTES],
    /// How many values the last mean is made of.
    count: u32,
    /// Minutes that have not come yet, their means and how many values they are made of.
    ahead: Vec<(i64, f32, u32)>,
}

/// `marks`: a letter for each minute, and for those that a clock is ahead.
#[derive(Serialize, Deserialize)]
struct Sent {
    end: i64,
    low: f32,
    high: f32,
    marks: String,
    count: u32,
}

impl Hour {
    /// An hour that ends with the minute `end` (counted from the epoch); a mean that is NaN is a gap.
    #[must_use]
    pub const fn new(end: i64, means: [f32; MINUTES], count: u32) -> Self {
        Self { end, means, count, ahead: Vec::new() }
    }

    /// The same with what a clock that is ahead has sent for the minutes after the last, in their order.
    #[must_use]
    pub fn with_ahead(self, means: impl IntoIterator<Item = f32>) -> Self {
        let ahead = (self.end + 1..).zip(means).filter(|(_, mean)| !mean.is_nan()).map(|(minute, mean)| (minute, mean, 1));
        Self { ahead: ahead.take(AHEAD as usize).collect(), ..self }
    }

    /// Takes a value that the device had at `at_ms` and that is heard at `now_ms`, milliseconds since the epoch. One for an earlier minute than
    /// the last is left out: how many values that one's mean is made of is not known here.
    pub fn add(&mut self, at_ms: i64, value: f64, now_ms: i64) {
        #[expect(clippy::cast_possible_truncation, reason = "a picture needs no more")]
        let value = value as f32;
        let minute = minute_of(at_ms);
        if !value.is_finite() || at_ms > now_ms + AHEAD * MINUTE_MS {
            return;
        }
        self.move_to(minute.min(minute_of(now_ms)));
        if minute == self.end {
            let last = &mut self.means[MINUTES - 1];
            self.count += 1;
            *last = if last.is_nan() { value } else { grown(*last, value, self.count) };
        } else if minute > self.end {
            match self.ahead.iter_mut().find(|(known, ..)| *known == minute) {
                Some((_, mean, count)) => {
                    *count += 1;
                    *mean = grown(*mean, value, *count);
                }
                None => self.ahead.push((minute, value, 1)),
            }
        }
    }

    /// Lets the hour end with this minute, counted from the epoch; it never goes back.
    pub fn move_to(&mut self, minute: i64) {
        let by = usize::try_from(minute - self.end).unwrap_or(0);
        if by == 0 {
            return;
        }
        self.means.copy_within(by.min(MINUTES).., 0);
        self.means[MINUTES - by.min(MINUTES)..].fill(f32::NAN);
        (self.end, self.count) = (minute, 0);
        let Self { end, means, count, ahead } = self;
        ahead.retain(|(of, mean, n)| {
            let back = usize::try_from(*end - *of).ok();
            if let Some(mark) = back.and_then(|back| means.iter_mut().rev().nth(back)) {
                *mark = *mean;
            }
            if back == Some(0) {
                *count = *n;
            }
            back.is_none()
        });
    }

    /// The smallest and the largest mean; `None` when there is nothing but a gap.
    #[must_use]
    pub fn range(&self) -> Option<(f32, f32)> {
        let known = self.means.iter().copied().filter(|mean| !mean.is_nan());
        known.fold(None, |range, mean| Some(range.map_or((mean, mean), |(low, high): (f32, f32)| (low.min(mean), high.max(mean)))))
    }

    /// The line as SVG writes it, from 0 to 59 across and from 0 (above) to [`HEIGHT`]; gaps are gaps.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        let Some((low, high)) = self.range() else { return path };
        let span = (high - low).max(low.abs().max(high.abs()) * FLAT);
        let floor = f32::midpoint(low, high) - span / 2.0;
        for (minute, mean) in self.means.iter().enumerate() {
            if mean.is_nan() {
                continue;
            }
            let share = if span > 0.0 { (mean - floor) / span } else { 0.5 };
            #[expect(clippy::cast_possible_truncation, reason = "between 0 and HEIGHT")]
            let y = HEIGHT - (share * HEIGHT as f32 + 0.5) as i32;
            let begins = minute == 0 || self.means[minute - 1].is_nan();
            path.push(if begins { 'M' } else { ' ' });
            path.push_str(&minute.to_string());
            path.push(' ');
            path.push_str(&y.to_string());
            // A minute by itself is a point.
            if begins && self.means.get(minute + 1).is_none_or(|next| next.is_nan()) {
                path.push_str("h.1");
            }
        }
        path
    }
}

/// A mean with one value more, `count` in all.
fn grown(mean: f32, value: f32, count: u32) -> f32 {
    mean + (value - mean) / count as f32
}

/// The minute of an instant (milliseconds since the epoch), counted from the epoch.
#[must_use]
pub const fn minute_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(MINUTE_MS)
}

impl From<Hour> for Sent {
    fn from(hour: Hour) -> Self {
        let of_ahead = |at: i64| hour.ahead.iter().find(|(minute, ..)| *minute == hour.end + at).map_or(f32::NAN, |(_, mean, _)| *mean);
        let last = hour.ahead.iter().map(|(minute, ..)| minute - hour.end).max().unwrap_or_default();
        let means: Vec<f32> = hour.means.iter().copied().chain((1..=last.min(AHEAD)).map(of_ahead)).collect();
        let known = means.iter().copied().filter(|mean| !mean.is_nan());
        let (low, high) = known.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), mean| (low.min(mean), high.max(mean)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
        let letter = |mean: &f32| {
            if mean.is_nan() {
                return GAP;
            }
            let share = if high > low { (mean - low) / (high - low) } else { 0.0 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and TOP")]
            let level = (share * TOP + 0.5) as usize;
            LEVELS[level.min(LEVELS.len() - 1)]
        };
        let marks = means.iter().map(|mean| char::from(letter(mean))).collect();
        Self { end: hour.end, low, high, marks, count: hour.count }
    }
}

impl From<Sent> for Hour {
    fn from(Sent { end, low, high, marks, count }: Sent) -> Self {
        let mut means = [f32::NAN; MINUTES];
        let mut read = marks.bytes().map(|letter| {
            let level = LEVELS.iter().position(|known| *known == letter);
            level.map_or(f32::NAN, |level| low + (high - low) * (level as f32 / TOP))
        });
        means.iter_mut().zip(&mut read).for_each(|(mean, read)| *mean = read);
        Self::new(end, means, count).with_ahead(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(last: &[f32]) -> Hour {
        let mut means = [f32::NAN; MINUTES];
        means[MINUTES - last.len()..].copy_from_slice(last);
        Hour::new(100, means, 1)
    }

    #[test]
    fn what_travels_is_small_and_keeps_extremes_and_gaps() {
        let sent = serde_json::to_string(&hour(&[210.5, f32::NAN, 1284.25, 700.0])).expect("JSON");
        assert!(sent.len() < 130, "{sent}");
        let back: Hour = serde_json::from_str(&sent).expect("JSON");
        assert_eq!(back.range(), Some((210.5, 1284.25)));
        assert!(back.means[57].is_nan() && (back.means[59] - 700.0).abs() < 10.0, "{:?}", &back.means[56..]);
        let empty: Hour = serde_json::from_str(&serde_json::to_string(&hour(&[])).expect("JSON")).expect("JSON");
        assert_eq!((empty.range(), empty.path()), (None, String::new()));
        let odd = r#"{"end":1,"low":0,"high":1,"marks":"ñ<zz","count":0}"#;
        assert_eq!(serde_json::from_str::<Hour>(odd).expect("JSON").range(), Some((1.0, 1.0)), "what is no letter of ours is a gap");
    }

    #[test]
    fn a_line_has_gaps_points_and_a_flat_middle() {
        assert_eq!(hour(&[0.0, 10.0, f32::NAN, 5.0, f32::NAN, 5.0, 10.0]).path(), "M53 60 54 0M56 30h.1M58 30 59 0");
        assert_eq!(hour(&[127.1, 127.3]).path(), "M58 31 59 29", "the volts of a quiet hour are no mountains");
        assert_eq!(hour(&[0.0]).path(), "M59 30h.1");
        assert_eq!(hour(&[1e12, -1e12]).path(), "M58 0 59 60");
    }

    #[test]
    fn the_last_minute_is_a_mean_that_grows_and_the_hour_moves_on() {
        let mut it = hour(&[4.0]);
        let mut add = |at_ms, value| it.add(at_ms, value, at_ms);
        add(100 * MINUTE_MS + 1, 6.0);
        add(99 * MINUTE_MS, 1e9);
        add(100 * MINUTE_MS + 2, f64::NAN);
        assert_eq!(it.range(), Some((5.0, 5.0)));
        it.add(102 * MINUTE_MS, 9.0, 102 * MINUTE_MS);
        assert_eq!((it.range(), it.means[57], it.means[59]), (Some((5.0, 9.0)), 5.0, 9.0));
        assert!(it.means[58].is_nan());
        it.move_to(50);
        assert_eq!(it.end, 102, "it never goes back");
        it.move_to(102 + 60);
        assert_eq!(it.range(), None);
    }

    #[test]
    fn a_clock_that_is_ahead_is_drawn_when_its_minute_comes_and_moves_nothing_before() {
        let mut it = hour(&[4.0]);
        let now_ms = 100 * MINUTE_MS + 30_000;
        it.add(102 * MINUTE_MS, 8.0, now_ms);
        it.add(102 * MINUTE_MS + 1, 10.0, now_ms);
        it.add(now_ms + AHEAD * MINUTE_MS + 1, 1e9, now_ms);
        assert_eq!((it.end, it.path()), (100, "M59 30h.1".to_owned()), "nothing of it yet");
        let mut back: Hour = serde_json::from_str(&serde_json::to_string(&it).expect("JSON")).expect("JSON");
        for it in [&mut it, &mut back] {
            it.move_to(101);
            assert_eq!(it.path(), "M58 30h.1");
            it.move_to(103);
            assert_eq!(it.path(), "M56 60h.1M58 0h.1");
        }
        it.add(104 * MINUTE_MS, 6.0, 103 * MINUTE_MS);
        it.move_to(104 + 60);
        assert_eq!((it.range(), it.ahead.len()), (None, 0));
    }
}
