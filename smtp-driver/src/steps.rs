//! A transaction command by command.

use alloc::{vec, vec::Vec};
use core::mem;

use smtp_proto::{
    Step,
    client::{BodyPermit, Event, More, ReplyTo, RequestError},
    types::{ClientInfo, Mail, Rcpt, Reply},
};

use crate::{Client, Error, Transport};

/// The progress of a transaction that the caller sends command by command.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// The number of recipients, which is the index of the next one.
    recipients: usize,
    /// The message is being sent.
    in_message: bool,
    /// The right to send more of it.
    permit: Option<BodyPermit>,
    /// The first refusal of a chunk: it refuses the whole message.
    refusal: Option<Reply<'static>>,
    /// The replies to the end of the message.
    replies: Vec<Reply<'static>>,
}

/// Functions that send a transaction command by command, for a proxy or a filter: [`mail`](Self::mail), [`rcpt`](Self::rcpt)
/// for each recipient, [`data`](Self::data), [`send_body`](Self::send_body) for each piece,
/// [`end_of_data`](Self::end_of_data). Each returns the replies of the server.
///
/// They are not cancel-safe: after the future is dropped, drop the client.
impl<T: Transport> Client<T> {
    /// Begins a transaction (MAIL), and returns the reply. After a refusal the session is ready again.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if the session is in a transaction, or if the server lacks an extension that the parameters need.
    /// [`Error::Closed`] if the session ends.
    pub async fn mail(&mut self, mail: Mail<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.mail(mail).map_err(|refused| refused.error)?;
        self.steps = Some(Steps::default());
        self.reply_to(|to| to == ReplyTo::Mail).await
    }

    /// Adds a recipient (RCPT), and returns the reply.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client. The server may have accepted the recipient.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if no transaction is open, or if the server lacks an extension that the parameters need.
    /// [`Error::Closed`] if the session ends.
    pub async fn rcpt(&mut self, rcpt: Rcpt<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.rcpt(rcpt).map_err(|refused| refused.error)?;
        let steps = self.steps.get_or_insert_default();
        let index = steps.recipients;
        steps.recipients += 1;
        // Skip the reply to an earlier recipient whose future was dropped.
        self.reply_to(|to| matches!(to, ReplyTo::Recipient(at) if at >= index))
            .await
    }

