use std::time::Duration;

use smtp_proto::{
    client::{Login, Tls, Use},
    sasl::{Credentials, InClear, Mechanism},
    types::{Extension, Keyword, Protocol, Rejection},
};

use super::{Choices, reference};
use crate::{
    application::{Answers, Application},
    octets::escape,
    pair::{Pair, Transport},
    security::User,
    sender::Sender,
    settings::{Answer, Question, Rule, Settings},
    story::Role,
};

/// Messages, cut at `|`, from a client to a server over a stream that stalls and may break. What the client calls
/// accepted was stored once, octet for octet, and what it does not, was not.
///
/// Choices: LMTP; pipelining; chunks; TLS and a login; when questions are answered; the recipient and the message that
/// are refused; the turn at which the stream breaks, or none; octets carried at each turn, over and over.
pub fn pair(data: &[u8]) {
    let (mut choices, content) = Choices::of(data);
    let settings = settings(&mut choices);
    let answers = choices.one(&[Answers::Now, Answers::Late, Answers::Reversed]);
    let recipients = choices.one(&[
        "; RCPT TO:<yes@example.org>",
        "; RCPT TO:<no@example.org>; RCPT TO:<yes@example.org>",
        "; RCPT TO:<no@example.org>; RCPT TO:<no@example.org>",
    ]);
    let piece = choices.number() + 1;
    let breaks = choices.number().checked_sub(1);
    let mut sizes = choices.sizes();
    // The last size can be no stall, so that something gets through.
    let last = sizes.len() - 1;
    sizes[..last].iter_mut().for_each(|size| *size -= 1);

    let mut sender = Sender::new(&settings, piece);
    let mut expected = Vec::new();
    for (number, content) in content.split(|octet| *octet == b'|').take(3).enumerate() {
        // So that no two are the same; and 7 bits are what a message without BODY has.
        let content: Vec<u8> = [format!("{number}\r\n").as_bytes(), content].concat();
        let content: Vec<u8> = content
            .iter()
            .map(|octet| octet & 0x7f)
            .filter(|octet| *octet != 0)
            .collect();
        sender.plan(&format!(
            "deliver MAIL FROM:<m{number}@client.example>{recipients}"
        ));
        sender.plan(&format!("body {}", escape(&content)));
        expected.push([&*reference::with_crlf(&content), b"\r\n"].concat());
        if reference::with_crlf(&content).ends_with(b"\r\n") {
            let message = expected.last_mut().expect("it was pushed");
            message.truncate(message.len() - 2);
        }
    }
    sender.plan("quit");

    let stream = Stream {
        carries: sizes.into_iter().cycle(),
        breaks,
    };
    let mut pair = Pair::new(sender, Application::new(&settings, answers), stream);
    let mut budget = 2_000_000;
    for _ in 0..100_000 {
        let deadline = pair.talk(&mut budget).expect("it ends");
        if pair.is_over() {
            break;
        }
        let soon = pair.now + Duration::from_millis(5);
        pair.now = deadline.map_or(soon, |deadline| deadline.at.min(soon).max(pair.now));
    }
    assert!(pair.is_over(), "it does not end");

    let log = &pair.client.seat.log;
    let stored = &pair.server.seat.stored;
    let ends: Vec<&str> = log
        .iter()
        .filter_map(|line| line.strip_prefix("finished ").or(line.strip_prefix("closed ")))
        .collect();
    assert!(
        stored.iter().all(|message| expected.contains(message)),
        "not sent like this: {stored:?}"
    );
    for (number, message) in expected.iter().enumerate() {
        let arrived = stored.iter().filter(|stored| *stored == message).count();
        match ends.get(number) {
            Some(&"Accepted") => assert_eq!(arrived, 1, "message {number} was lost: {log:?}"),
            Some(end) if end.ends_with("Unknown") => assert!(arrived <= 1, "message {number} came twice"),
            _ => assert_eq!(
                arrived, 0,
                "message {number} was not accepted and arrived: {log:?}"
            ),
        }
    }
    if breaks.is_none() {
        assert_eq!(ends.len(), expected.len() + 1, "{log:?}");
    }
}

fn settings(choices: &mut Choices<'_>) -> Settings {
    let mut settings = Settings::default();
    if choices.yes() {
        (settings.server.protocol, settings.client.protocol) = (Protocol::Lmtp, Protocol::Lmtp);
    }
    if choices.yes() {
        settings.server.extensions.remove(Keyword::Pipelining);
    }
    let chunk = choices.number();
    if chunk > 0 {
        settings.client.chunking = Use::WhenOffered;
        settings.client.limits.chunk = chunk;
    }
    if choices.yes() {
        settings.server.extensions.add(Extension::StartTls);
        settings.client.tls = Tls::Required;
    }
    let mechanism = choices.one(&[
        None,
        Some(Mechanism::PLAIN),
        Some(Mechanism::LOGIN),
        Some(Mechanism::CRAM_MD5),
    ]);
    if let Some(mechanism) = mechanism {
        settings.server.offer_auth([mechanism]);
        settings.server.auth_in_clear = InClear::InsecureSecrets;
        settings.client.auth_in_clear = InClear::InsecureSecrets;
        settings.client.login = Some(Login::new(Credentials::password("ann", "pw")));
        let (name, secret) = ("ann".to_owned(), "pw".to_owned());
        settings.security.users.push(User {
            name,
            secret,
            may_be: Vec::new(),
        });
    }
    let mut reject = |question, about: &str, why| {
        let answer = Answer::Reject(why);
        settings.rules.push(Rule {
            question,
            about: about.to_owned(),
            answer,
        });
    };
    reject(Question::Recipient, "no@", Rejection::NO_SUCH_USER);
    // The first, second or third message is refused, or none.
    let number = choices.number();
    reject(
        Question::MessageFrom(number.wrapping_sub(1)),
        "",
        Rejection::NO_STORAGE,
    );
    settings
}

struct Stream {
    carries: std::iter::Cycle<std::vec::IntoIter<usize>>,
    breaks: Option<usize>,
}

impl Transport for Stream {
    fn carry(&mut self, _: Role, _: usize) -> usize {
        self.carries.next().unwrap_or(1)
    }

    fn breaks(&mut self) -> bool {
        match &mut self.breaks {
            Some(0) => true,
            Some(turns) => {
                *turns -= 1;
                false
            }
            None => false,
        }
    }
}
