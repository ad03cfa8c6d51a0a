//! However input is cut into pieces, the events and the output are the same.
#![expect(clippy::expect_used, reason = "a panic here is the report of a failed test")]

use std::time::Duration;

use proptest::{collection::vec, prelude::*, sample::select};
use smtp_proto::{
    client::{Login, Tls},
    sasl::{Credentials, Mechanism, PlaintextAuth},
    types::{ClientAttributes, Extension, Text},
};
use smtp_tests::{
    Answers, Application, Chop, Driver, Role, Seat, Sender, Settings, Writes, codes, make_extreme,
};

/// Input that a client may send, in order or not.
fn flight() -> impl Strategy<Value = Vec<u8>> {
    let commands = select(vec![
        "EHLO client.example\r\n",
        "HELO client.example\r\n",
        "LHLO client.example\r\n",
        "MAIL FROM:<a@client.example>\r\n",
        "MAIL FROM:<> SIZE=20 BODY=BINARYMIME\r\n",
        "MAIL FROM:<jos\u{e9}@client.example> SMTPUTF8\r\n",
        "RCPT TO:<b@example.org>\r\n",
        "RCPT TO:<no@example.org>\r\n",
        "RCPT TO:<Postmaster>\r\n",
        "RCPT TO:<nonsense>\r\n",
        "DATA\r\n",
        "DATA\r\ntext\r\n..\r\n.\r\n",
        "DATA\r\nbare\nlf\r\n.\r\n",
        "a line of text\r\n",
        ".\r\n",
        "BDAT 5\r\nQUIT\r",
        "BDAT 0 LAST\r\n",
        "BDAT 3 LAST\r\n\r\n.",
        "BDAT 60\r\n",
        "BDAT x\r\n",
        "RSET\r\n",
        "NOOP\r\n",
        "VRFY bob\r\n",
        "EXPN \u{e9} SMTPUTF8\r\n",
        "HELP\r\n",
        "XCLIENT ADDR=192.0.2.1 LOGIN=ann\r\n",
        "XCLIENT LOGIN=no\r\n",
        "XCLIENT PORT=x\r\n",
        "XFORWARD NAME=a.example IDENT=1\r\n",
        "XYZZY\r\n",
        "STARTTLS now\r\n",
        "AUTH\r\n",
        "AUTH PLAIN\r\n",
        "AUTH PLAIN AGFubgBwdw==\r\n",
        "AUTH PLAIN AGFubgBubw==\r\n",
        "AUTH LOGIN\r\n",
        "AUTH LOGIN YW5u\r\ncHc=\r\n",
        "AUTH CRAM-MD5\r\n",
        "AUTH XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgc3RhbGUBAQ==\r\n",
        "AUTH EXTERNAL =\r\n",
        "AGFubgBwdw==\r\n",
        "YW5u\r\n",
        "cHc=\r\n",
        "*\r\n",
        "POST / HTTP/1.1\r\n",
        "QUIT\r\n",
        "\r\n",
        "\r",
        "\n",
        ".",
    ]);
    let garbage = vec(prop_oneof![any::<u8>(), select(b"\r\n. <>".to_vec())], 0..40);
    let long = (select(vec!["", "AUTH PLAIN "]), 90_usize..400)
        .prop_map(|(head, length)| [head.as_bytes(), &vec![b'x'; length]].concat());
    vec(
        prop_oneof![
            20 => commands.prop_map(|line| line.as_bytes().to_vec()),
            2 => garbage,
            1 => long,
        ],
        0..40,
    )
    .prop_map(|pieces| pieces.concat())
}

