use super::*;
use crate::types::{Argument, Query, UnknownCommand};

#[test]
fn a_session_serves_several_transactions() {
    let mut session = Session::with(config(), "PIPELINING");
    for _ in 0..3 {
        session
            .deliver(to("b@y"))
            .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|")
            .server("250|250|354");
        session.reports_last("Body").pass("Hi", More::Yes);
        session
            .end()
            .sends("Hi|.|")
            .server("250")
            .reports("Message 250, Accepted");
    }
    session.client.quit().unwrap();
    session
        .poll_all()
        .sends("QUIT|")
        .server("221 bye")
        .reports("Quit 221, Closed Quit None");
}

#[test]
fn quit_does_not_depend_on_its_reply() {
    let quitting = || {
        let mut session = Session::with(config(), "");
        session.client.quit().unwrap();
        session.poll_all().written();
        session
    };
    quitting().eof().reports("Closed Quit None");
    quitting().connection_lost().reports("Closed Quit None");
    quitting().later(10).reports("Closed Quit None");
    quitting().server("421 bye").reports("Quit 421, Closed Quit None");
    quitting()
        .server("500 what?")
        .reports("Quit 500, Closed Quit None");
}

#[test]
fn commands_are_answered_one_at_a_time() {
    let query = || Query::new("bob").unwrap();
    let mut session = Session::with(config(), "");
    session.client.verify(query()).unwrap();
    session
        .poll_all()
        .sends("VRFY bob|")
        .server("252 cannot")
        .reports("Verify 252");
    session.client.expand(query()).unwrap();
    session
        .poll_all()
        .sends("EXPN bob|")
        .server("550 no")
        .reports("Expand 550");
    session.client.help(Some(Argument::new("MAIL").unwrap())).unwrap();
    session
        .poll_all()
        .sends("HELP MAIL|")
        .server("214-one|214 two")
        .reports("Help 214");
    session.client.noop().unwrap();
    session
        .poll_all()
        .sends("NOOP|")
        .server("250")
        .reports("Noop 250");
    session.client.reset().unwrap();
    session
        .poll_all()
        .sends("RSET|")
        .server("250")
        .reports("Reset 250");
    session
        .client
        .command(UnknownCommand::new("XDEBUG", Some(Argument::new("NAME=a").unwrap())).unwrap())
        .unwrap();
    session
        .poll_all()
        .sends("XDEBUG NAME=a|")
        .server("334 go")
        .reports("Command 334");
    assert!(session.client.is_ready());
}

#[test]
fn a_command_out_of_turn_is_returned() {
    let mut session = Session::new(config());
    for _ in 0..2 {
        let client = &mut session.client;
        let query = Query::new("bob").unwrap();
        let command = UnknownCommand::new("XDEBUG", Some(Argument::new("NAME=a").unwrap())).unwrap();
        assert_eq!(client.noop(), Err(RequestError::OutOfTurn));
        assert_eq!(client.reset(), Err(RequestError::OutOfTurn));
        assert_eq!(client.quit(), Err(RequestError::OutOfTurn));
        assert_eq!(client.verify(query.clone()).unwrap_err().value, query);
        assert_eq!(client.expand(query.clone()).unwrap_err().value, query);
        assert_eq!(client.help(None).unwrap_err().error, RequestError::OutOfTurn);
        assert_eq!(client.command(command.clone()).unwrap_err().value, command);
        assert_eq!(
            client.deliver(to("b@y")).unwrap_err().error,
            RequestError::OutOfTurn
        );
        session.wire.clear();
        session = Session::with(Config::clone(&session.client.config), "");
        session.deliver(to("b@y"));
    }
    session.sends("MAIL FROM:<a@x>|");
}

#[test]
fn an_international_query_needs_its_extension() {
    let query = || Query::new("b\u{e9}").unwrap().with_smtputf8();
    let mut session = Session::with(config(), "");
    assert_eq!(
        session.client.verify(query()).unwrap_err().error,
        RequestError::NotOffered(Keyword::SmtpUtf8)
    );
    assert_eq!(
        session.client.expand(query()).unwrap_err().error,
        RequestError::NotOffered(Keyword::SmtpUtf8)
    );
    let mut session = Session::with(config(), "SMTPUTF8");
    session.client.verify(query()).unwrap();
    session.poll_all().sends("VRFY b\u{e9} SMTPUTF8|");
}

#[test]
fn a_reset_by_the_application_replaces_the_automatic_reset() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .written()
        .server("250|250|451")
        .reports_last("Refused(Data)");
    session.client.reset().unwrap();
    session.poll_all().written().server("250");
    session.wire.clear();
    session
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|");
}

#[test]
fn a_reply_before_the_command_is_written_does_not_answer_it() {
    let mut session = Session::with(config(), "");
    session.client.noop().unwrap();
    session
        .poll_all()
        .server("250")
        .reports("Nothing 250, Closed Unsolicited None");
}

/// A reply that begins before the command is written is as unsolicited as a whole one, however long it is.
#[test]
fn a_reply_begun_before_the_command_does_not_answer_it() {
    let long = [&b"250 "[..], &[b'x'; 5000]].concat();
    for (begun, rest, expected) in [
        (
            &b"2"[..],
            &b"50 ok\r\n"[..],
            "Nothing 250, Closed Unsolicited None",
        ),
        (b"250 ", b"ok\r\n", "Nothing 250, Closed Unsolicited None"),
        (
            b"250-ok\r\n",
            b"250 ok\r\n",
            "Nothing 250, Closed Unsolicited None",
        ),
        (
            b"250 ok\r",
            b"\n250 ok\r\n",
            "Nothing 250, Closed Unsolicited None",
        ),
        (&long, b"\r\n", "Nothing 250, Closed Unsolicited None"),
        (b"4", b"51 no\r\n", "Nothing 451, Closed Unsolicited None"),
        (b"42", b"1 bye\r\n", "Nothing 421, Closed NotAvailable None"),
    ] {
        let mut session = Session::with(config(), "");
        session.octets(begun).reports("");
        session.client.noop().unwrap();
        session.poll_all().sends("NOOP|").octets(rest).reports(expected);

        // The same while the command waits to be written.
        let mut session = Session::with(config(), "");
        session.client.noop().unwrap();
        session
            .poll_all()
            .octets(begun)
            .sends("NOOP|")
            .octets(rest)
            .reports(expected);
    }
}

/// Input that arrived with the previous reply counts, too.
#[test]
fn a_reply_begun_after_another_reply_does_not_answer_a_later_command() {
    let mut session = Session::with(config(), "");
    session.client.noop().unwrap();
    session
        .poll_all()
        .written()
        .octets(b"250 ok\r\n250 ")
        .reports("Noop 250");
    session.client.noop().unwrap();
    session
        .poll_all()
        .written()
        .octets(b"ok\r\n")
        .reports("Nothing 250, Closed Unsolicited None");
}

/// The reason that made the client leave stays, however the replies after it are cut.
#[test]
fn a_reply_before_quit_is_written_does_not_change_the_ending() {
    for reply in ["421 bye", "250 ok", "554 no"] {
        let refused = || {
            let mut session = Session::new(config());
            session.server("554 no").reports("Greeting 554");
            session
        };
        refused().server(reply).reports_last("Closed Refused None");
        let (begun, rest) = reply.split_at(2);
        refused()
            .octets(begun.as_bytes())
            .written()
            .server(rest)
            .reports_last("Closed Refused None");
        refused()
            .written()
            .server(reply)
            .reports_last("Closed Refused None");
    }
}

#[test]
fn a_session_is_small() {
    assert!(size_of::<Client>() <= 1024);
}
