//! Commands outside of transactions: VRFY, EXPN, HELP, ETRN, NOOP, RSET, QUIT, and unknown ones.

use super::{
    Client, Closed, Rejected, ReplyTo, RequestError,
    stage::{Stage, Step},
    transaction::Leftover,
};
use crate::{
    state::Move,
    types::{Argument, Command, Etrn, Keyword, Query, UnknownCommand},
};

impl Client {
    /// Asks if a user or mailbox exists (VRFY, RFC 5321 section 3.5). The reply comes as
    /// [`ReplyTo::Verify`].
    ///
    /// # Errors
    ///
    /// Returns the query in [`Rejected`] if the session is not ready, or if the query needs SMTPUTF8 and the server
    /// does not offer it.
    pub fn verify(&mut self, query: Query<'static>) -> Result<(), Rejected<Query<'static>>> {
        self.inquire(query, ReplyTo::Verify, Command::Vrfy)
    }

    /// Asks for the members of a mailing list (EXPN, RFC 5321 section 3.5). The reply comes as
    /// [`ReplyTo::Expand`].
    ///
    /// # Errors
    ///
    /// Returns the query in [`Rejected`] if the session is not ready, or if the query needs SMTPUTF8 and the server
    /// does not offer it.
    pub fn expand(&mut self, query: Query<'static>) -> Result<(), Rejected<Query<'static>>> {
        self.inquire(query, ReplyTo::Expand, Command::Expn)
    }

    /// Asks for help (HELP, RFC 5321 section 4.1.1.8). The reply comes as [`ReplyTo::Help`].
    ///
    /// # Errors
    ///
    /// Returns the topic in [`Rejected`] if the session is not ready.
    pub fn help(
        &mut self,
        topic: Option<Argument<'static>>,
    ) -> Result<(), Rejected<Option<Argument<'static>>>> {
        match self.turn() {
            Ok(leftover) => {
                self.ask(&Command::Help(topic), ReplyTo::Help, leftover);
                Ok(())
            }
            Err(error) => Err(Rejected { value: topic, error }),
        }
    }

    /// Asks for the delivery of messages that wait at the server (ETRN, RFC 1985). The reply comes as
    /// [`ReplyTo::Etrn`]; convert it to an [`EtrnAnswer`](crate::types::EtrnAnswer).
    ///
    /// # Errors
    ///
    /// Returns the argument in [`Rejected`] if the session is not ready, if the server does not offer ETRN, or if the
    /// server still holds a transaction: call [`reset`](Self::reset) first.
    pub fn etrn(&mut self, etrn: Etrn<'static>) -> Result<(), Rejected<Etrn<'static>>> {
        let judged = self.turn().and_then(|leftover| {
            if leftover.state().after(Move::Etrn).is_none() {
                return Err(RequestError::OutOfTurn);
            }
            self.session.needs(Keyword::Etrn)?;
            Ok(leftover)
        });
        match judged {
            Ok(leftover) => {
                self.ask(&Command::Etrn(etrn), ReplyTo::Etrn, leftover);
                Ok(())
            }
            Err(error) => Err(Rejected { value: etrn, error }),
        }
    }

    /// Checks that the session is alive (NOOP, RFC 5321 section 4.1.1.9). The reply comes as [`ReplyTo::Noop`].
    ///
    /// # Errors
    ///
    /// Returns an error if the session is not ready.
    pub fn noop(&mut self) -> Result<(), RequestError> {
        self.simple(&Command::Noop(None), ReplyTo::Noop)
    }

    /// Clears the transaction that the server still holds (RSET, RFC 5321 section 4.1.1.5). [`deliver`](Self::deliver)
    /// sends RSET by itself where it is required. The reply comes as [`ReplyTo::Reset`].
    ///
    /// An [open](Self::is_open) transaction whose commands are all answered is cancelled:
    /// [`Event::Finished`](super::Event::Finished) with [`Outcome::Abandoned`](super::Outcome::Abandoned) follows.
    ///
    /// # Errors
    ///
    /// Returns an error if the session is not ready.
    pub fn reset(&mut self) -> Result<(), RequestError> {
        match &mut self.stage {
            Stage::Sending(sending) if sending.can_be_abandoned() => {
                sending.enter(Step::Abandon);
                self.send(&[b"RSET"]);
                Ok(())
            }
            _ => self.simple(&Command::Rset, ReplyTo::Reset),
        }
    }

    /// Sends a command that this crate does not know. It must have exactly one reply, which comes as
    /// [`ReplyTo::Command`].
    ///
    /// # Errors
    ///
    /// Returns the command in [`Rejected`] if the session is not ready.
    pub fn command(
        &mut self,
        command: UnknownCommand<'static>,
    ) -> Result<(), Rejected<UnknownCommand<'static>>> {
        match self.turn() {
            Ok(leftover) => {
                self.ask(&Command::Unknown(command), ReplyTo::Command, leftover);
                Ok(())
            }
            Err(error) => Err(Rejected {
                value: command,
                error,
            }),
        }
    }

    /// Ends the session (QUIT, RFC 5321 section 4.1.1.10). [`Event::Closed`](super::Event::Closed) follows.
    ///
    /// # Errors
    ///
    /// Returns an error if a command or transaction is under way: finish it, or [`abort`](Self::abort) the session.
    pub fn quit(&mut self) -> Result<(), RequestError> {
        self.turn()?;
        self.leave(Closed::Quit);
        Ok(())
    }

    fn inquire(
        &mut self,
        query: Query<'static>,
        to: ReplyTo,
        command: impl FnOnce(Query<'static>) -> Command<'static>,
    ) -> Result<(), Rejected<Query<'static>>> {
        let judged = self.turn().and_then(|leftover| {
            if query.smtputf8() {
                self.session.needs(Keyword::SmtpUtf8)?;
            }
            Ok(leftover)
        });
        match judged {
            Ok(leftover) => {
                self.ask(&command(query), to, leftover);
                Ok(())
            }
            Err(error) => Err(Rejected { value: query, error }),
        }
    }

    fn simple(&mut self, command: &Command<'_>, to: ReplyTo) -> Result<(), RequestError> {
        let leftover = self.turn()?;
        self.ask(command, to, leftover);
        Ok(())
    }

    fn ask(&mut self, command: &Command<'_>, to: ReplyTo, leftover: Leftover) {
        command.write(&mut self.output);
        self.timers.waiting.stop();
        self.enter(Stage::Command(to, leftover));
    }
}
