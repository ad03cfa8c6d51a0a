//! Transcripts of sessions.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

use std::{
    string::{String, ToString},
    sync::{Arc, Mutex},
    time::Duration,
    vec::Vec,
};

use smtp_proto::{
    Instant, TlsInfo, client,
    client::{ExtensionUse, Login},
    sasl::{AuthOutcome, Credentials, Mechanism, PlaintextAuth},
    server,
    server::Event,
    types::{Envelope, ForwardPath, Host, ReversePath},
};

use super::{recorder::Recorder, *};
use crate::{
    Client, Connection,
    testing::{Duplex, Network, PretendTls, ScriptedPeer, join},
};
use smtp_proto::{Step, server::Server};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Transcript for Lines {
    fn line(&self, line: &TranscriptLine<'_>) {
        self.0.lock().unwrap().push(line.to_string());
    }
}

impl Lines {
    /// The lines without their times.
    fn all(&self) -> String {
        let lines = self.0.lock().unwrap();
        let texts: Vec<&str> = lines.iter().map(|line| line.split_once(' ').unwrap().1).collect();
        texts.join("\n")
    }
}

/// The transcript of octets: of a client if a piece begins with `C`, and of a server if it begins with `S`. Each is
/// recorded at the server, octet by octet, too.
fn transcript(pieces: &[&str]) -> String {
    let mut both = Vec::new();
    for size in [1, usize::MAX] {
        let lines = Lines::default();
        let mut recorder = Recorder::new(Arc::new(lines.clone()), Side::Server, None);
        for piece in pieces {
            let (side, octets) = piece.as_bytes().split_at(1);
            for octets in octets.chunks(size) {
                match side {
                    b"C" => recorder.received(Instant::ORIGIN, octets),
                    _ => recorder.sent(Instant::ORIGIN, &[octets, b"unwritten"], octets.len()),
                }
            }
        }
        both.push(lines.all());
    }
    assert_eq!(both[0], both[1], "the pieces make no difference");
    both.remove(0)
}

#[test]
fn a_message_is_counted() {
    let shown = transcript(&[
        "S220 mx\r\n",
        "CEHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
        "S250-mx\r\n250 SIZE\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        "CSecret\r\n..\r\n.x\r\n.\r\nQUIT\r\n",
        "S250 stored\r\n221 bye\r\n",
    ]);
    assert_eq!(
        shown,
        "S: 220 mx\nC: EHLO c\nC: MAIL FROM:<a@b>\nC: RCPT TO:<c@d>\nC: DATA\nS: 250-mx\nS: 250 SIZE\nS: 250 ok
S: 250 ok\nS: 354 go\nC: <16 octets>\nC: .\nC: QUIT\nS: 250 stored\nS: 221 bye"
    );
}

#[test]
fn content_that_is_sent_before_354_is_not_shown() {
    let shown = transcript(&[
        "S220 mx\r\n",
        "CMAIL FROM:<a@b>\r\nDATA\r\nMAIL secret\r\n.\r\nNOOP\r\n",
        "S250 ok\r\n354 go\r\n250 ok\r\n",
    ]);
    assert!(!shown.contains("secret"), "{shown}");
    assert!(
        shown.ends_with("S: 354 go\nC: <13 octets>\nC: .\nC: NOOP\nS: 250 ok"),
        "{shown}"
    );
    // It was no content.
    let shown = transcript(&[
        "S220 mx\r\n",
        "CDATA\r\nNOOP\r\n",
        "S503 first MAIL\r\n250 ok\r\n",
    ]);
    assert_eq!(shown, "S: 220 mx\nC: DATA\nS: 503 first MAIL\nC: NOOP\nS: 250 ok");
    // More than is held back.
    let content = "x\r\n".repeat(20_000);
    let early = ["CDATA\r\n", &content, ".\r\n"].concat();
    let shown = transcript(&["S220 mx\r\n", &early, "S354 go\r\n"]);
    assert_eq!(shown.matches('x').count(), 1, "only in the greeting: {shown}");
}

#[test]
fn early_commands_do_not_mix_up_the_replies() {
    let shown = transcript(&[
        "CEHLO c\r\nAUTH LOGIN\r\nsecret\r\nsecret\r\n",
        "S220 mx\r\n250 mx\r\n334 VXNlcm5hbWU6\r\n",
        "S334 UGFzc3dvcmQ6\r\n235 ok\r\n",
    ]);
    assert!(!shown.contains("secret"), "{shown}");
    assert_eq!(shown.matches("<redacted>").count(), 4, "{shown}");
}

#[test]
fn chunks_are_counted_without_a_reply() {
    let shown = transcript(&[
        "S220 mx\r\n",
        "CMAIL FROM:<a@b>\r\nBDAT 5\r\nab\r\n.BDAT 0 LAST\r\nQUIT\r\n",
    ]);
    assert_eq!(
        shown,
        "S: 220 mx\nC: MAIL FROM:<a@b>\nC: BDAT 5\nC: <5 octets>\nC: BDAT 0 LAST\nC: <0 octets>\nC: QUIT"
    );
}

