//! The end of a line that grows: readings that fall into one bucket become its mean, as the server's do.

/// The bucket that is still open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    from_ms: i64,
    /// What happened until then is counted.
    known_ms: i64,
    width_ms: i64,
    bucket: i64,
    sum: f64,
    count: f64,
}

/// What a reading does to the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Growth {
    /// The open bucket's mean is now this.
    Last(f64),
    /// A new bucket begins with it.
    Next(f64),
    /// Counted already, or older than the open bucket: the next load shows it.
    None,
}

impl Tail {
    /// Of buckets from `from_ms` on, loaded at `known_ms`; the last of them begins at, has the mean and the readings of `last`.
    pub(super) fn new(from_ms: i64, known_ms: i64, width_ms: i64, last: Option<(i64, f64, f64)>) -> Self {
        let (bucket, sum, count) =
            last.map_or((i64::MIN, 0.0, 0.0), |(at, mean, count)| ((at - from_ms).div_euclid(width_ms), mean * count, count));
        Self { from_ms, known_ms, width_ms, bucket, sum, count }
    }

    /// A reading. One that a new connection repeats counts only when it is news.
    pub(super) fn take(&mut self, at_ms: i64, value: f64, is_repeated: bool) -> Growth {
        if is_repeated && at_ms <= self.known_ms {
            return Growth::None;
        }
        self.known_ms = self.known_ms.max(at_ms);
        let bucket = (at_ms - self.from_ms).div_euclid(self.width_ms);
        if bucket == self.bucket {
            self.sum += value;
            self.count += 1.0;
            Growth::Last(self.sum / self.count)
        } else if bucket > self.bucket {
            (self.bucket, self.sum, self.count) = (bucket, value, 1.0);
            Growth::Next(value)
        } else {
            Growth::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_connection_repeats_is_not_counted_twice() {
        let mut tail = Tail::new(0, 25, 10, Some((20, 100.0, 1.0)));
        assert_eq!(tail.take(22, 100.0, true), Growth::None, "the load has it");
        assert_eq!(tail.take(24, 200.0, false), Growth::Last(150.0), "a device's clock may lag behind");
        assert_eq!(tail.take(28, 300.0, false), Growth::Last(200.0));
        assert_eq!(tail.take(28, 300.0, true), Growth::None, "the connection came back");
        assert_eq!(tail.take(31, 400.0, true), Growth::Next(400.0), "said between the load and the connection");
        assert_eq!(tail.take(12, 1.0, false), Growth::None);
    }
}
