//! An installation without its doors: requests go straight into the router, messages straight into the gate.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use sqlx::Connection as _;
use tempfile::TempDir;
use tower::ServiceExt as _;
use tower_sessions::Session;
use vigia_backend::app::App;
use vigia_backend::auth::session;
use vigia_backend::auth::token::{self, Kind};
use vigia_backend::config::Settings;
use vigia_backend::db::audit::{Actor, By};
use vigia_backend::db::keys::NewKey;
use vigia_backend::db::{keys, users};
use vigia_backend::fleet::{self, FleetGate};
use vigia_backend::http::{Problem, Site};
use vigia_backend::lifecycle::{Ending, Lifecycle};
use vigia_backend::mqtt::DeviceIdentity;
use vigia_backend::origin::Origin;
use vigia_domain::device::DeviceKind;
use vigia_domain::ids::DeviceId;
use vigia_domain::rights::Scope;
use vigia_domain::user::Role;

use super::{Engine, TestWorld, postgres_url};

/// Somebody on this machine, by nothing that has a name.
pub const HERE: &Origin = &Origin { address: None, agent: None };
/// Who makes what a test begins with.
pub const TEST: &Actor = &Actor::named("test");

/// A key of nobody's that may nothing.
pub const fn new_key<'a>(name: &'a str, hash: &'a str) -> NewKey<'a> {
    NewKey { name, hash, scopes: &[], owner: None, expires_ms: None }
}

/// Who makes what a test begins with, and when.
pub const BY: By<'static> = By { actor: TEST, at_ms: super::NOW };

pub struct Installation {
    pub app: App,
    pub world: Arc<TestWorld>,
    pub router: Router,
    pub dir: Arc<TempDir>,
    pub engine: Engine,
    settings: Settings,
    closed: bool,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

impl Installation {
    pub async fn new(engine: Engine) -> Self {
        Self::with(engine, []).await
    }

    /// One with further settings, as the environment has them.
    pub async fn with(engine: Engine, more: impl IntoIterator<Item = (String, String)>) -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let mut environment = vec![
            ("VIGIA_DATA__DIR".to_owned(), dir.path().join("data").display().to_string()),
            ("VIGIA_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("VIGIA_MQTT__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ];
        if engine == Engine::Postgres {
            environment.push(("VIGIA_DATABASE__URL".to_owned(), postgres_url().await));
        }
        // A test asks as often as it likes; `limits.rs` has its own.
        environment.extend(["VIGIA_LIMITS__PER_KEY", "VIGIA_LIMITS__PER_ADDRESS"].map(|key| (key.to_owned(), "100000".to_owned())));
        // And who may register is said by the tests of it.
        environment.push(("VIGIA_ACCOUNTS__REGISTRATION".to_owned(), "invitation".to_owned()));
        environment.extend(more);
        let nothing = dir.path().join("empty.toml");
        std::fs::write(&nothing, "").expect("a file is written");
        let settings = Settings::load(Some(&nothing), environment).expect("good settings");
        Self::open(engine, settings, dir, TestWorld::new()).await
    }

    /// One with a settings file of its own.
    pub async fn configured(engine: Engine, toml: &str) -> Self {
        let mut it = Self::new(engine).await;
        it.close().await;
        let file = it.dir.path().join("vigia.toml");
        std::fs::write(&file, toml).expect("a file is written");
        let from_file = Settings::load(Some(&file), []).expect("good settings");
        let settings = Settings { mqtt: from_file.mqtt, ingest: from_file.ingest, ..it.settings.clone() };
        Self::open(engine, settings, Arc::clone(&it.dir), Arc::clone(&it.world)).await
    }

    async fn open(engine: Engine, settings: Settings, dir: Arc<TempDir>, world: Arc<TestWorld>) -> Self {
        let app = App::open(settings.clone(), world.world(), Lifecycle::default()).await.expect("the installation opens");
        let router = vigia_backend::http::router(&app, Site { routes: Vec::new() }, || async { Problem::not_found() });
        Self { app, world, router, dir, engine, settings, closed: false }
    }

    /// Stops everything, and refuses leftovers.
    pub async fn close(&mut self) {
        self.closed = true;
        assert_eq!(self.app.lifecycle().stop().await, Ending::Clean);
        assert_eq!(self.app.lifecycle().tasks(), 0, "a task was left over");
        self.app.databases().close().await;
    }

