//! A small provider of OpenID Connect on a free port: its description, its keys, its tokens. It signs what a test tells it to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http_body_util::BodyExt as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const CLIENT: &str = "vigia";
pub const SECRET: &str = "what the provider gave us";

/// By what a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The provider's own key.
    Rightly,
    /// Another key, under the name of the provider's.
    ByAnother,
    /// Our secret, which is no key of the provider's.
    BySecret,
    /// Nothing.
    ByNobody,
}

/// A question that a browser was led here with.
#[derive(Clone, Debug)]
pub struct Question(pub HashMap<String, String>);

impl Question {
    /// That of the address that a browser was led to.
    pub fn at(address: &str) -> Self {
        let query = address.split_once('?').unwrap_or_else(|| panic!("no question: {address}")).1;
        Self(serde_urlencoded::from_str(query).expect("a query"))
    }

    pub fn part(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

struct Grant {
    challenge: String,
    redirect: String,
    token: String,
}

struct Key {
    kid: String,
    pair: Vec<u8>,
}

impl Key {
    fn new(kid: String) -> Self {
        Self { kid, pair: Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key").as_ref().to_vec() }
    }

    fn public(&self) -> Value {
        let pair = Ed25519KeyPair::from_pkcs8(&self.pair).expect("a key");
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": BASE64URL_NOPAD.encode(pair.public_key().as_ref()) })
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&self.pair)).expect("signed")
    }
}

struct Inner {
    issuer: String,
    key: Mutex<Key>,
    grants: Mutex<HashMap<String, Grant>>,
    /// What it says of who has the one access token that it gives out.
    more: Mutex<Value>,
    described: AtomicUsize,
    /// It takes connections and answers nobody rightly.
    is_ill: AtomicBool,
}

pub struct Provider {
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

impl Provider {
    #[expect(clippy::disallowed_methods, reason = "it is another program, which ends with the test")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let inner = Arc::new(Inner {
            issuer: format!("http://{}", listener.local_addr().expect("bound")),
            key: Mutex::new(Key::new("key-1".to_owned())),
            grants: Mutex::default(),
            more: Mutex::new(Value::Null),
            described: AtomicUsize::new(0),
            is_ill: AtomicBool::new(false),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { inner, serving }
    }

    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// A code for a question, with the claims that a provider says, changed.
    pub fn grant(&self, question: &Question, signed: Signed, now_ms: i64, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": self.issuer(), "sub": "s-1", "aud": CLIENT, "iat": now_ms / 1000, "exp": now_ms / 1000 + 300, "nonce": question.part("nonce"),
            "email": "eva@example.org", "email_verified": true, "name": "Eva", "locale": "en-US",
        });
        change(&mut claims);
        let key = self.inner.key.lock().expect("whole");
        let token = match signed {
            Signed::Rightly => key.sign(&claims),
            Signed::ByAnother => Key::new(key.kid.clone()).sign(&claims),
            Signed::BySecret => {
                let secret = EncodingKey::from_secret(SECRET.as_bytes());
                jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &secret).expect("signed")
            }
            Signed::ByNobody => {
                let part = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
                format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
            }
        };
        let mut grants = self.inner.grants.lock().expect("whole");
        let code = format!("code-{}-{}", grants.len(), question.part("state"));
        let (challenge, redirect) = (question.part("code_challenge").to_owned(), question.part("redirect_uri").to_owned());
        grants.insert(code.clone(), Grant { challenge, redirect, token });
        code
    }

    /// Signs by another key from now on.
    pub fn turn_key(&self) {
        let mut key = self.inner.key.lock().expect("whole");
        *key = Key::new(format!("{}-next", key.kid));
    }

    /// Says this of people where it is asked once more.
    pub fn say_more(&self, more: Value) {
        *self.inner.more.lock().expect("whole") = more;
    }

    /// Whether it answers with nothing but failures.
    pub fn be_ill(&self, is_ill: bool) {
        self.inner.is_ill.store(is_ill, Ordering::SeqCst);
    }

    /// How often it was asked what it is.
    pub fn described(&self) -> usize {
        self.inner.described.load(Ordering::SeqCst)
    }

    /// Ends it: nobody answers at its address.
    pub fn stop(&self) {
        self.serving.abort();
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn answer(State(it): State<Arc<Inner>>, request: Request) -> Response {
    if it.is_ill.load(Ordering::SeqCst) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let (parts, body) = request.into_parts();
    let form = body.collect().await.expect("a body").to_bytes();
    let credential = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match parts.uri.path() {
        "/.well-known/openid-configuration" => {
            it.described.fetch_add(1, Ordering::SeqCst);
            let at = |path: &str| format!("{}{path}", it.issuer);
            Json(json!({
                "issuer": it.issuer, "authorization_endpoint": at("/auth"), "token_endpoint": at("/token"), "jwks_uri": at("/keys"),
                "userinfo_endpoint": at("/me"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
                // More than anybody should take from it.
                "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
            }))
            .into_response()
        }
        "/keys" => Json(json!({ "keys": [it.key.lock().expect("whole").public()] })).into_response(),
        "/me" if credential == "Bearer access" => Json(it.more.lock().expect("whole").clone()).into_response(),
        "/token" => token(&it, credential, &form),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A token for a code: once, for who has the secret and what the code was asked for with.
fn token(it: &Inner, credential: &str, form: &[u8]) -> Response {
    let form: HashMap<String, String> = serde_urlencoded::from_bytes(form).expect("a form");
    let part = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refuse = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response();
    // The parts of a Basic credential are written as in a form (RFC 6749, 2.3.1).
    let secret = serde_urlencoded::to_string([("", SECRET)]).expect("written");
    if credential != format!("Basic {}", BASE64.encode(format!("{CLIENT}:{}", secret.trim_start_matches('=')).as_bytes())) {
        return refuse("invalid_client");
    }
    let Some(grant) = it.grants.lock().expect("whole").remove(part("code")) else { return refuse("invalid_grant") };
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(part("code_verifier").as_bytes()));
    if part("grant_type") != "authorization_code" || part("redirect_uri") != grant.redirect || challenge != grant.challenge {
        return refuse("invalid_grant");
    }
    Json(json!({ "access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": grant.token })).into_response()
}
