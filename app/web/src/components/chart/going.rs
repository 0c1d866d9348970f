//! A chart that goes on: everything that speaks of it, the curve, the sentence, the table and the units, follows one signal, which moves
//! with the readings and with the clock.

use leptos::prelude::*;

use super::{Newest, Shown};

/// What is on the chart now.
#[derive(Clone, Copy)]
pub(crate) struct Going {
    shown: RwSignal<Option<Shown>>,
    #[cfg(target_arch = "wasm32")]
    state: StoredValue<browser::State, LocalStorage>,
}

impl Going {
    pub(crate) fn new() -> Self {
        Self {
            shown: RwSignal::new(None),
            #[cfg(target_arch = "wasm32")]
            state: StoredValue::new_local(browser::State::default()),
        }
    }

    /// A load: from here it goes on.
    pub(crate) fn arrive(self, shown: Shown) {
        #[cfg(target_arch = "wasm32")]
        self.begin(&shown);
        self.shown.set(Some(shown));
    }

    /// What is on the chart; nothing before the first load.
    pub(crate) fn shown(self) -> ReadSignal<Option<Shown>> {
        self.shown.read_only()
    }

    /// What has become of a load; as it was for as long as something else is shown. Counted, for what is on the page may ask for it when
    /// whoever made it has gone on to the next load.
    pub(crate) fn since(self, first: Shown) -> ArcSignal<Shown> {
        let shown = self.shown;
        ArcSignal::derive(move || shown.get().filter(|shown| shown.is_as(&first)).unwrap_or_else(|| first.clone()))
    }

    /// Goes on with what the device says; `again` asks the server for what only it knows, and lets that arrive.
    pub(crate) fn follow(self, newest: RwSignal<Option<Newest>>, again: impl Fn() + 'static) {
        #[cfg(target_arch = "wasm32")]
        self.run(newest, again);
        #[cfg(not(target_arch = "wasm32"))]
        drop((newest, again));
    }
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::rc::Rc;
    use std::time::Duration;

    use leptos::prelude::*;

    use super::super::flow::Flow;
    use super::super::{Newest, Shown};
    use super::Going;
    use crate::clock::browser_now_ms;

    /// How long what is drawn stands, whatever comes, in milliseconds: in the shortest period less than a pixel.
    const PACE_MS: i64 = 2_000;
    /// Without a reading the chart moves when so many parts of its period have passed, which is about a pixel.
    const PARTS: i64 = 720;

    #[derive(Default)]
    pub(super) struct State {
        flow: Option<Flow>,
        /// How far the device's clock is ahead of the browser's.
        ahead_ms: i64,
        /// When it moved last, and by how much time it moves at least.
        moved_ms: i64,
        least_ms: i64,
        is_waiting: bool,
    }

    impl Going {
        pub(super) fn begin(self, shown: &Shown) {
            let now_ms = browser_now_ms();
            let _ = self.state.try_update_value(|state| {
                state.flow = Flow::new(shown);
                // By the server's word and not by the browser's clock, which may be a minute off: that would be a gap.
                state.ahead_ms = shown.stretch.now_ms - now_ms;
                (state.moved_ms, state.least_ms) = (now_ms, (shown.whole.span_ms() / PARTS).max(PACE_MS));
            });
        }

        pub(super) fn run(self, newest: RwSignal<Option<Newest>>, again: impl Fn() + 'static) {
            let again: Rc<dyn Fn()> = Rc::new(again);
            let asks = Rc::clone(&again);
            Effect::new(move |_| {
                let has_grown = newest.with(|newest| {
                    let taken =
                        |state: &mut State| state.flow.as_mut().zip(newest.as_ref()).is_some_and(|(flow, newest)| flow.take(newest));
                    self.state.try_update_value(taken)
                });
                if has_grown == Some(true) {
                    self.soon(&asks);
                }
            });
            let tick = move || {
                let is_due = |state: &State| state.flow.is_some() && browser_now_ms() - state.moved_ms >= state.least_ms;
                if self.state.try_with_value(is_due) == Some(true) {
                    self.soon(&again);
                }
            };
            // An effect, because only a page that is there has a clock that moves.
            Effect::new(move |_| {
                if let Ok(handle) = set_interval_with_handle(tick.clone(), Duration::from_millis(PACE_MS.unsigned_abs())) {
                    on_cleanup(move || handle.clear());
                }
            });
        }

        /// Moves at once, or when what is drawn has stood long enough.
        fn soon(self, again: &Rc<dyn Fn()>) {
            let rest = self.state.try_update_value(|state| {
                let rest = (state.moved_ms + PACE_MS - browser_now_ms()).clamp(0, PACE_MS);
                (!std::mem::replace(&mut state.is_waiting, true)).then_some(rest)
            });
            let Some(Some(rest)) = rest else { return };
            let again = Rc::clone(again);
            let step = move || {
                let moved = self.state.try_update_value(|state| {
                    let now_ms = browser_now_ms();
                    (state.is_waiting, state.moved_ms) = (false, now_ms);
                    let flow = state.flow.as_mut()?;
                    let shown = flow.at(now_ms + state.ahead_ms);
                    let wonders = flow.wonders(&shown);
                    Some((shown, wonders))
                });
                let Some(Some((shown, wonders))) = moved else { return };
                let _ = self.shown.try_set(Some(shown));
                if wonders {
                    again();
                }
            };
            set_timeout(move || request_animation_frame(step), Duration::from_millis(rest.unsigned_abs()));
        }
    }
}
