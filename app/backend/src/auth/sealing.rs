//! Secrets that must be read again, sealed in the registry: who has its rows, or a backup of them, reads none. Each process has a pair of keys; what
//! opens stands in its data folder alone, what seals in the registry. So several processes on one PostgreSQL read each other's secrets without
//! sharing a file: who seals does it for all of them, and for one that comes later those do who can read already ([`Sealing::share`]).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crypto_box::aead::rand_core::{self, CryptoRng, RngCore};
use crypto_box::{PublicKey, SecretKey};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use tokio::time::MissedTickBehavior;

use super::key_file;
use crate::app::App;
use crate::db::sealing_keys::{self, Key, Sealed};
use crate::db::{Db, DbError};
use crate::lifecycle::Phase;
use crate::world::World;

const FILE: &str = "sealing-key.json";
/// How often a process looks for others that cannot read yet.
const LOOK: Duration = Duration::from_secs(5);
/// How late it may be known when a process last ran, in milliseconds.
const LATE_MS: i64 = 60 * 60 * 1000;
/// For how long secrets are sealed for a process that does not run, in milliseconds: a machine that makes itself anew with each start leaves a key
/// behind each time. One that comes back later is given them again by the others.
const REMEMBERED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// A secret could not be sealed or read.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The file with the key.
    #[error("{}: {error}", file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// It is not sealed for this process: another that can read it has to share it first, or the file with the key was lost.
    #[error("this secret was not sealed for the key in this data folder")]
    NotForUs,
}

/// What stands in the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    kid: String,
    /// 32 bytes in base64.
    seed: String,
}

struct Own {
    kid: String,
    key: SecretKey,
}

/// Seals secrets and reads them again.
pub struct Sealing {
    registry: Db,
    world: World,
    file: PathBuf,
    own: tokio::sync::Mutex<Option<Arc<Own>>>,
}

impl Sealing {
    /// Nothing is read or made before the first secret.
    #[must_use]
    pub fn new(registry: Db, world: World, folder: &Path) -> Self {
        Self { registry, world, file: folder.join(FILE), own: tokio::sync::Mutex::default() }
    }

    /// Seals a secret for every process of the installation.
    ///
    /// # Errors
    /// [`SealingError`].
    pub async fn seal(&self, secret: &[u8]) -> Result<Vec<Sealed>, SealingError> {
        let own = self.own().await?;
        // Whoever has run for long has not said so for long.
        sealing_keys::add(&self.registry, &public_of(&own), self.now_ms(), LATE_MS).await?;
        let keys = sealing_keys::seen(&self.registry, self.now_ms() - REMEMBERED_MS).await?;
        Ok(keys.iter().filter_map(|key| self.seal_for(key, secret)).collect())
    }

    /// Reads a secret again; `sealed_for`: it as it is sealed for the process with this key, if it is.
    ///
    /// # Errors
    /// [`SealingError`].
    pub async fn open<F: Future<Output = Result<Option<String>, DbError>>>(
        &self,
        sealed_for: impl FnOnce(String) -> F,
    ) -> Result<Vec<u8>, SealingError> {
        let own = self.own().await?;
        let sealed = sealed_for(own.kid.clone()).await?.ok_or(SealingError::NotForUs)?;
        opened(&own, &sealed).ok_or(SealingError::NotForUs)
    }

    /// Seals what this process can read for those that cannot read it yet; says for how many it was.
    ///
    /// # Errors
    /// [`SealingError`].
    pub async fn share(&self) -> Result<usize, SealingError> {
        if !sealing_keys::any_secret(&self.registry).await? {
            return Ok(0);
        }
        let own = self.own().await?;
        sealing_keys::add(&self.registry, &public_of(&own), self.now_ms(), LATE_MS).await?;
        let mut shared = 0;
        for (step, sealed, key) in sealing_keys::lacking(&self.registry, &own.kid, self.now_ms() - REMEMBERED_MS).await? {
            let Some(again) = opened(&own, &sealed).and_then(|secret| self.seal_for(&key, &secret)) else { continue };
            sealing_keys::share(&self.registry, step, &again).await?;
            shared += 1;
        }
        Ok(shared)
    }

    fn seal_for(&self, key: &Key, secret: &[u8]) -> Option<Sealed> {
        let public = PublicKey::from_slice(&BASE64.decode(key.public.as_bytes()).ok()?).ok()?;
        let sealed = public.seal(&mut Random(&self.world), secret).ok()?;
        Some(Sealed { kid: key.kid.clone(), text: BASE64.encode(&sealed) })
    }

    async fn own(&self) -> Result<Arc<Own>, SealingError> {
        let mut own = self.own.lock().await;
        if let Some(own) = &*own {
            return Ok(Arc::clone(own));
        }
        let taken = Arc::new(self.take().await?);
        *own = Some(Arc::clone(&taken));
        Ok(taken)
    }

    /// The key in the file, or a new one where there is none. What cannot be read is no reason for another: secrets would be lost with it.
    async fn take(&self) -> Result<Own, SealingError> {
        let file = |error| SealingError::File { file: self.file.clone(), error };
        let kept = match key_file::read::<Kept>(&self.file).map_err(file)? {
            Some(kept) => kept,
            None => {
                let (kid, seed) = (HEXLOWER.encode(&self.world.bytes::<8>()), BASE64.encode(&self.world.bytes::<32>()));
                let kept = Kept { kid, seed };
                key_file::write(&self.file, &kept).map_err(file)?;
                kept
            }
        };
        let seed = BASE64.decode(kept.seed.as_bytes()).ok().and_then(|seed| SecretKey::from_slice(&seed).ok());
        let key = seed.ok_or_else(|| file(io::Error::new(io::ErrorKind::InvalidData, "this is no key")))?;
        let own = Own { kid: kept.kid, key };
        sealing_keys::add(&self.registry, &public_of(&own), self.now_ms(), LATE_MS).await?;
        Ok(own)
    }

    fn now_ms(&self) -> i64 {
        self.world.clock.now_ms()
    }
}

fn public_of(own: &Own) -> Key {
    Key { kid: own.kid.clone(), public: BASE64.encode(own.key.public_key().as_bytes()) }
}

fn opened(own: &Own, sealed: &str) -> Option<Vec<u8>> {
    own.key.unseal(&BASE64.decode(sealed.as_bytes()).ok()?).ok()
}

/// The world's randomness, as the boxes ask for it.
struct Random<'a>(&'a World);

impl RngCore for Random<'_> {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.0.bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.0.bytes())
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.random.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random<'_> {}

/// Shares secrets with other processes until this one stops. With SQLite there is no other.
pub fn share(app: &App) {
    if matches!(app.registry(), Db::Sqlite(_)) {
        return;
    }
    let app = app.clone();
    app.clone().lifecycle().spawn("sealing", Phase::Intake, |stop| async move {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = look.tick() => {}
            }
            match app.sealing().share().await {
                Err(SealingError::Db(error)) if error.is_unreachable() => {}
                Err(error) => tracing::warn!(%error, "secrets cannot be shared with other processes"),
                Ok(_) => {}
            }
        }
    });
}
