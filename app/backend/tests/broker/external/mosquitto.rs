//! A Mosquitto of a test's own: Debian's program, a temporary folder, a free port, the settings that docs/operations.md recommends. It
//! ends when the test ends, however it ends: a shell waits for the test's end of a pipe to close.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const RUN: &str = r#"
"$1" -c "$2/mosquitto.conf" >"$2/out" 2>&1 &
server=$!
echo "$server" >"$2/number"
read -r _ || true
kill -TERM "$server" 2>/dev/null
wait "$server" || true
"#;

pub(crate) struct Mosquitto {
    pub(crate) dir: TempDir,
    pub(crate) address: SocketAddr,
    running: Option<Child>,
}

/// The administrator of the dynamic security plugin.
pub(crate) const ADMIN: (&str, &str) = ("admin", "a-password-of-the-test");

impl Mosquitto {
    /// One that lets everybody in.
    pub(crate) fn open() -> Self {
        Self::with("allow_anonymous true\n", |_| String::new())
    }

    /// One with the dynamic security plugin and its administrator.
    pub(crate) fn dynamic() -> Self {
        Self::with("allow_anonymous false\n", |dir| {
            let file = dir.path().join("dynamic-security.json");
            let made = Command::new("mosquitto_ctrl").args(["dynsec", "init"]).arg(&file).args([ADMIN.0, ADMIN.1]).output();
            let made = made.expect("mosquitto_ctrl is installed (package mosquitto)");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            format!("plugin {}\nplugin_opt_config_file {}\n", plugin().display(), file.display())
        })
    }

    /// One with further settings.
    pub(crate) fn with(lines: &str, more: impl FnOnce(&TempDir) -> String) -> Self {
        let dir = tempfile::Builder::new().prefix("vigia-mosquitto-").tempdir().expect("a temporary folder");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
        let (folder, more) = (dir.path().display(), more(&dir));
        let mut settings = format!("listener {} 127.0.0.1\n{lines}{more}", address.port());
        write!(
            settings,
            "user root\npersistence true\npersistence_location {folder}/\nautosave_interval 10\nmax_queued_messages 0\n\
             max_queued_bytes 0\nmemory_limit 536870912\nmax_inflight_messages 1000\nmessage_size_limit 1048576\nsys_interval 1\n"
        )
        .expect("written");
        std::fs::write(dir.path().join("mosquitto.conf"), settings).expect("written");
        let mut mosquitto = Self { dir, address, running: None };
        mosquitto.start();
        mosquitto
    }

    pub(crate) fn start(&mut self) {
        let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].into_iter().find(|path| std::path::Path::new(path).exists());
        let program = program.expect("Mosquitto is installed: apt-get install mosquitto");
        let shell = Command::new("sh").args(["-c", RUN, "sh", program]).arg(self.dir.path()).stdin(Stdio::piped()).spawn();
        self.running = Some(shell.expect("a shell runs"));
        for _ in 0..200 {
            if TcpStream::connect(self.address).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("Mosquitto did not start: {}", std::fs::read_to_string(self.dir.path().join("out")).unwrap_or_default());
    }

    /// Ends it as a service manager does: it writes down what it holds.
    pub(crate) fn stop(&mut self) {
        if let Some(mut shell) = self.running.take() {
            drop(shell.stdin.take());
            shell.wait().expect("it ends");
        }
    }

    /// Ends it and lets it forget everybody.
    pub(crate) fn forget(&mut self) {
        self.stop();
        std::fs::remove_file(self.dir.path().join("mosquitto.db")).expect("it had written down what it held");
    }

    pub(crate) fn client(&self, program: &str, user: (&str, &str), more: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", "127.0.0.1", "-p", &self.address.port().to_string(), "-V", "5", "-q", "1", "-u", user.0, "-P", user.1]);
        command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
        command
    }

    /// Publishes with QoS 1; what the client said when the broker had answered.
    pub(crate) fn publish(&self, user: (&str, &str), topic: &str, message: &str) -> Output {
        self.client("mosquitto_pub", user, &["-t", topic, "-m", message]).output().expect("mosquitto_pub is installed")
    }

    /// The same by a device that everybody knows, which the broker has acknowledged.
    pub(crate) fn tell(&self, topic: &str, message: &str) {
        let told = self.publish(("m1", "t-m1"), topic, message);
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.stop();
    }
}

fn plugin() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("a folder").flatten().map(|entry| entry.path());
    let mut found = folders.map(|folder| folder.join("mosquitto_dynamic_security.so")).filter(|file| file.exists());
    found.next().expect("Debian's mosquitto brings its dynamic security plugin")
}
