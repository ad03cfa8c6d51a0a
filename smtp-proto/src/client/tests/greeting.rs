use super::*;

#[test]
fn nothing_is_said_before_the_whole_greeting() {
    let mut session = Session::new(config());
    session
        .server("220-mx.example")
        .server("220-be patient")
        .hears("");
    session
        .server("220 now")
        .sees("Greeting 220")
        .hears("EHLO me.example|");
}

#[test]
fn a_code_is_greeting_enough() {
    Session::new(config()).server("220").hears("EHLO me.example|");
}

#[test]
fn a_refusal_is_answered_with_quit_and_nothing_else() {
    for code in ["554", "521", "450"] {
        let mut session = Session::new(config());
        session.server(&format!("{code} no service")).hears("QUIT|");
        assert_eq!(session.client.state(), State::Refused);
        assert!(session.client.deliver(to("b@y")).is_err());
        session.server("221 bye");
        session.sees(&format!("Greeting {code}, Quit 221, Closed Refused None"));
    }
}

#[test]
fn a_refusal_stays_one_if_quit_is_answered_with_421_or_not_at_all() {
    let refused = || {
        let mut session = Session::new(config());
        session.server("554 no service").written();
        session
    };
    refused().server("421 bye").sees_at_last("Closed Refused None");
    refused().eof().sees_at_last("Closed Refused None");
    refused().connection_lost().sees_at_last("Closed Refused None");
    refused().later(10).sees_at_last("Closed Refused None");
}

#[test]
fn a_421_greeting_ends_the_session_at_once() {
    let mut session = Session::new(config());
    session
        .server("421 too busy")
        .sees("Greeting 421, Closed NotAvailable None")
        .hears("");
}

#[test]
fn what_is_no_positive_or_negative_reply_is_no_greeting() {
    Session::new(config())
        .server("354 go")
        .sees("Greeting 354, Closed Unexpected None");
    for junk in [
        "HTTP/1.1 400 Bad Request",
        "Welcome",
        "",
        " 220 mx",
        "2x0 mx",
        "220mx",
    ] {
        Session::new(config())
            .server(junk)
            .sees("Closed Malformed(Malformed) None");
    }
}

#[test]
fn helo_follows_a_permanent_refusal_of_ehlo() {
    for code in ["500", "502", "504", "550"] {
        let mut session = Session::new(config());
        session
            .server("220 mx")
            .written()
            .server(&format!("{code} what?"));
        session.hears("EHLO me.example|HELO me.example|");
        session.server("250 mx").sees_at_last("Hello(Helo) 250, Ready");
    }
}

#[test]
fn helo_does_not_follow_a_transient_refusal() {
    let mut session = Session::new(config());
    session
        .server("220 mx")
        .written()
        .server("451 later")
        .hears("EHLO me.example|QUIT|");
    session
        .server("221 bye")
        .sees_at_last("Hello(Ehlo) 451, Quit 221, Closed Refused None");
    let mut session = Session::new(config());
    session
        .server("220 mx")
        .written()
        .server("421 later")
        .hears("EHLO me.example|");
    session.sees_at_last("Hello(Ehlo) 421, Closed NotAvailable None");
}

#[test]
fn both_refused_is_refused() {
    let mut session = Session::new(config());
    session
        .server("220 mx")
        .written()
        .server("500 what?")
        .written()
        .server("502 no");
    session.hears("EHLO me.example|HELO me.example|QUIT|");
}

#[test]
fn helo_offers_nothing_whatever_its_reply_says() {
    let mut session = Session::new(config());
    session
        .server("220 mx")
        .written()
        .server("500 what?")
        .written()
        .server("250-mx|250 PIPELINING");
    assert!(session.client.extensions().is_empty());
}

#[test]
fn lmtp_says_lhlo_and_never_anything_else() {
    let mut session = Session::new(lmtp());
    session.server("220 mx").hears("LHLO me.example|");
    session
        .server("500 what?")
        .hears("QUIT|")
        .sees("Greeting 220, Hello(Lhlo) 500");
}

#[test]
fn extensions_are_those_of_the_ehlo_reply() {
    let session = Session::with(config(), "pipelining|SIZE 1000|X-NEW a b");
    let extensions = session.client.extensions();
    assert!(extensions.has(Keyword::Pipelining) && !extensions.has(Keyword::EightBitMime));
    assert_eq!(
        (extensions.size_limit(), extensions.other("x-new")),
        (Some(1000), Some("a b"))
    );
}

#[test]
fn a_reply_that_comes_with_the_greeting_answers_nothing() {
    let mut session = Session::new(config());
    session
        .server("220 mx|250 mx")
        .sees("Greeting 220, Nothing 250, Closed Unsolicited None");
    session.hears("");
}

#[test]
fn an_end_before_the_session_is_ready_settles_it() {
    Session::new(config()).eof().sees("Closed ConnectionClosed None");
    Session::new(config())
        .octets(b"220 mx")
        .eof()
        .sees("Closed ConnectionClosed None");
    Session::new(config())
        .connection_lost()
        .sees("Closed ConnectionLost None");
    Session::new(config())
        .server("220 mx")
        .written()
        .eof()
        .sees("Greeting 220, Closed ConnectionClosed None");
}

#[test]
fn what_came_before_the_end_of_input_is_read() {
    let mut session = Session::new(config());
    session.client.end_of_input();
    session
        .server("554 go away")
        .sees("Greeting 554, Closed Refused None");
}
