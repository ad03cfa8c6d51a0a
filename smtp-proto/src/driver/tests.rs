use super::*;
use crate::types::Host;

fn config() -> Config {
    Config::new(Host::parse("mx.test").unwrap())
}

#[test]
fn a_connection_without_a_place_hears_421() {
    let said = turned_away(config().into());
    assert_eq!(said, b"421 too busy, try again later\r\n");
}

#[test]
fn a_banner_that_is_held_back_does_not_hold_that_up() {
    let mut config = config();
    config.timeouts.banner = core::time::Duration::from_secs(20);
    assert!(turned_away(config.into()).starts_with(b"421 "));
}
