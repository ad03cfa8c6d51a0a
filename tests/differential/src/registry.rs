//! `smtp-proto` 0.2 of the registry: the parser of Stalwart.

use smtp_proto_registry::{
    EXT_8BIT_MIME, EXT_BINARY_MIME, EXT_CHUNKING, EXT_DSN, EXT_ENHANCED_STATUS_CODES, EXT_PIPELINING,
    EXT_REQUIRE_TLS, EXT_SIZE, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse, Error, MAIL_BODY_7BIT,
    MAIL_BODY_8BITMIME, MAIL_BODY_BINARYMIME, MAIL_RET_FULL, MAIL_RET_HDRS, MAIL_SMTPUTF8, RCPT_NOTIFY_DELAY,
    RCPT_NOTIFY_FAILURE, RCPT_NOTIFY_NEVER, RCPT_NOTIFY_SUCCESS, Request, request::receiver::DataReceiver,
    response::parser::ResponseReceiver,
};

use crate::{
    escape::escaped,
    outcome::{Outcome, parameters},
};

pub(crate) fn command(line: &[u8]) -> Outcome {
    let line = [line, b"\r\n"].concat();
    let mut octets = line.iter();
    let request = match Request::parse(&mut octets) {
        Ok(request) => request,
        Err(error) => return failed(&error),
    };
    let outcome = Outcome::accepted([("verb", request.name())]);
    let outcome = match &request {
        Request::Ehlo { host } | Request::Lhlo { host } | Request::Helo { host } => {
            outcome.with("name", &**host)
        }
        Request::Mail { from } => {
            let body = match from.flags & (MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_BODY_BINARYMIME) {
                MAIL_BODY_7BIT => "7BIT",
                MAIL_BODY_8BITMIME => "8BITMIME",
                MAIL_BODY_BINARYMIME => "BINARYMIME",
                0 => "",
                _ => "several",
            };
            let ret = match from.flags & (MAIL_RET_FULL | MAIL_RET_HDRS) {
                MAIL_RET_FULL => "FULL",
                MAIL_RET_HDRS => "HDRS",
                0 => "",
                _ => "several",
            };
            outcome
                .with("unquoted", &*from.address)
                .with("size", from.size.to_string())
                .with("body", body)
                .with("ret", ret)
                .with("envid", from.env_id.as_deref().unwrap_or_default())
                .with("smtputf8", (from.flags & MAIL_SMTPUTF8 != 0).to_string())
        }
        Request::Rcpt { to } => {
            let words = [
                (RCPT_NOTIFY_NEVER, "NEVER"),
                (RCPT_NOTIFY_SUCCESS, "SUCCESS"),
                (RCPT_NOTIFY_FAILURE, "FAILURE"),
                (RCPT_NOTIFY_DELAY, "DELAY"),
            ];
            let words: Vec<_> = words
                .into_iter()
                .filter(|(flag, _)| to.flags & flag != 0)
                .map(|(_, word)| word)
                .collect();
            let words = words.join(",");
            outcome.with("unquoted", &*to.address).with(
                "notify",
                parameters([("NOTIFY", Some(words.as_str()))].into_iter()),
            )
        }
        Request::Bdat { chunk_size, is_last } => outcome
            .with("size", chunk_size.to_string())
            .with("last", is_last.to_string()),
        Request::Auth { initial_response, .. } => outcome.with("initial", &**initial_response),
        Request::Noop { value }
        | Request::Vrfy { value }
        | Request::Expn { value }
        | Request::Help { value } => outcome.with("text", &**value),
        _ => outcome,
    };
    outcome.left(octets.as_slice())
}

pub(crate) fn reply(octets: &[u8]) -> Outcome {
    let mut octets = octets.iter();
    match ResponseReceiver::default().parse(&mut octets) {
        Ok(reply) => {
            let enhanced = match reply.esc {
                [0, 0, 0] => String::new(),
                [class, subject, detail] => format!("{class}.{subject}.{detail}"),
            };
            Outcome::accepted([])
                .with("code", reply.code.to_string())
                .with("enhanced", enhanced)
                .left(octets.as_slice())
        }
        Err(error) => failed(&error),
    }
}

pub(crate) fn ehlo(octets: &[u8]) -> Outcome {
    let mut octets = octets.iter();
    match EhloResponse::parse(&mut octets) {
        Ok(reply) => {
            let offers = OFFERS.iter().filter(|(_, flag)| reply.has_capability(*flag));
            let offers: Vec<_> = offers.map(|(keyword, _)| *keyword).collect();
            Outcome::accepted([("name", reply.hostname().as_str())])
                .with("offers", offers.join(" "))
                .with("size", reply.size.to_string())
                .left(octets.as_slice())
        }
        Err(error) => failed(&error),
    }
}

pub(crate) fn body(octets: &[u8]) -> Outcome {
    let mut octets = octets.iter();
    let mut message = Vec::new();
    if !DataReceiver::new().ingest(&mut octets, &mut message) {
        return Outcome::Waits;
    }
    Outcome::accepted([])
        .with("message", escaped(&message))
        .with("end", escaped(octets.as_slice()))
}

fn failed(error: &Error) -> Outcome {
    match error {
        Error::NeedsMoreData { .. } => Outcome::Waits,
        _ => Outcome::Refused,
    }
}

/// The extensions that all have a name for.
pub(crate) const OFFERS: [(&str, u32); 10] = [
    ("8BITMIME", EXT_8BIT_MIME),
    ("BINARYMIME", EXT_BINARY_MIME),
    ("CHUNKING", EXT_CHUNKING),
    ("DSN", EXT_DSN),
    ("ENHANCEDSTATUSCODES", EXT_ENHANCED_STATUS_CODES),
    ("PIPELINING", EXT_PIPELINING),
    ("REQUIRETLS", EXT_REQUIRE_TLS),
    ("SIZE", EXT_SIZE),
    ("SMTPUTF8", EXT_SMTP_UTF8),
    ("STARTTLS", EXT_START_TLS),
];