    /// Ends it and opens it again on the same data.
    pub async fn restart(&mut self) {
        self.close().await;
        self.restart_after_close().await;
    }

    /// Opens it again after it was closed.
    pub async fn restart_after_close(&mut self) {
        *self = Self::open(self.engine, self.settings.clone(), Arc::clone(&self.dir), Arc::clone(&self.world)).await;
    }

    /// What opening it again says when it cannot be opened.
    pub async fn refusal(&mut self) -> String {
        if !self.closed {
            self.close().await;
        }
        match App::open(self.settings.clone(), self.world.world(), Lifecycle::default()).await {
            Ok(_) => panic!("it opened"),
            Err(error) => error.to_string(),
        }
    }

    /// Opens a second one on the same data, as after a crash of the first.
    pub async fn again(&self) -> Self {
        Self::open(self.engine, self.settings.clone(), Arc::clone(&self.dir), Arc::clone(&self.world)).await
    }

    pub fn gate(&self) -> FleetGate {
        FleetGate::of(&self.app)
    }

    /// A device and its token.
    pub async fn device(&self, id: &str, owner: Option<&str>) -> (DeviceIdentity, String) {
        let id = DeviceId::new(id).expect("a good id");
        let new = fleet::NewDevice { actor: TEST, id: &id, kind: DeviceKind::EnergyMeter, name: None, owner };
        let made = fleet::register(self.app.registry(), self.app.world(), new).await.expect("the device is registered");
        (made.device, made.token)
    }

    /// A user with the password `correct horse`.
    pub async fn user(&self, email: &str, role: Role) {
        let hash = self.app.passwords().hash(self.app.world(), "correct horse battery").await;
        let new = users::NewUser { email, name: "", role, password_hash: Some(&hash) };
        users::insert(self.app.registry(), &new, BY).await.expect("the user is added");
    }

    /// The cookie of a browser in which this user is signed in.
    pub async fn cookie(&self, email: &str) -> String {
        let user = users::by_email(self.app.registry(), email).await.expect("asked").expect("there is such a user");
        let session = Session::new(None, Arc::new(self.app.sessions().clone()), None);
        session::begin(&session, user.id, "test", HERE).await.expect("begun");
        format!("vigia_session={}", session.id().expect("saved sessions have ids"))
    }

    /// An API key.
    pub async fn key(&self, name: &str, scopes: &[Scope]) -> String {
        let key = token::make(self.app.world(), Kind::ApiKey);
        keys::insert(self.app.registry(), NewKey { scopes, ..new_key(name, &token::hash(key.as_bytes())) }, BY)
            .await
            .expect("the key is added");
        key
    }

    /// A key of somebody's own.
    pub async fn key_of(&self, email: &str, name: &str, scopes: &[Scope]) -> String {
        let owner = users::by_email(self.app.registry(), email).await.expect("asked").expect("there is such a user").id;
        let key = token::make(self.app.world(), Kind::ApiKey);
        let hash = token::hash(key.as_bytes());
        let new = NewKey { scopes, owner: Some(owner), ..new_key(name, &hash) };
        keys::insert(self.app.registry(), new, BY).await.expect("the key is added");
        key
    }

    /// The instants of a device's events.
    pub async fn events(&self, device: vigia_domain::ids::DeviceNumber) -> Vec<i64> {
        self.numbers("telemetry.db", &format!("SELECT at_ms FROM events WHERE device = {} ORDER BY at_ms", device.0)).await
    }

    /// The same where it may be refused.
    ///
    /// # Errors
    /// The database's own.
    pub async fn try_sql(&self, file: &str, sql: &str) -> Result<u64, sqlx::Error> {
        Ok(match self.engine {
            Engine::Sqlite => sqlx::query(sql).execute(&mut self.sqlite(file).await).await?.rows_affected(),
            Engine::Postgres => sqlx::query(sql).execute(&mut self.postgres().await).await?.rows_affected(),
        })
    }

    /// Changes the data behind the program's back, on SQLite in `file`; says how many rows.
    pub async fn sql(&self, file: &str, sql: &str) -> u64 {
        self.try_sql(file, sql).await.expect("done")
    }

