//! New values among those that are stored: the chunks that are taken apart for them, and every value that decides about the quarters which
//! they change.

use std::borrow::Cow;
use std::ops::Range;

use vigia_domain::rollup::{self, CONTEXT, QUARTER_MS};

use super::SqlStore;
use super::ahead::Ahead;
use super::damage::{Hole, Place};
use super::others::SealTurn;
use super::series::{AROUND, Series};
use super::shape::{self, Span};
use crate::db::DbError;
use crate::telemetry::LONGEST_GAP_MS;

/// New values among those that are stored.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// The chunks that are to be taken apart.
    pub(super) apart: Vec<i64>,
    /// The first and the last instant of what becomes chunks anew.
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    /// The new values, those of the chunks that are taken apart, all others of the quarters that may change, and the context of these on
    /// either side.
    pub(super) all: Vec<(i64, f64)>,
    /// The stored ones of these.
    pub(super) stored: Vec<(i64, f64)>,
    /// How many of the stored ones were other values.
    pub(super) replaced: u64,
    /// The stretches of whole quarters that may change, as [`rollup::touched`] says.
    pub(super) touched: Vec<(i64, i64)>,
}

impl SqlStore {
    /// New values, in order of time, together with everything that is stored and has to do with them. Whoever has the turn to seal moves
    /// damaged chunks out of the way; others leave them out.
    pub(super) async fn surroundings(
        &self,
        series: Series,
        new: &[(i64, f64)],
        turn: Option<&SealTurn<'_>>,
    ) -> Result<Surroundings, DbError> {
        self.surroundings_among(&Ahead::of(self.between(series, new).await?), series, new, turn).await
    }

    /// The stored chunks among which new values, in order of time, lie, and those around them.
    pub(super) async fn between(&self, series: Series, new: &[(i64, f64)]) -> Result<Vec<Span>, DbError> {
        match whole_quarters(new) {
            Some((from_ms, to_ms)) => series.around(&self.db, from_ms, to_ms).await,
            None => Ok(Vec::new()),
        }
    }

    /// The same as [`Self::surroundings`], for who has looked ahead.
    pub(super) async fn surroundings_among(
        &self,
        ahead: &Ahead,
        series: Series,
        new: &[(i64, f64)],
        turn: Option<&SealTurn<'_>>,
    ) -> Result<Surroundings, DbError> {
        let ((Some(first), Some(last)), Some((mut from_ms, mut to_ms))) = ((new.first(), new.last()), whole_quarters(new)) else {
            return Ok(Surroundings::default());
        };
        let (meaning, changed) = (self.meaning(series), new.iter().map(|(at, _)| *at).collect::<Vec<_>>());
        let mut spans = Cow::Borrowed(ahead.spans.as_slice());
        loop {
            let (apart, context) = context_of(&spans, new, from_ms, to_ms);
            let mut stored = Vec::new();
            if let Some(values) = ahead.values(&spans[context.clone()]) {
                stored = values;
            } else if let (Some(from), Some(to)) = (spans[context.clone()].first(), spans[context.clone()].last()) {
                let broken = series.each(&self.db, from.from_ms, to.to_ms + 1, |at, value| stored.push((at, value))).await?;
                for chunk in &broken {
                    let hole = Hole { series: Some(series), from_ms: chunk.from_ms, to_ms: chunk.to_ms };
                    self.note_damage(Place::Chunk(chunk.id), hole);
                    if turn.is_some() {
                        self.move_aside(Place::Chunk(chunk.id)).await?;
                    }
                }
                if turn.is_some() && !broken.is_empty() {
                    spans = Cow::Owned(series.around(&self.db, from_ms, to_ms).await?);
                    continue;
                }
            }
            let (all, replaced) = shape::merged(&stored, new);
            let touched = rollup::touched(meaning, &all, &changed, LONGEST_GAP_MS);
            // A quarter is made of all its values: where the context begins in the midst of one, what comes before it is read, too.
            let lies_before = spans.iter().filter(|span| span.from_ms < from_ms).count();
            let lies_after = spans.iter().filter(|span| span.from_ms > to_ms).count();
            let begins = touched.first().map_or(from_ms, |(begins, _)| *begins);
            let ends = touched.last().map_or(to_ms, |(_, ends)| *ends);
            let is_begun = context.start == 0 && lies_before < AROUND || all.partition_point(|(at, _)| *at < begins) >= CONTEXT;
            let is_ended =
                context.end == spans.len() && lies_after < AROUND || all.len() - all.partition_point(|(at, _)| *at < ends) >= CONTEXT;
            if is_begun && is_ended || begins >= from_ms && ends <= to_ms.saturating_add(1) {
                let apart = &spans[apart];
                return Ok(Surroundings {
                    first_ms: apart.first().map_or(first.0, |span| span.from_ms.min(first.0)),
                    last_ms: apart.last().map_or(last.0, |span| span.to_ms.max(last.0)),
                    apart: apart.iter().map(|span| span.id).collect(),
                    all,
                    stored,
                    replaced,
                    touched,
                });
            }
            (from_ms, to_ms) = (begins.min(from_ms), ends.saturating_sub(1).max(to_ms));
            spans = Cow::Owned(series.around(&self.db, from_ms, to_ms).await?);
        }
    }
}

/// The whole quarters in which values, in order of time, lie, as the first and the last instant.
pub(super) fn whole_quarters(values: &[(i64, f64)]) -> Option<(i64, i64)> {
    Some((rollup::start_of(values.first()?.0), rollup::start_of(values.last()?.0).saturating_add(QUARTER_MS - 1)))
}

/// Of the chunks around new values, in order of time, those that are taken apart; and these with all of `[from_ms, to_ms]` and the context of both.
pub(super) fn context_of(spans: &[Span], new: &[(i64, f64)], from_ms: i64, to_ms: i64) -> (Range<usize>, Range<usize>) {
    let (first, last) = (new.first().map_or(from_ms, |(at, _)| *at), new.last().map_or(to_ms, |(at, _)| *at));
    let apart = shape::taken_apart(spans, first, last, new.len());
    let inside = spans.partition_point(|span| span.to_ms < from_ms)..spans.partition_point(|span| span.from_ms <= to_ms);
    let context = with_context(spans, apart.start.min(inside.start)..apart.end.max(inside.end));
    (apart, context)
}

/// Some of the chunks and as many on either side as hold the context of their edges.
pub(super) fn with_context(spans: &[Span], inside: Range<usize>) -> Range<usize> {
    let enough = |spans: &mut dyn Iterator<Item = &Span>| {
        let mut values = 0;
        let missing = |span: &&Span| {
            let is_missing = values < CONTEXT;
            values += span.count;
            is_missing
        };
        spans.take_while(missing).count()
    };
    let before = enough(&mut spans[..inside.start].iter().rev());
    let after = enough(&mut spans[inside.end..].iter());
    inside.start - before..inside.end + after
}
