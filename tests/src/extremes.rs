//! Extreme settings: at and near the ends of their ranges.

use crate::{settings::Settings, story::Role};

/// `usize::MAX` and `u64::MAX`, and almost `Duration::MAX`, as written in a story.
const U64_MAX: &str = "18446744073709551615";

/// Numeric settings of the server: each with its smallest values, values that coincide with other limits, and the largest.
const SERVER: [(&str, &[&str]); 21] = [
    ("limit line", &["0", "1", "2", "3", "5", "6", "20", "64", U64_MAX]),
    ("limit auth-line", &["0", "1", "20", U64_MAX]),
    (
        "limit logins",
        &["0 0", "0 1", "1 0", "0 4294967295", "4294967295 4294967295"],
    ),
    ("limit message", &["0", "1", "10", U64_MAX]),
    ("limit recipients", &["0", "1", "2", "4294967295"]),
    ("limit window", &["0", "1", "2", "5", "100", U64_MAX]),
    (
        "limit errors",
        &[
            "0 0",
            "0 1",
            "1 0",
            "1 2",
            "0 4294967295",
            "4294967295 4294967295",
        ],
    ),
    (
        "limit unknown",
        &[
            "0 0",
            "0 1",
            "1 0",
            "1 2",
            "0 4294967295",
            "4294967295 4294967295",
        ],
    ),
    ("limit overshoot", &["0", "1", "4294967295"]),
    ("limit idle", &["0", "1", "2", "3", "4294967295"]),
    ("limit dropped", &["0", "1", "100", U64_MAX]),
    (
        "timeout banner",
        &[
            "1",
            "5; server early-talk allow",
            "100; server early-talk allow; server limit line 20",
            "4294967295",
        ],
    ),
    ("timeout penalty", &["0", "1", "29", "300", "1000000"]),
    ("timeout min-rate", &["0", "1", "4294967295"]),
    (
        "timeout command",
        &[
            "1",
            "100",
            "100; server limit unknown 0 1000; server limit errors 0 1000",
            U64_MAX,
        ],
    ),
    (
        "timeout data",
        &[
            "1",
            "100",
            "100; server limit unknown 0 1000; server limit errors 0 1000",
            U64_MAX,
        ],
    ),
    ("timeout answer", &["1", "100", U64_MAX]),
    ("timeout verdict", &["1", "100", U64_MAX]),
    ("timeout write", &["1", "100", U64_MAX]),
    ("early-talk", &["allow"]),
    ("unknown-commands", &["ask"]),
];

/// Numeric settings of the client, in the same way.
const CLIENT: [(&str, &[&str]); 8] = [
    ("limit window", &["0", "1", "2", "3", "5", U64_MAX]),
    ("limit chunk", &["0", "1", "2", "5", "9", U64_MAX]),
    ("limit reply-line", &["0", "1", "5", "20", U64_MAX]),
    ("limit reply-lines", &["0", "1", "2", U64_MAX]),
    ("limit reply", &["0", "1", "5", "20", "100", U64_MAX]),
    ("timeout all", &["1", U64_MAX]),
    ("timeout data-end", &["1", U64_MAX]),
    (
        "chunking",
        &[
            "when-offered",
            "when-offered; client limit chunk 9; client limit window 2",
            "when-offered; client limit chunk 1; client limit window 3",
        ],
    ),
];

/// Returns an extreme setting as a line of a story, or as several lines that belong together. `pick` returns a number below
/// its argument.
#[must_use]
pub fn extreme(role: Role, pick: &mut impl FnMut(usize) -> usize) -> Vec<String> {
    let (name, table) = match role {
        Role::Server => ("server", &SERVER[..]),
        Role::Client => ("client", &CLIENT[..]),
    };
    let (setting, values) = table[pick(table.len())];
    let lines = format!("{name} {setting} {}", values[pick(values.len())]);
    lines.split("; ").map(str::to_owned).collect()
}

/// Changes up to this number of settings, and returns their lines for a report.
pub fn make_extreme(
    settings: &mut Settings,
    role: Role,
    count: usize,
    pick: &mut impl FnMut(usize) -> usize,
) -> Vec<String> {
    let lines: Vec<String> = (0..count).flat_map(|_| extreme(role, pick)).collect();
    for line in &lines {
        let (head, rest) = line.split_once(' ').expect("a setting has several words");
        settings.set(head, rest).expect("a setting that a story may have");
    }
    lines
}
