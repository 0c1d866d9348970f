//! What may be reached from beyond this machine: nothing that its owner has not said how it is protected, and then by certificate files.

use std::path::Path;
use std::process::Command;

use crate::server::{Server, run, said, vigia};

const LISTENERS: [&str; 3] = ["VIGIA_HTTP__LISTEN", "VIGIA_MQTT__LISTEN", "VIGIA_MQTT__WEBSOCKET_LISTEN"];

/// Writes a certificate for this machine, with its key.
fn certify(dir: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("made");
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).expect("written");
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).expect("written");
}

#[test]
fn no_listener_is_open_beyond_this_machine_by_itself() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    for listener in LISTENERS {
        let output = run(vigia(&data).env(listener, "0.0.0.0:0").arg("serve"));
        let line = String::from_utf8(output.stderr).expect("text");
        let key = listener.trim_start_matches("VIGIA_").replace("__", ".").to_lowercase();
        assert!(output.status.code() == Some(2) && line.starts_with(&format!("vigia: {key}: ")), "{line}");
        for way in ["tls.certificate", "behind_proxy", "plaintext"] {
            assert!(line.contains(way), "what would do is said, {way} too: {line}");
        }
        // What is said for one of them is not said for the other.
        let other = if key.starts_with("http.") { "VIGIA_MQTT__PLAINTEXT" } else { "VIGIA_HTTP__PLAINTEXT" };
        assert_eq!(run(vigia(&data).env(listener, "0.0.0.0:0").env(other, "private").arg("serve")).status.code(), Some(2), "{key}");
    }
    assert!(!data.exists(), "nothing was made");
}

#[test]
fn a_home_network_is_served_and_its_owner_warned() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let all = LISTENERS.map(|listener| (listener, "0.0.0.0:0"));
    let plain = [("VIGIA_HTTP__PLAINTEXT", "private"), ("VIGIA_MQTT__PLAINTEXT", "private")];
    let mut server = Server::start(vigia(&data).envs(all).envs(plain));
    server.http.set_ip([127, 0, 0, 1].into());
    assert_eq!(server.ask("GET", "/healthz", &[], "").0, 200);
    server.signal("-TERM");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0));
    for key in ["http.plaintext", "mqtt.plaintext"] {
        assert!(log.contains(&format!("{key}: whoever is on this network can read along")), "{log}");
    }
}

/// A page over TLS, a live connection of MQTT over WebSocket, and what speaks to both without TLS.
const CLIENT: &str = r#"
import http.client, json, socket, ssl, sys
certificate, web, ws, key = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
trusted = ssl.create_default_context(cafile=certificate)
page = http.client.HTTPSConnection("localhost", web, context=trusted, timeout=20)
page.request("GET", "/api/v1/devices/m1/latest", headers={"X-API-Key": key})
answer = page.getresponse()
print(answer.status, answer.getheader("strict-transport-security"), json.dumps(json.load(answer)))
with trusted.wrap_socket(socket.create_connection(("localhost", ws), 20), server_hostname="localhost") as one:
    one.sendall(b"GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
    print(one.recv(4096).split(b"\r\n")[0].decode())
for port in (web, ws):
    try:
        ssl.create_default_context().wrap_socket(socket.create_connection(("localhost", port), 20), server_hostname="localhost")
        print("a stranger's certificate was believed")
    except ssl.SSLCertVerificationError:
        print("not believed")
    with socket.create_connection(("localhost", port), 20) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            print("plain:", b"200 OK" in one.recv(4096))
        except ConnectionResetError:
            print("plain: False")
"#;

#[test]
fn with_certificate_files_all_of_them_speak_tls() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    certify(dir.path());
    let file = |name: &str| dir.path().join(name).display().to_string();
    let (certificate, key) = (file("cert.pem"), file("key.pem"));
    // The port of the third is not told of anywhere: a free one.
    let ws = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let mut command = vigia(&data);
    for section in ["HTTP", "MQTT"] {
        command.env(format!("VIGIA_{section}__LISTEN"), "0.0.0.0:0");
        command.env(format!("VIGIA_{section}__TLS__CERTIFICATE"), &certificate).env(format!("VIGIA_{section}__TLS__KEY"), &key);
    }
    let server = Server::start(command.env("VIGIA_MQTT__WEBSOCKET_LISTEN", format!("0.0.0.0:{ws}")));
    let token = said(vigia(&data).args(["device", "add", "m1", "--kind", "energy_meter"]));
    let reader = said(vigia(&data).args(["api-key", "add", "test", "--scope", "telemetry:read"]));

    let publish = |more: &[&str]| {
        let port = server.mqtt.port().to_string();
        let mut client = Command::new("mosquitto_pub");
        client.args([
            "-h",
            "localhost",
            "-p",
            &port,
            "-u",
            "m1",
            "-P",
            &token,
            "-q",
            "1",
            "-t",
            "vigia/m1/telemetry",
            "-m",
            r#"{"power_w": 412.5}"#,
        ]);
        run(client.args(more)).status.success()
    };
    assert!(publish(&["--cafile", &certificate]), "a device that knows the certificate sends");
    assert!(!publish(&[]), "nobody is heard without TLS");

    let client = ["-c", CLIENT, &certificate, &server.http.port().to_string(), &ws.to_string(), &reader];
    let output = run(Command::new("python3").args(client));
    let told = String::from_utf8(output.stdout).expect("text");
    let told: Vec<_> = told.lines().collect();
    assert!(
        told.len() == 6 && told[0].starts_with("200 max-age=") && told[0].contains("412.5"),
        "{told:?} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(told[1], "HTTP/1.1 101 Switching Protocols");
    assert_eq!(told[2..], ["not believed", "plain: False", "not believed", "plain: False"]);
}
