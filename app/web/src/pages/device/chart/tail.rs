//! The end of a line that grows: readings that fall into one bucket become its mean, as the server's do.

/// The bucket that is still open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    from_ms: i64,
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
    /// Older than the open bucket: the next load shows it.
    None,
}

impl Tail {
    /// After `count` readings with mean `mean`, the last of them in the bucket of `last_ms`.
    pub(super) fn new(from_ms: i64, width_ms: i64, last: Option<(i64, f64, f64)>) -> Self {
        let (bucket, sum, count) =
            last.map_or((i64::MIN, 0.0, 0.0), |(at, mean, count)| ((at - from_ms).div_euclid(width_ms), mean * count, count));
        Self { from_ms, width_ms, bucket, sum, count }
    }

    pub(super) fn take(&mut self, at_ms: i64, value: f64) -> Growth {
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
