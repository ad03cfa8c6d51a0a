use std::{collections::BTreeSet, format, string::String};

use super::*;
use crate::diagrams::Diagram;

#[test]
fn the_table_in_the_documentation_is_the_table_in_the_code() {
    let documented: BTreeSet<String> = include_str!("../state.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| line.contains(" -> "))
        .map(|line| line.split_whitespace().collect::<std::vec::Vec<_>>().join(" "))
        .collect();
    let mut coded = BTreeSet::new();
    for state in State::ALL {
        for step in Move::ALL {
            if let Some(next) = state.after(step) {
                coded.insert(format!("{state:?} {step:?} -> {next:?}"));
            }
        }
    }
    assert_eq!(documented, coded);
}

#[test]
fn the_lists_are_complete() {
    // Both enums are numbered in the order of their declaration.
    assert_eq!(
        State::ALL.map(|state| state as usize),
        core::array::from_fn(|at| at)
    );
    assert_eq!(Move::ALL.map(|step| step as usize), core::array::from_fn(|at| at));
    assert_eq!(State::Closed as usize, State::ALL.len() - 1);
    assert_eq!(Move::Quit as usize, Move::ALL.len() - 1);
}

#[test]
fn a_transaction_ends_only_by_hello_rset_quit_and_the_end_of_data() {
    for state in State::ALL.into_iter().filter(|state| state.in_transaction()) {
        for step in Move::ALL {
            let leaves = state.after(step).is_some_and(|next| !next.in_transaction());
            assert!(
                !leaves || matches!(step, Move::Hello | Move::Rset | Move::Quit | Move::EndOfData),
                "{step:?} leaves {state:?}"
            );
        }
    }
}

#[test]
fn the_diagram_is_drawn_from_the_table() {
    let mut diagram = Diagram::new("server-states", format_args!("{:?}", State::Connected));
    for state in State::ALL {
        for command in Move::ALL {
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
