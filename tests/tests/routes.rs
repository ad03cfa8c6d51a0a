//! Random worlds for the way to the next hop: `just route-worlds 100000`.
use std::{env, panic::catch_unwind};

use smtp_tests::{Dice, properties};

/// Number of worlds in one test run. `WORLDS` sets another number, `SEED` the first world.
const WORLDS: u64 = 2000;

#[test]
fn every_route_ends_and_weakens_no_demand() {
    let setting = |name, default| env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (first, number) = (setting("SEED", 0), setting("WORLDS", WORLDS));
    for seed in first..first + number {
        let mut dice = Dice::new(seed);
        let octets: Vec<u8> = (0..dice.between(20, 240)).map(|_| dice.next() as u8).collect();
        if catch_unwind(|| properties::route(&octets)).is_err() {
            panic!("the world of SEED={seed} WORLDS=1 failed, see above");
        }
    }
}
