//! A client and a server under virtual time: what was accepted arrived octet for octet, nothing else did, and it ends.

use std::time::Duration;

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
};
use smtp_proto::{
    client::{Login, Tls, Use},
    sasl::{Credentials, InClear, Mechanism},
    server,
    types::{Extension, Keyword, Protocol, Rejection},
};
use smtp_tests::{
    Answer, Answers, Application, Pair, Question, Role, Rule, Sender, Settings, Transport, User, escape,
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
    entry: Entry,
}

/// What comes before the messages: TLS, and a login.
#[derive(Clone, Debug)]
struct Entry {
    starttls: bool,
    server_requires: server::Tls,
    client_wants: Tls,
    /// Whether the handshake succeeds.
    handshake: bool,
    /// What the server offers.
    mechanisms: Vec<Mechanism>,
    server_auth: server::Auth,
    in_clear: [InClear; 2],
    login: Option<Who>,
}

#[derive(Clone, Debug)]
struct Who {
    user: String,
    secret: String,
    token: bool,
    right: bool,
}

impl Entry {
    /// Mail is taken from anybody.
    fn open() -> Self {
        Self {
            starttls: false,
            server_requires: server::Tls::Optional,
            client_wants: Tls::Disabled,
            handshake: true,
            mechanisms: Vec::new(),
            server_auth: server::Auth::Optional,
            in_clear: [InClear::Never; 2],
            login: None,
        }
    }

    fn is_encrypted(&self) -> bool {
        self.starttls && self.client_wants != Tls::Disabled && self.handshake
    }

    /// Whether mail is taken once the client is ready.
    fn takes_mail(&self) -> bool {
        (self.server_auth == server::Auth::Optional || self.login.is_some())
            && (self.server_requires == server::Tls::Optional || self.is_encrypted())
    }

    /// Why the session ends before it is ready, if it does.
    fn end(&self) -> Option<&'static str> {
        match self.client_wants {
            Tls::Required if !self.starttls => return Some("TlsNotOffered"),
            Tls::Required | Tls::Opportunistic if self.starttls && !self.handshake => {
                return Some("TlsFailed");
            }
            _ => {}
        }
        let who = self.login.as_ref()?;
        let may_be_used = |mechanism: &Mechanism| {
            self.is_encrypted()
                || self.in_clear.iter().all(|policy| match policy {
                    InClear::Never => false,
                    InClear::WithoutSecrets => !mechanism.shows_secret(),
                    InClear::InsecureSecrets => true,
                })
        };
        let of_use = |mechanism: &&Mechanism| {
            [Mechanism::XOAUTH2, Mechanism::OAUTHBEARER].contains(mechanism) == who.token
                && may_be_used(mechanism)
        };
        if self.mechanisms.iter().find(of_use).is_none() {
            return Some("NoMechanism");
        }
        let in_order = self.server_requires == server::Tls::Optional || self.is_encrypted();
        (!(who.right && in_order)).then_some("LoginRefused")
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let policy = || {
        select(vec![
            InClear::Never,
            InClear::WithoutSecrets,
            InClear::InsecureSecrets,
        ])
    };
    let who = (
        "[!-~\u{e0}-\u{ff}]{1,12}",
        any::<bool>(),
        "\\PC{1,20}",
        "[A-Za-z0-9._~+/-]{1,400}=?",
        prop_oneof![3 => Just(true), 1 => Just(false)],
    )
        .prop_map(|(user, token, password, bearer, right)| Who {
            user,
            secret: if token { bearer } else { password },
            token,
            right,
        });
    let mechanisms = vec![
        Mechanism::PLAIN,
        Mechanism::LOGIN,
        Mechanism::CRAM_MD5,
        Mechanism::XOAUTH2,
        Mechanism::OAUTHBEARER,
    ];
    (
        prop_oneof![3 => Just(true), 1 => Just(false)],
        select(vec![
            server::Tls::Optional,
            server::Tls::Optional,
            server::Tls::Required,
        ]),
        select(vec![Tls::Disabled, Tls::Opportunistic, Tls::Required]),
        prop_oneof![4 => Just(true), 1 => Just(false)],
        subsequence(mechanisms, 1..=5),
        select(vec![
            server::Auth::Optional,
            server::Auth::Optional,
            server::Auth::Required,
        ]),
        [policy(), policy()],
        option::of(who),
    )
        .prop_map(
            |(
                starttls,
                server_requires,
                client_wants,
                handshake,
                mechanisms,
                server_auth,
                in_clear,
                login,
            )| {
                Entry {
                    starttls,
                    server_requires,
                    client_wants,
                    handshake,
                    mechanisms,
                    server_auth,
                    in_clear,
                    login,
                }
            },
        )
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
        prop_oneof![1 => Just(Entry::open()), 2 => entry()],
    )
        .prop_map(
            |((lmtp, pipelining, chunking, chunk), answers, messages, carries, breaks, piece, entry)| Plan {
                lmtp,
                pipelining,
                chunking,
                chunk,
                answers,
                messages,
                carries,
                breaks,
                piece,
                entry,
            },
        )
}

