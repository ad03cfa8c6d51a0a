use std::time::Duration;

use smtp_proto::{
    data::BareLineEndings,
    limits::Threshold,
    sasl::{Mechanism, PlaintextAuth},
    server::{EarlyTalker, UnknownPolicy},
    types::{
        ClientAttributes, Extension, FutureReleaseLimits, Keyword, Protocol, Rejection, SolicitationKeywords,
        Timestamp,
    },
};

use super::{Choices, cut_behind};
use crate::{
    answer::{Answer, Question, Rule},
    application::{Answers, Application},
    chop::Chop,
    octets::escape,
    seat::{Driver, Seat, Writes},
    security::User,
    settings::Settings,
    story::Role,
    wire::codes,
};

/// Input: the output of a client in a session, with `|` between flights. Property: the session depends neither on the
/// splitting of the input nor on the time of answers and writes; the output is replies, at most one per command; each
/// transaction ends once; only the right password authenticates.
///
/// Choices: LMTP; tight limits; STARTTLS; AUTH; line endings; leniencies; the refusals; extreme settings; sizes of pieces.
pub fn server_session(data: &[u8]) {
    let (mut choices, stream) = Choices::of(data);
    let mut settings = settings(&mut choices);
    let extremes = choices.extremes(&mut settings, Role::Server);
    let chop = choices.chop();
    let flights: Vec<&[u8]> = stream.split(|octet| *octet == b'|').collect();

    // Input in the same flight as STARTTLS is injected plaintext, so the splitting matters.
    let converse =
        |flights: &[_], chop: &_, answers, writes| converse(&settings, flights, chop, answers, writes);
    let uncut: Vec<Vec<u8>> = flights.iter().map(|flight| flight.to_vec()).collect();
    check(
        &settings,
        &converse(&uncut, &Chop::Whole, Answers::Now, Writes::First),
        stream,
    );

    let flights = cut_behind(&flights, b"STARTTLS");
    let whole = converse(&flights, &Chop::Whole, Answers::Now, Writes::First);
    check(&settings, &whole, stream);
    for (chop, answers, writes) in [
        (&chop, Answers::Now, Writes::First),
        (&chop, Answers::Late, Writes::Octets),
        (&Chop::Octets, Answers::Reversed, Writes::Last),
    ] {
        let other = converse(&flights, chop, answers, writes);
        assert_eq!(
            escape(&other.said),
            escape(&whole.said),
            "{extremes:?} {chop:?} {answers:?} {writes:?}"
        );
        assert_eq!(
            other.seat.log, whole.seat.log,
            "{extremes:?} {chop:?} {answers:?} {writes:?}"
        );
    }
}

fn settings(choices: &mut Choices<'_>) -> Settings {
    let mut settings = Settings::default();
    let server = &mut settings.server;
    if choices.yes() {
        server.protocol = Protocol::Lmtp;
    }
    if choices.yes() {
        server.limits.max_line_octets = 100;
        server.limits.max_auth_octets = 200;
        server.limits.errors = Threshold::new(4, 8);
        server.limits.unknown_commands = Threshold::new(2, 4);
        server.limits.failed_logins = Threshold::new(2, 4);
        server.limits.max_recipients = 3;
        server.limits.max_recipient_overshoot = 2;
        server.limits.max_open_rcpts = 2;
        server.limits.max_idle_commands = 10;
        server.limits.max_discarded_octets = 500;
        server.set_max_message_size(50);
    }
    if choices.yes() {
        server.extensions.add(Extension::StartTls);
    }
    if choices.yes() {
        server.plaintext_auth = PlaintextAuth::Insecure;
        server.offer_auth([
            Mechanism::PLAIN,
            Mechanism::LOGIN,
            Mechanism::XOAUTH2,
            Mechanism::OAUTHBEARER,
            Mechanism::CRAM_MD5,
            Mechanism::EXTERNAL,
        ]);
    }
    server
        .extensions
        .add(Extension::Xclient(ClientAttributes::XCLIENT));
    server
        .extensions
        .add(Extension::Xforward(ClientAttributes::XFORWARD));
    server.line_endings = choices.one(&[
        BareLineEndings::Reject,
        BareLineEndings::Normalize,
        BareLineEndings::Keep,
    ]);
    if choices.yes() {
        server.leniency.missing_brackets = true;
        server.leniency.trailing_dot = true;
        server.unknown_commands = UnknownPolicy::AskApplication;
        server.unknown_parameters = UnknownPolicy::AskApplication;
        let classes = SolicitationKeywords::parse("net.example:ADV").expect("a class");
        let held = FutureReleaseLimits::new(FutureReleaseLimits::MAX_INTERVAL, Timestamp::MAX);
        server.extensions.extend([
            Extension::FutureRelease(held),
            Extension::mt_priority("").expect("no policy"),
            Extension::DeliverBy(Some(60)),
            Extension::Rrvs,
            Extension::Etrn,
            Extension::Prdr,
            Extension::NoSoliciting(Some(classes)),
        ]);
        server.early_talker = EarlyTalker::Tolerate;
    }
    if choices.yes() {
        let answer = Answer::Reject(Rejection::MAILBOX_BUSY);
        settings.rules.push(Rule {
            question: Question::Verdict,
            about: String::new(),
            answer,
        });
    }
    let answer = Answer::Reject(Rejection::NO_SUCH_USER);
    settings.rules.push(Rule {
        question: Question::Recipient,
        about: "no".to_owned(),
        answer,
    });
    settings.security.users.push(User {
        name: "ann".to_owned(),
        secret: "pw".to_owned(),
        may_be: Vec::new(),
    });
    settings
}

