//! The page's clock: one tick a second for every age on it, set by the server's time.

use leptos::prelude::*;

/// The time now, milliseconds since the epoch; moves once a second in the browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    now_ms: ReadSignal<i64>,
    running: ReadSignal<bool>,
}

impl Clock {
    /// Starts at the server's time. In the browser it begins to move after hydration, so that the first rendering
    /// is the same on both sides; `waited_ms`: so long the page has stood there.
    pub(crate) fn start(server_now_ms: i64, waited_ms: i64) -> Self {
        let (now_ms, set_now) = signal(server_now_ms);
        let (running, set_running) = signal(false);
        Effect::new(move || {
            // A browser's clock that agrees within a minute is right, and the page took its time to come;
            // one that does not is moved by the difference.
            let difference = server_now_ms + waited_ms - browser_now_ms();
            let offset = if difference.abs() < 60_000 { 0 } else { difference };
            let tick = move || set_now.set(browser_now_ms() + offset);
            tick();
            set_running.set(true);
            if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
                on_cleanup(move || handle.clear());
            }
        });
        Self { now_ms, running }
    }

    /// One that stands at this instant: what is drawn by it is the same whenever somebody looks.
    pub(crate) fn still(at_ms: i64) -> Self {
        let (running, set_running) = signal(false);
        Effect::new(move || set_running.set(true));
        Self { now_ms: signal(at_ms).0, running }
    }

    /// Now. Whoever reads it in a view is drawn again every second.
    pub(crate) fn now_ms(self) -> i64 {
        self.now_ms.get()
    }

    /// Now, once.
    pub(crate) fn now_once_ms(self) -> i64 {
        self.now_ms.get_untracked()
    }

    /// Whether the page is hydrated: times are then told in the browser's own zone.
    pub(crate) fn running(self) -> bool {
        self.running.get()
    }
}

/// The page's clock.
pub(crate) fn use_clock() -> Clock {
    use_context().unwrap_or_else(|| Clock::start(0, 0))
}

#[cfg(target_arch = "wasm32")]
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit")]
pub(crate) fn browser_now_ms() -> i64 {
    js_sys::Date::now() as i64
}

#[cfg(not(target_arch = "wasm32"))]
const fn browser_now_ms() -> i64 {
    0
}

/// RFC 3339 to milliseconds since the epoch; 0 for what is none.
#[cfg(target_arch = "wasm32")]
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit, and NaN becomes 0")]
pub(crate) fn at_ms(text: &str) -> i64 {
    // The browser's own parser: jiff's would be 20 KB more to load.
    js_sys::Date::parse(text) as i64
}

/// RFC 3339 to milliseconds since the epoch; 0 for what is none.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn at_ms(text: &str) -> i64 {
    vigia_domain::time::from_text(text).unwrap_or(0)
}
