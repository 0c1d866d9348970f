//! The grammar of a line: what ends a name, what a backslash saves, where a text in quotes ends.

use super::{Problem, shortened};

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A number of any type, or 1 and 0 for true and false.
    Number(f64),
    /// A text.
    Text(String),
}

/// Reads a body from its beginning to its end, once.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Line that `at` stands in, counted from 1.
    line: u64,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// Goes to the next line that is neither empty nor a comment. `false` at the end.
    pub(super) fn next_line(&mut self) -> bool {
        loop {
            match self.peek() {
                None => return false,
                Some(b'\n') => self.step(),
                Some(b' ' | b'\t' | b'\r') => self.step(),
                Some(b'#') => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.step();
                    }
                }
                Some(_) => return true,
            }
        }
    }

    /// The line it stands in.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn measurement(&mut self) -> Result<String, Problem> {
        let name = self.name(b", ");
        if name.is_empty() { Err(Problem::NoMeasurement) } else { Ok(name) }
    }

    /// The next tag; `None` where the fields begin.
    pub(super) fn tag(&mut self) -> Result<Option<(String, String)>, Problem> {
        if self.peek() != Some(b',') {
            return Ok(None);
        }
        self.step();
        let name = self.name(b"=, ");
        if name.is_empty() || self.peek() != Some(b'=') {
            return Err(Problem::BadTag);
        }
        self.step();
        let value = self.name(b"=, ");
        if value.is_empty() || self.peek() == Some(b'=') { Err(Problem::BadTag) } else { Ok(Some((name, value))) }
    }

    /// The next field; `None` after the last. The first has a space before it, the others a comma.
    pub(super) fn field(&mut self, is_first: bool) -> Result<Option<(String, Value)>, Problem> {
        match (self.peek(), is_first) {
            (Some(b' '), true) => self.spaces(),
            (Some(b','), false) => self.step(),
            (_, true) => return Err(Problem::BadField),
            (_, false) => return Ok(None),
        }
        let name = self.name(b"=, ");
        if name.is_empty() || self.peek() != Some(b'=') {
            return Err(Problem::BadField);
        }
        self.step();
        let value = if self.peek() == Some(b'"') { self.quoted(&name)? } else { self.bare(&name)? };
        Ok(Some((name, value)))
    }

    /// The time at the end of the line, if there is one.
    pub(super) fn stamp(&mut self) -> Result<Option<i64>, Problem> {
        if !matches!(self.peek(), None | Some(b' ' | b'\n' | b'\r')) {
            return Err(Problem::BadField);
        }
        let rest = self.until(b"\n").trim_matches([' ', '\r', '\t']);
        if rest.is_empty() {
            return Ok(None);
        }
        rest.parse().map(Some).map_err(|_| Problem::BadTime { time: shortened(rest) })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.line += u64::from(self.peek() == Some(b'\n'));
        self.at += 1;
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.step();
        }
    }

    /// As it stands, up to one of `ends` or the end of the body.
    fn until(&mut self, ends: &[u8]) -> &'a str {
        let from = self.at;
        while self.peek().is_some_and(|byte| !ends.contains(&byte)) {
            self.step();
        }
        // Ends are ASCII, so this is between characters.
        &self.text[from..self.at]
    }

    /// A name up to one of `ends` or the end of the line. A backslash saves a comma, a space and `=`; before anything else it
    /// is itself.
    fn name(&mut self, ends: &[u8]) -> String {
        let mut name = String::new();
        let mut from = self.at;
        while let Some(byte) = self.peek() {
            if byte == b'\n' || ends.contains(&byte) {
                break;
            }
            let next = self.text.as_bytes().get(self.at + 1);
            if byte == b'\\' && matches!(next, Some(b',' | b' ' | b'=')) {
                name.push_str(&self.text[from..self.at]);
                self.step();
                from = self.at;
            }
            self.step();
        }
        name.push_str(&self.text[from..self.at]);
        name
    }

    /// A text in quotes; line breaks may stand in it.
    fn quoted(&mut self, field: &str) -> Result<Value, Problem> {
        self.step();
        let mut text = String::new();
        let mut from = self.at;
        loop {
            match self.peek() {
                None => return Err(Problem::Unclosed { field: shortened(field) }),
                Some(b'"') => break,
                Some(b'\\') if matches!(self.text.as_bytes().get(self.at + 1), Some(b'"' | b'\\')) => {
                    text.push_str(&self.text[from..self.at]);
                    self.step();
                    from = self.at;
                    self.step();
                }
                Some(_) => self.step(),
            }
        }
        text.push_str(&self.text[from..self.at]);
        self.step();
        Ok(Value::Text(text))
    }

    #[expect(clippy::cast_precision_loss, reason = "values are doubles; InfluxDB's integers above 2^53 lose their last digits")]
    fn bare(&mut self, field: &str) -> Result<Value, Problem> {
        let word = self.until(b", \n\r");
        let bad = || Problem::BadNumber { field: shortened(field) };
        let number = match word {
            "t" | "T" | "true" | "True" | "TRUE" => 1.0,
            "f" | "F" | "false" | "False" | "FALSE" => 0.0,
            _ => match word.as_bytes().last() {
                Some(b'i') => word[..word.len() - 1].parse::<i64>().map_err(|_| bad())? as f64,
                Some(b'u') => word[..word.len() - 1].parse::<u64>().map_err(|_| bad())? as f64,
                // Rust reads words such as `inf`, too, which are no numbers here.
                Some(b'0'..=b'9' | b'.') => word.parse::<f64>().map_err(|_| bad())?,
                _ => return Err(bad()),
            },
        };
        Ok(Value::Number(number))
    }
}
