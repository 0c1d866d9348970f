//! How mails leave: to a mail server, to Brevo's API, or into a folder where there is neither.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::brevo::Brevo;
use super::mail::Mail;
use crate::config::Settings;
use crate::world::World;

/// How long a server may take for one word.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many mails stay in the folder; the oldest go.
const KEPT: usize = 200;

/// The way out for mails.
pub struct Post {
    from: Mailbox,
    world: World,
    way: Way,
}

enum Way {
    Server(AsyncSmtpTransport<Tokio1Executor>),
    Brevo(Brevo),
    Folder(PathBuf),
}

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct PostError {
    reason: String,
    /// Whether it never will: the server does not want it, or nobody can be reached by that address.
    pub is_final: bool,
}

impl PostError {
    pub(super) fn for_good(reason: String) -> Self {
        Self { reason, is_final: true }
    }

    pub(super) fn for_now(reason: String) -> Self {
        Self { reason, is_final: false }
    }
}

impl Post {
    /// The way that the settings name.
    #[must_use]
    pub fn of(settings: &Settings, world: &World) -> Self {
        let server = settings.mail.server().map(|url| {
            let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).expect("checked when the settings were read");
            Way::Server(server.timeout(Some(PATIENCE)).build())
        });
        let brevo = || settings.mail.brevo.clone().map(|key| Way::Brevo(Brevo::new(&settings.mail.brevo_url, key)));
        let way = server.or_else(brevo).unwrap_or_else(|| Way::Folder(settings.data.dir.join("mail")));
        Self { from: settings.mail.sender(), world: world.clone(), way }
    }

    /// Sends a mail; says where it went, without what it says.
    ///
    /// # Errors
    /// [`PostError`].
    pub async fn send(&self, mail: &Mail) -> Result<String, PostError> {
        let message = || mail.message(self.from.clone(), &self.world);
        match &self.way {
            Way::Brevo(brevo) => brevo.send(&self.from, mail).await.map(|()| "Brevo".to_owned()),
            Way::Server(server) => match server.send(message()?).await {
                Ok(_) => Ok("the mail server".to_owned()),
                Err(error) if error.is_permanent() => Err(PostError::for_good(error.to_string())),
                Err(error) => Err(PostError::for_now(error.to_string())),
            },
            Way::Folder(folder) => {
                let name = format!("{}-{}.eml", self.world.clock.now_ms(), HEXLOWER.encode(&self.world.bytes::<4>()));
                let (folder, bytes) = (folder.clone(), message()?.formatted());
                let kept = tokio::task::spawn_blocking(move || keep(&folder, &name, &bytes)).await.expect("writing does not panic");
                kept.map(|file| file.display().to_string()).map_err(|error| PostError::for_now(error.to_string()))
            }
        }
    }
}

/// Writes a mail that only its owner may read: it may hold a link that signs in.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = folder.join(name);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?.write_all(bytes)?;
    let mut all: Vec<_> = fs::read_dir(folder)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    all.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    all.sort();
    for old in all.iter().rev().skip(KEPT) {
        fs::remove_file(old)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn mails_in_the_folder_are_their_owners_alone_and_only_the_newest_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("mail");
        for n in 0..KEPT + 3 {
            keep(&folder, &format!("{}-x.eml", 1_773_513_000_000 + n), b"hello").expect("kept");
        }
        let mut names: Vec<_> = fs::read_dir(&folder).expect("read").map(|e| e.expect("an entry").file_name()).collect();
        names.sort();
        assert_eq!((names.len(), names[0].to_str()), (KEPT, Some("1773513000003-x.eml")));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(&names[0]))), (0o700, 0o600));
        assert!(keep(&folder, "1773513000003-x.eml", b"").is_err(), "none is written over");
    }
}
