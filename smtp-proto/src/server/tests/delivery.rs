//! Parameters about the delivery of a message: FUTURERELEASE, DELIVERBY, MT-PRIORITY, NO-SOLICITING and RRVS.

use core::num::NonZeroU32;

use super::*;
use crate::types::{Extension, FutureReleaseLimits, SolicitationKeywords, Timestamp};

const FAR: &str = "2036-01-01T00:00:00Z";

fn all() -> Config {
    let mut config = config();
    let limits = FutureReleaseLimits::new(NonZeroU32::new(86_400).unwrap(), Timestamp::parse(FAR).unwrap());
    let classes = SolicitationKeywords::parse("net.example:ADV,net.example:NEWS").unwrap();
    config.extensions.extend([
        Extension::FutureRelease(limits),
        Extension::DeliverBy(Some(60)),
        Extension::mt_priority("MIXER").unwrap(),
        Extension::no_soliciting(classes).unwrap(),
        Extension::Rrvs,
    ]);
    config
}

/// Returns the reply to MAIL with these parameters, and checks that the session is in step: RCPT follows the reply.
fn mail(session: &mut Session, parameters: &str) -> String {
    let rcpt = "RCPT TO:<b@mx.test>";
    session.sends(&format!("MAIL FROM:<a@client.test> {parameters}\r\n{rcpt}"));
    let replies = session.replies();
    session.sends("RSET");
    session.clear();
    let (mail, rcpt) = replies.split_once("\r\n").unwrap();
    let accepted = mail.starts_with("250");
    assert!(
        rcpt.starts_with(if accepted { "250" } else { "503" }),
        "{replies}"
    );
    mail.to_owned()
}

fn rcpt(session: &mut Session, parameters: &str) -> String {
    session.sends(&format!("MAIL FROM:<>\r\nRCPT TO:<b@mx.test> {parameters}"));
    let replies = session.replies();
    session.sends("RSET");
    session.clear();
    replies.lines().nth(1).unwrap().to_owned()
}

#[test]
fn ehlo_has_the_bounds() {
    let mut session = Session::fresh(all());
    session.poll_all();
    session.clear();
    session.sends("EHLO client.test");
    let replies = session.replies();
    for line in [
        "250-FUTURERELEASE 86400 2036-01-01T00:00:00Z\r\n",
        "250-MT-PRIORITY MIXER\r\n",
        "250-DELIVERBY 60\r\n",
        "250-RRVS\r\n",
        "250 NO-SOLICITING net.example:ADV,net.example:NEWS\r\n",
    ] {
        assert!(replies.contains(line), "{line}: {replies}");
    }
}

#[test]
fn offered_parameters_are_accepted_within_their_bounds() {
    let mut session = Session::with(all());
    for parameters in [
        "HOLDFOR=1",
        "holdfor=86400",
        "HOLDUNTIL=2036-01-01T00:00:00Z",
        "HOLDUNTIL=2036-01-01T02:00:00+02:00",
        "BY=60;R",
        "by=999999999;rt",
        "BY=59;N",
        "BY=-999999999;N",
        "BY=0;NT",
        "HOLDFOR=60 BY=60;R",
        "HOLDUNTIL=2036-01-01T00:00:00Z BY=60;R",
        "MT-PRIORITY=0",
        "MT-PRIORITY=9",
        "mt-priority=-9",
        "SOLICIT=org.conform:ODD",
        "SOLICIT=net.example:ADVx,a",
        "SIZE=1 HOLDFOR=1 MT-PRIORITY=1 SOLICIT=a BODY=8BITMIME",
    ] {
        assert_eq!(
            mail(&mut session, parameters),
            "250 2.1.0 sender ok",
            "{parameters}"
        );
    }
    for parameters in [
        "RRVS=2026-01-01T00:00:00Z",
        "RRVS=2126-01-01T00:00:00-08:00;C",
        "NOTIFY=NEVER rrvs=1982-08-01T00:00:00Z;r",
    ] {
        assert_eq!(
            rcpt(&mut session, parameters),
            "250 2.1.5 recipient ok",
            "{parameters}"
        );
    }
}

#[test]
fn parameters_beyond_the_bounds_are_refused() {
    let mut session = Session::with(all());
    for (parameters, reply) in [
        ("HOLDFOR=86401", "501 5.5.4 the message would be held too long"),
        (
            "HOLDUNTIL=2036-01-01T00:00:01Z",
            "501 5.5.4 the message would be held too long",
        ),
        (
            "HOLDUNTIL=9999-12-31T23:59:59Z",
            "501 5.5.4 the message would be held too long",
        ),
        (
            "HOLDFOR=61 BY=60;R",
            "501 5.5.4 the message would be held longer than BY allows",
        ),
        (
            "BY=-1;N HOLDFOR=1",
            "501 5.5.4 the message would be held longer than BY allows",
        ),
        ("BY=59;R", "555 5.5.4 the time of BY is below the minimum"),
        ("BY=1;RT", "555 5.5.4 the time of BY is below the minimum"),
    ] {
        assert_eq!(mail(&mut session, parameters), reply, "{parameters}");
    }
}

