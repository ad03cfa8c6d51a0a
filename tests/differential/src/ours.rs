//! This project.

use smtp_proto::{
    data::{BareLineEndings, DotUnstuffer, Unstuffed},
    syntax::{Leniency, ReplyFault, parse_command, parse_ehlo, parse_reply},
    types::{
        Code, Command, ForwardPath, Hold, Keyword, MailParameters, Mailbox, RcptParameters, Reply, Ret, Xtext,
    },
};

use crate::{
    escape::escaped,
    outcome::{Outcome, parameters},
    registry::OFFERS,
};

/// Uses the default leniency of a server.
pub(crate) fn command(line: &[u8]) -> Outcome {
    let Ok(command) = parse_command(line, &Leniency::default()) else {
        return Outcome::Refused;
    };
    let accepted = |verb| Outcome::accepted([("verb", verb)]);
    match &command {
        Command::Ehlo(name) => accepted("EHLO").with("name", name.as_str()),
        Command::Helo(name) => accepted("HELO").with("name", name.as_str()),
        Command::Lhlo(name) => accepted("LHLO").with("name", name.as_str()),
        Command::Mail(mail) => {
            let path = mail.reverse_path();
            let mailbox = path.mailbox();
            let outcome = accepted("MAIL").with("path", path.as_str());
            let outcome = with_mailbox(outcome, mailbox);
            mail_parameters(outcome, mail.parameters())
        }
        Command::Rcpt(rcpt) => {
            let path = rcpt.forward_path();
            let outcome = accepted("RCPT").with("path", path.as_str());
            let outcome = match path {
                ForwardPath::Path(path) => with_mailbox(outcome, Some(path.mailbox())),
                _ => outcome
                    .with("mailbox", path.as_str())
                    .with("unquoted", path.as_str()),
            };
            rcpt_parameters(outcome, rcpt.parameters())
        }
        Command::Data => accepted("DATA"),
        Command::Bdat(bdat) => accepted("BDAT")
            .with("size", bdat.size.to_string())
            .with("last", bdat.last.to_string()),
        Command::Rset => accepted("RSET"),
        Command::Vrfy(query) => accepted("VRFY").with("text", query.as_str()),
        Command::Expn(query) => accepted("EXPN").with("text", query.as_str()),
        Command::Help(topic) => {
            accepted("HELP").with("text", topic.as_ref().map_or("", |topic| topic.as_str()))
        }
        Command::Noop(text) => accepted("NOOP").with("text", text.as_ref().map_or("", |text| text.as_str())),
        Command::Quit => accepted("QUIT"),
        Command::StartTls => accepted("STARTTLS"),
        Command::Auth(auth) => accepted("AUTH")
            .with("mechanism", auth.mechanism().to_ascii_uppercase())
            .with("initial", auth.initial_response().unwrap_or_default()),
        Command::Etrn(_) => accepted("ETRN"),
        // A server answers 500 or 502.
        _ => Outcome::Refused,
    }
}

fn with_mailbox(outcome: Outcome, mailbox: Option<Mailbox<'_>>) -> Outcome {
    let Some(mailbox) = mailbox else {
        return outcome.with("mailbox", "").with("unquoted", "");
    };
    let unquoted = format!("{}@{}", mailbox.unquoted_local_part(), mailbox.domain());
    outcome
        .with("mailbox", mailbox.as_str())
        .with("unquoted", unquoted)
}

fn mail_parameters(outcome: Outcome, all: &MailParameters<'_>) -> Outcome {
    let size = all.size().map(|size| size.to_string());
    let body = all.body().map(|body| body.to_string());
    let ret = all.ret().map(|ret| match ret {
        Ret::Headers => "HDRS",
        _ => "FULL",
    });
    let (hold_for, hold_until) = match all.hold() {
        Some(Hold::For(interval)) => (Some(interval.to_string()), None),
        Some(Hold::Until(time)) => (None, Some(time.to_string())),
        None => (None, None),
    };
    let by = all.deliver_by().map(|by| by.to_string());
    let priority = all.priority().map(|priority| priority.to_string());
    let list = [
        ("SIZE", size.as_deref()),
        ("BODY", body.as_deref()),
        ("RET", ret),
        ("ENVID", all.envelope_id().map(Xtext::as_str)),
        ("AUTH", all.auth().map(|identity| identity.as_str())),
        ("HOLDFOR", hold_for.as_deref()),
        ("HOLDUNTIL", hold_until.as_deref()),
        ("BY", by.as_deref()),
        ("MT-PRIORITY", priority.as_deref()),
        ("SOLICIT", all.solicitation().map(|classes| classes.as_str())),
    ];
    let flags = [("SMTPUTF8", all.smtputf8()), ("REQUIRETLS", all.require_tls())];
    let list = list.into_iter().filter(|(_, value)| value.is_some());
    let flags = flags
        .into_iter()
        .filter(|(_, set)| *set)
        .map(|(keyword, _)| (keyword, None));
    let others = all.others().collect::<Vec<_>>();
    let others = others.iter().map(|other| (other.keyword(), other.value()));
    outcome
        .with("parameters", parameters(list.chain(flags).chain(others)))
        .with("size", size.as_deref().unwrap_or("0"))
        .with("body", body.as_deref().unwrap_or_default())
        .with("ret", ret.unwrap_or_default())
        .with("envid", all.envelope_id().map(Xtext::decode).unwrap_or_default())
        .with("smtputf8", all.smtputf8().to_string())
}

