use std::time::Duration;

use smtp_proto::{
    client::{ExtensionUse, Login, Tls},
    sasl::{Credentials, Mechanism, PlaintextAuth},
    types::{Extension, Keyword, Protocol, Rejection},
};

use super::{Choices, reference};
use crate::{
    answer::{Answer, Question, Rule},
    application::Answers,
    octets::escape,
    pair::Pair,
    security::User,
    settings::Settings,
    story::{Action, Role},
};

/// Input: messages with `|` between them, which a client sends to a server over a stream that stalls and may break. Property:
/// the server stored exactly the messages that the client reports as accepted, once and octet for octet.
///
/// Choices: LMTP; pipelining; chunks; TLS and a login; when questions are answered; the recipient and the message that
/// are refused; the turn at which the stream breaks, or none; extreme settings of the server and of the client; octets
/// carried at each turn, over and over.
pub fn pair(data: &[u8]) {
    let (mut choices, content) = Choices::of(data);
    let mut settings = settings(&mut choices);
    let answers = choices.one(&[Answers::Now, Answers::Late, Answers::Reversed]);
    let recipients = choices.one(&[
        "; RCPT TO:<yes@example.org>",
        "; RCPT TO:<no@example.org>; RCPT TO:<yes@example.org>",
        "; RCPT TO:<no@example.org>; RCPT TO:<no@example.org>",
    ]);
    settings.piece = choices.number() + 1;
    let breaks = choices.number().checked_sub(1);
    let mut usual = choices.extremes(&mut settings, Role::Server).is_empty();
    usual &= choices.extremes(&mut settings, Role::Client).is_empty();
    let mut sizes = choices.sizes();
    // The last size is not a stall, so that octets get through.
    let last = sizes.len() - 1;
    sizes[..last].iter_mut().for_each(|size| *size -= 1);

    let mut pair = Pair::new(&settings, answers);
    let sender = &mut pair.client.seat;
    let mut expected = Vec::new();
    for (number, content) in content.split(|octet| *octet == b'|').take(3).enumerate() {
        // Make each message unique, and 7bit, because it has no BODY.
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

    let mut sizes = sizes.into_iter().cycle();
    for turn in 0..2_000_000 {
        if breaks == Some(turn) {
            for role in [Role::Client, Role::Server] {
                pair.happen(&Action::Lost(role)).expect("it ends");
            }
        }
        let size = sizes.next().unwrap_or(1);
        let moved = pair.turn(size).expect("it ends");
        if pair.is_over() {
            break;
        }
        if !moved {
            pair.quiescent().expect("something can still come");
            let deadlines = [pair.client.wait, pair.server.wait].into_iter().flatten();
            let due = deadlines
                .filter_map(|wait| wait.deadline)
                .map(|deadline| deadline.at)
                .min();
            let soon = pair.now + Duration::from_millis(5);
            pair.now = match due {
                // Nothing can happen before a deadline.
                Some(due) if size > 0 => due.max(pair.now),
                due => due.map_or(soon, |due| due.min(soon).max(pair.now)),
            };
        }
    }
    assert!(pair.is_over(), "it does not end");

    let log = &pair.client.seat.log;
    let stored: Vec<&Vec<u8>> = pair
        .server
        .seat
        .stored
        .iter()
        .map(|stored| &stored.content)
        .collect();
    let ends: Vec<&str> = log
        .iter()
        .filter_map(|line| line.strip_prefix("finished ").or(line.strip_prefix("closed ")))
        .collect();
    assert!(
        stored.iter().all(|message| expected.contains(message)),
        "not sent like this: {stored:?}"
    );
    for (number, message) in expected.iter().enumerate() {
        let arrived = stored.iter().filter(|stored| **stored == message).count();
        match ends.get(number) {
            Some(&"Accepted") => assert_eq!(arrived, 1, "message {number} was lost: {log:?}"),
            Some(end) if end.ends_with("Unknown") => assert!(arrived <= 1, "message {number} came twice"),
            _ => assert_eq!(
                arrived, 0,
                "message {number} was not accepted and arrived: {log:?}"
            ),
        }
    }
    if breaks.is_none() && usual {
        assert_eq!(ends.len(), expected.len() + 1, "{log:?}");
    }
}

fn settings(choices: &mut Choices<'_>) -> Settings {
    let mut settings = Settings::default();
    // The stream may be slower than any server accepts.
    settings.server.timeouts.data = Duration::from_secs(86_400);
    if choices.yes() {
        (settings.server.protocol, settings.client.protocol) = (Protocol::Lmtp, Protocol::Lmtp);
    }
    if choices.yes() {
        settings.server.extensions.remove(Keyword::Pipelining);
    }
    let chunk = choices.number();
    if chunk > 0 {
        settings.client.chunking = ExtensionUse::IfOffered;
        settings.client.limits.max_chunk_octets = chunk;
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
        settings.server.plaintext_auth = PlaintextAuth::Insecure;
        settings.client.plaintext_auth = PlaintextAuth::Insecure;
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
    // The first, second or third message is refused, or none; in LMTP a recipient of each.
    let number = choices.number().to_string();
    reject(Question::Verdict, &number, Rejection::NO_STORAGE);
    settings
}
