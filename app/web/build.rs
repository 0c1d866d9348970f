//! Turns `locales/es.json` and `locales/en.json` into one typed `Texts`: a key that one language lacks, or whose
//! placeholders differ, ends the build with a line that names it. What no page reads is a dead-code warning.
//!
//! `"key": "text"` becomes a field, `"key": "text with {placeholder}"` a method with that argument, and
//! `"key": {"one": "...", "other": "..."}` a method that takes `n` and chooses. Objects are rooms: `room_key`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, fs, path::Path};

use serde_json::Value;

/// Rooms whose texts the server alone writes: the browser gets sentences, and need not load them all.
const OF_THE_SERVER: [&str; 9] = ["heard_", "log_", "notice_", "offline_", "oidc_", "reason_", "right_", "scope_", "tried_"];

/// Rooms, and single texts, of pages whose code is a part (`src/part.rs`): they are functions, and go where the code goes that calls them. A field of
/// `Texts` is in what every first visit loads.
const OF_PARTS: [&str; 33] = [
    "attribute_",
    "audit_",
    "design_",
    "device_attributes_none",
    "device_back",
    "device_clock",
    "device_figures",
    "device_no",
    "device_tab",
    "device_yes",
    "enter_",
    "forgot_",
    "gap_",
    "help_",
    "history_",
    "join_",
    "keys_",
    "messages_",
    "palette_dark",
    "palette_found",
    "palette_hint",
    "palette_label",
    "palette_light",
    "palette_system",
    "people_",
    "quarantine_",
    "register_",
    "reset_",
    "second_",
    "settings_",
    "setup_",
    "step_",
    "trial_",
];

const LANGUAGES: [(&str, &str); 2] = [("Es", "es"), ("En", "en")];

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Field,
    Method { arguments: Vec<String>, plural: bool },
}

#[derive(Debug)]
enum Text {
    Single(String),
    Plural { one: String, other: String },
}

impl Text {
    fn shape(&self) -> Shape {
        let (arguments, plural) = match self {
            Self::Single(text) => (placeholders(text), false),
            Self::Plural { one, other } => {
                let mut all = placeholders(one);
                all.extend(placeholders(other));
                all.retain(|name| name != "n");
                (all, true)
            }
        };
        let mut arguments = arguments;
        arguments.sort();
        arguments.dedup();
        if arguments.is_empty() && !plural { Shape::Field } else { Shape::Method { arguments, plural } }
    }
}

fn main() {
    let languages = LANGUAGES.map(|(variant, name)| (variant, name, read(name)));
    let (_, first, spanish) = &languages[0];
    for (_, name, texts) in &languages {
        let missing: Vec<_> = spanish.keys().filter(|key| !texts.contains_key(*key)).collect();
        assert!(missing.is_empty(), "locales/{name}.json lacks {missing:?}, which {first}.json has");
        for (key, text) in texts {
            let Some(twin) = spanish.get(key) else { panic!("locales/{first}.json lacks {key:?}, which {name}.json has") };
            assert!(text.shape() == twin.shape(), "{key:?} takes other placeholders in {name}.json than in {first}.json");
        }
    }

    let for_browser = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32");
    let languages = languages.map(|(variant, name, mut texts)| {
        texts.retain(|key, _| !(for_browser && OF_THE_SERVER.iter().any(|room| key.starts_with(room))));
        (variant, name, texts)
    });
    let spanish = &languages[0].2;

    let mut out = String::from(
        "/// Every text of the pages, in one language.\npub(crate) struct Texts {\n    /// Which language this is.\n    pub(crate) lang: Lang,\n",
    );
    for key in spanish.iter().filter(|(key, text)| is_field(key, text)).map(|(key, _)| key) {
        writeln!(out, "    pub(crate) {key}: &'static str,").expect("a String takes everything");
    }
    out.push_str("}\n");
    for (variant, name, texts) in &languages {
        writeln!(out, "/// `locales/{name}.json`.\npub(crate) static {}: Texts = Texts {{ lang: Lang::{variant},", name.to_uppercase())
            .expect("a String takes everything");
        for (key, text) in texts {
            if let (true, Text::Single(text)) = (is_field(key, text), text) {
                writeln!(out, "    {key}: {text:?},").expect("a String takes everything");
            }
        }
        out.push_str("};\n");
    }
    out.push_str("impl Texts {\n");
    for (key, text) in spanish {
        match text.shape() {
            Shape::Method { arguments, plural } => method(&mut out, key, &arguments, plural, &languages),
            Shape::Field if !is_field(key, text) => of_part(&mut out, key, &languages),
            Shape::Field => {}
        }
    }
    out.push_str("}\n");

    let folder = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&folder).join("texts.rs"), out).expect("OUT_DIR can be written");
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=build.rs");
}

