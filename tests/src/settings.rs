//! The settings of a story: configurations, and the answers of the server application.

use std::{num::NonZeroU32, time::Duration};

use smtp_proto::{
    client,
    data::{BareLineEndings, LineEndings},
    limits::Threshold,
    server::{self, EarlyTalker, UnknownPolicy},
    syntax::Leniency,
    types::{
        AnnouncedLimits, ClientAttribute, ClientAttributes, ClientName, Extension, Extensions,
        FutureReleaseLimits, Host, Keyword, Protocol, SolicitationKeywords,
    },
};

use crate::{
    answer::{Rule, reply_text, rule},
    application::Answers,
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
    /// The rules for answers of the server application. The first matching rule counts; without one, a question is accepted.
    pub rules: Vec<Rule>,
    /// The time of its answers. `None`: any time must give the same session.
    pub answers: Option<Answers>,
    /// Keywords that the application withdraws from the session at its start.
    pub session_withholds: Vec<Keyword>,
    /// Extensions that the application adds to the session at its start.
    pub session_offers: Vec<Extension<'static>>,
    /// TLS, and the users.
    pub security: Security,
    /// True if flights must not be split, because splitting would change the result.
    pub whole: bool,
    /// Maximum octets of the pieces in which the client application passes content to its machine.
    pub piece: usize,
    /// True if the story of a pair lists each act of the link and of the server application.
    pub told: bool,
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
            piece: usize::MAX,
            told: false,
        }
    }
}

impl Settings {
    /// Parses one line.
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
            "pieces" => {
                self.piece = number(rest)?;
                Ok(())
            }
            "link" if rest == "told" => {
                self.told = true;
                self.answers = Some(Answers::Told);
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
            _ => {
                self.rules.push(rule(head, first, more)?);
                Ok(())
            }
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
            "unknown-commands" => config.unknown_commands = ask(value)?,
            "unknown-parameters" => config.unknown_parameters = ask(value)?,
            "early-talk" => {
                config.early_talker = match value {
                    "allow" => EarlyTalker::Tolerate,
                    "refuse" => EarlyTalker::Reject,
                    _ => return Err("early-talk allow or refuse".to_owned()),
                }
            }
            "leniency" => match value {
                "strict" => config.leniency = Leniency::STRICT,
                "missing-brackets" => config.leniency.missing_brackets = true,
                "trailing-dot" => config.leniency.trailing_dot = true,
                _ => return Err("no such leniency".to_owned()),
            },
            "limit" => {
                let (name, numbers) = value.split_once(' ').ok_or("a number is missing")?;
                let limits = &mut config.limits;
                match name {
                    "line" => limits.max_line_octets = number(numbers)?,
                    "auth-line" => limits.max_auth_octets = number(numbers)?,
                    "logins" => limits.failed_logins = bound(numbers)?,
                    "message" => config.set_max_message_size(number(numbers)?),
                    "recipients" => limits.max_recipients = number(numbers)?,
                    "overshoot" => limits.max_recipient_overshoot = number(numbers)?,
                    "transactions" => config.set_max_transactions(number(numbers)?),
                    "domains" => config.set_max_recipient_domains(number(numbers)?),
                    "window" => limits.max_open_rcpts = number(numbers)?,
                    "errors" => limits.errors = bound(numbers)?,
                    "unknown" => limits.unknown_commands = bound(numbers)?,
                    "idle" => limits.max_idle_commands = number(numbers)?,
                    "dropped" => limits.max_discarded_octets = number(numbers)?,
                    _ => return Err("no such limit".to_owned()),
                }
            }
            "timeout" => {
                let (name, numbers) = value.split_once(' ').ok_or("a number is missing")?;
                let span = Duration::from_secs(number(numbers)?);
                let timeouts = &mut config.timeouts;
                match name {
                    "banner" => timeouts.greeting_delay = span,
                    "handshake" => timeouts.handshake = span,
                    "command" => timeouts.command = span,
                    "data" => timeouts.data = span,
                    "answer" => timeouts.application = span,
                    "verdict" => timeouts.message_acceptance = span,
                    "write" => timeouts.write = span,
                    "penalty" => timeouts.penalty = span,
                    "min-rate" => timeouts.min_data_rate = number(numbers)?,
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
            "prdr" => config.prdr = make_use(value)?,
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
                    "window" => limits.max_unanswered = number(numbers)?,
                    "chunk" => limits.max_chunk_octets = number(numbers)?,
                    "reply-line" => limits.reply.line = number(numbers)?,
                    "reply-lines" => limits.reply.lines = number(numbers)?,
                    "reply" => limits.reply.total = number(numbers)?,
                    _ => return Err("no such limit".to_owned()),
                }
            }
            "timeout" => {
                let (name, numbers) = value.split_once(' ').ok_or("a number is missing")?;
                let span = Duration::from_secs(number(numbers)?);
                let timeouts = &mut config.timeouts;
                match name {
                    "all" => *timeouts = client::Timeouts::all(span),
                    "data-block" => timeouts.data_block = span,
                    "data-end" => timeouts.data_end = span,
                    "write" => timeouts.write = span,
                    _ => return Err("no such timeout".to_owned()),
                }
            }
            _ => return Err("no such client setting".to_owned()),
        }
        Ok(())
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("no number: {text}"))
}

