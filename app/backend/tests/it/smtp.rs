//! A real SMTP server: aiosmtpd, which prints what it is given.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::python::python;

/// Its version; setup/python.sh installs it.
const VERSION: &str = "1.4.6";

/// A server that is not there yet.
pub struct SmtpServer {
    port: u16,
}

/// One that is.
pub struct Running(Child);

impl SmtpServer {
    pub fn new() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self { port: free.local_addr().expect("bound").port() }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub async fn start(self) -> Running {
        let mut command = Command::new(python("aiosmtpd", VERSION));
        command.args(["-B", "-u", "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Debugging", "stdout"]);
        command.args(["-l", &format!("127.0.0.1:{}", self.port)]);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let server = command.spawn().expect("aiosmtpd is installed (setup/setup.sh test installs it)");
        let there = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), there).await.expect("it listens");
        Running(server)
    }
}

impl Running {
    /// Ends it; says what it was given.
    pub async fn end(&mut self) -> String {
        let mut out = self.0.stdout.take().expect("piped");
        self.0.start_kill().expect("it runs");
        let mut given = String::new();
        out.read_to_string(&mut given).await.expect("text");
        let _ = self.0.wait().await;
        given
    }
}
