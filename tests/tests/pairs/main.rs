//! A client and a server under virtual time: exactly the accepted messages arrive, octet for octet, and each session ends.
//!
//! Each world follows from its seed. `SEED=17` runs one world; `WORLDS=1000000` runs this number of worlds, from `SEED` or 0.
//! A world that fails is printed as a story for `transcripts/pair/`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

mod entry;
mod link;
mod plan;
mod properties;
mod tell;
mod wire;
mod world;

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
};

use smtp_tests::{Story, check};

use world::World;

/// The default number of worlds.
const WORLDS: u64 = 2000;

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Runs a world to its end, and writes its story in any case. Returns the number of messages that some recipients refused
/// individually.
fn run(seed: u64, story: &mut String) -> Result<usize, String> {
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed, story);
        world.run(properties::bounded)?;
        properties::hold(&world)
    }));
    result.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        Err(said
            .or(panic.downcast_ref().copied())
            .unwrap_or("a panic")
            .to_owned())
    })
}

#[test]
fn every_accepted_message_arrives() {
    let first = number("SEED");
    let worlds = number("WORLDS").unwrap_or(if first.is_some() { 1 } else { WORLDS });
    let first = first.unwrap_or(0);
    let mut story = String::new();
    for seed in first..first + worlds {
        if let Err(fault) = run(seed, &mut story) {
            panic!("SEED={seed}: {fault}\n\n{story}");
        }
    }
}

/// A printed world is a story that passes; a changed one fails.
#[test]
fn a_world_is_a_story() {
    let mut story = String::new();
    let mut divided = 0;
    for seed in 0..200 {
        divided += run(seed, &mut story).expect("a world that holds");
        let parsed = Story::parse("world.smtp".as_ref(), &story).expect("a story");
        check(&parsed).unwrap_or_else(|fault| panic!("{fault}\n\n{story}"));

        let other = story.replace("\nS: 220 mx.example.org", "\nS: 220 mx.example.com");
        if other != story {
            let parsed = Story::parse("world.smtp".as_ref(), &other).expect("a story");
            check(&parsed).expect_err("nobody said that");
        }
    }
    assert!(
        divided > 3,
        "{divided} messages that some recipients refused for themselves"
    );
}
