use std::{io, string::ToString};

use super::*;
use crate::{
    client::{self, Closed, MessageOutcome, ReplyTo},
    types::{Code, Host, Reply, Text},
};

fn config() -> Config {
    Config::new(Host::parse("mx.test").unwrap())
}

#[test]
fn a_connection_without_a_place_hears_421() {
    let said = busy_reply(config().into());
    assert_eq!(said, b"421 too busy, try again later\r\n");
}

#[test]
fn a_banner_that_is_held_back_does_not_hold_that_up() {
    let mut config = config();
    config.timeouts.greeting_delay = core::time::Duration::from_secs(20);
    assert!(busy_reply(config.into()).starts_with(b"421 "));
}

#[test]
fn an_error_names_the_reply_that_ended_the_session_and_none_that_only_came_before() {
    let refusal = Reply::new(
        Code::NOT_IMPLEMENTED,
        None,
        &Text::new("no such command").unwrap(),
    )
    .unwrap();
    let acceptance = Reply::new(Code::OK, None, &Text::new("ok").unwrap()).unwrap();
    for (why, named) in [
        (Closed::LoginRefused, true),
        (Closed::NotAvailable, true),
        (Closed::RefusedEarly, true),
        (Closed::ConnectionClosed, false),
        (Closed::ConnectionLost, false),
        (Closed::TlsFailed, false),
        (Closed::Aborted, false),
    ] {
        let mut last = LastRefusal::default();
        for reply in [&refusal, &acceptance] {
            last.note(&client::Event::Reply {
                to: ReplyTo::Command,
                reply: reply.clone(),
            });
        }
        let error = last.closed(why, MessageOutcome::None, Some(io::Error::other("reset")));
        let told = if named { ": 502 no such command" } else { "" };
        assert_eq!(error.to_string(), std::format!("{why}{told}"));
        let cause = core::error::Error::source(&error).map(std::string::ToString::to_string);
        assert_eq!(cause.as_deref(), Some("reset"));
    }
}