/// Whether a text is a field of `Texts`.
fn is_field(key: &str, text: &Text) -> bool {
    text.shape() == Shape::Field && !OF_PARTS.iter().any(|room| key.starts_with(room))
}

/// A text of a part: nothing refers to it but the code that shows it.
fn of_part(out: &mut String, key: &str, languages: &[Language<'_>]) {
    let _ = writeln!(out, "    pub(crate) const fn {key}(&self) -> &'static str {{\n        match self.lang {{");
    for (variant, _, texts) in languages {
        if let Text::Single(text) = &texts[key] {
            let _ = writeln!(out, "            Lang::{variant} => {text:?},");
        }
    }
    out.push_str("        }\n    }\n");
}

type Language<'a> = (&'a str, &'a str, BTreeMap<String, Text>);

fn method(out: &mut String, key: &str, arguments: &[String], plural: bool, languages: &[Language<'_>]) {
    let mut signature: Vec<String> = arguments.iter().map(|name| format!("{name}: impl ::core::fmt::Display")).collect();
    if plural {
        signature.insert(0, "n: u64".to_owned());
    }
    let _ = writeln!(out, "    pub(crate) fn {key}(&self, {}) -> String {{", signature.join(", "));
    let _ = writeln!(out, "        match self.lang {{");
    for (variant, _, texts) in languages {
        let body = match &texts[key] {
            Text::Single(text) => format!("format!({text:?})"),
            // Numbers of things are written with the thousands' comma.
            Text::Plural { one, other } if one == other => format!("{{ let n = crate::format::count(n); format!({one:?}) }}"),
            Text::Plural { one, other } => {
                format!(
                    "{{ let many = n != 1; let n = crate::format::count(n); let _ = &n; if many {{ format!({other:?}) }} else {{ format!({one:?}) }} }}"
                )
            }
        };
        let _ = writeln!(out, "            Lang::{variant} => {body},");
    }
    out.push_str("        }\n    }\n");
}

fn read(name: &str) -> BTreeMap<String, Text> {
    let file = format!("locales/{name}.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut texts = BTreeMap::new();
    flatten(&file, "", value, &mut texts);
    texts
}

fn flatten(file: &str, prefix: &str, value: Value, texts: &mut BTreeMap<String, Text>) {
    match value {
        Value::String(text) => {
            texts.insert(prefix.to_owned(), Text::Single(text));
        }
        Value::Object(mut map) if map.len() == 2 && map.contains_key("one") && map.contains_key("other") => {
            let mut take = |key: &str| match map.remove(key) {
                Some(Value::String(text)) => text,
                _ => panic!("{file}: {prefix}.{key} is no text"),
            };
            let (one, other) = (take("one"), take("other"));
            texts.insert(prefix.to_owned(), Text::Plural { one, other });
        }
        Value::Object(map) => {
            for (key, value) in map {
                let name = if prefix.is_empty() { key } else { format!("{prefix}_{key}") };
                flatten(file, &name, value, texts);
            }
        }
        _ => panic!("{file}: {prefix} is neither a text nor a room of texts"),
    }
}

fn placeholders(text: &str) -> Vec<String> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}
