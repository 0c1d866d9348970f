//! A body that is one JSON object whose fields are read one by one, so that the answer can name the one that is wrong.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::http::Problem;

/// The fields of a body.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body of at most `most` bytes.
    ///
    /// # Errors
    /// A [`Problem`]: 413, 400 for what is no JSON, 422 for what is no object.
    pub(super) fn read(body: Result<Bytes, BytesRejection>, most: usize) -> Result<Self, Problem> {
        let too_large = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has at most {most} bytes")).about("body");
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            status => Problem::new(status, rejection.body_text()),
        })?;
        if body.len() > most {
            return Err(too_large());
        }
        match serde_json::from_slice(&body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Problem::field("body", "the body is a JSON object")),
            Err(error) => Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}")).about("body")),
        }
    }

    /// A text, if it is there.
    ///
    /// # Errors
    /// A [`Problem`] that names it.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::field(name, format!("{name} is a text"))),
        }
    }

    /// A whole number, if it is there.
    ///
    /// # Errors
    /// A [`Problem`] that names it.
    pub(super) fn whole(&mut self, name: &'static str) -> Result<Option<i64>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| Problem::field(name, format!("{name} is a whole number"))),
        }
    }

    /// Yes or no, if it is there.
    ///
    /// # Errors
    /// A [`Problem`] that names it.
    pub(super) fn truth(&mut self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(_) => Err(Problem::field(name, format!("{name} is true or false"))),
        }
    }

    /// A list of texts, if it is there.
    ///
    /// # Errors
    /// A [`Problem`] that names it.
    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Problem> {
        let wrong = || Problem::field(name, format!("{name} is a list of texts"));
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => {
                let text = |item| if let Value::String(text) = item { Ok(text) } else { Err(wrong()) };
                items.into_iter().map(text).collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(wrong()),
        }
    }

    /// An object, if it is there.
    ///
    /// # Errors
    /// A [`Problem`] that names it.
    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Map<String, Value>>, Problem> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(Problem::field(name, format!("{name} is an object"))),
        }
    }

    /// That nothing is left: a field that nobody reads is a mistake of the sender's.
    ///
    /// # Errors
    /// A [`Problem`] that names the first.
    pub(super) fn end(self) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().take(64).collect();
                Err(Problem::field(name.clone(), format!("there is no field {name:?} here")))
            }
        }
    }

    /// All fields as they are.
    pub(super) fn whole_object(self) -> Map<String, Value> {
        self.0
    }
}
