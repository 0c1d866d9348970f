//! No secret comes out: the program is given some of every kind, right and wrong, with the log at its most talkative, and none of them stands
//! in what it logged or in any answer that refuses.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::server::{Server, said, vigia};

const JSON: &str = "Content-Type: application/json";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const RIGHT: &str = "tres tristes tigres y un tren";
/// What somebody types who takes this door for another.
const TYPED: &str = "la-clave-de-mi-banco-77";
const OF_MAIL: &str = "mail-secret-4711";
const OF_BROKER: &str = "broker-secret-4712";

/// A mail server that lets nobody in.
fn mail_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || turn_away(stream));
        }
    });
    address
}

fn turn_away(mut stream: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 here\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let answer = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-here\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => "535 5.7.8 not with this password\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 yes\r\n",
        };
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// A broker that lets nobody in, with MQTT 5's "bad user name or password".
fn broker() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut connect = [0; 512];
            let _ = stream.read(&mut connect).and_then(|_| stream.write_all(&[0x20, 3, 0, 0x86, 0]));
        }
    });
    address
}

/// The program with everything said that can be.
fn talkative(data: &Path, mail: SocketAddr) -> Command {
    let mut command = vigia(data);
    command
        .env("VIGIA_LOG__FILTER", "trace")
        .env("VIGIA_HTTP__PUBLIC_URL", "http://127.0.0.1:1")
        .env("VIGIA_MAIL__FROM", "Vigía <vigia@example.org>")
        .env("VIGIA_MAIL__SMTP", format!("smtp://vigia:{OF_MAIL}@{mail}"));
    command
}

/// What was said and what may not have been.
struct Watch {
    secrets: Vec<(&'static str, String)>,
    refusals: Vec<String>,
}

impl Watch {
    fn know(&mut self, what: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() > 8, "{what} is too short to be looked for: {secret}");
        self.secrets.push((what, secret.clone()));
        secret
    }

    /// Asks; keeps what is refused. Gives the whole answer.
    fn ask(&mut self, server: &Server, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let answer = server.ask_whole(method, path, headers, body);
        if status(&answer) >= 400 {
            self.refusals.push(answer.clone());
        }
        answer
    }

    fn json(&mut self, server: &Server, path: &str, body: &Value) -> String {
        self.ask(server, "POST", path, &[JSON], &body.to_string())
    }