struct Stream {
    carries: std::iter::Cycle<std::vec::IntoIter<usize>>,
    breaks: Option<usize>,
    handshake: bool,
}

impl Transport for Stream {
    fn shakes_hands(&mut self) -> bool {
        self.handshake
    }

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
    enter(&mut settings, &plan.entry);
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

fn enter(settings: &mut Settings, entry: &Entry) {
    let (server, client) = (&mut settings.server, &mut settings.client);
    if entry.starttls {
        server.extensions.add(Extension::StartTls);
    }
    server.offer_auth(entry.mechanisms.iter().copied());
    (server.tls, server.auth) = (entry.server_requires, entry.server_auth);
    client.tls = entry.client_wants;
    server.auth_in_clear = entry.in_clear[0];
    if let Some(who) = &entry.login {
        // What the client has is one character short of what the server knows.
        let known = if who.right {
            who.secret.clone()
        } else {
            format!("{}x", who.secret)
        };
        settings.security.users.push(User {
            name: who.user.clone(),
            secret: known,
            may_be: Vec::new(),
        });
        let login = Login::new(if who.token {
            Credentials::token(&*who.user, &*who.secret)
        } else {
            Credentials::password(&*who.user, &*who.secret)
        });
        client.auth_in_clear = entry.in_clear[1];
        client.login = Some(login);
    }
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
        let stream = Stream { carries: plan.carries.clone().into_iter().cycle(), breaks: plan.breaks, handshake: plan.entry.handshake };
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
        let (end, log) = (plan.entry.end(), &pair.server.seat.log);
        if plan.breaks.is_none() {
            let number = if end.is_some() { 0 } else { plan.messages.len() };
            prop_assert_eq!(outcomes.len(), number + 1, "{:?} {:?}", outcomes, log.last());
            if let Some(why) = end {
                prop_assert_eq!(outcomes[0], &format!("closed {why} Settled"));
            }
        }

        // Nobody is let in by mistake, and nobody's mail is taken who would have to be.
        let let_in: Vec<&str> = log.iter().filter_map(|line| line.strip_prefix("let-in ")).collect();
        match &plan.entry.login {
            Some(who) if end.is_none() => {
                prop_assert!(let_in.iter().all(|user| *user == who.user), "{:?}", let_in);
                let claimed: Vec<&String> = log.iter().filter(|line| line.starts_with("auth ")).collect();
                let told = claimed.iter().all(|line| {
                    line.starts_with("auth CRAM-MD5 ") || line.ends_with(&format!(" {}", escape(who.user.as_bytes())))
                });
                prop_assert!(told, "{:?}", claimed);
                prop_assert!(plan.breaks.is_some() || let_in.len() == 1, "{:?}", log);
            }
            _ => prop_assert!(let_in.is_empty(), "{:?}", let_in),
        }
        if !plan.entry.takes_mail() || end.is_some() {
            prop_assert!(stored.is_empty(), "mail was taken all the same");
        }
    }
}
