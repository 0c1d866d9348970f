//! Live values: one WebSocket a page, shared by everything on it that follows a device.

#[cfg(target_arch = "wasm32")]
mod hub;
#[cfg(target_arch = "wasm32")]
mod socket;

use leptos::prelude::*;
use vigia_domain::device::Presence;
use vigia_domain::live::Update;

use crate::clock::at_ms;

/// State of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing is followed.
    Idle,
    /// The first connection is being made.
    Connecting,
    /// Values move.
    On,
    /// The connection was lost, and is being made again.
    Lost,
}

/// The page's live connection. On the server it is always idle.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    link: RwSignal<Link>,
    returns: RwSignal<u32>,
    /// It never connects.
    is_still: bool,
    #[cfg(target_arch = "wasm32")]
    hub: StoredValue<std::rc::Rc<hub::Hub>, LocalStorage>,
}

impl Live {
    /// An idle one; `late`: what the page shows is older than its first connection, and is asked for anew when that stands.
    pub(crate) fn new(late: bool) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        let _ = late;
        let (link, returns) = (RwSignal::new(Link::Idle), RwSignal::new(0));
        Self {
            link,
            returns,
            is_still: false,
            #[cfg(target_arch = "wasm32")]
            hub: StoredValue::new_local(hub::Hub::new(link, returns, late)),
        }
    }

    /// One that stays as it is and connects to nothing: for parts that are shown with given data.
    pub(crate) fn still(link: Link) -> Self {
        let live = Self { is_still: true, ..Self::new(false) };
        live.link.set(link);
        live
    }

    /// State of the connection.
    pub(crate) fn link(self) -> Link {
        self.link.get()
    }

    /// How often the connection came back or something on the page was refused. What was missed meanwhile has to be asked
    /// for anew: pages load again when this changes.
    pub(crate) fn returns(self) -> u32 {
        self.returns.get()
    }

    /// Calls `on_update` with every update of a topic for as long as the current owner lives.
    pub(crate) fn follow(self, topic: &str, on_update: impl Fn(&Update) + 'static) {
        if self.is_still {
            return;
        }
        #[cfg(target_arch = "wasm32")]
        {
            let hub = self.hub.with_value(std::rc::Rc::clone);
            let ticket = hub.follow(topic, std::rc::Rc::new(on_update));
            let ticket = StoredValue::new_local(ticket);
            on_cleanup(move || {
                let _ = ticket.try_with_value(hub::Ticket::end);
            });
        }
        #[cfg(not(target_arch = "wasm32"))]
        drop((topic.len(), on_update));
    }
}

/// Moves a device's state and age by this message. Says whether it brought values.
pub(crate) fn moved(update: &Update, presence: RwSignal<Presence>, seen: RwSignal<Option<i64>>, now_ms: i64) -> bool {
    let before = seen.get_untracked();
    let now = update.presence(before);
    if presence.get_untracked() != now {
        presence.set(now);
    }
    if !update.values.is_empty() {
        seen.set(seen_ms(update, before, now_ms));
    }
    !update.values.is_empty()
}

/// When a device that was last heard of at `before` was so by this message.
fn seen_ms(update: &Update, before: Option<i64>, now_ms: i64) -> Option<i64> {
    match &update.seen_at {
        Some(at) => Some(at_ms(at)),
        None if update.values.is_empty() => before,
        None => Some(now_ms),
    }
}

/// Has the browser ask for the page again, after an answer with this status: the server knows what it may show at this address now.
/// Where something stands half typed it stays instead, and why is said.
pub(crate) fn load_again(status: u16) {
    #[cfg(target_arch = "wasm32")]
    if crate::components::ended::is_typed() {
        return if status == 401 { crate::components::ended::say(true) } else { crate::components::ended::say_gone() };
    }
    let _ = status;
    let _ = window().location().reload();
}

/// The page's live connection.
pub(crate) fn use_live() -> Live {
    use_context().unwrap_or_else(|| Live::new(false))
}

/// The topic of a device.
pub(crate) fn device_topic(id: &str) -> String {
    format!("device/{id}")
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_repeated_makes_no_device_young() {
        let update = |values: &[f64], seen_at: Option<&str>| Update {
            topic: device_topic("m1"),
            at: "1970-01-01T00:00:01.000Z".to_owned(),
            values: values.iter().map(|v| ("power_w".to_owned(), *v)).collect(),
            online: None,
            seen_at: seen_at.map(str::to_owned),
        };
        let (before, now) = (Some(2_000), 9_000);
        assert_eq!(seen_ms(&update(&[1.0], None), before, now), Some(9_000), "heard just now");
        assert_eq!(seen_ms(&update(&[], None), before, now), before, "only its state changed");
        assert_eq!(seen_ms(&update(&[1.0], Some("1970-01-01T00:00:02.500Z")), before, now), Some(2_500), "repeated");
    }
}
