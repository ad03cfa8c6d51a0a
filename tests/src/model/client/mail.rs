//! The state of the open transaction, for the client.

use std::collections::VecDeque;

use super::{Command, MessageOutcome, Turn};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mail {
    pub(super) turn: Turn,
    /// True if the message is sent in chunks.
    pub(super) chunks: bool,
    /// The number of chunks that were sent, except the last one.
    pub(super) chunks_sent: usize,
    /// MAIL, RCPT and DATA that are not sent yet.
    unsent: VecDeque<Command>,
    /// True if its first commands were sent with the end of another message. This has no effect in the model; a machine may
    /// treat it differently.
    pub(super) early: bool,
    pub(super) recipients: Vec<Recipient>,
    pub(super) mail_refused: bool,
    /// True if DATA or a chunk was refused.
    pub(super) refused: bool,
    /// True if the whole message was sent.
    pub(super) complete: bool,
    /// True if the client requested a reply for each recipient (PRDR).
    pub(super) prdr: bool,
    /// True after 353: the replies for each recipient are valid if the reply for the message is positive.
    pub(super) each: bool,
}

/// The transaction after the open one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Next {
    pub(super) mail: Mail,
    /// The commands of this transaction that were sent. Their replies follow all replies of the open transaction.
    pub(super) sent: VecDeque<Command>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Recipient {
    Open,
    /// True if RCPT was accepted.
    Welcome,
    Refused,
    Accepted,
}

impl Mail {
    pub(super) fn new(turn: Turn, chunks: bool, prdr: bool, recipients: usize) -> Self {
        let rcpt = (0..recipients).map(Command::Rcpt);
        // Choice: BDAT waits for the replies to RCPT.
        let data = (!chunks).then_some(Command::Data);
        Self {
            turn,
            chunks,
            chunks_sent: 0,
            unsent: [if prdr {
                Command::MailPrdr(turn)
            } else {
                Command::Mail(turn)
            }]
            .into_iter()
            .chain(rcpt)
            .chain(data)
            .collect(),
            early: false,
            recipients: vec![Recipient::Open; recipients],
            mail_refused: false,
            refused: false,
            complete: false,
            prdr,
            each: false,
        }
    }

    /// Returns the commands to send now. RFC 5321 section 3.3: nothing after a refused MAIL, and no DATA without an accepted
    /// recipient.
    pub(super) fn pop(&mut self) -> Option<Command> {
        let nobody = self
            .recipients
            .iter()
            .all(|recipient| *recipient == Recipient::Refused);
        self.unsent.pop_front_if(|_| !(self.mail_refused || nobody))
    }

    pub(super) fn any_accepted(&self) -> bool {
        self.recipients.contains(&Recipient::Accepted)
    }

    /// Records the effect of a reply on the message and its recipients.
    pub(super) fn note(&mut self, asked: Command, positive: bool, refused: bool) {
        let nobody = self.mail_refused || self.refused;
        match asked {
            Command::Rset => self.refused |= refused,
            Command::Mail(_) | Command::MailPrdr(_) => self.mail_refused |= refused,
            // Without recipients, the reply to the message has no effect.
            Command::Data if self.welcome().next().is_some() => self.refused |= refused,
            Command::Chunk(_) => self.refused |= refused,
            Command::Rcpt(one) | Command::For(one) => {
                let last = matches!(asked, Command::For(_)) && !self.each;
                if let Some(recipient) = self.recipients.get_mut(one) {
                    *recipient = match (positive, refused) {
                        (true, _) if last => Recipient::Accepted,
                        (true, _) => Recipient::Welcome,
                        (_, true) => Recipient::Refused,
                        _ => *recipient,
                    };
                }
            }
            // RFC 3030 section 2: a refused chunk refuses the message, whatever the other replies are.
            Command::Text | Command::LastChunk if !nobody => {
                let now = if positive {
                    Recipient::Accepted
                } else {
                    Recipient::Refused
                };
                for recipient in &mut self.recipients {
                    if *recipient == Recipient::Welcome && (positive || refused) {
                        *recipient = now;
                    }
                }
            }
            _ => {}
        }
        if self.refused && asked == Command::Rset {
            self.recipients.fill(Recipient::Refused);
        }
    }

    /// Returns the accepted recipients.
    pub(super) fn welcome(&self) -> impl Iterator<Item = usize> {
        (0..self.recipients.len()).filter(|one| self.recipients.get(*one) == Some(&Recipient::Welcome))
    }

    /// Returns the outcome for each recipient, if the transaction is over now.
    pub(super) fn fates(&self) -> Vec<MessageOutcome> {
        let fate = |recipient: &Recipient| match recipient {
            _ if self.mail_refused => MessageOutcome::Refused,
            Recipient::Accepted => MessageOutcome::Accepted,
            Recipient::Refused => MessageOutcome::Refused,
            Recipient::Welcome if self.refused => MessageOutcome::Refused,
            // RFC 5321 section 4.5.3.2.6, RFC 1047.
            Recipient::Welcome if self.complete => MessageOutcome::Unknown,
            _ => MessageOutcome::Rejected,
        };
        self.recipients.iter().map(fate).collect()
    }
}
