//! The rooms of the back end: a room knows the rooms below it and none above or beside it.

use std::collections::BTreeSet;

use crate::tree::{File, files, none_of};

const FOLDER: &str = "app/backend/src/";

/// From the ground up: a room may use every room of the rows before its own, and no other.
/// A new room gets a row, or a place in a row whose rooms do not need each other.
const FLOORS: [&[&str]; 14] = [
    // What everything stands on: the clock and the dice, start and stop, settings, counts, the way out, where a request
    // comes from, words that are looked for, time zones by name.
    &["world", "lifecycle", "config", "metrics", "files", "share", "outbound", "origin", "words", "zone"],
    // How often something may be done, by the clock.
    &["limit"],
    // What is kept; what is told to who listens; the broker, which knows of the house only the trait that it calls; certificates.
    &["db", "live", "mqtt", "tls"],
    &["telemetry", "jobs"],
    // Who somebody is and may do.
    &["auth"],
    // The way in: check, batch, commit, announce.
    &["ingest"],
    // What somebody owns, and what of it may speak.
    &["fleet"],
    // What readings become.
    &["energy", "biogas", "care"],
    &["insight", "notify"],
    &["report"],
    // The handle to the installation, made of all rows before (see HOLDERS).
    &["app"],
    &["http", "simulate"],
    &["bench"],
    // What puts all of it together.
    &["cli"],
];

/// Rooms whose functions for pages and routes take the whole installation, though they are a part of it.
const HOLDERS: [&str; 9] = ["auth", "fleet", "live", "energy", "biogas", "care", "insight", "notify", "report"];

const MEND: &str = "A room uses the rooms below it (see FLOORS in app/xtask/tests/house/rooms.rs and docs/architecture.md). \
Move the shared thing down, or let the caller pass it in (a trait, a channel). Only if the house really changes, change FLOORS.";

#[test]
fn every_room_has_its_floor() {
    let rooms: BTreeSet<String> = sources().iter().filter_map(|file| room_of(&file.path)).collect();
    let findings: Vec<String> = rooms.into_iter().filter(|room| floor(room).is_none()).map(|room| format!("{FOLDER}{room}")).collect();
    none_of(&findings, "Give the room its floor in FLOORS (app/xtask/tests/house/rooms.rs).");
}

#[test]
fn no_room_knows_one_above_or_beside_it() {
    let mut findings = Vec::new();
    for file in sources() {
        let Some(room) = room_of(&file.path) else { continue };
        let Some(own) = floor(&room) else { continue };
        for other in mentioned(&file) {
            let held = other == "app" && HOLDERS.contains(&room.as_str());
            if other != room && !held && floor(&other).is_some_and(|theirs| theirs >= own) {
                findings.push(format!("{}: {room} -> {other}", file.path));
            }
        }
    }
    none_of(&findings, MEND);
}

fn sources() -> Vec<File> {
    files().into_iter().filter(|file| file.path.starts_with(FOLDER) && file.path.ends_with(".rs")).collect()
}

/// `db/samples.rs` and `lifecycle.rs` belong to `db` and `lifecycle`; `lib.rs` to none.
fn room_of(path: &str) -> Option<String> {
    let room = path.strip_prefix(FOLDER)?.split('/').next()?;
    let room = room.strip_suffix(".rs").unwrap_or(room);
    (room != "lib").then(|| room.to_owned())
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a file's code names by `crate::room` or `use crate::{room, ...}`.
fn mentioned(file: &File) -> BTreeSet<String> {
    let code: String = file.text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for (start, word) in code.match_indices("crate::") {
        let rest = &code[start + word.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            rooms.extend(first_names(group));
        } else {
            rooms.insert(name_at(rest));
        }
    }
    rooms
}

/// The first name of each part of a `{...}` group, whose opening brace is already read.
fn first_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 1;
    let mut expects_name = true;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => expects_name = true,
            _ if letter.is_whitespace() => {}
            _ if expects_name => {
                names.push(name_at(&group[at..]));
                expects_name = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn name_at(text: &str) -> String {
    text.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn rooms_are_found_in_paths_and_groups() {
    let text = "use crate::db::{Db, users};\nuse crate::{\n    live::Hub, // crate::not\n    http::{a, b},\n    World,\n};\nfn f() { crate::mqtt::start() }\n";
    let rooms = mentioned(&File { path: String::new(), text: text.to_owned() });
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), ["World", "db", "http", "live", "mqtt"]);
}
