//! Migrations: the same steps for both databases, and no number twice. The library that runs them would notice neither.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{files, none_of};

#[test]
fn both_databases_have_the_same_steps_each_with_its_own_number() {
    let mut steps: BTreeMap<&str, BTreeSet<String>> = BTreeMap::from([("sqlite", BTreeSet::new()), ("postgres", BTreeSet::new())]);
    for file in files() {
        if let Some((database, name)) = file.path.strip_prefix("migrations/").and_then(|rest| rest.split_once('/'))
            && let Some(names) = steps.get_mut(database)
        {
            names.insert(name.to_owned());
        }
    }
    let mut findings: Vec<String> =
        steps["sqlite"].symmetric_difference(&steps["postgres"]).map(|name| format!("{name} is there for one database alone")).collect();
    let mut numbers = BTreeMap::new();
    for name in &steps["sqlite"] {
        if let Some(other) = numbers.insert(name.split('_').next(), name) {
            findings.push(format!("{other} and {name} have one number"));
        }
    }
    none_of(&findings, "A step gets the next free number, and the same name in migrations/sqlite and migrations/postgres.");
}
