//! The registry's questions, the same on both databases.

use vigia_backend::db::links::{self, Purpose};
use vigia_backend::db::{device_tokens, devices, keys, users};
use vigia_backend::fleet::{self, Before, NewDevice, RegisterError};
use vigia_backend::mqtt::Gate as _;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use crate::support::{BY, NOW, TEST, both, new_key};

both! {
    async fn a_device_is_found_by_its_id_and_by_its_token(it: Installation) {
        it.user("Lucia@Example.org", Role::Customer).await;
        let (device, token) = it.device("m1", Some("lucia@example.org")).await;
        let found = devices::by_id(it.app.registry(), &device.id).await.expect("asked").expect("there");
        assert_eq!((found.number, found.name.as_str(), found.kind), (device.number, "m1", DeviceKind::EnergyMeter));
        assert_eq!(found.owner_email.as_deref(), Some("lucia@example.org"));
        let hash = vigia_backend::auth::token::hash(token.as_bytes());
        assert_eq!(devices::by_token_hash(it.app.registry(), &hash).await.expect("asked").expect("there").id, device.id);
        assert!(devices::by_token_hash(it.app.registry(), "other").await.expect("asked").is_none());
        device_tokens::replace(it.app.registry(), &device.id, "new", BY).await.expect("replaced");
        assert!(devices::by_token_hash(it.app.registry(), &hash).await.expect("asked").is_none());
        let nobody = DeviceId::new("nobody").expect("an id");
        assert!(device_tokens::replace(it.app.registry(), &nobody, "x", BY).await.is_err());
    }

    async fn an_id_is_given_once_and_an_owner_must_exist(it: Installation) {
        it.device("m1", None).await;
        let id = DeviceId::new("m1").expect("an id");
        let register = async |id: &DeviceId, name, owner| {
            fleet::register(it.app.registry(), it.app.world(), NewDevice { actor: TEST, id, kind: DeviceKind::Switch, name, owner }).await
        };
        assert!(matches!(register(&id, None, None).await, Err(RegisterError::Exists(_))));
        let other = DeviceId::new("m2").expect("an id");
        assert!(matches!(register(&other, None, Some("no@example.org")).await, Err(RegisterError::NoSuchOwner(_))));
        assert!(matches!(register(&other, Some(&"x".repeat(301)), None).await, Err(RegisterError::Name)));
        assert!(devices::by_id(it.app.registry(), &other).await.expect("asked").is_none(), "nothing half-done stays");
    }

    async fn pages_go_from_the_newest_to_the_oldest(it: Installation) {
        it.user("a@example.org", Role::Customer).await;
        for n in 0..5 {
            it.device(&format!("m{n}"), (n % 2 == 0).then_some("a@example.org")).await;
        }
        let ids = |page: Vec<devices::Device>| page.iter().map(|d| d.id.to_string()).collect::<Vec<_>>();
        let first = devices::page(it.app.registry(), None, None, 3).await.expect("asked");
        let below = first.last().map(|d| d.number);
        assert_eq!(ids(first), ["m4", "m3", "m2"]);
        assert_eq!(ids(devices::page(it.app.registry(), None, below, 3).await.expect("asked")), ["m1", "m0"]);
        let owner = users::by_email(it.app.registry(), "A@example.org").await.expect("asked").expect("there").id;
        assert_eq!(ids(devices::page(it.app.registry(), Some(owner), None, 10).await.expect("asked")), ["m4", "m2", "m0"]);
    }

    async fn an_address_has_one_account_whatever_its_case(it: Installation) {
        it.user("one@example.org", Role::Staff).await;
        let new = users::NewUser { email: " ONE@example.org ", name: "", role: Role::Admin, password_hash: None };
        assert!(users::insert(it.app.registry(), &new, BY).await.expect_err("taken").is_duplicate());
        assert!(!users::has_admin(it.app.registry()).await.expect("asked"));
        it.user("two@example.org", Role::Admin).await;
        assert!(users::has_admin(it.app.registry()).await.expect("asked"));
        assert_eq!(users::all(it.app.registry()).await.expect("asked").len(), 2);
    }

    async fn a_link_is_taken_once_and_in_time(it: Installation) {
        let registry = it.app.registry();
        links::insert(registry, "h1", Purpose::Setup, None, NOW, NOW + 1_000).await.expect("made");
        assert_eq!(links::take(registry, "h1", Purpose::Enter, NOW).await.expect("asked"), None, "for another purpose");
        assert_eq!(links::take(registry, "h1", Purpose::Setup, NOW + 1_000).await.expect("asked"), None, "too late");
        let (one, two) = tokio::join!(links::take(registry, "h1", Purpose::Setup, NOW), links::take(registry, "h1", Purpose::Setup, NOW));
        let taken = [one, two].map(|t| t.expect("asked").is_some());
        assert_eq!(taken.iter().filter(|t| **t).count(), 1, "two at once do not both get it");
    }

    async fn what_the_program_remembers_is_written_over(it: Installation) {
        use vigia_backend::db::settings;
        assert_eq!(settings::get(it.app.registry(), "k").await.expect("asked"), None);
        settings::set(it.app.registry(), "k", "1").await.expect("set");
        settings::set(it.app.registry(), "k", "2").await.expect("set");
        assert_eq!(settings::get(it.app.registry(), "k").await.expect("asked").as_deref(), Some("2"));
    }

    async fn a_device_goes_on_while_it_is_given_another_token(it: Installation) {
        let (_, old) = it.device("m1", None).await;
        let id = DeviceId::new("m1").expect("an id");
        let next = async || fleet::new_token(it.app.registry(), it.app.world(), TEST, &id, Before::GoesOn).await.expect("made");
        let gate = it.gate();
        let enters = async |token: &str| gate.authenticate("m1", token.as_bytes()).await.expect("asked").is_some();
        let lost = next().await;
        assert!(enters(&old).await);
        // The first never reached it: another one takes its place, and the device still has its own.
        let new = next().await;
        assert!(enters(&old).await && !enters(&lost).await);
        let asks = async |token: &str| it.get("/api/v1/devices/m1/latest", token).await.status.as_u16();
        assert_eq!((asks(&old).await, asks(&new).await, asks(&lost).await), (200, 200, 401));
        // From its first use on the old one has a week.
        it.world.advance(vigia_backend::auth::device_token::OVERLAP_MS - 1);
        assert!(enters(&old).await && enters(&new).await);
        it.world.advance(1);
        assert!(!enters(&old).await && enters(&new).await);
        assert_eq!(asks(&old).await, 401);
        // Who is in with it is out then: the gate is told of a token that was withdrawn.
        let now_ms = it.app.world().clock.now_ms();
        device_tokens::end_overdue(it.app.registry(), now_ms).await.expect("ended");
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'device.token' AND actor = 'change-over'").await, [1]);
        assert!(enters(&new).await);
        // Or it is ended at once.
        let newer = next().await;
        assert!(enters(&new).await);
        assert!(device_tokens::end_old(it.app.registry(), &id, BY).await.expect("ended"));
        assert!(!device_tokens::end_old(it.app.registry(), &id, BY).await.expect("asked"));
        assert!(!enters(&new).await && enters(&newer).await);
        assert_eq!(it.numbers("vigia.db", "SELECT COUNT(*) FROM audit WHERE action = 'device.token.add' AND target = 'm1'").await, [3]);
    }

    async fn a_key_keeps_its_scopes(it: Installation) {
        let hash = vigia_backend::auth::token::hash(it.key("grafana", &[Scope::TelemetryRead, Scope::MetricsRead]).await.as_bytes());
        let scopes = keys::by_hash(it.app.registry(), &hash, NOW).await.expect("asked").expect("there").scopes;
        assert_eq!(scopes, [Scope::TelemetryRead, Scope::MetricsRead]);
        assert!(keys::insert(it.app.registry(), new_key("grafana", "other"), BY).await.expect_err("taken").is_duplicate());
    }
}
