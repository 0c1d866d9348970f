//! From a socket to a session: CONNECT, who it is, and the answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::connection::{Connection, Stream, Terms};
use super::house::House;
use super::limits::{
    self, CLIENT_ID_BYTES, CONNECT_BYTES, INFLIGHT, LET_IN_TIME, OUTBOUND_INFLIGHT, PACKET_BYTES, REFUSAL_TIME, SESSION_EXPIRY,
    TOPIC_ALIASES,
};
use super::link::{Link, Order};
use super::registry::{Begun, Seat, Wish};
use super::rights;
use super::session::Session;
use super::strangers::Caller;
use super::wire::{self, Connect, ConnectError, LastWill, Next, Reason, Version, Welcome};
use crate::mqtt::{DeviceIdentity, Offence, Unavailable};

/// What somebody said first, and what has come behind it.
pub(super) struct Hello {
    connect: Result<Connect, ConnectError>,
    behind: BytesMut,
}

/// Waits for a whole CONNECT. `None`: the peer is gone, or speaks something else.
pub(super) async fn hello(stream: &mut Box<dyn Stream>) -> Option<Hello> {
    let mut read = BytesMut::with_capacity(512);
    loop {
        match wire::next(&mut read, CONNECT_BYTES) {
            Ok(Next::Whole(frame)) => return Some(Hello { connect: Connect::decode(&frame), behind: read }),
            Ok(Next::Part(_)) if read.first().is_none_or(|first| *first == 0x10) => {}
            Ok(Next::Part(_)) | Err(_) => return None,
        }
        read.reserve(read.len().clamp(512, limits::READ_BYTES));
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

/// Why somebody is not let in.
struct No {
    reason: Reason,
    detail: &'static str,
}

fn no(reason: Reason, detail: &'static str) -> No {
    No { reason, detail }
}

/// Somebody who is let in.
struct Guest {
    device: Arc<DeviceIdentity>,
    client: Arc<str>,
    seat: Seat,
}

/// Somebody who was let in and answered.
struct Admitted {
    connection: Connection,
    session: Arc<Session>,
    link: Arc<Link>,
    seat: Seat,
    will: Option<LastWill>,
}

/// Answers a CONNECT and serves the connection until it ends.
pub(super) async fn serve(house: Arc<House>, stream: Box<dyn Stream>, hello: Hello, from: (IpAddr, Option<Caller>)) {
    // Boxed, as everything that is over soon: the memory that a connection stands on for days is small then.
    let Some(admitted) = Box::pin(admit(&house, stream, hello, from)).await else { return };
    let Admitted { connection, session, link, seat, will } = admitted;
    house.connected(&session.device).await;
    let end = connection.run().await;
    tracing::trace!(device = %session.device.id, client = %session.client, ?end, "a connection ended");
    Box::pin(part(&house, &session, &link, seat, will.filter(|_| end.has_will()), end.expiry())).await;
}

async fn admit(
    house: &Arc<House>,
    mut stream: Box<dyn Stream>,
    hello: Hello,
    (peer, caller): (IpAddr, Option<Caller>),
) -> Option<Admitted> {
    let Hello { connect, behind } = hello;
    let connect = match connect {
        Ok(connect) => connect,
        Err(ConnectError { version, reason, detail }) => {
            house.turned.count("no_connect");
            let version = version.filter(|version| *version == Version::Five || reason == Reason::UnsupportedVersion);
            // Version 3 knows no such answer: the connection is closed.
            if let Some(version) = version {
                refuse(&mut stream, version, &no(reason, detail)).await;
            }
            return None;
        }
    };
    let version = connect.version;
    let Some(caller) = caller else {
        house.turned.note("address", "too many connections of one address waited to be let in", Some(peer));
        refuse(&mut stream, version, &no(Reason::ServerUnavailable, "too many of this address arrive at once")).await;
        return None;
    };
    // Before anything is asked: what is changed from here on is heard of.
    let arrival = house.arrivals.enter(connect.user.as_deref());
    let guest = {
        let asked = async {
            if house.arrivals.without_seat() + house.registry.connections() > limits::connections() {
                house.turned.note("busy", "more MQTT connections arrived than there may be", Some(peer));
                return Err(no(Reason::ServerUnavailable, "too many arrive at once"));
            }
            let _place = house.handshakes.acquire().await;
            let_in(house, &connect).await
        };
        let late = |_| Err(no(Reason::ServerUnavailable, ""));
        tokio::time::timeout(LET_IN_TIME, asked).await.unwrap_or_else(late)
    };
    let Guest { device, client, seat } = match guest {
        Ok(_) if arrival.is_withdrawn() => {
            refuse(&mut stream, version, &no(Reason::ServerUnavailable, "the credential has just changed")).await;
            return None;
        }
        Ok(guest) => guest,
        Err(no) => {
            house.turned.count(no.reason.word());
            drop(arrival);
            if caller.is_one_of_many()
                && let Ok(_place) = house.refusals.try_acquire()
            {
                tokio::time::sleep(REFUSAL_TIME).await;
            }
            refuse(&mut stream, version, &no).await;
            return None;
        }
    };
    arrival.sit_down();
    drop(caller);
    stream.let_in();
    let wish = wish(&connect);
    let Some(begun) = house.registry.begin(&device, &client, wish).await else {
        refuse(&mut stream, version, &no(Reason::QuotaExceeded, "too many sessions")).await;
        return None;
    };
    let Begun { session, link, is_present, over } = begun;
    // The session is known: whoever withdraws something from now on finds it. What was withdrawn before is withdrawn from it.
    if arrival.is_withdrawn() {
        session.withdraw();
    }
    drop(arrival);
    house.settle(over).await;
    if house.is_stopping() {
        link.order(Order::Stop);
    }
    let mut out = BytesMut::new();
    let asked = connect.properties.session_expiry.unwrap_or_default();
    let welcome = Welcome {
        session_present: is_present,
        session_expiry: (Duration::from_secs(asked.into()) > wish.expiry).then_some(wish.expiry),
        client: connect.client.is_empty().then_some(&*client),
        receive_maximum: INFLIGHT,
        packet_bytes: u32::try_from(PACKET_BYTES).unwrap_or(u32::MAX),
        topic_aliases: TOPIC_ALIASES,
    };
    wire::connack(&mut out, version, Reason::Success, Some(&welcome), "");
    // Whether it still hears this or not: it was here, and its going is told like every other.
    let _ = tokio::time::timeout(limits::SEND_TIME, write(&mut stream, &out)).await;
    let terms = terms(&connect);
    let connection = Connection::new(Arc::clone(house), (Arc::clone(&session), Arc::clone(&link)), terms, stream, behind);
    Some(Admitted { connection, session, link, seat, will: connect.will })
}

/// What is to be done when a connection is over.
async fn part(house: &House, session: &Arc<Session>, link: &Arc<Link>, seat: Seat, will: Option<LastWill>, expiry: Option<Duration>) {
    // While its connection still counts: a client that comes again waits for it, and is never said to be gone after its return.
    let at_once = will.as_ref().is_some_and(|will| session.locked().says_at_once(will, expiry));
    let (now, later) = if at_once { (will, None) } else { (None, will) };
    if let Some(will) = now {
        house.will(session, &will).await;
    }
    let left = house.registry.leave(session, link, later, expiry);
    if left.is_over {
        house.clear(session);
    } else {
        house.hand_over(session, false);
    }
    drop(seat);
    if let Some(will) = left.will {
        house.will(session, &will).await;
    }
    link.ended.cancel();
    house.disconnected(&session.device).await;
}

async fn let_in(house: &House, connect: &Connect) -> Result<Guest, No> {
    if connect.properties.auth_method.is_some() {
        return Err(no(Reason::BadAuthenticationMethod, "only user name and password are known here"));
    }
    if connect.client.len() > CLIENT_ID_BYTES {
        return Err(no(Reason::ClientIdNotValid, "the client id is too long"));
    }
    if connect.client.is_empty() && !connect.clean && connect.version == Version::Three {
        return Err(no(Reason::ClientIdNotValid, ""));
    }
    let (Some(user), Some(password)) = (&connect.user, &connect.password) else {
        return Err(no(Reason::BadUserOrPassword, "a device's id and its token are wanted"));
    };
    let unavailable = || no(Reason::ServerUnavailable, "");
    if house.is_stopping() {
        return Err(unavailable());
    }
    if house.registry.connections() >= limits::connections() {
        tracing::warn!("as many MQTT connections as there may be: one more was refused");
        return Err(unavailable());
    }
    let device = match house.gate.authenticate(user, password).await {
        Ok(Some(device)) => Arc::new(device),
        Ok(None) => return Err(no(Reason::BadUserOrPassword, "")),
        Err(Unavailable) => return Err(unavailable()),
    };
    if house.is_stopping() {
        return Err(unavailable());
    }
    if let Some(will) = &connect.will
        && !rights::may_publish(&*house.gate, &device, &will.topic)
    {
        house.gate.refused(&device, Offence::Will, &will.topic, &will.payload).await;
        return Err(no(Reason::NotAuthorized, "the will is not for one of this device's topics"));
    }
    let client = if connect.client.is_empty() { house.registry.name(&device.id, house.seed) } else { connect.client.as_str().into() };
    let Some(seat) = house.registry.seat(&device, &client) else {
        house.gate.refused(&device, Offence::Connections, "connect", &[]).await;
        return Err(no(Reason::ServerUnavailable, "this device has as many connections as it may"));
    };
    Ok(Guest { device, client, seat })
}

fn wish(connect: &Connect) -> Wish {
    let expiry = match connect.version {
        Version::Three if connect.clean => Duration::ZERO,
        Version::Three => SESSION_EXPIRY,
        Version::Five => Duration::from_secs(connect.properties.session_expiry.unwrap_or_default().into()).min(SESSION_EXPIRY),
    };
    Wish { clean: connect.clean, expiry }
}

fn terms(connect: &Connect) -> Terms {
    Terms {
        version: connect.version,
        keep_alive: connect.keep_alive,
        receive_maximum: connect.properties.receive_maximum.map_or(OUTBOUND_INFLIGHT, |most| most.min(OUTBOUND_INFLIGHT)),
        packet_bytes: connect.properties.packet_bytes.map_or(usize::MAX, |most| most as usize),
    }
}

async fn refuse(stream: &mut Box<dyn Stream>, version: Version, no: &No) {
    let mut out = BytesMut::new();
    wire::connack(&mut out, version, no.reason, None, no.detail);
    let _ = tokio::time::timeout(limits::SEND_TIME, write(stream, &out)).await;
    let _ = tokio::time::timeout(limits::SEND_TIME, stream.shutdown()).await;
}

async fn write(stream: &mut Box<dyn Stream>, out: &[u8]) -> std::io::Result<()> {
    stream.write_all(out).await?;
    stream.flush().await
}