    /// Every secret as it is, as addresses have it, and as headers do.
    fn is_silent(&self, whose: &str, text: &str) {
        for (what, secret) in &self.secrets {
            let in_address = secret.replace(' ', "%20");
            let in_form = secret.replace(' ', "+");
            // Where the last bytes stand depends on what follows.
            let in_header = BASE64.encode(&secret.as_bytes()[..secret.len() / 3 * 3]);
            for form in [secret, &in_address, &in_form, &in_header] {
                let found = text.lines().find(|line| line.contains(form.as_str()));
                assert!(found.is_none(), "{what} stands in {whose}: {}", found.unwrap_or_default());
            }
        }
        assert!(!text.contains("$argon2id$"), "a password's hash stands in {whose}");
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

fn body(answer: &str) -> Value {
    answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_else(|| panic!("no JSON: {answer}"))
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned()
}

fn people_and_things(watch: &mut Watch, data: &Path) {
    let mut add = vigia(data).args(["user", "add", "ana@example.org", "--role", "admin", "--password-stdin"]).stdin(Stdio::piped()).spawn();
    let add = add.as_mut().expect("it runs");
    writeln!(add.stdin.take().expect("piped"), "{RIGHT}").expect("typed");
    assert!(add.wait().expect("it ends").success());
    let makes: [(&'static str, &[&str]); 4] = [
        ("a device's token", &["device", "add", "m1", "--kind", "energy_meter"]),
        ("an API key", &["api-key", "add", "script", "--scope", "admin"]),
        ("a provisioning key", &["provisioning-key", "add", "batch"]),
        ("a gateway's token", &["gateway", "add", "g1", "--devices", "m1"]),
    ];
    for (what, arguments) in makes {
        watch.know(what, said(vigia(data).args(arguments)));
    }
    let link = said(vigia(data).arg("setup-link"));
    watch.know("the code of a link", link.split_once('#').expect("a code").1);
    for (what, secret) in [
        ("a password", RIGHT),
        ("a password typed wrong", TYPED),
        ("the mail server's password", OF_MAIL),
        ("the broker's password", OF_BROKER),
    ] {
        watch.know(what, secret);
    }
}

fn passwords(watch: &mut Watch, server: &Server) {
    for (who, password, wanted) in [("ana@example.org", RIGHT, 200), ("ana@example.org", TYPED, 401), (TYPED, "x", 401)] {
        let form = format!("email={who}&password={}&next=%2F", password.replace(' ', "+"));
        let answer = watch.ask(server, "POST", "/ui/sign-in", &[FORM, "Accept: application/json"], &form);
        assert_eq!(status(&answer), wanted, "{answer}");
        if let Some(cookie) = answer.lines().find_map(|line| line.strip_prefix("set-cookie: vigia_session=")).filter(|_| wanted == 200) {
            watch.know("a session", cookie.split(';').next().unwrap_or_default());
        }
    }
    let link = watch.secrets.iter().find(|(what, _)| *what == "the code of a link").expect("made before").1.clone();
    for (path, sent, wanted) in [
        ("/api/v1/auth/login", json!({ "user_email": "ana@example.org", "user_password": TYPED }).to_string(), 401),
        ("/api/v1/auth/login", json!({ "user_email": "ana@example.org", "user_password": [TYPED] }).to_string(), 422),
        ("/api/v1/auth/login", format!(r#"{{"user_email": "ana@example.org", "user_password": "{TYPED}"#), 400),
        ("/api/v1/auth/login", format!(r#"{{"user_email": "ana@example.org", "user_password": {TYPED}}}"#), 400),
        ("/api/v1/auth/reset-password", json!({ "token": link, "new_password": RIGHT }).to_string(), 422),
        (
            "/api/crear-usuario/",
            json!({ "username": "ana", "email": "a@example.org", "password": RIGHT, "password2": TYPED }).to_string(),
            400,
        ),
    ] {
        let answer = watch.ask(server, "POST", path, &[JSON], &sent);
        assert_eq!(status(&answer), wanted, "{sent}: {answer}");
    }
    let form = format!("code={link}&email=no-address&name=x&password={TYPED}");
    assert_eq!(status(&watch.ask(server, "POST", "/ui/setup", &[FORM, "Accept: application/json"], &form)), 422);
    let asked = watch.json(server, "/api/v1/auth/forgot-password", &json!({ "email": "ana@example.org" }));
    assert_eq!(status(&asked), 202, "{asked}");
}

fn tokens(watch: &mut Watch, server: &Server) {
    let pair = |watch: &mut Watch, answer: &str| {
        let told = body(answer);
        (watch.know("an access token", text(&told, "access_token")), watch.know("a refresh token", text(&told, "refresh_token")))
    };
    let answer = watch.json(server, "/api/v1/auth/login", &json!({ "user_email": "ana@example.org", "user_password": RIGHT }));
    let (_, first) = pair(watch, &answer);
    let answer = watch.json(server, "/api/v1/auth/refresh", &json!({ "refresh_token": first }));
    let (access, second) = pair(watch, &answer);
    let me = watch.ask(server, "GET", "/api/v1/users/me", &[&format!("Authorization: Bearer {access}")], "");
    assert_eq!(status(&me), 200, "{me}");
    for used in [&first, &second] {
        assert_eq!(status(&watch.json(server, "/api/v1/auth/refresh", &json!({ "refresh_token": used }))), 401);
    }
    let known: Vec<String> = watch.secrets.iter().map(|(_, secret)| secret.clone()).collect();
    for secret in &known {
        // Whatever it is, in every place in which a credential may stand, and a letter of it wrong.
        let wrong = format!("{}x", &secret[..secret.len() - 1]);
        let basic = BASE64.encode(format!("x:{secret}").as_bytes());
        for header in [
            format!("Authorization: Bearer {secret}"),
            format!("Authorization: Basic {basic}"),
            format!("Authorization: Digest {secret}"),
            format!("X-API-Key: {secret}"),
            format!("X-API-Key: {wrong}"),
            format!("Cookie: vigia_session={secret}"),
        ] {
            watch.ask(server, "GET", "/api/v1/devices", &[&header], "");
        }
        let in_address = secret.replace(' ', "%20");
        for path in ["/write?u=x&p=", "/api/v2/write?token=", "/api/v1/devices/m1/telemetry?token="] {
            watch.ask(server, "POST", &format!("{path}{in_address}"), &["Content-Type: text/plain"], "m,device=m1 a=1");
        }
        watch.ask(server, "GET", &format!("/api/v1/live?token={in_address}"), &[], "");
        for user in ["m1", "g1", "new-1"] {
            connect(server.mqtt, user, secret);
        }
    }
}

/// A CONNECT of MQTT 3.1.1; waits for its answer.
fn connect(address: SocketAddr, user: &str, password: &str) {
    let mut rest = b"\0\x04MQTT\x04\xc2\0\x3c\0\0".to_vec();
    for text in [user, password] {
        rest.extend(u16::try_from(text.len()).expect("short").to_be_bytes());
        rest.extend(text.as_bytes());
    }
    // How many bytes follow, seven bits at a time.
    let byte = |number: usize| u8::try_from(number).expect("short");
    let mut packet = match rest.len() {
        length @ 0..128 => vec![0x10, byte(length)],
        length => vec![0x10, byte(length % 128) | 0x80, byte(length / 128)],
    };
    packet.extend(rest);
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket");
    stream.write_all(&packet).expect("sent");
    // Refused or let in: then a goodbye ends it.
    let _ = stream.read(&mut [0; 4]).and_then(|_| stream.write_all(&[0xe0, 0]));
}

#[test]
fn no_secret_stands_in_the_log_or_in_an_answer_that_refuses() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let (mail, mut watch) = (mail_server(), Watch { secrets: Vec::new(), refusals: Vec::new() });
    people_and_things(&mut watch, &data);

    let mut server = Server::start(&mut talkative(&data, mail));
    passwords(&mut watch, &server);
    tokens(&mut watch, &server);
    // The mail server has said no by now, or does so before the end.
    thread::sleep(Duration::from_secs(2));
    server.signal("-TERM");
    let (ended, log) = server.wait();
    assert!(ended.success(), "{log}");
    let log = format!("{}{log}", server.before);

    // The same with a broker of somebody else's, which lets nobody in.
    let elsewhere = format!("mqtt://vigia:{OF_BROKER}@{}", broker());
    let mut server = Server::start(talkative(&data, mail).env("VIGIA_MQTT__BROKER", elsewhere));
    thread::sleep(Duration::from_secs(2));
    watch.ask(&server, "GET", "/readyz", &[], "");
    server.signal("-TERM");
    let (_, of_broker) = server.wait();
    let of_broker = format!("{}{of_broker}", server.before);

    let key: Value = serde_json::from_str(&std::fs::read_to_string(data.join("signing-key.json")).expect("made")).expect("JSON");
    watch.know("the key that signs", text(&key, "seed"));
    assert!(watch.secrets.iter().any(|(what, _)| *what == "a session"));

    // The log says much, or the rest proves nothing: each request, the mail that did not leave, the broker that refused.
    assert!(log.contains("TRACE") && log.contains("/api/v1/auth/login") && log.contains("permanent error (535)"), "{log}");
    assert!(of_broker.contains("DEBUG") && of_broker.contains("BadUserNamePassword"), "{of_broker}");
    assert!(watch.refusals.len() > 50, "{}", watch.refusals.len());
    watch.is_silent("the log", &log);
    watch.is_silent("the log beside an external broker", &of_broker);
    for refusal in &watch.refusals {
        watch.is_silent("an answer", refusal);
    }
}
