//! What a client of `/api/v1/live` says.

use serde::Deserialize;
use vigia_domain::time;

/// How a client has to speak.
const SAY: &str = "say {\"subscribe\":[\"device/<id>\"]}, with \"since\" after a lost connection, or {\"unsubscribe\":[...]}";

/// One message of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Topics to hear of.
    pub(super) subscribe: Vec<String>,
    /// Topics to hear of no longer.
    pub(super) unsubscribe: Vec<String>,
    /// From when on the client may have missed something, in milliseconds since the epoch.
    pub(super) since_ms: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    subscribe: Option<Vec<String>>,
    unsubscribe: Option<Vec<String>>,
    since: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Instant {
    Ms(i64),
    Text(String),
}

/// Reads a message.
///
/// # Errors
/// A sentence for the client.
pub(super) fn parse(text: &str) -> Result<Said, String> {
    let Ok(Wire { subscribe, unsubscribe, since }) = serde_json::from_str(text) else { return Err(SAY.to_owned()) };
    if subscribe.is_none() && unsubscribe.is_none() {
        return Err(SAY.to_owned());
    }
    let since_ms = match since {
        None => None,
        Some(Instant::Ms(at_ms)) => Some(at_ms),
        Some(Instant::Text(text)) => Some(time::from_query(&text).map_err(|_| "\"since\" is RFC 3339 or Unix milliseconds".to_owned())?),
    };
    Ok(Said { subscribe: subscribe.unwrap_or_default(), unsubscribe: unsubscribe.unwrap_or_default(), since_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_say_is_read_and_nonsense_gets_a_sentence() {
        let said = parse(r#"{"subscribe":["device/m1"],"since":"2026-03-01T12:00:00.500Z"}"#).expect("good");
        assert_eq!((said.subscribe.len(), said.since_ms), (1, Some(1_772_366_400_500)));
        assert_eq!(parse(r#"{"subscribe":[],"since":1772366400500}"#).expect("good").since_ms, Some(1_772_366_400_500));
        assert_eq!(parse(r#"{"unsubscribe":["device/m1"]}"#).expect("good").unsubscribe, ["device/m1"]);
        for bad in
            ["", "[]", "{}", "not json", r#"{"subscribe":"device/m1"}"#, r#"{"subscribe":[1]}"#, r#"{"since":1}"#, r#"{"suscribe":[]}"#]
        {
            assert_eq!(parse(bad), Err(SAY.to_owned()), "{bad}");
        }
        assert!(parse(r#"{"subscribe":[],"since":"yesterday"}"#).is_err_and(|e| e.contains("RFC 3339")));
    }
}
