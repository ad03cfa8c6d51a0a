//! The programs, with clients over loopback. No test depends on timing.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic reports a failed test")]

mod catcher_and_proxy;
mod catcher_threads;
mod greylisting;
mod hello;
mod own_runtime;
mod peer;
mod readiness;
mod without_driver;

use std::collections::BTreeSet;

#[test]
fn the_readme_lists_every_program_and_no_other() {
    let programs = names(include_str!("../../Cargo.toml"), "[[example]]\nname = \"");
    assert_eq!(names(include_str!("../../README.md"), "--example "), programs);
}

/// The words that follow `mark`.
fn names<'t>(text: &'t str, mark: &str) -> BTreeSet<&'t str> {
    let word = |rest: &'t str| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next();
    text.split(mark).skip(1).filter_map(word).collect()
}
