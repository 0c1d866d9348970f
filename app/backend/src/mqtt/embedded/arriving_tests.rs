//! Many who come from one address, which a test on one machine can only pretend.

use async_trait::async_trait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use vigia_domain::ids::DeviceNumber;

use super::limits::{ARRIVALS_PER_PEER, CONNECTIONS_PER_DEVICE};
use super::*;
use crate::mqtt::{DeviceIdentity, Offence, Unavailable};

/// A registry that takes its time: as long as it is given no permits.
struct Slow(Semaphore);

#[async_trait]
impl Gate for Slow {
    async fn authenticate(&self, user: &str, password: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
        let _permit = self.0.acquire().await.map_err(|_| Unavailable)?;
        let number = user.trim_start_matches('m').parse().map(DeviceNumber).map_err(|_| Unavailable)?;
        let id = DeviceId::new(user).map_err(|_| Unavailable)?;
        Ok((password == b"good").then_some(DeviceIdentity { id, number }))
    }
    async fn accept(&self, _: &DeviceIdentity, _: &str, _: Bytes, _: u8) -> Result<(), Unavailable> {
        Ok(())
    }
    async fn refused(&self, _: &DeviceIdentity, _: Offence, _: &str, _: &[u8]) {}
    async fn connected(&self, _: &DeviceIdentity) {}
    async fn disconnected(&self, _: &DeviceIdentity) {}
}

struct Street {
    listening: Listening,
    gate: Arc<Slow>,
    listener: TcpListener,
}

impl Street {
    async fn new() -> Self {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let gate = Arc::new(Slow(Semaphore::new(0)));
        let (_, listening) = EmbeddedBroker::bind(anywhere, Guard::Anyone, gate.clone()).await.expect("a free port");
        Self { listening, gate, listener: TcpListener::bind(anywhere).await.expect("a free port") }
    }

    /// Somebody comes from there and says who he is.
    async fn comes(&mut self, from: &str, user: &str, client: &str, password: &str) -> TcpStream {
        let mut there = TcpStream::connect(self.listener.local_addr().expect("bound")).await.expect("it listens");
        let (here, _) = self.listener.accept().await.expect("it came");
        let field = |text: &str| [&[0, u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
        let body = [b"\x00\x04MQTT\x04\xc2\x00\x3c".to_vec(), field(client), field(user), field(password)].concat();
        let packet = [&[0x10, u8::try_from(body.len()).expect("short")], &body[..]].concat();
        there.write_all(&packet).await.expect("sent");
        let door = Arc::new(Door::plain(SocketAddr::from(([127, 0, 0, 1], 0))));
        self.listening.meet(door, here, SocketAddr::new(from.parse().expect("an address"), 1));
        there
    }
}

/// The code of the CONNACK.
async fn answer(stream: &mut TcpStream) -> u8 {
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.expect("an answer");
    answer[3]
}

#[tokio::test]
async fn a_whole_street_of_devices_comes_in_and_an_address_that_floods_costs_the_others_nothing() {
    let mut street = Street::new().await;
    let mut first = Vec::new();
    for n in 0..ARRIVALS_PER_PEER {
        first.push(street.comes("192.0.2.7", &format!("m{}", n / CONNECTIONS_PER_DEVICE), &n.to_string(), "good").await);
    }
    // All of them wait for the registry. One more of the same address is told to come later.
    while street.listening.broker.house.arrivals.without_seat() < ARRIVALS_PER_PEER {
        tokio::task::yield_now().await;
    }
    assert_eq!(answer(&mut street.comes("192.0.2.7", "m900", "c", "good").await).await, 3);
    let mut neighbour = street.comes("192.0.2.8", "m901", "c", "good").await;
    street.gate.0.add_permits(1_000);
    assert_eq!(answer(&mut neighbour).await, 0, "another address has its own");
    for stream in &mut first {
        assert_eq!(answer(stream).await, 0);
    }
    // Those who were let in take nothing from their address: hundreds of devices stand behind one.
    for n in 0..ARRIVALS_PER_PEER * 2 {
        let mut stream = street.comes("192.0.2.7", &format!("m{}", 1_000 + n), "c", "good").await;
        assert_eq!(answer(&mut stream).await, 0, "device {n}");
        first.push(stream);
    }
    assert_eq!(street.listening.broker.connections(), Some(ARRIVALS_PER_PEER * 3 + 1));
}

#[tokio::test]
async fn who_is_refused_waits_and_holds_a_place_of_its_address_alone() {
    let mut street = Street::new().await;
    street.gate.0.add_permits(1_000);
    let start = Instant::now();
    let mut wrong = street.comes("192.0.2.7", "m1", "c", "wrong").await;
    // Who speaks for many, or is let in, is answered meanwhile.
    assert_eq!(answer(&mut street.comes("127.0.0.1", "m1", "c", "wrong").await).await, 4);
    assert_eq!(answer(&mut street.comes("192.0.2.7", "m1", "c", "good").await).await, 0);
    assert_eq!(answer(&mut wrong).await, 4);
    assert!(start.elapsed() >= limits::REFUSAL_TIME, "it cannot try again at once");
}
