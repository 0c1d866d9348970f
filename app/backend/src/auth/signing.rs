//! Access tokens of apps: signed JWTs (EdDSA) that live for a quarter of an hour. The key that signs stands in the data folder alone, for its owner;
//! by its other half, in the registry, every process of the installation checks.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::{BASE64, HEXLOWER};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};

use super::key_file;
use crate::db::{Db, DbError, signing_keys};
use crate::world::World;

/// How long an access token lives, in seconds.
pub const ACCESS_S: i64 = 15 * 60;
/// How long a key signs, in milliseconds; then there is another.
const KEY_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// How long one is kept to check by, counted from its beginning: as long as it may have signed, and what it signed last.
const KEPT_MS: i64 = KEY_MS + 24 * 60 * 60 * 1000;
const FILE: &str = "signing-key.json";
/// Who signs.
const ISSUER: &str = "vigia";
/// So many keys are remembered.
const MOST_KNOWN: usize = 64;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user's key.
    pub sub: String,
    /// The session of the app.
    pub sid: i64,
    /// When it was made, seconds since the epoch.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    iss: String,
}

/// A key could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The file.
    #[error("{}: {error}", file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

/// What stands in the file.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    kid: String,
    created_ms: i64,
    /// 32 bytes in base64.
    seed: String,
}

struct Own {
    kept: Kept,
    key: EncodingKey,
}

/// Signs and checks access tokens.
pub struct Signing {
    registry: Db,
    world: World,
    file: PathBuf,
    own: tokio::sync::Mutex<Option<Arc<Own>>>,
    known: RwLock<HashMap<String, Arc<DecodingKey>>>,
}

impl Signing {
    /// Nothing is read or made before the first token.
    #[must_use]
    pub fn new(registry: Db, world: World, folder: &Path) -> Self {
        Self { registry, world, file: folder.join(FILE), own: tokio::sync::Mutex::default(), known: RwLock::default() }
    }

    /// An access token.
    ///
    /// # Errors
    /// [`SigningError`].
    pub async fn sign(&self, user: vigia_domain::ids::UserId, session: i64) -> Result<String, SigningError> {
        let now_ms = self.world.clock.now_ms();
        let iat = now_ms.div_euclid(1000);
        let claims = Claims { sub: user.0.to_string(), sid: session, iat, exp: iat + ACCESS_S, iss: ISSUER.to_owned() };
        let own = self.own().await?;
        let Own { kept, key } = &*own;
        let header = Header { kid: Some(kept.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, &claims, key).expect("claims are texts and numbers, and the key is one of this algorithm"))
    }

    /// Makes sure that there is a key to sign with: what comes before a token must not fail after something was spent for it.
    ///
    /// # Errors
    /// [`SigningError`].
    pub async fn ready(&self) -> Result<(), SigningError> {
        self.own().await.map(drop)
    }

    async fn own(&self) -> Result<Arc<Own>, SigningError> {
        let now_ms = self.world.clock.now_ms();
        let mut own = self.own.lock().await;
        match &*own {
            Some(good) if now_ms - good.kept.created_ms < KEY_MS => Ok(Arc::clone(good)),
            _ => {
                let taken = Arc::new(self.take(now_ms).await?);
                *own = Some(Arc::clone(&taken));
                Ok(taken)
            }
        }
    }

    /// What a token says, if one of our keys signed it and its time is not over.
    ///
    /// # Errors
    /// [`DbError`] when it cannot be said.
    pub async fn check(&self, token: &str) -> Result<Option<Claims>, DbError> {
        let Ok(Header { alg: Algorithm::EdDSA, kid: Some(kid), .. }) = jsonwebtoken::decode_header(token) else { return Ok(None) };
        let Some(key) = self.known(&kid).await? else { return Ok(None) };
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "iss", "sub"]);
        // By our own clock, below.
        rules.validate_exp = false;
        let now_s = self.world.clock.now_ms().div_euclid(1000);
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules).ok().map(|data| data.claims);
        Ok(claims.filter(|claims| claims.iat <= now_s + 60 && now_s < claims.exp))
    }

    /// Removes keys that nothing is signed by any more.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn tidy(&self) -> Result<(), DbError> {
        signing_keys::tidy(&self.registry, self.world.clock.now_ms() - KEPT_MS).await
    }

    async fn known(&self, kid: &str) -> Result<Option<Arc<DecodingKey>>, DbError> {
        let found = self.known.read().unwrap_or_else(PoisonError::into_inner).get(kid).cloned();
        if found.is_some() || kid.len() != KID_LEN || !kid.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(found);
        }
        let Some(public) = signing_keys::get(&self.registry, kid).await? else { return Ok(None) };
        let Ok(public) = BASE64.decode(public.as_bytes()) else { return Ok(None) };
        let key = Arc::new(DecodingKey::from_ed_der(&public));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(kid.to_owned(), Arc::clone(&key));
        Ok(Some(key))
    }

    /// The key in the file, or a new one where it is too old, unreadable or not there. What it is checked by is in the registry before it signs.
    async fn take(&self, now_ms: i64) -> Result<Own, SigningError> {
        let kept = key_file::read::<Kept>(&self.file).ok().flatten().filter(|kept| (0..KEY_MS).contains(&(now_ms - kept.created_ms)));
        let (kept, is_new) = match kept {
            Some(kept) => (kept, false),
            None => {
                let kid = HEXLOWER.encode(&self.world.bytes::<{ KID_LEN / 2 }>());
                (Kept { kid, created_ms: now_ms, seed: BASE64.encode(&self.world.bytes::<32>()) }, true)
            }
        };
        let file = |error| SigningError::File { file: self.file.clone(), error };
        let seed = BASE64.decode(kept.seed.as_bytes()).map_err(|e| file(io::Error::new(io::ErrorKind::InvalidData, e)))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| file(io::Error::new(io::ErrorKind::InvalidData, "this is no key; remove the file, and another is made")))?;
        signing_keys::add(&self.registry, &kept.kid, &BASE64.encode(pair.public_key().as_ref()), kept.created_ms).await?;
        if is_new {
            key_file::write(&self.file, &kept).map_err(file)?;
        }
        let key = EncodingKey::from_ed_der(&[PKCS8, &seed].concat());
        Ok(Own { kept, key })
    }
}

/// Of a key's name, in hexadecimal digits.
const KID_LEN: usize = 16;
/// What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 7).
const PKCS8: &[u8] = &[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
