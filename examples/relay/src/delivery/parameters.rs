//! The MAIL parameters of a delivery.

use smtp_proto::types::{Body, Envelope, MailParameters};

use crate::spool::Facts;

/// Returns the parameters that a message needs at a next hop: SIZE and BODY from its content, and SMTPUTF8 if a part of it
/// needs it.
///
/// AUTH is not passed on, because a next hop has no reason to trust it (RFC 4954 section 5). REQUIRETLS depends on the host,
/// and is added for each.
pub(crate) fn parameters(envelope: &Envelope, facts: &Facts) -> MailParameters<'static> {
    let given = envelope.parameters();
    let mut parameters = MailParameters::default().with_size(facts.size);
    if facts.eight_bit {
        parameters = parameters.with_body(Body::EightBitMime);
    }
    let ascii =
        envelope.reverse_path().is_ascii() && envelope.recipients().iter().all(|rcpt| rcpt.is_ascii());
    // An ASCII content needs SMTPUTF8 only for its addresses.
    if !ascii || facts.utf8_header || given.smtputf8() && facts.eight_bit {
        parameters = parameters.with_smtputf8();
    }
    if let Some(ret) = given.ret() {
        parameters = parameters.with_ret(ret);
    }
    match given.envelope_id() {
        Some(id) => parameters
            .clone()
            .with_envelope_id(id.clone())
            .unwrap_or(parameters),
        None => parameters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(given: &str, recipient: &str, facts: Facts) -> MailParameters<'static> {
        let envelope = Envelope::parse("a@sender.example", [recipient]).unwrap();
        let given = MailParameters::parse(given).unwrap();
        parameters(&envelope.with_parameters(given), &facts)
    }

    #[test]
    fn the_content_decides_and_dsn_is_kept() {
        let small = Facts {
            size: 7,
            ..Facts::default()
        };
        let given = "SIZE=99 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ REQUIRETLS AUTH=<>";
        let expected = MailParameters::parse("SIZE=7 RET=HDRS ENVID=QQ").unwrap();
        assert_eq!(parsed(given, "u@example.org", small), expected);
        let expected = MailParameters::parse("SIZE=7 SMTPUTF8").unwrap();
        assert_eq!(parsed("SMTPUTF8", "ü@example.org", small), expected);
        let eight_bit = Facts {
            eight_bit: true,
            ..small
        };
        let expected = MailParameters::parse("SIZE=7 BODY=8BITMIME").unwrap();
        assert_eq!(parsed("BODY=8BITMIME", "u@example.org", eight_bit), expected);
    }
}
