//! The client's knowledge of the open transaction.

use std::collections::VecDeque;

use super::{Command, MessageOutcome, Turn};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mail {
    pub(super) turn: Turn,
    /// It goes in chunks.
    pub(super) chunks: bool,
    /// Chunks that were sent, except the last one.
    pub(super) chunks_sent: usize,
    /// MAIL, RCPT and DATA that were not sent yet.
    unsent: VecDeque<Command>,
    /// Its first commands were sent behind another message. Nothing follows from that here; a machine may think otherwise.
    pub(super) early: bool,
    pub(super) recipients: Vec<Recipient>,
    pub(super) mail_refused: bool,
    /// DATA or a chunk was refused.
    pub(super) refused: bool,
    /// All of the message was sent.
    pub(super) complete: bool,
    /// A reply for each recipient was asked for.
    pub(super) prdr: bool,
    /// 353 came: the replies for each recipient are valid if the one for all is positive.
    pub(super) each: bool,
}

/// The transaction that is to follow the one that is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Next {
    pub(super) mail: Mail,
    /// Commands of it that were sent already. They are answered behind all of the open one.
    pub(super) sent: VecDeque<Command>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Recipient {
    Open,
    /// RCPT was accepted.
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

    /// The commands to send now. RFC 5321 section 3.3: nothing more after a refused MAIL, and no DATA when it is known that nobody
    /// is to get the message.
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

    /// Keeps in mind what a reply says of the message and its recipients.
    pub(super) fn note(&mut self, asked: Command, positive: bool, refused: bool) {
        let nobody = self.mail_refused || self.refused;
        match asked {
            Command::Rset => self.refused |= refused,
            Command::Mail(_) | Command::MailPrdr(_) => self.mail_refused |= refused,
            // With nobody to get the message, what is said of it says nothing new.
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
            // RFC 3030 section 2: when a chunk was refused, the message is, whatever is said of others.
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

    /// Those that RCPT was accepted for.
    pub(super) fn welcome(&self) -> impl Iterator<Item = usize> {
        (0..self.recipients.len()).filter(|one| self.recipients.get(*one) == Some(&Recipient::Welcome))
    }

    /// The outcome for each recipient, if the transaction is over now.
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
