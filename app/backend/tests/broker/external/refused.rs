//! A broker that does not let us hear everything: what it refuses is said for as long as it is wanted, and no longer.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vigia_backend::config::{External, Protocol, Secret};
use vigia_backend::metrics::ExternalMetrics;
use vigia_backend::mqtt::Broker as _;
use vigia_backend::mqtt::external::{ExternalBroker, House};
use vigia_backend::world::World;

use super::mosquitto::ADMIN;
use super::{Mosquitto, at, until};
use crate::gate::Recorder;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_said_while_it_is_wanted_and_the_connection_stands_all_along() {
    let (mosquitto, folder) = (Mosquitto::dynamic(), tempfile::tempdir().expect("a folder"));
    let port = mosquitto.address.port().to_string();
    for more in [
        ["createRole", "r", "", "", "", ""],
        ["addRoleACL", "r", "subscribePattern", "vigia/#", "allow", "1"],
        ["createClient", "limited", "-p", "a-password", "", ""],
        ["addClientRole", "limited", "r", "", "", ""],
    ] {
        let mut command = std::process::Command::new("mosquitto_ctrl");
        command.args(["-h", "127.0.0.1", "-p", &port, "-u", ADMIN.0, "-P", ADMIN.1, "dynsec"]);
        command.args(more.iter().filter(|word| !word.is_empty()));
        assert!(command.output().expect("mosquitto_ctrl is installed").status.success(), "{more:?}");
    }
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let own = "vigia/+/telemetry";
    let (tell, filters) = watch::channel(names(&[own, "other/+/x"]));
    let gate = Arc::new(Recorder::default());
    let house =
        House { gate: gate.clone(), directory: gate, filters, neighbours: None, world: World::real(), metrics: ExternalMetrics::default() };
    let login = External { user: Some("limited".to_owned()), password: Some(Secret::from("a-password".to_owned())), ..at(0, Protocol::V5) };
    let (broker, pump) =
        ExternalBroker::new(External { port: mosquitto.address.port(), ..login }, folder.path(), house).expect("good settings");
    let task = tokio::spawn(pump.run(CancellationToken::new()));
    let says = |what: &str| broker.trouble().is_some_and(|trouble| trouble.contains(what));
    until("it is refused", || says("other/+/x")).await;
    let kept = || std::fs::read_to_string(folder.path().join("mqtt-session.json")).expect("written");
    assert!(kept().contains(own) && !kept().contains("other/+/x"), "{}", kept());

    tell.send_replace(names(&[own]));
    until("all is well", || broker.trouble().is_none()).await;
    tell.send_replace(names(&[own, "vigia/+/event", "other/+/y"]));
    until("another is refused", || says("other/+/y") && !says("other/+/x")).await;
    tell.send_replace(names(&[own, "vigia/+/event", "other/+/y", "vigia/+/status"]));
    until("it is asked for the new one", || kept().contains("vigia/+/status")).await;
    assert!(says("other/+/y"), "{:?}", broker.trouble());
    tell.send_replace(names(&[own, "vigia/+/event"]));
    until("all is well again", || broker.trouble().is_none() && !kept().contains("vigia/+/status")).await;
    assert_eq!(broker.stood(), 1, "the connection was never lost");
    broker.stop().await;
    task.await.expect("it ends");
}
