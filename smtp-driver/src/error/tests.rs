use std::{error::Error as _, io, string::ToString};

use smtp_proto::{
    client::{Closed, MessageOutcome, ReplyTo, RequestError, Retry},
    types::{Code, Reply, Text, Verb},
};

use super::*;

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
            last.note(&Event::Reply {
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
        let sending = SendError::new(error, Receipt::default());
        assert_eq!(sending.to_string(), shown);
        assert_eq!(sending.source().unwrap().to_string(), "reset");
    }
}

/// The refusal of EHLO decides, for any replies to HELO and QUIT.
#[test]
fn the_error_names_the_refusal_of_ehlo() {
    let reply = |line: &'static str| smtp_proto::syntax::parse_reply(line.as_bytes()).unwrap();
    let mut last = LastRefusal::default();
    for (to, reply) in [
        (ReplyTo::Hello(Verb::Ehlo), reply("550 5.5.1 who are you\r\n")),
        (ReplyTo::Hello(Verb::Helo), reply("503 what\r\n")),
        (ReplyTo::Quit, reply("500 what\r\n")),
    ] {
        last.note(&Event::Reply { to, reply });
    }
    let error = last.closed::<io::Error>(Closed::Refused, MessageOutcome::None, None);
    assert_eq!(
        error.to_string(),
        "server refused the session: 550 5.5.1 who are you"
    );
    assert_eq!(error.retry(), Retry::Never);
}

#[test]
fn an_error_states_if_and_when_to_retry() {
    let closed = |why, message, line: &'static str| Error::<io::Error>::Closed {
        why,
        message,
        reply: (!line.is_empty()).then(|| {
            (
                ReplyTo::Mail,
                smtp_proto::syntax::parse_reply(line.as_bytes()).unwrap(),
            )
        }),
        source: None,
    };
    let none = MessageOutcome::NotAccepted;
    for (error, retry) in [
        (Error::Connect(io::Error::other("")), Retry::Later),
        (Error::NoTls, Retry::Never),
        (RequestError::Over.into(), Retry::Now),
        (RequestError::NoRecipients.into(), Retry::Never),
        (closed(Closed::ConnectionLost, none, ""), Retry::Now),
        (
            closed(Closed::ConnectionLost, MessageOutcome::Unknown, ""),
            Retry::Unknown,
        ),
        (closed(Closed::NotAvailable, none, "421 bye\r\n"), Retry::Later),
        (closed(Closed::LoginRefused, none, "535 no\r\n"), Retry::Never),
        (closed(Closed::LoginRefused, none, "454 later\r\n"), Retry::Later),
        (closed(Closed::NoMechanism, none, ""), Retry::Never),
        (closed(Closed::TlsFailed, none, ""), Retry::Later),
    ] {
        assert_eq!(error.retry(), retry, "{error}");
    }
}