#[test]
fn secrets_are_redacted() {
    for (arguments, expected) in [
        ("PLAIN AHNlY3JldA==", "AUTH PLAIN <redacted>"),
        ("LOGIN", "AUTH LOGIN"),
        ("c2VjcmV0", "AUTH <redacted>"),
        ("SCRAM-SHA-256 a", "AUTH SCRAM-SHA-256 <redacted>"),
    ] {
        let line = ["Cauth ", arguments, "\r\n"].concat();
        let shown = transcript(&["S220 mx\r\n", &line, "S535 no\r\n"]);
        assert_eq!(shown, ["S: 220 mx\nC: ", expected, "\nS: 535 no"].concat());
    }
    // A client that sends its password although AUTH was refused.
    let shown = transcript(&[
        "S220 mx\r\n",
        "CAUTH LOGIN\r\nc2VjcmV0\r\n",
        "S504 no\r\n500 what\r\n",
    ]);
    assert_eq!(
        shown,
        "S: 220 mx\nC: AUTH LOGIN\nS: 504 no\nC: <unknown command, 8 octets>\nS: 500 what"
    );
    // A client that cancels.
    let shown = transcript(&[
        "S220 mx\r\n",
        "CAUTH LOGIN\r\n",
        "S334 VXNl\r\n",
        "C*\r\n",
        "S501 ok\r\n",
    ]);
    assert!(shown.ends_with("S: 334 <redacted>\nC: *\nS: 501 ok"), "{shown}");
}

#[test]
fn in_lmtp_each_recipient_has_a_reply() {
    let shown = transcript(&[
        "S220 mx\r\n",
        "CLHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nRCPT TO:<no@f>\r\nDATA\r\n",
        "S250 mx\r\n250 ok\r\n250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n",
        "C.\r\nMAIL FROM:<a@b>\r\nDATA\r\nMAIL secret\r\n.\r\n",
        "S250 1\r\n250 2\r\n250 ok\r\n354 go\r\n",
    ]);
    assert!(!shown.contains("secret"), "{shown}");
    assert!(
        shown.ends_with("S: 250 1\nS: 250 2\nS: 250 ok\nS: 354 go\nC: <13 octets>\nC: ."),
        "{shown}"
    );
}

#[test]
fn with_prdr_each_recipient_has_a_reply() {
    let shown = transcript(&[
        "S220 mx\r\n",
        "CEHLO c\r\nMAIL FROM:<a@b> PRDR\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nRCPT TO:<no@f>\r\nDATA\r\n",
        "S250 mx\r\n250 ok\r\n250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n",
        "C.\r\nMAIL FROM:<a@b>\r\nDATA\r\nMAIL secret\r\n.\r\n",
        "S353 now\r\n250 1\r\n250 2\r\n250 all\r\n250 ok\r\n354 go\r\n",
    ]);
    assert!(!shown.contains("secret"), "{shown}");
    assert!(
        shown.ends_with("S: 250 2\nS: 250 all\nS: 250 ok\nS: 354 go\nC: <13 octets>\nC: ."),
        "{shown}"
    );
}

#[test]
fn lines_cannot_forge_others() {
    let long = ["CNOOP ", &"y".repeat(5000), "\r\n"].concat();
    let shown = transcript(&["S220 \x1b[2J\u{7}\r\n", "CNOOP a\rb\u{85}\r\n", &long]);
    let mut lines = shown.lines();
    assert_eq!(lines.next(), Some("S: 220 \\u{1b}[2J\\u{7}"));
    assert_eq!(lines.next(), Some("C: NOOP a\\rb\\u{85}"));
    let long = lines.next().unwrap();
    assert!(
        long.len() < 1100 && long.ends_with(" <4005 more octets>"),
        "{long}"
    );
}

fn client_config() -> client::Config {
    let mut config = client::Config::new("client.example".parse().unwrap());
    config.tls = client::Tls::Disabled;
    config
}

fn bob() -> Envelope {
    Envelope::new(ReversePath::parse("a@client.example").unwrap())
        .recipient(ForwardPath::parse("b@mx.example").unwrap().into_owned())
}

