use vigia_domain::ids::DeviceNumber;

use super::super::limits::{CONNECTIONS_PER_DEVICE, SESSIONS_PER_DEVICE};
use super::*;

fn device(id: &str) -> Arc<DeviceIdentity> {
    Arc::new(DeviceIdentity { id: DeviceId::new(id).expect("a good id"), number: DeviceNumber(1) })
}

fn client(n: usize) -> Arc<str> {
    n.to_string().into()
}

const KEPT: Wish = Wish { clean: false, expiry: Duration::from_secs(60) };

async fn begin(registry: &Registry, n: usize) -> Begun {
    registry.begin(&device("m1"), &client(n), KEPT).await.expect("there is room")
}

#[test]
fn a_device_has_its_share_of_connections_and_a_client_that_comes_again_its_place() {
    let (registry, m1, m2) = (Arc::new(Registry::default()), device("m1"), device("m2"));
    let mut seats: Vec<_> = (0..CONNECTIONS_PER_DEVICE).map_while(|n| registry.seat(&m1, &client(n))).collect();
    assert_eq!(seats.len(), CONNECTIONS_PER_DEVICE);
    assert!(registry.seat(&m1, &client(99)).is_none());
    assert!(registry.seat(&m2, &client(99)).is_some());
    // The new connection of client 0 stands before the old one's end is heard of.
    let again = registry.seat(&m1, &client(0)).expect("its own place");
    assert!(registry.seat(&m1, &client(0)).is_none(), "a third would only wait");
    drop(seats.remove(0));
    assert!(registry.seat(&m1, &client(99)).is_none());
    drop(again);
    drop(registry.seat(&m1, &client(99)).expect("a place is free"));
    drop(seats);
    let held = registry.held();
    assert_eq!((held.connections, held.devices.len()), (0, 0), "nothing is kept of a device that is gone");
}

