//! Gestures on a drawing: the cursor that goes from point to point, and parts that are drawn.

use leptos::prelude::*;

use super::draw::Drawing;
use super::gesture::{Gesture, Key};
use super::js::{call, get, object, point};
use super::period::Period;
use super::{Move, Wires};
use crate::format::{Detail, metric, moment, value};

impl Drawing {
    pub(super) fn follow(&self, gesture: Gesture, wires: Wires) {
        let say = |text: Option<String>| {
            if let Some(text) = text {
                wires.readout.set(Some(text.clone()));
                wires.said.set(text);
            }
            None
        };
        let moved = match gesture {
            Gesture::Key(key @ (Key::Previous | Key::Next | Key::First | Key::Last)) => say(self.step(key)),
            Gesture::Tap(at) => say(self.time_at(at).and_then(|at| Some(self.point_at(self.main.nearest(at)?.0)))),
            Gesture::Key(Key::Earlier) => Some(Move::Earlier),
            Gesture::Key(Key::Later) => Some(Move::Later),
            Gesture::Key(Key::Closer) => Some(self.closer()),
            Gesture::Key(Key::Whole) | Gesture::Whole => self.shown.zoom.map(|_| Move::Whole),
            Gesture::Brush(from, to) => self.time_at(from).zip(self.time_at(to)).map(|(from, to)| Move::Zoom(from, to)),
            Gesture::Wipe(way) => self.wiped(way),
        };
        if moved.is_some() {
            let mut asked = self.asked.borrow_mut();
            match (gesture, moved) {
                (Gesture::Key(Key::Closer), Some(Move::Zoom(from, to))) => asked.push(Period::between(from, to)),
                _ => asked.clear(),
            }
            wires.moves.set(moved);
        }
    }

    /// To the next point in that direction; what stands there.
    fn step(&self, key: Key) -> Option<String> {
        let (from, to) = self.seen();
        let seen = || self.main.points().map(|(at, _)| at).filter(|at| (from..=to).contains(at));
        let now = self.cursor.get();
        let next = match (key, now) {
            (Key::Next, Some(now)) => seen().find(|at| *at > now).or_else(|| seen().next_back()),
            (Key::Previous, Some(now)) => seen().rfind(|at| *at < now).or_else(|| seen().next()),
            (Key::Last | Key::Previous, _) => seen().next_back(),
            _ => seen().next(),
        };
        next.map(|at| self.point_at(at))
    }

    /// Puts the cursor on the point of that instant; what stands there.
    fn point_at(&self, at: i64) -> String {
        self.cursor.set(Some(at));
        // By its place on the screen, as a pointer would be.
        let axis = object(&[("xAxisIndex", &0.into())]);
        let x = call(&self.echarts, "convertToPixel", &[&axis, &get(&point(at, None), "0")]);
        let y = call(&self.echarts, "getHeight", &[]).as_f64().unwrap_or_default() / 2.0;
        call(&self.echarts, "dispatchAction", &[&object(&[("type", &"updateAxisPointer".into()), ("x", &x), ("y", &y.into())])]);
        self.told(at)
    }

    /// What stands at the pointer.
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit")]
    pub(super) fn read(&self, at: f64) -> Option<String> {
        Some(self.told(self.main.nearest(at as i64)?.0))
    }

    /// Time and values of every line at a point of the main one.
    fn told(&self, at: i64) -> String {
        let mut text = moment(self.texts, at, Detail::Second, true);
        if let Some(v) = self.main.read_at(at) {
            text.push_str(&format!(" · {}", value(v, &self.main.unit).text()));
        }
        if let Some((other, v)) = self.other.as_ref().and_then(|other| Some((other, other.read_at(at)?))) {
            text.push_str(&format!(" · {} {}", metric(self.texts, &other.metric), value(v, &other.unit).text()));
        }
        if let Some((before, v)) = self.before.as_ref().and_then(|before| Some((before, before.read_at(at)?))) {
            text.push_str(&format!(" · {}: {}", self.shown.whole.compared(self.texts), value(v, &before.unit).text()));
        }
        text
    }

    /// The instant at a pixel.
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit")]
    fn time_at(&self, pixel: f64) -> Option<i64> {
        let axis = object(&[("xAxisIndex", &0.into())]);
        let at = call(&self.echarts, "convertFromPixel", &[&axis, &pixel.into()]).as_f64()?;
        let (from, to) = self.seen();
        Some((at as i64).clamp(from, to))
    }

    /// Half as much, around the cursor or the middle; of what was asked for last, so that quick presses add up. In whole seconds, as the
    /// address has them.
    fn closer(&self) -> Move {
        let (from, to) = match self.asked.borrow().last() {
            Some(Period::Between { from_ms, to_ms }) => (*from_ms, *to_ms),
            _ => self.seen(),
        };
        let at = self.cursor.get().unwrap_or((from + to) / 2);
        let quarter = (to - from) / 4;
        let from = (at - quarter).clamp(from, (to - 2 * quarter).max(from));
        let seconds = |at: i64| at.div_euclid(1000) * 1000;
        Move::Zoom(seconds(from), seconds(from + 2 * quarter))
    }

    /// A finger moves what is seen closer; the whole goes by periods.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "milliseconds since the epoch fit")]
    fn wiped(&self, way: f64) -> Option<Move> {
        if self.shown.zoom.is_none() {
            return Some(if way > 0.0 { Move::Earlier } else { Move::Later });
        }
        let ((min, max), (from, to)) = (self.axis(), self.seen());
        let width = call(&self.echarts, "getWidth", &[]).as_f64().filter(|width| *width > 0.0)?;
        let way_ms = ((to - from) as f64 * way / width) as i64;
        let start = (from - way_ms).clamp(min, (max - (to - from)).max(min));
        Some(Move::Zoom(start, start + to - from))
    }
}
