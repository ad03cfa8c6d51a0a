use std::{collections::BTreeSet, format, string::String};

use super::*;
use crate::diagrams::Diagram;

const STATES: [State; 10] = [
    State::Connected,
    State::Greeted,
    State::Ready,
    State::Mail,
    State::Recipients,
    State::Data,
    State::Chunks,
    State::Broken,
    State::Refused,
    State::Closed,
];
const MOVES: [Move; 11] = [
    Move::Hello,
    Move::StartTls,
    Move::Auth,
    Move::Mail,
    Move::Historic,
    Move::Rcpt,
    Move::Data,
    Move::Bdat,
    Move::Rset,
    Move::Anytime,
    Move::Quit,
];

#[test]
fn the_table_in_the_documentation_is_the_table_in_the_code() {
    let documented: BTreeSet<String> = include_str!("../state.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| line.contains(" -> "))
        .map(|line| line.split_whitespace().collect::<std::vec::Vec<_>>().join(" "))
        .collect();
    let mut coded = BTreeSet::new();
    for state in STATES {
        for command in MOVES {
            if let Some(next) = state.after(command) {
                coded.insert(format!("{state:?} {command:?} -> {next:?}"));
            }
        }
    }
    assert_eq!(documented, coded);
}

#[test]
fn a_transaction_is_left_only_by_hello_rset_and_quit() {
    for state in STATES.into_iter().filter(|state| state.in_transaction()) {
        for command in MOVES {
            let leaves = state.after(command).is_some_and(|next| !next.in_transaction());
            assert!(
                !leaves || matches!(command, Move::Hello | Move::Rset | Move::Quit),
                "{command:?} leaves {state:?}"
            );
        }
    }
}

#[test]
fn the_diagram_is_drawn_from_the_table() {
    let mut diagram = Diagram::new("server-states", format_args!("{:?}", State::Connected));
    for state in STATES {
        for command in MOVES {
            if let Some(next) = state.after(command) {
                diagram.add(
                    format_args!("{state:?}"),
                    format_args!("{command:?}"),
                    format_args!("{next:?}"),
                );
            }
        }
    }
    diagram.check();
}
