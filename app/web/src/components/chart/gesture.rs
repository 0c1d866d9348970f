//! What hands do on a chart: a mouse draws the part that one wants to see, a finger wipes to the next period or
//! points at an instant, keys go from point to point.
//! Pinching and the wheel are ECharts' own.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;

/// Shorter than this many pixels is a click.
const LEAST: f64 = 8.0;
/// A finger that goes this far means it.
const WIPE: f64 = 60.0;

/// A key that the chart knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Previous,
    Next,
    First,
    Last,
    Earlier,
    Later,
    Closer,
    Whole,
}

/// What was done. Lengths are pixels from the canvas's left edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gesture {
    Key(Key),
    /// This part was drawn.
    Brush(f64, f64),
    /// A finger went so far, to the right if positive.
    Wipe(f64),
    /// A finger pointed here.
    Tap(f64),
    Whole,
}

/// The meaning of a key, if it has one here.
pub(super) fn key_of(event: &KeyboardEvent) -> Option<Key> {
    if event.ctrl_key() || event.alt_key() || event.meta_key() {
        return None;
    }
    Some(match (event.key().as_str(), event.shift_key()) {
        ("ArrowLeft", false) => Key::Previous,
        ("ArrowRight", false) => Key::Next,
        ("ArrowLeft", true) | ("PageUp", _) => Key::Earlier,
        ("ArrowRight", true) | ("PageDown", _) => Key::Later,
        ("Home", _) => Key::First,
        ("End", _) => Key::Last,
        ("+", _) => Key::Closer,
        ("Escape" | "-", _) => Key::Whole,
        _ => return None,
    })
}

/// A pointer that is down.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Down {
    is_mouse: bool,
    id: i32,
    from: f64,
    to: f64,
    /// Another finger came: that is a pinch.
    is_pinch: bool,
}

/// Follows one pointer from down to up.
#[derive(Clone, Copy)]
pub(super) struct Hand {
    down: RwSignal<Option<Down>>,
    gesture: WriteSignal<Option<Gesture>>,
}

impl Hand {
    pub(super) fn new(gesture: WriteSignal<Option<Gesture>>) -> Self {
        Self { down: RwSignal::new(None), gesture }
    }

    pub(super) fn down(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        let at = place(event);
        let new = Down { is_mouse: event.pointer_type() == "mouse", id: event.pointer_id(), from: at, to: at, is_pinch: false };
        self.down.update(|down| match down {
            Some(first) => first.is_pinch = true,
            None => *down = Some(new),
        });
        // A button that is let go of beyond the chart is heard here, too. Fingers are followed by themselves.
        #[cfg(target_arch = "wasm32")]
        if let Some(element) = touched(event).filter(|_| new.is_mouse) {
            let _ = element.set_pointer_capture(new.id);
        }
    }

    pub(super) fn moved(self, event: &PointerEvent) {
        if self.down.with_untracked(|down| down.is_some_and(|down| down.id == event.pointer_id())) {
            self.down.update(|down| {
                if let Some(down) = down {
                    down.to = place(event);
                }
            });
        }
    }

    pub(super) fn up(self, event: &PointerEvent) {
        self.moved(event);
        let Some(down) = self.down.get_untracked() else { return };
        self.cancel();
        let way = down.to - down.from;
        let done = match (down.is_pinch, down.is_mouse) {
            (true, _) => None,
            (false, true) => (way.abs() >= LEAST).then(|| Gesture::Brush(down.from.min(down.to), down.from.max(down.to))),
            (false, false) if way.abs() < LEAST => Some(Gesture::Tap(down.to)),
            (false, false) => (way.abs() >= WIPE).then_some(Gesture::Wipe(way)),
        };
        if done.is_some() {
            self.gesture.set(done);
        }
    }

    pub(super) fn cancel(self) {
        self.down.set(None);
    }

    /// What is being drawn, from where and how wide.
    pub(super) fn brush(self) -> Option<(f64, f64)> {
        let down = self.down.get().filter(|down| down.is_mouse)?;
        let width = (down.to - down.from).abs();
        (width >= LEAST).then_some((down.from.min(down.to), width))
    }
}

/// Where a pointer is; beyond an edge it is at the edge.
fn place(event: &PointerEvent) -> f64 {
    let at = f64::from(event.offset_x());
    #[cfg(target_arch = "wasm32")]
    let at = touched(event).map_or(at, |element| at.clamp(0.0, f64::from(element.client_width()).max(0.0)));
    at
}

#[cfg(target_arch = "wasm32")]
fn touched(event: &PointerEvent) -> Option<web_sys::Element> {
    wasm_bindgen::JsCast::dyn_into(event.target()?).ok()
}