fn chop() -> impl Strategy<Value = Chop> {
    prop_oneof![Just(Chop::Octets), vec(1_usize..30, 1..6).prop_map(Chop::Sizes)]
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.server.limits.max_line_octets = 100;
    settings.server.limits.errors = smtp_proto::limits::Threshold::new(4, 8);
    settings.server.limits.max_discarded_octets = 500;
    settings.server.set_max_message_size(50);
    settings.server.limits.max_auth_octets = 200;
    settings.server.limits.failed_logins = smtp_proto::limits::Threshold::new(2, 4);
    settings.server.plaintext_auth = PlaintextAuth::Insecure;
    settings.server.extensions.add(Extension::StartTls);
    settings.server.offer_auth([
        Mechanism::PLAIN,
        Mechanism::LOGIN,
        Mechanism::XOAUTH2,
        Mechanism::CRAM_MD5,
        Mechanism::EXTERNAL,
    ]);
    settings.security.users.push(smtp_tests::User {
        name: "ann".to_owned(),
        secret: "pw".to_owned(),
        may_be: Vec::new(),
    });
    settings.security.info.peer_certificate = Some(b"ann".to_vec());
    settings.client.tls = Tls::Opportunistic;
    settings.client.login = Some(Login::new(Credentials::password("ann", "pw")));
    settings.client.plaintext_auth = PlaintextAuth::Insecure;
    settings
        .server
        .extensions
        .add(Extension::Xclient(ClientAttributes::XCLIENT));
    settings
        .server
        .extensions
        .add(Extension::Xforward(ClientAttributes::XFORWARD));
    settings.rules.push(smtp_tests::Rule {
        question: smtp_tests::Question::Xclient,
        about: "ADDR".to_owned(),
        answer: smtp_tests::Answer::Accept(Some(Text::from_static("ann"))),
    });
    settings.rules.push(smtp_tests::Rule {
        question: smtp_tests::Question::Recipient,
        about: "no@".to_owned(),
        answer: smtp_tests::Answer::Reject(smtp_proto::types::Rejection::NO_SUCH_USER),
    });
    settings
}

/// Up to three extreme settings.
fn extremes(role: Role) -> impl Strategy<Value = Settings> {
    vec((any::<usize>(), any::<usize>()), 0..4).prop_map(move |numbers| {
        let mut settings = settings();
        for (setting, value) in numbers {
            let mut numbers = [setting, value].into_iter();
            let mut pick = |below| numbers.next().map_or(0, |number| number % below);
            make_extreme(&mut settings, role, 1, &mut pick);
        }
        settings
    })
}

/// The session of a server with `clear`, then STARTTLS, for which the client waits, then `secret`.
fn serve(
    settings: &Settings,
    [clear, secret]: &[Vec<u8>; 2],
    chop: &Chop,
    answers: Answers,
    writes: Writes,
) -> (Vec<u8>, Vec<String>) {
    const SOON: Duration = Duration::from_secs(30);
    let mut driver = Driver::new(Application::new(settings, answers), writes);
    driver.drive().expect("it ends");
    for flight in [clear.as_slice(), b"STARTTLS\r\n"] {
        driver.receive(chop.cut(0, flight));
        driver.pass(SOON).expect("it ends");
    }
    if driver.seat.awaits_tls() {
        driver.seat.shake_hands(true);
    }
    driver.receive(chop.cut(0, secret));
    driver.receive_end();
    // Some deadlines are at the end of time.
    driver.pass(Duration::MAX).expect("it ends");
    assert!(driver.closed, "the session goes on without a client");
    (driver.said, driver.seat.log)
}

fn deliver(settings: &Settings, replies: &[Vec<u8>], chop: &Chop) -> (Vec<u8>, Vec<String>) {
    let mut sender = Sender::new(settings);
    for plan in [
        "deliver MAIL FROM:<a@client.example> SIZE=9; RCPT TO:<b@example.org>; RCPT TO:<c@example.org> NOTIFY=NEVER",
        "part one\\r\\n.two\\nthree",
        "body",
        "verify bob",
        "xforward ADDR=192.0.2.1 IDENT=7",
        "xclient ADDR=192.0.2.1 LOGIN=ann",
        "deliver MAIL FROM:<>; RCPT TO:<d@example.org>",
        "body x",
        "quit",
    ] {
        sender.plan(plan);
    }
    let mut driver = Driver::new(sender, Writes::Last);
    let mut before = 0;
    for reply in replies {
        driver.drive().expect("it ends");
        if driver.seat.awaits_tls() {
            driver.seat.shake_hands(true);
            driver.drive().expect("it ends");
        }
        driver.receive(chop.cut(before, reply));
        before += reply.len();
    }
    driver.receive_end();
    driver.pass(Duration::MAX).expect("it ends");
    assert!(driver.closed, "the session goes on without a server");
    (driver.said, driver.seat.log().to_vec())
}

