//! Who follows what, and when to connect again.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};
use std::time::Duration;

use leptos::prelude::*;
use vigia_domain::live::{ClientMessage, Update as Message};

use super::socket::{Event, Socket};
use super::{Link, load_again};
use crate::components::ended;

const PATH: &str = "/api/v1/live";

/// The code of a connection that may not go on: its session ended.
const MAY_NOT: u16 = 1008;

/// First wait before connecting again; doubles up to `LONGEST_WAIT_MS`, each with up to half of it added by chance so that
/// a restarted server is not met by everybody at once.
const FIRST_WAIT_MS: u32 = 400;
const LONGEST_WAIT_MS: u32 = 15_000;

type Listener = Rc<dyn Fn(&Message)>;

/// All followers of a page and its connection.
pub(super) struct Hub {
    link: RwSignal<Link>,
    returns: RwSignal<u32>,
    listeners: RefCell<BTreeMap<String, Vec<(u32, Listener)>>>,
    subscribed: RefCell<BTreeSet<String>>,
    socket: RefCell<Option<Socket>>,
    next: Cell<u32>,
    wait_ms: Cell<u32>,
    flushing: Cell<bool>,
    was_on: Cell<bool>,
    returning: Cell<bool>,
}

/// The right to be called, until it ends.
pub(super) struct Ticket {
    hub: Weak<Hub>,
    topic: String,
    number: u32,
}

impl Ticket {
    /// No further calls.
    pub(super) fn end(&self) {
        let Some(hub) = self.hub.upgrade() else { return };
        if let Ok(mut listeners) = hub.listeners.try_borrow_mut()
            && let Some(of_topic) = listeners.get_mut(&self.topic)
        {
            of_topic.retain(|(number, _)| *number != self.number);
            if of_topic.is_empty() {
                listeners.remove(&self.topic);
            }
        }
        hub.flush_soon();
    }
}

impl Hub {
    /// `was_on`: something was missed before the first connection, too.
    pub(super) fn new(link: RwSignal<Link>, returns: RwSignal<u32>, was_on: bool) -> Rc<Self> {
        Rc::new(Self {
            link,
            returns,
            listeners: RefCell::default(),
            subscribed: RefCell::default(),
            socket: RefCell::default(),
            next: Cell::new(0),
            wait_ms: Cell::new(FIRST_WAIT_MS),
            flushing: Cell::new(false),
            was_on: Cell::new(was_on),
            returning: Cell::new(false),
        })
    }

    pub(super) fn follow(self: &Rc<Self>, topic: &str, listener: Listener) -> Ticket {
        let number = self.next.replace(self.next.get().wrapping_add(1));
        self.listeners.borrow_mut().entry(topic.to_owned()).or_default().push((number, listener));
        self.flush_soon();
        Ticket { hub: Rc::downgrade(self), topic: topic.to_owned(), number }
    }

    /// A list of hundreds subscribes with one message: after everything that is being rendered now.
    fn flush_soon(self: &Rc<Self>) {
        if !self.flushing.replace(true) {
            let hub = Rc::clone(self);
            // Not by a timer: while the page is taken over, what the app starts waits until every value has its place.
            leptos::task::spawn_local(async move { hub.flush() });
        }
    }

    /// Has the page load its data anew: once, however many topics are refused.
    fn return_soon(self: &Rc<Self>) {
        if !self.returning.replace(true) {
            let hub = Rc::clone(self);
            let load = move || {
                hub.returning.set(false);
                let _ = hub.returns.try_update(|n| *n += 1);
            };
            set_timeout(load, Duration::from_millis(FIRST_WAIT_MS.into()));
        }
    }

    fn flush(self: &Rc<Self>) {
        self.flushing.set(false);
        let mut wanted = BTreeSet::new();
        // One by one: `collect` would bring a sort along.
        self.listeners.borrow().keys().for_each(|topic| {
            wanted.insert(topic.clone());
        });
        if wanted.is_empty() {
            // The page follows nothing any more: a quiet server is told so by closing.
            self.socket.take();
            self.subscribed.borrow_mut().clear();
            self.was_on.set(false);
            let _ = self.link.try_set(Link::Idle);
            return;
        }
        if self.socket.borrow().is_none() {
            self.connect();
        } else if self.link.try_get_untracked() == Some(Link::On) {
            let mut subscribed = self.subscribed.borrow_mut();
            let more: Vec<_> = wanted.difference(&subscribed).cloned().collect();
            let fewer: Vec<_> = subscribed.difference(&wanted).cloned().collect();
            if !more.is_empty() {
                self.say(&ClientMessage::Subscribe(more));
            }
            if !fewer.is_empty() {
                self.say(&ClientMessage::Unsubscribe(fewer));
            }
            *subscribed = wanted;
        }
    }

    fn say(&self, message: &ClientMessage) {
        if let (Some(socket), Ok(text)) = (self.socket.borrow().as_ref(), serde_json::to_string(message)) {
            socket.send(&text);
        }
    }

    fn connect(self: &Rc<Self>) {
        let _ = self.link.try_set(if self.was_on.get() { Link::Lost } else { Link::Connecting });
        let hub = Rc::downgrade(self);
        let socket = Socket::open(PATH, move |event| {
            if let Some(hub) = hub.upgrade() {
                hub.hear(event);
            }
        });
        self.socket.replace(socket);
    }

    fn hear(self: &Rc<Self>, event: Event) {
        match event {
            Event::Open => {
                self.wait_ms.set(FIRST_WAIT_MS);
                self.subscribed.borrow_mut().clear();
                if self.was_on.replace(true) {
                    let _ = self.returns.try_update(|n| *n += 1);
                }
                let _ = self.link.try_set(Link::On);
                ended::say(false);
                self.flush();
            }
            Event::Text(text) => {
                // What is no update is a refusal of something that the page shows: it is gone, or belongs to somebody else.
                let Ok(update) = serde_json::from_str::<Message>(&text) else { return self.return_soon() };
                let listeners = self.listeners.borrow().get(&update.topic).cloned().unwrap_or_default();
                for (_, listener) in listeners {
                    listener(&update);
                }
            }
            Event::Closed(code) => {
                // The server answers with the sign-in at the same address.
                if code == MAY_NOT {
                    load_again(401);
                }
                // A connection that is refused does not tell the browser why; the same door does when it is asked by HTTP.
                if self.link.try_get_untracked() != Some(Link::On) {
                    leptos::task::spawn_local(async {
                        if crate::ask::is_signed_out(PATH).await {
                            load_again(401);
                        }
                    });
                }
                let _ = self.link.try_set(if self.was_on.get() { Link::Lost } else { Link::Connecting });
                let wait = self.wait_ms.get();
                self.wait_ms.set((wait * 2).min(LONGEST_WAIT_MS));
                let wait = f64::from(wait) * (1.0 + js_sys::Math::random() / 2.0);
                let hub = Rc::clone(self);
                set_timeout(
                    move || {
                        hub.socket.take();
                        hub.flush();
                    },
                    Duration::from_secs_f64(wait / 1000.0),
                );
            }
        }
    }
}
