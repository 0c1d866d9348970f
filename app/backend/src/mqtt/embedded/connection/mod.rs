//! A connection that was let in: one task, woken by its socket, by what it has given to the store, by its clock, and by
//! others through its [`Link`].
//!
//! It reads on while messages are being stored, as far as [`limits`] allow, and acknowledges them in the order in which they came,
//! as many as are ready with one write.

mod closing;
mod incoming;
mod outgoing;
mod pace;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::stream::FuturesOrdered;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use super::house::House;
use super::limits;
use super::link::{Link, Order};
use super::session::Session;
use super::wire::{Reason, Version};
pub(super) use closing::End;
use incoming::Done;
use pace::Pace;

/// How long the last bytes of a connection may take.
const SHUTDOWN_TIME: Duration = Duration::from_secs(1);

/// What carries MQTT: TCP, TLS or WebSocket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Its client has said who it is: what was kept small for a stranger may be larger from now on.
    fn let_in(&mut self) {}
}

impl Stream for TcpStream {}

impl<S: Stream> Stream for TlsStream<S> {}

#[cfg(test)]
impl Stream for tokio::io::DuplexStream {}

type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

/// Work, and the memory that it holds.
struct Job {
    bytes: usize,
    work: Work,
}

impl Future for Job {
    type Output = (usize, Done);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let bytes = self.bytes;
        self.work.as_mut().poll(cx).map(|done| (bytes, done))
    }
}

/// What a client said of itself and of what it takes.
pub(super) struct Terms {
    pub(super) version: Version,
    /// The longest silence; zero: any.
    pub(super) keep_alive: Duration,
    /// Messages that it takes without acknowledging them.
    pub(super) receive_maximum: u16,
    /// The largest packet that it takes.
    pub(super) packet_bytes: usize,
}

pub(super) struct Connection {
    house: Arc<House>,
    session: Arc<Session>,
    link: Arc<Link>,
    terms: Terms,
    stream: Box<dyn Stream>,
    /// Read and not understood yet.
    read: BytesMut,
    /// To be written.
    out: BytesMut,
    is_flushed: bool,
    /// Messages that are being stored, and what has to wait for them, in the order in which they came.
    work: FuturesOrdered<Job>,
    /// The memory of `work`.
    work_bytes: usize,
    /// Its messages of quality 1 and 2.
    work_messages: usize,
    /// Packet ids of its messages of quality 2.
    receiving: Vec<u16>,
    last_topic: Option<Arc<str>>,
    aliases: Vec<Option<Arc<str>>>,
    pace: Pace,
    /// Something may wait in the outbox.
    has_mail: bool,
    now: Instant,
    heard: Instant,
    /// Since when the client takes nothing of what is written.
    stuck: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    end: Option<End>,
    finish_by: Instant,
    has_said_goodbye: bool,
    is_dead: bool,
}

impl Connection {
    /// `read` is what came behind the CONNECT, `out` what is to be said first.
    pub(super) fn new(
        house: Arc<House>,
        (session, link): (Arc<Session>, Arc<Link>),
        terms: Terms,
        stream: Box<dyn Stream>,
        read: BytesMut,
    ) -> Self {
        let now = Instant::now();
        Self {
            house,
            session,
            link,
            terms,
            stream,
            read,
            out: BytesMut::new(),
            is_flushed: true,
            work: FuturesOrdered::new(),
            work_bytes: 0,
            work_messages: 0,
            receiving: Vec::new(),
            last_topic: None,
            aliases: Vec::new(),
            pace: Pace::new(now),
            has_mail: true,
            now,
            heard: now,
            stuck: None,
            timer: None,
            end: None,
            finish_by: now,
            has_said_goodbye: false,
            is_dead: false,
        }
    }

    /// Serves it until it ends.
    pub(super) async fn run(mut self) -> End {
        let end = poll_fn(|cx| self.poll(cx)).await;
        if !self.is_dead {
            // Who does not even take this is gone all the same.
            let _ = tokio::time::timeout(SHUTDOWN_TIME, self.stream.shutdown()).await;
        }
        end
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.link.register(cx.waker());
        loop {
            // Work and writing take time, and whoever is due is measured by it.
            self.now = Instant::now();
            self.hear_orders(cx);
            let mut moved = self.poll_read(cx);
            moved |= self.poll_work(cx);
            self.fill();
            moved |= self.poll_write(cx);
            if let Some(end) = self.end
                && self.is_finished(end)
            {
                return Poll::Ready(end);
            }
            if !moved && !self.poll_timer(cx) {
                return Poll::Pending;
            }
        }
    }

    fn hear_orders(&mut self, cx: &mut Context<'_>) {
        if let Some(told) = self.link.take() {
            self.has_mail = true;
            if let Some(order) = told {
                if order == Order::TakenOver {
                    // What it said before its client came again counts, its good-bye above all: without it, a will would be told.
                    self.poll_read(cx);
                }
                self.finish(End::Told(order));
            }
        }
    }

    /// Whether more may be taken from the client now. What is not read waits in its own buffers.
    fn may_take(&self) -> bool {
        self.end.is_none()
            && self.work.len() < usize::from(limits::INFLIGHT)
            && self.work_bytes < limits::INFLIGHT_BYTES
            && self.out.len() < limits::OUT_BYTES
            && self.pace.is_free(self.now)
    }

    /// Whether a time has come; what is to be done then has been done.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(due) = self.due() else { return false };
        if due <= self.now {
            return self.act_on_time();
        }
        // It is only ever set earlier: when it comes too early it is set again, and a busy connection does not touch it.
        match &mut self.timer {
            Some(timer) if timer.deadline() <= due => {}
            Some(timer) => timer.as_mut().reset(due),
            none => *none = Some(Box::pin(sleep_until(due))),
        }
        let timer = self.timer.as_mut().expect("it was set");
        if timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.timer = None;
        self.now = Instant::now();
        // Whatever had to wait for this moment is looked at again, a client that was too fast among it.
        true
    }

    /// When something is to be done without anybody's doing.
    fn due(&self) -> Option<Instant> {
        let stuck = self.stuck.map(|since| since + limits::SEND_TIME);
        if self.end.is_some() {
            return Some(stuck.map_or(self.finish_by, |stuck| stuck.min(self.finish_by)));
        }
        let pace = (!self.pace.is_free(self.now)).then(|| self.pace.free_at());
        // Who is not read cannot be heard.
        let silence = (!self.terms.keep_alive.is_zero() && self.may_take()).then(|| self.heard + self.terms.keep_alive.mul_f32(1.5));
        [stuck, pace, silence].into_iter().flatten().min()
    }

    fn act_on_time(&mut self) -> bool {
        if self.stuck.is_some_and(|since| since + limits::SEND_TIME <= self.now) {
            self.is_dead = true;
            // Nothing is written any more: there is nothing to wait for.
            self.stuck = None;
            self.finish(End::Gone);
        } else if self.end.is_none() && self.may_take() && !self.terms.keep_alive.is_zero() {
            let silence = self.now.saturating_duration_since(self.heard);
            if silence >= self.terms.keep_alive.mul_f32(1.5) {
                self.finish(End::Broken(Reason::KeepAliveTimeout, "it said nothing for longer than its keep-alive"));
            }
        }
        true
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