fn reply() -> impl Strategy<Value = Vec<u8>> {
    let replies = select(vec![
        "220 mx.example.org\r\n",
        "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 100\r\n250 DSN\r\n",
        "250 mx.example.org\r\n",
        "250-mx.example.org\r\n250-XFORWARD ADDR IDENT\r\n250 XCLIENT ADDR LOGIN\r\n",
        "250 ok\r\n",
        "250 ok\r\n250 ok\r\n",
        "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        "250 ok\r\n550 no\r\n450 no\r\n354 go\r\n",
        "250\r\n",
        "251 moved\r\n",
        "354 go on\r\n",
        "421 bye\r\n",
        "452 later\r\n",
        "550 5.1.1 no\r\n",
        "550-no\r\n550 no\r\n",
        "250-a\r\n550 b\r\n",
        "221 bye\r\n",
        "235 welcome\r\n",
        "334 \r\n",
        "334 VXNlcm5hbWU6\r\n",
        "334 ?\r\n",
        "454 later\r\n",
        "535 no\r\n",
        "hello\r\n",
    ]);
    prop_oneof![
        30 => replies.prop_map(|line| line.as_bytes().to_vec()),
        1 => vec(prop_oneof![any::<u8>(), select(b"25 -\r\n".to_vec())], 0..20),
    ]
}

/// Replies of a session with progress: greeting and EHLO first, then TLS, and a login.
fn replies() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let login = select(vec![
        None,
        Some("235 welcome\r\n"),
        Some("334 VXNlcm5hbWU6\r\n"),
        Some("535 no\r\n"),
    ]);
    (
        any::<bool>(),
        any::<bool>(),
        select(vec!["", "250-STARTTLS\r\n"]),
        select(vec!["PLAIN", "LOGIN", "CRAM-MD5", "GSSAPI"]),
        login,
        vec(reply(), 0..14),
    )
        .prop_map(|(greeted, pipelining, starttls, mechanism, login, rest)| {
            let mut replies = Vec::new();
            let last = if pipelining { "PIPELINING" } else { "HELP" };
            let mut ehlo = |starttls| {
                replies.push(format!(
                    "250-mx\r\n{starttls}250-AUTH {mechanism}\r\n250 {last}\r\n"
                ));
            };
            if greeted {
                ehlo(starttls);
                if !starttls.is_empty() {
                    ehlo("");
                    replies.insert(1, "220 go\r\n".to_owned());
                }
                replies.insert(0, "220 mx\r\n".to_owned());
                replies.extend(login.map(str::to_owned));
            }
            replies.into_iter().map(String::into_bytes).chain(rest).collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_server_does_not_depend_on_the_cuts_of_its_input(
        settings in extremes(Role::Server),
        input in [flight(), flight()],
        chop in chop(),
    ) {
        let serve = |input: &_, chop: &_, answers, writes| serve(&settings, input, chop, answers, writes);
        let whole = serve(&input, &Chop::Whole, Answers::Now, Writes::First);
        prop_assert!(codes(&whole.0).is_some(), "no replies: {}", smtp_tests::escape(&whole.0));
        prop_assert_eq!(&serve(&input, &chop, Answers::Now, Writes::First), &whole);
        prop_assert_eq!(&serve(&input, &chop, Answers::Late, Writes::Octets), &whole);
        prop_assert_eq!(&serve(&input, &Chop::Whole, Answers::Reversed, Writes::Last), &whole);
    }

    #[test]
    fn a_client_does_not_depend_on_the_cuts_of_its_input(
        settings in extremes(Role::Client),
        replies in replies(),
        chop in chop(),
    ) {
        let whole = deliver(&settings, &replies, &Chop::Whole);
        // Octets in the same piece as the STARTTLS reply are injected, so the splitting matters.
        prop_assume!(!whole.1.iter().any(|line| line.contains("PlaintextBeforeTls")));
        prop_assert_eq!(&deliver(&settings, &replies, &chop), &whole);
    }
}
