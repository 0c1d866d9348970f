//! One WebSocket of `/api/v1/live`.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior};
use vigia_domain::ids::DeviceId;
use vigia_domain::live::{ClientMessage, Refusal, RefusalReason, Update};
use vigia_domain::rights::{Action, Principal};
use vigia_domain::time;

use crate::app::App;
use crate::db::devices::Device;
use crate::fleet;
use crate::http::Problem;
use crate::http::access::of_device;
use crate::lifecycle::Phase;
use crate::live::{Hub, Listener, MOST_TOPICS};

/// How often a quiet connection is asked whether it lives, and after how long a silent one is dead.
const HEARTBEAT: Duration = Duration::from_secs(25);
const DEAD: Duration = Duration::from_secs(60);
/// How long a client may leave a message unread before its connection is given up.
const STALLED: Duration = Duration::from_secs(20);

type Sink = SplitSink<WebSocket, Message>;

/// Serves a connection until either side ends it.
pub(super) async fn run(app: App, principal: Principal, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let mut listener = app.hub().listen();
    let stop = app.lifecycle().stopping(Phase::Intake);
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        let outcome = tokio::select! {
            message = next(&mut stream) => {
                heard = Instant::now();
                match message {
                    Some(text) => hear(&app, &principal, &mut listener, &mut sink, text.as_deref()).await,
                    None => break,
                }
            }
            messages = listener.next() => {
                let mut outcome = Ok(());
                for message in messages {
                    outcome = send(&mut sink, Message::Text(message.text())).await;
                }
                outcome
            }
            _ = heartbeat.tick() => {
                if heard.elapsed() > DEAD {
                    break;
                }
                send(&mut sink, Message::Ping(axum::body::Bytes::new())).await
            }
            () = stop.cancelled() => {
                let frame = CloseFrame { code: close_code::RESTART, reason: "the server restarts".into() };
                let _ = send(&mut sink, Message::Close(Some(frame))).await;
                break;
            }
        };
        if outcome.is_err() {
            break;
        }
    }
}

/// The connection is gone, or its client does not read.
struct Gone;

async fn send(sink: &mut Sink, message: Message) -> Result<(), Gone> {
    tokio::time::timeout(STALLED, sink.send(message)).await.map_err(|_| Gone)?.map_err(|_| Gone)
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

async fn hear(app: &App, principal: &Principal, listener: &mut Listener, sink: &mut Sink, text: Option<&str>) -> Result<(), Gone> {
    let Some(text) = text else { return Ok(()) };
    match serde_json::from_str(text) {
        Ok(ClientMessage::Subscribe(topics)) => {
            for topic in topics {
                if let Err(error) = follow(app, principal, listener, &topic).await {
                    let text = serde_json::to_string(&Refusal { topic, error }).expect("a refusal is always JSON");
                    send(sink, Message::Text(text.into())).await?;
                }
            }
            Ok(())
        }
        Ok(ClientMessage::Unsubscribe(topics)) => {
            for id in topics.iter().filter_map(|topic| device_of(topic)) {
                listener.leave(&id);
            }
            Ok(())
        }
        Err(_) => {
            let error = RefusalReason { status: 422, detail: "say {\"subscribe\":[\"device/<id>\"]}".to_owned() };
            let text = serde_json::to_string(&Refusal { topic: String::new(), error }).expect("a refusal is always JSON");
            send(sink, Message::Text(text.into())).await
        }
    }
}

async fn follow(app: &App, principal: &Principal, listener: &mut Listener, topic: &str) -> Result<(), RefusalReason> {
    let reason = |problem: &Problem| RefusalReason { status: problem.status().as_u16(), detail: problem.detail().to_owned() };
    let (verdict, device) = of_device(app, principal, Action::ReadTelemetry, device_of(topic)).await.map_err(|problem| reason(&problem))?;
    if let Some(problem) = Problem::of_verdict(verdict) {
        return Err(reason(&problem));
    }
    let Some(device) = device else { return Err(reason(&Problem::not_found())) };
    let is_online = fleet::is_online(app, device.number).await.map_err(|error| reason(&error.into()))?;
    let known = || known(app, &device, is_online);
    if listener.follow(device.id.clone(), known) {
        return Ok(());
    }
    Err(RefusalReason { status: 422, detail: format!("one connection follows at most {MOST_TOPICS} devices") })
}

/// The last values of a device, so that nothing is missed between rendering a page and listening.
fn known(app: &App, device: &Device, is_online: bool) -> Option<Update> {
    let latest = app.store().latest(device.number);
    let newest = latest.iter().map(|v| v.at_ms).max()?;
    // Only what the device last said: an update has one instant, and older values stand on the page already.
    let values = latest.into_iter().filter(|v| v.at_ms == newest).map(|v| (v.metric, v.value)).collect();
    Some(Update { topic: Hub::topic(&device.id), at: time::to_text(newest), values, online: Some(is_online) })
}

fn device_of(topic: &str) -> Option<DeviceId> {
    DeviceId::new(topic.strip_prefix("device/")?).ok()
}