/// Runs a session with these flights; each waits for the effect of the one before.
pub(super) fn converse(
    settings: &Settings,
    flights: &[Vec<u8>],
    chop: &Chop,
    answers: Answers,
    writes: Writes,
) -> Driver<Application> {
    // Longer than the penalties of all flights.
    const SOON: Duration = Duration::from_secs(30);
    let mut driver = Driver::new(Application::new(settings, answers), writes);
    driver.drive().expect("it ends");
    for flight in flights {
        driver.receive(chop.cut(0, flight));
        driver.pass(SOON).expect("it ends");
        assert!(driver.seat.output().len() <= MOST_OUTPUT, "output piles up");
        if driver.seat.awaits_tls() {
            driver.seat.shake_hands(true);
        }
    }
    driver.receive_end();
    // Some deadlines are at the end of time.
    driver.pass(Duration::MAX).expect("it ends");
    assert!(driver.closed, "the session goes on without a client");
    driver
}

fn check(settings: &Settings, session: &Driver<Application>, stream: &[u8]) {
    let codes = codes(&session.said);
    let codes = codes.unwrap_or_else(|| panic!("no replies: {}", escape(&session.said)));
    let is_content = |verb: &[u8]| {
        stream
            .windows(verb.len())
            .any(|octets| octets.eq_ignore_ascii_case(verb))
    };
    if ![b"DATA".as_slice(), b"BDAT", b"AUTH", b"STARTTLS"]
        .into_iter()
        .any(is_content)
    {
        // A bare CR receives a reply at once, even in an incomplete line.
        let unended = stream.rsplit(|octet| *octet == b'\n').next();
        let lines = stream.iter().filter(|octet| **octet == b'\n').count()
            + usize::from(unended.is_some_and(|line| line.contains(&b'\r')));
        // The greeting, and 421 at the end.
        assert!(
            codes.len() <= lines + 2,
            "{} lines: {}",
            lines,
            escape(&session.said)
        );
    }

    let log = &session.seat.log;
    let each = settings.server.protocol == Protocol::Lmtp || settings.server.extensions.has(Keyword::Prdr);
    let mut open = false;
    let mut closed = false;
    for line in log {
        assert!(!closed, "something comes behind the end: {log:?}");
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match kind {
            "mail" => assert!(!std::mem::replace(&mut open, true), "two at once: {log:?}"),
            "rcpt" | "message" | "body" | "part" => assert!(open, "{line}: {log:?}"),
            "verdict" => {
                assert!(open || each && !rest.starts_with("0 "), "{log:?}");
                open = false;
            }
            "reset" => assert!(std::mem::take(&mut open), "{log:?}"),
            "authenticated" => assert!(rest == "ann", "{log:?}"),
            "closed" => closed = true,
            _ => {}
        }
    }
    assert!(closed && !open, "{log:?}");
}

/// More than the replies to a group of commands, and far less than a client may request.
const MOST_OUTPUT: usize = 64 * 1024;
