//! Commands that stand alone: VRFY, EXPN, HELP, NOOP, RSET, QUIT, and those of the application's own.

use super::{Asked, Client, Closed, NotSent, Stage, WhyNot};
use crate::types::{Argument, Command, Keyword, Query, UnknownCommand};

impl Client {
    /// Asks whether a user or mailbox exists (VRFY, RFC 5321 section 3.5). The reply comes as
    /// [`Asked::Verify`].
    ///
    /// # Errors
    ///
    /// Gives the query back when the session is not ready, or when it needs SMTPUTF8 and that is not offered.
    pub fn verify(&mut self, query: Query<'static>) -> Result<(), NotSent<Query<'static>>> {
        self.inquire(query, Asked::Verify, Command::Vrfy)
    }

    /// Asks for the members of a mailing list (EXPN, RFC 5321 section 3.5). The reply comes as
    /// [`Asked::Expand`].
    ///
    /// # Errors
    ///
    /// Gives the query back when the session is not ready, or when it needs SMTPUTF8 and that is not offered.
    pub fn expand(&mut self, query: Query<'static>) -> Result<(), NotSent<Query<'static>>> {
        self.inquire(query, Asked::Expand, Command::Expn)
    }

    /// Asks for help (HELP, RFC 5321 section 4.1.1.8). The reply comes as [`Asked::Help`].
    ///
    /// # Errors
    ///
    /// Gives the topic back when the session is not ready.
    pub fn help(
        &mut self,
        topic: Option<Argument<'static>>,
    ) -> Result<(), NotSent<Option<Argument<'static>>>> {
        if let Err(why) = self.turn() {
            return Err(NotSent { value: topic, why });
        }
        self.ask(&Command::Help(topic), Asked::Help);
        Ok(())
    }

    /// Asks the server to answer (NOOP, RFC 5321 section 4.1.1.9): a check that the session is alive. The reply
    /// comes as [`Asked::Noop`].
    ///
    /// # Errors
    ///
    /// When the session is not ready.
    pub fn noop(&mut self) -> Result<(), WhyNot> {
        self.simple(&Command::Noop(None), Asked::Noop)
    }

    /// Makes the server forget what it holds of a transaction (RSET, RFC 5321 section 4.1.1.5). There is seldom a
    /// need: [`deliver`](Self::deliver) says it by itself when it has to. The reply comes as [`Asked::Reset`].
    ///
    /// # Errors
    ///
    /// When the session is not ready.
    pub fn reset(&mut self) -> Result<(), WhyNot> {
        self.simple(&Command::Rset, Asked::Reset)
    }

    /// Sends a command that this crate does not know. Its one reply comes as [`Asked::Command`].
    ///
    /// # Errors
    ///
    /// Gives the command back when the session is not ready.
    pub fn command(
        &mut self,
        command: UnknownCommand<'static>,
    ) -> Result<(), NotSent<UnknownCommand<'static>>> {
        if let Err(why) = self.turn() {
            return Err(NotSent { value: command, why });
        }
        self.ask(&Command::Unknown(command), Asked::Command);
        Ok(())
    }

    /// Ends the session (QUIT, RFC 5321 section 4.1.1.10). [`Event::Closed`](super::Event::Closed) follows.
    ///
    /// # Errors
    ///
    /// When a command or transaction is under way: finish it, or [`abort`](Self::abort).
    pub fn quit(&mut self) -> Result<(), WhyNot> {
        self.turn()?;
        self.leave(Closed::Quit);
        Ok(())
    }

    fn inquire(
        &mut self,
        query: Query<'static>,
        asked: Asked,
        command: impl FnOnce(Query<'static>) -> Command<'static>,
    ) -> Result<(), NotSent<Query<'static>>> {
        if let Err(why) = self.turn() {
            return Err(NotSent { value: query, why });
        }
        if query.smtputf8() && !self.extensions.has(Keyword::SmtpUtf8) {
            return Err(NotSent {
                value: query,
                why: WhyNot::NotOffered(Keyword::SmtpUtf8),
            });
        }
        self.ask(&command(query), asked);
        Ok(())
    }

    fn simple(&mut self, command: &Command<'_>, asked: Asked) -> Result<(), WhyNot> {
        self.turn()?;
        self.ask(command, asked);
        Ok(())
    }

    fn ask(&mut self, command: &Command<'_>, asked: Asked) {
        command.write(&mut self.output);
        self.waiting.stop();
        self.stage = Stage::Command(asked);
    }
}