    /// Completes the envelope (DATA; or BDAT, depending on [`Config::chunking`](smtp_proto::client::Config::chunking)).
    /// Returns `None` if the message can be sent, or the reply that refuses it.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
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
        if permit.is_some() {
            let steps = self.steps.get_or_insert_default();
            (steps.in_message, steps.permit) = (true, permit);
            return Ok(None);
        }
        self.steps = None;
        refusal.map(Some).ok_or_else(|| RequestError::NoRecipients.into())
    }

    /// Sends a piece of the message. Returns after the transport has accepted the piece, or its beginning and the rest was
    /// copied: a slow server slows the caller down.
    ///
    /// Returns `None` if you can send more. Returns the reply if the server refuses a chunk (BDAT): then the transaction is
    /// over.
    ///
    /// Not cancel-safe: after the future is dropped, it is unknown how much of the piece was sent; drop the client.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if [`data`](Self::data) did not return `None` before, or if the transaction is over.
    /// [`Error::Closed`] if the session ends, for example because the content cannot be sent, or because the server refuses a
    /// message of DATA before its end.
    pub async fn send_body(&mut self, mut piece: &[u8]) -> Result<Option<Reply<'static>>, Error<T::Error>> {
        let mut permitted = self.may_send()?;
        // Without a permit, wait for the end of the transaction or of the session.
        while !piece.is_empty() || !permitted {
            if let Some(over) = self.send_some(&mut piece, More::Yes).await? {
                return over
                    .refusal
                    .map(Some)
                    .ok_or_else(|| RequestError::OutOfTurn.into());
            }
            permitted = self.may_send()?;
        }
        Ok(None)
    }

    /// Ends the message, and returns the reply. In LMTP there is one reply for each accepted recipient, in the order of the
    /// RCPT commands. With PRDR, one reply for the whole message may follow these.
    ///
    /// If the server refused a chunk of the message (BDAT), returns that one refusal, which is for all recipients, in LMTP
    /// too.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client. The server may have accepted the message.
    ///
    /// # Errors
    ///
    /// As [`send_body`](Self::send_body).
    pub async fn end_of_data(&mut self) -> Result<Vec<Reply<'static>>, Error<T::Error>> {
        self.may_send()?;
        loop {
            if let Some(over) = self.send_some(&mut &[][..], More::Last).await? {
                return Ok(match over.refusal {
                    Some(refusal) => vec![refusal],
                    None => over.replies,
                });
            }
        }
    }

    /// Names the client on whose behalf the session continues (XCLIENT): see
    /// [`client::Client::xclient`](smtp_proto::client::Client::xclient). Returns the last reply. After a positive reply, the
    /// session has begun again and is ready.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if the session is in a transaction, or the server offers none of the attributes. [`Error::Closed`]
    /// if the session ends.
    pub async fn xclient(&mut self, info: ClientInfo<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.xclient(info).map_err(|refused| refused.error)?;
        self.last_reply_to(ReplyTo::Xclient).await
    }

    /// Names the origin of the next message (XFORWARD): see
    /// [`client::Client::xforward`](smtp_proto::client::Client::xforward). Returns the last reply.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// As [`xclient`](Self::xclient).
    pub async fn xforward(&mut self, info: ClientInfo<'static>) -> Result<Reply<'static>, Error<T::Error>> {
        let machine = self.connection.machine_mut();
        machine.xforward(info).map_err(|refused| refused.error)?;
        self.last_reply_to(ReplyTo::Xforward).await
    }

    /// Cancels the transaction (RSET), and returns the reply.
    ///
    /// Not cancel-safe: after the future is dropped, drop the client.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if the message is being sent. [`Error::Closed`] if the session ends.
    pub async fn reset(&mut self) -> Result<Reply<'static>, Error<T::Error>> {
        self.connection.machine_mut().reset()?;
        self.reply_to(|to| to == ReplyTo::Reset).await
    }

    /// Returns the reply to a command. If the reply ends the transaction, waits for that end first.
    async fn reply_to(
        &mut self,
        mut command: impl FnMut(ReplyTo) -> bool,
    ) -> Result<Reply<'static>, Error<T::Error>> {
        let (mut answer, mut over) = (None, false);
        self.until(|event, machine| match event {
            // A reply that ended the session is in the error.
            Event::Reply { to, reply } if command(to) && machine.is_usable() => {
                answer = Some(reply.into_owned());
                (machine.is_ready() || machine.is_open()).then_some(())
            }
            Event::Finished(_) => {
                over = true;
                Some(())
            }
            _ => None,
        })
        .await?;
        if over {
            self.steps = None;
        }
        // The transaction may end before the command is sent, because an earlier command was refused whose future was
        // dropped.
        answer.ok_or_else(|| RequestError::OutOfTurn.into())
    }

    /// Waits until the session is ready again, and returns the last reply to these commands.
    async fn last_reply_to(&mut self, command: ReplyTo) -> Result<Reply<'static>, Error<T::Error>> {
        let mut last = None;
        self.until(|event, machine| {
            if let Event::Reply { to, reply } = event
                && (to == command || to == ReplyTo::Reset)
            {
                last = Some(reply.into_owned());
            }
            machine.is_ready().then_some(())
        })
        .await?;
        last.ok_or_else(|| RequestError::OutOfTurn.into())
    }

    /// Returns true if more of the message can be sent.
    ///
    /// # Errors
    ///
    /// [`RequestError::OutOfTurn`] if no message is being sent.
    fn may_send(&self) -> Result<bool, RequestError> {
        match &self.steps {
            Some(steps) if steps.in_message => Ok(steps.permit.is_some()),
            _ => Err(RequestError::OutOfTurn),
        }
    }

    /// Takes one step: sends some of the piece, or handles an event. Returns the progress when the transaction is over.
    async fn send_some(&mut self, piece: &mut &[u8], more: More) -> Result<Option<Steps>, Error<T::Error>> {
        let steps = self.steps.get_or_insert_default();
        let event = match self.connection.poll().0 {
            Step::Event(event) => event,
            Step::Wait(wait) => {
                let used = self.connection.send(wait, &mut steps.permit, piece, more).await;
                *piece = piece.get(used..).unwrap_or_default();
                return Ok(None);
            }
        };
        self.refusal.note(&event);
        match event {
            Event::Reply {
                to: ReplyTo::Chunk,
                reply,
            } if !reply.is_positive_completion() => {
                steps.refusal.get_or_insert_with(|| reply.into_owned());
            }
            Event::Reply {
                to: ReplyTo::Message | ReplyTo::MessageFor(_),
                reply,
            } if !reply.is_intermediate() => steps.replies.push(reply.into_owned()),
            Event::Finished(_) => return Ok(self.steps.take()),
            Event::Closed { why, message } => {
                let over = self.steps.take().filter(|steps| steps.refusal.is_some());
                let refusal = mem::take(&mut self.refusal);
                let error = refusal.closed(why, message, self.connection.take_error());
                // Return the refusal of the message: it explains more than the end of the session after it.
                return over.map(Some).ok_or(error);
            }
            _ => {}
        }
        Ok(None)
    }
}
