//! Where settings come from: a file, and the environment over it. Whoever is told that one is wrong hears which line to mend.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};
use serde::de::DeserializeOwned;

use super::BadSetting;

/// Read where the command line names no file, if it is there.
const USUAL_FILE: &str = "vigia.toml";
const PREFIX: &str = "VIGIA_";
/// Lists have commas in the environment, which has only texts.
const LISTS: [&str; 1] = ["http.cors"];
const HELP: &str = "`vigia config --defaults` lists every setting";

/// What was found, not yet understood.
#[derive(Debug)]
pub(super) struct Sources {
    file: Option<(String, Map<String, Value>)>,
    variables: Variables,
}

/// Key, `section.key`, to the variable's name and text. A text stays one: what a field makes of it, its type says.
#[derive(Clone, Debug)]
struct Variables(BTreeMap<String, (String, String)>);

impl Sources {
    pub(super) fn read(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, BadSetting> {
        let path = file.unwrap_or(Path::new(USUAL_FILE));
        let place = path.display().to_string();
        let file = match std::fs::read_to_string(path) {
            Ok(text) => {
                let table = File::from_str(&text, FileFormat::Toml).collect();
                Some((place.clone(), table.map_err(|e| BadSetting::Shape { place, problem: no_toml(&e) })?))
            }
            Err(e) if file.is_none() && e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(BadSetting::File { file: path.to_owned(), reason: e.to_string() }),
        };
        Ok(Self { file, variables: Variables::of(environment) })
    }

    /// Refuses keys that do not exist. `known` are all that do, `section.key`.
    pub(super) fn check_keys(&self, known: &BTreeSet<String>) -> Result<(), BadSetting> {
        let mut keys: Vec<String> = self.variables.0.keys().cloned().collect();
        if let Some((_, table)) = &self.file {
            leaves(table, "", &mut keys);
        }
        let Some(unknown) = keys.iter().find(|key| !known.contains(*key)) else { return Ok(()) };
        let section = unknown.split_once('.').map_or(unknown.as_str(), |(section, _)| section);
        let siblings: Vec<_> = known.iter().filter_map(|key| key.strip_prefix(section)?.strip_prefix('.')).collect();
        let fix = if siblings.is_empty() {
            let sections: BTreeSet<_> = known.iter().filter_map(|key| Some(key.split_once('.')?.0)).collect();
            format!("the sections are {}", sections.into_iter().collect::<Vec<_>>().join(", "))
        } else {
            format!("{section} has {}", siblings.join(", "))
        };
        Err(self.shape(unknown, &format!("there is no such setting; {fix}")))
    }

    /// What the sections within a section are called, which has no keys of its own: `google` of `oidc.google.issuer`.
    pub(super) fn names_in(&self, section: &str) -> BTreeSet<String> {
        let mut keys: Vec<String> = self.variables.0.keys().cloned().collect();
        if let Some((_, table)) = &self.file {
            leaves(table, "", &mut keys);
        }
        let name = |key: &String| key.strip_prefix(section)?.strip_prefix('.')?.split_once('.').map(|(name, _)| name.to_owned());
        keys.iter().filter_map(name).collect()
    }

    /// Both together, as the type wants them.
    pub(super) fn understand<T: DeserializeOwned>(&self) -> Result<T, BadSetting> {
        let mut both = Config::builder();
        if let Some((_, table)) = &self.file {
            both = both.add_source(Table(table.clone()));
        }
        both.add_source(self.variables.clone()).build().and_then(Config::try_deserialize).map_err(|error| {
            let (key, problem) = told(error);
            self.shape(&key, &problem)
        })
    }

    fn shape(&self, key: &str, problem: &str) -> BadSetting {
        let from = match (self.variables.0.get(key), &self.file) {
            (Some((variable, _)), _) => format!(" (from the environment variable {variable})"),
            (None, Some((file, table))) if holds(table, key) => format!(" (from {file})"),
            _ => String::new(),
        };
        let fix = if problem.contains("; ") { String::new() } else { format!("; {HELP}") };
        BadSetting::Shape { place: key.to_owned(), problem: format!("{problem}{fix}{from}") }
    }
}

impl Variables {
    fn of(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = environment.into_iter().filter_map(|(variable, text)| {
            // One underscore may be part of a name; without two it is no setting: VIGIA_CACHE and such.
            let key = variable.strip_prefix(PREFIX).filter(|rest| rest.contains("__"))?.to_lowercase().replace("__", ".");
            Some((key, (variable, text)))
        });
        Self(ours.collect())
    }
}

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let value = |key: &String, text: &String| {
            if LISTS.contains(&key.as_str()) {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                return ValueKind::Array(items.map(|item| Value::new(None, item)).collect());
            }
            ValueKind::String(text.clone())
        };
        Ok(self.0.iter().map(|(key, (_, text))| (key.clone(), Value::new(None, value(key, text)))).collect())
    }
}

#[derive(Clone, Debug)]
struct Table(Map<String, Value>);

impl Source for Table {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn leaves(table: &Map<String, Value>, above: &str, found: &mut Vec<String>) {
    for (name, value) in table {
        match &value.kind {
            ValueKind::Table(inner) => leaves(inner, &format!("{above}{name}."), found),
            _ => found.push(format!("{above}{name}")),
        }
    }
}

fn holds(table: &Map<String, Value>, key: &str) -> bool {
    let (name, rest) = key.split_once('.').map_or((key, None), |(name, rest)| (name, Some(rest)));
    match (table.get(name).map(|value| &value.kind), rest) {
        (Some(ValueKind::Table(inner)), Some(rest)) => holds(inner, rest),
        (found, rest) => found.is_some() && rest.is_none(),
    }
}

/// Key and problem of the library's error, in our words where it has only its own.
fn told(error: ConfigError) -> (String, String) {
    match error {
        ConfigError::Type { unexpected, expected, key, .. } => {
            let fix = match expected {
                "a boolean" => "; write true or false",
                number if number.contains("integer") => "; write a whole number",
                _ => "",
            };
            (key.unwrap_or_default(), format!("{unexpected} is not {expected}{fix}"))
        }
        ConfigError::At { error, key, .. } => {
            let (inner, problem) = told(*error);
            (key.unwrap_or(inner), problem)
        }
        other => ("the settings".to_owned(), one_line(&other.to_string())),
    }
}

/// Where and why, without the drawing in between.
fn no_toml(error: &ConfigError) -> String {
    let text = error.to_string();
    let said: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains('|')).collect();
    format!("{}; {HELP}", said.join(": "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
