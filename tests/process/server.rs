//! A `vigia serve` of the tests' own: a temporary folder, free ports.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub struct Server {
    pub child: Child,
    pub http: SocketAddr,
    pub mqtt: SocketAddr,
    /// What it said until it listened.
    pub before: String,
    lines: Receiver<String>,
}

/// `vigia` with this data folder and nothing of the surroundings' settings.
pub fn vigia(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigia"));
    for (key, _) in std::env::vars().filter(|(key, _)| key.starts_with("VIGIA_")) {
        command.env_remove(key);
    }
    command
        .current_dir(data.ancestors().skip(1).find(|folder| folder.is_dir()).expect("the root is a folder"))
        .env("VIGIA_DATA__DIR", data)
        .env("VIGIA_HTTP__LISTEN", "127.0.0.1:0")
        .env("VIGIA_MQTT__LISTEN", "127.0.0.1:0");
    command
}

/// Runs a verb to its end.
pub fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the program runs")
}

/// What a verb printed, which succeeded.
pub fn said(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

impl Server {
    #[expect(clippy::zombie_processes, reason = "ended and awaited by drop, or by a panic that ends the test program")]
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (tell, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let mut so_far = String::new();
        loop {
            let line = lines.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("it did not start: {so_far}"));
            // With an external broker there is no port of ours; nobody asks for it then.
            let line = line.replace(" and hears what devices tell the broker at ", " and mqtt://");
            // Whoever gave it certificates knows.
            let line = line.replace("https://", "http://").replace("mqtts://", "mqtt://");
            if let Some((http, mqtt)) = line.split_once("http://").and_then(|(_, rest)| rest.split_once(" and mqtt://")) {
                let address = |text: &str| text.trim().parse().expect("an address");
                return Self { child, http: address(http), mqtt: address(mqtt), before: so_far, lines };
            }
            so_far.push_str(&line);
        }
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").arg(name).arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(done.success());
    }

    /// Waits for its end; what it said in the meantime.
    pub fn wait(&mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("it ends");
        (status, self.lines.iter().collect::<Vec<_>>().join("\n"))
    }

    /// One request over a connection of its own; status and body.
    pub fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String) {
        let text = self.ask_whole(method, path, headers, body);
        let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        (status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// The same; everything that came, headers too.
    pub fn ask_whole(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let mut stream = TcpStream::connect(self.http).expect("it listens");
        let headers: String = headers.iter().map(|h| format!("{h}\r\n")).collect();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("answered");
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
