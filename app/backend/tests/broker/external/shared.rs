//! Several processes at one broker.

use super::{Client, Mosquitto, PROTOCOLS, at, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_messages_between_them() {
    for protocol in PROTOCOLS {
        let mosquitto = Mosquitto::open();
        let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        let mut group = at(mosquitto.address.port(), protocol);
        group.group = Some("vigia".to_owned());
        let first = Client::new(group.clone(), folders[0].path()).await;
        let second = Client::new(group.clone(), folders[1].path()).await;
        for n in 0..40 {
            mosquitto.tell("vigia/m1/telemetry", &n.to_string());
        }
        until("all are there", || first.payloads().len() + second.payloads().len() >= 40).await;
        let mut all = [first.payloads(), second.payloads()].concat();
        all.sort_by_key(|text| text.parse::<u32>().expect("a number"));
        assert_eq!(all, (0..40).map(|n| n.to_string()).collect::<Vec<_>>(), "each once");
        assert!(!first.payloads().is_empty() && !second.payloads().is_empty());

        // What was kept for one that is away is its own when it comes back.
        second.end().await;
        for n in 0..20 {
            mosquitto.tell("vigia/m1/telemetry", &format!("later {n}"));
        }
        let second = Client::new(group, folders[1].path()).await;
        let later = || first.payloads().into_iter().chain(second.payloads()).filter(|text| text.starts_with("later")).count();
        until("all are there", || later() >= 20).await;
        assert_eq!(later(), 20, "{protocol:?}");
        first.end().await;
        second.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_a_group_later_hears_nothing_twice() {
    let (mosquitto, folder) = (Mosquitto::open(), tempfile::tempdir().expect("a folder"));
    let alone = at(mosquitto.address.port(), PROTOCOLS[0]);
    Client::new(alone.clone(), folder.path()).await.end().await;
    let mut group = alone.clone();
    group.group = Some("vigia".to_owned());
    Client::new(group.clone(), folder.path()).await.end().await;
    // What is told before the old subscription is ended may come by both.
    let client = Client::new(group, folder.path()).await;
    mosquitto.tell("vigia/m1/telemetry", "1");
    mosquitto.tell("vigia/m1/telemetry", "2");
    until("the last is there", || client.payloads().contains(&"2".to_owned())).await;
    assert_eq!(client.payloads(), ["1", "2"]);
    client.end().await;
}
