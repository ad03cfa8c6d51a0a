//! A client machine with a scripted application and a scripted server.

use smtp_proto::{
    client::{ExtensionUse, Login, RequestError as Refusal, Tls as Policy},
    sasl::{Credentials, PlaintextAuth},
    types::{Keyword, Protocol},
};
use smtp_tests::{
    Driver, Seat, Sender, Settings, Writes,
    model::client::{
        Chunks, Client, Command, MessageOutcome, Outcome, Proxied, Reply, Report, RequestError, Setting, Tls,
        Turn, Wish,
    },
};

/// The parts of the message: two chunks of at most [`CHUNK`] octets, or more parts.
const fn content(setting: Setting) -> &'static [&'static str] {
    match setting.chunks {
        Chunks::InParts => &["part Hello\\r\\n", "part .dot\\r\\n", "body"],
        _ => &["body Hello\\r\\n.dot\\r\\n"],
    }
}

const CHUNK: usize = 10;

/// The machine and its application.
pub(crate) struct Sending {
    setting: Setting,
    driver: Driver<Sender>,
    /// The number of lines of the log that were compared.
    read: usize,
}

/// The configuration for this setting.
pub(crate) fn settings(setting: Setting) -> Settings {
    let mut settings = Settings::default();
    let config = &mut settings.client;
    config.protocol = if setting.lmtp {
        Protocol::Lmtp
    } else {
        Protocol::Smtp
    };
    config.chunking = match setting.chunks {
        Chunks::IfOffered | Chunks::InParts => ExtensionUse::IfOffered,
        Chunks::Never | Chunks::Binary(_) => ExtensionUse::Never,
    };
    config.limits.max_chunk_octets = CHUNK;
    config.limits.max_unanswered = setting.window.max(2);
    config.tls = match setting.tls {
        Tls::Never => Policy::Disabled,
        Tls::IfOffered => Policy::Opportunistic,
        Tls::Required => Policy::Required,
    };
    if setting.prdr {
        config.prdr = ExtensionUse::IfOffered;
    }
    if setting.login {
        config.login = Some(Login::new(Credentials::password("ann", "pw")));
        config.plaintext_auth = PlaintextAuth::Insecure;
    }
    settings
}

impl Sending {
    pub(crate) fn new(setting: Setting, settings: &Settings) -> Self {
        let mut driver = Driver::new(Sender::new(settings), Writes::First);
        driver.drive().expect("it waits for the greeting");
        Self {
            setting,
            driver,
            read: 0,
        }
    }

    pub(crate) fn wish(&mut self, wish: Wish) {
        let before = self.driver.seat.log().len();
        let seat = &mut self.driver.seat;
        match wish {
            Wish::Noop => seat.plan("noop"),
            Wish::Reset => seat.plan("reset"),
            Wish::Quit => seat.plan("quit"),
            Wish::Xclient(proxied) => {
                seat.plan(&format!("xclient {}", attributes(proxied).join(" ")));
            }
            Wish::Deliver(recipients) => {
                seat.plan(&format!(
                    "deliver {}",
                    envelope(self.setting, Turn::Own, recipients)
                ));
            }
            Wish::Next(recipients) => seat
                .announce(&envelope(self.setting, Turn::Behind, recipients))
                .expect("an envelope"),
        }
        self.go_on();
        let log = &self.driver.seat.log()[before..];
        let sent = !log.iter().any(|line| line.starts_with("not-sent "));
        if sent && matches!(wish, Wish::Deliver(_) | Wish::Next(_)) {
            for plan in content(self.setting) {
                self.driver.seat.plan(plan);
            }
        }
    }

    /// Skips the results so far.
    pub(crate) fn forget(&mut self) {
        self.driver.said.clear();
        self.read = self.driver.seat.log().len();
    }

    /// Lets the stream accept this number of octets, and then no more.
    pub(crate) const fn leave_room(&mut self, octets: usize) {
        self.driver.leave_room(octets);
    }

    /// The stream breaks.
    pub(crate) fn lose(&mut self) {
        self.driver.seat.connection_lost();
        self.go_on();
    }

    /// The server sends these octets, in these pieces. Without pieces, the input ends.
    pub(crate) fn hear(&mut self, pieces: Vec<Vec<u8>>) {
        if pieces.is_empty() {
            self.driver.receive_end();
        }
        self.driver.receive(pieces);
        self.go_on();
    }

    fn go_on(&mut self) {
        self.driver.drive().expect("it comes to an end");
        if self.driver.seat.awaits_tls() {
            self.driver.seat.shake_hands(true);
            self.driver.drive().expect("it comes to an end");
        }
    }

