//! The properties of whole sessions, with extreme settings and changed inputs of the fuzz corpora.
//!
//! Each run follows from its seed. `SEED=17` runs one seed; `SEEDS=100000` runs this number of seeds for each property, from
//! `SEED` or 0.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

use std::{env, fs, panic::catch_unwind, path::Path};

use smtp_tests::{
    Dice,
    properties::{client_session, pair, server_session},
};

/// The number of seeds of each property, unless the environment sets `SEEDS`.
const SEEDS: u64 = 2000;

/// A property, and the parts of its inputs.
struct Target {
    name: &'static str,
    property: fn(&[u8]),
    /// The choices in front of the extreme settings.
    choices: usize,
    /// The marks of extreme settings.
    marks: &'static [u8],
    /// The flights that a session may begin with, if it is not from the corpus.
    openings: &'static [&'static [u8]],
    /// Flights to insert after the opening, or between those of the corpus.
    insertions: &'static [&'static [u8]],
}

const TARGETS: [Target; 3] = [
    Target {
        name: "server_session",
        property: server_session,
        choices: 7,
        marks: b"+",
        openings: &[
            b"EHLO client.example\r\n",
            b"HELO c.example\r\n|MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nBDAT 4\r\nn",
        ],
        insertions: &[
            b"\r\n",
            b"\n",
            b"x",
            b"NOOP\r\n",
            b"RSET\r\n",
            b"XYZZY\r\n",
            b"XYZ",
            b"",
            b"MAIL FROM:<>\r\nRCPT TO:<no@example.org>\r\nRCPT TO:<no@example.org>\r\n",
            b"MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<no@example.org>\r\nNOOP\r\n",
        ],
    },
    Target {
        name: "client_session",
        property: client_session,
        choices: 5,
        marks: b"-",
        openings: &[
            b"220 mx\r\n|250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n|250 ok\r\n|250 ok\r\n|250 ok\r\n",
        ],
        insertions: &[
            b"250 ok\r\n",
            b"250 ok\r\n250 ok\r\n250 ok\r\n",
            b"452 no\r\n",
            b"452 no\r\n250 ok\r\n",
            b"354 go\r\n",
            b"421 bye\r\n",
        ],
    },
    Target {
        name: "pair",
        property: pair,
        choices: 10,
        marks: b"+-",
        openings: &[b"Subject: x\r\n\r\n"],
        insertions: &[b"\r\n", b"\r", b"\n.\n", b".", b"\r\n.\r\n", b"x"],
    },
];

#[test]
fn sessions_with_extreme_settings_keep_their_properties() {
    let number = |variable: &str| -> Option<u64> {
        let value = env::var(variable).ok()?;
        Some(value.parse().expect("a number"))
    };
    let first = number("SEED");
    let count = number("SEEDS").unwrap_or(if first.is_some() { 1 } else { SEEDS });
    let first = first.unwrap_or(0);
    let mut failed = Vec::new();
    for target in TARGETS {
        let (name, property) = (target.name, target.property);
        let corpus = corpus(name);
        for seed in first..first + count {
            let input = input(&mut Dice::new(seed), &corpus, &target);
            if let Err(panic) = catch_unwind(|| property(&input)) {
                let fault = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
                let fault = fault.lines().next().unwrap_or_default();
                failed.push(format!(
                    "{name} SEED={seed}: {fault}\n    {}",
                    input.escape_ascii()
                ));
            }
        }
    }
    let count = failed.len();
    assert!(failed.is_empty(), "{count} failed:\n{}", failed.join("\n"));
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(name);
    let entries = fs::read_dir(folder).expect("a corpus");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("an input"))
        .collect()
}

/// Returns an input with extreme settings: from the corpus, half of the time with changed flights, or a new one.
fn input(dice: &mut Dice, corpus: &[Vec<u8>], target: &Target) -> Vec<u8> {
    let source = &corpus[dice.below(corpus.len())];
    let (head, stream) = split(source);
    let mut input: Vec<u8> = (0..target.choices)
        .map(|index| head.get(index).copied().unwrap_or(b'0'))
        .collect();
    for mark in target.marks {
        for _ in 0..dice.between(1, 4) {
            input.extend([*mark, b'0' + octet(dice, 60), b'0' + octet(dice, 24)]);
        }
    }
    for _ in 0..dice.below(4) {
        input.push(b'0' + octet(dice, 60));
    }
    input.push(b'\n');
    let mut flights: Vec<Vec<u8>> = stream.split(|octet| *octet == b'|').map(<[u8]>::to_vec).collect();
    if dice.one_in(4) {
        flights = vec![dice.pick(target.openings).to_vec()];
        for _ in 0..dice.below(8) {
            flights.push(dice.pick(target.insertions).to_vec());
        }
    } else if dice.one_in(2) {
        for _ in 0..dice.between(1, 4) {
            change(dice, corpus, target, &mut flights);
        }
    }
    input.extend(flights.join(&b'|'));
    input
}

fn change(dice: &mut Dice, corpus: &[Vec<u8>], target: &Target, flights: &mut Vec<Vec<u8>>) {
    let at = dice.below(flights.len());
    match dice.below(8) {
        0 => {
            let again = flights[at].clone();
            flights.insert(at, again);
        }
        1 if flights.len() > 1 => {
            flights.remove(at);
        }
        2 if at > 0 => {
            let flight = flights.remove(at);
            flights[at - 1].extend(flight);
        }
        3 => {
            let middle = dice.below(flights[at].len());
            let rest = flights[at].split_off(middle);
            flights.insert(at + 1, rest);
        }
        4 => {
            let other = split(&corpus[dice.below(corpus.len())]).1;
            let others: Vec<&[u8]> = other.split(|octet| *octet == b'|').collect();
            flights.insert(at, others[dice.below(others.len())].to_vec());
        }
        _ => flights.insert(at, dice.pick(target.insertions).to_vec()),
    }
}

fn split(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|octet| *octet == b'\n').unwrap_or(0);
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}

fn octet(dice: &mut Dice, below: usize) -> u8 {
    u8::try_from(dice.below(below)).expect("it is small")
}
