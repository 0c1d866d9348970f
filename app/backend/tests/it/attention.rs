//! The home of who runs an installation: what needs attention, and how quickly it is said.

use bytes::Bytes;
use vigia_backend::db::devices::{self, NewDevice};
use vigia_backend::db::users;
use vigia_backend::fleet;
use vigia_backend::mqtt::Gate as _;
use vigia_domain::attention::{About, Attention, Kind};
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::Principal;
use vigia_domain::user::Role;

use crate::support::{BY, Installation, both};

const HOUR_MS: i64 = 60 * 60 * 1000;

async fn attention(it: &Installation) -> Attention {
    fleet::attention(&it.app, ToString::to_string).await.expect("asked")
}

fn kinds(attention: &Attention) -> Vec<(Kind, u64)> {
    attention.groups.iter().map(|group| (group.kind, group.count)).collect()
}

both! {
    async fn what_needs_somebody_is_said_worst_first_and_goes_when_it_is_mended(it: Installation) {
        assert_eq!(attention(it).await.count(), 0, "an empty house is a calm one");
        let (m1, _) = it.device("m1", None).await;
        it.device("m2", None).await;
        it.gate().accept(&m1, "vigia/m1/telemetry", Bytes::from_static(b"{\"power_w\":700,\"voltage_v\":127}"), 1).await.expect("taken");
        it.gate().accept(&m1, "vigia/m1/telemetry", Bytes::from_static(b"nonsense"), 1).await.expect("taken");
        let said = attention(it).await;
        assert_eq!(kinds(&said), [(Kind::Refused, 1), (Kind::Never, 1)]);
        assert_eq!((said.figures.devices, said.figures.online, said.figures.power_w), (2, 1, Some(700.0)));
        it.world.advance(1_000);
        assert!((attention(it).await.figures.messages_per_s - 0.2).abs() < 0.11, "one or two messages in ten seconds");

        it.world.advance(2 * HOUR_MS);
        let said = attention(it).await;
        assert_eq!(kinds(&said), [(Kind::Silent, 1), (Kind::Refused, 1), (Kind::Never, 1)]);
        assert_eq!((said.count(), said.figures.online, said.figures.power_w), (3, 0, None), "what is silent uses no power that we know of");
        let About::Silent { last: Some(last), .. } = &said.groups[0].rows[0].about else { panic!("{said:?}") };
        assert_eq!((last.metric.as_str(), last.value), ("power_w", 700.0));

        it.world.advance(23 * HOUR_MS);
        it.gate().accept(&m1, "vigia/m1/telemetry", Bytes::from_static(b"{\"power_w\":1}"), 1).await.expect("taken");
        assert_eq!(kinds(&attention(it).await), [(Kind::Never, 1)], "it speaks again, and yesterday's refusals are over");
    }

    async fn what_was_not_looked_at_is_said_to_be_there(it: Installation) {
        let ((m1, _), (m2, _)) = (it.device("m1", None).await, it.device("m2", None).await);
        it.old_refusal(m2.number, "before all of them").await;
        it.old_refusal(m1.number, "not a number").await;
        let refused = async || attention(it).await.groups.into_iter().find(|group| group.kind == Kind::Refused).expect("there");
        let at_least = |about: &About| matches!(about, About::Refused { is_at_least: true, .. });
        let said = refused().await;
        assert_eq!((said.count, said.is_at_least, said.rows.iter().any(|row| at_least(&row.about))), (2, false, false));
        let twice = format!("INSERT INTO quarantine (device, received_ms, source, reason, excerpt, bytes)
            SELECT device, received_ms, source, reason, excerpt, bytes FROM quarantine WHERE device = {}", m1.number.0);
        for _ in 0..7 {
            it.sql("telemetry.db", &twice).await;
        }
        let said = refused().await;
        assert_eq!((said.count, said.is_at_least), (2, false));
        assert_eq!(said.rows.iter().map(|row| at_least(&row.about)).collect::<Vec<_>>(), [true, false], "no more are kept of a device");
        for _ in 0..3 {
            it.sql("telemetry.db", &twice).await;
        }
        let said = refused().await;
        assert_eq!((said.count, said.is_at_least, at_least(&said.rows[0].about)), (1, true, true), "the other one lies beyond what is looked at");
        assert!(attention(it).await.is_at_least());
    }

    async fn a_command_that_came_to_nothing_is_said_until_it_was_done_after_all(it: Installation) {
        let (m1, _) = it.device("m1", None).await;
        it.gate().accept(&m1, "vigia/m1/telemetry", Bytes::from_static(b"{\"power_w\":1}"), 1).await.expect("taken");
        let given = |id: &str, state: &str| format!("INSERT INTO commands (device, id, name, params, created_by, created_ms, expires_ms, state, attempts, next_ms, finished_ms)
            VALUES ({}, '{id}', 'switch.set', '{{}}', 'test', 0, 0, '{state}', 1, 0, {})", m1.number.0, crate::support::NOW);
        for (id, state) in [("c1", "failed"), ("c2", "expired")] {
            it.sql("vigia.db", &given(id, state)).await;
        }
        assert_eq!(kinds(&attention(it).await), [(Kind::Commands, 2)]);
        it.sql("vigia.db", &given("c3", "done")).await;
        assert_eq!(kinds(&attention(it).await), []);
    }

    async fn ten_thousand_devices_are_no_pain(it: Installation) {
        // As many as stand in one statement each database takes: the registry's own way is one transaction a device.
        for thousand in 0..10 {
            let rows: Vec<String> = (0..1_000).map(|n| format!("('d{thousand}-{n}', 'energy_meter', 'Casa {n}', 'h{thousand}-{n}', 0)")).collect();
            it.sql("vigia.db", &format!("INSERT INTO devices (device_id, kind, name, token_hash, created_ms) VALUES {}", rows.join(","))).await;
        }
        #[expect(clippy::disallowed_methods, reason = "it is the time itself that is measured")]
        let now = std::time::Instant::now;
        let mut times = Vec::new();
        for _ in 0..9 {
            let began = now();
            let said = attention(it).await;
            times.push(began.elapsed().as_millis());
            assert_eq!((kinds(&said), said.groups[0].rows.len()), (vec![(Kind::Never, 10_000)], 5));
        }
        times.sort_unstable();
        // Of a debug build on a machine that does other things, too; the bar for a release is 50 ms.
        assert!(times[4] < if cfg!(debug_assertions) { 1_000 } else { 50 }, "{times:?} ms");
    }

    async fn a_device_is_found_by_letters_and_remembered_ones_only_by_who_may_see_them(it: Installation) {
        it.user("lucia@example.org", Role::Customer).await;
        it.device("own", Some("lucia@example.org")).await;
        let other = DeviceId::new("other").expect("an id");
        let row = NewDevice { id: &other, kind: DeviceKind::Switch, name: "Bomba Ñandú", owner: None, token_hash: "x" };
        devices::insert(it.app.registry(), &row, BY).await.expect("inserted");
        let lucia = users::by_email(it.app.registry(), "lucia@example.org").await.expect("asked").expect("there");
        let lucia = Principal::user(lucia.id, Role::Customer);
        let staff = Principal::user(vigia_domain::ids::UserId(99), Role::Staff);
        for (who, text, recent, found) in [
            (&staff, "nandu", vec![], vec!["other"]),
            (&staff, "", vec!["own", "gone", "other"], vec!["own", "other"]),
            (&staff, "", vec![], vec![]),
            (&lucia, "nandu", vec![], vec![]),
            (&lucia, "", vec!["other", "own"], vec!["own"]),
            (&Principal::Nobody, "own", vec!["own"], vec![]),
        ] {
            let ids: Vec<String> = fleet::find(&it.app, who, text, &recent).await.expect("asked").into_iter().map(|f| f.id).collect();
            assert_eq!(ids, found, "{text} {recent:?}");
        }
    }
}
