//! The last messages of a device and payloads that are tried, in the visitor's words.

use std::fmt::Write as _;

use vigia_backend::db::state;
use vigia_backend::ingest::{Message, PAYLOAD_SHOWN, Trial, Try};
use vigia_backend::mqtt::DeviceIdentity;
use vigia_backend::telemetry::QUARANTINE_KEPT;
use vigia_domain::decode::{Decoded, Decoder};
use vigia_domain::reason::Reason;
use vigia_domain::units::unit_of;

use super::{Asked, told};
use crate::fault::Fault;
use crate::format::{metric, reason, value};
use crate::i18n::Texts;
use crate::pages::device::{Filled, Found, Heard, Messages, Told, Tried, decoder_word};

/// So many readings, events and texts of a trial are shown.
const FOUND_TOLD: usize = 30;
/// So many values of a reading.
const ROWS_TOLD: usize = 64;
/// So much of an event's own words.
const EVENT_CHARACTERS: usize = 300;

/// What the device that the route names has sent since it is looked at. `known`: the look and the message that the page has already.
pub(crate) async fn messages(known: Option<(i64, u64)>) -> Result<Messages, Fault> {
    let asked = Asked::here()?;
    let t = asked.lang.texts();
    let device = told(asked.device())?.number;
    let look = asked.app.ingest().look(device, known);
    let refused = if look.messages.iter().any(|message| !message.refused.is_empty()) {
        let newest = state::quarantine(asked.app.telemetry_db(), device, QUARANTINE_KEPT).await;
        Some(Told::all(t, told(newest.map_err(Into::into))?))
    } else {
        None
    };
    Ok(Messages { since_ms: look.since_ms, heard: look.messages.into_iter().map(|message| heard(t, message)).collect(), refused })
}

fn heard(t: &'static Texts, message: Message) -> Heard {
    let whole = message.bytes <= PAYLOAD_SHOWN;
    let exact = plain(&message.payload, whole);
    let text = exact.as_deref().map(visible);
    let mut size = if message.bytes == 0 { String::new() } else { t.quarantine_bytes(message.bytes as u64) };
    if !whole {
        let _ = write!(size, " ({})", t.heard_beginning(t.quarantine_bytes(message.payload.len() as u64)));
    }
    if text.is_none() {
        let _ = write!(size, " ({})", t.heard_hex);
    }
    Heard {
        number: message.number,
        received_ms: message.received_ms,
        is_exact: whole && exact == text && text.is_some() && message.bytes > 0,
        became: became(t, &message),
        qos: if message.source == "HTTP" {
            String::new()
        } else {
            t.heard_qos(message.qos.map_or_else(|| "—".to_owned(), |qos| qos.to_string()))
        },
        source: message.source,
        size,
        text: text.unwrap_or_else(|| hex(&message.payload)),
        refused: message.refused.iter().map(|why| reason(t, why)).collect(),
    }
}

/// What was taken of a message.
fn became(t: &'static Texts, message: &Message) -> String {
    let mut parts: Vec<String> =
        message.values.iter().map(|(name, v)| format!("{} {}", metric(t, name), value(*v, unit_of(name)).text())).collect();
    if message.value_count > parts.len() {
        parts.push(t.heard_more((message.value_count - parts.len()) as u64));
    }
    if message.readings > 1 {
        parts.push(t.heard_readings(message.readings as u64));
    }
    parts.extend(counted(t, message.events, message.texts, message.online));
    match (parts.is_empty(), message.refused.is_empty(), message.is_stored) {
        (_, _, false) => t.heard_away.to_owned(),
        (true, true, _) => t.heard_nothing.to_owned(),
        (true, false, _) => t.heard_aside.to_owned(),
        (false, _, _) => parts.join(" · "),
    }
}

fn counted(t: &'static Texts, events: usize, texts: usize, online: Option<bool>) -> impl Iterator<Item = String> {
    let events = (events > 0).then(|| t.heard_events(events as u64));
    let texts = (texts > 0).then(|| t.heard_texts(texts as u64));
    let online = online.map(|is_there| if is_there { t.heard_there } else { t.heard_gone }.to_owned());
    [events, texts, online].into_iter().flatten()
}

/// Bytes as text, where they are one that can be read: no control characters but breaks and tabs. A beginning may end within a letter.
fn plain(bytes: &[u8], is_whole: bool) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if !is_whole && error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let is_plain = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    is_plain.then(|| text.to_owned())
}

/// A text without what turns the direction of its neighbours: that stands there by its code, or it would show something else than
/// what came.
pub(crate) fn visible(text: &str) -> String {
    const fn turns(c: char) -> bool {
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }
    let mut seen = String::with_capacity(text.len());
    text.chars().for_each(|c| if turns(c) { seen.extend(c.escape_unicode()) } else { seen.push(c) });
    seen
}

/// Bytes in pairs of digits, sixteen a line.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (at, byte) in bytes.iter().enumerate() {
        let space = if at == 0 {
            ""
        } else if at % 16 == 0 {
            "\n"
        } else {
            " "
        };
        let _ = write!(text, "{space}{byte:02x}");
    }
    text
}

/// Reads a payload as if the device that the route names had sent it.
pub(crate) fn try_out(wanted: &Filled) -> Result<Tried, Fault> {
    try_here(&Asked::here()?, wanted)
}

