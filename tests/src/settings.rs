//! What stands at the head of a story: configurations, and what the server application answers.

use std::{num::NonZeroU32, time::Duration};

use smtp_proto::{
    client,
    data::{BareLineEndings, LineEndings},
    limits::Bound,
    sasl::Progress,
    server::{self, EarlyTalk, Historic, Member, Unknown},
    syntax::Leniency,
    types::{
        AnnouncedLimits, ClientName, Code, EnhancedCode, Extension, Extensions, ForwardPath, Host, Keyword,
        Mailbox, Protocol, Rejection, Text,
    },
};

use crate::{
    application::Answers,
    octets::unescape,
    security::{self, Security},
};

/// The settings of a story.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Settings {
    /// The server's configuration.
    pub server: server::Config,
    /// The client's configuration.
    pub client: client::Config,
    /// What the server application answers; the first that fits counts, and what none fits is accepted.
    pub rules: Vec<Rule>,
    /// When it answers; `None` means that this must not matter.
    pub answers: Option<Answers>,
    /// Keywords that the application withholds from the session as it connects.
    pub session_withholds: Vec<Keyword>,
    /// Extensions that the application adds to the session as it connects.
    pub session_offers: Vec<Extension<'static>>,
    /// TLS, and who may log in.
    pub security: Security,
    /// Flights come whole: how they are cut matters.
    pub whole: bool,
}

/// An answer to questions.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Rule {
    /// Which question.
    pub question: Question,
    /// How its subject has to begin.
    pub about: String,
    /// The answer.
    pub answer: Answer,
}

/// What a server machine asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that the machine asks")]
#[expect(missing_docs, reason = "see the events of the server machine")]
pub enum Question {
    Connect,
    Hello,
    Auth,
    Mail,
    Recipient,
    Message,
    Body,
    Verdict,
    /// The verdict on the message with this number in its reverse-path, `m0@` and so on.
    MessageFrom(usize),
    Verify,
    Expand,
    Help,
    Command,
}

