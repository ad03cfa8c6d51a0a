use std::time::Duration;

use smtp_proto::{
    client::{ExtensionUse, Login, Tls},
    sasl::{Credentials, PlaintextAuth},
    types::Protocol,
};

use super::{Choices, cut_behind, reference};
use crate::{
    chop::Chop,
    octets::escape,
    seat::{Driver, Seat, Writes},
    sender::Sender,
    settings::Settings,
    story::Role,
};

/// Input: the replies of a server in a session, with `|` between flights. Property: the session does not depend on the
/// splitting of the input, and ends; the output of the client is whole lines; the client reports no message as accepted
/// without a 2yz reply.
///
/// Choices: LMTP; STARTTLS; a login; chunks; no pipelining; extreme settings; sizes of pieces.
pub fn client_session(data: &[u8]) {
    let (mut choices, stream) = Choices::of(data);
    let mut settings = Settings::default();
    let client = &mut settings.client;
    if choices.yes() {
        client.protocol = Protocol::Lmtp;
    }
    client.prdr = ExtensionUse::IfOffered;
    client.tls = choices.one(&[Tls::Disabled, Tls::Opportunistic, Tls::Required]);
    if choices.yes() {
        client.login = Some(Login::new(Credentials::password("ann", "pw")));
        client.plaintext_auth = PlaintextAuth::Insecure;
    }
    if choices.yes() {
        client.chunking = ExtensionUse::IfOffered;
        client.limits.max_chunk_octets = 10;
    }
    if choices.yes() {
        client.pipelining = ExtensionUse::Never;
    }
    let extremes = choices.extremes(&mut settings, Role::Client);
    let chop = choices.chop();

    let flights: Vec<&[u8]> = stream.split(|octet| *octet == b'|').collect();
    // Input in the same flight as the STARTTLS reply is injected plaintext, so the splitting matters.
    let uncut: Vec<Vec<u8>> = flights.iter().map(|flight| flight.to_vec()).collect();
    check(&converse(&settings, &uncut, &Chop::Whole), stream);

    let flights = match settings.client.tls {
        Tls::Disabled => uncut,
        _ => cut_behind(&flights, b"2"),
    };
    let whole = converse(&settings, &flights, &Chop::Whole);
    check(&whole, stream);
    for chop in [chop, Chop::Octets] {
        let other = converse(&settings, &flights, &chop);
        assert_eq!(escape(&other.said), escape(&whole.said), "{extremes:?} {chop:?}");
        assert_eq!(other.seat.log, whole.seat.log, "{extremes:?} {chop:?}");
    }
}

fn check(session: &Driver<Sender>, stream: &[u8]) {
    let (said, log) = (&session.said, &session.seat.log);
    // A chunk may end between CR and LF.
    if !said.windows(5).any(|octets| octets == b"BDAT ") {
        assert_eq!(reference::first_bare(said), None, "{}", escape(said));
    }
    assert!(
        said.iter()
            .all(|octet| matches!(octet, b' '..=b'~' | b'\r' | b'\n')),
        "{}",
        escape(said)
    );
    assert_eq!(
        log.iter().filter(|line| line.starts_with("closed ")).count(),
        1,
        "{log:?}"
    );
    let accepted = log.iter().filter(|line| *line == "finished Accepted").count();
    let count = |of: &[u8], begins: &[u8]| {
        of.split(|octet| *octet == b'\n')
            .filter(|line| line.starts_with(begins))
            .count()
    };
    let replies: Vec<u8> = stream.iter().copied().filter(|octet| *octet != b'|').collect();
    // The greeting and EHLO; MAIL, a recipient and the message.
    assert!(
        accepted == 0 || count(&replies, b"2") >= 2 + 3 * accepted,
        "{log:?}"
    );
    let ends = said.windows(5).filter(|five| five == b"\r\n.\r\n").count();
    let chunks = said.windows(6).filter(|six| six == b"LAST\r\n").count();
    assert!(accepted <= ends + chunks, "{log:?}");
}

fn converse(settings: &Settings, flights: &[Vec<u8>], chop: &Chop) -> Driver<Sender> {
    let mut sender = Sender::new(settings);
    for plan in [
        "deliver MAIL FROM:<a@client.example> SIZE=9; RCPT TO:<b@example.org>; RCPT TO:<c@example.org> NOTIFY=NEVER",
        "next MAIL FROM:<e@client.example>; RCPT TO:<f@example.org>",
        "part one\\r\\n.two\\nthree",
        "body",
        "body four",
        "verify bob",
        "deliver MAIL FROM:<>; RCPT TO:<d@example.org>",
        "body x",
        "quit",
    ] {
        sender.plan(plan);
    }
    let mut driver = Driver::new(sender, Writes::Last);
    let mut before = 0;
    for flight in flights {
        driver.drive().expect("it ends");
        if driver.seat.awaits_tls() {
            driver.seat.shake_hands(true);
            driver.drive().expect("it ends");
        }
        driver.receive(chop.cut(before, flight));
        before += flight.len();
    }
    driver.receive_end();
    driver.pass(Duration::MAX).expect("it ends");
    assert!(driver.closed, "the session goes on without a server");
    driver
}
