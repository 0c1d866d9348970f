//! Messages that came and are not stored yet. They are stored side by side, and acknowledged in the order in which they came, as
//! the standard wants it; only one that the store does not take now is overtaken, so that it does not hold up the others.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt as _};
use futures_util::{FutureExt as _, future};

use super::doorman::Doorman;
use super::limits::{HELD, HELD_BYTES, STORE_AGAIN};
use super::link::{Ack, Message};
use super::pause::Pause;

/// A message was tried once.
enum Tried {
    /// It is stored, or there is nothing to store. With its size.
    Stored(Ack, usize),
    /// The store is away.
    Not(Message),
}

pub(super) struct Holding {
    doorman: Arc<Doorman>,
    first: FuturesOrdered<BoxFuture<'static, Tried>>,
    again: FuturesUnordered<BoxFuture<'static, (Ack, usize)>>,
    bytes: usize,
    is_full: bool,
}

impl Holding {
    pub(super) fn new(doorman: Arc<Doorman>) -> Self {
        Self { doorman, first: FuturesOrdered::new(), again: FuturesUnordered::new(), bytes: 0, is_full: false }
    }

    /// Begins to store it.
    pub(super) fn take(&mut self, message: Message) {
        self.bytes += message.payload.len();
        let doorman = Arc::clone(&self.doorman);
        self.first.push_back(
            async move {
                match doorman.admit(&message).await {
                    Ok(()) => Tried::Stored(message.ack, message.payload.len()),
                    Err(_) => Tried::Not(message),
                }
            }
            .boxed(),
        );
    }

    /// The next message to be acknowledged. Waits for ever while there is none. Nothing is lost when it is dropped.
    pub(super) async fn next(&mut self) -> Ack {
        loop {
            let (ack, bytes) = tokio::select! {
                Some(tried) = self.first.next(), if !self.first.is_empty() => match tried {
                    Tried::Stored(ack, bytes) => (ack, bytes),
                    // Its sender asked for no acknowledgement, so nobody waits and nothing was promised.
                    Tried::Not(message) if !message.ack.is_expected() => {
                        self.doorman.metrics.unstored.inc();
                        (message.ack, message.payload.len())
                    }
                    Tried::Not(message) => {
                        self.again.push(try_again(Arc::clone(&self.doorman), message).boxed());
                        continue;
                    }
                },
                Some(stored) = self.again.next(), if !self.again.is_empty() => stored,
                else => future::pending().await,
            };
            self.bytes -= bytes;
            return ack;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.again.is_empty()
    }

    /// Whether no more should be read until half of it is stored.
    pub(super) fn is_full(&mut self) -> bool {
        let count = self.first.len() + self.again.len();
        self.is_full =
            if self.is_full { count > HELD / 2 || self.bytes > HELD_BYTES / 2 } else { count >= HELD || self.bytes >= HELD_BYTES };
        self.is_full
    }
}

/// Offers a message to the store until it takes it.
async fn try_again(doorman: Arc<Doorman>, message: Message) -> (Ack, usize) {
    let mut pause = Pause::new(STORE_AGAIN);
    let _counted = doorman.metrics.waiting();
    loop {
        tokio::time::sleep(pause.take(&doorman.world)).await;
        if doorman.admit(&message).await.is_ok() {
            return (message.ack, message.payload.len());
        }
    }
}