#[tokio::test]
async fn a_session_whose_time_has_come_is_over_before_anybody_has_looked_at_it() {
    let registry = Registry::default();
    let first = begin(&registry, 0).await;
    registry.leave(&first.session, &first.link, None, None);
    let second = begin(&registry, 0).await;
    assert!(second.is_present && second.over.is_empty());
    registry.leave(&second.session, &second.link, None, Some(Duration::from_nanos(1)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let third = begin(&registry, 0).await;
    assert!(!third.is_present && third.over.len() == 1);
}

#[tokio::test]
async fn a_new_session_pushes_out_the_oldest_that_is_only_remembered() {
    let registry = Registry::default();
    let connected = begin(&registry, 0).await;
    for n in 1..SESSIONS_PER_DEVICE {
        let begun = begin(&registry, n).await;
        registry.leave(&begun.session, &begun.link, None, None);
    }
    let one_more = begin(&registry, 99).await;
    assert_eq!(one_more.over.iter().map(|over| &*over.session.client).collect::<Vec<_>>(), ["1"], "0 is connected");
    assert_eq!(registry.sessions(), SESSIONS_PER_DEVICE);
    let Left { is_over, .. } = registry.leave(&connected.session, &connected.link, None, Some(Duration::ZERO));
    assert!(is_over);
    for session in registry.all() {
        registry.leave(&session, &session.link().unwrap_or_default(), None, None);
        registry.forget(&session);
    }
    let held = registry.held();
    assert_eq!((held.sessions, held.devices.len(), held.agenda.len()), (0, 0, 0));
}

#[tokio::test]
async fn an_absent_session_comes_back_or_ends_at_its_time() {
    let registry = Registry::default();
    let first = begin(&registry, 0).await;
    registry.leave(&first.session, &first.link, None, None);
    let again = begin(&registry, 0).await;
    assert!(again.is_present && Arc::ptr_eq(&first.session, &again.session) && registry.held().agenda.is_empty());
    registry.leave(&again.session, &again.link, None, None);
    assert!(registry.due(Instant::now() + Duration::from_secs(59)).is_empty());
    assert_eq!(registry.due(Instant::now() + Duration::from_secs(60)).len(), 1);
    assert!(!begin(&registry, 0).await.is_present);
}

#[tokio::test]
async fn who_is_somebody_else_now_does_not_get_the_session_from_before() {
    let registry = Registry::default();
    let as_number = |n: i64| Arc::new(DeviceIdentity { number: DeviceNumber(n), ..DeviceIdentity::clone(&device("m1")) });
    let unclaimed = registry.begin(&as_number(-1), &client(0), KEPT).await.expect("there is room");
    registry.leave(&unclaimed.session, &unclaimed.link, None, None);
    let claimed = registry.begin(&as_number(7), &client(0), KEPT).await.expect("there is room");
    assert_eq!((claimed.is_present, claimed.session.device.number, claimed.over.len()), (false, DeviceNumber(7), 1));
    assert_eq!(registry.sessions(), 1);
    registry.leave(&claimed.session, &claimed.link, None, None);
    assert!(registry.begin(&as_number(7), &client(0), KEPT).await.is_some_and(|begun| begun.is_present));
}

#[tokio::test]
async fn a_will_waits_for_its_delay_and_is_taken_back_by_its_client() {
    let will = || {
        let properties = crate::mqtt::embedded::wire::Properties { will_delay: Some(10), ..Default::default() };
        LastWill { topic: "m1/x".into(), payload: "gone".into(), qos: 0, retain: false, properties: Some(Box::new(properties)) }
    };
    let registry = Registry::default();
    let first = begin(&registry, 0).await;
    assert!(registry.leave(&first.session, &first.link, Some(will()), None).will.is_none(), "not now");
    let again = begin(&registry, 0).await;
    assert!(registry.due(Instant::now() + Duration::from_secs(30)).is_empty(), "it is back");
    registry.leave(&again.session, &again.link, Some(will()), None);
    let due = registry.due(Instant::now() + Duration::from_secs(10));
    assert!(due.len() == 1 && due[0].will.is_some() && !due[0].session.locked().is_over);
    let clean = registry.begin(&device("m1"), &client(0), Wish { clean: true, ..KEPT }).await.expect("there is room");
    assert!(!clean.is_present && clean.over.len() == 1);
}

#[tokio::test]
async fn who_comes_again_waits_for_the_old_connection_to_end() {
    let registry = Arc::new(Registry::default());
    let old = begin(&registry, 0).await;
    let mut coming = trial(begin(&registry, 0));
    assert!(coming.try_now().await.is_none());
    assert_eq!(old.link.take(), Some(Some(Order::TakenOver)));
    registry.leave(&old.session, &old.link, None, None);
    old.link.ended.cancel();
    assert!(coming.try_now().await.is_some_and(|begun| begun.is_present));
}

#[tokio::test]
async fn a_session_that_is_withdrawn_while_its_connection_ends_is_not_kept_and_its_will_not_said() {
    let registry = Registry::default();
    let ending = begin(&registry, 0).await;
    // Another reason came first, and with it a time for which the session is to be kept.
    ending.link.order(Order::TakenOver);
    assert!(ending.session.withdraw());
    assert_eq!(ending.link.take(), Some(Some(Order::Withdrawn)), "it is told this one");
    let will = LastWill { topic: "m1/x".into(), payload: "gone".into(), qos: 0, retain: false, properties: None };
    let left = registry.leave(&ending.session, &ending.link, Some(will), Some(Duration::from_secs(60)));
    assert!(left.is_over && left.will.is_none());

    // And one that nobody has ended yet when its client comes again, with its new credential.
    let absent = begin(&registry, 0).await;
    assert!(!absent.is_present);
    registry.leave(&absent.session, &absent.link, None, None);
    assert!(!absent.session.withdraw());
    let again = begin(&registry, 0).await;
    assert!(!again.is_present && again.over.len() == 1);
    assert!(!again.session.locked().is_withdrawn);
}

/// A future that is looked at without waiting.
struct Trial<F>(std::pin::Pin<Box<F>>);

fn trial<F: Future>(future: F) -> Trial<F> {
    Trial(Box::pin(future))
}

impl<F: Future> Trial<F> {
    async fn try_now(&mut self) -> Option<F::Output> {
        std::future::poll_fn(|cx| match self.0.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
