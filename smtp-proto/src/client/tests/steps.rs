//! A transaction command by command.

use super::*;
use crate::types::{Mail, Rcpt, RcptParameters, ReversePath};

fn mail() -> Mail<'static> {
    Mail::new(ReversePath::parse("a@x").unwrap(), MailParameters::default())
}

fn rcpt(path: &'static str) -> Rcpt<'static> {
    Rcpt::new(ForwardPath::parse(path).unwrap(), RcptParameters::default())
}

impl Session {
    fn mail(&mut self) -> &mut Self {
        self.client.mail(mail()).unwrap();
        self.poll_all()
    }

    fn rcpt(&mut self, path: &'static str) -> &mut Self {
        self.client.rcpt(rcpt(path)).unwrap();
        self.poll_all()
    }

    fn data(&mut self) -> &mut Self {
        self.client.data().unwrap();
        self.poll_all()
    }
}

#[test]
fn each_command_waits_for_the_application() {
    let mut session = Session::with(config(), "");
    session
        .mail()
        .sends("MAIL FROM:<a@x>|")
        .server("250")
        .reports("Mail 250");
    assert!(session.client.is_open() && !session.client.is_ready());
    assert!(session.wait.application_pending && session.wait.deadline.is_none() && session.wait.want_read);
    session.later(1_000_000).reports("");
    session
        .rcpt("b@y")
        .sends("RCPT TO:<b@y>|")
        .later(299)
        .server("550 no")
        .reports("Recipient(0) 550");
    session
        .rcpt("c@y")
        .sends("RCPT TO:<c@y>|")
        .server("250")
        .reports("Recipient(1) 250");
    session
        .data()
        .sends("DATA|")
        .server("354")
        .reports("Data 354, Body");
    session.pass("Hi|", More::Yes);
    session
        .end()
        .sends("Hi|.|")
        .server("250")
        .reports("Message 250, Accepted");
    assert!(session.client.is_ready());
}

#[test]
fn commands_are_sent_ahead_as_pipelining_allows() {
    let mut session = Session::with(config(), "PIPELINING");
    session.mail().rcpt("b@y").rcpt("c@y").data();
    session.sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|RCPT TO:<c@y>|DATA|");
    session.server("250|250|250|354").reports_last("Data 354, Body");
    let mut session = Session::with(config(), "");
    session
        .mail()
        .rcpt("b@y")
        .data()
        .sends("MAIL FROM:<a@x>|")
        .server("250")
        .sends("RCPT TO:<b@y>|");
    session.server("250").sends("DATA|");
}

#[test]
fn a_refused_sender_ends_the_transaction() {
    let mut session = Session::with(config(), "");
    session
        .mail()
        .written()
        .server("550 no")
        .reports("Mail 550, Refused(Mail)");
    assert!(session.client.is_ready());
    session.mail().sends("MAIL FROM:<a@x>|MAIL FROM:<a@x>|");
}

#[test]
fn with_every_recipient_refused_data_ends_the_transaction() {
    let mut session = Session::with(config(), "");
    session
        .mail()
        .written()
        .server("250")
        .rcpt("b@y")
        .written()
        .server("550");
    session.reports("Mail 250, Recipient(0) 550");
    session.wire.clear();
    session.data().sends("").reports("Refused(Recipient(0))");
    session
        .mail()
        .sends("RSET|")
        .server("250")
        .sends("MAIL FROM:<a@x>|");
}

#[test]
fn chunks_begin_without_a_command() {
    let mut session = Session::with(chunking(), "CHUNKING|PIPELINING");
    session
        .mail()
        .rcpt("b@y")
        .written()
        .server("250|250")
        .reports("Mail 250, Recipient(0) 250");
    session.data().reports("Body").pass("Hi|", More::Last);
    session
        .end()
        .written()
        .server("250")
        .reports("Message 250, Accepted");
}

#[test]
fn reset_cancels_the_transaction() {
    let mut session = Session::with(config(), "");
    session.mail();
    assert_eq!(session.client.reset(), Err(RequestError::OutOfTurn));
    session
        .written()
        .server("250")
        .rcpt("b@y")
        .written()
        .server("250");
    session.events.clear();
    session.wire.clear();
    session.client.reset().unwrap();
    session
        .poll_all()
        .sends("RSET|")
        .server("250")
        .reports("Reset 250, Abandoned");
    session.mail().sends("MAIL FROM:<a@x>|");
    session.server("250");
    session.client.reset().unwrap();
    session
        .poll_all()
        .written()
        .server("500")
        .reports("Mail 250, Reset 500, Abandoned");
    session.wire.clear();
    session.mail().sends("RSET|");
}

#[test]
fn requests_out_of_turn_or_not_offered_are_returned() {
    let mut session = Session::with(config(), "");
    assert_eq!(
        session.client.rcpt(rcpt("b@y")).unwrap_err().error,
        RequestError::OutOfTurn
    );
    assert_eq!(session.client.data(), Err(RequestError::OutOfTurn));
    session.mail();
    let refused = session.client.mail(mail()).unwrap_err();
    assert_eq!((*refused.value, refused.error), (mail(), RequestError::OutOfTurn));
    assert_eq!(session.client.data(), Err(RequestError::NoRecipients));
    let refused = session.client.rcpt(rcpt("b\u{e9}@y")).unwrap_err();
    assert_eq!(
        (*refused.value, refused.error),
        (rcpt("b\u{e9}@y"), RequestError::MailWithoutSmtpUtf8)
    );
    assert!(session.client.deliver(to("b@y")).is_err() && session.client.quit().is_err());
    session.written().server("550");
    assert_eq!(
        session.client.rcpt(rcpt("b@y")).unwrap_err().error,
        RequestError::OutOfTurn
    );
    session.eof();
    assert_eq!(
        session.client.rcpt(rcpt("b@y")).unwrap_err().error,
        RequestError::Over
    );
    assert_eq!(session.client.data(), Err(RequestError::Over));

    let mut session = Session::with(config(), "LIMITS RCPTMAX=2 RCPTDOMAINMAX=1");
    session.mail().rcpt("b@y");
    assert_eq!(
        session.client.rcpt(rcpt("b@z")).unwrap_err().error,
        RequestError::TooManyDomains(1)
    );
    session.rcpt("c@y");
    assert_eq!(
        session.client.rcpt(rcpt("d@y")).unwrap_err().error,
        RequestError::TooManyRecipients(2)
    );
}

#[test]
fn a_disconnection_between_commands_accepts_nothing() {
    let mut session = Session::with(config(), "");
    session.mail().written().server("250").server("421 bye");
    session.reports_last("Nothing 421, Closed NotAvailable NotAccepted");
}

#[test]
fn a_reply_begun_between_commands_does_not_answer_the_next() {
    let cases = [
        ("250 ok", "Nothing 250, Closed Unsolicited NotAccepted"),
        ("550 no", "Nothing 550, Closed Unsolicited NotAccepted"),
        ("421 bye", "Nothing 421, Closed NotAvailable NotAccepted"),
    ];
    for (reply, expected) in cases {
        let (begun, rest) = reply.split_at(4);
        let mail = || {
            let mut session = Session::with(config(), "");
            session.octets(begun.as_bytes()).mail().written().server(rest);
            session
        };
        mail().reports(expected);

        let rcpt = || {
            let mut session = Session::with(config(), "");
            session.mail().written().server("250").reports("Mail 250");
            session
                .octets(begun.as_bytes())
                .rcpt("b@y")
                .written()
                .server(rest);
            session
        };
        rcpt().reports(expected);

        let mut session = Session::with(config(), "");
        session
            .mail()
            .written()
            .server("250")
            .rcpt("b@y")
            .written()
            .server("250");
        session
            .reports("Mail 250, Recipient(0) 250")
            .octets(begun.as_bytes());
        session.client.data().unwrap();
        session.poll_all().written().server(rest).reports(expected);

        let mut session = Session::with(config(), "");
        session
            .mail()
            .written()
            .server("250")
            .reports("Mail 250")
            .octets(begun.as_bytes());
        session.client.reset().unwrap();
        session.poll_all().written().server(rest).reports(expected);
    }
}
