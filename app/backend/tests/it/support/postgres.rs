//! A PostgreSQL of this test program's own: Debian's binaries, a temporary folder, a free port. It ends when the program
//! ends, however it ends: a shell waits for the program's end of a pipe to close.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::Connection as _;

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// A server. It ends when this is dropped, or when the program ends.
pub struct Server {
    port: u16,
    dir: PathBuf,
    bin: PathBuf,
    guard: Child,
}

impl Server {
    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://vigia@127.0.0.1:{}/{database}", self.port)
    }

    /// Kills it and every process of it, and starts it again on the same data; returns when it answers.
    pub fn crash(&mut self) {
        let done = self.dir.join("crashed");
        let _ = fs::remove_file(&done);
        self.guard.stdin.as_mut().expect("piped").write_all(b"crash\n").expect("it listens");
        for _ in 0..600 {
            if done.exists() && answers(&self.bin, self.port) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL did not come back: {}", fs::read_to_string(self.dir.join("server.log")).unwrap_or_default());
    }
}

/// The address of a new, empty database.
pub async fn postgres_url() -> String {
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(start)).await.expect("PostgreSQL starts");
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::SeqCst));
    let mut admin = sqlx::PgConnection::connect(&server.url("postgres")).await.expect("PostgreSQL answers");
    sqlx::query(&format!("CREATE DATABASE {name}")).execute(&mut admin).await.expect("a database is made");
    server.url(&name)
}

const RUN: &str = r#"
set -e
"$1/initdb" -D "$2/data" -U vigia -A trust -E UTF8 --locale=C --no-sync >"$2/initdb.log" 2>&1
start() {
    "$bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" \
        -c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB >>"$dir/server.log" 2>&1 &
    server=$!
}
bin=$1 dir=$2 port=$3
start
while read -r _; do
    # It stands still first, or a process that it begins meanwhile would hold its memory when it starts again.
    kill -STOP "$server"
    parts=$(ps -o pid= --ppid "$server")
    kill -KILL "$server" $parts || true
    wait "$server" || true
    for part in $parts; do
        while kill -0 "$part" 2>/dev/null; do sleep 0.05; done
    done
    start
    : >"$dir/crashed"
done
kill -INT "$server"
wait "$server" || true
rm -rf "$dir"
"#;

#[expect(clippy::zombie_processes, reason = "it ends with this program, which is all that waits for it")]
pub fn start() -> Server {
    let bin = binaries().expect("PostgreSQL's server binaries are installed: apt-get install postgresql");
    let dir = tempfile::Builder::new().prefix("vigia-pg-").tempdir().expect("a temporary folder").keep();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let mut command = if is_root() {
        // PostgreSQL refuses to run as root.
        let done = Command::new("chown").arg("postgres").arg(&dir).status().expect("chown runs");
        assert!(done.success(), "the package postgresql made the user postgres");
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    let guard =
        command.arg("-c").arg(RUN).arg("sh").arg(&bin).arg(&dir).arg(port.to_string()).current_dir("/").stdin(Stdio::piped()).spawn();
    let guard = guard.expect("a shell runs");
    for _ in 0..600 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() && answers(&bin, port) {
            return Server { port, dir, bin, guard };
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("PostgreSQL did not start: {}", fs::read_to_string(dir.join("server.log")).unwrap_or_default());
}

fn answers(bin: &Path, port: u16) -> bool {
    let ready = Command::new(bin.join("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).status();
    ready.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"))
}

fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|e| e.path().join("bin")).filter(|p| p.join("postgres").exists()).collect();
    found.sort();
    found.pop()
}
