//! The name of an installation: what tells it apart from another at the same broker.

use vigia_backend::db::settings;

use crate::support::{Engine, Installation, both};

both! {
    async fn every_process_of_one_database_has_the_same_name_and_no_other_has_it(it: Installation) {
        let (registry, world) = (it.app.registry(), it.app.world());
        let (one, two) = tokio::join!(settings::installation(registry, world), settings::installation(registry, world));
        let name = one.expect("made");
        assert_eq!(name, two.expect("made or read"), "whoever is first");
        assert_eq!(name, settings::installation(registry, world).await.expect("read"));
        assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
        let mut other = Installation::new(Engine::Sqlite).await;
        let others = settings::installation(other.app.registry(), other.app.world()).await.expect("made");
        other.close().await;
        assert_ne!(name, others);
    }
}
