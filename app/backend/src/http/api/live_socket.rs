//! One WebSocket of `/api/v1/live`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;
use vigia_domain::ids::DeviceId;
use vigia_domain::live::{Refusal, RefusalReason, Update};
use vigia_domain::rights::Action;

use super::live_known as known;
use super::live_right::{Over, Standing};
use super::live_said::{self as said, Said};
use crate::app::App;
use crate::http::Problem;
use crate::http::access::of_device;
use crate::live::{self, Hub, Listener, MOST_TOPICS, Seat};

/// How often a quiet connection is asked whether it lives, and after how long a silent one is dead.
const HEARTBEAT: Duration = Duration::from_secs(25);
const DEAD: Duration = Duration::from_secs(60);
/// How long a client may leave a message unread before its connection is given up.
const STALLED: Duration = Duration::from_secs(20);
/// How long a client has to answer that the connection ends.
const CLOSING: Duration = Duration::from_secs(1);
/// How long one turn may take, whatever its client leaves unread in between: as long as it may say nothing.
const TURN: Duration = DEAD;
/// How often it is looked whether the right has to be asked again.
const LOOK: Duration = Duration::from_secs(1);

struct Connection {
    app: App,
    standing: Standing,
    listener: Listener,
    sink: SplitSink<WebSocket, Message>,
    stop: CancellationToken,
}

/// Why a connection ends.
enum End {
    /// It is gone, or its client does not read.
    Gone,
    /// It may not go on.
    Over(Over),
    /// The server stops.
    Stopping,
}

/// Serves a connection until either side ends it; it keeps its seat so long.
pub(super) async fn run(app: App, standing: Standing, seat: Seat, socket: WebSocket, stop: CancellationToken) {
    let (sink, mut stream) = socket.split();
    let listener = app.hub().listen();
    let mut connection = Connection { app, standing, listener, sink, stop };
    let end = connection.go_on(&mut stream).await;
    connection.say_why(end, &mut stream).await;
    drop(seat);
}