fn rcpt_parameters(outcome: Outcome, all: &RcptParameters<'_>) -> Outcome {
    let notify = all.notify().map(|notify| notify.to_string());
    let rrvs = all.rrvs().map(|rrvs| rrvs.to_string());
    let list = [
        ("RRVS", rrvs.as_deref()),
        ("NOTIFY", notify.as_deref()),
        (
            "ORCPT",
            all.original_recipient().map(|original| original.as_str()),
        ),
    ];
    let list = list.into_iter().filter(|(_, value)| value.is_some());
    let others = all.others().collect::<Vec<_>>();
    let others = others.iter().map(|other| (other.keyword(), other.value()));
    outcome
        .with("parameters", parameters(list.chain(others)))
        .with("notify", parameters([("NOTIFY", notify.as_deref())].into_iter()))
}

/// With the limits that a client has.
pub(crate) fn reply(octets: &[u8]) -> Outcome {
    match first_reply(octets) {
        Ok((reply, rest)) => Outcome::accepted([])
            .with("code", reply.code().to_string())
            .with(
                "enhanced",
                reply.enhanced().map(|code| code.to_string()).unwrap_or_default(),
            )
            .with("lines", reply.lines().count().to_string())
            .left(rest),
        Err(outcome) => outcome,
    }
}

pub(crate) fn ehlo(octets: &[u8]) -> Outcome {
    let (reply, rest) = match first_reply(octets) {
        Ok(parsed) => parsed,
        Err(outcome) => return outcome,
    };
    if reply.code() != Code::OK {
        return Outcome::Refused;
    }
    let (name, offers) = parse_ehlo(&reply);
    let known: Vec<_> = OFFERS
        .into_iter()
        .filter(|(keyword, _)| Keyword::find(keyword.as_bytes()).is_some_and(|known| offers.has(known)))
        .map(|(keyword, _)| keyword)
        .collect();
    let mechanisms: Vec<_> = offers.auth_mechanisms().map(str::to_ascii_uppercase).collect();
    Outcome::accepted([("name", name)])
        .with("offers", known.join(" "))
        .with("mechanisms", mechanisms.join(" "))
        .with("size", offers.size_limit().unwrap_or_default().to_string())
        .left(rest)
}

/// Returns the first reply in `octets`, and the octets after it.
fn first_reply(octets: &[u8]) -> Result<(Reply<'_>, &[u8]), Outcome> {
    let ends = octets.windows(2).enumerate().filter(|(_, pair)| pair == b"\r\n");
    for end in ends.map(|(at, _)| at + 2) {
        let (first, rest) = octets.split_at(end);
        match parse_reply(first) {
            Ok(reply) => return Ok((reply, rest)),
            Err(error) if error.fault() == ReplyFault::Incomplete => {}
            Err(_) => return Err(Outcome::Refused),
        }
    }
    match parse_reply(octets) {
        Err(error) if error.fault() == ReplyFault::Incomplete => Err(Outcome::Waits),
        _ => Err(Outcome::Refused),
    }
}

/// Keeps bare CR and LF, so that the ends that each implementation finds can be compared.
pub(crate) fn body(mut octets: &[u8]) -> Outcome {
    let mut unstuffer = DotUnstuffer::new(BareLineEndings::Keep);
    let mut message = Vec::new();
    loop {
        match unstuffer.next(&mut octets) {
            Unstuffed::Piece(piece) => message.extend_from_slice(piece),
            Unstuffed::NeedMore => return Outcome::Waits,
            Unstuffed::End => {
                return Outcome::accepted([])
                    .with("message", escaped(&message))
                    .with("end", escaped(octets));
            }
        }
    }
}
