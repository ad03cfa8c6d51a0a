//! A transaction command by command.

use alloc::vec::Vec;
use core::mem;

use smtp_proto::{
    Step,
    client::{Event, More, ReplyTo, RequestError},
    types::{Mail, Rcpt, Reply},
};

use crate::{Client, Error, Transport};

/// The transaction command by command, for a proxy or a filter: [`mail`](Self::mail), [`rcpt`](Self::rcpt) for each
/// recipient, [`data`](Self::data), [`send_body`](Self::send_body) for each piece, [`end_of_data`](Self::end_of_data).
/// Each passes on the replies of the server.
impl<T: Transport> Client<T> {
    /// Begins a transaction (MAIL), and returns the reply. After a refusal the session is ready again.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if the session is in a transaction, or if the server does not offer what the parameters need.
    /// [`Error::Closed`] if the session ends.
    pub async fn mail(&mut self, mail: Mail<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.mail(mail).map_err(|refused| refused.error)?;
        self.reply_to(|to| to == ReplyTo::Mail).await
    }

    /// Adds a recipient (RCPT), and returns the reply.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if no transaction is open, or if the server does not offer what the parameters need.
    /// [`Error::Closed`] if the session ends.
    pub async fn rcpt(&mut self, rcpt: Rcpt<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.rcpt(rcpt).map_err(|refused| refused.error)?;
        self.reply_to(|to| matches!(to, ReplyTo::Recipient(_))).await
    }

    /// Completes the envelope (DATA, or BDAT if the server offers it). Returns `None` if the message can be sent, or the
    /// reply that refuses it.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] with [`RequestError::NoRecipients`] if no recipient was accepted. [`Error::Closed`] if the
    /// session ends.
    pub async fn data(&mut self) -> Result<Option<Reply<'static>>, Error<T::Error>> {
        self.connection.machine_mut().data()?;
        let (mut refusal, mut permit) = (None, None);
        self.until(|event, _| match event {
            Event::Reply {
                to: ReplyTo::Data,
                reply,
            } => {
                refusal = Some(reply.into_owned());
                None
            }
            Event::Body(granted) => {
                permit = Some(granted);
                Some(())
            }
            Event::Finished(_) => Some(()),
            _ => None,
        })
        .await?;
        self.permit = permit;
        match (&self.permit, refusal) {
            (Some(_), _) => Ok(None),
            (None, Some(refusal)) => Ok(Some(refusal)),
            (None, None) => Err(RequestError::NoRecipients.into()),
        }
    }

    /// Sends a piece of the message. Returns when the transport has accepted it or a copy of its rest was made: a slow
    /// server slows this down.
    ///
    /// Not cancel-safe: if the future is dropped, it is unknown how much of the piece was sent.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if [`data`](Self::data) did not return `None` before. [`Error::Closed`] if the session ends; it
    /// does if the server refuses the message before its end.
    pub async fn send_body(&mut self, mut piece: &[u8]) -> Result<(), Error<T::Error>> {
        if self.permit.is_none() {
            return Err(RequestError::OutOfTurn.into());
        }
        while !piece.is_empty() {
            self.send_some(&mut piece, More::Yes, &mut Vec::new()).await?;
        }
        Ok(())
    }

    /// Ends the message, and returns the reply; in LMTP one for each accepted recipient, in their order.
    ///
    /// # Errors
    ///
    /// As [`send_body`](Self::send_body).
    pub async fn end_of_data(&mut self) -> Result<Vec<Reply<'static>>, Error<T::Error>> {
        if self.permit.is_none() {
            return Err(RequestError::OutOfTurn.into());
        }
        let mut replies = Vec::new();
        while !self.send_some(&mut &[][..], More::Last, &mut replies).await? {}
        Ok(replies)
    }

    /// Gives the transaction up (RSET), and returns the reply.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if the message is being sent. [`Error::Closed`] if the session ends.
    pub async fn reset(&mut self) -> Result<Reply<'static>, Error<T::Error>> {
        self.connection.machine_mut().reset()?;
        self.reply_to(|to| to == ReplyTo::Reset).await
    }

    async fn reply_to(
        &mut self,
        mut command: impl FnMut(ReplyTo) -> bool,
    ) -> Result<Reply<'static>, Error<T::Error>> {
        let reply = self
            .until(|event, machine| match event {
                // A reply that ended the session is in the error.
                Event::Reply { to, reply } if command(to) && machine.is_usable() => Some(reply.into_owned()),
                _ => None,
            })
            .await?;
        let machine = self.connection.machine();
        if !machine.is_ready() && !machine.is_open() {
            // The reply ended the transaction.
            self.until(|event, _| matches!(event, Event::Finished(_)).then_some(()))
                .await?;
        }
        Ok(reply)
    }

    /// Takes one step: sends some of the piece, or handles an event. Returns true when the transaction is over.
    async fn send_some(
        &mut self,
        piece: &mut &[u8],
        more: More,
        replies: &mut Vec<Reply<'static>>,
    ) -> Result<bool, Error<T::Error>> {
        let event = match self.connection.poll().0 {
            Step::Event(event) => event,
            Step::Wait(wait) => {
                let used = self.connection.send(wait, &mut self.permit, piece, more).await;
                *piece = piece.get(used..).unwrap_or_default();
                return Ok(false);
            }
        };
        self.refusal.note(&event);
        match event {
            Event::Reply {
                to: ReplyTo::Message | ReplyTo::MessageFor(_),
                reply,
            } => replies.push(reply.into_owned()),
            Event::Finished(_) => {
                self.permit = None;
                return Ok(true);
            }
            Event::Closed { why, message } => {
                self.permit = None;
                let refusal = mem::take(&mut self.refusal);
                return Err(refusal.closed(why, message, self.connection.take_error()));
            }
            _ => {}
        }
        Ok(false)
    }
}
