use async_trait::async_trait;
use bytes::Bytes;
use vigia_domain::ids::{DeviceId, DeviceNumber};

use super::*;
use crate::config::Guard;
use crate::mqtt::embedded::outbox::Waiting;
use crate::mqtt::{DeviceIdentity, Gate, Offence, Unavailable};

struct Open;

#[async_trait]
impl Gate for Open {
    async fn authenticate(&self, _: &str, _: &[u8]) -> Result<Option<DeviceIdentity>, Unavailable> {
        Ok(None)
    }
    async fn accept(&self, _: &DeviceIdentity, _: &str, _: Bytes, _: u8) -> Result<(), Unavailable> {
        Ok(())
    }
    async fn refused(&self, _: &DeviceIdentity, _: Offence, _: &str, _: &[u8]) {}
    async fn connected(&self, _: &DeviceIdentity) {}
    async fn disconnected(&self, _: &DeviceIdentity) {}
}

#[tokio::test]
async fn who_takes_nothing_while_a_message_is_stored_costs_nobody_else_the_time() {
    let device = Arc::new(DeviceIdentity { id: DeviceId::new("m1").expect("a good id"), number: DeviceNumber(1) });
    let session = Arc::new(Session::new(1, "c".into(), device, Waiting::default()));
    let (link, (_client, ours)) = (Arc::<Link>::default(), tokio::io::duplex(1));
    session.locked().connect(Arc::clone(&link), Duration::ZERO, Instant::now());
    let house = Arc::new(House::new(Arc::new(Open), Guard::Anyone, crate::metrics::BrokerMetrics::default(), 1));
    let terms = Terms { version: Version::Five, keep_alive: Duration::ZERO, receive_maximum: 1, packet_bytes: 1_000 };
    let mut connection = Connection::new(house, (session, link), terms, Box::new(ours), BytesMut::new());
    let polled = async |connection: &mut Connection| poll_fn(|cx| Poll::Ready(connection.poll(cx))).await;
    // Much to write, nobody who reads, and a store that does not answer.
    connection.out.extend([0; 100]);
    connection.work.push_back(Job { bytes: 0, work: Box::pin(std::future::pending()) });
    assert!(polled(&mut connection).await.is_pending() && connection.stuck.is_some());
    connection.stuck = connection.now.checked_sub(limits::SEND_TIME);
    assert!(polled(&mut connection).await.is_pending(), "it waits for what is being stored, and lets others work meanwhile");
    assert!(connection.is_dead);
    connection.finish_by = connection.now;
    assert_eq!(polled(&mut connection).await, Poll::Ready(End::Gone));
}
