//! The words of a story for what a client sends.

use smtp_proto::{
    syntax::{Leniency, parse_command},
    types::{ClientAttribute, ClientInfo, Command, Envelope, Query},
};

use crate::octets::unescape;

/// `MAIL FROM:<a@b.example> SIZE=10; RCPT TO:<c@d.example>; ...`
pub(super) fn envelope(text: &[u8]) -> Result<Envelope, String> {
    let text = str::from_utf8(text).map_err(|error| error.to_string())?;
    let mut envelope = None;
    for line in text.split("; ") {
        let command = parse_command(line.as_bytes(), &Leniency::STRICT).map_err(|error| error.to_string())?;
        envelope = Some(match (envelope, command) {
            (None, Command::Mail(mail)) => {
                let (path, parameters) = mail.into_parts();
                Envelope::new(path).with_parameters(parameters)
            }
            (Some(envelope), Command::Rcpt(rcpt)) => {
                let (path, parameters) = rcpt.into_parts();
                Envelope::recipient_with(envelope, path, parameters)
            }
            _ => return Err("MAIL first, then RCPT".to_owned()),
        });
    }
    envelope.ok_or_else(|| "an envelope is missing".to_owned())
}

/// `ATTRIBUTE=value`, with escapes in the value.
pub(super) fn info(text: &str) -> Result<ClientInfo<'static>, String> {
    let mut info = ClientInfo::default();
    for word in text.split(' ') {
        let (name, value) = word.split_once('=').ok_or("no = in an attribute")?;
        let attribute = ClientAttribute::find(name.as_bytes()).ok_or("no such attribute")?;
        let value = String::from_utf8(unescape(value)?).map_err(|error| error.to_string())?;
        info = info.with(attribute, &value).map_err(|error| error.to_string())?;
    }
    Ok(info)
}

pub(super) fn query(text: &str) -> Result<Query<'static>, String> {
    let text = String::from_utf8(unescape(text)?).map_err(|error| error.to_string())?;
    let (text, utf8) = match text.strip_suffix(" SMTPUTF8") {
        Some(text) => (text, true),
        None => (text.as_str(), false),
    };
    let query = Query::new(text.to_owned()).map_err(|error| error.to_string())?;
    Ok(if utf8 { query.with_smtputf8() } else { query })
}
