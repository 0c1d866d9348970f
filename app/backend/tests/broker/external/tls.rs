//! A broker that speaks TLS.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use vigia_backend::config::External;
use vigia_backend::mqtt::Broker as _;

use super::{Client, Mosquitto, PROTOCOLS, at, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_certificate_is_checked_against_the_authorities_of_the_settings() {
    let files = tempfile::tempdir().expect("a folder");
    let at_file = |name: &str| files.path().join(name);
    let authority = |name: &str| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("good names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(at_file(name), params.self_signed(&key).expect("signed").pem()).expect("written");
        Issuer::new(params, key)
    };
    let (ours, _others) = (authority("ca.pem"), authority("other.pem"));
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a good name").signed_by(&key, &ours).expect("signed");
    std::fs::write(at_file("cert.pem"), certificate.pem()).expect("written");
    std::fs::write(at_file("key.pem"), key.serialize_pem()).expect("written");
    let lines = format!("allow_anonymous true\ncertfile {}\nkeyfile {}\n", at_file("cert.pem").display(), at_file("key.pem").display());
    let mosquitto = Mosquitto::with(&lines, |_| String::new());
    for protocol in PROTOCOLS {
        let folder = tempfile::tempdir().expect("a folder");
        let plain = at(mosquitto.address.port(), protocol);
        let trusted = External { host: "localhost".to_owned(), tls: true, ca_file: Some(at_file("ca.pem")), ..plain };
        let client = Client::new(trusted.clone(), folder.path()).await;
        client.broker.publish("vigia/m1/command", "on".into(), false).await.expect("the broker has it");
        client.end().await;
        for wrong in
            [External { ca_file: Some(at_file("other.pem")), ..trusted.clone() }, External { host: "127.0.0.1".to_owned(), ..trusted }]
        {
            let client = Client::begin(wrong, folder.path());
            until("it is refused", || client.broker.trouble().is_some_and(|trouble| trouble.contains("TLS"))).await;
            assert_eq!(client.broker.connections(), None);
            client.end().await;
        }
    }
}
