use std::{error::Error as _, io, string::ToString};

use super::*;
use crate::{
    client::{self, Closed, MessageOutcome, ReplyTo},
    types::{Code, Host, Reply, Text},
};

fn config() -> Config {
    Config::new(Host::parse("mx.test").unwrap())
}

#[test]
fn a_connection_over_the_limit_gets_421() {
    let reply = busy_reply(config().into());
    assert_eq!(reply, b"421 too busy, try again later\r\n");
}

#[test]
fn the_busy_reply_skips_the_greeting_delay() {
    let mut config = config();
    config.timeouts.greeting_delay = core::time::Duration::from_secs(20);
    assert!(busy_reply(config.into()).starts_with(b"421 "));
}

#[test]
fn an_error_names_only_the_reply_that_ended_the_session_and_does_not_repeat_its_source() {
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
        let shown = if named {
            std::format!("{why}: 502 no such command")
        } else {
            why.to_string()
        };
        assert_eq!(error.to_string(), shown);
        let sending = SendError::new(error, client::Receipt::default());
        assert_eq!(sending.to_string(), shown);
        assert_eq!(sending.source().unwrap().to_string(), "reset");
    }
}