impl Connection {
    async fn go_on(&mut self, stream: &mut SplitStream<WebSocket>) -> End {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut look = tokio::time::interval(LOOK);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let stop = self.stop.clone();
        loop {
            let outcome = tokio::select! {
                () = stop.cancelled() => return End::Stopping,
                message = next(stream) => {
                    heard = Instant::now();
                    match message {
                        Some(text) => timeout(TURN, self.hear(text.as_deref())).await.unwrap_or(Err(End::Gone)),
                        None => return End::Gone,
                    }
                }
                messages = self.listener.next() => timeout(TURN, self.deliver(messages)).await.unwrap_or(Err(End::Gone)),
                _ = look.tick() => if self.standing.is_due(&self.app) { self.ask_again().await } else { Ok(()) },
                _ = heartbeat.tick() => {
                    if heard.elapsed() > DEAD {
                        return End::Gone;
                    }
                    self.send(Message::Ping(axum::body::Bytes::new())).await
                }
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    async fn deliver(&mut self, messages: Vec<Arc<live::Message>>) -> Result<(), End> {
        for message in messages {
            if self.may_still_tell(message.device()).await? {
                self.send(Message::Text(message.text())).await?;
            }
        }
        Ok(())
    }

    /// Asks the right again when it is time: a client that reads slowly must not hear for long what it may not any more. Says whether
    /// it still follows the device.
    async fn may_still_tell(&mut self, device: &str) -> Result<bool, End> {
        if self.standing.is_due(&self.app) {
            self.ask_again().await?;
        }
        Ok(DeviceId::new(device).is_ok_and(|id| self.listener.follows().contains_key(&id)))
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        tokio::select! {
            biased;
            sent = timeout(STALLED, self.sink.send(message)) => sent.map_err(|_| End::Gone)?.map_err(|_| End::Gone),
            // A client that does not read must not hold up the end.
            () = self.stop.cancelled() => Err(End::Stopping),
        }
    }

    async fn refuse(&mut self, topic: String, error: RefusalReason) -> Result<(), End> {
        let text = serde_json::to_string(&Refusal { topic, error }).expect("a refusal is always JSON");
        self.send(Message::Text(text.into())).await
    }

    async fn hear(&mut self, text: Option<&str>) -> Result<(), End> {
        let Some(text) = text else { return Ok(()) };
        match said::parse(text) {
            Ok(Said { subscribe, unsubscribe, since_ms }) => {
                for id in unsubscribe.iter().filter_map(|topic| device_of(topic)) {
                    self.listener.leave(&id);
                }
                if subscribe.is_empty() { Ok(()) } else { self.subscribe(subscribe, since_ms).await }
            }
            Err(detail) => self.refuse(String::new(), RefusalReason { status: 422, detail }).await,
        }
    }

    async fn subscribe(&mut self, topics: Vec<String>, since_ms: Option<i64>) -> Result<(), End> {
        self.standing.ask(&self.app).await.map_err(End::Over)?;
        self.standing.follows_more(&self.app);
        let is_new = |topic: &String| device_of(topic).is_none_or(|id| !self.listener.follows().contains_key(&id));
        let new: BTreeSet<String> = topics.into_iter().filter(is_new).collect();
        let all = self.listener.follows().len() + new.len();
        if all > MOST_TOPICS {
            let detail = format!(
                "one connection follows at most {MOST_TOPICS} devices, and with this list it would be {all}; nothing of it is followed"
            );
            return self.refuse(String::new(), RefusalReason { status: 422, detail }).await;
        }
        for topic in new {
            match self.follow(&topic, since_ms).await {
                // Before what waits for this listener, which is newer.
                Ok(missed) => {
                    for update in missed {
                        if !self.may_still_tell(topic.strip_prefix("device/").unwrap_or_default()).await? {
                            break;
                        }
                        let text = serde_json::to_string(&update).expect("an update is always JSON");
                        self.send(Message::Text(text.into())).await?;
                    }
                }
                Err(error) => self.refuse(topic, error).await?,
            }
        }
        Ok(())
    }

    /// Follows a topic; gives what else its client missed since then, the oldest first.
    async fn follow(&mut self, topic: &str, since_ms: Option<i64>) -> Result<Vec<Update>, RefusalReason> {
        let principal = self.standing.principal();
        let asked = of_device(&self.app, principal, Action::ReadTelemetry, device_of(topic)).await;
        let (verdict, device) = asked.map_err(|problem| reason(&problem))?;
        if let Some(problem) = Problem::of_verdict(verdict) {
            return Err(reason(&problem));
        }
        let Some(device) = device else { return Err(reason(&Problem::not_found())) };
        let missed = since_ms.map(|since_ms| known::missed(&self.app, &device, since_ms)).unwrap_or_default();
        if self.listener.follow(device.id.clone(), device.number, || known::newest(&self.app, &device)) {
            return Ok(missed);
        }
        Err(RefusalReason { status: 422, detail: format!("one connection follows at most {MOST_TOPICS} devices") })
    }

    /// Asks the right of the connection and of each of its topics again.
    async fn ask_again(&mut self) -> Result<(), End> {
        self.standing.ask_again(&self.app).await.map_err(End::Over)?;
        // When the registry cannot be asked, the next time tells; the standing itself says for how long that may go on.
        let Ok(lost) = self.standing.lost(&self.app, &self.listener).await else { return Ok(()) };
        for device in lost {
            self.listener.leave(&device);
            self.refuse(Hub::topic(&device), reason(&Problem::not_found())).await?;
        }
        Ok(())
    }

    async fn say_why(&mut self, end: End, stream: &mut SplitStream<WebSocket>) {
        let (code, reason) = match end {
            End::Gone => return,
            End::Over(Over::Right) => (close_code::POLICY, "your right has ended; sign in again"),
            End::Over(Over::Unknown) => (close_code::AGAIN, "your right cannot be asked now; try again"),
            End::Stopping => (close_code::AWAY, "the server stops"),
        };
        let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        // Read on until it answers: a connection that closes with something unread may lose what was sent last.
        let goodbye = async {
            if self.sink.send(frame).await.is_ok() {
                while let Some(Ok(_)) = stream.next().await {}
            }
        };
        let _ = timeout(CLOSING, goodbye).await;
    }
}

fn reason(problem: &Problem) -> RefusalReason {
    RefusalReason { status: problem.status().as_u16(), detail: problem.detail().to_owned() }
}

/// The next thing from the client: a text, or `Some(None)` for a sign of life; `None` at the end.
async fn next(stream: &mut SplitStream<WebSocket>) -> Option<Option<String>> {
    match stream.next().await?.ok()? {
        Message::Text(text) => Some(Some(text.as_str().to_owned())),
        Message::Binary(_) => Some(Some(String::new())),
        Message::Ping(_) | Message::Pong(_) => Some(None),
        Message::Close(_) => None,
    }
}

fn device_of(topic: &str) -> Option<DeviceId> {
    DeviceId::new(topic.strip_prefix("device/")?).ok()
}