    /// Compares all results with the model.
    pub(crate) fn judge(&mut self, outcome: &Outcome) -> Result<(), String> {
        let said = String::from_utf8_lossy(&std::mem::take(&mut self.driver.said)).into_owned();
        let due: String = outcome
            .sends
            .iter()
            .map(|command| wire(self.setting, *command))
            .collect();
        if said != due {
            return Err(format!("sends {said:?} in place of {due:?}"));
        }
        self.judge_told(outcome)
    }

    /// Compares the reports to the application with the model; ignores the output.
    pub(crate) fn judge_told(&mut self, outcome: &Outcome) -> Result<(), String> {
        let told = tell(self.driver.seat.log().get(self.read..).unwrap_or_default());
        self.read = self.driver.seat.log().len();
        let due: Vec<String> = outcome.reports.iter().map(report).collect();
        if told != due {
            return Err(format!("tells {told:?} in place of {due:?}"));
        }
        Ok(())
    }
}

/// The attributes of the client of a proxy, command by command.
fn attributes(proxied: Proxied) -> Vec<String> {
    let whole = match proxied {
        Proxied::Address => "ADDR=192.0.2.1",
        Proxied::Login => "LOGIN=bob ADDR=192.0.2.1",
        Proxied::Names => {
            let [name, helo] = ["n", "h"].map(|letter| letter.repeat(250));
            return vec![format!("NAME={name}"), format!("HELO={helo} ADDR=192.0.2.1")];
        }
    };
    vec![whole.to_owned()]
}

fn envelope(setting: Setting, turn: Turn, recipients: usize) -> String {
    let rcpt = |one| format!("; RCPT TO:<r{one}@example.org>");
    let to: String = (0..recipients).map(rcpt).collect();
    format!("{}{to}", mail(setting, turn))
}

fn mail(setting: Setting, turn: Turn) -> String {
    let who = match turn {
        Turn::Own => "ann",
        Turn::Behind => "bob",
    };
    let binary = setting.chunks == Chunks::Binary(turn);
    let body = if binary { " BODY=BINARYMIME" } else { "" };
    format!("MAIL FROM:<{who}@client.example>{body}")
}

/// The octets of this reply to a command.
pub(crate) fn octets(model: &Client, setting: Setting, reply: Reply) -> Vec<u8> {
    let asked = model.awaited();
    let code = match asked {
        Some(Command::Greeting | Command::StartTls | Command::Xclient(..)) => "220",
        Some(Command::Quit) => "221",
        Some(Command::Auth | Command::Star) => "235",
        _ => "250",
    };
    let hello = matches!(asked, Some(Command::Ehlo | Command::Lhlo));
    match reply {
        Reply::Positive if hello => {
            let keywords = [
                ("PIPELINING", setting.window > 1),
                ("CHUNKING", setting.chunks != Chunks::Never),
                ("BINARYMIME", matches!(setting.chunks, Chunks::Binary(_))),
                ("STARTTLS", setting.starttls && !model.is_encrypted()),
                ("PRDR", setting.prdr),
                ("XCLIENT NAME ADDR HELO LOGIN", setting.xclient),
                ("AUTH PLAIN", setting.login),
            ];
            let offered = keywords.iter().filter(|(_, offered)| *offered);
            let lines: String = offered.map(|(keyword, _)| format!("250-{keyword}\r\n")).collect();
            format!("250-mx.example.org\r\n{lines}250 HELP\r\n").into_bytes()
        }
        Reply::Positive => format!("{code} yes\r\n").into_bytes(),
        Reply::Lines => format!("{code}-yes\r\n{code} HELP\r\n").into_bytes(),
        Reply::Intermediate if matches!(asked, Some(Command::Auth | Command::Star)) => b"334 \r\n".to_vec(),
        Reply::Intermediate if setting.prdr && matches!(asked, Some(Command::Text | Command::LastChunk)) => {
            b"353 for each\r\n".to_vec()
        }
        Reply::Intermediate => b"354 go ahead\r\n".to_vec(),
        Reply::Transient => b"451 not now\r\n".to_vec(),
        Reply::Permanent if hello => b"502 what is that\r\n".to_vec(),
        Reply::Permanent => b"550 no\r\n".to_vec(),
        Reply::Unavailable => b"421 closing\r\n".to_vec(),
        Reply::NoService => b"554 no service for you\r\n".to_vec(),
        Reply::Garbage => b"hello there\r\n".to_vec(),
        Reply::End => Vec::new(),
    }
}

