use super::*;

#[test]
fn nothing_is_sent_before_the_whole_greeting() {
    let mut session = Session::new(config());
    session
        .server("220-mx.example")
        .server("220-be patient")
        .sends("");
    session
        .server("220 now")
        .reports("Greeting 220")
        .sends("EHLO me.example|");
}

#[test]
fn a_greeting_needs_no_text() {
    Session::new(config()).server("220").sends("EHLO me.example|");
}

#[test]
fn only_quit_follows_a_refusing_greeting() {
    for code in ["554", "521", "450"] {
        let mut session = Session::new(config());
        session.server(&format!("{code} no service")).sends("QUIT|");
        assert_eq!(session.client.state(), State::Refused);
        assert!(session.client.deliver(to("b@y")).is_err());
        session.server("221 bye");
        session.reports(&format!("Greeting {code}, Quit 221, Closed Refused None"));
    }
}

#[test]
fn a_refusal_counts_for_any_reply_to_quit() {
    let refused = || {
        let mut session = Session::new(config());
        session.server("554 no service").written();
        session
    };
    refused().server("421 bye").reports_last("Closed Refused None");
    refused().eof().reports_last("Closed Refused None");
    refused().connection_lost().reports_last("Closed Refused None");
    refused().later(10).reports_last("Closed Refused None");
}

#[test]
fn a_421_greeting_ends_the_session_at_once() {
    let mut session = Session::new(config());
    session
        .server("421 too busy")
        .reports("Greeting 421, Closed NotAvailable None")
        .sends("");
}

#[test]
fn other_input_is_not_a_greeting() {
    Session::new(config())
        .server("354 go")
        .reports("Greeting 354, Closed Unexpected None");
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
            .reports("Closed Malformed(Malformed) None");
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
        session.sends("EHLO me.example|HELO me.example|");
        session.server("250 mx").reports_last("Hello(Helo) 250, Ready");
    }
}

#[test]
fn helo_does_not_follow_a_transient_refusal() {
    let mut session = Session::new(config());
    session
        .server("220 mx")
        .written()
        .server("451 later")
        .sends("EHLO me.example|QUIT|");
    session
        .server("221 bye")
        .reports_last("Hello(Ehlo) 451, Quit 221, Closed Refused None");
    let mut session = Session::new(config());
    session
        .server("220 mx")
        .written()
        .server("421 later")
        .sends("EHLO me.example|");
    session.reports_last("Hello(Ehlo) 421, Closed NotAvailable None");
}

#[test]
fn refused_ehlo_and_helo_end_the_session() {
    let mut session = Session::new(config());
    session
        .server("220 mx")
        .written()
        .server("500 what?")
        .written()
        .server("502 no");
    session.sends("EHLO me.example|HELO me.example|QUIT|");
}

#[test]
fn helo_offers_no_extension() {
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
fn lmtp_sends_only_lhlo() {
    let mut session = Session::new(lmtp());
    session.server("220 mx").sends("LHLO me.example|");
    session
        .server("500 what?")
        .sends("QUIT|")
        .reports("Greeting 220, Hello(Lhlo) 500");
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
fn a_reply_that_arrives_with_the_greeting_is_unsolicited() {
    let mut session = Session::new(config());
    session
        .server("220 mx|250 mx")
        .reports("Greeting 220, Nothing 250, Closed Unsolicited None");
    session.sends("");
}

#[test]
fn a_disconnection_before_ready_ends_the_session() {
    Session::new(config())
        .eof()
        .reports("Closed ConnectionClosed None");
    Session::new(config())
        .octets(b"220 mx")
        .eof()
        .reports("Closed ConnectionClosed None");
    Session::new(config())
        .connection_lost()
        .reports("Closed ConnectionLost None");
    Session::new(config())
        .server("220 mx")
        .written()
        .eof()
        .reports("Greeting 220, Closed ConnectionClosed None");
}

#[test]
fn input_before_the_end_of_input_is_read() {
    let mut session = Session::new(config());
    session.client.end_of_input();
    session
        .server("554 go away")
        .reports("Greeting 554, Closed Refused None");
}