#[test]
fn a_class_that_ehlo_lists_is_refused_by_its_name() {
    let mut session = Session::with(all());
    for (classes, named) in [
        ("net.example:ADV", "net.example:ADV"),
        ("NET.EXAMPLE:news", "net.example:NEWS"),
        ("a,net.example:adv,b", "net.example:ADV"),
        (
            "net.example:NEWS,net.example:ADV",
            "net.example:ADV,net.example:NEWS",
        ),
    ] {
        assert_eq!(
            mail(&mut session, &format!("SOLICIT={classes}")),
            format!("550 5.7.1 SOLICIT={named}"),
            "{classes}"
        );
    }
    session.server.extensions_mut().add(Extension::NoSoliciting(None));
    assert_eq!(
        mail(&mut session, "SOLICIT=net.example:ADV"),
        "250 2.1.0 sender ok"
    );
}

#[test]
fn malformed_or_repeated_parameters_are_refused_with_501() {
    let mut config = all();
    config.limits.errors = crate::limits::Threshold::new(1000, 1000);
    let mut session = Session::with(config);
    for parameters in [
        "HOLDFOR",
        "HOLDFOR=",
        "HOLDFOR=0",
        "HOLDFOR=060",
        "HOLDFOR=1h",
        "HOLDFOR=1 HOLDFOR=1",
        "HOLDFOR=1 HOLDUNTIL=2030-01-01T00:00:00Z",
        "HOLDUNTIL=60",
        "HOLDUNTIL=2030-02-30T00:00:00Z",
        "HOLDUNTIL=2030-01-01T00:00:00",
        "BY=",
        "BY=60",
        "BY=0;R",
        "BY=-60;R",
        "BY=60;X",
        "BY=60;R BY=60;R",
        "BY=60;R=",
        "SOLICIT",
        "SOLICIT=,",
        "SOLICIT=a/b",
        "SOLICIT=a SOLICIT=a",
    ] {
        let reply = mail(&mut session, parameters);
        assert!(reply.starts_with("501 5.5.4 "), "{parameters}: {reply}");
    }
    for parameters in [
        "MT-PRIORITY",
        "MT-PRIORITY=10",
        "MT-PRIORITY=-0",
        "MT-PRIORITY=1 MT-PRIORITY=1",
    ] {
        assert_eq!(
            mail(&mut session, parameters),
            "501 5.5.2 syntax error in MT-PRIORITY",
            "RFC 6710 section 4.1: {parameters}"
        );
    }
    for parameters in [
        "RRVS",
        "RRVS=1767225600",
        "RRVS=2026-01-01T00:00:00Z;CR",
        "RRVS=2026-01-01T00:00:00.1Z",
        "RRVS=2026-01-01T00:00:00Z RRVS=2026-01-01T00:00:00Z",
    ] {
        let reply = rcpt(&mut session, parameters);
        assert!(reply.starts_with("501 5.5.4 "), "{parameters}: {reply}");
    }
}

/// One parameter of each extension.
const ONE_EACH: [(&str, &str); 5] = [
    ("FUTURERELEASE", "HOLDFOR=1"),
    ("FUTURERELEASE", "HOLDUNTIL=2030-01-01T00:00:00Z"),
    ("DELIVERBY", "BY=999;N"),
    ("MT-PRIORITY", "MT-PRIORITY=1"),
    ("NO-SOLICITING", "SOLICIT=a"),
];

fn refuses_all(session: &mut Session) {
    for (extension, parameters) in ONE_EACH {
        assert_eq!(
            mail(session, parameters),
            format!("555 5.5.4 {extension} is not offered"),
            "{parameters}"
        );
    }
    assert_eq!(
        rcpt(session, "RRVS=2026-01-01T00:00:00Z"),
        "555 5.5.4 RRVS is not offered"
    );
}

#[test]
fn parameters_that_are_not_offered_are_refused_with_555() {
    refuses_all(&mut Session::new());
    refuses_all(&mut Session::with(Config {
        unknown_parameters: UnknownPolicy::AskApplication,
        ..config()
    }));
}

#[test]
fn after_helo_nothing_is_offered() {
    let mut config = all();
    config.helo_parameters = HeloParameters::AcceptSizeAndBody;
    let mut session = Session::fresh(config);
    session.poll_all();
    session.sends("HELO client.test");
    session.clear();
    refuses_all(&mut session);
}

#[test]
fn an_extension_may_be_offered_to_one_session() {
    let mut session = Session::new();
    session.server.extensions_mut().add(Extension::Rrvs);
    assert_eq!(
        rcpt(&mut session, "RRVS=2026-01-01T00:00:00Z"),
        "250 2.1.5 recipient ok"
    );
}

#[test]
fn a_changed_priority_is_in_the_reply() {
    let mut session = Session::with(all());
    session.holds = true;
    session.sends("MAIL FROM:<> MT-PRIORITY=9");
    let ticket = session.held.remove(0);
    session
        .server
        .accept_with(ticket, crate::types::Priority::default().changed())
        .unwrap();
    session.poll_all();
    assert_eq!(
        session.replies(),
        "250 2.3.6 0 is the priority of this message\r\n"
    );
}