/// The octets on the wire.
pub(crate) fn wire(setting: Setting, command: Command) -> String {
    let line = match command {
        Command::Greeting | Command::For(_) => return String::new(),
        Command::Ehlo => "EHLO client.example",
        Command::Helo => "HELO client.example",
        Command::Lhlo => "LHLO client.example",
        Command::StartTls => "STARTTLS",
        Command::Auth => "AUTH PLAIN AGFubgBwdw==",
        Command::Star => "*",
        Command::Noop => "NOOP",
        Command::Rset => "RSET",
        Command::Xclient(proxied, part) => return format!("XCLIENT {}\r\n", attributes(proxied)[part]),
        Command::Mail(turn) => return format!("{}\r\n", mail(setting, turn)),
        Command::MailPrdr(turn) => return format!("{} PRDR\r\n", mail(setting, turn)),
        Command::Rcpt(one) => return format!("RCPT TO:<r{one}@example.org>\r\n"),
        Command::Data => "DATA",
        Command::Text => "Hello\r\n..dot\r\n.",
        Command::LoneDot => ".",
        Command::Chunk(0) if setting.chunks == Chunks::InParts => return "BDAT 7\r\nHello\r\n".to_owned(),
        Command::Chunk(_) if setting.chunks == Chunks::InParts => return "BDAT 6\r\n.dot\r\n".to_owned(),
        Command::Chunk(_) => return "BDAT 10\r\nHello\r\n.do".to_owned(),
        Command::LastChunk if setting.chunks == Chunks::InParts => "BDAT 0 LAST",
        Command::LastChunk => "BDAT 3 LAST\r\nt",
        Command::Quit => "QUIT",
    };
    format!("{line}\r\n")
}

/// The log of the application, in the words of [`report`].
fn tell(log: &[String]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for line in log {
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "permit" | "stopped" => {}
            "reply" => told.push(format!("reply {}", words[1])),
            "finished" => told.push(format!("finished {}", words[1] == "Accepted")),
            "closed" => told.push(format!("closed {}", words[words.len() - 1])),
            "outcome" => {
                let fate = match words[2] {
                    "accepted" => MessageOutcome::Accepted,
                    "refused" => MessageOutcome::Refused,
                    "not" => MessageOutcome::Rejected,
                    _ => MessageOutcome::Unknown,
                };
                let last = told.last_mut().expect("something went before");
                *last += &format!(" {fate:?}");
            }
            _ => told.push(line.clone()),
        }
    }
    told
}

fn report(report: &Report) -> String {
    let fates = |fates: &[MessageOutcome]| fates.iter().map(|fate| format!(" {fate:?}")).collect::<String>();
    match report {
        Report::Ready => "ready".to_owned(),
        Report::Tls => "tls".to_owned(),
        Report::Answered(asked) => format!("reply {}", asked.map_or("Nothing".to_owned(), name)),
        Report::Finished(accepted, each) => format!("finished {accepted}{}", fates(each)),
        Report::Closed(fate, each) => {
            let fate = match fate {
                None => "None",
                Some(MessageOutcome::Unknown) => "Unknown",
                Some(_) => "NotAccepted",
            };
            format!("closed {fate}{}", fates(each))
        }
        Report::Rejected(why) => {
            let why = match why {
                RequestError::OutOfTurn => Refusal::OutOfTurn,
                RequestError::Over => Refusal::Over,
                RequestError::NotOffered => Refusal::NotOffered(Keyword::Chunking),
                RequestError::NoXclient => Refusal::NotOffered(Keyword::Xclient),
                RequestError::NoRecipients => Refusal::NoRecipients,
            };
            format!("not-sent {why}")
        }
    }
}

/// Returns the machine's name of the command.
fn name(command: Command) -> String {
    match command {
        Command::Ehlo | Command::Helo | Command::Lhlo => format!("Hello({command:?})"),
        Command::Star => "Auth".to_owned(),
        Command::Rset => "Reset".to_owned(),
        Command::Mail(_) | Command::MailPrdr(_) => "Mail".to_owned(),
        Command::Xclient(..) => "Xclient".to_owned(),
        Command::Rcpt(one) => format!("Recipient({one})"),
        Command::Text | Command::LoneDot | Command::LastChunk => "Message".to_owned(),
        Command::For(one) => format!("MessageFor({one})"),
        Command::Chunk(_) => "Chunk".to_owned(),
        other => format!("{other:?}"),
    }
}
