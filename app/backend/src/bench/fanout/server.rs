//! The server of the bench: `vigia serve` as a process of its own.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long it may take to listen, and to end.
const START: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(15);

/// A running server; killed when dropped.
pub(super) struct Server {
    child: Child,
    id: u32,
    log: JoinHandle<()>,
    pub(super) http: SocketAddr,
    pub(super) mqtt: SocketAddr,
}

impl Server {
    /// Starts it with this data folder and nothing of the surroundings' settings.
    ///
    /// # Errors
    /// The system's, or what the server said instead of listening.
    #[expect(clippy::disallowed_methods, reason = "reads the server's log so that it never waits; ended with the server")]
    pub(super) async fn start(program: &Path, data: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("VIGIA_")) {
            command.env_remove(key);
        }
        command.env("VIGIA_DATA__DIR", data).env("VIGIA_HTTP__LISTEN", "127.0.0.1:0").env("VIGIA_MQTT__LISTEN", "127.0.0.1:0");
        // Its settings file is read from the folder that it stands in.
        command.current_dir(data).arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the server ended at once"))?;
        let stderr = child.stderr.take().ok_or_else(|| io::Error::other("the server's log is not there"))?;
        let mut lines = BufReader::new(stderr).lines();
        let mut said = String::new();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(addresses) = addresses(&line) {
                    return Ok(addresses);
                }
                said.push_str(&line);
            }
            Err(io::Error::other(format!("the server did not start: {said}")))
        };
        let (http, mqtt) = timeout(START, listening).await.map_err(|_| io::Error::other("the server did not start in time"))??;
        let log = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, id, log, http, mqtt })
    }

    /// The process.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Ends it in good order, or else at once.
    pub(super) async fn stop(mut self) {
        let process = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        if let Some(process) = process {
            // Where it has ended already there is nothing to tell.
            let _ = kill_process(process, Signal::TERM);
        }
        if timeout(END, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
        let _ = self.log.await;
    }
}

/// Where it says that it listens.
fn addresses(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let (http, mqtt) = line.split_once("http://")?.1.split_once(" and mqtt://")?;
    Some((http.trim().parse().ok()?, mqtt.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_start_names_both_doors() {
        let found = addresses("Vigía listens on http://127.0.0.1:1234 and mqtt://127.0.0.1:99");
        assert_eq!(found.map(|(http, mqtt)| (http.port(), mqtt.port())), Some((1234, 99)));
        assert_eq!(addresses("something else"), None);
    }
}
