//! The order of commands, and the replies to commands out of order: RFC 5321 section 4.1.4.

use super::{Codes, NOT_OFFERED, SEQUENCE, Server, Stage, UNKNOWN};
use crate::model::Unit;

impl Server {
    /// The reason for refusing a command without a question.
    pub(super) fn refusal(&self, unit: Unit) -> Option<Vec<u16>> {
        let order = self.out_of_order(unit);
        let codes = match self.unknown(unit) {
            Some(codes) => codes,
            // No RFC specifies if the syntax or the order is checked first.
            None if unit.is_malformed() => return Some([order.unwrap_or_default(), &[501]].concat()),
            None => order.or_else(|| self.unacceptable(unit))?,
        };
        Some(codes.to_vec())
    }

    /// RFC 5321 section 4.2.4: 500 for an unknown command or a line that is too long, in any state.
    fn unknown(&self, unit: Unit) -> Option<Codes> {
        match unit.verb() {
            _ if unit == Unit::Long => Some(UNKNOWN),
            None | Some("other") => Some(match self.stage {
                Stage::Refused if self.rules.tls_required => &[500, 503, 530],
                Stage::Refused => &[500, 503],
                _ if self.rules.tls_required && !self.tls => &[500, 530],
                _ => UNKNOWN,
            }),
            Some(_) => None,
        }
    }

    /// Returns the fault of a command that is in order.
    fn unacceptable(&self, unit: Unit) -> Option<Codes> {
        match unit {
            // RFC 5321 section 4.1.1.11: 555 for unknown parameters. RFC 1870 section 6.1: 552.
            Unit::MailUnknown | Unit::RcptUnknown => Some(&[555]),
            // RFC 5321 section 2.2.1: HELO offers nothing.
            Unit::MailTooBig | Unit::MailBinary | Unit::MailPrdr if self.helo => Some(&[555]),
            Unit::MailTooBig => Some(&[552]),
            // RFC 3030 section 3: BINARYMIME needs CHUNKING.
            Unit::MailBinary if !self.rules.chunking => Some(&[555]),
            // Postfix XCLIENT_README, XFORWARD_README: 550 if the session does not offer it.
            Unit::Xclient | Unit::Xforward if !self.rules.xclient => Some(&[550]),
            Unit::MailPrdr if !self.rules.prdr || self.rules.lmtp => Some(&[555]),
            // RFC 5321 section 4.5.3.1.10: 452 for too many recipients.
            Unit::Rcpt if self.transaction.as_ref()?.recipients >= self.rules.recipients => Some(&[452]),
            // RFC 4954 section 4.
            Unit::AuthUnknown => Some(&[504]),
            Unit::AuthNotBase64 => Some(&[501]),
            _ => None,
        }
    }

    /// The order of commands.
    fn out_of_order(&self, unit: Unit) -> Option<Codes> {
        let verb = unit.verb()?;
        let mail = self.transaction.as_ref();
        // RFC 5321 section 4.2.4: 502 for a command that is known but not implemented.
        let implemented = match verb {
            // RFC 5321 appendix F.6.
            "SEND" => false,
            // RFC 2033 section 4.1.
            "LHLO" => self.rules.lmtp,
            "EHLO" | "HELO" => !self.rules.lmtp,
            // Choice: the server reads the octets of the chunk anyway.
            "BDAT" => self.rules.chunking,
            // RFC 3207 section 4.2: not offered under TLS, and 503 if sent under TLS.
            "STARTTLS" => self.rules.starttls || self.tls,
            "AUTH" => self.rules.auth,
            "ETRN" => self.rules.etrn,
            _ => true,
        };
        // RFC 3207 section 4: 530 in plaintext, except for these. RFC 4954 section 6: 530 for commands about mail or
        // mailboxes.
        let plaintext = self.rules.tls_required && !self.tls;
        let gate = plaintext && !matches!(verb, "NOOP" | "EHLO" | "LHLO" | "STARTTLS" | "QUIT")
            || self.rules.auth_required
                && !self.login
                && matches!(
                    verb,
                    "MAIL" | "SEND" | "RCPT" | "DATA" | "BDAT" | "VRFY" | "EXPN" | "ETRN"
                );
        // RFC 5321 section 3.1.
        let refused = self.stage == Stage::Refused && verb != "QUIT";
        match (refused, gate) {
            (false, false) => {}
            // No RFC specifies which of several reasons comes first.
            (true, true) if implemented => return Some(&[503, 530]),
            (true, true) => return Some(&[500, 502, 503, 530]),
            (true, false) => return Some(if implemented { SEQUENCE } else { &[500, 502, 503] }),
            (false, true) => return Some(if implemented { &[530] } else { &[500, 502, 530] }),
        }
        if !implemented {
            // RFC 2033 section 4.1: 500 to EHLO and HELO.
            return Some(if matches!(verb, "EHLO" | "HELO") {
                UNKNOWN
            } else {
                NOT_OFFERED
            });
        }
        match verb {
            // RFC 5321 section 4.1.4: after EHLO, and not inside of a transaction.
            "MAIL" => (!self.introduced || mail.is_some()).then_some(SEQUENCE),
            // RFC 5321 section 3.3: after MAIL; RFC 3030 section 2: not after BDAT.
            "RCPT" => mail.is_none_or(|mail| mail.chunks).then_some(SEQUENCE),
            "DATA" => match mail {
                Some(mail) if mail.chunks => Some(SEQUENCE),
                // RFC 5321 section 3.3: 503, or 554.
                Some(mail) if mail.recipients == 0 => Some(&[503, 554]),
                // RFC 3030 section 3.
                Some(mail) => mail.binary.then_some(SEQUENCE),
                None => Some(SEQUENCE),
            },
            // RFC 3030 section 2.
            "BDAT" => mail
                .is_none_or(|mail| mail.recipients == 0 || mail.spoilt)
                .then_some(SEQUENCE),
            // RFC 3207 section 4.
            "STARTTLS" => (self.tls || mail.is_some()).then_some(SEQUENCE),
            // RFC 4954 section 4: after EHLO, once, and not inside of a transaction.
            "AUTH" => (!self.introduced || self.login || mail.is_some()).then_some(SEQUENCE),
            // RFC 1985 section 5: after EHLO. Choice: not inside of a transaction. Postfix XCLIENT_README, XFORWARD_README:
            // 503 inside of a transaction. They do not specify if 550 comes first.
            "XCLIENT" | "XFORWARD" if mail.is_some() => {
                Some(if self.rules.xclient { SEQUENCE } else { &[503, 550] })
            }
            "ETRN" => (!self.introduced || mail.is_some()).then_some(SEQUENCE),
            // RFC 5321 section 4.1.4: at any time.
            _ => None,
        }
    }
}
