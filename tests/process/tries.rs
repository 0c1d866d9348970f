//! Guessing passwords: over a form, over the call behind it, from several addresses.

use crate::server::{Server, vigia};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn guess(server: &Server, headers: &[&str]) -> String {
    let headers: Vec<_> = [FORM].iter().chain(headers).copied().collect();
    server.ask_whole("POST", "/ui/sign-in", &headers, "email=eva%40example.org&password=a+wrong+guess&next=%2F")
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).expect("a status")
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

#[test]
fn after_a_few_wrong_guesses_one_has_to_wait() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(vigia(&dir.path().join("data")).env("VIGIA_SIGN_IN__TRIES", "3"));
    let script = ["Accept: application/json"];
    for _ in 0..3 {
        assert_eq!(status(&guess(&server, &script)), "401");
    }
    let refused = guess(&server, &script);
    assert_eq!(status(&refused), "429", "{refused}");
    let wait: u32 = header(&refused, "retry-after").and_then(|v| v.parse().ok()).expect("how long to wait");
    assert!((190..=200).contains(&wait), "{wait}");
    assert!(refused.contains("slow_down"), "{refused}");

    let plain = guess(&server, &["Accept: text/html", "Referer: http://x/sign-in"]);
    assert_eq!(status(&plain), "302", "a form without a script is led back to its page: {plain}");
    let page = header(&plain, "location").expect("an address").trim_start_matches("http://x");
    let (_, page) = server.ask("GET", page, &["Accept: text/html", "Accept-Language: en"], "");
    assert!(page.contains("Too many tries."), "{page}");
}

#[test]
fn behind_a_proxy_each_client_has_its_own_tries_and_cannot_choose_its_address() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let from = |server: &Server, forwarded: &str| {
        status(&guess(server, &["Accept: application/json", &format!("X-Forwarded-For: {forwarded}")])).to_owned()
    };
    let mut server = Server::start(vigia(&data).env("VIGIA_SIGN_IN__TRIES", "1").env("VIGIA_HTTP__BEHIND_PROXY", "true"));
    assert_eq!(from(&server, "192.0.2.7"), "401");
    assert_eq!(from(&server, "198.51.100.1, 192.0.2.7"), "429", "what the client wrote itself does not count");
    assert_eq!(from(&server, "192.0.2.7, 192.0.2.8"), "401");
    server.signal("-TERM");
    server.wait();

    let server = Server::start(vigia(&data).env("VIGIA_SIGN_IN__TRIES", "1"));
    assert_eq!(from(&server, "192.0.2.7"), "401");
    assert_eq!(from(&server, "192.0.2.8"), "429", "without a proxy the header is anybody's");
}