/// What the application says to it.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "all that the machine understands")]
#[expect(missing_docs, reason = "see the methods of the server machine")]
pub enum Answer {
    Accept(Option<Text<'static>>),
    Reject(Rejection),
    Forward(ForwardPath<'static>),
    Verified(Member<'static>),
    Expanded(Vec<Member<'static>>),
    Status(Text<'static>),
    Judged(Progress),
    /// None: the ticket is thrown away.
    Silence,
}

impl Default for Settings {
    fn default() -> Self {
        let host = Host::parse("mx.example.org").expect("a host").into_owned();
        let name = ClientName::parse("client.example").expect("a name").into_owned();
        Self {
            server: server::Config::new(host),
            client: client::Config::new(name),
            rules: Vec::new(),
            answers: None,
            session_withholds: Vec::new(),
            session_offers: Vec::new(),
            security: Security::default(),
            whole: false,
        }
    }
}

impl Settings {
    /// Takes one line.
    pub(crate) fn set(&mut self, head: &str, rest: &str) -> Result<(), String> {
        let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
        match head {
            "server" => security::set_server(&mut self.server, first, more)
                .unwrap_or_else(|| self.set_server(first, more)),
            "client" => security::set_client(&mut self.client, first, more)
                .unwrap_or_else(|| self.set_client(first, more)),
            "tls" => self.security.set_tls(first, more),
            "user" => self.security.add_user(rest),
            "trust" if rest == "originators" => {
                self.security.trusts_originators = true;
                Ok(())
            }
            "flights" if rest == "whole" => {
                self.whole = true;
                Ok(())
            }
            "protocol" => {
                let protocol = match rest {
                    "lmtp" => Protocol::Lmtp,
                    "smtp" => Protocol::Smtp,
                    _ => return Err("protocol smtp or lmtp".to_owned()),
                };
                (self.server.protocol, self.client.protocol) = (protocol, protocol);
                Ok(())
            }
            "answers" => {
                self.answers = Some(match rest {
                    "now" => Answers::Now,
                    "late" => Answers::Late,
                    "reversed" => Answers::Reversed,
                    _ => return Err("answers now, late or reversed".to_owned()),
                });
                Ok(())
            }
            "session" => {
                match first {
                    "offer" => self.session_offers.push(extension(more)?),
                    "withhold" => self.session_withholds.push(keyword(more)?),
                    _ => return Err("session offer or session withhold".to_owned()),
                }
                Ok(())
            }
            _ => self.rule(head, first, more),
        }
    }

    fn set_server(&mut self, what: &str, value: &str) -> Result<(), String> {
        let config = &mut self.server;
        match what {
            "hostname" => config.hostname = Host::parse(value).map_err(text)?.into_owned(),
            "greeting" => config.greeting = reply_text(value)?,
            "offers" => {
                config.extensions = Extensions::default();
                for offered in value
                    .split(',')
                    .map(str::trim)
                    .filter(|offered| !offered.is_empty())
                {
                    config.extensions.add(extension(offered)?);
                }
            }
            "line-endings" => {
                config.line_endings = match value {
                    "reject" => BareLineEndings::Reject,
                    "normalize" => BareLineEndings::Normalize,
                    "keep" => BareLineEndings::Keep,
                    _ => return Err("reject, normalize or keep".to_owned()),
                }
            }
            "historic" => {
                config.historic = match value {
                    "open" => Historic::Open,
                    _ => return Err("historic open".to_owned()),
                }
            }
            "unknown-commands" => config.unknown_commands = ask(value)?,
            "unknown-parameters" => config.unknown_parameters = ask(value)?,
            "early-talk" => {
                config.early_talk = match value {
                    "allow" => EarlyTalk::Allow,
                    "refuse" => EarlyTalk::Refuse,
                    _ => return Err("early-talk allow or refuse".to_owned()),
                }
            }
            "leniency" => match value {
                "strict" => config.leniency = Leniency::STRICT,
                "missing-brackets" => config.leniency.missing_brackets = true,
                "trailing-dot" => config.leniency.trailing_dot = true,
                "loose-dots" => config.leniency.loose_dots = true,
                _ => return Err("no such leniency".to_owned()),
            },
            "limit" => {
                let (name, numbers) = value.split_once(' ').ok_or("a number is missing")?;
                let limits = &mut config.limits;
                match name {
                    "line" => limits.line = number(numbers)?,
                    "auth-line" => limits.auth_line = number(numbers)?,
                    "logins" => limits.failed_logins = bound(numbers)?,
                    "message" => config.message_limit(number(numbers)?),
                    "recipients" => limits.recipients = number(numbers)?,
                    "window" => limits.window = number(numbers)?,
                    "errors" => limits.errors = bound(numbers)?,
                    "unknown" => limits.unknown_commands = bound(numbers)?,
                    "idle" => limits.idle_commands = number(numbers)?,
                    "dropped" => limits.dropped = number(numbers)?,
                    _ => return Err("no such limit".to_owned()),
                }
            }
            "timeout" => {
                let (name, numbers) = value.split_once(' ').ok_or("a number is missing")?;
                let span = Duration::from_secs(number(numbers)?);
                let timeouts = &mut config.timeouts;
                match name {
                    "banner" => timeouts.banner = span,
                    "handshake" => timeouts.handshake = span,
                    "command" => timeouts.command = span,
                    "data" => timeouts.data = span,
                    "answer" => timeouts.answer = span,
                    "write" => timeouts.write = span,
                    "penalty" => timeouts.penalty = span,
                    "min-rate" => timeouts.min_rate = number(numbers)?,
                    _ => return Err("no such timeout".to_owned()),
                }
            }
            _ => return Err("no such server setting".to_owned()),
        }
        Ok(())
    }

    fn set_client(&mut self, what: &str, value: &str) -> Result<(), String> {
        let config = &mut self.client;
        match what {
            "hello" => config.hello = ClientName::parse(value).map_err(text)?.into_owned(),
            "pipelining" => config.pipelining = make_use(value)?,
            "chunking" => config.chunking = make_use(value)?,
            "line-endings" => {
                config.line_endings = match value {
                    "normalize" => LineEndings::Normalize,
                    "refuse" => LineEndings::Refuse,
                    _ => return Err("normalize or refuse".to_owned()),
                }
            }
            "limit" => {
                let (name, numbers) = value.split_once(' ').ok_or("a number is missing")?;
                let limits = &mut config.limits;
                match name {
                    "window" => limits.window = number(numbers)?,
                    "chunk" => limits.chunk = number(numbers)?,
                    "reply-line" => limits.reply.line = number(numbers)?,
                    "reply-lines" => limits.reply.lines = number(numbers)?,
                    "reply" => limits.reply.total = number(numbers)?,
                    _ => return Err("no such limit".to_owned()),
                }
            }
            _ => return Err("no such client setting".to_owned()),
        }
        Ok(())
    }

    fn rule(&mut self, verb: &str, question: &str, rest: &str) -> Result<(), String> {
        let question = match question {
            "connect" => Question::Connect,
            "hello" => Question::Hello,
            "auth" => Question::Auth,
            "mail" => Question::Mail,
            "rcpt" => Question::Recipient,
            "message" => Question::Message,
            "body" => Question::Body,
            "verdict" => Question::Verdict,
            "vrfy" => Question::Verify,
            "expn" => Question::Expand,
            "help" => Question::Help,
            "command" => Question::Command,
            _ => return Err("no such setting or question".to_owned()),
        };
        let (about, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let about = about.trim_start_matches('*').to_owned();
        let answer = match verb {
            "accept" if rest.is_empty() => Answer::Accept(None),
            "accept" => Answer::Accept(Some(reply_text(rest)?)),
            "reject" => Answer::Reject(rejection(rest)?),
            "forward" => Answer::Forward(ForwardPath::parse(rest).map_err(text)?.into_owned()),
            "not-local" => Answer::Reject(Rejection::not_local(
                ForwardPath::parse(rest).map_err(text)?.into_owned(),
            )),
            "verified" => Answer::Verified(member(rest)?),
            "expanded" => Answer::Expanded(rest.split(';').map(member).collect::<Result<_, _>>()?),
            "ambiguous" => {
                let members: Vec<_> = rest.split(';').map(member).collect::<Result<_, _>>()?;
                Answer::Reject(Rejection::ambiguous(members.iter().map(|member| {
                    (
                        member.full_name.as_ref().map_or("", Text::as_str),
                        member.mailbox.clone(),
                    )
                })))
            }
            "status" => Answer::Status(reply_text(rest)?),
            "challenge" => Answer::Judged(Progress::Challenge(unescape(rest)?)),
            "silent" => Answer::Silence,
            _ => return Err("no such setting or answer".to_owned()),
        };
        self.rules.push(Rule {
            question,
            about,
            answer,
        });
        Ok(())
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("no number: {text}"))
}

fn bound(text: &str) -> Result<Bound, String> {
    let (soft, hard) = text.split_once(' ').ok_or("give a soft and a hard bound")?;
    Ok(Bound::new(number(soft)?, number(hard)?))
}

fn ask(text: &str) -> Result<Unknown, String> {
    match text {
        "ask" => Ok(Unknown::Ask),
        "refuse" => Ok(Unknown::Refuse),
        _ => Err("ask or refuse".to_owned()),
    }
}

fn make_use(text: &str) -> Result<client::Use, String> {
    match text {
        "when-offered" => Ok(client::Use::WhenOffered),
        "never" => Ok(client::Use::Never),
        _ => Err("when-offered or never".to_owned()),
    }
}

fn reply_text(text: &str) -> Result<Text<'static>, String> {
    let octets = unescape(text)?;
    let text = String::from_utf8(octets).map_err(|error| error.to_string())?;
    Text::new(text).map_err(|error| error.to_string())
}

/// `550 5.1.1 words`, or the name of a constant.
fn rejection(text: &str) -> Result<Rejection, String> {
    let constants = [
        ("NO_SUCH_USER", Rejection::NO_SUCH_USER),
        ("RELAY_DENIED", Rejection::RELAY_DENIED),
        ("POLICY", Rejection::POLICY),
        ("SENDER_REFUSED", Rejection::SENDER_REFUSED),
        ("MAILBOX_BUSY", Rejection::MAILBOX_BUSY),
        ("MAILBOX_FULL", Rejection::MAILBOX_FULL),
        ("LOCAL_ERROR", Rejection::LOCAL_ERROR),
        ("NO_STORAGE", Rejection::NO_STORAGE),
        ("TOO_MANY_RECIPIENTS", Rejection::TOO_MANY_RECIPIENTS),
        ("TOO_BIG", Rejection::TOO_BIG),
        ("NO_SERVICE", Rejection::NO_SERVICE),
        ("TRANSACTION_FAILED", Rejection::TRANSACTION_FAILED),
        ("NULL_MX", Rejection::NULL_MX),
        ("NO_MAIL_HERE", Rejection::NO_MAIL_HERE),
        ("TRY_LATER", Rejection::TRY_LATER),
        ("TOO_BUSY", Rejection::TOO_BUSY),
        ("LOOP", Rejection::LOOP),
        ("CREDENTIALS", Rejection::CREDENTIALS),
        ("AUTH_FAILURE", Rejection::AUTH_FAILURE),
    ];
    if let Some((_, rejection)) = constants.iter().find(|(name, _)| *name == text) {
        return Ok(rejection.clone());
    }
    let (code, rest) = text.split_once(' ').ok_or("no such rejection")?;
    let code = Code::new(number(code)?).ok_or("no such code")?;
    let (enhanced, words) = EnhancedCode::parse(rest.as_bytes()).ok_or("no enhanced code")?;
    let words = std::str::from_utf8(words).map_err(|error| error.to_string())?;
    Rejection::new(code, enhanced, reply_text(words)?).map_err(|error| error.to_string())
}

/// `Full Name <mailbox>`.
fn member(text: &str) -> Result<Member<'static>, String> {
    let (name, mailbox) = text.trim().split_once('<').ok_or("no mailbox in brackets")?;
    let mailbox = mailbox.strip_suffix('>').ok_or("no > behind the mailbox")?;
    let name = name.trim();
    Ok(Member {
        full_name: if name.is_empty() {
            None
        } else {
            Some(reply_text(name)?)
        },
        mailbox: Mailbox::parse(mailbox).map_err(self::text)?.into_owned(),
    })
}

fn keyword(text: &str) -> Result<Keyword, String> {
    Keyword::find(text.as_bytes()).ok_or_else(|| format!("no keyword {text}"))
}

fn extension(text: &str) -> Result<Extension<'static>, String> {
    let (word, params) = text.split_once(' ').unwrap_or((text, ""));
    Ok(match keyword(word) {
        Err(_) => {
            return Extension::other(word.to_owned(), params.to_owned()).map_err(|error| error.to_string());
        }
        Ok(Keyword::Pipelining) => Extension::Pipelining,
        Ok(Keyword::Size) => Extension::Size(params.parse().ok()),
        Ok(Keyword::EightBitMime) => Extension::EightBitMime,
        Ok(Keyword::SmtpUtf8) => Extension::SmtpUtf8,
        Ok(Keyword::EnhancedStatusCodes) => Extension::EnhancedStatusCodes,
        Ok(Keyword::Dsn) => Extension::Dsn,
        Ok(Keyword::Chunking) => Extension::Chunking,
        Ok(Keyword::BinaryMime) => Extension::BinaryMime,
        Ok(Keyword::Vrfy) => Extension::Vrfy,
        Ok(Keyword::Expn) => Extension::Expn,
        Ok(Keyword::Help) => Extension::Help,
        Ok(Keyword::RequireTls) => Extension::RequireTls,
        Ok(Keyword::Limits) => {
            let mut limits = AnnouncedLimits::default();
            for limit in params.split(' ') {
                let (name, value) = limit.split_once('=').ok_or("no = in a limit")?;
                let value: NonZeroU32 = number(value)?;
                limits = match name {
                    "MAILMAX" => limits.with_mail_max(value),
                    "RCPTMAX" => limits.with_rcpt_max(value),
                    "RCPTDOMAINMAX" => limits.with_rcpt_domain_max(value),
                    _ => return Err(format!("no limit {name}")),
                };
            }
            Extension::Limits(limits)
        }
        Ok(other) => return Err(format!("cannot offer {other}")),
    })
}
