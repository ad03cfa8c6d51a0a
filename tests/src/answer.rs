//! The answers of the server application in a story.

use smtp_proto::{
    sasl::AuthOutcome,
    server::Member,
    types::{Code, EnhancedCode, EtrnAnswer, ForwardPath, Mailbox, Rejection, Text},
};

use crate::octets::unescape;

/// A rule of a story: an answer to some questions.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Rule {
    /// The kind of question.
    pub question: Question,
    /// The required beginning of the question's subject.
    pub about: String,
    /// The answer.
    pub answer: Answer,
}

/// A question of a server machine.
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
    Verify,
    Expand,
    Help,
    Xclient,
    Xforward,
    Etrn,
    Command,
}

/// The answer of the application.
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
    Judged(AuthOutcome),
    Started(EtrnAnswer),
    /// No answer: the ticket is dropped.
    Silence,
}

/// `verb question prefix rest`
pub(crate) fn rule(verb: &str, question: &str, rest: &str) -> Result<Rule, String> {
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
        "xclient" => Question::Xclient,
        "xforward" => Question::Xforward,
        "etrn" => Question::Etrn,
        "command" => Question::Command,
        _ => return Err("no such setting or question".to_owned()),
    };
    let (about, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    Ok(Rule {
        question,
        about: about.trim_start_matches('*').to_owned(),
        answer: answer(verb, rest)?,
    })
}

/// `verb rest`
pub(crate) fn answer(verb: &str, rest: &str) -> Result<Answer, String> {
    Ok(match verb {
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
        "started" => Answer::Started(etrn(rest)?),
        "challenge" => Answer::Judged(AuthOutcome::Challenge(unescape(rest)?)),
        "silent" => Answer::Silence,
        _ => return Err("no such setting or answer".to_owned()),
    })
}

pub(crate) fn reply_text(text: &str) -> Result<Text<'static>, String> {
    let octets = unescape(text)?;
    let text = String::from_utf8(octets).map_err(|error| error.to_string())?;
    Text::new(text).map_err(|error| error.to_string())
}

/// `550 5.1.1 words`, or the name of a constant.
pub(crate) fn rejection(text: &str) -> Result<Rejection, String> {
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
        ("NOT_AUTHORIZED", Rejection::NOT_AUTHORIZED),
        ("NODE_NOT_ALLOWED", Rejection::NODE_NOT_ALLOWED),
        ("QUEUE_NOT_STARTED", Rejection::QUEUE_NOT_STARTED),
        ("CREDENTIALS", Rejection::CREDENTIALS),
        ("AUTH_FAILURE", Rejection::AUTH_FAILURE),
    ];
    if let Some((_, rejection)) = constants.iter().find(|(name, _)| *name == text) {
        return Ok(rejection.clone());
    }
    let (code, rest) = text.split_once(' ').ok_or("no such rejection")?;
    let code = Code::new(code.parse().map_err(|_| "no number")?).ok_or("no such code")?;
    let (enhanced, words) = EnhancedCode::parse(rest.as_bytes()).ok_or("no enhanced code")?;
    let words = std::str::from_utf8(words).map_err(|error| error.to_string())?;
    Rejection::new(code, enhanced, reply_text(words)?).map_err(|error| error.to_string())
}

/// `250`, `251`, `252`, or `253` and a number.
fn etrn(text: &str) -> Result<EtrnAnswer, String> {
    Ok(match text.split_once(' ').unwrap_or((text, "")) {
        ("250", "") => EtrnAnswer::Started,
        ("251", "") => EtrnAnswer::NoMessages,
        ("252", "") => EtrnAnswer::MessagesStarted,
        ("253", count) => EtrnAnswer::CountStarted(count.parse().map_err(|_| "no number")?),
        _ => return Err("started 250, 251, 252 or 253 and a number".to_owned()),
    })
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

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
