//! What the documents of the Biogestor's and EcoWatt's back ends show of people and tokens, asked of a fresh program. `examples.json` has the
//! requests and what they are answered with. In an answer `<text>`, `<number>` and `<jwt>` stand for any, and a field `...` says that there may
//! be others. In a request `<pwd>` is a password that is taken here; other names are what an earlier step has kept.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::server::{Server, said, vigia};

const EXAMPLES: &str = include_str!("examples.json");
const PASSWORD: &str = "seis gatos sin tejado";

/// What names in requests stand for.
type Kept = HashMap<String, String>;

fn word<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_else(|| panic!("no {name} in {of}"))
}

/// A text with what its names stand for.
fn filled(text: &str, kept: &Kept) -> String {
    let text = kept.iter().fold(text.replace("<pwd>", PASSWORD), |text, (name, value)| text.replace(&format!("<{name}>"), value));
    assert!(!text.contains('<'), "nothing was kept for {text}");
    text
}

/// Whether an answer is what is shown.
fn fits(shown: &Value, found: &Value) -> bool {
    match (shown, found) {
        (Value::String(any), Value::String(text)) if any == "<text>" => !text.is_empty(),
        (Value::String(any), Value::String(text)) if any == "<jwt>" => text.starts_with("eyJ") && text.split('.').count() == 3,
        (Value::String(any), Value::Number(_)) if any == "<number>" => true,
        (Value::Object(shown), Value::Object(found)) => {
            let named = shown.iter().filter(|(name, _)| *name != "...");
            named.clone().all(|(name, value)| found.get(name).is_some_and(|found| fits(value, found)))
                && (shown.contains_key("...") || named.count() == found.len())
        }
        _ => shown == found,
    }
}

/// The code of the newest link that was mailed, once there is one.
fn mailed(data: &Path) -> String {
    for _ in 0..200 {
        let mut mails: Vec<_> = fs::read_dir(data.join("mail")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        mails.sort();
        // A line that is too long travels broken by `=`.
        let texts = mails.iter().rev().filter_map(|mail| Some(fs::read_to_string(mail).ok()?.replace("=\r\n", "")));
        let codes = texts.filter_map(|text| text.split_once("#vgl_").map(|(_, rest)| rest.to_owned()));
        let codes = codes.map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>());
        // Whole ones: the file may be half written.
        if let Some(code) = codes.into_iter().find(|code| code.len() == 32) {
            return format!("vgl_{code}");
        }
        sleep(Duration::from_millis(50));
    }
    panic!("no mail with a link came");
}

fn step(step: &Value, server: &Server, data: &Path, kept: &mut Kept) {
    let does = word(step, "does");
    if let Some(verb) = step["verb"].as_array() {
        said(vigia(data).args(verb.iter().filter_map(Value::as_str)));
        return;
    }
    if let Some(name) = step["mailed"].as_str() {
        kept.insert(name.to_owned(), mailed(data));
        return;
    }
    let mut headers = vec!["Content-Type: application/json".to_owned()];
    if let Some(name) = step["as"].as_str() {
        headers.push(format!("Authorization: Bearer {}", kept[name]));
    }
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let request = |at: usize| step["request"][at].as_str().unwrap_or_else(|| panic!("{does}: no request"));
    let body = if step["request"][2].is_null() { String::new() } else { filled(&step["request"][2].to_string(), kept) };
    let (status, text) = server.ask(request(0), request(1), &headers, &body);
    let found: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{does}: {error}: {status} {text}"));
    assert_eq!(Some(u64::from(status)), step["answer"][0].as_u64(), "{does}: {text}");
    assert!(fits(&step["answer"][1], &found), "{does}: not {}, but {found}", step["answer"][1]);
    for (name, field) in step["keeps"].as_object().into_iter().flatten() {
        kept.insert(name.clone(), word(&found, field.as_str().expect("a field")).to_owned());
    }
}

/// Every step of one app, one after the other, with a program of its own.
fn walk(app: &str, settings: &[(&str, &str)], least: usize) {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let server = Server::start(vigia(&data).envs(settings.iter().copied()));
    let examples: Value = serde_json::from_str(EXAMPLES).expect("JSON");
    let steps = examples[app].as_array().expect("steps");
    assert!(steps.len() >= least, "{app}");
    let mut kept = Kept::new();
    steps.iter().for_each(|one| step(one, &server, &data, &mut kept));
}

#[test]
fn the_biogestors_app_is_answered_as_its_document_shows() {
    walk("The Biogestor's app", &[], 8);
}

#[test]
fn ecowatts_app_is_answered_as_its_document_shows() {
    // Its document knows no operator, and no mail before the first sign-in.
    walk("EcoWatt's app", &[("VIGIA_ACCOUNTS__APPROVAL", "false"), ("VIGIA_ACCOUNTS__CONFIRMATION", "false")], 14);
}

#[test]
fn an_answer_fits_what_is_shown_and_nothing_else() {
    let fits = |shown: &str, found: &str| {
        let read = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
        fits(&read(shown), &read(found))
    };
    assert!(fits(r#"{"a": "<text>", "b": {"c": "<number>"}}"#, r#"{"a": "x", "b": {"c": 7}}"#));
    assert!(!fits(r#"{"a": "<text>"}"#, r#"{"a": "x", "more": 1}"#), "a field that is not shown");
    assert!(fits(r#"{"a": "<text>", "...": ""}"#, r#"{"a": "x", "more": 1}"#));
    for (shown, found) in [("<text>", "\"\""), ("<number>", "\"7\""), ("<jwt>", "\"eyJ\""), ("Bearer", "\"bearer\"")] {
        assert!(!fits(&format!("{shown:?}"), found), "{shown} is not {found}");
    }
    assert!(!fits(r#"{"a": true}"#, "{}"));
}
