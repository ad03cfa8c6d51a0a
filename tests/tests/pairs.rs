//! A client and a server under virtual time: what was accepted arrived octet for octet, nothing else did, and it ends.

use std::time::Duration;

use proptest::{collection::vec, prelude::*, sample::select};
use smtp_proto::{
    client::Use,
    types::{Keyword, Protocol, Rejection},
};
use smtp_tests::{
    Answer, Answers, Application, Pair, Question, Role, Rule, Sender, Settings, Transport, escape,
};

#[derive(Clone, Debug)]
struct Plan {
    lmtp: bool,
    pipelining: bool,
    chunking: bool,
    chunk: usize,
    answers: Answers,
    messages: Vec<Message>,
    /// How many octets get through at each turn, over and over; zero is a stall.
    carries: Vec<usize>,
    /// The stream breaks at this turn.
    breaks: Option<usize>,
    piece: usize,
}

#[derive(Clone, Debug)]
struct Message {
    /// The local parts of the recipients, which say what becomes of them.
    to: Vec<&'static str>,
    content: Vec<u8>,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug)]
enum Verdict {
    Yes,
    No,
    Never,
}

fn message() -> impl Strategy<Value = Message> {
    let octets = prop_oneof![select(b"\r\n..x".to_vec()), 0_u8..128];
    (
        vec(select(vec!["yes", "no", "later", "never"]), 1..5),
        prop_oneof![
            vec(octets, 0..60),
            select(vec![
                b"\r\n.\r\n".to_vec(),
                b"a\n.\nb\n.\r\nc\r.\r".to_vec(),
                b".".to_vec(),
                b"x\r".to_vec(),
                vec![b'y'; 3000],
            ])
        ],
        prop_oneof![3 => Just(Verdict::Yes), 1 => Just(Verdict::No), 1 => Just(Verdict::Never)],
    )
        .prop_map(|(to, content, verdict)| Message { to, content, verdict })
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        (any::<bool>(), any::<bool>(), any::<bool>(), 1_usize..40),
        select(vec![Answers::Now, Answers::Late, Answers::Reversed]),
        vec(message(), 1..4),
        vec(
            prop_oneof![1 => Just(0_usize), 6 => 1_usize..50, 1 => Just(10_000)],
            1..12,
        )
        .prop_filter("something gets through", |carries| {
            carries.iter().any(|carry| *carry > 0)
        }),
        prop_oneof![3 => Just(None), 1 => (0_usize..150).prop_map(Some)],
        1_usize..50,
    )
        .prop_map(
            |((lmtp, pipelining, chunking, chunk), answers, messages, carries, breaks, piece)| Plan {
                lmtp,
                pipelining,
                chunking,
                chunk,
                answers,
                messages,
                carries,
                breaks,
                piece,
            },
        )
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

fn settings(plan: &Plan) -> Settings {
    let mut settings = Settings::default();
    if plan.lmtp {
        (settings.server.protocol, settings.client.protocol) = (Protocol::Lmtp, Protocol::Lmtp);
    }
    if !plan.pipelining {
        settings.server.extensions.remove(Keyword::Pipelining);
    }
    if plan.chunking {
        settings.client.chunking = Use::WhenOffered;
        settings.client.limits.chunk = plan.chunk;
    }
    // Sooner than the client gives up.
    settings.server.timeouts.answer = Duration::from_secs(60);
    let mut rule = |question, about: &str, answer| {
        settings.rules.push(Rule {
            question,
            about: about.to_owned(),
            answer,
        });
    };
    rule(
        Question::Recipient,
        "no@",
        Answer::Reject(Rejection::NO_SUCH_USER),
    );
    rule(
        Question::Recipient,
        "later@",
        Answer::Reject(Rejection::MAILBOX_BUSY),
    );
    rule(Question::Recipient, "never@", Answer::Silence);
    settings
}

/// What has to arrive: each bare CR or LF made a CRLF, and the last line completed.
fn normalised(content: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut octets = content.iter().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if(|next| **next == b'\n');
                text.extend_from_slice(b"\r\n");
            }
            b'\n' => text.extend_from_slice(b"\r\n"),
            octet => text.push(*octet),
        }
    }
    if !text.is_empty() && !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_accepted_arrived(plan in plan()) {
        let mut settings = settings(&plan);
        // The verdict goes with the sender, whose local part the application looks up by number of message.
        for (index, message) in plan.messages.iter().enumerate() {
            let answer = match message.verdict {
                Verdict::Yes => continue,
                Verdict::No => Answer::Reject(Rejection::POLICY),
                Verdict::Never => Answer::Silence,
            };
            settings.rules.push(Rule { question: Question::MessageFrom(index), about: String::new(), answer });
        }
        let mut sender = Sender::new(&settings, plan.piece);
        let mut expected = Vec::new();
        for (index, message) in plan.messages.iter().enumerate() {
            // The first line says which message it is.
            let content = [format!("Message: {index}\r\n").as_bytes(), &message.content].concat();
            let recipients: String = message.to.iter().map(|to| format!("; RCPT TO:<{to}@example.org>")).collect();
            sender.plan(&format!("deliver MAIL FROM:<m{index}@client.example>{recipients}"));
            sender.plan(&format!("body {}", escape(&content)));
            expected.push(normalised(&content));
        }
        sender.plan("quit");
        let stream = Stream { carries: plan.carries.clone().into_iter().cycle(), breaks: plan.breaks };
        let mut pair = Pair::new(sender, Application::new(&settings, plan.answers), stream);
        let mut budget = 2_000_000;
        for _ in 0..2_000_000 {
            let deadline = pair.talk(&mut budget).expect("it ends");
            if pair.is_over() {
                break;
            }
            // A stall is over soon: long enough ones are what deadlines are for, which other tests are about.
            let soon = pair.now + Duration::from_millis(5);
            pair.now = deadline.map_or(soon, |deadline| deadline.at.min(soon).max(pair.now));
        }
        prop_assert!(pair.is_over(), "it does not end");

        let outcomes: Vec<&String> =
            pair.client.seat.log.iter().filter(|line| line.starts_with("finished") || line.starts_with("closed")).collect();
        let stored = &pair.server.seat.stored;
        for body in stored {
            prop_assert!(expected.contains(body), "not sent like this: {}", escape(body));
        }
        for (index, body) in expected.iter().enumerate() {
            let arrived = stored.iter().filter(|stored| *stored == body).count();
            prop_assert!(arrived <= 1, "message {index} arrived twice");
            match outcomes.get(index).map(|outcome| outcome.as_str()) {
                Some("finished Accepted") => prop_assert_eq!(arrived, 1, "message {} was lost", index),
                Some(unknown) if unknown.ends_with("Unknown") => {}
                _ => prop_assert_eq!(arrived, 0, "message {} was not accepted and arrived", index),
            }
        }
        if plan.breaks.is_none() {
            prop_assert_eq!(outcomes.len(), plan.messages.len() + 1, "{:?} {:?}", outcomes, pair.server.seat.log.last());
        }
    }
}
