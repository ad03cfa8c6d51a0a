//! XCLIENT and XFORWARD: a proxy passes on facts about its client.

use alloc::{boxed::Box, collections::VecDeque};

use super::{Client, Closed, Rejected, ReplyTo, RequestError, stage::Stage, transaction::Leftover};
use crate::types::{
    ClientAttribute, ClientAttributes, ClientInfo, Code, Command, Keyword, Reply, Verb, Xclient, Xforward,
};

/// The longest command line with its CRLF, in octets (RFC 5321 section 4.5.3.1.4).
const MAX_LINE: usize = 512;

/// Commands that pass on facts, and the one whose reply is awaited.
#[derive(Debug)]
pub(super) struct Passing {
    /// The command whose reply is awaited: one of them, or the RSET before.
    to: ReplyTo,
    rest: VecDeque<Command<'static>>,
    leftover: Leftover,
    /// The server has accepted XCLIENT, so EHLO is void.
    is_anew: bool,
    /// LOGIN is among the attributes.
    has_login: bool,
}

impl Passing {
    pub(super) const fn to(&self) -> ReplyTo {
        self.to
    }

    pub(super) const fn leftover(&self) -> Leftover {
        self.leftover
    }

    pub(super) const fn is_anew(&self) -> bool {
        self.is_anew
    }

    /// Takes the next command, and awaits its reply.
    fn next(&mut self) -> Option<Command<'static>> {
        let command = self.rest.pop_front()?;
        self.to = match command {
            Command::Xclient(_) => ReplyTo::Xclient,
            Command::Xforward(_) => ReplyTo::Xforward,
            _ => ReplyTo::Reset,
        };
        Some(command)
    }
}

