//! Simulated devices on bad lines: what was acknowledged is in the store, whatever broke.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use vigia_backend::config::Guard;
use vigia_backend::lifecycle::Phase;
use vigia_backend::mqtt::embedded::EmbeddedBroker;
use vigia_backend::simulate::device::{Faults, Temper};
use vigia_backend::simulate::{Actor, Client, Line, Scenario};
use vigia_backend::world::Clock;
use vigia_domain::ids::DeviceNumber;

use crate::support::{NOW, both};

const DAY_MS: i64 = 86_400_000;

/// The devices' time of day: a second later whenever it is looked at, so that each message has a time of its own.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now_ms(&self) -> i64 {
        self.0.fetch_add(1_000, Ordering::SeqCst)
    }

    #[expect(clippy::disallowed_methods, reason = "durations in tests are real")]
    fn instant(&self) -> std::time::Instant {
        std::time::Instant::now()
    }
}

both! {
    async fn lines_that_break_and_outages_lose_nothing_that_was_acknowledged(it: Installation) {
        let (broker, listening) = EmbeddedBroker::bind(SocketAddr::from(([127, 0, 0, 1], 0)), Guard::Anyone, Arc::new(it.gate())).await.expect("a free port");
        it.app.lifecycle().spawn("broker", Phase::Intake, |stop| listening.serve(stop));
        let mut actors = Vec::new();
        let mut numbers: BTreeMap<String, DeviceNumber> = BTreeMap::new();
        for n in 0..3 {
            let id = Scenario::Household.id(n);
            let (device, token) = it.device(id.as_str(), None).await;
            numbers.insert(id.to_string(), device.number);
            let home = Scenario::Household.device(n, &id, 7, &TimeZone::UTC);
            let device = Box::new(Temper::new(home, Faults { clock_jumps: false, repeats: true }, 7));
            actors.push(Actor { id, token, device });
        }
        let (told, mut acknowledged) = unbounded_channel();
        let client = Client {
            host: broker.address().ip().to_string(),
            port: broker.address().port(),
            rate_hz: 60.0,
            time: Some(Duration::from_secs(4)),
            clock: Arc::new(Ticking(AtomicI64::new(NOW - DAY_MS))),
            acknowledged: Some(told),
        };
        let line = Line { flaky: true, outages: true, seed: 7 };
        let report = client.run_over(Some(line), actors, CancellationToken::new()).await;
        drop(client);
        assert!(report.lost > 3 && report.repeated > 0, "the lines were bad: {report:?}");
        assert_eq!((report.connected, report.sent, report.dropped), (3, report.acknowledged, 0), "and all came through in the end: {report:?}");

        let mut stored: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for (id, number) in &numbers {
            let energy = it.app.store().range(*number, "energy_wh", NOW - DAY_MS, NOW).await.expect("asked");
            assert!(energy.windows(2).all(|pair| pair[1].1 >= pair[0].1), "the register only grows, whatever came when");
            stored.insert(id, energy.into_iter().map(|(at_ms, _)| at_ms).collect());
        }
        let mut count = 0;
        while let Some(one) = acknowledged.recv().await {
            if one.topic.ends_with("/telemetry") {
                assert!(stored[one.device.as_str()].contains(&one.at_ms), "{one:?} was acknowledged and is not there");
                count += 1;
            }
        }
        let readings: usize = stored.values().map(BTreeSet::len).sum();
        assert!(count > 100 && readings > count, "{readings} readings in {count} messages: what was gathered in an outage came in lists");
    }
}
