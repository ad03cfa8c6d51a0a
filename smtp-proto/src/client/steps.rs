//! A transaction command by command.

use alloc::boxed::Box;

use super::{
    Client, Rejected, RequestError,
    deliver::plan,
    session::Transfer,
    stage::{Sending, Stage, Step},
    transaction::{Leftover, Scope},
};
use crate::types::{Envelope, Keyword, Mail, Rcpt, Recipient};

impl Client {
    /// Begins a transaction to which the application adds recipients one by one: with [`rcpt`](Self::rcpt), then
    /// [`data`](Self::data). The events are those of [`deliver`](Self::deliver), which sends an envelope with all
    /// recipients. A proxy passes commands and replies on in this way.
    ///
    /// [`Event::Reply`](super::Event::Reply) answers each command. The application need not wait for it: the client
    /// sends commands as PIPELINING allows. If MAIL is refused, [`Event::Finished`](super::Event::Finished) follows.
    /// [`reset`](Self::reset) cancels the transaction. The client sends MAIL, even if the [kind](Mail::kind) of the
    /// command is another.
    ///
    /// ```
    /// use smtp_proto::{
    ///     Instant, Machine, Step,
    ///     client::{BodyStep, Client, Config, Event, More, Outcome},
    ///     types::{ClientName, ForwardPath, Mail, MailParameters, Rcpt, RcptParameters, ReversePath},
    /// };
    ///
    /// let mut client = Client::new(Config::new(ClientName::parse("proxy.example")?).into());
    /// let mut sent = Vec::new();
    /// for reply in ["220 mx", "250 mx", "250 ok", "550 no such user", "251 will forward", "354 go on", "250 queued"] {
    ///     let reply = format!("{reply}\r\n");
    ///     let mut input = reply.as_bytes();
    ///     while let Step::Event(event) = client.poll(&mut input, Instant::ORIGIN) {
    ///         match event {
    ///             Event::Ready => {
    ///                 let sender = ReversePath::parse("ann@example.org")?;
    ///                 client.mail(Mail::new(sender, MailParameters::default()))?;
    ///             }
    ///             // A proxy would pass this reply on, and take its client's next command.
    ///             Event::Reply { reply, .. } if client.is_open() => {
    ///                 let next = match reply.code().get() {
    ///                     250 => "bob@example.net",
    ///                     550 => "carol@example.net",
    ///                     _ => {
    ///                         client.data()?;
    ///                         continue;
    ///                     }
    ///                 };
    ///                 client.rcpt(Rcpt::new(ForwardPath::parse(next)?, RcptParameters::default()))?;
    ///             }
    ///             Event::Body(permit) => {
    ///                 let mut message: &[u8] = b"Hi\r\n";
    ///                 while let BodyStep::Write(piece) = client.body(&permit, &mut message, More::Last)? {
    ///                     sent.extend_from_slice(piece);
    ///                 }
    ///                 client.end_body(permit)?;
    ///             }
    ///             Event::Finished(outcome) => assert_eq!(outcome, Outcome::Accepted),
    ///             _ => {}
    ///         }
    ///     }
    ///     sent.extend_from_slice(client.output());
    ///     client.advance_output(client.output().len());
    /// }
    /// let expected = "MAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.net>\r\nRCPT TO:<carol@example.net>\r\nDATA\r\nHi\r\n.\r\n";
    /// assert!(sent.ends_with(expected.as_bytes()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the command in [`Rejected`] with the reason, as [`deliver`](Self::deliver). Nothing was sent.
    pub fn mail(&mut self, mail: Mail<'static>) -> Result<(), Rejected<Box<Mail<'static>>>> {
        match self.judge_step(&mail) {
            Ok((leftover, transfer)) => {
                let (reverse_path, parameters) = mail.into_parts();
                let envelope = Envelope::new(reverse_path).with_parameters(parameters);
                let transaction = plan(&mut self.session, &self.config, envelope, Scope::Open, transfer);
                self.begin(transaction, leftover);
                Ok(())
            }
            Err(error) => Err(Rejected {
                value: Box::new(mail),
                error,
            }),
        }
    }

    /// Adds a recipient to a transaction that began with [`mail`](Self::mail). The reply comes as
    /// [`ReplyTo::Recipient`](super::ReplyTo::Recipient) with the index of the recipient.
    ///
    /// # Errors
    ///
    /// Returns the command in [`Rejected`] with the reason: [`RequestError::OutOfTurn`] if no transaction is
    /// [open](Self::is_open), or an error about a limit or a missing extension of the server.
    pub fn rcpt(&mut self, rcpt: Rcpt<'static>) -> Result<(), Rejected<Box<Rcpt<'static>>>> {
        let turn = self.out_of_turn();
        let open = match &mut self.stage {
            Stage::Sending(sending) if sending.is_open() => Ok(&mut sending.transaction),
            _ => Err(turn),
        };
        let judged = open.and_then(|transaction| {
            let recipient = Recipient::from(rcpt.clone());
            self.session.judge_recipient(transaction.envelope(), &recipient)?;
            Ok((transaction, recipient))
        });
        match judged {
            Ok((transaction, recipient)) => {
                self.session.count_domain(&recipient);
                transaction.add(recipient);
                Ok(())
            }
            Err(error) => Err(Rejected {
                value: Box::new(rcpt),
                error,
            }),
        }
    }

    /// Completes the envelope of a transaction that began with [`mail`](Self::mail): the client sends DATA, or with
    /// BDAT the message may begin. [`Event::Body`](super::Event::Body) follows, or
    /// [`Event::Finished`](super::Event::Finished) if every recipient was refused.
    ///
    /// # Errors
    ///
    /// [`RequestError::OutOfTurn`] if no transaction is [open](Self::is_open); [`RequestError::NoRecipients`] if it has
    /// no recipients.
    pub fn data(&mut self) -> Result<(), RequestError> {
        let turn = self.out_of_turn();
        match &mut self.stage {
            Stage::Sending(sending) if sending.is_open() => {
                if sending.transaction.envelope().recipients().is_empty() {
                    return Err(RequestError::NoRecipients);
                }
                sending.transaction.complete();
                Ok(())
            }
            _ => Err(turn),
        }
    }

    /// Returns true if the application can add recipients to a transaction that began with [`mail`](Self::mail).
    #[must_use]
    pub fn is_open(&self) -> bool {
        match &self.stage {
            Stage::Sending(sending) => sending.is_open(),
            _ => false,
        }
    }

    fn judge_step(&self, mail: &Mail<'_>) -> Result<(Leftover, Transfer), RequestError> {
        let leftover = self.turn()?;
        let transfer = self.session.judge_mail(&self.config, mail.parameters())?;
        if mail.parameters().smtputf8() {
            self.session.needs(Keyword::SmtpUtf8)?;
        }
        self.session.judge_transactions()?;
        Ok((leftover, transfer))
    }

    /// The error of a request that does not fit the stage.
    pub(super) const fn out_of_turn(&self) -> RequestError {
        match self.stage {
            Stage::Over(..) => RequestError::Over,
            _ => RequestError::OutOfTurn,
        }
    }
}

impl Sending {
    /// Returns true if the application may add recipients.
    fn is_open(&self) -> bool {
        matches!(self.step(), Step::Reset(_) | Step::Envelope)
            && self.transaction.is_open()
            && self.transaction.refused().is_none()
    }
}