fn bound(text: &str) -> Result<Threshold, String> {
    let (soft, hard) = text.split_once(' ').ok_or("give a soft and a hard bound")?;
    Ok(Threshold::new(number(soft)?, number(hard)?))
}

fn ask(text: &str) -> Result<UnknownPolicy, String> {
    match text {
        "ask" => Ok(UnknownPolicy::AskApplication),
        "refuse" => Ok(UnknownPolicy::Reject),
        _ => Err("ask or refuse".to_owned()),
    }
}

fn make_use(text: &str) -> Result<client::ExtensionUse, String> {
    match text {
        "when-offered" => Ok(client::ExtensionUse::IfOffered),
        "never" => Ok(client::ExtensionUse::Never),
        _ => Err("when-offered or never".to_owned()),
    }
}

fn keyword(text: &str) -> Result<Keyword, String> {
    Keyword::find(text.as_bytes()).ok_or_else(|| format!("no keyword {text}"))
}

fn extension(line: &str) -> Result<Extension<'static>, String> {
    let (word, params) = line.split_once(' ').unwrap_or((line, ""));
    Ok(match keyword(word) {
        Err(_) => {
            return Extension::other(word.to_owned(), params.to_owned()).map_err(text);
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
        Ok(Keyword::Rrvs) => Extension::Rrvs,
        Ok(Keyword::Prdr) => Extension::Prdr,
        Ok(Keyword::Etrn) => Extension::Etrn,
        Ok(Keyword::Atrn) => Extension::Atrn,
        Ok(Keyword::Mtrk) => Extension::Mtrk,
        Ok(Keyword::ConPerm) => Extension::ConPerm,
        Ok(Keyword::ConNeg) => Extension::ConNeg,
        Ok(Keyword::MtPriority) => Extension::mt_priority(params.to_owned()).map_err(text)?,
        Ok(Keyword::DeliverBy) => Extension::DeliverBy(params.parse().ok()),
        Ok(Keyword::FutureRelease) => {
            let (interval, time) = params.split_once(' ').ok_or("give an interval and a time")?;
            Extension::FutureRelease(FutureReleaseLimits::new(number(interval)?, number(time)?))
        }
        Ok(Keyword::NoSoliciting) if params.is_empty() => Extension::NoSoliciting(None),
        Ok(Keyword::NoSoliciting) => {
            let classes = SolicitationKeywords::parse(params.to_owned()).map_err(text)?;
            Extension::no_soliciting(classes).map_err(text)?
        }
        Ok(Keyword::Xclient) => Extension::Xclient(attributes(params)?),
        Ok(Keyword::Xforward) => Extension::Xforward(attributes(params)?),
        Ok(Keyword::Burl) => Extension::burl(params.to_owned()).map_err(text)?,
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

fn attributes(names: &str) -> Result<ClientAttributes, String> {
    let find =
        |name: &str| ClientAttribute::find(name.as_bytes()).ok_or_else(|| format!("no attribute {name}"));
    names.split_ascii_whitespace().map(find).collect()
}
