use std::{collections::BTreeSet, vec::Vec};

use super::*;
use crate::diagrams::Diagram;

#[test]
fn every_stage_can_be_reached_and_left() {
    let names: BTreeSet<_> = moves()
        .flat_map(|(from, _, to)| [from, to])
        .filter(|name| *name != "*")
        .collect();
    let reached: BTreeSet<_> = moves().map(|(.., to)| to).chain(["Greeting"]).collect();
    let left: BTreeSet<_> = moves().map(|(from, ..)| from).chain(["Over", "*"]).collect();
    assert_eq!(names, reached);
    assert!(names.is_subset(&left), "{names:?} {left:?}");
}

#[test]
fn each_move_is_listed_once() {
    let all: Vec<_> = MOVES
        .iter()
        .map(|(from, _, to)| (from.as_str(), to.as_str()))
        .collect();
    let distinct: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!(all.len(), distinct.len());
}

#[test]
fn the_diagram_is_drawn_from_the_table() {
    let mut diagram = Diagram::new("client-stages", "Greeting");
    for (from, cause, to) in moves().filter(|(from, ..)| *from != "*") {
        diagram.add(from, cause, to);
    }
    diagram.check();
}
