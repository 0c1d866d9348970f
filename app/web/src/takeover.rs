//! Taking over the page that the server made, in pieces: none of them keeps the browser from its work for long.
//!
//! Until the last is done the app does not move. What it starts of its own waits (effects, requests, live data), so that
//! no value changes before it is bound to its place; and what the visitor does stays with the browser, as before any script came: links
//! lead, forms are sent, boxes are ticked.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use hydration_context::HydrateSharedContext;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::view::PositionState;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use crate::app::App;
use crate::clock::browser_now_ms;
use crate::part;

/// How long the browser is kept at most before it may look up, in milliseconds; a phone takes four times as long for what a desk does.
const SLICE_MS: i64 = 2;

/// What a visitor does.
const DONE: [&str; 12] =
    ["click", "input", "change", "submit", "keydown", "keyup", "pointerdown", "pointermove", "pointerup", "toggle", "focusin", "focusout"];

type Job = Box<dyn FnOnce()>;

/// The page's taking over, for what is stepped over by it.
#[derive(Clone)]
pub(crate) struct Takeover(SendWrapper<Rc<Work>>);

#[derive(Default)]
struct Work {
    is_done: Cell<bool>,
    /// Parts of the page.
    pieces: RefCell<VecDeque<Job>>,
    /// What begins after them.
    held: RefCell<VecDeque<Job>>,
}

impl Work {
    /// Does all jobs of a queue, a few milliseconds at a time; and what one of them adds before what stood behind it, so that pieces within
    /// pieces come in the order of the page.
    async fn all(&self, queue: &RefCell<VecDeque<Job>>) {
        let mut began_ms = 0;
        loop {
            if browser_now_ms() - began_ms >= SLICE_MS {
                pause().await;
                began_ms = browser_now_ms();
            }
            let job = queue.borrow_mut().pop_front();
            let Some(job) = job else { return };
            let mut behind = queue.take();
            job();
            // What it started runs now, and counts.
            let _ = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(&wasm_bindgen::JsValue::NULL)).await;
            queue.borrow_mut().append(&mut behind);
        }
    }
}

impl Takeover {
    pub(crate) fn is_under_way(&self) -> bool {
        !self.0.is_done.get()
    }

    /// Does this later, and before anything of the app moves.
    pub(crate) fn then(&self, job: impl FnOnce() + 'static) {
        self.0.pieces.borrow_mut().push_back(Box::new(job));
    }
}

/// Takes over this page, once what it needs beside this module is there.
pub(crate) async fn take_over() {
    let waited_ms = part::ready().await;
    let work = Rc::new(Work::default());
    let _ = Executor::init_local_custom_executor(Later(Rc::clone(&work)));
    let hands = hold_events();
    pause().await;
    let takeover = Takeover(SendWrapper::new(Rc::clone(&work)));
    let body = document().body();
    let Some(body) = body else { return };
    // As Leptos's own `hydrate_from`, with a pause between the app and its walk. Its sibling that waits for parts is not there: the build leaves it
    // out of every view (leave_out.rs of xtask).
    let owner = Owner::new_root(Some(Arc::new(HydrateSharedContext::new())));
    let app = owner.with(|| {
        provide_context(takeover);
        view! { <App waited_ms/> }
    });
    pause().await;
    let state = owner.with(|| app.hydrate::<true>(&Cursor::new(body.unchecked_into()), &PositionState::default()));
    work.all(&work.pieces).await;
    // What pieces have asked for came with the page until here.
    if let Some(context) = owner.shared_context() {
        context.hydration_complete();
    }
    work.all(&work.held).await;
    work.is_done.set(true);
    // They live as long as the page.
    std::mem::forget((owner, state));
    drop(hands);
    say_what_is_open();
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-ready", "");
    }
}

/// Lets the browser do what else it has to. It may lead back or forward meanwhile: then the document is marked and loaded anew (`shell.rs`), and
/// what stands here is no longer the page of its address.
async fn pause() {
    // A message to oneself: timers within timers wait four milliseconds each, and in a tab behind others a second.
    if let Ok(channel) = leptos::web_sys::MessageChannel::new() {
        let came = js_sys::Promise::new(&mut |done, _| channel.port1().set_onmessage(Some(&done)));
        let _ = channel.port2().post_message(&wasm_bindgen::JsValue::NULL);
        let _ = wasm_bindgen_futures::JsFuture::from(came).await;
    }
    if document().document_element().is_some_and(|root| root.has_attribute("data-left")) {
        std::future::pending::<()>().await;
    }
}

/// What was opened or closed meanwhile was heard by nobody.
fn say_what_is_open() {
    let Ok(all) = document().query_selector_all("details") else { return };
    for details in (0..all.length()).filter_map(|at| all.item(at)) {
        if let Ok(event) = leptos::web_sys::Event::new("toggle") {
            let _ = details.dispatch_event(&event);
        }
    }
}

/// Keeps what the visitor does from the app, and not from the browser, until it is dropped.
fn hold_events() -> Hands {
    let hold = Closure::<dyn FnMut(leptos::web_sys::Event)>::new(|event: leptos::web_sys::Event| event.stop_immediate_propagation());
    for name in DONE {
        let _ = window().add_event_listener_with_callback_and_bool(name, hold.as_ref().unchecked_ref(), true);
    }
    Hands(hold)
}

struct Hands(Closure<dyn FnMut(leptos::web_sys::Event)>);

impl Drop for Hands {
    fn drop(&mut self) {
        for name in DONE {
            let _ = window().remove_event_listener_with_callback_and_bool(name, self.0.as_ref().unchecked_ref(), true);
        }
    }
}

/// Begins what the app starts when the page is taken over; afterwards at once.
struct Later(Rc<Work>);

impl CustomExecutor for Later {
    fn spawn(&self, task: PinnedFuture<()>) {
        self.spawn_local(task);
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        if self.0.is_done.get() {
            wasm_bindgen_futures::spawn_local(task);
        } else {
            self.0.held.borrow_mut().push_back(Box::new(move || wasm_bindgen_futures::spawn_local(task)));
        }
    }

    fn poll_local(&self) {}
}