    async fn sqlite(&self, file: &str) -> sqlx::SqliteConnection {
        let file = format!("sqlite:{}", self.dir.path().join("data").join(file).display());
        sqlx::SqliteConnection::connect(&file).await.expect("opened")
    }

    /// Copies its SQLite files into another folder, whole, as a backup does.
    pub async fn copy_to(&self, folder: &std::path::Path) {
        for file in ["vigia.db", "telemetry.db"] {
            let sql = format!("VACUUM INTO '{}'", folder.join(file).display());
            sqlx::query(&sql).execute(&mut self.sqlite(file).await).await.expect("copied");
        }
    }

    /// A connection of one's own to its PostgreSQL.
    pub async fn postgres(&self) -> sqlx::PgConnection {
        let url = self.settings.database.postgres().expect("it runs on PostgreSQL").expose();
        sqlx::PgConnection::connect(url).await.expect("opened")
    }

    /// Asks the data behind the program's back.
    pub async fn numbers(&self, file: &str, sql: &str) -> Vec<i64> {
        match self.engine {
            Engine::Sqlite => sqlx::query_scalar(sql).fetch_all(&mut self.sqlite(file).await).await.expect("asked"),
            Engine::Postgres => sqlx::query_scalar(sql).fetch_all(&mut self.postgres().await).await.expect("asked"),
        }
    }

    /// Bytes of the data, asked behind the program's back.
    pub async fn bytes(&self, file: &str, sql: &str) -> Vec<u8> {
        match self.engine {
            Engine::Sqlite => sqlx::query_scalar(sql).fetch_one(&mut self.sqlite(file).await).await.expect("asked"),
            Engine::Postgres => sqlx::query_scalar(sql).fetch_one(&mut self.postgres().await).await.expect("asked"),
        }
    }

    /// Turns a bit of the bytes in the one row of `table` that the condition names, as a worn disk does.
    pub async fn damage(&self, table: &str, condition: &str) {
        let mut data = self.bytes("telemetry.db", &format!("SELECT data FROM {table} WHERE {condition}")).await;
        let middle = data.len() / 2;
        data[middle] ^= 4;
        let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        let literal = if self.engine == Engine::Sqlite { format!("X'{hex}'") } else { format!("'\\x{hex}'::bytea") };
        assert_eq!(self.sql("telemetry.db", &format!("UPDATE {table} SET data = {literal} WHERE {condition}")).await, 1);
    }

    /// Changes the clock of what works in the background, and lets it work until nothing is due.
    pub async fn tidy(&self, now_ms: i64) {
        while self.app.store().tidy(now_ms).await.expect("tidied") {}
    }

    /// A row of the quarantine as a version wrote it that kept sentences.
    pub async fn old_refusal(&self, device: vigia_domain::ids::DeviceNumber, sentence: &str) {
        const SQL: &str =
            "INSERT INTO quarantine (device, received_ms, source, reason, excerpt, bytes) VALUES ($1, $2, 'connect', $3, $4, 0)";
        let none: &[u8] = &[];
        match self.engine {
            Engine::Sqlite => {
                let db = &mut self.sqlite("telemetry.db").await;
                sqlx::query(SQL).bind(device.0).bind(super::NOW).bind(sentence).bind(none).execute(db).await.expect("written");
            }
            Engine::Postgres => {
                let db = &mut self.postgres().await;
                sqlx::query(SQL).bind(device.0).bind(super::NOW).bind(sentence).bind(none).execute(db).await.expect("written");
            }
        }
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::GET, path, &[("authorization", &format!("Bearer {token}"))], "").await
    }

    pub async fn post(&self, path: &str, token: &str, body: impl Into<Body>) -> Answer {
        self.ask(Method::POST, path, &[("authorization", &format!("Bearer {token}")), ("content-type", "application/json")], body).await
    }

    /// The status of an answer whose body is not waited for.
    pub async fn status(&self, path: &str, header: &str, value: &str) -> u16 {
        let request = Request::get(path).header(header, value).body(Body::empty()).expect("a request");
        self.router.clone().oneshot(request).await.expect("the router answers").status().as_u16()
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).expect("a request")).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.expect("a body").to_bytes()).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        assert!(self.closed || std::thread::panicking(), "close() was not called");
    }
}