/// The same for a page that is asked for by the form itself: what was typed comes back with the answer.
pub(crate) fn try_for_page(parts: &axum::http::request::Parts, form: Result<Filled, ()>) -> Tried {
    let Ok(asked) = Asked::of(parts) else { return Tried::default() };
    let t = asked.lang.texts();
    match form {
        Ok(form) => match try_here(&asked, &form) {
            Ok(tried) => Tried { form: Some(form), ..tried },
            Err(_) => Tried { form: Some(form), verdict: t.fault_unavailable.to_owned(), ..Tried::default() },
        },
        // The browser sent more than any page is given: nothing of it was read, so nothing can come back.
        Err(()) => Tried { verdict: t.trial_too_large().to_owned(), ..Tried::default() },
    }
}

fn try_here(asked: &Asked, wanted: &Filled) -> Result<Tried, Fault> {
    let t = asked.lang.texts();
    let device = told(asked.device())?;
    let identity = DeviceIdentity { id: device.id.clone(), number: device.number };
    let decoder = match wanted.decoder.as_str() {
        "" => None,
        word => Some(told(word.parse::<Decoder>().map_err(|_| Fault { status: 422, field: None }))?),
    };
    asked.app.ingest().know(device.number, device.kind);
    let called = device.topic.as_deref();
    let tried = Try { device: &identity, called, topic: wanted.topic.trim(), decoder, payload: wanted.payload.as_bytes() };
    Ok(match asked.app.ingest().try_out(&tried) {
        Ok(trial) => answer(t, trial),
        Err(why) => refused(t, &why),
    })
}

fn refused(t: &'static Texts, why: &Reason) -> Tried {
    Tried { verdict: t.tried_nothing.to_owned(), refused: vec![reason(t, why)], ..Tried::default() }
}

fn answer(t: &'static Texts, trial: Trial) -> Tried {
    let Decoded { readings, events, attributes, online, refused } = trial.decoded;
    let values: usize = readings.iter().map(|reading| reading.values.len()).sum();
    let mut parts = Vec::new();
    if values > 0 {
        parts.push(t.tried_values(values as u64));
        parts.push(t.heard_readings(readings.len() as u64));
    }
    parts.extend(counted(t, events.len(), attributes.len(), online));
    let verdict = match (parts.is_empty(), refused.is_empty()) {
        (true, true) if trial.decoder.is_none() => t.tried_hello.to_owned(),
        (true, true) => t.heard_nothing.to_owned(),
        (true, false) => t.tried_nothing.to_owned(),
        (false, true) => t.tried_all(parts.join(" · ")),
        (false, false) => t.tried_part(parts.join(" · ")),
    };
    let reader = trial.decoder.map(|decoder| decoder_word(t, decoder)).map(|word| match trial.rest.as_str() {
        "" => t.tried_reader(word),
        rest => t.tried_reader_of(word, rest),
    });
    let in_all = readings.len() + events.len() + usize::from(!attributes.is_empty());
    let of_readings = readings.into_iter().map(|reading| Found {
        title: if reading.at_ms.is_some() { t.tried_reading } else { t.tried_reading_now }.to_owned(),
        at_ms: reading.at_ms,
        rows: reading.values.iter().take(ROWS_TOLD).map(|(name, v)| (name.clone(), value(*v, unit_of(name)).text())).collect(),
    });
    let of_texts = Some(attributes).filter(|texts| !texts.is_empty()).map(|texts| Found {
        title: t.device_attributes.to_owned(),
        at_ms: None,
        rows: texts.into_iter().collect(),
    });
    let of_events = events.into_iter().map(|event| Found {
        title: t.tried_event.to_owned(),
        at_ms: event.at_ms,
        rows: vec![(event.kind, event.payload.to_string().chars().take(EVENT_CHARACTERS).collect())],
    });
    let found: Vec<_> = of_texts.into_iter().chain(of_readings).chain(of_events).take(FOUND_TOLD).collect();
    let left_out = in_all - found.len();
    let told_reasons = refused.iter().take(FOUND_TOLD).map(|why| reason(t, why));
    let more_reasons = refused.len().saturating_sub(FOUND_TOLD);
    Tried {
        form: None,
        is_good: refused.is_empty(),
        verdict,
        reader: reader.unwrap_or_default(),
        refused: told_reasons.chain((more_reasons > 0).then(|| t.reason_more(more_reasons as u64))).collect(),
        found,
        more: (left_out > 0).then(|| t.tried_more(left_out as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_a_text_or_digits_and_nothing_in_between() {
        assert_eq!(plain("{\"ñ\": 1}\r\n".as_bytes(), true).as_deref(), Some("{\"ñ\": 1}\r\n"));
        assert_eq!(plain("<script>\u{202e}".as_bytes(), true).as_deref(), Some("<script>\u{202e}"));
        assert_eq!(plain(b"\x1b[2J", true), None, "what a terminal would obey");
        assert_eq!(plain(b"a\0", true), None);
        assert_eq!(plain(&[b'a', 0xc3], true), None);
        assert_eq!(plain(&[b'a', 0xc3], false).as_deref(), Some("a"), "cut within a letter");
        assert_eq!(visible("a\u{202e}b ñ مرحبا"), "a\\u{202e}b ñ مرحبا");
        assert_eq!(hex(&[0, 255, 16]), "00 ff 10");
        assert_eq!(hex(&[1; 17]).lines().count(), 2);
    }
}
