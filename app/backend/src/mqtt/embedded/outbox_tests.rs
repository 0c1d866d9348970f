use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::super::message::Draft;
use super::*;

fn letter(n: usize, qos: u8, now: Instant) -> Letter {
    let message = Draft { qos, ..Draft::of_house("t", n.to_string().as_bytes(), false, None) }.message(now);
    Letter { message, qos, retain: false, subscription_ids: Vec::new(), group: None, since: now }
}

fn number(letter: &Letter) -> usize {
    std::str::from_utf8(&letter.message.payload).expect("a text").parse().expect("a number")
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Send,
    /// The client answers the oldest that it owes an answer.
    Answer,
    Reconnect,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![3 => (0u8..=2).prop_map(Step::Put), 4 => Just(Step::Send), 3 => Just(Step::Answer), 1 => Just(Step::Reconnect)]
}

proptest! {
    /// Whatever breaks in between: each message of quality 1 arrives, each of quality 2 once, first deliveries in order.
    #[test]
    fn nothing_is_lost_and_nothing_of_quality_two_comes_twice(steps in proptest::collection::vec(step(), 0..120), window in 1usize..5) {
        let now = Instant::now();
        let waiting = Waiting::default();
        let mut outbox = Outbox::new(waiting.clone());
        let (mut put, mut heard, mut known) = (0, Vec::new(), BTreeSet::new());
        let mut owed: VecDeque<(u16, u8, bool)> = VecDeque::new();
        let end = std::iter::repeat_n([Step::Send, Step::Answer, Step::Answer], 400).flatten();
        for step in steps.into_iter().chain(end) {
            match step {
                Step::Put(qos) => {
                    outbox.put(letter(put, qos, now));
                    put += 1;
                }
                Step::Send => match outbox.next(window, now) {
                    Some(Outgoing::Letter { letter, id, again }) => {
                        let (n, qos) = (number(letter), letter.qos);
                        // A client takes a packet id of quality 2 once until it is released.
                        if qos < 2 || known.insert(id) {
                            heard.push((n, qos, again));
                        }
                        if qos == 0 { outbox.done_with(id) } else { owed.push_back((id, qos, false)) }
                    }
                    Some(Outgoing::Release(id)) => owed.push_back((id, 2, true)),
                    None => {}
                },
                Step::Answer => match owed.pop_front() {
                    Some((id, 1, _)) => outbox.acknowledged(id),
                    Some((id, _, false)) => {
                        prop_assert!(outbox.received(id));
                        owed.push_back((id, 2, true));
                    }
                    Some((id, ..)) => {
                        known.remove(&id);
                        outbox.complete(id);
                    }
                    None => {}
                },
                Step::Reconnect => {
                    outbox.begin_again();
                    owed.clear();
                }
            }
            prop_assert!(outbox.under_way <= window);
        }
        prop_assert!(outbox.sent.is_empty() && outbox.letters.is_empty());
        prop_assert_eq!(waiting.0.load(Ordering::Relaxed), 0);
        let firsts: Vec<_> = heard.iter().filter(|(.., again)| !again).map(|(n, ..)| *n).collect();
        prop_assert!(firsts.is_sorted(), "{:?}", firsts);
        for n in 0..put {
            let times = heard.iter().filter(|(heard, ..)| *heard == n).collect::<Vec<_>>();
            prop_assert!(!times.is_empty(), "{} arrived", n);
            prop_assert!(times[0].1 == 1 || times.len() == 1, "{} came once", n);
        }
    }
}

#[tokio::test]
async fn a_queue_has_its_bounds_and_its_time() {
    let now = Instant::now();
    let mut outbox = Outbox::new(Waiting::default());
    for n in 0..QUEUE {
        assert!(outbox.has_room_for(&letter(n, 1, now)));
        outbox.put(letter(n, 1, now));
    }
    assert!(!outbox.has_room_for(&letter(9, 1, now)) && outbox.is_full());
    assert!(outbox.drop_oldest() && outbox.has_room_for(&letter(9, 1, now)));
    let later = now + MESSAGE_EXPIRY + Duration::from_secs(1);
    assert!(outbox.next(10, later).is_none(), "too old");
    assert_eq!((outbox.bytes, outbox.waiting.0.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test]
async fn what_means_nothing_any_more_is_not_sent_again() {
    let (now, left) = (Instant::now(), Duration::from_secs(60));
    let brief = |n: usize, qos: u8| {
        let message = Draft { qos, ..Draft::of_house("t", n.to_string().as_bytes(), false, Some(left)) }.message(now);
        Letter { message, ..letter(n, qos, now) }
    };
    let mut outbox = Outbox::new(Waiting::default());
    for letter in [brief(1, 1), brief(2, 2), letter(3, 1, now), brief(4, 1)] {
        outbox.put(letter);
    }
    for n in 1..=3 {
        let sent = outbox.next(10, now);
        assert!(matches!(sent, Some(Outgoing::Letter { letter, again: false, .. }) if number(letter) == n));
    }
    outbox.begin_again();
    for n in [2, 3] {
        let sent = outbox.next(10, now + left);
        assert!(matches!(sent, Some(Outgoing::Letter { letter, again: true, .. }) if number(letter) == n), "a number of quality 2 is held");
    }
    assert!(outbox.next(10, now + left).is_none() && outbox.letters.is_empty() && outbox.under_way == 2);
}

#[tokio::test]
async fn what_was_sent_and_is_not_acknowledged_counts_among_what_one_client_may_hold() {
    let now = Instant::now();
    let large = |bytes: usize| Letter { message: Draft::of_house("t", &vec![0; bytes], false, None).message(now), ..letter(0, 1, now) };
    let mut outbox = Outbox::new(Waiting::default());
    let mut put = 0;
    while outbox.has_room_for(&large(QUEUE_BYTES / 4)) && put < 100 {
        outbox.put(large(QUEUE_BYTES / 4));
        while outbox.next(128, now).is_some() {}
        put += 1;
    }
    assert_eq!((outbox.sent.len(), outbox.letters.len()), (4, 3), "each message is somewhat more than its payload");
    outbox.acknowledged(1);
    assert!(outbox.next(128, now).is_some() && outbox.has_room_for(&large(QUEUE_BYTES / 4)));
    let others = Outbox::new(outbox.waiting.clone());
    outbox.waiting.0.fetch_add(QUEUES_BYTES, Ordering::Relaxed);
    let reserved = large(RESERVED_BYTES);
    assert!(others.fits_here(&reserved) && !others.has_room_for(&reserved), "no fault of its own");
    assert!(others.has_room_for(&large(RESERVED_BYTES / 2)), "a command comes through whatever others let lie");
}
