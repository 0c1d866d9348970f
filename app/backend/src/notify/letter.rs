//! What mails say: `letters/<language>/<kind>.txt`, the subject in the first line, an empty line between paragraphs. In braces stands what is
//! filled in; a paragraph that is `{link}` alone is a button where there is HTML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::mail::Mail;
use crate::db::mails::Kind;

/// A letter before its gaps are filled.
#[derive(Clone, Copy, Debug)]
pub struct Letter {
    text: &'static str,
    lang: &'static str,
    button: &'static str,
}

/// What is filled in; texts of people are among it.
pub(super) type Gaps<'a> = BTreeMap<&'static str, &'a str>;

macro_rules! letter {
    ($lang:literal, $kind:literal) => {
        include_str!(concat!("../../letters/", $lang, "/", $kind, ".txt"))
    };
}

impl Letter {
    /// The letter of this kind in `es` or `en`; Spanish for everything else.
    #[must_use]
    pub fn of(kind: Kind, lang: Option<&str>) -> Self {
        let is_english = lang == Some("en");
        let (es, en, button) = match kind {
            Kind::Enter => (letter!("es", "enter"), letter!("en", "enter"), ("Entrar", "Sign in")),
            Kind::Reset => (letter!("es", "reset"), letter!("en", "reset"), PASSWORD),
            Kind::Join => (letter!("es", "join"), letter!("en", "join"), PASSWORD),
            Kind::Invite => (letter!("es", "invite"), letter!("en", "invite"), PASSWORD),
            Kind::Received => (letter!("es", "received"), letter!("en", "received"), ("", "")),
            Kind::Known => (letter!("es", "known"), letter!("en", "known"), ("Entrar", "Sign in")),
            Kind::Approved => (letter!("es", "approved"), letter!("en", "approved"), ("Entrar", "Sign in")),
            Kind::Recovery => (letter!("es", "recovery"), letter!("en", "recovery"), SECOND_STEP),
            Kind::Password => (letter!("es", "password"), letter!("en", "password"), PASSWORD),
            Kind::Passkey => (letter!("es", "passkey"), letter!("en", "passkey"), SETTINGS),
            Kind::SecondStepOff => (letter!("es", "second_step_off"), letter!("en", "second_step_off"), SECOND_STEP),
            Kind::Identity => (letter!("es", "identity"), letter!("en", "identity"), SETTINGS),
            Kind::ApiKey => (letter!("es", "api_key"), letter!("en", "api_key"), ("Ver mis llaves", "See my keys")),
        };
        if is_english { Self { text: en, lang: "en", button: button.1 } } else { Self { text: es, lang: "es", button: button.0 } }
    }

    /// The mail to `to`.
    #[must_use]
    pub(super) fn write(self, to: &str, gaps: &Gaps<'_>) -> Mail {
        let (subject, body) = self.text.split_once('\n').unwrap_or((self.text, ""));
        let mut text = String::new();
        let mut html = String::new();
        for paragraph in body.trim().split("\n\n") {
            let filled = fill(paragraph, gaps, str::to_owned);
            let _ = write!(text, "{filled}\n\n");
            let _ = match paragraph {
                "{link}" => write!(html, "<p><a href=\"{}\" style=\"{BUTTON}\">{}</a></p>", escaped(&filled), self.button),
                _ => write!(html, "<p>{}</p>", fill(paragraph, gaps, escaped)),
            };
        }
        let html = format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"></head>\
             <body style=\"{BODY}\">{html}</body></html>",
            self.lang
        );
        // A subject is one line, whatever somebody calls themselves.
        let subject = fill(subject, gaps, str::to_owned).chars().filter(|c| !c.is_control()).collect();
        Mail { to: to.to_owned(), subject, text: format!("{}\n", text.trim_end()), html }
    }
}

/// What is on buttons of several, in Spanish and in English.
const PASSWORD: (&str, &str) = ("Elegir contraseña", "Choose a password");
const SETTINGS: (&str, &str) = ("Abrir mis ajustes", "Open my settings");
const SECOND_STEP: (&str, &str) = ("Ver el segundo paso", "See the second step");

const BODY: &str = "font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em";
const BUTTON: &str = "display:inline-block;padding:.6em 1.2em;border-radius:.5em;background:#0b5d4e;color:#fff;text-decoration:none";

/// A text with its gaps filled, what is filled in not looked at again.
fn fill(text: &str, gaps: &Gaps<'_>, written: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, gap)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = gap.split_once('}').unwrap_or((gap, ""));
        filled.push_str(&gaps.get(name).map(|value| written(value)).unwrap_or_default());
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAPS: [(&str, &str); 5] = [
        ("name", "<b>\"Ana\" & {link}</b>"),
        ("link", "https://vigia.example/enter#vgl_x"),
        ("minutes", "15"),
        ("days", "7"),
        ("time", "2026-03-01 12:00 UTC"),
    ];

    fn written(lang: Option<&str>) -> Mail {
        Letter::of(Kind::Enter, lang).write("ana@example.org", &Gaps::from(GAPS))
    }

    #[test]
    fn a_name_is_text_wherever_it_stands_and_fills_no_gap_of_its_own() {
        let mail = written(None);
        assert!(mail.text.contains("<b>\"Ana\" & {link}</b>"), "{}", mail.text);
        assert!(mail.html.contains("&lt;b&gt;&quot;Ana&quot; &amp; {link}&lt;/b&gt;"), "{}", mail.html);
        assert_eq!(mail.html.matches("https://").count(), 1, "the link stands where it belongs: {}", mail.html);
    }

    #[test]
    fn both_languages_have_the_same_gaps() {
        let gaps = |text: &str| {
            let mut names: Vec<_> = text.split('{').skip(1).map(|gap| gap.split('}').next().unwrap_or_default().to_owned()).collect();
            names.sort();
            names
        };
        let known: Vec<_> = GAPS.iter().map(|(name, _)| *name).collect();
        for kind in Kind::ALL {
            let of = |lang| gaps(Letter::of(kind, lang).text);
            assert_eq!(of(Some("es")), of(Some("en")));
            assert!(of(Some("es")).iter().all(|name| known.contains(&name.as_str())), "{:?}", of(Some("es")));
        }
        assert_ne!(written(Some("es")).subject, written(Some("en")).subject);
        assert_eq!(written(Some("fr")).text, written(Some("es")).text);
    }
}