#[test]
fn a_client_records_its_session_with_times() {
    let network = Network::new();
    let (near, far) = network.pair();
    far.control().set_capacity(7);
    let lines = Lines::default();
    let mut config = client_config();
    config.chunking = ExtensionUse::IfOffered;
    let sending = async {
        let builder = Client::<Duplex>::builder(config).transcript(lines.clone());
        let mut client = builder.on(near).await.unwrap();
        let receipt = client.send(bob(), b"Subject: secret\r\n\r\nx\r\n").await.unwrap();
        assert!(receipt.all_accepted());
        client.noop().await.unwrap_err();
    };
    let playing = async {
        let mut server = ScriptedPeer::server(far);
        server
            .play(
                "S: 220 mx\nC: EHLO client.example\n-- 1.5s\nS: 250 mx\nC: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok
                 C: DATA\nS: 354 go\nC: Subject: secret\nC:\nC: x\nC: .\nS: 250 stored\nC: NOOP",
            )
            .await
    };
    let ((), played) = network.block_on(join(sending, playing));
    played.unwrap();
    assert_eq!(
        lines.0.lock().unwrap().join("\n"),
        "0.000 S: 220 mx
0.000 C: EHLO client.example
1.500 S: 250 mx
1.500 C: MAIL FROM:<a@client.example>
1.500 S: 250 ok
1.500 C: RCPT TO:<b@mx.example>
1.500 S: 250 ok
1.500 C: DATA
1.500 S: 354 go
1.500 C: <22 octets>
1.500 C: .
1.500 S: 250 stored
1.500 C: NOOP
1.500 -- server closed the connection"
    );
}

#[test]
fn both_sides_record_the_same_and_no_secret() {
    for implicit in [false, true] {
        let network = Network::new();
        let (near, far) = network.pair();
        let (ours, theirs) = (Lines::default(), Lines::default());
        let mut config = client_config();
        config.tls = client::Tls::Required;
        config.login = Some(Login::new(Credentials::password("ann", "pencil")));
        let sending = async {
            let tls = PretendTls::client().with_info(info());
            let builder = Client::<Duplex>::builder(config).transcript(ours.clone());
            let builder = if implicit {
                builder.implicit_tls(tls)
            } else {
                builder.starttls(tls)
            };
            let mut client = builder.on(near).await.unwrap();
            let receipt = client.send(bob(), b"secret\r\n").await.unwrap();
            assert!(receipt.all_accepted());
            client.quit().await.unwrap();
        };
        let ((), ()) = network.block_on(join(sending, serve(far, theirs.clone(), implicit)));
        let (ours, theirs) = (ours.all(), theirs.all());
        assert_eq!(ours, theirs);
        assert!(ours.contains("\nC: AUTH PLAIN <redacted>\nS: 235 "), "{ours}");
        assert!(ours.contains("-- TLS TLSv1.3"), "{ours}");
        for secret in ["secret", "pencil", "AGFubgBwZW5jaWw"] {
            assert!(!ours.contains(secret), "{ours}");
        }
    }
}

fn info() -> TlsInfo {
    let mut info = TlsInfo::default();
    info.protocol = Some("TLSv1.3".into());
    info
}

/// A server that accepts everything, and a login.
async fn serve(transport: Duplex, lines: Lines, implicit: bool) {
    let mut config = server::Config::new(Host::parse("mx.example").unwrap().into_owned());
    config.extensions.add(smtp_proto::types::Extension::StartTls);
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN]);
    let mut connection = Connection::new(transport, Server::new(config.into()));
    connection.set_transcript(lines);
    let tls = PretendTls::server().with_info(info());
    if implicit {
        connection.start_implicit_tls(&tls);
    }
    loop {
        let (step, server) = connection.poll();
        match step {
            Step::Wait(wait) => connection.wait(wait).await,
            Step::Event(Event::Closed(_)) => return connection.close().await,
            Step::Event(Event::StartTls(upgrade)) => connection.start_tls(upgrade, &tls),
            Step::Event(Event::Auth { ticket, .. }) => {
                server
                    .answer_auth(ticket, AuthOutcome::Accept("ann".into()))
                    .unwrap();
            }
            Step::Event(event) => {
                if let Some(ticket) = event.into_ticket() {
                    server.accept(ticket).unwrap();
                }
            }
        }
    }
}

#[test]
fn content_that_breaks_off_is_counted() {
    let lines = Lines::default();
    let mut recorder = Recorder::new(Arc::new(lines.clone()), Side::Server, None);
    recorder.sent(Instant::ORIGIN, &[b"220 mx\r\n354 go\r\n"], 16);
    recorder.received(Instant::ORIGIN, b"secret\r\n");
    recorder.end_of_input(Instant::ORIGIN);
    assert!(
        lines
            .all()
            .ends_with("C: <8 octets so far>\n-- client closed the connection"),
        "{}",
        lines.all()
    );
}

#[test]
fn failures_are_noted() {
    let network = Network::new();
    let (near, far) = network.pair();
    let lines = Lines::default();
    let mut connection = Connection::new(
        far,
        Server::new(server::Config::new(Host::parse("mx.example").unwrap().into_owned()).into()),
    );
    connection.set_transcript(lines.clone());
    near.control().reset();
    network.advance(Duration::from_secs(1));
    network.block_on(async {
        loop {
            match connection.poll().0 {
                Step::Wait(wait) => connection.wait(wait).await,
                Step::Event(Event::Closed(_)) => break,
                Step::Event(event) => {
                    if let Some(ticket) = event.into_ticket() {
                        connection.machine_mut().accept(ticket).unwrap();
                    }
                }
            }
        }
    });
    assert!(connection.is_write_closed());
    let shown = lines.all();
    assert!(shown.contains("-- cannot write: connection reset"), "{shown}");
}