impl Client {
    /// Tells the server for which client a proxy continues this session (XCLIENT, [defined by
    /// Postfix](https://www.postfix.org/XCLIENT_README.html)).
    ///
    /// The client sends only attributes that the server offers, in several commands if necessary. It omits an attribute
    /// whose value is not allowed in the command. A line has at most 512 octets, unless one attribute alone is longer.
    /// RSET precedes if the last transaction needs it.
    ///
    /// Replies come as [`ReplyTo::Xclient`]:
    ///
    /// - A positive reply is the greeting to the named client. The session begins again with EHLO and, unless LOGIN is
    ///   among the attributes, with the login of the configuration. [`Event::Ready`](super::Event::Ready) follows.
    /// - 554 and 521 are a greeting that refuses the named client. The session ends with [`Closed::Refused`].
    /// - After any other refusal the session continues unchanged. EHLO is sent again if an earlier command was
    ///   accepted.
    ///
    /// # Errors
    ///
    /// Returns the attributes in [`Rejected`] if the session is not ready, or if the server offers none of them.
    pub fn xclient(&mut self, info: ClientInfo<'static>) -> Result<(), Rejected<ClientInfo<'static>>> {
        let offered = self.session.extensions.xclient();
        let command = |info: &ClientInfo<'_>| Xclient::new(info).map(Command::Xclient);
        self.pass(info, offered, Keyword::Xclient, command)
    }

    /// Tells the server the origin of the next message (XFORWARD, [defined by
    /// Postfix](https://www.postfix.org/XFORWARD_README.html)), for content filters. The server keeps it until the end
    /// of the next transaction.
    ///
    /// The client sends only attributes that the server offers, in several commands if necessary. It omits an attribute
    /// whose value is not allowed in the command. A line has at most 512 octets, unless one attribute alone is longer.
    /// RSET precedes if the last transaction needs it. Replies come as [`ReplyTo::Xforward`].
    ///
    /// # Errors
    ///
    /// Returns the attributes in [`Rejected`] if the session is not ready, or if the server offers none of them.
    pub fn xforward(&mut self, info: ClientInfo<'static>) -> Result<(), Rejected<ClientInfo<'static>>> {
        let offered = self.session.extensions.xforward();
        let command = |info: &ClientInfo<'_>| Xforward::new(info).map(Command::Xforward);
        self.pass(info, offered, Keyword::Xforward, command)
    }

    fn pass(
        &mut self,
        info: ClientInfo<'static>,
        offered: ClientAttributes,
        keyword: Keyword,
        command: impl Fn(&ClientInfo<'_>) -> Option<Command<'static>>,
    ) -> Result<(), Rejected<ClientInfo<'static>>> {
        let judged = self.turn().and_then(|leftover| {
            self.session.needs(keyword)?;
            Ok((leftover, commands(&info.clone().only(offered), command)))
        });
        let (leftover, mut rest) = match judged {
            Ok((_, none)) if none.is_empty() => {
                let error = RequestError::NotOffered(keyword);
                return Err(Rejected { value: info, error });
            }
            Ok(judged) => judged,
            Err(error) => return Err(Rejected { value: info, error }),
        };
        if leftover != Leftover::Nothing {
            // Both commands are out of order in a transaction.
            rest.push_front(Command::Rset);
        }
        let mut passing = Box::new(Passing {
            to: ReplyTo::Reset,
            rest,
            leftover,
            is_anew: false,
            has_login: offered.contains(ClientAttribute::Login) && info.login().is_some(),
        });
        if let Some(command) = passing.next() {
            self.send_passing(&command);
            self.enter(Stage::Passing(passing));
        }
        Ok(())
    }

    /// Takes the reply to one of the commands.
    pub(super) fn passed(&mut self, reply: &Reply<'_>) {
        let Stage::Passing(passing) = &mut self.stage else {
            return;
        };
        let is_accepted = reply.is_positive_completion();
        match passing.to {
            ReplyTo::Xclient => passing.is_anew |= is_accepted,
            ReplyTo::Reset if is_accepted => passing.leftover = Leftover::Nothing,
            _ => {}
        }
        if passing.to == ReplyTo::Xclient && refuses_session(reply) {
            self.leave(Closed::Refused);
        } else if is_accepted && let Some(next) = passing.next() {
            self.send_passing(&next);
        } else if passing.is_anew {
            // The login is void, unless LOGIN granted one.
            self.session.authenticated = is_accepted && passing.has_login;
            self.introduce();
        } else {
            let leftover = passing.leftover;
            self.enter(Stage::Ready(leftover));
        }
    }

    fn send_passing(&mut self, command: &Command<'_>) {
        command.write(&mut self.output);
        self.timers.waiting.stop();
    }
}

/// Returns true if the reply to XCLIENT is a greeting that refuses the client. The server then accepts only QUIT (RFC
/// 5321 section 3.1, RFC 7504 section 3).
fn refuses_session(reply: &Reply<'_>) -> bool {
    matches!(reply.code(), Code::FAILED | Code::NO_MAIL_HERE)
}

/// Splits attributes over commands that fit a line. ADDR comes last, because a server decides by it.
fn commands(
    info: &ClientInfo<'_>,
    command: impl Fn(&ClientInfo<'_>) -> Option<Command<'static>>,
) -> VecDeque<Command<'static>> {
    let room = MAX_LINE - Verb::Xforward.as_str().len() - " \r\n".len();
    let addr = ClientAttributes::default().with(ClientAttribute::Addr);
    let ordered = info
        .attributes()
        .iter()
        .filter(|attribute| !addr.contains(*attribute));
    let ordered = ordered.chain(
        info.attributes()
            .contains(ClientAttribute::Addr)
            .then_some(ClientAttribute::Addr),
    );
    let (mut commands, mut group) = (VecDeque::new(), ClientInfo::default());
    for attribute in ordered {
        let one = info.clone().only(ClientAttributes::default().with(attribute));
        let both = group.clone().updated(&one);
        if both.as_str().len() <= room {
            group = both;
        } else {
            commands.extend(command(&group));
            group = one;
        }
    }
    commands.extend(command(&group));
    commands
}
