//! The state of an SMTP dialogue, computed only from the octets on the wire.

use std::collections::VecDeque;

use smtp_proto::types::Protocol;

/// Counts the replies that the server must still send after `sent`, if the client has received `received`.
///
/// The greeting counts, and in LMTP each reply to the end of a message (RFC 2033 section 4.2), as after 353
/// (draft-hall-prdr). A command or a chunk counts when it is complete. The result is valid while the server replies in order.
#[must_use]
pub fn owed(sent: &[u8], received: &[u8], protocol: Protocol) -> usize {
    let mut dialogue = Dialogue {
        sent,
        replies: codes(received),
        owed: 0,
    };
    dialogue.reply();
    let mut recipients: usize = 0;
    let mut refused = false;
    while let Some(line) = dialogue.line() {
        let verb = line.split(|octet| *octet == b' ').next().unwrap_or_default();
        match verb.to_ascii_uppercase().as_slice() {
            b"BDAT" => {
                let mut words = line.split(|octet| *octet == b' ').skip(1);
                let size = words
                    .next()
                    .and_then(|word| str::from_utf8(word).ok()?.parse().ok());
                let Some((_, rest)) = size.and_then(|size| dialogue.sent.split_at_checked(size)) else {
                    break;
                };
                dialogue.sent = rest;
                if words.next().is_some() {
                    dialogue.final_replies(recipients, refused, protocol);
                } else {
                    refused |= dialogue.reply().is_some_and(|code| code >= 400);
                }
            }
            b"MAIL" | b"RSET" => {
                (recipients, refused) = (0, false);
                dialogue.reply();
            }
            b"RCPT" => {
                let accepted = dialogue.reply().is_some_and(|code| code / 100 == 2);
                recipients += usize::from(accepted);
            }
            b"DATA" => {
                if dialogue.reply() != Some(354) {
                    continue;
                }
                while let Some(line) = dialogue.line() {
                    if line == b"." {
                        dialogue.final_replies(recipients, refused, protocol);
                        break;
                    }
                }
            }
            b"AUTH" => while dialogue.reply() == Some(334) && dialogue.line().is_some() {},
            _ => {
                dialogue.reply();
            }
        }
    }
    dialogue.owed
}

struct Dialogue<'d> {
    sent: &'d [u8],
    replies: VecDeque<u16>,
    owed: usize,
}

impl<'d> Dialogue<'d> {
    fn line(&mut self) -> Option<&'d [u8]> {
        let end = self.sent.windows(2).position(|two| two == b"\r\n")?;
        let (line, rest) = self.sent.split_at(end);
        self.sent = &rest[2..];
        Some(line)
    }

    /// Returns the code of the next reply. Returns `None` and counts a missing reply if there is no further reply.
    fn reply(&mut self) -> Option<u16> {
        let code = self.replies.pop_front();
        self.owed += usize::from(code.is_none());
        code
    }

    /// Counts the replies to a whole message: after 353 one for each recipient, and one for the message (draft-hall-prdr).
    fn final_replies(&mut self, recipients: usize, refused: bool, protocol: Protocol) {
        match protocol {
            Protocol::Lmtp if !refused => self.replies(recipients.max(1)),
            _ if self.reply() == Some(353) => self.replies(recipients + 1),
            _ => {}
        }
    }

    fn replies(&mut self, count: usize) {
        for _ in 0..count {
            self.reply();
        }
    }
}

/// Returns the codes of all whole replies. Skips octets that are not a reply, because they end the session.
fn codes(received: &[u8]) -> VecDeque<u16> {
    let mut codes = VecDeque::new();
    let mut rest = received;
    // Only CRLF ends a line.
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let (line, behind) = rest.split_at(end);
        rest = &behind[2..];
        if line.get(3) != Some(&b'-') {
            let code = line.get(..3).and_then(|code| str::from_utf8(code).ok());
            codes.extend(code.and_then(|code| code.parse::<u16>().ok()));
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::{Protocol::*, owed};

    #[test]
    fn the_greeting_is_owed_first() {
        assert_eq!(owed(b"", b"", Smtp), 1);
        assert_eq!(owed(b"", b"220-mx\r\n", Smtp), 1);
        assert_eq!(owed(b"", b"220-mx\r\n220 mx\r\n", Smtp), 0);
        assert_eq!(owed(b"", b"220-mx\n220 mx\r\n", Smtp), 1);
    }

    #[test]
    fn each_command_is_owed_a_reply() {
        assert_eq!(owed(b"EHLO c\r\n", b"220 mx\r\n250-mx\r\n250 HELP\r\n", Smtp), 0);
        assert_eq!(
            owed(b"EHLO c\r\nMAIL FROM:<>\r\nRC", b"220 mx\r\n250 mx\r\n", Smtp),
            1
        );
        assert_eq!(owed(b"AUTH PLAIN\r\n", b"220 mx\r\n334 \r\n", Smtp), 0);
        assert_eq!(owed(b"AUTH PLAIN\r\nAAA=\r\n", b"220 mx\r\n334 \r\n", Smtp), 1);
    }

    #[test]
    fn message_content_is_no_command() {
        let sent = b"DATA\r\nNOOP\r\n";
        assert_eq!(owed(sent, b"220 mx\r\n354 go\r\n", Smtp), 0);
        assert_eq!(owed(b"DATA\r\nNOOP\r\n.\r\n", b"220 mx\r\n354 go\r\n", Smtp), 1);
        assert_eq!(
            owed(b"BDAT 6\r\nNOOP\r\nBDAT 9\r\nNOOP\r\n", b"220 mx\r\n", Smtp),
            1
        );
    }

    #[test]
    fn lmtp_owes_a_reply_for_each_recipient() {
        let sent = b"MAIL\r\nRCPT 1\r\nRCPT 2\r\nRCPT 3\r\nDATA\r\n.\r\n";
        let received = b"220 mx\r\n250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n";
        assert_eq!(owed(sent, received, Lmtp), 2);
        assert_eq!(owed(sent, received, Smtp), 1);
        let received = [received.as_slice(), b"353 now\r\n550 no\r\n"].concat();
        assert_eq!(owed(sent, &received, Smtp), 2);
    }
}
