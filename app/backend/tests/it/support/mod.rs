//! What the tests stand on: an installation in a temporary folder, on either database, with a clock of its own.

mod installation;
#[expect(dead_code, reason = "the tests of the process use the rest")]
mod postgres;
mod world;

pub use installation::{Answer, BY, HERE, Installation, TEST, new_key};
pub use postgres::postgres_url;
pub use world::{NOW, TestWorld};

/// Which database a case runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Writes one case for both databases: `both!(async fn name(it: Installation) { ... })`.
macro_rules! both {
    (with $settings:ident: $(async fn $name:ident($it:ident: Installation) $body:block)+) => {
        $(crate::support::both! { @one $name $it $body |engine| {
            Installation::with(engine, super::$settings.map(|(key, value)| (key.to_owned(), value.to_owned()))).await
        } })+
    };
    (@one $name:ident $it:ident $body:block |$engine:ident| $made:expr) => {
        async fn $name($it: &mut crate::support::Installation) $body

        mod $name {
            use crate::support::{Engine, Installation};

            async fn made($engine: Engine) -> Installation {
                $made
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let mut it = made(Engine::Sqlite).await;
                super::$name(&mut it).await;
                it.close().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let mut it = made(Engine::Postgres).await;
                super::$name(&mut it).await;
                it.close().await;
            }
        }
    };
    ($(async fn $name:ident($it:ident: Installation) $body:block)+) => {
        $(crate::support::both! { @one $name $it $body |engine| Installation::new(engine).await })+
    };
}
pub(crate) use both;
