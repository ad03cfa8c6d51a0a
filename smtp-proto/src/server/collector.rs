//! The envelope of a transaction, as an application needs it: the counterpart of
//! [`client::Receipt`](crate::client::Receipt).

use alloc::vec::Vec;

use super::{
    session::Server,
    ticket::{self, StaleTicket, Ticket},
};
use crate::types::{Mail, MailParameters, Rcpt, ReversePath};

/// Collector of the envelope of a transaction: MAIL, and the accepted recipients in the order of the RCPT commands.
///
/// The application may answer in any order, because recipients are sorted by their index. In LMTP,
/// [`recipients_of`](Self::recipients_of) finds the recipient of an [`EndOfData`](super::Event::EndOfData), even if
/// others were refused or answered late.
///
/// ```
/// use smtp_proto::{
///     Instant, Machine, Step,
///     server::{Collector, Config, Event, Server},
///     types::{Host, Rejection},
/// };
///
/// let mut server = Server::new(Config::new(Host::parse("mx.example.org")?).into());
/// let mut envelope = Collector::default();
/// for lines in ["", "EHLO x.example\r\n", "MAIL FROM:<a@x.example>\r\nRCPT TO:<no@example.org>\r\nRCPT TO:<bob@example.org>\r\n"] {
///     let mut input = lines.as_bytes();
///     while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
///         match event {
///             Event::Mail { mail, ticket } => envelope.accept_mail(&mut server, ticket, mail)?,
///             Event::Recipient { rcpt, ticket, .. } if rcpt.forward_path().as_str().starts_with("no@") => {
///                 server.reject(ticket, Rejection::NO_SUCH_USER)?;
///             }
///             Event::Recipient { index, rcpt, ticket } => envelope.accept_recipient(&mut server, ticket, index, rcpt)?,
///             Event::Reset(_) => envelope.clear(),
///             other => server.proceed(other)?,
///         }
///     }
/// }
/// let paths: Vec<_> = envelope.recipients().map(|rcpt| rcpt.forward_path().as_str()).collect();
/// assert_eq!(paths, ["bob@example.org"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Collector {
    mail: Option<Mail<'static>>,
    /// The accepted recipients by their index.
    recipients: Vec<(u32, Rcpt<'static>)>,
}

impl Collector {
    /// Accepts MAIL, and begins a new envelope with it.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed, and collects nothing.
    pub fn accept_mail(
        &mut self,
        server: &mut Server,
        ticket: Ticket<ticket::Mail>,
        mail: Mail<'_>,
    ) -> Result<(), StaleTicket> {
        self.clear();
        server.accept(ticket)?;
        self.begin(mail);
        Ok(())
    }

    /// Accepts RCPT, and adds its recipient.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed, and collects nothing.
    pub fn accept_recipient(
        &mut self,
        server: &mut Server,
        ticket: Ticket<ticket::Recipient>,
        index: u32,
        rcpt: Rcpt<'_>,
    ) -> Result<(), StaleTicket> {
        server.accept(ticket)?;
        self.add(index, rcpt);
        Ok(())
    }

    /// Begins a new envelope with a MAIL that was accepted by another method, such as
    /// [`accept_with`](Server::accept_with).
    pub fn begin(&mut self, mail: Mail<'_>) {
        self.clear();
        self.mail = Some(mail.into_owned());
    }

    /// Adds a recipient that was accepted by another method, such as [`accept_forwarding`](Server::accept_forwarding).
    pub fn add(&mut self, index: u32, rcpt: Rcpt<'_>) {
        let at = self.recipients.partition_point(|(earlier, _)| *earlier < index);
        self.recipients.insert(at, (index, rcpt.into_owned()));
    }

    /// Clears the envelope, after the message was accepted or the transaction was reset.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The reverse-path. Returns `None` if there is no envelope.
    #[must_use]
    pub fn reverse_path(&self) -> Option<&ReversePath<'static>> {
        self.mail.as_ref().map(Mail::reverse_path)
    }

    /// The parameters of MAIL. Returns `None` if there is no envelope.
    #[must_use]
    pub fn parameters(&self) -> Option<&MailParameters<'static>> {
        self.mail.as_ref().map(Mail::parameters)
    }

    /// The accepted recipients, in the order of the RCPT commands.
    #[must_use]
    pub fn recipients(&self) -> impl ExactSizeIterator<Item = &Rcpt<'static>> + Clone {
        self.recipients.iter().map(|(_, rcpt)| rcpt)
    }

    /// The recipients that an [`EndOfData`](super::Event::EndOfData) is about: in SMTP all of them, in LMTP the one with this
    /// index.
    pub fn recipients_of(&self, recipient: Option<u32>) -> impl Iterator<Item = &Rcpt<'static>> + Clone {
        self.recipients
            .iter()
            .filter(move |(index, _)| recipient.is_none_or(|recipient| recipient == *index))
            .map(|(_, rcpt)| rcpt)
    }
}
