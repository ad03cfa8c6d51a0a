//! Sequence diagrams of stories.

use std::{fs, path::Path};

use smtp_tests::{Story, sequence};

use crate::{hold, root};

/// The pictures, each with its story.
const PICTURES: [(&str, &str); 9] = [
    ("pipelining", "guide/pipelining"),
    ("starttls", "guide/starttls"),
    ("auth", "pair/submission"),
    ("lmtp", "guide/lmtp"),
    ("chunks", "guide/chunks"),
    ("prdr", "guide/prdr"),
    ("smuggling", "guide/smuggling"),
    ("xclient", "guide/xclient"),
    ("timeout", "guide/timeout"),
];

#[test]
fn sequence_diagrams_are_drawn_from_their_stories() {
    for (picture, story) in PICTURES {
        let path = format!("tests/transcripts/{story}.smtp");
        let text = fs::read_to_string(root().join(&path)).expect("the story can be read");
        let story = Story::parse(Path::new(&path), &text).expect("a story");
        let drawn = sequence(&story).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        hold(
            &format!("pictures/{picture}.mmd"),
            &format!("%% Drawn by `just pictures` from {path}\n{drawn}"),
        );
    }
}
