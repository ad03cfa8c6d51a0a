use smtp_proto::types::Host;

use super::*;

fn config() -> Config {
    Config::new(Host::parse("mx.test").unwrap())
}

#[test]
fn a_connection_over_the_limit_is_refused_with_421() {
    let reply = busy_reply(config());
    assert_eq!(reply, b"421 too busy, try again later\r\n");
}

#[test]
fn the_busy_reply_skips_the_greeting_delay() {
    let mut config = config();
    config.timeouts.greeting_delay = Duration::from_secs(20);
    assert!(busy_reply(config).starts_with(b"421 "));
}
