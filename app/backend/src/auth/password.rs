//! Passwords: argon2id, off the threads that serve, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limit::TooMany;
use crate::world::World;

/// The shortest password, in characters.
pub const SHORTEST: usize = 10;
/// How hard it is to guess, as zxcvbn reckons: a hundred million guesses and more. Sign-in lets through some hundred a day; this is for who has the database.
const STRONG: zxcvbn::Score = zxcvbn::Score::Three;
/// What is guessed first where Vigía is used; zxcvbn's own words are English.
const GUESSED_HERE: [&str; 36] = [
    "contraseña",
    "contrasena",
    "clave",
    "secreto",
    "vigía",
    "vigia",
    "hola",
    "amor",
    "teamo",
    "tequiero",
    "méxico",
    "mexico",
    "américa",
    "america",
    "familia",
    "guadalajara",
    "chivas",
    "pumas",
    "barcelona",
    "princesa",
    "estrella",
    "corazón",
    "corazon",
    "jesús",
    "jesus",
    "maría",
    "maria",
    "josé",
    "jose",
    "mariposa",
    "casa",
    "rancho",
    "energía",
    "energia",
    "medidor",
    "biodigestor",
];
/// The longest, in bytes, so that hashing it stays cheap.
pub const LONGEST: usize = 512;
/// How many are hashed at once: each takes 19 MiB, so that sign-in cannot be used to exhaust memory.
const AT_ONCE: usize = 2;
/// How many may wait for their turn when they are checked: about a second's work. A flood beyond it is sent away at once.
const WAITING: usize = 32;
/// What who is sent away is told to wait.
const BUSY: Duration = Duration::from_secs(5);

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
    decoy: Arc<str>,
    counted: Counter,
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Too short.
    #[error("a password has at least {SHORTEST} characters")]
    Short,
    /// Too long.
    #[error("a password has at most {LONGEST} bytes")]
    Long,
    /// Among the first that somebody would try.
    #[error("this password is too easy to guess; several unrelated words are a good one")]
    Weak,
}

/// Whether a password may be chosen. `about`: what everybody knows of who chooses it, their address and name.
///
/// # Errors
/// [`BadPassword`].
pub fn check(password: &str, about: &[&str]) -> Result<(), BadPassword> {
    if password.chars().count() < SHORTEST {
        return Err(BadPassword::Short);
    }
    if password.len() > LONGEST {
        return Err(BadPassword::Long);
    }
    // As a whole, before its @, with its words together, and word by word.
    let together: Vec<String> = about.iter().map(|text| text.chars().filter(|c| c.is_alphanumeric()).collect()).collect();
    let wholes = about.iter().flat_map(|text| [*text, text.split('@').next().unwrap_or_default()]);
    let words = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let known: Vec<&str> = wholes.chain(together.iter().map(String::as_str)).chain(words).chain(GUESSED_HERE).collect();
    if zxcvbn::zxcvbn(password, &known).score() < STRONG { Err(BadPassword::Weak) } else { Ok(()) }
}

impl Passwords {
    /// Ready to hash, each of which is counted. One decoy is hashed now, for addresses that nobody has.
    #[must_use]
    pub fn new(world: &World, counted: Counter) -> Self {
        let decoy = hash_now("nobody has this password", &world.bytes());
        let (turns, places) = (Semaphore::new(AT_ONCE), Semaphore::new(AT_ONCE + WAITING));
        Self { turns: Arc::new(turns), places: Arc::new(places), decoy: decoy.into(), counted }
    }

    /// Hashes a password into PHC form.
    pub async fn hash(&self, world: &World, password: &str) -> String {
        let (salt, password) = (world.bytes(), password.to_owned());
        let turn = self.turn().await;
        let work = move || {
            let hash = hash_now(&password, &salt);
            drop(turn);
            hash
        };
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }

    /// A turn to hash, which is counted. It goes with the work, not with whoever waits for it: a client that leaves does not free it early.
    async fn turn(&self) -> OwnedSemaphorePermit {
        self.counted.inc();
        Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Whether the password is the one that was hashed. Without a hash it takes as long and is never right.
    ///
    /// # Errors
    /// [`TooMany`] when so many are being checked that waiting makes no sense.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, TooMany> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| TooMany { wait: BUSY })?;
        let known = hash.is_some();
        let (hash, password) = (hash.map_or_else(|| Arc::clone(&self.decoy), Arc::from), password.to_owned());
        let turn = self.turn().await;
        let right = tokio::task::spawn_blocking(move || {
            let right = PasswordHash::new(&hash).is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok());
            drop((turn, place));
            right
        });
        Ok(right.await.expect("hashing does not panic") && known)
    }
}

fn hasher() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None).expect("constants within bounds"))
}

fn hash_now(password: &str, salt: &[u8; 16]) -> String {
    let salt = SaltString::encode_b64(salt).expect("16 bytes are a good salt");
    hasher().hash_password(password.as_bytes(), &salt).expect("a bounded password hashes").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_fits_and_nobody_has_the_decoys() {
        let world = World::real();
        let passwords = Passwords::new(&world, Counter::default());
        let hash = passwords.hash(&world, "correct horse battery").await;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(passwords.verify("correct horse battery", Some(&hash)).await, Ok(true));
        assert_eq!(passwords.verify("wrong horse!", Some(&hash)).await, Ok(false));
        assert_eq!(passwords.verify("nobody has this password", None).await, Ok(false));
        assert_eq!(passwords.verify("anything", Some("not a hash")).await, Ok(false));
    }

    #[test]
    fn what_would_be_guessed_first_is_not_taken() {
        for (password, fault) in [
            ("short", BadPassword::Short),
            (&*"x".repeat(LONGEST + 1), BadPassword::Long),
            ("password12", BadPassword::Weak),
            ("P@ssw0rd123", BadPassword::Weak),
            ("aaaaaaaaaaaaaaaa", BadPassword::Weak),
            ("qwertyuiop", BadPassword::Weak),
            ("ana.pozo1985", BadPassword::Weak),
            ("AnaPozo2026", BadPassword::Weak),
            ("contraseña1", BadPassword::Weak),
            ("Contrasena2026", BadPassword::Weak),
        ] {
            assert_eq!(check(password, &["ana.pozo@example.org", "Ana Pozo"]), Err(fault), "{password}");
        }
        for password in ["correct horse battery", "ñandú tuerce biombo", "xK9!vq2mTz", "el pozo de la abuela tiene eco"] {
            assert_eq!(check(password, &["ana.pozo@example.org", "Ana Pozo"]), Ok(()), "{password}");
        }
    }

    #[tokio::test]
    async fn a_flood_is_sent_away_and_does_not_queue() {
        let passwords = Passwords::new(&World::real(), Counter::default());
        let flood = futures_util::future::join_all((0..AT_ONCE + WAITING + 30).map(|_| passwords.verify("wrong horse!", None))).await;
        assert_eq!(flood.iter().filter(|answer| answer.is_err()).count(), 30);
        assert_eq!(passwords.verify("wrong horse!", None).await, Ok(false), "and then there is room again");
    }
}
