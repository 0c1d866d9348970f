//! One conversation with the plugin: a command, its answer, the next.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::link::{self, Dial, Happened, Link, Next};
use crate::mqtt::CredentialError;

const COMMANDS: &str = "$CONTROL/dynamic-security/v1";
const ANSWERS: &str = "$CONTROL/dynamic-security/v1/response";
/// How long connecting, and each answer, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the plugin.
pub(super) struct Control {
    link: Link,
    next: Next,
    /// Ours alone: the plugin tells every answer to everybody who listens.
    name: String,
    count: u64,
}

impl Control {
    /// Connects and listens for answers.
    ///
    /// # Errors
    /// [`CredentialError::Away`] when the broker cannot be reached or does not let us in.
    pub(super) async fn open(dial: &Dial) -> Result<Self, CredentialError> {
        let (link, events) = link::open(dial);
        let mut control = Self { link, next: events.next().boxed(), name: dial.client_id.clone(), count: 0 };
        let opened = async {
            loop {
                match control.happened().await? {
                    Happened::Standing { .. } => control.link.subscribe(&[ANSWERS.to_owned()]).map_err(|_| busy())?,
                    Happened::Subscribed(granted) if granted.iter().all(|granted| *granted) => return Ok(()),
                    Happened::Subscribed(_) => {
                        return Err(CredentialError::Away(
                            "our account is not the administrator of its dynamic security plugin".to_owned(),
                        ));
                    }
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, opened).await.unwrap_or_else(|_| Err(silent()))?;
        Ok(control)
    }

    /// Gives a command. The inner error is the plugin's own sentence.
    ///
    /// # Errors
    /// [`CredentialError::Away`] when the connection ends before the answer.
    pub(super) async fn ask(&mut self, mut command: Value) -> Result<Result<Value, String>, CredentialError> {
        self.count += 1;
        let number = format!("{}-{}", self.name, self.count);
        command["correlationData"] = json!(number);
        let body = json!({ "commands": [command] }).to_string();
        self.link.publish(COMMANDS, Bytes::from(body), false, None).map_err(|_| busy())?;
        let answered = async {
            loop {
                match self.happened().await? {
                    Happened::Has(_, Err(reason)) => return Err(CredentialError::Away(reason)),
                    Happened::Came(message) if message.topic == ANSWERS => {
                        self.link.acknowledge(message.ack).map_err(|_| busy())?;
                        if let Some(answer) = answer(&message.payload, &number) {
                            return Ok(answer);
                        }
                    }
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, answered).await.unwrap_or_else(|_| Err(silent()))
    }

    /// Says good-bye.
    pub(super) async fn close(self) {
        link::see_off(&self.link, self.next).await;
    }

    async fn happened(&mut self) -> Result<Happened, CredentialError> {
        let (events, happened) = (&mut self.next).await;
        self.next = events.next().boxed();
        happened.map_err(CredentialError::Away)
    }
}

/// The answer to the command of this number, if it is in the message.
fn answer(payload: &[u8], number: &str) -> Option<Result<Value, String>> {
    let mut message: Value = serde_json::from_slice(payload).ok()?;
    let answers = message.get_mut("responses")?.as_array_mut()?;
    let answer = answers.iter_mut().find(|answer| answer["correlationData"] == number)?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Some(Err(error.to_owned())),
        None => Some(Ok(answer["data"].take())),
    }
}

fn busy() -> CredentialError {
    CredentialError::Away("it takes no more messages now".to_owned())
}

fn silent() -> CredentialError {
    CredentialError::Away("it does not answer; is its dynamic security plugin loaded?".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_by_its_number() {
        let payload = br#"{"responses":[{"command":"createRole","correlationData":"3"},
            {"command":"createClient","correlationData":"4","error":"Client already exists"}]}"#;
        assert_eq!(answer(payload, "3"), Some(Ok(Value::Null)));
        assert_eq!(answer(payload, "4"), Some(Err("Client already exists".to_owned())));
        assert_eq!(answer(payload, "5"), None);
        assert_eq!(answer(b"nonsense", "5"), None);
    }
}
