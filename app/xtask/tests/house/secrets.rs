//! No secret stands in the repository: what looks like one is none, and is named here with its reason.

use regex::Regex;

use crate::tree::{File, files, names, none_of};

/// What is looked for: what it is, how it looks, and an example in pieces, so that this file does not find itself.
struct Rule {
    what: &'static str,
    looks: &'static str,
    example: &'static [&'static str],
}

const SECRETS: [Rule; 9] = [
    Rule { what: "a private key", looks: r"-----BEGIN [A-Z ]*PRIVATE KEY-----", example: &["-----BEGIN EC PRIVATE", " KEY-----"] },
    // `auth/token.rs`: 160 bits in base32. What is shorter stands for one.
    Rule { what: "a token of ours", looks: r"\bvg[dklpgr]_[a-z2-7]{32}\b", example: &["vgk_", "mfrggzdfmztwq2lkmfrggzdfmztwq2lk"] },
    Rule {
        what: "a signed token (JWT)",
        looks: r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}",
        example: &["eyJhbGciOiJFZERTQSJ9", ".eyJzdWIiOiIxIn0abc", ".c2lnbmF0dXJlc2lnbmF0dXJl"],
    },
    Rule { what: "a key of Amazon's", looks: r"\b(AKIA|ASIA)[0-9A-Z]{16}\b", example: &["AKIA", "ABCDEFGHIJKLMNOP"] },
    Rule {
        what: "a key of Google's",
        looks: r"\bAIza[0-9A-Za-z_-]{35}|\bGOCSPX-[0-9A-Za-z_-]{20,}",
        example: &["AIza", "SyA1234567890abcdefghijklmnopqrstuv"],
    },
    Rule {
        what: "a token of GitHub's",
        looks: r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{40,}",
        example: &["ghp_", "abcdefghijklmnopqrstuvwxyz0123456789"],
    },
    Rule {
        what: "a key of a mail service",
        looks: r"\bxkeysib-[0-9a-f]{32,}|\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
        example: &["xkeysib-", "0123456789abcdef0123456789abcdef"],
    },
    Rule {
        what: "a token of a Telegram bot",
        looks: r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
        example: &["123456789", ":AAabcdefghijklmnopqrstuvwxyz0123456"],
    },
    Rule {
        what: "a password's hash",
        looks: r"\$argon2id?\$v=[0-9]+\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{20,}",
        example: &["$argon2id$v=19$m=19456,t=2,p=1", "$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g"],
    },
];

/// What looks like a secret and is none: in which file, how it begins, and why it may stand there.
const NONE: [(&str, &str, &str); 2] = [
    ("app/web/tests/routes/walk.rs", "vgd_aaaa", "a bad token, which nobody ever made: the same letter again and again"),
    ("app/backend/tests/broker/provisioning.rs", "vgp_aaaa", "a key that nobody ever made, likewise"),
];

/// A setting or a field with a secret in it, as settings and examples are written, and an address with a password.
const SETTINGS: [Rule; 2] = [
    Rule {
        what: "a secret in a setting",
        looks: r#"(?i)(?:\b|_)(?:password|passwd|secret|token|api_?key)\b["']?\s*[=:]\s*["']([^"']+)["']"#,
        example: &["user = \"a\"\npassword =", " \"hunter2\""],
    },
    Rule {
        what: "a password in an address",
        looks: r#"\b[a-z][a-z0-9+]*://[^/\s:@"'<]+:([^/\s@"']+)@"#,
        example: &["smtps://ana:", "hunter2@mail.example.org"],
    },
];

/// Where settings are shown. The tests' own passwords stand in code and open nothing.
const SHOWN_IN: [&str; 10] = [".md", ".toml", ".sh", ".ino", ".yml", ".yaml", ".env", ".conf", ".service", "Makefile"];

/// What stands for a secret in an example.
fn is_placeholder(text: &str) -> bool {
    matches!(text, "password" | "***") || text.ends_with("...") || text.ends_with('…') || text.contains(['$', '<', '{'])
}

/// Files that hold secrets by their kind, whatever stands in them.
const NAMES: &str =
    r"(^|/)(\.env(\..*)?|id_(rsa|dsa|ecdsa|ed25519)|(signing|sealing)-key\.json|[^/]+\.(pem|key|p12|pfx|jks|keystore|db|sqlite3?))$";

fn regex(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{error}"))
}

/// What a rule finds in a file, with its line.
fn found(rule: &Rule, looks: &Regex, file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        for hit in looks.captures_iter(line) {
            let (all, secret) = (&hit[0], hit.get(1).map_or("", |secret| secret.as_str()));
            let is_none = NONE.iter().any(|(path, begins, _)| *path == file.path && all.starts_with(begins));
            if !is_none && !is_placeholder(secret) {
                // Never the secret itself: what a test says is kept in logs.
                findings.push(format!("{}:{number}: {}", file.path, rule.what));
            }
        }
    }
    findings
}

fn search(rules: &[Rule], files: &[File]) -> Vec<String> {
    let all = rules.iter().map(|rule| (rule, regex(rule.looks)));
    all.flat_map(|(rule, looks)| files.iter().flat_map(move |file| found(rule, &looks, file)).collect::<Vec<_>>()).collect()
}

#[test]
fn no_secret_stands_in_any_file() {
    none_of(
        &search(&SECRETS, &files()),
        "Take it out, make it worthless where it is good for something, and look whether it stands in the history too.",
    );
}

#[test]
fn examples_of_settings_have_placeholders() {
    let shown: Vec<File> = files().into_iter().filter(|file| file.ends_with_any(&SHOWN_IN)).collect();
    none_of(&search(&SETTINGS, &shown), "Write \"...\" where a secret stands, or user:password in an address.");
}

#[test]
fn no_file_is_one_that_holds_secrets() {
    let looks = regex(NAMES);
    let findings: Vec<String> = names().into_iter().filter(|name| looks.is_match(name)).collect();
    none_of(&findings, "Keys, databases and environments are made on the machine that uses them, and stay there.");
}

#[test]
fn every_rule_finds_what_it_is_for_and_every_exception_is_still_needed() {
    for rule in SECRETS.iter().chain(&SETTINGS) {
        let file = File { path: "an example".to_owned(), text: rule.example.concat() };
        assert_eq!(found(rule, &regex(rule.looks), &file).len(), 1, "{}", rule.what);
    }
    for name in ["data/vigia.db", ".env", "tls/server.pem", "data/signing-key.json"] {
        assert!(regex(NAMES).is_match(name), "{name}");
    }
    let files = files();
    for (path, begins, why) in NONE {
        let is_there = files.iter().any(|file| file.path == path && file.text.contains(begins));
        assert!(is_there, "{path} has no {begins} any more ({why}): take it out of the exceptions");
    }
}
